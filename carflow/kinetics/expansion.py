"""Expansion and contraction of one curve: rates, folds, doublings, time above a threshold.

Decisions
---------
- Only quantified values inside the search window count, so that product left in a catheter on
  the first hours is no starting point.
- "Fold expansion" has three meanings in use: over the first value, over the lowest value before
  the peak, over the theoretical start. Each has its own name.
- The expansion rate is the steepest of several lines, so it errs upwards; its interval is that
  of the one line. Two values give a rate, marked TWO_VALUES, and no interval.
- On percentages rates, doublings and folds are computed alike and marked SATURATES.

References
----------
Only about 1 % of infused cells stay in the blood (Owens and Bozic 2021, after Turtle 2016), so
the theoretical start is too high and the fold over it too low.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from scipy.special import stdtrit

from carflow.kinetics.auc import AucRule, is_logarithmic
from carflow.kinetics.growth import doubling_time
from carflow.kinetics.slope import Line, line_through, lines_to_the_end
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.auc import Node, Profile
    from carflow.kinetics.series import Sample

BLOOD_ML_PER_KG = 70.0
CONTRACTION_DAYS = 21.0
CONTRACTION_LAST_DAY = 35.0


def theoretical_start_per_ul(
    dose_cells: float,
    *,
    weight_kg: float | None = None,
    blood_l: float | None = None,
    blood_ml_per_kg: float = BLOOD_ML_PER_KG,
) -> float:
    """Return cells/µL if the whole dose stayed in the blood.

    70 mL of blood per kg is the customary number for adults; children and the obese differ.

    Raises
    ------
    ValueError
        Without a positive dose and either a blood volume or a weight.

    Examples
    --------
    >>> theoretical_start_per_ul(1e8, blood_l=5.0)
    20.0
    """
    if blood_l is None and weight_kg is not None:
        blood_l = weight_kg * blood_ml_per_kg / 1000.0
    if blood_l is None or not blood_l > 0 or not 0 < dose_cells < math.inf:
        raise ValueError("a positive dose and a blood volume or weight are needed")
    return dose_cells / (blood_l * 1e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """How one curve rose to its peak and fell from it; each number a `Measure`.

    `expansion_rate` is the steepest rise of ``ln(value)`` over three or more consecutive values
    up to the peak; `expansion_rate_at_least` the lower bound from the last value below the limit
    (taken at its limit) to the first quantified one. `contraction_half_life` is that from the
    peak to 21 days later or day 35, whichever is first.
    """

    expansion_rate: Measure
    expansion_rate_at_least: Measure
    doubling_time: Measure
    fold_first: Measure
    fold_nadir: Measure
    fold_dose: Measure
    population_doublings: Measure
    contraction_rate: Measure
    contraction_half_life: Measure


def expansion_of(
    samples: Sequence[Sample],
    top: Sample | None,
    *,
    unit: Unit = Unit.NONE,
    start_value: float | None = None,
    nothing: Reason = Reason.ALL_BLQ,
) -> Expansion:
    """Return rise and fall around the highest sample.

    Parameters
    ----------
    samples : sequence of Sample
        Those after the start of the search window, in order of day.
    top : Sample or None
        The peak; None where there is none, and `nothing` says why.
    unit : Unit
        Unit of the values.
    start_value : float, optional
        The theoretical value on day 0 (`theoretical_start_per_ul`), in the unit of the values.

    Examples
    --------
    >>> from carflow.kinetics.series import Sample
    >>> rise = [Sample(day=day, value=2.0**day, quantified=True) for day in range(1, 5)]
    >>> found = expansion_of(rise, rise[-1])
    >>> print(found.doubling_time, "|", found.fold_first, "|", found.population_doublings)
    1 d [1, 1] | 8 ratio | 3 doublings
    """
    if top is None:
        return _nothing(nothing)
    before = [one for one in samples if one.day <= top.day]
    rising = [one for one in before if one.quantified]
    rate = _steepest(rising)
    first = rising[0] if len(rising) > 1 else None
    fold = _fold(top, first, is_bound=not before[0].quantified)
    fall = _contraction(samples, top)
    return Expansion(
        expansion_rate=_marked(rate, unit),
        expansion_rate_at_least=_marked(_at_least(before), unit),
        doubling_time=_marked(doubling_time(rate), unit),
        fold_first=_marked(fold, unit),
        fold_nadir=_marked(_fold(top, _lowest(rising), is_bound=len(rising) < len(before)), unit),
        fold_dose=_dose_fold(top, start_value, unit),
        population_doublings=_marked(_doublings(fold), unit),
        contraction_rate=_marked(fall, unit),
        contraction_half_life=_marked(_half_life(fall), unit),
    )


def _nothing(reason: Reason) -> Expansion:
    ratio, rate, days = (
        Measure.missing(unit, reason) for unit in (Unit.RATIO, Unit.PER_DAY, Unit.DAY)
    )
    return Expansion(
        expansion_rate=rate,
        expansion_rate_at_least=rate,
        doubling_time=days,
        fold_first=ratio,
        fold_nadir=ratio,
        fold_dose=ratio,
        population_doublings=Measure.missing(Unit.DOUBLINGS, reason),
        contraction_rate=rate,
        contraction_half_life=days,
    )


def _marked(measure: Measure, unit: Unit) -> Measure:
    """Return a number of a percentage with the mark that it is none of cells."""
    if unit is not Unit.PERCENT or measure.value is None:
        return measure
    return replace(measure, reason=Reason.SATURATES)


def _steepest(rising: Sequence[Sample]) -> Measure:
    if len(rising) < 2:
        return Measure.missing(Unit.PER_DAY, Reason.TOO_FEW_VALUES)
    fewest = min(3, len(rising))
    lines = [
        line
        for end in range(fewest, len(rising) + 1)
        for line in lines_to_the_end(rising[:end], fewest)
        if line is not None
    ]
    best = max(lines, key=lambda line: line.slope, default=None)
    if best is None or best.slope <= 0:
        return Measure.missing(Unit.PER_DAY, Reason.NO_GROWTH)
    return _rate_of(best, best.slope)


def _rate_of(line: Line, value: float) -> Measure:
    """Return a rate with its interval by Student's t; of two values there is none."""
    if line.n_points < 3:
        return Measure(unit=Unit.PER_DAY, value=value, reason=Reason.TWO_VALUES)
    reach = float(stdtrit(line.n_points - 2, 0.975)) * line.slope_error
    return Measure(unit=Unit.PER_DAY, value=value, low=value - reach, high=value + reach)


