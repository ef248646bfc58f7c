"""What is said of a tube's course through time: a small value, and a mask where it is asked for.

Drift and rate are told and are never a reason to leave events out. Nothing is computed from
events here (`carflow.cleaning.time_record` does), nothing is judged (`carflow.qc` does), and
the file is never rewritten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from carflow.cleaning.flow_rate import FlowRate
from carflow.cleaning.time_order import TimeOrder, TimeState, continued

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_LEFT_OUT_PCT = 50.0
"""More of a tube is never left out: of its two parts nobody can tell which one is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedInterval:
    """A stretch of a tube that is not to be believed.

    Parameters
    ----------
    first_event, stop_event : int
        Half-open range of events in the order of time, which is that of the file unless Time
        is shuffled.
    first_s, last_s : float or None
        Times of its first and its last event as `Acquisition` gives them (continued over
        restarts of the clock) [s, or ticks where no $TIMESTEP is known]. No event outside has
        a time in between. None where Time cannot be used.
    channels : tuple of str
        The channels that show it, the worst first.
    """

    first_event: int
    stop_event: int
    first_s: float | None
    last_s: float | None
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """The course of one tube through time.

    Parameters
    ----------
    n_events : int
        All events of the tube.
    time : TimeOrder
        How Time runs.
    channels : tuple of str
        Channels that were judged; empty where the tube could not be judged.
    not_judged : str
        Why it could not be judged, as a sentence; "" if it was.
    removed : tuple of RemovedInterval
        In the order of time.
    suspect_pct : float
        Bins that depart too little, too slowly or too rarely to be left out [% of bins].
    drift_points : Mapping of str to float
        How far the mean rank of a channel moved between the extremes of its usual course
        [percentage points: 10 means from the 45th to the 55th percentile]. Drift is told and
        not removed.
    rate : FlowRate or None
        Events per second; None where seconds are not known.
    trace_s : tuple of float
        At most 200 times (or event numbers without Time) at which `traces` are given.
    traces : Mapping of str to tuple of float
        Mean rank [percent, 50 is usual] of the three channels that moved most.
    """

    n_events: int
    time: TimeOrder
    channels: tuple[str, ...] = ()
    not_judged: str = ""
    removed: tuple[RemovedInterval, ...] = ()
    suspect_pct: float = 0.0
    drift_points: Mapping[str, float] = field(default_factory=dict)
    rate: FlowRate | None = None
    trace_s: tuple[float, ...] = ()
    traces: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def is_judged(self) -> bool:
        """Whether the signals were followed through time; if not, nothing is known of them."""
        return not self.not_judged

    @property
    def n_removed(self) -> int:
        """Events in the removed intervals."""
        return sum(one.stop_event - one.first_event for one in self.removed)

    @property
    def removed_pct(self) -> float | None:
        """Share of events in the removed intervals [%], None if the tube was not judged."""
        return 100.0 * self.n_removed / self.n_events if self.is_judged else None

    @property
    def may_be_left_out(self) -> bool:
        """Whether there are removed intervals, and few enough for the rest to be the tube."""
        return 0.0 < (self.removed_pct or 0.0) <= MOST_LEFT_OUT_PCT

    @property
    def blamed_channels(self) -> tuple[str, ...]:
        """Channels that show any of the removed intervals, in the order of the file."""
        blamed = {channel for one in self.removed for channel in one.channels}
        return tuple(channel for channel in self.channels if channel in blamed)


def unstable_events(
    stability: Stability, times: NDArray[np.float64] | None = None
) -> NDArray[np.bool_]:
    """Tell for every event, in the order of the file, whether it lies in a removed interval.

    Parameters
    ----------
    stability : Stability
        Of this tube.
    times : (n,) array, optional
        The tube's Time column; needed only where Time is not in the order of the file.

    Raises
    ------
    ValueError
        If times are needed and missing, or are not those of the tube.

    Examples
    --------
    >>> interval = RemovedInterval(
    ...     first_event=1, stop_event=3, first_s=2.0, last_s=3.0, channels=("FITC-A",)
    ... )
    >>> ordered = TimeOrder(state=TimeState.ORDERED)
    >>> unstable_events(Stability(n_events=4, time=ordered, removed=(interval,))).tolist()
    [False, True, True, False]
    """
    removed = np.zeros(stability.n_events, dtype=np.bool_)
    if not stability.time.n_backsteps or stability.time.state is TimeState.COARSE:
        for one in stability.removed:
            removed[one.first_event : one.stop_event] = True
        return removed
    if times is None or len(times) != stability.n_events:
        raise ValueError("Time runs back in this tube: its times are needed for a mask")
    running = continued(times)
    for one in stability.removed:
        if one.first_s is not None and one.last_s is not None:
            removed |= (running >= one.first_s) & (running <= one.last_s)
    return removed
