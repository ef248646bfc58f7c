"""The day of the peak under a named model: a sharp switch, a rounded one, and what both allow.

A modelled day is finer than the sampling days, but it is a statement about the model as much as
about the patient. So it comes in threes, and never without a name:

- SHARP: exponential growth that switches to exponential decline (after Stein 2019);
- ROUNDED: the same with a bend of 1 to 8 days between the two;
- EITHER: from the earlier lower to the later upper end of the two intervals. This is the one
  that may be called a 95 % interval without knowing the shape; simulations are in
  `tests/kinetics/test_peak_coverage.py`.

Both are curves of `bent_cable` through the highest quantified value and up to three on each side,
in ln C, or in log-odds where the values are percentages (as in `growth`). The intervals are of
the profile: the days whose weighted sum of squares is at most 3.84 above the least, with the
samples' own intervals as weights. If the best curve misses the values by more than those
intervals say, 3.84 grows in proportion.

Refused, with the reason (rules of the NCA of the design, each tested): fewer than five quantified
values in the window; fewer than two before or two after the highest; a modelled peak that lies
outside the days which the sampling and the measurement error leave open.

Why no smoothing spline: with five to seven samples its prior decides the day.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from carflow.kinetics.bent_cable import CHI2_95, Profile, profile
from carflow.kinetics.peak import SEARCH_WINDOW
from carflow.kinetics.peak_draws import span_of_days
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.bent_cable import Numbers
    from carflow.kinetics.peak import Peak
    from carflow.kinetics.series import Sample, Series

SHARP_BEND = (0.0,)
ROUNDED_BENDS = (0.5, 1.0, 2.0, 3.0, 4.0)
NEEDED, NEEDED_EACH_SIDE, USED_EACH_SIDE = 5, 2, 3
_TWO_Z95 = 2 * 1.959963984540054


class ModelName(StrEnum):
    """A model of the peak; `words` is the name that stands beside every number of it."""

    SHARP = "sharp"
    ROUNDED = "rounded"
    EITHER = "either"

    @property
    def words(self) -> str:
        """The name in a sentence.

        Examples
        --------
        >>> ModelName.SHARP.words
        'sharp switch from growth to decline, after Stein 2019'
        """
        return {
            ModelName.SHARP: "sharp switch from growth to decline, after Stein 2019",
            ModelName.ROUNDED: "rounded switch from growth to decline, over 1 to 8 days",
            ModelName.EITHER: "sharp or rounded switch from growth to decline",
        }[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelledPeak:
    """The day of the peak under one model.

    Parameters
    ----------
    model : ModelName
        The model; no number of this value is to be shown without it.
    day : Measure
        The modelled day [d] with its profile interval, or why there is none. Without intervals
        of the values it has no interval either (`NO_COUNTS`).
    growth, decline : Measure
        Rates before and after the peak [1/d] on the scale of the fit.
    bend_days : float or None
        How long the switch takes in the best curve [d].
    aic : float or None
        Akaike's criterion: chi-square + 2 parameters. Lower is better; a difference below 2
        says nothing.
    """

    model: ModelName
    day: Measure
    growth: Measure
    decline: Measure
    bend_days: float | None = None
    aic: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelledPeaks:
    """The two models side by side.

    `either` is the interval that holds under both: its day is the middle of the two days.
    `disagree` tells that the day of one model lies outside the interval of the other.
    """

    sharp: ModelledPeak
    rounded: ModelledPeak
    either: Measure
    disagree: bool = False

    @property
    def reason(self) -> Reason:
        """Why there is no modelled day, if there is none."""
        return Reason.NONE if self.either.value is not None else self.either.reason


def model_peak(
    series: Series,
    peak: Peak,
    *,
    unit: Unit = Unit.NONE,
    window: tuple[float, float] = SEARCH_WINDOW,
) -> ModelledPeaks:
    """Return the day of the peak under the sharp and the rounded model.

    Parameters
    ----------
    series : Series
        The samples of the curve.
    peak : Peak
        Its observed peak, of the same window.
    unit : Unit
        PERCENT is fitted in log-odds, everything else in logarithms.
    window : tuple of float
        Samples after the first and up to the second day are fitted.

    Returns
    -------
    ModelledPeaks
        Refused models have a day without value and say why.

    References
    ----------
    Stein AM et al. CPT Pharmacometrics Syst Pharmacol 2019;8:285-295.

    Examples
    --------
    >>> from carflow.kinetics.peak import peak_of
    >>> from carflow.kinetics.series import read_series
    >>> days, values = [1, 4, 7, 10, 14, 21], [0.1, 1.4, 20.0, 90.0, 45.0, 12.0]
    >>> series = read_series(days, values, lows=[0.8 * one for one in values],
    ...     highs=[1.25 * one for one in values])
    >>> found = model_peak(series, peak_of(series))
    >>> print(f"{found.sharp.model.words}: day {found.sharp.day.value:.1f}")
    sharp switch from growth to decline, after Stein 2019: day 8.9
    >>> print(f"either model: day {found.either.low:.1f} to {found.either.high:.1f}")
    either model: day 8.6 to 11.1
    """
    samples = [one for one in series.within(window) if one.quantified]
    refusal = _refusal(samples, peak)
    if refusal:
        return _refused(refusal)
    days, logs, deviations = growth_scale(_around(samples, peak), unit)
    if not np.isfinite(logs).all():
        return _refused(Reason.NO_LOGARITHM)
    known = bool(np.isfinite(deviations).all())
    weighted = deviations if known else np.ones_like(logs)
    possible = _possible_span(series, peak)
    models = [
        _modelled(name, profile(days, logs, weighted, half_bends=bends), known, possible)
        for name, bends in ((ModelName.SHARP, SHARP_BEND), (ModelName.ROUNDED, ROUNDED_BENDS))
    ]
    return _side_by_side(*models)


def _refusal(samples: Sequence[Sample], peak: Peak) -> Reason:
    """Return why no model may be fitted, or NONE."""
    if peak.day.value is None:
        return peak.reason
    if len(samples) < NEEDED:
        return Reason.TOO_FEW_VALUES
    before = sum(one.day < peak.day.value for one in samples)
    after = len(samples) - before - 1
    return Reason.FEW_AROUND_PEAK if min(before, after) < NEEDED_EACH_SIDE else Reason.NONE


def _refused(reason: Reason) -> ModelledPeaks:
    sharp, rounded = (_without_day(name, reason) for name in (ModelName.SHARP, ModelName.ROUNDED))
    return ModelledPeaks(sharp=sharp, rounded=rounded, either=sharp.day)


def _without_day(name: ModelName, reason: Reason) -> ModelledPeak:
    return ModelledPeak(
        model=name,
        day=Measure.missing(Unit.DAY, reason),
        growth=Measure.missing(Unit.PER_DAY, reason),
        decline=Measure.missing(Unit.PER_DAY, reason),
    )


def _around(samples: Sequence[Sample], peak: Peak) -> Sequence[Sample]:
    """Return the highest sample and up to three on each side: the rest is other phases."""
    top = next(place for place, one in enumerate(samples) if one.day == peak.day.value)
    return samples[max(top - USED_EACH_SIDE, 0) : top + USED_EACH_SIDE + 1]


def growth_scale(samples: Sequence[Sample], unit: Unit) -> tuple[Numbers, Numbers, Numbers]:
    """Return days, values and standard deviations on the scale on which growth is a line.

    That is ln C, or the log-odds of a percentage. The deviation is NaN where a sample has no
    95 % interval; the value is infinite at 100 %.
    """
    days = np.array([one.day for one in samples])
    values = np.array([one.value for one in samples])
    deviations = np.array([_log_deviation(one) for one in samples])
    if unit is not Unit.PERCENT:
        return days, np.log(values), deviations
    with np.errstate(divide="ignore"):
        others = 1.0 - np.minimum(values, 100.0) / 100.0
        return days, np.log(values / 100.0) - np.log(others), deviations / others


def _log_deviation(sample: Sample) -> float:
    if not sample.low or not sample.high or sample.high <= sample.low:
        return math.nan
    return math.log(sample.high / sample.low) / _TWO_Z95


def _possible_span(series: Series, peak: Peak) -> tuple[float, float]:
    """Return the days that the sampling and, where known, the measurement error leave open."""
    return span_of_days(series, peak.days95) if peak.days95 else peak.bracket


def _modelled(
    name: ModelName, fitted: Profile, known: bool, possible: tuple[float, float]
) -> ModelledPeak:
    """Return one model's answer; `known` tells whether the values have intervals."""
    if not possible[0] <= fitted.day <= possible[1]:
        return _without_day(name, Reason.OUTSIDE_BRACKET)
    parameters = 4 if name is ModelName.SHARP else 5
    low, high = fitted.interval(_allowed_rise(fitted, parameters)) if known else (None, None)
    return ModelledPeak(
        model=name,
        day=Measure(
            unit=Unit.DAY,
            value=fitted.day,
            low=low,
            high=high,
            reason=Reason.NONE if known else Reason.NO_COUNTS,
        ),
        growth=Measure(unit=Unit.PER_DAY, value=fitted.growth),
        decline=Measure(unit=Unit.PER_DAY, value=fitted.decline),
        bend_days=2 * fitted.half_bend,
        aic=fitted.least + 2 * parameters if known else None,
    )


def _allowed_rise(fitted: Profile, parameters: int) -> float:
    return CHI2_95 * max(1.0, fitted.least / max(fitted.samples - parameters, 1))


def _side_by_side(sharp: ModelledPeak, rounded: ModelledPeak) -> ModelledPeaks:
    """Return both models with the interval that holds under either, and whether they disagree."""
    days = [one.day for one in (sharp, rounded)]
    refused = next((one for one in days if one.value is None), None)
    if refused is not None:
        return ModelledPeaks(sharp=sharp, rounded=rounded, either=refused)
    values = [one.value for one in days if one.value is not None]
    lows = [one.low for one in days if one.low is not None]
    highs = [one.high for one in days if one.high is not None]
    either = Measure(
        unit=Unit.DAY,
        value=sum(values) / 2,
        low=min(lows, default=None),
        high=max(highs, default=None),
        reason=sharp.day.reason,
    )
    # the two share what lies from the later lower to the earlier upper end
    apart = bool(lows) and not max(lows) <= min(values) <= max(values) <= min(highs)
    return ModelledPeaks(sharp=sharp, rounded=rounded, either=either, disagree=apart)
