"""Non-compartmental parameters of one curve: what the measured values say without a model.

What is not computed: an area to infinity, clearance or volume. They assume a drug that is given
and leaves; CAR T cells multiply.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.kinetics.auc import AucRule, Profile, area, profile_of
from carflow.kinetics.peak import SEARCH_WINDOW, peak_of
from carflow.kinetics.series import Sample, Series, highest, read_series
from carflow.measure import Measure, State
from carflow.reasons import Reason
from carflow.units import Unit, area_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

_FEWEST_FOR_SLOPE = 3
_AS_GOOD = 1e-4  # fits this close in adjusted R² count as equal; the one with more points wins


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas:
    """The areas under one curve, with the rules they are computed by."""

    profile: Profile
    n_measured: int
    unit: Unit
    rule: AucRule

    def between(self, start_day: float, end_day: float) -> Measure:
        """Return the area between two days, or why the samples do not give it."""
        nodes = self.profile.nodes
        unit = area_unit(self.unit)
        if self.n_measured < 2:
            few = Reason.TOO_FEW_VALUES if self.n_measured else Reason.NO_VALUES
            return Measure.missing(unit, few)
        if self.profile.last_day is None:
            return Measure(unit=unit, value=0.0, state=State.ND, reason=Reason.ALL_BLQ)
        is_open = end_day > nodes[-1][0] and not self.profile.ends_below
        if is_open or start_day < nodes[0][0]:
            return Measure.missing(unit, Reason.WINDOW_NOT_COVERED)
        return Measure(unit=unit, value=area(self.profile, start_day, end_day, self.rule))

    @property
    def to_last_quantified(self) -> Measure:
        """The area from the infusion to the last quantified value."""
        return self.between(0.0, self.profile.last_day or 0.0)

    @property
    def to_first_below(self) -> Measure:
        """The same with the triangle down to the first value below the limit after it."""
        return self.between(0.0, self.profile.nodes[-1][0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Nca:
    """The parameters of one curve, each a `Measure`; a missing one says why.

    `cmax` and `tmax` are the first maximum inside the search window, `cmax_global` and
    `tmax_global` that of all samples after the infusion. `auc_last` ends at the last quantified
    value, `auc_all` adds the triangle down to the first value below the limit after it.
    `lambda_z` and `half_life` describe the last decline the data show: in data that end at
    day 28 that is the contraction, not the persistence.
    """

    cmax: Measure
    tmax: Measure
    cmax_global: Measure
    tmax_global: Measure
    clast: Measure
    tlast: Measure
    auc_last: Measure
    auc_all: Measure
    lambda_z: Measure
    half_life: Measure
    areas: Areas

    def auc(self, start_day: float, end_day: float) -> Measure:
        """Return the area under the curve between two days, interpolated at both.

        Raises
        ------
        ValueError
            If the window does not begin before it ends.

        Examples
        --------
        >>> course = nca([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33])
        >>> print(course.auc(1, 14))
        485.859 value·d
        >>> print(course.auc(0, 28))
        not available: the samples do not cover the whole window
        """
        if not start_day < end_day:
            raise ValueError(f"a window begins before it ends, got {start_day} to {end_day}")
        return self.areas.between(start_day, end_day)


def nca(  # noqa: PLR0913  # a public door for plain arrays: each keyword is one column or rule
    days: Sequence[float],
    values: Sequence[float | None],
    *,
    lloq: float | None = None,
    states: Sequence[State | str] | None = None,
    unit: Unit = Unit.NONE,
    auc_rule: str = AucRule.LINEAR_UP_LOG_DOWN,
    window: tuple[float, float] = SEARCH_WINDOW,
) -> Nca:
    """Return the non-compartmental parameters of plain arrays of days and values.

    Parameters
    ----------
    days, values : sequences, (n,)
        Time since the infusion [d], each day once, in any order; values of 0 or more, None or
        NaN where there is no sample.
    lloq : float, optional
        Limit of quantification. Values below it, and 0, count as 0 before the first and after
        the last quantified value and are left out between.
    states : sequence of State, (n,), optional
        QUANT, DET_BLQ, ND and so on; DET_BLQ counts as below the limit.
    unit : Unit
        The unit of the values.
    auc_rule : str
        "linear", "linear-up log-down" (the default), "lin-log" or "log-up log-down".
    window : tuple of float
        `tmax` is looked for after the first and up to the second day.

    Raises
    ------
    ValueError
        If the columns are no such arrays, or there is no such rule.

    Examples
    --------
    >>> course = nca([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33], auc_rule="linear")
    >>> print(course.cmax, "|", course.tmax, "|", course.auc(1, 14))
    69.94 | 12 d | 493.74 value·d
    """
    series = read_series(days, values, lloq=lloq, states=states)
    return nca_of(series, unit=unit, auc_rule=AucRule(auc_rule), window=window)


def nca_of(
    series: Series,
    *,
    unit: Unit = Unit.NONE,
    auc_rule: AucRule = AucRule.LINEAR_UP_LOG_DOWN,
    window: tuple[float, float] = SEARCH_WINDOW,
) -> Nca:
    """Return the parameters of a series; `nca` tells the rules."""
    after = series.after_infusion
    peak = peak_of(series, unit=unit, window=window)
    top = highest(after)
    last = next((sample for sample in reversed(after) if sample.quantified), None)
    nothing = Reason.ALL_BLQ if after else Reason.NO_VALUES
    lambda_z = _lambda_z(after, top)
    areas = Areas(
        profile=profile_of(series),
        n_measured=sum(sample.day >= 0 for sample in series.samples),
        unit=unit,
        rule=auc_rule,
    )
    return Nca(
        cmax=peak.height,
        tmax=peak.day,
        cmax_global=_value(top, unit, nothing),
        tmax_global=_day(top, nothing),
        clast=_value(last, unit, nothing),
        tlast=_day(last, nothing),
        auc_last=areas.to_last_quantified,
        auc_all=areas.to_first_below,
        lambda_z=lambda_z,
        half_life=_half_life(lambda_z),
        areas=areas,
    )


def _value(sample: Sample | None, unit: Unit, nothing: Reason) -> Measure:
    if sample is None:
        return Measure.missing(unit, nothing)
    return Measure(unit=unit, value=sample.value)


def _day(sample: Sample | None, nothing: Reason) -> Measure:
    if sample is None:
        return Measure.missing(Unit.DAY, nothing)
    return Measure(unit=Unit.DAY, value=sample.day)


def _lambda_z(samples: Sequence[Sample], top: Sample | None) -> Measure:
    """Return the slope of the last decline, by the order of WinNonlin.

    Straight lines through the last 3, 4, ... values after the highest of all; of those that
    fall, the one with the best adjusted R², and of equally good ones that with most values.
    """
    tail = [one for one in samples if one.quantified and top is not None and one.day > top.day]
    if len(tail) < _FEWEST_FOR_SLOPE:
        return Measure.missing(Unit.PER_DAY, Reason.TOO_FEW_VALUES)
    fits = [_log_linear_fit(tail[-count:]) for count in range(_FEWEST_FOR_SLOPE, len(tail) + 1)]
    falling = [(adjusted, slope) for adjusted, slope in fits if slope < 0]
    if not falling:
        return Measure.missing(Unit.PER_DAY, Reason.NO_DECLINE)
    best = max(adjusted for adjusted, _ in falling)
    slopes = [slope for adjusted, slope in falling if adjusted >= best - _AS_GOOD]
    return Measure(unit=Unit.PER_DAY, value=-slopes[-1])


def _log_linear_fit(samples: Sequence[Sample]) -> tuple[float, float]:
    """Return adjusted R² and slope of ``ln(value)`` against days by least squares."""
    count = len(samples)
    days = [sample.day for sample in samples]
    logs = [math.log(sample.value) for sample in samples]
    mean_day, mean_log = math.fsum(days) / count, math.fsum(logs) / count
    spread = math.fsum((day - mean_day) ** 2 for day in days)
    total = math.fsum((one - mean_log) ** 2 for one in logs)
    shared = math.fsum(
        (day - mean_day) * (one - mean_log) for day, one in zip(days, logs, strict=True)
    )
    if total == 0:
        return 0.0, 0.0
    r_squared = shared**2 / (spread * total)
    return 1 - (1 - r_squared) * (count - 1) / (count - 2), shared / spread


def _half_life(lambda_z: Measure) -> Measure:
    if lambda_z.value is None:
        return Measure.missing(Unit.DAY, lambda_z.reason)
    return Measure(unit=Unit.DAY, value=math.log(2) / lambda_z.value)
