"""The areas of one curve as measures: over a window, to the last value, to the first below.

What the samples cover is integrated (`carflow.kinetics.auc`); what lies beyond the last one is
extrapolated by the slope of the last decline only where the fit is good and the part small.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from carflow.kinetics.auc import AucRule, Profile, area, area_interval
from carflow.kinetics.slope import DEFAULT_SLOPE_RULE, Decline, SlopeRule
from carflow.measure import IntervalKind, Measure, State
from carflow.reasons import Reason
from carflow.units import Unit, area_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas:
    """The areas under one curve, with the rules they are computed by."""

    profile: Profile
    n_measured: int
    unit: Unit
    rule: AucRule
    decline: Decline
    slope_rule: SlopeRule = DEFAULT_SLOPE_RULE
    ci_kind: IntervalKind = IntervalKind.NONE

    def between(self, start_day: float, end_day: float) -> Measure:
        """Return the area between two days, or why the samples do not give it."""
        nodes = self.profile.nodes
        unit = area_unit(self.unit)
        if self.n_measured < 2:
            few = Reason.TOO_FEW_VALUES if self.n_measured else Reason.NO_VALUES
            return Measure.missing(unit, few)
        if self.profile.last_day is None:
            return Measure(unit=unit, value=0.0, state=State.ND, reason=Reason.ALL_BLQ)
        if start_day < nodes[0][0]:
            return Measure.missing(unit, Reason.WINDOW_NOT_COVERED)
        if end_day > nodes[-1][0] and not self.profile.ends_below:
            return self._extrapolated(start_day, end_day)
        value = area(self.profile, start_day, end_day, self.rule)
        interval = area_interval(self.profile, start_day, end_day, self.rule)
        if interval is None:
            return Measure(unit=unit, value=value, reason=Reason.NO_COUNTS)
        return Measure(
            unit=unit, value=value, low=interval.low, high=interval.high, ci_kind=self.ci_kind
        )

    def _extrapolated(self, start_day: float, end_day: float) -> Measure:
        """Return an area whose last part follows the slope of the last decline."""
        unit = area_unit(self.unit)
        line, (last_day, last_value) = self.decline.line, self.profile.nodes[-1]
        if line is None or not self.decline.may_extrapolate(self.slope_rule) or last_value <= 0:
            return Measure.missing(unit, Reason.WINDOW_NOT_COVERED)
        measured = area(self.profile, start_day, last_day, self.rule)
        gap = start_day - last_day, end_day - last_day
        beyond = math.exp(line.slope * max(0.0, gap[0])) - math.exp(line.slope * gap[1])
        beyond *= last_value / -line.slope
        whole = measured + beyond
        if 100 * beyond > self.slope_rule.max_extrapolated_pct * whole:
            return Measure.missing(unit, Reason.FAR_EXTRAPOLATION)
        return Measure(unit=unit, value=whole, reason=Reason.EXTRAPOLATED)

    @property
    def to_last_quantified(self) -> Measure:
        """The area from the infusion to the last quantified value."""
        return self.between(self._start, self.profile.last_day or 0.0)

    @property
    def to_first_below(self) -> Measure:
        """The same with the triangle down to the first value below the limit after it."""
        return self.between(self._start, self.profile.first_below_day)

    @property
    def _start(self) -> float:
        """Day 0, or the first sample of a curve that was not given an origin."""
        nodes = self.profile.nodes
        return nodes[0][0] if nodes else 0.0
