"""The slope of the last decline (λz) and other straight lines through ``ln(value)``.

Decisions
---------
- The order of two rules decides. WinNonlin first drops the lines that do not fall, then takes
  the best adjusted R²; PKNCA takes the best of all lines, and where that one rises there is no
  slope. A last value that rises by noise costs the patient the slope there, so WinNonlin's
  order is the default; the other is to be had by name.
- What the fit is worth is said beside the number (POOR_FIT, SHORT_SPAN, IMPUTED_TAIL), not
  decided by dropping it. Only an extrapolated area asks for a good fit.
- A tail that is mostly below the limit has its own option, "tobit": one line through everything
  after the peak, in which "below" counts as what it is. It picks nothing, so it needs a tail
  that falls at one rate.
- λz has no interval: the line was picked for its fit, so the usual one would be too narrow.

References
----------
Both orders: PKNCA's documentation (vignettes "half-life" and "tobit"); tests compare with
numbers of Phoenix WinNonlin and of PKNCA. The thresholds are PKNCA's defaults.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from carflow.kinetics.tobit import censored_line
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.series import Sample


Order = Literal["winnonlin", "pknca", "tobit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlopeRule:
    """How the line through the last values is chosen, and what a good one is.

    Parameters
    ----------
    order : "winnonlin", "pknca" or "tobit"
        Whether lines that do not fall are dropped before the best is looked for; "tobit" looks
        for none but draws one line through all values after the highest, those below the limit
        as such (`carflow.kinetics.tobit`).
    min_points : int
        The fewest values a line is drawn through, at least 3.
    include_tmax : bool
        Whether the highest value itself may belong to the decline.
    tolerance : float
        Lines this close in adjusted R² count as equal; the one with more values wins.
    first_day : float, optional
        Only values from this day on, for example 28 where the slope is to be called terminal:
        before, it is that of the contraction.
    min_r_squared, min_span : float
        Below these R² and number of half-lives covered the slope carries a reason.
    max_extrapolated_pct : float
        The largest extrapolated part of an area.
    """

    order: Order = "winnonlin"
    min_points: int = 3
    include_tmax: bool = False
    tolerance: float = 1e-4
    first_day: float | None = None
    min_r_squared: float = 0.9
    min_span: float = 2.0
    max_extrapolated_pct: float = 20.0

    def __post_init__(self) -> None:
        if self.order not in get_args(Order):
            raise ValueError(f'the order is "winnonlin", "pknca" or "tobit", got "{self.order}"')
        if self.min_points < 3:
            raise ValueError(f"a slope needs at least 3 values, got {self.min_points}")


DEFAULT_SLOPE_RULE = SlopeRule()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A least-squares line through ``ln(value)`` against days."""

    n_points: int
    first_day: float
    last_day: float
    slope: float
    intercept: float
    r_squared: float
    slope_error: float

    @property
    def adjusted_r_squared(self) -> float:
        """R² less what so few points give by chance."""
        return 1 - (1 - self.r_squared) * (self.n_points - 1) / (self.n_points - 2)

    @property
    def correlation(self) -> float:
        """The correlation of ``ln(value)`` with days."""
        return math.copysign(math.sqrt(self.r_squared), self.slope)

    @property
    def half_life(self) -> float:
        """``ln 2 / −slope`` [d]; negative where the line rises."""
        return math.log(2) / -self.slope

    @property
    def span(self) -> float:
        """The fitted days in half-lives."""
        return (self.last_day - self.first_day) / self.half_life

    def value_on(self, day: float) -> float:
        """Return the value of the line on a day.

        Examples
        --------
        >>> from carflow.kinetics.series import read_series
        >>> fall = read_series([0, 1, 2], [8.0, 4.0, 2.0]).samples
        >>> round(line_through(fall).value_on(3), 12)
        1.0
        """
        return math.exp(self.intercept + self.slope * day)


def line_through(samples: Sequence[Sample]) -> Line | None:
    """Return the line through at least two quantified samples, None where they are all equal.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> fall = read_series([0, 1, 2], [1.0, 0.5, 0.25]).samples
    >>> round(line_through(fall).half_life, 12)
    1.0
    """
    return lines_to_the_end(samples, len(samples))[0]


