"""Areas under a curve: segment rules, values below the limit, windows cut by interpolation.

Decisions
---------
- A window is always interpolated at its edges. Cutting at the last sample inside it, as some
  tools do, loses a third of the area where the last visit came a day late.
- A curve without a sample on day 0 starts at 0 there: before the infusion there are no CAR T
  cells. Samples before day 0 say nothing beyond that.
- After the last quantified value the curve falls in a straight line to the first value below
  the limit and stays 0. Without such a value nothing is extrapolated.

References
----------
The rules are those of Phoenix WinNonlin, as PKNCA's documentation describes them (vignette
"AUC and AUMC calculation"); tests compare with WinNonlin's own output.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from carflow.kinetics.series import highest

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


@dataclass(frozen=True, slots=True, kw_only=True)
class BlqRule:
    """What becomes of values below the limit: counted as 0, or left out.

    `first` are those before the first quantified value, `last` those after the last one,
    `middle` those between. A middle one often is a failed sample, so it is left out.
    """

    first: Literal["zero", "drop"] = "zero"
    middle: Literal["zero", "drop"] = "drop"
    last: Literal["zero", "drop"] = "zero"


DEFAULT_BLQ_RULE = BlqRule()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A curve ready to be integrated.

    `nodes` are (day, value) in order, `last_day` the day of the last quantified value (None if
    there is none), `peak_day` that of the first highest one, `dropped_days` the days left out,
    `ends_below` whether the curve ends in values below the limit, that is, at 0.
    """

    nodes: tuple[Node, ...]
    last_day: float | None
    peak_day: float
    dropped_days: tuple[float, ...] = ()
    ends_below: bool = False


def profile_of(series: Series, blq: BlqRule = DEFAULT_BLQ_RULE, *, origin: bool = True) -> Profile:
    """Return a series as a profile from the infusion on.

    Parameters
    ----------
    series : Series
        Measured samples; those before day 0 are left out.
    blq : BlqRule
        What becomes of values below the limit.
    origin : bool
        Whether a series without a sample on day 0 starts there at 0.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> profile_of(read_series([1, 4, 7, 9, 11], [2, 0, 3, 0, 0])).nodes
    ((0.0, 0.0), (1.0, 2.0), (7.0, 3.0), (9.0, 0.0), (11.0, 0.0))
    """
    samples = [sample for sample in series.samples if sample.day >= 0]
    quantified = [sample.day for sample in samples if sample.quantified]
    first, last = (quantified[0], quantified[-1]) if quantified else (math.inf, math.inf)
    kept = [sample for sample in samples if _is_kept(sample, (first, last), blq)]
    nodes = [(sample.day, sample.value if sample.quantified else 0.0) for sample in kept]
    if origin and (not nodes or nodes[0][0] > 0):
        nodes.insert(0, (0.0, 0.0))
    kept_days = {sample.day for sample in kept}
    peak = highest(samples)
    return Profile(
        nodes=tuple(nodes),
        last_day=quantified[-1] if quantified else None,
        peak_day=peak.day if peak else 0.0,
        dropped_days=tuple(one.day for one in samples if one.day not in kept_days),
        ends_below=bool(kept) and not kept[-1].quantified,
    )


def _is_kept(sample: Sample, quantified_span: Node, blq: BlqRule) -> bool:
    if sample.quantified:
        return True
    first, last = quantified_span
    if sample.day < first:
        return blq.first == "zero"
    return (blq.last if sample.day > last else blq.middle) == "zero"


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


def _pieces(
    nodes: Sequence[Node], window: tuple[float, float], peak_day: float, rule: AucRule
) -> list[float]:
    pieces = []
    for first, second in pairwise(nodes):
        start, end = max(first[0], window[0]), min(second[0], window[1])
        if start >= end:
            continue
        logarithmic = is_logarithmic(rule, first, second, peak_day)
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
