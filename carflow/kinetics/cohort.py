"""The time to peak of a cohort, and what the sampling days leave open of it.

The published convention is the median of the observed days. It is computed, and beside it what
it hides: every observed day is a sampling day, and more patients do not make the grid finer.

- **Observed median** with its order-statistic interval (ranks k and n + 1 - k, k the largest with
  P(Bin(n, 1/2) <= k - 1) <= 0.025; none below six patients). It is an interval for the median of
  *observed* days under the same sampling, not for that of the true peaks.
- **Peaks not reached** count as later: such a day lies anywhere from the last sample on. The
  median then is a span, and a number only where both ends agree.
- **Bounds**: every true peak lies in its bracket, so the median of the true peaks lies between
  the median of the left and that of the right ends; with sampling error, between the k-th left
  end and the (n + 1 - k)-th right end. No distribution is assumed.
- **Turnbull's estimate** of the brackets, with its caveat: they are drawn around the highest
  value and not independently of the peak, which pulls the estimate late.
- **Geometric** means and CVs of heights and areas.

Patients without expansion have no time to peak and are counted apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carflow.kinetics.turnbull import Turnbull, turnbull
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.peak import Peak

Span = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeometricMean:
    """The geometric mean and geometric CV of one parameter over patients.

    Parameters
    ----------
    mean : Measure
        exp(mean ln x), with the 95 % interval of Student's t on the log scale.
    cv_pct : float or None
        100 sqrt(exp(s²) - 1), with s the standard deviation of ln x; None for one patient.
    n : int
        How many patients have a value.
    n_without : int
        How many have none, or one that is not above 0.
    """

    mean: Measure
    cv_pct: float | None
    n: int
    n_without: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The times to peak of a cohort; every span may end at infinity.

    Parameters
    ----------
    n_patients : int
        Everyone.
    n_peaks : int
        Patients with an observed peak, reached or not.
    n_not_reached : int
        Of these, patients whose peak may be later.
    n_without : int
        Patients without expansion, or without a value to judge by; they are in no median.
    median : Measure
        The median of the observed days [d] with its order-statistic interval, or why there is
        no single one.
    median_span : (float, float)
        From the median with every peak that was not reached at its last sample, to the median
        with them never.
    order_span : (float, float) or None
        The order-statistic interval in the same sense; None below six patients.
    bounds : (float, float)
        The median of the true peaks lies here if every bracket holds its peak. Like all spans,
        None where nobody has a peak.
    bounds95 : (float, float) or None
        The same with sampling error; None below six patients.
    resolution : (float, float) or None
        The shortest and the longest gap between the samples around the median.
    observed_range : (float, float) or None
        The first and the last day of a highest value.
    turnbull : Turnbull or None
        The NPMLE of the brackets.
    """

    n_patients: int
    n_peaks: int
    n_not_reached: int
    n_without: int
    median: Measure
    median_span: Span | None = None
    order_span: Span | None = None
    bounds: Span | None = None
    bounds95: Span | None = None
    resolution: Span | None = None
    observed_range: Span | None = None
    turnbull: Turnbull | None = None

    def as_row(self) -> dict[str, str | float | None]:
        """Return the cohort as one row of plain values; an end at infinity is None.

        Examples
        --------
        >>> row = cohort([7, 12], [(4, 12), (7, math.inf)]).as_row()
        >>> row["bounds_low"], row["bounds_high"], row["median_low"], row["median_high"]
        (5.5, None, 9.5, None)
        """
        spans = {
            "median": self.median_span,
            "order": self.order_span,
            "bounds": self.bounds,
            "bounds95": self.bounds95,
            "resolution": self.resolution,
            "observed": self.observed_range,
            "turnbull": None if self.turnbull is None else self.turnbull.median,
        }
        row: dict[str, str | float | None] = {
            "n_patients": self.n_patients,
            "n_peaks": self.n_peaks,
            "n_not_reached": self.n_not_reached,
            "n_without": self.n_without,
            "median": self.median.value,
            "reason": str(self.median.reason),
        }
        for name, span in spans.items():
            low, high = span or (math.inf, math.inf)
            row[f"{name}_low"] = low if math.isfinite(low) else None
            row[f"{name}_high"] = high if math.isfinite(high) else None
        return row


