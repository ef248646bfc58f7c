"""A tube without the stretches of time that a laboratory has removed; the file stays as it is.

Only where a gate file says ``[cleaning] time = "remove"``. What is removed are whole intervals
of time, cells and beads alike, so that a count by beads keeps its ratio; drift and an unsteady
rate are never a reason to remove anything.

Decision on the volume: a count by $VOL needs the volume of what remains. It is scaled by the
time that remains if the flow ran as usual through what was removed. If it did not (a clogged
line, a surge), nobody knows how much volume passed there, and there is no such count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carflow.cleaning.stability import unstable_events
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.block import Block

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carflow.cleaning.stability import Stability
    from carflow.fcs.panel import Panel
    from carflow.fcs.spillover import Spillover


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeptEvents:
    """An `Acquisition` seen without some of its events; gate it instead of the tube itself.

    `removed` is one truth value for each event of the file.
    """

    acquisition: Acquisition
    removed: NDArray[np.bool_]

    @property
    def n_events(self) -> int:
        """The events that are kept."""
        return len(self.removed) - int(np.count_nonzero(self.removed))

    @property
    def panel(self) -> Panel:
        """Its channels and markers."""
        return self.acquisition.panel

    @property
    def channels(self) -> tuple[str, ...]:
        """Its channels."""
        return self.acquisition.channels

    @property
    def ranges(self) -> tuple[float, ...]:
        """The upper end of each channel."""
        return self.acquisition.ranges

    @property
    def spillover(self) -> Spillover | None:
        """The file's own matrix."""
        return self.acquisition.spillover

    @property
    def time_channel(self) -> str | None:
        """The channel that holds time."""
        return self.acquisition.time_channel

    @property
    def timestep_s(self) -> float | None:
        """Seconds in one tick of time."""
        return self.acquisition.timestep_s

    def blocks(self, names: Sequence[str], *, events: int) -> Iterator[Block]:
        """Yield the kept events of the acquisition's blocks; one may hold fewer than asked."""
        start = 0
        places = {name: place for place, name in enumerate(names)}
        for block in self.acquisition.blocks(names, events=events):
            kept = ~self.removed[start : start + block.n_events]
            start += block.n_events
            if kept.any():
                yield Block(np.array([block.column(name)[kept] for name in names]), places)


def without_disturbed(tube: Acquisition, stability: Stability) -> KeptEvents:
    """Return a tube without the intervals that its course says are not to be believed.

    The times are read again only where they are needed, in a tube whose clock runs back.
    """
    times = None
    if stability.removed and stability.time.n_backsteps and tube.time_channel is not None:
        times = tube.column(tube.time_channel)
    return KeptEvents(acquisition=tube, removed=unstable_events(stability, times))


def kept_time_fraction(
    stability: Stability, gate_span_s: tuple[float, float] | None = None
) -> float | None:
    """Return the share of the acquired time that a time gate and the removal left.

    Parameters
    ----------
    stability : Stability
        The course of the whole tube.
    gate_span_s : (first, last), optional
        Times of the first and the last event in the time gate; without one, of all events.

    Returns
    -------
    float or None
        None where the time, and with it the volume, of what was removed is not known: without
        seconds, or where events came at an unusual rate while the signals were disturbed.
    """
    rate, removed = stability.rate, stability.removed
    if rate is None or stability.time.span <= 0.0 or any(one.first_s is None for one in removed):
        return None
    begin = stability.time.begin
    spans = [(one.first_s or 0.0, one.last_s or 0.0) for one in removed]
    for low, high in rate.unusual_s:
        if any(first < begin + high and begin + low < last for first, last in spans):
            return None
    low, high = gate_span_s or (begin, begin + stability.time.span)
    lost = sum(max(0.0, min(last, high) - max(first, low)) for first, last in spans)
    return max(0.0, (high - low - lost) / stability.time.span)
