"""Areas under a curve: segment rules, values below the limit, windows cut by interpolation.

Decisions
---------
- A window is always interpolated at its edges. Cutting at the last sample inside it, as some
  tools do, loses a third of the area where the last visit came a day late.
- A curve without a sample on day 0 starts at 0 there: before the infusion there are no CAR T
  cells. Samples before day 0 say nothing beyond that.
- After the last quantified value the curve falls in a straight line to the first value below
  the limit and stays 0. Without such a value it may be extrapolated by the slope of the last
  decline, which is decided in `carflow.kinetics.nca`.
- The interval of an area takes the errors of the samples as independent; an error they share
  (one bead lot, one calibration) widens it further.

References
----------
The rules are those of Phoenix WinNonlin, as PKNCA's documentation describes them (vignette
"AUC and AUMC calculation"); tests compare with WinNonlin's own output.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, get_args

from carflow.kinetics.series import highest
from carflow.quantify.intervals import Z95, Interval, lognormal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.series import Sample, Series

Node = tuple[float, float]


class AucRule(StrEnum):
    """How the area between two samples is computed."""

    LINEAR = "linear"
    LINEAR_UP_LOG_DOWN = "linear-up log-down"  # logarithmic where the curve falls
    LINEAR_LOG = "lin-log"  # linear up to the highest value, logarithmic after it
    LOG_UP_LOG_DOWN = "log-up log-down"  # logarithmic throughout: exponential growth and decay


Fate = Literal["zero", "half", "drop"]
Origin = Literal["zero", "back-extrapolated", "none"]
"""Where a curve without a sample on day 0 starts: at 0, at the value that the first two samples
point back to (a drug given into the vein at once), or with its first sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlqRule:
    """What becomes of values below the limit: 0, half their limit, or left out.

    `first` are those before the first quantified value, `last` those after the last one,
    `middle` those between. A middle one often is a failed sample, so it is left out. With
    `around_tmax` they are told apart by the day of the highest value instead: before it
    `first`, after it `last`.
    """

    first: Fate = "zero"
    middle: Fate = "drop"
    last: Fate = "zero"
    around_tmax: bool = False

    @classmethod
    def named(cls, name: str) -> BlqRule:
        """Return a rule by its name.

        Parameters
        ----------
        name : str
            Three words for first, middle and last, such as "zero/drop/zero" (the default), or
            one for all; "keep" is another word for zero. "before-tmax" counts values before
            the highest as 0 and leaves out those after it.

        Raises
        ------
        ValueError
            For any other name.

        Examples
        --------
        >>> BlqRule.named("keep/drop/keep") == BlqRule()
        True
        >>> BlqRule.named("half").middle
        'half'
        """
        if name == "before-tmax":
            return cls(first="zero", last="drop", around_tmax=True)
        words = [word.replace("keep", "zero") for word in name.split("/")]
        words *= 3 if len(words) == 1 else 1
        if len(words) != 3 or not set(words) <= set(get_args(Fate)):
            raise ValueError(
                f'"{name}" is no rule for values below the limit: write three of zero, half and'
                ' drop such as "zero/drop/zero", or "before-tmax"'
            )
        first, middle, last = words
        return cls(first=first, middle=middle, last=last)  # type: ignore[arg-type]  # checked above


