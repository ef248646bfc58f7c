"""Whether the signals of a tube stayed the same while it ran.

The tube is looked at bin by bin in ranks (`rank_moments`), compared with the course that most
of it follows (`usual_course`, `evidence`), and what leaves that course at once is named as
intervals of time (`departures`; `small_tubes` where events are few). Here these steps are put
together.

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
    legendre,
    rank_keys,
)
from carflow.cleaning.small_tubes import SMALL_TUBE_EVENTS, find_stretches, small_tube_bins
from carflow.cleaning.stability import RemovedInterval, Stability
from carflow.cleaning.time_order import (
    TimeOrder,
    TimeState,
    continued,
    in_time_order,
    order_of_times,
)
from carflow.cleaning.usual_course import usual_course
from carflow.fcs.block import Block

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carflow.cleaning.evidence import Evidence
    from carflow.fcs.block import Stored

    Times = NDArray[np.float64]

FEWEST_EVENTS = 1_500
# bins of a tube of 200,000 events are sure to 0.06 of a feature; more events would not be told
# apart any better, since no departure below 0.2 is looked for
FOLLOWED_EVENTS = 200_000
_FEWEST_BINS = 20
_BLAMED = 0.5  # of the departure of the worst channel
_TRACED_CHANNELS = 3
_MOST_POINTS = 200
_FEWEST_PARTS, _MOST_PARTS, _EVENTS_IN_PART = 3, 10, 1_000
_BY_CHANCE = 4.0  # standard errors between the extremes of a few parts of several channels
_RANK_SD = 100.0 / np.sqrt(12.0)
_PERCENT = 50.0 / np.sqrt(3.0)  # of rank, for one unit of the first polynomial


class TimeRecord:
    """What is kept of a tube to judge it along time, filled chunk by chunk.

    Two bytes for a value and eight for a time. Of tubes with 400,000 events and more, the values
    of every second, third, ... event are kept, so that a million events of 15 channels take
    14 MB and as long to judge as 200,000 do; their times are all kept.

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

    __slots__ = ("_filled", "channels", "in_seconds", "keys", "n_events", "step", "times")

    def __init__(
        self, n_events: int, channels: Sequence[str], *, has_time: bool, in_seconds: bool
    ) -> None:
        self.channels = tuple(channels)
        self.in_seconds = in_seconds
        self.n_events = n_events
        self.step = max(1, n_events // FOLLOWED_EVENTS)
        kept = -(-n_events // self.step)
        self.keys: Keys = np.zeros((len(self.channels), kept), dtype=np.uint16)
        self.times = np.zeros(n_events) if has_time else None
        self._filled = 0

    def add(self, columns: Stored, times: Times | None = None) -> None:
        """Take the next events: (k, m) values in the order of `channels`, and (m,) times."""
        places = {channel: place for place, channel in enumerate(self.channels)}
        self._take(Block(columns, places), times)

    def add_block(self, block: Block, clock: str | None) -> None:
        """Take the next events; `clock` is the channel of their times."""
        self._take(block, None if clock is None else block.column(clock))

    def _take(self, block: Block, times: Stored | None) -> None:
        stop = self._filled + block.n_events
        kept = slice(-(-self._filled // self.step), -(-stop // self.step))
        followed = slice(-self._filled % self.step, None, self.step)
        for row, channel in enumerate(self.channels):
            self.keys[row, kept] = rank_keys(block.column(channel)[followed])
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Every:
    """All events of a tube in the order of time, of which every `step`-th one is followed."""

    n_events: int
    step: int
    times: Times | None

    def first(self, followed: int, times: Times | None) -> int:
        """Return the first of all events that a followed one, which begins a tick, stands for."""
        if times is None or self.times is None or self.step == 1:
            return followed * self.step
        return int(np.searchsorted(self.times, times[followed], side="left"))

    def stop(self, followed: int, times: Times | None) -> int:
        """Return the event after the last that a half-open range of followed ones stands for."""
        return (
            self.first(followed, times) if followed * self.step < self.n_events else self.n_events
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Course:
    """A tube in the order of time: keys of its events, features of its bins."""

    channels: tuple[str, ...]
    keys: tuple[Keys, ...]
    ranks: tuple[Ranks, ...]
    times: Times | None
    every: _Every
    starts: NDArray[np.intp]
    features: Features

    @property
    def n_events(self) -> int:
        """The events that are followed."""
        return len(self.keys[0])

    def ticks_of(self, start: int, stop: int) -> Ticks:
        """Return the ticks of a range of events; without times each event is one."""
        firsts = np.arange(start, stop)
        if self.times is not None:
            changes = np.flatnonzero(np.diff(self.times[start:stop]) > 0.0) + 1
            firsts = start + np.concatenate([[0], changes])
        return Ticks(
            firsts=firsts,
            counts=np.diff(np.append(firsts, stop)),
            sums=np.add.reduceat(self.events(start, stop), firsts - start, axis=1),
        )

    def events(self, start: int, stop: int) -> Features:
        """Return the features of a range of events, (m, stop - start)."""
        pairs = zip(self.keys, self.ranks, strict=True)
        return np.concatenate([legendre(ranks.of(keys[start:stop])) for keys, ranks in pairs])

    def locations(self) -> Features:
        """Return the mean rank of every channel in every bin, in percent."""
        percent: Features = 50.0 + _PERCENT * self.features[::POLYNOMIALS]
        return percent


def _course(record: TimeRecord, time: TimeOrder) -> _Course | None:
    """Return the tube in the order of time, without channels that cannot be followed."""
    order, times, all_times = None, None, None
    if record.times is not None and time.state not in {TimeState.ABSENT, TimeState.COARSE}:
        times = all_times = record.times
        if time.n_backsteps:
            running = continued(record.times)
            order, times = in_time_order(running[:: record.step])
            all_times = in_time_order(running)[1]
        elif record.step > 1:
            times = record.times[:: record.step]
    starts = bin_starts(times, record.keys.shape[1])
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
        every=_Every(n_events=record.n_events, step=record.step, times=all_times),
        starts=starts,
        features=np.concatenate(features),
    )


def _judged(course: _Course, time: TimeOrder, *, in_seconds: bool) -> Stability:
    noise = noise_of(course.features, course.n_events // len(course.starts))
    usual = usual_course(course.features, noise)
    evidence = weigh(course.features, usual, course.starts, course.n_events)
    small = course.every.n_events < SMALL_TUBE_EVENTS
    ranges = _stretches(course) if small else find_departures(evidence, course.ticks_of)
    removed = tuple(_interval(course, evidence, first, stop) for first, stop in ranges)
    bad = _bins_inside(course, ranges)
    trace_s, traces = _traces(course)
    rate = None
    if in_seconds and course.every.times is not None:
        firsts = [course.every.first(start, course.times) for start in course.starts.tolist()]
        rate = flow_rate(course.every.times, np.array(firsts))
    return Stability(
        n_events=course.every.n_events,
        time=time,
        channels=course.channels,
        removed=removed,
        suspect_pct=100.0 * float(np.mean(~evidence.calm & ~bad)),
        drift_points=_drift(course, bad),
        rate=rate,
        trace_s=trace_s,
        traces=traces,
    )


def _stretches(course: _Course) -> list[tuple[int, int]]:
    """Return the disturbed events of a small tube."""
    n_events = course.n_events
    begins = np.ones(n_events, dtype=np.bool_)
    if course.times is not None:
        begins[1:] = np.diff(course.times) > 0.0
    starts = bin_starts(course.times, n_events, size=small_tube_bins(n_events))
    return find_stretches(course.events(0, n_events), starts, ticks=begins)


def _interval(course: _Course, evidence: Evidence, first: int, stop: int) -> RemovedInterval:
    begin = int(np.searchsorted(course.starts, first, side="right")) - 1
    end = int(np.searchsorted(course.starts, stop, side="left"))
    size = np.abs(evidence.away[:, begin:end].mean(axis=1)).reshape(-1, POLYNOMIALS).max(axis=1)
    worst = np.argsort(-size, kind="stable")
    times = course.every.times
    first_event = course.every.first(first, course.times)
    stop_event = course.every.stop(stop, course.times)
    return RemovedInterval(
        first_event=first_event,
        stop_event=stop_event,
        first_s=None if times is None else float(times[first_event]),
        last_s=None if times is None else float(times[stop_event - 1]),
        channels=tuple(course.channels[c] for c in worst if size[c] >= _BLAMED * size.max()),
    )


def _bins_inside(course: _Course, removed: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Return the bins that touch a removed interval, given in events that are followed."""
    inside = np.zeros(len(course.starts), dtype=np.bool_)
    for first, stop in removed:
        begin = int(np.searchsorted(course.starts, first, side="right")) - 1
        inside[begin : int(np.searchsorted(course.starts, stop, side="left"))] = True
    return inside


def _drift(course: _Course, bad: NDArray[np.bool_]) -> Mapping[str, float]:
    """Return how far the mean rank of each channel moved over parts of the tube [points].

    What chance moves in so few events is taken off. Nothing where fewer than two parts are left.
    """
    locations = course.locations()
    n_parts = max(_FEWEST_PARTS, min(_MOST_PARTS, course.n_events // _EVENTS_IN_PART))
    parts = np.array_split(np.arange(len(course.starts)), n_parts)
    kept = [part[~bad[part]] for part in parts]
    enough = [part for part, whole in zip(kept, parts, strict=True) if 2 * len(part) >= len(whole)]
    if len(enough) < 2:
        return {}
    moved = np.ptp([locations[:, part].mean(axis=1) for part in enough], axis=0)
    by_chance = _BY_CHANCE * _RANK_SD / np.sqrt(course.n_events / n_parts)
    moved = np.sqrt(np.maximum(moved**2 - by_chance**2, 0.0))
    return dict(zip(course.channels, np.round(moved, 2).tolist(), strict=True))


def _traces(course: _Course) -> tuple[tuple[float, ...], Mapping[str, tuple[float, ...]]]:
    """Return times and the mean ranks of the channels that moved most."""
    step = -(-len(course.starts) // _MOST_POINTS)
    firsts = np.arange(0, len(course.starts), step)
    widths = np.diff(np.append(firsts, len(course.starts)))
    means = np.add.reduceat(course.locations(), firsts, axis=1) / widths
    at = course.starts[firsts]
    places = at * float(course.every.step) if course.times is None else course.times[at]
    chosen = np.argsort(-np.ptp(means, axis=1), kind="stable")[:_TRACED_CHANNELS]
    traces = {course.channels[c]: tuple(np.round(means[c], 2).tolist()) for c in chosen}
    return tuple(np.round(places, 3).tolist()), traces
