"""The events of a block that surely are in each population, told by compiled code.

Nothing near a bound is decided: those events are handed back as doubtful, and are gated by
`carflow.gating.rows`, which alone says what is right.

Decisions
---------
* There are two ways to the same answer, because one is exact and everywhere, the other twice as
  fast. This one has no rule of its own, and where it does not know a test (ratios, ellipsoids,
  polygons without cells) or a column (integers, a clock that began again), there is no `Surely`.
* numpy's steps over whole blocks spend their time on memory that leaves the cache and on picking
  events out of columns; one pass over tiles of 1,024 events does neither.
* A block is halved between two threads, where there are two processors: the compiled code does
  not hold the interpreter's lock, and more threads than two wait for each other's blocks. Who
  gates from a thread of their own has work for the other processors, and gets no second one.
"""

from __future__ import annotations

import ctypes
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carflow.compiled.loading import address, library
from carflow.fcs.decode import processors
from carflow.gating.regions import Region, rounded_up
from carflow.gating.surely_tables import NONE, Tables, UnknownTestError

if TYPE_CHECKING:
    from collections.abc import Collection

    from carflow.fcs.block import Block
    from carflow.gating.plan import Plan
    from carflow.gating.sources import Source

_TILE = 1024  # events, as in surely.c; for halves of a block any multiple of eight would do
_WORTH_A_THREAD = 16 * _TILE  # events; fewer are gated before a second thread has begun
_MANY_DOUBTS = 8  # one in so many events; then the cells may be too narrow
_FIRST = 4_096  # events that tell how wide cells must be
_WIDER = 4.0  # than they ask for