def _at_least(before: Sequence[Sample]) -> Measure:
    first = next((at for at, one in enumerate(before) if one.quantified), 0)
    earlier, later = before[max(0, first - 1)], before[first]
    if earlier.quantified:
        return Measure.missing(Unit.PER_DAY, Reason.TOO_FEW_VALUES)
    limit = earlier.limit or earlier.high
    if not limit:
        return Measure.missing(Unit.PER_DAY, Reason.NO_COUNTS)
    if limit >= later.value:
        return Measure.missing(Unit.PER_DAY, Reason.NO_GROWTH)
    value = math.log(later.value / limit) / (later.day - earlier.day)
    return Measure(unit=Unit.PER_DAY, value=value, reason=Reason.AT_LEAST)


def _lowest(rising: Sequence[Sample]) -> Sample | None:
    return min(rising[:-1], key=lambda one: one.value, default=None)


def _fold(top: Sample, base: Sample | None, *, is_bound: bool) -> Measure:
    if base is None:
        return Measure.missing(Unit.RATIO, Reason.TOO_FEW_VALUES)
    value = top.value / base.value
    reason = Reason.AT_LEAST if is_bound else Reason.NONE
    if top.low and top.high and base.low and base.high:
        up = math.hypot(math.log(top.high / top.value), math.log(base.value / base.low))
        down = math.hypot(math.log(top.value / top.low), math.log(base.high / base.value))
        return Measure(
            unit=Unit.RATIO,
            value=value,
            low=value * math.exp(-down),
            high=value * math.exp(up),
            reason=reason,
            ci_kind=top.ci_kind,
        )
    return Measure(unit=Unit.RATIO, value=value, reason=reason or Reason.NO_COUNTS)


