"""The events of a block that surely are in each population, told by compiled code.

Nothing near a bound is decided: those events are handed back as doubtful, and are gated by
`carflow.gating.rows`, which alone says what is right.

Decisions
---------
* There are two ways to the same answer, because one is exact and everywhere, the other many times
  as fast. This one has no rule of its own, and where it does not know a test (ratios, ellipsoids,
  polygons without cells) or a column (integers, a clock that began again), there is no `Surely`.
* numpy's steps over whole blocks spend their time on memory that leaves the cache and on picking
  events out of columns; one pass over tiles of 1,024 events does neither.
* Compiled code reads the file where it can, because what was read lies in a cache that holds a
  few tiles, and Python's calls between them would take as long as gating. It says how much it
  could read; whoever reads the rest finds out what is wrong with it.
* It does not hold the interpreter's lock, so that threads gate side by side, each with a
  `Worker` of its own.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carflow.compiled.loading import address, library
from carflow.gating.regions import Region, rounded_up
from carflow.gating.surely_tables import NONE, Tables, UnknownTestError

if TYPE_CHECKING:
    from collections.abc import Collection

    from carflow.fcs.block import Block
    from carflow.fcs.data_segment import DataSegment
    from carflow.gating.plan import Plan
    from carflow.gating.sources import Source

FIRST_EVENTS = 4_096  # tell how wide cells must be
_WIDER = 4.0  # than they ask for
_MANY_DOUBTS = 8  # one in so many events; then the cells may be too narrow
_TILE = 1024  # events, as in tile.h
_READ_BYTES = 1 << 17  # of records that are read at once, and stay in the cache

_FOUND = np.dtype(
    [(name, "u8") for name in ("counts", "bits", "stride", "doubtful", "left", "spans")]
    + [("n_doubtful", "i8")]
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Decided:
    """What is sure of some neighbouring events; the memory is used again for the next ones.

    Parameters
    ----------
    n_events : int
        How many there are (m).
    doubtful : (d,) array
        Numbers of those that are in no count and no bits, whatever is true of them.
    records : (d, c) array
        Their records.
    bits : mapping of int to (ceil(m / 8),) array of uint8
        The members of each population that was asked for, the first event in the highest bit.
    """

    n_events: int
    doubtful: NDArray[np.uint32]
    records: NDArray[np.float32]
    bits: dict[int, NDArray[np.uint8]]

    @property
    def has_many_doubts(self) -> bool:
        """Whether so many events are in doubt that wider cells may be worth making."""
        return len(self.doubtful) * _MANY_DOUBTS > self.n_events


class Surely:
    """A plan for the compiled part, and what it has found so far.

    Threads may ask for workers at the same time, and one may widen the cells while others gate:
    whoever calls compiled code holds the tables it goes by.

    Parameters
    ----------
    steps : Plan
        The plan.
    block : Block
        The first events of the tube; other blocks hold the same columns.
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
        "_block",
        "_slacks",
        "_steps",
        "_time_node",
        "_worker_bytes",
        "_workers",
        "compiled",
        "packed",
        "tables",
        "wanted",
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
        self.compiled = compiled
        self._steps, self._block = steps, block
        self.wanted = {number: row for row, number in enumerate(sorted(wanted))}
        self.packed = packed
        self._time_node = NONE if time_node is None else time_node
        self._slacks = self._needed(block.of_records(block.records[:FIRST_EVENTS]))
        self.tables = self._written()
        self._worker_bytes = compiled.surely_bytes(address(self.tables.program))
        self._workers: list[Worker] = []

    def worker(self) -> Worker:
        """Return what one thread needs to gate; what it finds is found here, too."""
        worker = Worker(self, len(self._steps.nodes), self._block.n_columns, self._worker_bytes)
        self._workers.append(worker)
        return worker

    @property
    def counts(self) -> NDArray[np.int64]:
        """Members of each population so far, (k,), without the doubtful events."""
        total = np.zeros(len(self._steps.nodes), dtype=np.int64)
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

    def is_alike(self, block: Block) -> bool:
        """Tell whether a block holds the columns of the first one."""
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

    def widen(self, block: Block) -> None:
        """Make the cells wide enough for a block, if they were not."""
        needed = self._needed(block)
        if any(slack > self._slacks[source] for source, slack in needed.items()):
            self._slacks = {one: max(slack, self._slacks[one]) for one, slack in needed.items()}
            self.tables = self._written()

    def _written(self) -> Tables:
        return Tables(
            self._steps, self._block, self._slacks, self.wanted, time_node=self._time_node
        )


