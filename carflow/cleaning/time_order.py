"""Time as the order of events: does it run forwards, does it start again, does it stand still.

Nothing is repaired in the file. Whoever looks along time asks here for the events in the order
of their time, and for the times, continued where the clock of the cytometer started again.

Why sort shuffled events and not take them as they stand: programs that export a random part of
a tube leave Time right and the order wrong, and a fault is seen in the order of time only.
Because events of one tick of time are never separated, the order of events in the file cannot
change an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Times = NDArray[np.float64]

SHUFFLED_SHARE = 0.001
_MOST_RESTARTS = 50
_RESTARTED = 0.1  # a clock that falls to the first tenth of what it showed began again
_LEAST_RESTART = 0.01  # of the whole span; less is two events that changed places
_FEWEST_TICKS = 100
_GAP_S = 1.0
# among a million exponential waits the longest is 14 times their mean
_GAP_OF_MEAN = 30.0


class TimeState(StrEnum):
    """What Time is good for."""

    ORDERED = "ordered"
    RESTARTED = "restarted"
    SHUFFLED = "shuffled"
    COARSE = "coarse"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A pause between two events that chance does not explain [s from the first event]."""

    begin_s: float
    length_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOrder:
    """How Time runs through a file; it never decides whether an event counts.

    Parameters
    ----------
    n_backsteps : int
        Events whose time is earlier than that of the event before them.
    n_restarts : int
        How often the clock began again, as it does when a tube is acquired in several parts.
    begin, span : float
        The first time, and from the first to the last [s, or ticks where no $TIMESTEP is known].
    gaps : tuple of Gap
        Pauses longer than a second and than 30 mean waits; empty where seconds are not known.
    """

    state: TimeState
    n_backsteps: int = 0
    n_restarts: int = 0
    begin: float = 0.0
    span: float = 0.0
    gaps: tuple[Gap, ...] = ()


def order_of_times(times: Times | None, *, in_seconds: bool) -> TimeOrder:
    """Return how Time runs.

    Parameters
    ----------
    times : (n,) array or None
        Time of every event in the order of the file; None where there is no Time.
    in_seconds : bool
        Whether $TIMESTEP is known; gaps are only looked for then.

    Examples
    --------
    >>> order_of_times(np.array([0.0, 1.0, 2.0]), in_seconds=True).state.value
    'coarse'
    >>> late = np.concatenate([np.arange(500.0), np.arange(500.0) + 600.0]) / 100.0
    >>> order_of_times(late, in_seconds=True).gaps
    (Gap(begin_s=4.99, length_s=1.01),)
    """
    if times is None or not len(times) or not np.isfinite(times).all():
        return TimeOrder(state=TimeState.ABSENT)
    steps = np.diff(times)
    falls = np.flatnonzero(steps < 0.0) + 1
    running, restarts = times, 0
    if len(falls):
        running = continued(times)
        restarts = 0 if running is times else len(_restarts(times, falls))
        running = np.sort(running, kind="stable")
        steps = np.diff(running)
    return TimeOrder(
        state=_state(steps, n_falls=len(falls), n_restarts=restarts),
        n_backsteps=len(falls),
        n_restarts=restarts,
        begin=float(running[0]),
        span=float(running[-1] - running[0]),
        gaps=_gaps(running, steps) if in_seconds else (),
    )


def continued(times: Times) -> Times:
    """Return the times with every restart of the clock continued from the time before it.

    Shuffled times, and times without a restart, are returned as they are.

    Examples
    --------
    >>> continued(np.array([1.0, 5.0, 9.0, 0.5, 4.0])).tolist()
    [1.0, 5.0, 9.0, 9.0, 12.5]
    """
    falls = np.flatnonzero(np.diff(times) < 0.0) + 1
    if not len(falls) or _is_shuffled(len(falls), len(times)):
        return times
    begins = _restarts(times, falls)
    if not len(begins):
        return times
    shift = np.zeros_like(times)
    lowest = float(times.min())
    for begin in begins:
        shift[begin:] += times[begin - 1] - lowest
    return times + shift


def in_time_order(times: Times) -> tuple[NDArray[np.intp] | None, Times]:
    """Return the order of events along time, None where it is that of the file, and the times.

    Parameters
    ----------
    times : (n,) array
        In the order of the file, finite.

    Returns
    -------
    order : (n,) array of int, or None
        Event numbers, earliest first; events of one time stay in the order of the file.
    times : (n,) array
        Continued and sorted.
    """
    running = continued(times)
    if (np.diff(running) >= 0.0).all():
        return None, running
    order = np.argsort(running, kind="stable")
    return order, running[order]


def _is_shuffled(n_falls: int, n_events: int) -> bool:
    return n_falls > max(SHUFFLED_SHARE * n_events, _MOST_RESTARTS)


def _restarts(times: Times, falls: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the events at which the clock began again."""
    lowest = float(times.min())
    before, after = times[falls - 1] - lowest, times[falls] - lowest
    far = before - after > _LEAST_RESTART * float(np.ptp(times))
    return falls[far & (after < _RESTARTED * before)]


def _state(steps: Times, *, n_falls: int, n_restarts: int) -> TimeState:
    if np.count_nonzero(steps) + 1 < _FEWEST_TICKS:
        return TimeState.COARSE
    if _is_shuffled(n_falls, len(steps) + 1):
        return TimeState.SHUFFLED
    return TimeState.RESTARTED if n_restarts else TimeState.ORDERED


def _gaps(running: Times, waits: Times) -> tuple[Gap, ...]:
    if not len(waits) or waits.max() <= _GAP_S:
        return ()
    # a gap lengthens the mean, but not the median, which is ln 2 of it among exponential waits
    mean = float(np.median(waits)) / np.log(2.0) or float(waits.mean())
    longest = max(_GAP_S, _GAP_OF_MEAN * mean)
    found = np.flatnonzero(waits > longest)
    return tuple(
        Gap(
            begin_s=round(float(running[at] - running[0]), 6),
            length_s=round(float(waits[at]), 6),
        )
        for at in found
    )