def _dose_fold(top: Sample, start_value: float | None, unit: Unit) -> Measure:
    if start_value is None or unit not in {Unit.NONE, Unit.CELLS_PER_UL}:
        return Measure.missing(Unit.RATIO, Reason.NO_DOSE)
    value = top.value / start_value
    if top.low is None or top.high is None:
        return Measure(unit=Unit.RATIO, value=value, reason=Reason.NO_COUNTS)
    return Measure(
        unit=Unit.RATIO,
        value=value,
        low=top.low / start_value,
        high=top.high / start_value,
        ci_kind=top.ci_kind,
    )


def _doublings(fold: Measure) -> Measure:
    if fold.value is None:
        return Measure.missing(Unit.DOUBLINGS, fold.reason)
    low, high = (None if end is None else math.log2(end) for end in (fold.low, fold.high))
    return Measure(
        unit=Unit.DOUBLINGS,
        value=math.log2(fold.value),
        low=low,
        high=high,
        reason=fold.reason,
        ci_kind=fold.ci_kind,
    )


def _contraction(samples: Sequence[Sample], top: Sample) -> Measure:
    until = min(top.day + CONTRACTION_DAYS, CONTRACTION_LAST_DAY)
    falling = [one for one in samples if one.quantified and top.day <= one.day <= until]
    if len(falling) < 2:
        return Measure.missing(Unit.PER_DAY, Reason.TOO_FEW_VALUES)
    line = line_through(falling)
    if line is None or line.slope >= 0:
        return Measure.missing(Unit.PER_DAY, Reason.NO_DECLINE)
    return _rate_of(line, -line.slope)


def _half_life(rate: Measure) -> Measure:
    halving = doubling_time(rate)
    return halving if rate.value is not None else Measure.missing(Unit.DAY, rate.reason)


def time_above(
    profile: Profile, threshold: float, rule: AucRule = AucRule.LINEAR_UP_LOG_DOWN
) -> Measure:
    """Return the days a curve spends above a threshold, crossings interpolated by the rule.

    Where the last value still lies above it, the number is a lower bound (STILL_ABOVE).

    Examples
    --------
    >>> from carflow.kinetics.auc import profile_of
    >>> from carflow.kinetics.series import read_series
    >>> course = profile_of(read_series([0, 10, 20, 30], [0, 20, 20, 0]))
    >>> print(time_above(course, 10.0))
    20 d
    """
    if not threshold > 0:
        raise ValueError(f"a threshold lies above 0, got {threshold:g}")
    if profile.last_day is None:
        return Measure.missing(Unit.DAY, Reason.ALL_BLQ)
    peak = profile.peak_day
    days = math.fsum(
        _days_above(first, second, threshold, is_log=is_logarithmic(rule, first, second, peak))
        for first, second in pairwise(profile.nodes)
    )
    still = profile.nodes[-1][1] > threshold
    return Measure(unit=Unit.DAY, value=days, reason=Reason.STILL_ABOVE if still else Reason.NONE)


def _days_above(first: Node, second: Node, threshold: float, *, is_log: bool) -> float:
    width = second[0] - first[0]
    above = (first[1] > threshold) + (second[1] > threshold)
    if above != 1:
        return width if above else 0.0
    low, high = sorted((first[1], second[1]))
    if is_log:
        return width * math.log(high / threshold) / math.log(high / low)
    return width * (high - threshold) / (high - low)
