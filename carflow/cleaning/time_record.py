"""Whether the signals of a tube stayed the same while it ran.

The tube is looked at bin by bin in ranks (`rank_moments`), compared with the course that most
of it follows (`usual_course`, `evidence`), and what leaves that course is named as intervals of
time (`departures`). Here these steps are put together.

Why not PeacoQC, flowAI, flowCut or flowClean: methods that follow peaks or cut at change points
removed 10 to 40 % of undisturbed tubes where they were measured; ranks have a known noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carflow.cleaning.departures import Ticks, find_departures
from carflow.cleaning.evidence import Features, noise_of, weigh
from carflow.cleaning.flow_rate import flow_rate
from carflow.cleaning.rank_moments import (
    POLYNOMIALS,
    Keys,
    Ranks,
    bin_moments,
    bin_starts,
    judged_channels,
    legendre,
    rank_keys,
)
from carflow.cleaning.stability import RemovedInterval, Stability
from carflow.cleaning.time_order import TimeOrder, TimeState, in_time_order, order_of_times
from carflow.cleaning.usual_course import usual_course

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carflow.cleaning.evidence import Evidence
    from carflow.fcs.acquisition import Acquisition

    Times = NDArray[np.float64]

FEWEST_EVENTS = 1_500
_FEWEST_BINS = 20
_CHUNK_EVENTS = 32_768
_BLAMED = 0.5  # of the departure of the worst channel
_TRACED_CHANNELS = 3
_MOST_POINTS = 200
_DRIFT_PARTS = 10
_PERCENT = 50.0 / np.sqrt(3.0)  # of rank, for one unit of the first polynomial


class TimeRecord:
    """What is kept of a tube to judge it along time, filled chunk by chunk.

    Two bytes for a value and eight for a time: 38 MB for a million events of 15 channels.

    Parameters
    ----------
    n_events : int
        All events of the tube.
    channels : sequence of str
        The k channels to follow, see `judged_channels`.
    has_time : bool
        Whether there will be times.
    in_seconds : bool
        Whether they are in seconds.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> record = TimeRecord(3_000, ["FITC-A"], has_time=True, in_seconds=True)
    >>> light = rng.lognormal(7.0, 0.5, (1, 3_000))
    >>> light[0, 2_000:2_400] *= 4.0
    >>> record.add(light, np.arange(3_000) / 100.0)
    >>> [(one.first_s, one.last_s, one.channels) for one in record.stability().removed]
    [(20.0, 23.96, ('FITC-A',))]
    """

    __slots__ = ("_filled", "channels", "in_seconds", "keys", "times")

    def __init__(
        self, n_events: int, channels: Sequence[str], *, has_time: bool, in_seconds: bool
    ) -> None:
        self.channels = tuple(channels)
        self.in_seconds = in_seconds
        self.keys: Keys = np.zeros((len(self.channels), n_events), dtype=np.uint16)
        self.times = np.zeros(n_events) if has_time else None
        self._filled = 0

    @property
    def n_events(self) -> int:
        """All events of the tube."""
        return int(self.keys.shape[1])

    def add(self, columns: NDArray[np.float64], times: Times | None = None) -> None:
        """Take the next events: (k, m) values in the order of `channels`, and (m,) times."""
        stop = self._filled + columns.shape[1]
        self.keys[:, self._filled : stop] = rank_keys(columns)
        if self.times is not None and times is not None:
            self.times[self._filled : stop] = times
        self._filled = stop

    def stability(self) -> Stability:
        """Return what the tube's course says."""
        time = order_of_times(self.times, in_seconds=self.in_seconds)
        if self.n_events < FEWEST_EVENTS:
            reason = f"it holds {self.n_events:,} events, fewer than {FEWEST_EVENTS:,}"
            return Stability(n_events=self.n_events, time=time, not_judged=reason)
        course = _course(self, time)
        if course is None:
            reason = "it has too few channels whose values vary, or too few times"
            return Stability(n_events=self.n_events, time=time, not_judged=reason)
        return _judged(course, time, in_seconds=self.in_seconds)


def assess_stability(tube: Acquisition, channels: Sequence[str] | None = None) -> Stability:
    """Return the course of a tube through time; the file is read once.

    Parameters
    ----------
    tube : Acquisition
        The tube.
    channels : sequence of str, optional
        What to follow; by default the areas of scatter and fluorescence.

    Examples
    --------
    >>> import carflow as cf
    >>> stability = assess_stability(cf.read_fcs("day07.fcs"))               # doctest: +SKIP
    >>> stability.removed_pct                                                # doctest: +SKIP
    0.0
    """
    time_channel = tube.time_channel
    if channels is None:
        channels = judged_channels(tube.channels, time_channel=time_channel)
    record = TimeRecord(
        tube.n_events,
        channels,
        has_time=time_channel is not None,
        in_seconds=tube.timestep_s is not None,
    )
    names = [*channels, *([time_channel] if time_channel else [])]
    for columns in tube.chunks(names, events=_CHUNK_EVENTS):
        record.add(columns[: len(channels)], columns[-1] if time_channel else None)
    return record.stability()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Course:
    """A tube in the order of time: keys of its events, features of its bins."""

    channels: tuple[str, ...]
    keys: tuple[Keys, ...]
    ranks: tuple[Ranks, ...]
    times: Times | None
    n_events: int
    starts: NDArray[np.intp]
    features: Features

    def ticks_of(self, start: int, stop: int) -> Ticks:
        """Return the ticks of a range of events; without times each event is one."""
        firsts = np.arange(start, stop)
        if self.times is not None:
            changes = np.flatnonzero(np.diff(self.times[start:stop]) > 0.0) + 1
            firsts = start + np.concatenate([[0], changes])
        pairs = zip(self.keys, self.ranks, strict=True)
        features = [legendre(ranks.of(keys[start:stop])) for keys, ranks in pairs]
        return Ticks(
            firsts=firsts,
            counts=np.diff(np.append(firsts, stop)),
            sums=np.add.reduceat(np.concatenate(features), firsts - start, axis=1),
        )

    def locations(self) -> Features:
        """Return the mean rank of every channel in every bin, in percent."""
        percent: Features = 50.0 + _PERCENT * self.features[::POLYNOMIALS]
        return percent