DEFAULT_BLQ_RULE = BlqRule()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A curve ready to be integrated.

    `nodes` are (day, value) in order, `last_day` the day of the last quantified value (None if
    there is none), `peak_day` that of the first highest one, `dropped_days` the days left out,
    `ends_below` whether the curve ends in values below the limit, that is, at 0. `errors` are
    the standard errors of the nodes, None where one is not known; 0 at a value below the limit.
    """

    nodes: tuple[Node, ...]
    last_day: float | None
    peak_day: float
    dropped_days: tuple[float, ...] = ()
    ends_below: bool = False
    errors: tuple[float | None, ...] = ()

    @property
    def first_below_day(self) -> float:
        """The first day after the last quantified value that counts as below; else that day."""
        if self.last_day is None:
            return self.nodes[-1][0] if self.nodes else 0.0
        last = self.last_day
        return next((day for day, _ in self.nodes if day > last), last)


def profile_of(
    series: Series, blq: BlqRule = DEFAULT_BLQ_RULE, *, origin: Origin = "zero"
) -> Profile:
    """Return a series as a profile from the infusion on.

    Parameters
    ----------
    series : Series
        Measured samples; those before day 0 are left out.
    blq : BlqRule
        What becomes of values below the limit.
    origin : Origin
        Where a series without a sample on day 0 starts.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> profile_of(read_series([1, 4, 7, 9, 11], [2, 0, 3, 0, 0])).nodes
    ((0.0, 0.0), (1.0, 2.0), (7.0, 3.0), (9.0, 0.0), (11.0, 0.0))
    """
    samples = [sample for sample in series.samples if sample.day >= 0]
    quantified = [sample.day for sample in samples if sample.quantified]
    span = (quantified[0], quantified[-1]) if quantified else (math.inf, math.inf)
    peak = highest(samples)
    if blq.around_tmax and peak is not None:
        span = (peak.day, peak.day)
    fates = [None if sample.quantified else _fate(sample.day, span, blq) for sample in samples]
    kept = [(one, fate) for one, fate in zip(samples, fates, strict=True) if fate != "drop"]
    nodes = [(one.day, _worth(one, fate)) for one, fate in kept]
    errors = [_error(one) for one, _ in kept]
    if origin != "none" and (not nodes or nodes[0][0] > 0):
        start = _points_back_to(nodes) if origin == "back-extrapolated" else 0.0
        nodes.insert(0, (0.0, start))
        errors.insert(0, 0.0 if start == 0 else None)
    return Profile(
        nodes=tuple(nodes),
        last_day=quantified[-1] if quantified else None,
        peak_day=peak.day if peak else 0.0,
        dropped_days=tuple(
            one.day for one, fate in zip(samples, fates, strict=True) if fate == "drop"
        ),
        ends_below=bool(kept) and kept[-1][1] == "zero",
        errors=tuple(errors),
    )


def _points_back_to(nodes: Sequence[Node]) -> float:
    """Return the value on day 0 of the exponential through the first two nodes.

    Where they do not fall there is no such line, and the first value stands for day 0.
    """
    if len(nodes) < 2 or not nodes[0][1] > nodes[1][1] > 0:
        return nodes[0][1] if nodes else 0.0
    (first_day, first), (second_day, second) = nodes[:2]
    return first * math.exp(math.log(first / second) * first_day / (second_day - first_day))


def _fate(day: float, span: Node, blq: BlqRule) -> Fate:
    first, last = span
    if day < first:
        return blq.first
    return blq.last if day > last else blq.middle


def _worth(sample: Sample, fate: Fate | None) -> float:
    if fate is None:
        return sample.value
    if fate == "zero":
        return 0.0
    if sample.limit is None:
        raise ValueError(
            f"half the limit on day {sample.day:g} needs that limit: give lloq for every value"
        )
    return sample.limit / 2


def _error(sample: Sample) -> float | None:
    """Return the standard error of a sample, from its interval on the scale it is even on."""
    if not sample.quantified:
        return 0.0
    if sample.low is None or sample.high is None:
        return None
    if sample.low <= 0:
        return (sample.high - sample.low) / (2 * Z95)
    return sample.value * math.log(sample.high / sample.low) / (2 * Z95)


def area(
    profile: Profile, start_day: float, end_day: float, rule: AucRule = AucRule.LINEAR_UP_LOG_DOWN
) -> float:
    """Return the area between two days that lie inside the profile.

    Both edges are interpolated with the rule of their segment. A segment with a 0 at either
    end, or with equal ends, is linear under every rule.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> course = read_series([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33])
    >>> for rule in (AucRule.LINEAR, AucRule.LINEAR_UP_LOG_DOWN):
    ...     print(f"{area(profile_of(course), 1, 14, rule):.2f}")
    493.74
    485.86
    """
    return math.fsum(_pieces(profile.nodes, (start_day, end_day), profile.peak_day, rule))


def area_interval(
    profile: Profile, start_day: float, end_day: float, rule: AucRule = AucRule.LINEAR_UP_LOG_DOWN
) -> Interval | None:
    """Return the 95 % interval of an area, None where a value inside has none.

    Each value's weight in the area times its standard error, added in quadrature, on the log
    scale. Under the linear rule a weight is half the distance between its neighbours.

    Examples
    --------
    >>> from carflow.kinetics.spreads import read_measured
    >>> course = profile_of(read_measured([0, 1, 2], [1.0, 1.0, 1.0], cv=0.1))
    >>> low, high = area_interval(course, 0, 2, AucRule.LINEAR)
    >>> print(f"{low:.4f} {high:.4f}")  # weights 0.5, 1, 0.5: CV 0.0612
    1.7738 2.2550
    """
    if not any(profile.errors):
        return None
    whole = area(profile, start_day, end_day, rule)
    if whole <= 0:
        return None
    variance = 0.0
    for at, (node, error) in enumerate(zip(profile.nodes, profile.errors, strict=True)):
        weight = _weight(profile, at, (start_day, end_day), rule)
        if weight and error is None and node[1] > 0:
            return None
        variance += (weight * (error or 0.0)) ** 2
    return lognormal(whole, variance / whole**2) if variance > 0 else None


def _weight(profile: Profile, at: int, window: tuple[float, float], rule: AucRule) -> float:
    """Return how much of the area one more unit of a value would add."""
    day, value = profile.nodes[at]
    if value <= 0:
        return 0.0
    step = 1e-4 * value
    areas = []
    for moved in (value + step, value - step):
        nodes = (*profile.nodes[:at], (day, moved), *profile.nodes[at + 1 :])
        # only the segments at both sides of the value change
        near = nodes[max(0, at - 1) : at + 2]
        areas.append(area(replace(profile, nodes=near, errors=()), *window, rule))
    return (areas[0] - areas[1]) / (2 * step)


def _pieces(
    nodes: Sequence[Node], window: tuple[float, float], peak_day: float, rule: AucRule
) -> list[float]:
    pieces = []
    for first, second in pairwise(nodes):
        start, end = max(first[0], window[0]), min(second[0], window[1])
        if start >= end:
            continue
        logarithmic = is_logarithmic(rule, first, second, peak_day)
        if start == first[0] and end == second[0]:
            pieces.append(segment_area(first, second, logarithmic=logarithmic))
            continue
        low = interpolated(start, first, second, logarithmic=logarithmic)
        high = interpolated(end, first, second, logarithmic=logarithmic)
        pieces.append(segment_area((start, low), (end, high), logarithmic=logarithmic))
    return pieces


def is_logarithmic(rule: AucRule, first: Node, second: Node, peak_day: float) -> bool:
    """Return whether the segment between two samples is logarithmic under a rule."""
    if min(first[1], second[1]) <= 0 or first[1] == second[1]:
        return False
    if rule is AucRule.LINEAR_UP_LOG_DOWN:
        return second[1] < first[1]
    if rule is AucRule.LINEAR_LOG:
        return first[0] >= peak_day
    return rule is AucRule.LOG_UP_LOG_DOWN


def interpolated(day: float, first: Node, second: Node, *, logarithmic: bool) -> float:
    """Return the value between two samples on a straight or an exponential line.

    Examples
    --------
    >>> interpolated(1.5, (1.0, 2.5), (2.0, 3.0), logarithmic=False)
    2.75
    """
    if day == first[0]:
        return first[1]
    if day == second[0]:
        return second[1]
    share = (day - first[0]) / (second[0] - first[0])
    if logarithmic:
        return first[1] * math.exp(share * math.log(second[1] / first[1]))
    return first[1] + share * (second[1] - first[1])


def segment_area(first: Node, second: Node, *, logarithmic: bool) -> float:
    """Return the area between two samples: a trapezoid, or that under an exponential.

    Examples
    --------
    >>> segment_area((0.0, 1.0), (2.0, 3.0), logarithmic=False)
    4.0
    """
    width = second[0] - first[0]
    # a hair's breadth of fall has no usable logarithm, and there both rules agree
    steepness = math.log(first[1] / second[1]) if logarithmic else 0.0
    if abs(steepness) < 1e-9:
        return width * (first[1] + second[1]) / 2
    return width * (first[1] - second[1]) / steepness
