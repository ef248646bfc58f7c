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

    def values(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Return the values, (len(names), n), of some markers or channels that were read."""
        rows = [self.channels.index(self.panel.channels[self.panel.index(one)]) for one in names]
        return self.columns[rows]

    def chunks(self, names: Sequence[str], *, events: int) -> Iterator[NDArray[np.float64]]:
        """Yield the values in chunks, as a tube does."""
        values = self.values(names)
        for start in range(0, self.n_events, events):
            yield np.ascontiguousarray(values[:, start : start + events])


class Draw:
    """Draws events from chunks as they pass, the same ones for any size of chunk.

    Examples
    --------
    >>> draw = Draw(100_000)
    >>> for start in range(0, 100_000, 30_000):
    ...     numbers = np.arange(start, min(start + 30_000, 100_000), dtype=np.float64)
    ...     draw.add(numbers[np.newaxis])
    >>> draw.columns()[0, -3:].tolist()
    [99994.0, 99996.0, 99998.0]
    """

    __slots__ = ("_passed", "_pieces", "_step")

    def __init__(self, n_events: int) -> None:
        self._step = max(1, n_events // DRAWN_EVENTS)
        self._passed = 0
        self._pieces: list[NDArray[np.float64]] = []

    def add(self, columns: NDArray[np.float64]) -> None:
        """Take what falls on a chunk, (k, m)."""
        self._pieces.append(columns[:, -self._passed % self._step :: self._step].copy())
        self._passed += columns.shape[1]

    def columns(self) -> NDArray[np.float64]:
        """Return what was drawn, (k, n); without a chunk, (0, 0)."""
        return np.concatenate(self._pieces, axis=1) if self._pieces else np.empty((0, 0))