def lines_to_the_end(samples: Sequence[Sample], fewest: int) -> list[Line | None]:
    """Return the lines through the last `fewest`, `fewest` + 1, ... samples, up to all.

    Sums run from the last sample backwards and around it, so each line costs one step.
    """
    origin, base = samples[-1].day, math.log(samples[-1].value)
    lines: list[Line | None] = []
    sum_t = sum_y = sum_tt = sum_ty = sum_yy = 0.0
    for count, sample in enumerate(reversed(samples), start=1):
        t, y = sample.day - origin, math.log(sample.value) - base
        sum_t, sum_y = sum_t + t, sum_y + y
        sum_tt, sum_ty, sum_yy = sum_tt + t * t, sum_ty + t * y, sum_yy + y * y
        if count < fewest:
            continue
        spread = sum_tt - sum_t * sum_t / count
        total = sum_yy - sum_y * sum_y / count
        shared = sum_ty - sum_t * sum_y / count
        if total <= 1e-15 * sum_yy or spread <= 0:
            lines.append(None)
            continue
        slope = shared / spread
        rest = max(0.0, total - shared * slope)
        freedom = count - 2
        lines.append(
            Line(
                n_points=count,
                first_day=sample.day,
                last_day=origin,
                slope=slope,
                intercept=base + (sum_y - slope * sum_t) / count - slope * origin,
                r_squared=min(1.0, shared * slope / total),
                slope_error=math.sqrt(rest / freedom / spread) if freedom else math.inf,
            )
        )
    return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """The line of the last decline, or the reason there is none."""

    line: Line | None = None
    reason: Reason = Reason.NONE

    @property
    def lambda_z(self) -> Measure:
        """The rate of the decline [1/d], positive."""
        if self.line is None:
            return Measure.missing(Unit.PER_DAY, self.reason)
        return Measure(unit=Unit.PER_DAY, value=-self.line.slope, reason=self.reason)

    @property
    def half_life(self) -> Measure:
        """The half-life of the decline [d]."""
        if self.line is None:
            return Measure.missing(Unit.DAY, self.reason)
        return Measure(unit=Unit.DAY, value=self.line.half_life, reason=self.reason)

    def may_extrapolate(self, rule: SlopeRule = DEFAULT_SLOPE_RULE) -> bool:
        """Return whether an area may be extrapolated: a good fit of values that were measured."""
        return (
            self.line is not None
            and self.line.r_squared >= rule.min_r_squared
            and self.reason is not Reason.IMPUTED_TAIL
        )


def last_decline(
    samples: Sequence[Sample], top: Sample | None, rule: SlopeRule = DEFAULT_SLOPE_RULE
) -> Decline:
    """Return the last decline after the sample `top`.

    Parameters
    ----------
    samples : sequence of Sample
        In order of day; those below the limit are passed over.
    top : Sample or None
        The highest sample; None where there is none.
    rule : SlopeRule
        How the line is chosen.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> course = read_series([1, 2, 3, 4, 5, 6], [20, 10, 5, 2, 2.2, 2.42]).samples
    >>> round(last_decline(course, course[0]).line.half_life, 6)
    1.894561
    >>> last_decline(course, course[0], SlopeRule(order="pknca")).reason.meaning
    'no declining phase to fit'
    """
    late = [] if top is None else [one for one in samples if _is_late(one, top, rule)]
    tail = [one for one in late if one.quantified]
    if len(tail) < rule.min_points:
        return Decline(reason=Reason.TOO_FEW_VALUES)
    if rule.order == "tobit":
        line = _tobit_line(late)
    else:
        lines = [line for line in lines_to_the_end(tail, rule.min_points) if line is not None]
        line = _chosen(lines, rule)
    if line is None:
        return Decline(reason=Reason.NO_DECLINE)
    return Decline(line=line, reason=_worth(line, tail, rule))


def _is_late(sample: Sample, top: Sample, rule: SlopeRule) -> bool:
    late = sample.day > top.day or (rule.include_tmax and sample.day == top.day)
    return late and (rule.first_day is None or sample.day >= rule.first_day)


def _tobit_line(late: Sequence[Sample]) -> Line | None:
    """Return the line through all late samples, those below the limit as such, if it falls."""
    worth = [one.value if one.quantified else (one.limit or one.high or 0.0) for one in late]
    unknown = next((one.day for one, value in zip(late, worth, strict=True) if not value), None)
    if unknown is not None:
        raise ValueError(
            f"a slope that counts values below the limit needs that limit on day {unknown:g}: "
            "give lloq for every value"
        )
    found = censored_line(
        [one.day for one in late],
        [math.log(value) for value in worth],
        [not one.quantified for one in late],
    )
    if found is None or found.slope >= 0:
        return None
    seen = [(one.day, math.log(one.value)) for one in late if one.quantified]
    mean = math.fsum(y for _, y in seen) / len(seen)
    total = math.fsum((y - mean) ** 2 for _, y in seen)
    rest = math.fsum((y - found.intercept - found.slope * day) ** 2 for day, y in seen)
    return Line(
        n_points=len(late),
        first_day=late[0].day,
        last_day=late[-1].day,
        slope=found.slope,
        intercept=found.intercept,
        r_squared=max(0.0, 1 - rest / total) if total else 0.0,
        slope_error=found.slope_error,
    )


def _chosen(lines: Sequence[Line], rule: SlopeRule) -> Line | None:
    """Return the best line, and of equally good ones that with most values."""
    falling = [line for line in lines if line.slope < 0]
    compared = falling if rule.order == "winnonlin" else lines
    if not compared:
        return None
    best = max(line.adjusted_r_squared for line in compared)
    good = [line for line in falling if line.adjusted_r_squared > best - rule.tolerance]
    return good[-1] if good else None


def _worth(line: Line, tail: Sequence[Sample], rule: SlopeRule) -> Reason:
    values = [sample.value for sample in tail]
    if values[-1] == values[-2] == min(values):
        return Reason.IMPUTED_TAIL
    if line.r_squared < rule.min_r_squared:
        return Reason.POOR_FIT
    return Reason.SHORT_SPAN if line.span < rule.min_span else Reason.NONE