_FOUND = np.dtype(
    [("counts", "u8"), ("bits", "u8"), ("stride", "i8"), ("doubtful", "u8"), ("spans", "u8")]
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Decided:
    """What is sure of one block of m events; the memory is used again for the next block.

    Parameters
    ----------
    doubtful : (d,) array
        Numbers of the events that are in no count and no bits, whatever is true of them.
    bits : mapping of int to (ceil(m / 8),) array of uint8
        The members of each population that was asked for, the first event in the highest bit.
    """

    doubtful: NDArray[np.uint32]
    bits: dict[int, NDArray[np.uint8]]


class Surely:
    """A plan for the compiled part, and what it has found so far.

    Parameters
    ----------
    steps : Plan
        The plan.
    block : Block
        The first block of the tube; others hold the same columns.
    wanted : collection of int
        The populations whose members are asked for, by their number.
    packed : (k, ceil(n / 8)) array of uint8, optional
        Where the bits of all n events of these k populations are gathered.
    time_node : int, optional
        The population whose span of time is asked for.

    Raises
    ------
    UnknownTestError
        If there is no compiled part, or it does not know a test or a column.
    """

    __slots__ = (
        "_bits",
        "_block",
        "_decide",
        "_doubtful",
        "_packed",
        "_pool",
        "_slacks",
        "_steps",
        "_tables",
        "_time_node",
        "_wanted",
        "_workers",
    )

    def __init__(
        self,
        steps: Plan,
        block: Block,
        wanted: Collection[int],
        *,
        packed: NDArray[np.uint8] | None = None,
        time_node: int | None = None,
    ) -> None:
        compiled = library()
        if compiled is None or block.records is None:
            raise UnknownTestError
        self._decide = compiled.surely
        self._steps, self._block = steps, block
        self._wanted = {number: row for row, number in enumerate(sorted(wanted))}
        self._time_node = NONE if time_node is None else time_node
        self._doubtful = np.empty(0, dtype=np.uint32)
        self._packed = packed
        self._bits = np.empty((0, 0), dtype=np.uint8)  # of one block
        self._slacks = self._needed(block.of_records(block.records[:_FIRST]))
        self._tables = self._written()
        size = compiled.surely_bytes(address(self._tables.program))
        two = len(block.records) >= 2 * _WORTH_A_THREAD and _has_processors_left()
        self._workers = [_Worker(len(steps.nodes), size) for _ in range(2 if two else 1)]
        self._pool = ThreadPoolExecutor(1) if two else None

    @property
    def counts(self) -> NDArray[np.int64]:
        """Members of each population so far, (k,), without the doubtful events."""
        total = np.zeros_like(self._workers[0].counts)
        for worker in self._workers:
            total += worker.counts
        return total

    @property
    def spans(self) -> NDArray[np.float32]:
        """Lowest and highest time as stored, (2, 2).

        Of all events, and of the members of the time node that are in no doubt. Infinite, and
        upside down, where there is none.
        """
        lows, highs = zip(*(worker.spans.T for worker in self._workers), strict=True)
        return np.array([np.min(lows, axis=0), np.max(highs, axis=0)], dtype=np.float32).T

    def close(self) -> None:
        """End the second thread."""
        if self._pool is not None:
            self._pool.shutdown()

    def decided(self, block: Block, start: int = 0) -> Decided:
        """Gate a block, as far as it is sure.

        Parameters
        ----------
        start : int
            Which event of the file it begins with, a multiple of eight.
        """
        records = block.records
        if records is None or not self._is_alike(block):
            raise ValueError("the blocks of one tube hold the same columns")
        length = (len(records) + 7) // 8
        if len(records) > len(self._doubtful):
            self._doubtful = np.empty(len(records), dtype=np.uint32)
            if self._packed is None:
                self._bits = np.empty((len(self._wanted), length), dtype=np.uint8)
        if self._packed is not None:
            self._bits = self._packed[:, start // 8 : start // 8 + length]
        doubtful = self._both_halves(records)
        if len(doubtful) * _MANY_DOUBTS > len(records):
            self._widen(block)
        return Decided(
            doubtful=doubtful,
            bits={number: self._bits[row, :length] for number, row in self._wanted.items()},
        )

    def _both_halves(self, records: NDArray[np.float32]) -> NDArray[np.uint32]:
        """Gate the events, by two threads where it is worth it; return the doubtful ones."""
        half = len(records) // (2 * _TILE) * _TILE
        if self._pool is None or half < _WORTH_A_THREAD:
            return self._part(self._workers[0], records, 0, len(records))
        second = self._pool.submit(self._part, self._workers[1], records, half, len(records))
        first = self._part(self._workers[0], records, 0, half)
        return np.concatenate((first, second.result() + np.uint32(half)))

    def _part(
        self, worker: _Worker, records: NDArray[np.float32], begin: int, end: int
    ) -> NDArray[np.uint32]:
        doubtful = self._doubtful[begin:end]
        found = np.array(
            (
                worker.counts.ctypes.data,
                self._bits.ctypes.data + begin // 8,
                self._bits.strides[0],
                doubtful.ctypes.data,
                worker.spans.ctypes.data,
            ),
            dtype=_FOUND,
        )
        n_doubtful = self._decide(
            address(self._tables.program),
            address(records[begin:end]),
            ctypes.c_int64(end - begin),
            address(worker.memory),
            address(found),
        )
        return doubtful[:n_doubtful]

    def _is_alike(self, block: Block) -> bool:
        own = self._block
        return own.n_columns == block.n_columns and all(
            block.stored(name) == own.stored(name) for name in self._steps.channels
        )

    def _needed(self, block: Block) -> dict[Source, float]:
        """Return how far off the dyes of polygons may be, so that it holds for more events."""
        drawn = {
            source
            for node in self._steps.nodes
            if isinstance(node.test, Region)
            for source in node.sources
            if source in self._steps.dyes
        }
        if not drawn or block.records is None:
            return {}
        slacks = self._steps.dyes.slacks(block)
        return {
            source: rounded_up(_WIDER * slacks[source]) if math.isfinite(slacks[source]) else 0.0
            for source in drawn
        }

    def _widen(self, block: Block) -> None:
        """Make the cells wide enough for a block, if they were not."""
        needed = self._needed(block)
        if any(slack > self._slacks[source] for source, slack in needed.items()):
            self._slacks = {one: max(slack, self._slacks[one]) for one, slack in needed.items()}
            self._tables = self._written()

    def _written(self) -> Tables:
        return Tables(
            self._steps, self._block, self._slacks, self._wanted, time_node=self._time_node
        )


class _Worker:
    """What one thread counts, and the memory it works in."""

    __slots__ = ("counts", "memory", "spans")

    def __init__(self, n_nodes: int, size: int) -> None:
        self.counts = np.zeros(n_nodes, dtype=np.int64)
        self.spans = np.tile(np.array([np.inf, -np.inf], dtype=np.float32), (2, 1))
        self.memory = np.empty(size, dtype=np.uint8)


def _has_processors_left() -> bool:
    return processors() > 1 and threading.current_thread() is threading.main_thread()