def cohort(
    days: Sequence[float | None],
    brackets: Sequence[tuple[float, float]],
    *,
    reasons: Sequence[Reason | str] | None = None,
) -> Cohort:
    """Return the time to peak of a cohort from plain columns, one row for each patient.

    Parameters
    ----------
    days : sequence of float, (n,)
        The day of the highest value [d]; None or NaN for a patient without a peak.
    brackets : sequence of (float, float), (n,)
        The sampling days before and after it; infinity for an end that is open.
    reasons : sequence of Reason, (n,), optional
        PEAK_NOT_REACHED marks a peak that counts as later. Without it, an open bracket does.

    Returns
    -------
    Cohort

    Raises
    ------
    ValueError
        For columns of different length, or a day outside its bracket.

    Examples
    --------
    >>> days, brackets = [7, 12, 12, 14, 12, 7], [(4, 12), (7, 14), (7, 14), (12, 21)]
    >>> found = cohort(days, [*brackets, (7, 14), (4, 12)])
    >>> print(found.median, found.bounds, found.bounds95, found.resolution)
    12 d [7, 14] (7.0, 14.0) (4.0, 21.0) (2.0, 5.0)
    """
    count = len(days)
    for name, column in (("brackets", brackets), ("reasons", reasons)):
        if column is not None and len(column) != count:
            raise ValueError(f"{count} days, but {len(column)} {name}")
    rows = [
        (float(day), (float(bracket[0]), float(bracket[1])), _is_open(bracket, reasons, row))
        for row, (day, bracket) in enumerate(zip(days, brackets, strict=True))
        if day is not None and not math.isnan(day)
    ]
    for day, (left, right), _ in rows:
        if not left <= day <= right:
            raise ValueError(f"day {day:g} lies outside its bracket, {left:g} to {right:g}")
    return _cohort(rows, count) if rows else _without_peaks(count)


def cohort_of(peaks: Sequence[Peak]) -> Cohort:
    """Return the time to peak of a cohort of peaks; `cohort` tells the rules.

    Examples
    --------
    >>> from carflow.kinetics.peak import estimate_peak
    >>> courses = ([4.0, 45.0, 24.0], [9.0, 45.0, 70.0], [0.0, 0.0, 0.0])
    >>> found = cohort_of([estimate_peak([7, 12, 14], values) for values in courses])
    >>> found.n_peaks, found.n_not_reached, found.n_without
    (2, 1, 1)
    >>> found.median_span, found.bounds
    ((13.0, inf), (9.5, inf))
    """
    return cohort(
        [peak.day.value for peak in peaks],
        [peak.bracket for peak in peaks],
        reasons=[peak.reason for peak in peaks],
    )


def _is_open(bracket: Span, reasons: Sequence[Reason | str] | None, row: int) -> bool:
    if reasons is None:
        return math.isinf(bracket[1])
    return Reason(reasons[row]) is Reason.PEAK_NOT_REACHED


def _cohort(rows: Sequence[tuple[float, Span, bool]], n_patients: int) -> Cohort:
    """Return the cohort of (day, bracket, whether the peak was not reached)."""
    earliest = sorted(day for day, _, _ in rows)
    latest = sorted(math.inf if is_open else day for day, _, is_open in rows)
    lefts = [left for _, (left, _), _ in rows]
    rights = [math.inf if is_open else right for _, (_, right), is_open in rows]
    median_span = middle(earliest), middle(latest)
    order_span = order_interval(earliest, latest)
    return Cohort(
        n_patients=n_patients,
        n_peaks=len(rows),
        n_not_reached=sum(is_open for _, _, is_open in rows),
        n_without=n_patients - len(rows),
        median=_median(median_span, order_span),
        median_span=median_span,
        order_span=order_span,
        bounds=(middle(lefts), middle(rights)),
        bounds95=order_interval(lefts, rights),
        resolution=_resolution(rows, median_span[0]),
        turnbull=turnbull(lefts, rights),
        observed_range=(earliest[0], earliest[-1]),
    )


def _without_peaks(n_patients: int) -> Cohort:
    return Cohort(
        n_patients=n_patients,
        n_peaks=0,
        n_not_reached=0,
        n_without=n_patients,
        median=Measure.missing(Unit.DAY, Reason.NO_VALUES),
    )


