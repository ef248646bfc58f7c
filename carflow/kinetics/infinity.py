"""Areas to infinity, moments, clearance and volume: for comparisons with other programs only.

They assume a drug that is given once and leaves by one slope. CAR T cells multiply, so none of
these is a parameter of carflow's tables; here they show that the same samples give the same
numbers as Phoenix WinNonlin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from carflow.kinetics.auc import interpolated, is_logarithmic, segment_area

if TYPE_CHECKING:
    from carflow.kinetics.auc import AucRule, Node, Profile
    from carflow.kinetics.nca import Nca


@dataclass(frozen=True, slots=True, kw_only=True)
class ToInfinity:
    """What one slope to infinity gives from the last value, observed or predicted by the line.

    `auc` and `aumc` are area and first moment, `extrapolated_pct` and `aumc_extrapolated_pct`
    the parts of them beyond the last value, `mrt` the mean residence time.
    """

    auc: float
    extrapolated_pct: float
    aumc: float
    aumc_extrapolated_pct: float

    @property
    def mrt(self) -> float:
        """The mean residence time, ``aumc / auc`` [d]."""
        return self.aumc / self.auc

    def clearance(self, dose: float) -> float:
        """Return ``dose / auc`` (over the bioavailability)."""
        return dose / self.auc

    def volume(self, dose: float, lambda_z: float) -> float:
        """Return ``dose / (λz · auc)`` (over the bioavailability)."""
        return dose / (lambda_z * self.auc)


def to_infinity(course: Nca, *, is_predicted: bool = False) -> ToInfinity | None:
    """Return area and moment to infinity, None where there is no slope of a last decline.

    Parameters
    ----------
    course : Nca
        From `carflow.kinetics.nca.nca`.
    is_predicted : bool
        Whether to go on from the line's value on the last day instead of the measured one.

    Examples
    --------
    >>> from carflow.kinetics.nca import nca
    >>> course = nca([0, 1, 2, 3, 4], [0, 8, 4, 2, 1], auc_rule="linear")
    >>> round(to_infinity(course).auc, 4), round(to_infinity(course).extrapolated_pct, 2)
    (15.9427, 9.05)
    """
    line, last_day, last_value = course.decline.line, course.tlast.value, course.clast.value
    if line is None or last_day is None or last_value is None:
        return None
    if is_predicted:
        last_value = line.value_on(last_day)
    rate = -line.slope
    profile = course.areas.profile
    auc_last = course.auc_last.value or 0.0
    aumc_last = moment(profile, last_day, course.rules.auc)
    beyond = last_value / rate
    moment_beyond = last_value * last_day / rate + last_value / rate**2
    auc, aumc = auc_last + beyond, aumc_last + moment_beyond
    return ToInfinity(
        auc=auc,
        extrapolated_pct=100 * beyond / auc,
        aumc=aumc,
        aumc_extrapolated_pct=100 * moment_beyond / aumc,
    )


def moment(profile: Profile, end_day: float, rule: AucRule) -> float:
    """Return the area under ``day * value`` from the first node to a day of the profile.

    Examples
    --------
    >>> from carflow.kinetics.auc import AucRule, profile_of
    >>> from carflow.kinetics.series import read_series
    >>> moment(profile_of(read_series([0, 1, 2], [0, 2, 2])), 2, AucRule.LINEAR)
    4.0
    """
    pieces = []
    for first, second in pairwise(profile.nodes):
        if first[0] >= end_day:
            break
        logarithmic = is_logarithmic(rule, first, second, profile.peak_day)
        until = min(end_day, second[0])
        end = until, interpolated(until, first, second, logarithmic=logarithmic)
        pieces.append(_segment_moment(first, end, logarithmic=logarithmic))
    return math.fsum(pieces)


def _segment_moment(first: Node, second: Node, *, logarithmic: bool) -> float:
    width = second[0] - first[0]
    steepness = math.log(first[1] / second[1]) if logarithmic else 0.0
    if abs(steepness) < 1e-9:
        return width * (first[0] * first[1] + second[0] * second[1]) / 2
    rate = steepness / width
    ends = (first[0] * first[1] - second[0] * second[1]) / rate
    return ends + segment_area(first, second, logarithmic=True) / rate