class Worker:
    """What one thread has counted, and the memory it works in; made by `Surely.worker`."""

    __slots__ = ("_bits", "_buffer", "_doubtful", "_left", "_memory", "_surely", "counts", "spans")

    def __init__(self, surely: Surely, n_nodes: int, n_columns: int, size: int) -> None:
        self._surely = surely
        self.counts = np.zeros(n_nodes, dtype=np.int64)
        self.spans = np.tile(np.array([np.inf, -np.inf], dtype=np.float32), (2, 1))
        self._memory = np.empty(size, dtype=np.uint8)
        tiles = max(1, _READ_BYTES // (4 * n_columns * _TILE))
        self._buffer = np.empty((tiles * _TILE, n_columns), dtype=np.float32)
        self._make_room(0)

    def decided(self, block: Block, start: int = 0) -> Decided:
        """Gate a block, as far as it is sure.

        Parameters
        ----------
        start : int
            Which event of the file it begins with, a multiple of eight.
        """
        records = block.records
        if records is None or not self._surely.is_alike(block):
            raise ValueError("the blocks of one tube hold the same columns")
        tables, found, bits = self._begun(start, len(records))
        self._surely.compiled.surely(
            address(tables.program),
            address(records),
            ctypes.c_int64(len(records)),
            address(self._memory),
            address(found),
        )
        return self._ended(found, bits, len(records))

    def read(self, file: int, segment: DataSegment, start: int, count: int) -> Decided:
        """Read events and gate them, as far as they can be read, and it is sure.

        Parameters
        ----------
        file : int
            The descriptor of an open file.
        segment : DataSegment
            Where its events stand, which are like those of the first block.
        start : int
            The first event that is wanted, a multiple of eight.
        count : int
            How many are wanted. Fewer are decided where fewer could be read, a multiple of eight.
        """
        tables, found, bits = self._begun(start, count)
        n_read = self._surely.compiled.surely_read(
            address(tables.program),
            ctypes.c_int32(file),
            ctypes.c_int64(segment.offset(start)),
            ctypes.c_int32(segment.is_turned),
            ctypes.c_int64(count),
            address(self._buffer),
            ctypes.c_int64(len(self._buffer)),
            address(self._memory),
            address(found),
        )
        return self._ended(found, bits, n_read)

    def _make_room(self, events: int) -> None:
        """Take memory for what is found of so many events."""
        self._doubtful = np.empty(events, dtype=np.uint32)
        self._left = np.empty((events, self._buffer.shape[1]), dtype=np.float32)
        if self._surely.packed is None:
            length = (events + 7) // 8
            self._bits = np.empty((len(self._surely.wanted), length), dtype=np.uint8)

    def _begun(self, start: int, events: int) -> tuple[Tables, NDArray[np.void], NDArray[np.uint8]]:
        """Return the tables to go by, and where what is found goes."""
        if events > len(self._doubtful):
            self._make_room(events)
        length, packed = (events + 7) // 8, self._surely.packed
        if packed is None:
            bits = self._bits[:, :length]
        else:
            bits = packed[:, start // 8 : start // 8 + length]
        places = (self.counts, bits, self._doubtful, self._left, self.spans)
        counts, first, doubtful, left, spans = (place.ctypes.data for place in places)
        found = np.array((counts, first, bits.strides[0], doubtful, left, spans, 0), dtype=_FOUND)
        return self._surely.tables, found, bits

    def _ended(self, found: NDArray[np.void], bits: NDArray[np.uint8], n_events: int) -> Decided:
        n_doubtful, length = int(found["n_doubtful"]), (n_events + 7) // 8
        return Decided(
            n_events=n_events,
            doubtful=self._doubtful[:n_doubtful],
            records=self._left[:n_doubtful],
            bits={number: bits[row, :length] for number, row in self._surely.wanted.items()},
        )