def _course(record: TimeRecord, time: TimeOrder) -> _Course | None:
    """Return the tube in the order of time, without channels that cannot be followed."""
    order, times = None, None
    if record.times is not None and time.state not in {TimeState.ABSENT, TimeState.COARSE}:
        order, times = in_time_order(record.times)
    starts = bin_starts(times, record.n_events)
    if len(starts) < _FEWEST_BINS:
        return None
    followed = []
    for channel, keys in zip(record.channels, record.keys, strict=True):
        in_order = keys if order is None else keys[order]
        ranks = Ranks(in_order)
        moments = bin_moments(in_order, ranks, starts)
        # what rises from bin to bin without exception is a clock or a number of the event
        if not ranks.is_constant and not (np.diff(moments[0]) > 0.0).all():
            followed.append((channel, in_order, ranks, moments))
    if not followed:
        return None
    channels, keys_of, ranks_of, features = zip(*followed, strict=True)
    return _Course(
        channels=channels,
        keys=keys_of,
        ranks=ranks_of,
        times=times,
        n_events=record.n_events,
        starts=starts,
        features=np.concatenate(features),
    )


def _judged(course: _Course, time: TimeOrder, *, in_seconds: bool) -> Stability:
    noise = noise_of(course.features, course.n_events // len(course.starts))
    usual = usual_course(course.features, noise)
    evidence = weigh(course.features, usual, course.starts, course.n_events)
    ranges = find_departures(evidence, course.ticks_of)
    removed = tuple(_interval(course, evidence, first, stop) for first, stop in ranges)
    bad = _bins_inside(course, removed)
    trace_s, traces = _traces(course)
    rate = None
    if in_seconds and course.times is not None:
        rate = flow_rate(course.times, course.starts)
    return Stability(
        n_events=course.n_events,
        time=time,
        channels=course.channels,
        removed=removed,
        suspect_pct=100.0 * float(np.mean(~evidence.calm & ~bad)),
        drift_points=_drift(course, bad),
        rate=rate,
        trace_s=trace_s,
        traces=traces,
    )


def _interval(course: _Course, evidence: Evidence, first: int, stop: int) -> RemovedInterval:
    begin = int(np.searchsorted(course.starts, first, side="right")) - 1
    end = int(np.searchsorted(course.starts, stop, side="left"))
    size = np.abs(evidence.away[:, begin:end].mean(axis=1)).reshape(-1, POLYNOMIALS).max(axis=1)
    worst = np.argsort(-size, kind="stable")
    times = course.times
    return RemovedInterval(
        first_event=first,
        stop_event=stop,
        first_s=None if times is None else float(times[first]),
        last_s=None if times is None else float(times[stop - 1]),
        channels=tuple(course.channels[c] for c in worst if size[c] >= _BLAMED * size.max()),
    )


def _bins_inside(course: _Course, removed: tuple[RemovedInterval, ...]) -> NDArray[np.bool_]:
    """Return the bins that touch a removed interval."""
    inside = np.zeros(len(course.starts), dtype=np.bool_)
    for one in removed:
        begin = int(np.searchsorted(course.starts, one.first_event, side="right")) - 1
        inside[begin : int(np.searchsorted(course.starts, one.stop_event, side="left"))] = True
    return inside


def _drift(course: _Course, bad: NDArray[np.bool_]) -> Mapping[str, float]:
    """Return how far the mean rank of each channel moved over tenths of the tube [points]."""
    locations = course.locations()
    tenths = np.array_split(np.arange(len(course.starts)), _DRIFT_PARTS)
    kept = [part[~bad[part]] for part in tenths]
    enough = [part for part, whole in zip(kept, tenths, strict=True) if 2 * len(part) >= len(whole)]
    means = np.array([locations[:, part].mean(axis=1) for part in enough])
    moved = np.ptp(means, axis=0) if len(means) else np.zeros(len(course.channels))
    return dict(zip(course.channels, np.round(moved, 2).tolist(), strict=True))


def _traces(course: _Course) -> tuple[tuple[float, ...], Mapping[str, tuple[float, ...]]]:
    """Return times and the mean ranks of the channels that moved most."""
    step = -(-len(course.starts) // _MOST_POINTS)
    firsts = np.arange(0, len(course.starts), step)
    widths = np.diff(np.append(firsts, len(course.starts)))
    means = np.add.reduceat(course.locations(), firsts, axis=1) / widths
    at = course.starts[firsts]
    places = at.astype(np.float64) if course.times is None else course.times[at]
    chosen = np.argsort(-np.ptp(means, axis=1), kind="stable")[:_TRACED_CHANNELS]
    traces = {course.channels[c]: tuple(np.round(means[c], 2).tolist()) for c in chosen}
    return tuple(np.round(places, 3).tolist()), traces
