"""Events drawn evenly from a tube while it passes: enough to look at cells a second time.

What is left out and why: a percentage never rests on drawn events. They serve checks that need
the values of a population, which is known only after the tube has passed (light that
compensation left, brightness of a process control), without reading the file again.

The drawn events are every second, third, ... event and are themselves a tube that can be gated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carflow.fcs.block import Block
from carflow.fcs.panel import Panel
from carflow.fcs.spillover import Spillover

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


DRAWN_EVENTS = 40_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnEvents:
    """A few ten thousand events of a tube.

    Parameters
    ----------
    panel, spillover, time_channel, timestep_s
        Those of the tube.
    channels : tuple of str
        The k channels that were read.
    columns : (k, n) array
        Their values as acquired.
    """

    panel: Panel
    spillover: Spillover | None
    time_channel: str | None
    timestep_s: float | None
    channels: tuple[str, ...]
    columns: NDArray[np.float64]

    @property
    def n_events(self) -> int:
        """How many were drawn."""
        return int(self.columns.shape[1])

    def values(
        self, names: Sequence[str], numbers: NDArray[np.intp] | None = None
    ) -> NDArray[np.float64]:
        """Return the values, (len(names), n), of some markers or channels that were read.

        Of the events with these numbers, or of all.
        """
        rows = [self.channels.index(self.panel.channels[self.panel.index(one)]) for one in names]
        if numbers is None:
            return self.columns[rows]
        some: NDArray[np.float64] = self.columns[np.array(rows)[:, np.newaxis], numbers]
        return some

    def blocks(self, names: Sequence[str], *, events: int) -> Iterator[Block]:
        """Yield the values in blocks, as a tube does."""
        places = {
            name: self.channels.index(self.panel.channels[self.panel.index(name)]) for name in names
        }
        for start in range(0, self.n_events, events):
            yield Block(np.ascontiguousarray(self.columns[:, start : start + events]), places)


class Draw:
    """Draws events from blocks as they pass, the same ones for any size of block.

    Parameters
    ----------
    n_events : int
        All events of the tube.
    channels : sequence of str
        Which channels are kept.

    Examples
    --------
    >>> draw = Draw(100_000, ["FL1-A"])
    >>> for start in range(0, 100_000, 30_000):
    ...     numbers = np.arange(start, min(start + 30_000, 100_000), dtype=np.float64)
    ...     draw.add(Block(numbers[np.newaxis], {"FL1-A": 0}))
    >>> draw.columns()[0, -3:].tolist()
    [99994.0, 99996.0, 99998.0]
    """

    __slots__ = ("_channels", "_passed", "_pieces", "_step")

    def __init__(self, n_events: int, channels: Sequence[str]) -> None:
        self._channels = tuple(channels)
        self._step = max(1, n_events // DRAWN_EVENTS)
        self._passed = 0
        self._pieces: list[NDArray[np.float64]] = []

    def add(self, block: Block) -> None:
        """Take what falls on a block."""
        kept = every(self._step, self._passed)
        columns = [block.column(channel)[kept] for channel in self._channels]
        self._pieces.append(np.array(columns, dtype=np.float64))
        self._passed += block.n_events

    def columns(self) -> NDArray[np.float64]:
        """Return what was drawn, (k, n)."""
        whole = [np.empty((len(self._channels), 0)), *self._pieces]
        return np.concatenate(whole, axis=1)


def every(step: int, passed: int) -> slice:
    """Return which events of a block are every `step`-th of the tube, after `passed` others.

    Examples
    --------
    >>> list(range(10))[every(4, 6)]
    [2, 6]
    """
    return slice(-passed % step, None, step)
