"""From which event to which a tube left its usual course.

Real tubes waver and drift, so two kinds are told apart. A *large* departure is a fault unless it
came slowly (`carflow.cleaning.slow_change`). A *faint* one is a fault only if it is abrupt at
both of its ends and seen in each of its bins. Otherwise it is called suspect and left in.

Whatever is found ends where the evidence of all channels together ends. The departure's own
pattern serves as a filter, and events belong to it as long as the sum of what they say for it
grows (Page's cumulative sum), first bin by bin and then tick by tick of time. So the foot of a
ramp is found by what its channels have in common, and a jump is cut where it happened.

References
----------
Page ES. Continuous inspection schemes. Biometrika 1954;41:100-115.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carflow.cleaning.evidence import LONG_TUBE_BINS, WIDEST_BINS, Features, connected, joined
from carflow.cleaning.flow_rate import runs_of
from carflow.cleaning.slow_change import came_at_once

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.cleaning.evidence import Evidence

    Scores = NDArray[np.float64]

TicksOf = Callable[[int, int], "Ticks"]
Ranges = list[tuple[int, int]]

_FAINT_EACH_BIN_SD = 2.5
_ABRUPT = 0.7  # of the departure happens between the five bins before its end and those after
_BESIDE_BINS = 5
_REACH = 0.1  # of all bins: how far an end may move
_LEAST_SD = 1.0  # what a bin has to say for a departure to be part of it
_ENDED = 8.0  # a fall of the evidence that chance does not explain [sd of a bin]
_FEWEST_CALM_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ticks:
    """Events one tick of time at a time: what cannot be told apart in time is not separated.

    Parameters
    ----------
    firsts : (t,) array of int
        The first event of every tick.
    counts : (t,) array of int
        Its number of events.
    sums : (m, t) array
        The sum of the features of its events.
    """

    firsts: NDArray[np.intp]
    counts: NDArray[np.intp]
    sums: Features


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Filter:
    """A pattern over the features; `answers` is its response in every bin, with unit variance."""

    weights: Features
    answers: Scores


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Departure:
    """Bins from `begin` to `end` (half-open), and the filters that saw either end."""

    begin: int
    end: int
    at_begin: _Filter
    at_end: _Filter


def find_departures(evidence: Evidence, ticks_of: TicksOf) -> Ranges:
    """Return the half-open ranges of events, in the order of time, that are faults.

    Parameters
    ----------
    evidence : Evidence
        What the bins say.
    ticks_of : callable
        Gives the ticks of a half-open range of events that begins and ends with a tick.
    """
    large = [_cut(evidence, run) for run in connected(evidence.strong, evidence.weak)]
    rest = evidence.faint.copy()
    for one in large:
        # beside a large departure the mean over nine bins is faint without reason
        rest[max(0, one.begin - WIDEST_BINS) : one.end + WIDEST_BINS] = False
    faint = [one for run in runs_of(rest) if _is_jump(one := _cut(evidence, run), evidence)]
    cut = [
        (_first_event(one, evidence, ticks_of), _end_event(one, evidence, ticks_of))
        for one in (*large, *faint)
        if _came_at_once(one, (*large, *faint), evidence)
    ]
    island = _BESIDE_BINS * evidence.n_events // evidence.n_bins
    return joined([(i, j) for i, j in cut if i < j], closer_than=island)


def _came_at_once(one: _Departure, every: Sequence[_Departure], evidence: Evidence) -> bool:
    """Tell whether a departure is none of a drift, by its own pattern in what was measured."""
    weights = _filter(evidence, slice(one.begin, one.end)).weights
    others = np.zeros(evidence.n_bins, dtype=np.bool_)
    for other in every:
        others[other.begin : other.end] |= other is not one
    answers = weights @ (evidence.course + evidence.away)
    return came_at_once(answers, one.begin, one.end, others)


def _cut(evidence: Evidence, run: tuple[int, int]) -> _Departure:
    """Move the ends of a run of bins to where its evidence ends."""
    begin, end = run
    at_begin = _filter(evidence, slice(begin, min(end, begin + WIDEST_BINS)))
    at_end = _filter(evidence, slice(max(begin, end - WIDEST_BINS), end))
    middle = (begin + end) // 2
    reach = max(_BESIDE_BINS, round(_REACH * evidence.n_bins))
    before = at_begin.answers[max(0, begin - reach) : middle][::-1]
    after = at_end.answers[middle + 1 : end + reach]
    return _Departure(
        begin=middle - _length(before, float(at_begin.answers[begin:end].mean())),
        end=middle + 1 + _length(after, float(at_end.answers[begin:end].mean())),
        at_begin=at_begin,
        at_end=at_end,
    )


def _length(answers: Scores, height: float) -> int:
    """Return how many bins, from inside a departure outwards, still belong to it.

    A jump ends where half of its height is passed, a ramp where nothing of it is left.
    """
    jump = _longest_rise(answers - max(_LEAST_SD, height / 2.0))
    if _fall(answers, jump) >= _ABRUPT * height:
        return jump
    return _longest_rise(answers - _LEAST_SD)


def _fall(answers: Scores, at: int) -> float:
    """Return by how much answers fall between the bins before and those from `at` on."""
    inside, outside = answers[max(0, at - _BESIDE_BINS) : at], answers[at : at + _BESIDE_BINS]
    return float(inside.mean() - outside.mean()) if len(inside) and len(outside) else 0.0


def _filter(evidence: Evidence, where: slice) -> _Filter:
    """Return the filter for the mean pattern of some bins; channels that agree add up."""
    weights = evidence.away[:, where].mean(axis=1) / evidence.noise**2
    answers = weights @ evidence.away
    spread = float(np.sqrt(np.sum((weights * evidence.noise) ** 2)))
    calm = answers[evidence.calm]
    if len(calm) >= _FEWEST_CALM_BINS:
        spread = max(spread, 1.4826 * float(np.median(np.abs(calm - np.median(calm)))))
    return _Filter(weights=weights / spread, answers=answers / spread)


def _longest_rise(scores: Scores) -> int:
    """Return how many scores, from the first on, have the largest sum.

    Once the sum has fallen far from its top, what rises again is another departure.
    """
    sums = np.concatenate([[0.0], np.cumsum(scores)])
    over = np.flatnonzero(np.maximum.accumulate(sums) - sums > _ENDED)
    return int(sums[: over[0] if len(over) else None].argmax())


def _is_jump(one: _Departure, evidence: Evidence) -> bool:
    """Tell whether a departure is seen in each of its bins and comes and goes at once."""
    if evidence.n_bins < LONG_TUBE_BINS or one.end - one.begin < WIDEST_BINS:
        return False
    backwards = one.at_begin.answers[::-1], evidence.n_bins - one.begin
    for answers, at in (backwards, (one.at_end.answers, one.end)):
        height = float(answers[at - one.end + one.begin : at].mean())
        at_an_end_of_the_tube = at == evidence.n_bins
        if height < _FAINT_EACH_BIN_SD:
            return False
        if not at_an_end_of_the_tube and _fall(answers, at) < _ABRUPT * height:
            return False
    return True


def _first_event(one: _Departure, evidence: Evidence, ticks_of: TicksOf) -> int:
    """Return the first event of a departure; it lies in its first bin or the one before."""
    if one.begin == 0:
        return 0
    level = one.at_begin.answers[one.begin + 1 : min(one.begin + 4, one.end)]
    start, stop = evidence.events_of(one.begin - 1, one.begin)
    ticks = ticks_of(start, stop)
    scores = _scores(one.at_begin, level, ticks, evidence, evidence.course[:, one.begin])
    length = _longest_rise(scores[::-1])
    return int(ticks.firsts[-length]) if length else stop


def _end_event(one: _Departure, evidence: Evidence, ticks_of: TicksOf) -> int:
    """Return the event after a departure; it lies in its last bin or the one after."""
    if one.end == evidence.n_bins:
        return evidence.n_events
    level = one.at_end.answers[max(one.begin, one.end - 4) : one.end - 1]
    start, stop = evidence.events_of(one.end - 1, one.end)
    ticks = ticks_of(start, stop)
    scores = _scores(one.at_end, level, ticks, evidence, evidence.course[:, one.end])
    length = _longest_rise(scores)
    return int(ticks.firsts[length]) if length < len(ticks.firsts) else stop


def _scores(
    filtered: _Filter, level: Scores, ticks: Ticks, evidence: Evidence, usual: Features
) -> Scores:
    """Return how much more each tick looks like the departure than like the usual course."""
    half_way = float(level.mean()) / 2.0 if len(level) else 0.0
    threshold = float(filtered.weights @ usual) + max(_LEAST_SD, half_way)
    scores: Scores = filtered.weights @ ticks.sums - threshold * ticks.counts
    return scores * (evidence.n_bins / evidence.n_events)
