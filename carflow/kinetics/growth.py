"""Growth between samples: rates, doubling times, and differences of growth from log-odds.

Decision: a percentage is not turned into a doubling time here. Its log-odds is the logarithm of
CAR+ over CAR− cells, whose slope is the *difference* of their net growth rates; how fast either
grows by itself, percentages cannot say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from carflow.measure import IntervalKind, Measure
from carflow.quantify.intervals import Z95
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from carflow.kinetics.series import Sample, Series


def growth_per_day(
    earlier: tuple[float, float], later: tuple[float, float], *, unit: Unit
) -> float | None:
    """Return the slope of a curve between two samples [1/d], on the scale where it means growth.

    For a count that is the slope of ``ln(value)``: its net growth. For a percentage it is the
    slope of the log-odds ``ln(p / (100 - p))``: the net growth of the cells counted in it minus
    that of the other cells of the denominator. A percentage saturates, so its own "doubling
    time" is no doubling time of cells.

    Parameters
    ----------
    earlier, later : tuple of float
        Day and value.
    unit : Unit
        The unit of the values; PERCENT takes the log-odds.

    Returns
    -------
    float or None
        None where a value has no logarithm: 0, or 100 %.

    Examples
    --------
    >>> print(f"{growth_per_day((12, 69.94), (14, 24.33), unit=Unit.PERCENT):.4f}")
    -0.9896
    """
    first, second = (_logarithm(value, unit) for _, value in (earlier, later))
    if first is None or second is None:
        return None
    return (second - first) / (later[0] - earlier[0])


def log_odds(percent: float) -> float | None:
    """Return ``ln(p / (100 - p))``, None for 0 and 100 %.

    Examples
    --------
    >>> [round(log_odds(percent), 4) for percent in (4.26, 12.33, 45.31, 69.94, 24.33)]
    [-3.1124, -1.9615, -0.1882, 0.8444, -1.1347]
    """
    return _logarithm(percent, Unit.PERCENT)


def _logarithm(value: float, unit: Unit) -> float | None:
    if value <= 0 or (unit is Unit.PERCENT and value >= 100):
        return None
    return math.log(value / (100 - value)) if unit is Unit.PERCENT else math.log(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthStep:
    """The growth between two consecutive quantified samples.

    `rate` [1/d] is that of `growth_per_day`: net growth of counts, the difference of growth of
    percentages. `doubling_time` is missing for percentages and where nothing grew.
    """

    start_day: float
    end_day: float
    rate: Measure
    doubling_time: Measure


def growth_steps(series: Series, *, unit: Unit = Unit.NONE) -> tuple[GrowthStep, ...]:
    """Return the growth from each quantified sample after the infusion to the next.

    The interval of a rate follows from those of both samples, taken as independent; an error
    both share (one bead lot, one dilution) cancels out and makes it too wide.

    Examples
    --------
    >>> from carflow.kinetics.spreads import read_measured
    >>> course = read_measured([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33],
    ...     n_denominator=10_000)
    >>> for step in growth_steps(course, unit=Unit.PERCENT):
    ...     print(f"{step.start_day:g} to {step.end_day:g}: {step.rate}")
    1 to 4: 0.383608 1/d [0.345654, 0.421561]
    4 to 7: 0.59113 1/d [0.567319, 0.614941]
    7 to 12: 0.206519 1/d [0.194897, 0.218141]
    12 to 14: -0.989557 1/d [-1.02083, -0.95828]
    """
    quantified = [sample for sample in series.after_infusion if sample.quantified]
    return tuple(_step(first, second, unit) for first, second in pairwise(quantified))


def _step(first: Sample, second: Sample, unit: Unit) -> GrowthStep:
    ends = (first.day, first.value), (second.day, second.value)
    slope = growth_per_day(*ends, unit=unit)
    rate = _rate(first, second, slope, unit)
    return GrowthStep(
        start_day=first.day, end_day=second.day, rate=rate, doubling_time=_doubling(rate, unit)
    )


def _rate(first: Sample, second: Sample, slope: float | None, unit: Unit) -> Measure:
    if slope is None:
        return Measure.missing(Unit.PER_DAY, Reason.NO_LOGARITHM)
    errors = [_log_error(sample, unit) for sample in (first, second)]
    if errors[0] is None or errors[1] is None:
        return Measure(unit=Unit.PER_DAY, value=slope, reason=Reason.NO_COUNTS)
    reach = Z95 * math.hypot(errors[0], errors[1]) / (second.day - first.day)
    kinds = {first.ci_kind, second.ci_kind}
    return Measure(
        unit=Unit.PER_DAY,
        value=slope,
        low=slope - reach,
        high=slope + reach,
        ci_kind=kinds.pop() if len(kinds) == 1 else IntervalKind.TOTAL,
    )


def _log_error(sample: Sample, unit: Unit) -> float | None:
    """Return the standard error of the logarithm (or log-odds) of a sample, if it is known."""
    if sample.low is None or sample.high is None:
        return None
    low, high = _logarithm(sample.low, unit), _logarithm(sample.high, unit)
    return None if low is None or high is None else (high - low) / (2 * Z95)


def _doubling(rate: Measure, unit: Unit) -> Measure:
    if unit is Unit.PERCENT:
        return Measure.missing(Unit.DAY, Reason.SATURATES)
    return doubling_time(rate)


def doubling_time(rate: Measure) -> Measure:
    """Return ``ln 2 / rate`` [d], with its interval where both ends of the rate are growth.

    Examples
    --------
    >>> print(doubling_time(Measure(unit=Unit.PER_DAY, value=0.8891, low=0.8, high=1.0)))
    0.779605 d [0.693147, 0.866434]
    >>> print(doubling_time(Measure(unit=Unit.PER_DAY, value=-0.2)))
    not available: no rise between the two values
    """
    if rate.value is None:
        return Measure.missing(Unit.DAY, rate.reason)
    if rate.value <= 0:
        return Measure.missing(Unit.DAY, Reason.NO_GROWTH)
    value = math.log(2) / rate.value
    if rate.low is None or rate.high is None or rate.low <= 0:
        return Measure(unit=Unit.DAY, value=value, reason=rate.reason)
    return Measure(
        unit=Unit.DAY,
        value=value,
        low=math.log(2) / rate.high,
        high=math.log(2) / rate.low,
        reason=rate.reason,
        ci_kind=rate.ci_kind,
    )