def middle(values: Sequence[float]) -> float:
    """Return the median of values, at least one, that may be infinite.

    Examples
    --------
    >>> middle([7.0, math.inf, 12.0, 14.0]), middle([7.0, math.inf])
    (13.0, inf)
    """
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def order_rank(n: int) -> int:
    """Return the rank k of the order-statistic interval of a median; 0 where there is none.

    The largest k with P(Bin(n, 1/2) <= k - 1) <= 0.025.

    Examples
    --------
    >>> order_rank(32), order_rank(6), order_rank(5)
    (10, 1, 0)
    """
    below, rank = 0, 0
    for successes in range(n):
        below += math.comb(n, successes)
        if below / 2**n > 0.025:
            break
        rank = successes + 1
    return rank


def order_interval(lows: Sequence[float], highs: Sequence[float]) -> Span | None:
    """Return (lows_(k), highs_(n+1-k)): the interval of a median of values known within spans."""
    rank = order_rank(len(lows))
    if not rank:
        return None
    return sorted(lows)[rank - 1], sorted(highs)[len(highs) - rank]


def _median(span: Span, order_span: Span | None) -> Measure:
    """Return the median as a number where there is one."""
    if span[0] != span[1] or math.isinf(span[1]):
        return Measure.missing(Unit.DAY, Reason.MEDIAN_OPEN)
    if order_span is None:
        return Measure(unit=Unit.DAY, value=span[0], reason=Reason.FEW_PATIENTS)
    if math.isinf(order_span[1]):
        return Measure(unit=Unit.DAY, value=span[0], reason=Reason.PEAK_NOT_REACHED)
    return Measure(unit=Unit.DAY, value=span[0], low=order_span[0], high=order_span[1])


def _resolution(rows: Sequence[tuple[float, Span, bool]], median: float) -> Span | None:
    """Return the shortest and longest gap, beside a highest value, that holds the median."""
    gaps = [
        second - first
        for day, (left, right), _ in rows
        for first, second in ((left, day), (day, right))
        if first <= median <= second and 0 < second - first < math.inf
    ]
    return (min(gaps), max(gaps)) if gaps else None


def geometric_mean(measures: Sequence[Measure], *, unit: Unit) -> GeometricMean:
    """Return the geometric mean and geometric CV of a parameter, such as Cmax or AUC.

    Parameters
    ----------
    measures : sequence of Measure
        One for each patient; those without a value or with 0 are counted, not averaged. If
        nobody has one, the reason is the one that all share, else NO_VALUES.
    unit : Unit
        The unit of all of them.

    Raises
    ------
    ValueError
        If a value has another unit.

    Examples
    --------
    >>> heights = [Measure(unit=Unit.CELLS_PER_UL, value=value) for value in (20.0, 40.0, 80.0)]
    >>> found = geometric_mean(heights, unit=Unit.CELLS_PER_UL)
    >>> print(f"{found.mean.value:.1f} {found.cv_pct:.1f} % of {found.n}")
    40.0 78.5 % of 3
    """
    strange = next((one.unit for one in measures if one.unit is not unit), None)
    if strange is not None:
        raise ValueError(f"a mean in {unit} has no place for a value in {strange}")
    logs = np.log([one.value for one in measures if one.value is not None and one.value > 0])
    n_without = len(measures) - len(logs)
    if not len(logs):
        reasons = {one.reason for one in measures}
        shared = reasons.pop() if len(reasons) == 1 else Reason.NONE
        missing = Measure.missing(unit, shared or Reason.NO_VALUES)
        return GeometricMean(mean=missing, cv_pct=None, n=0, n_without=n_without)
    centre = float(logs.mean())
    if len(logs) == 1:
        single = Measure(unit=unit, value=math.exp(centre), reason=Reason.TOO_FEW_VALUES)
        return GeometricMean(mean=single, cv_pct=None, n=1, n_without=n_without)
    from scipy.special import stdtrit

    deviation = float(logs.std(ddof=1))
    reach = float(stdtrit(len(logs) - 1, 0.975)) * deviation / math.sqrt(len(logs))
    return GeometricMean(
        mean=Measure(
            unit=unit,
            value=math.exp(centre),
            low=math.exp(centre - reach),
            high=math.exp(centre + reach),
        ),
        cv_pct=100.0 * math.sqrt(math.expm1(deviation**2)),
        n=len(logs),
        n_without=n_without,
    )
