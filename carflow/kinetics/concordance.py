"""Two methods on the same samples: pairs, log ratio, line, and agreement at the limits.

Decisions
---------
- Only pairs that both methods quantified enter the ratio and the line; a value below a limit is
  no number. Those pairs are counted in the 2 × 2 table instead, so that they are not lost.
- Everything is on the log scale: counts and copies span decades, and their errors are relative.
- Flow and qPCR have different units, so their ratio is no bias; its constancy is what agrees.
  A slope of 1 is expected only while copies per cell and the DNA's cells stay the same.

References
----------
Bland JM, Altman DG. Lancet 1986; 327:307-310; Stat Methods Med Res 1999; 8:135-160 (intervals).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import stdtrit

from carflow.kinetics.regression import FEWEST_PAIRS, MethodLine, deming, passing_bablok
from carflow.kinetics.spreads import read_measured
from carflow.measure import Measure
from carflow.quantify.intervals import Interval, share_interval
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from carflow.kinetics.columns import Cell
    from carflow.kinetics.series import Sample, Series

    Columns = tuple[Sequence[float], Sequence[Cell]]


class Pair(NamedTuple):
    """One sample of each method, of the same draw."""

    first: Sample
    second: Sample


def paired(first: Series, second: Series, *, within_days: float = 1.0) -> tuple[Pair, ...]:
    """Return each sample of one method with the nearest of the other, each used once.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> flow, pcr = read_series([7, 14, 28], [1, 2, 3]), read_series([7.5, 20, 28], [10, 20, 30])
    >>> [(pair.first.day, pair.second.day) for pair in paired(flow, pcr)]
    [(7.0, 7.5), (28.0, 28.0)]
    """
    distances = sorted(
        (abs(one.day - other.day), at, there)
        for at, one in enumerate(first.samples)
        for there, other in enumerate(second.samples)
        if abs(one.day - other.day) <= within_days
    )
    taken: dict[int, int] = {}
    for _, at, there in distances:
        if at not in taken and there not in taken.values():
            taken[at] = there
    return tuple(
        Pair(first.samples[at], second.samples[there]) for at, there in sorted(taken.items())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitTable:
    """How many pairs each method quantified, and how often they agree about it."""

    both: int
    first_only: int
    second_only: int
    neither: int

    @property
    def agreement(self) -> Measure:
        """The share of pairs in which both or neither quantified [%], with its interval."""
        count = self.both + self.first_only + self.second_only + self.neither
        if not count:
            return Measure.missing(Unit.PERCENT, Reason.TOO_FEW_PAIRS)
        same = self.both + self.neither
        low, high = share_interval(same, count).times(100.0)
        return Measure(unit=Unit.PERCENT, value=100.0 * same / count, low=low, high=high)


def at_limits(pairs: Sequence[Pair]) -> LimitTable:
    """Return the 2 × 2 table of pairs at the limits of quantification.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> flow, pcr = read_series([1, 4, 7], [0, 0, 5]), read_series([1, 4, 7], [0, 60, 900])
    >>> at_limits(paired(flow, pcr))
    LimitTable(both=1, first_only=0, second_only=1, neither=1)
    """
    seen = [(pair.first.quantified, pair.second.quantified) for pair in pairs]
    return LimitTable(
        both=seen.count((True, True)),
        first_only=seen.count((True, False)),
        second_only=seen.count((False, True)),
        neither=seen.count((False, False)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRatio:
    """Bland–Altman on ``ln(first / second)``, as ratios.

    `ratio` is the geometric mean with its interval; `limits` hold 95 % of the ratios, and the
    two intervals tell how well each limit is known.
    """

    n_pairs: int
    ratio: Measure
    limits: Interval
    lower_limit_interval: Interval
    upper_limit_interval: Interval


def bland_altman(pairs: Sequence[Pair]) -> LogRatio | Reason:
    """Return the agreement of the pairs that both methods quantified.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> pairs = paired(read_series([1, 4, 7], [1, 2, 4]), read_series([1, 4, 7], [1, 1, 1]))
    >>> found = bland_altman(pairs)
    >>> print(found.ratio)
    2 ratio [0.357462, 11.19]
    """
    first, second = _logarithms(pairs)
    count = len(first)
    if count < FEWEST_PAIRS:
        return Reason.TOO_FEW_PAIRS
    differences = first - second
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    t = float(stdtrit(count - 1, 0.975))
    error = spread / math.sqrt(count)
    z = 1.959963984540054
    limit_error = spread * math.sqrt(1 / count + z**2 / (2 * (count - 1)))
    low, high = mean - z * spread, mean + z * spread
    return LogRatio(
        n_pairs=count,
        ratio=Measure(
            unit=Unit.RATIO,
            value=math.exp(mean),
            low=math.exp(mean - t * error),
            high=math.exp(mean + t * error),
        ),
        limits=Interval(math.exp(low), math.exp(high)),
        lower_limit_interval=_around(low, t * limit_error),
        upper_limit_interval=_around(high, t * limit_error),
    )


def _around(centre: float, reach: float) -> Interval:
    return Interval(math.exp(centre - reach), math.exp(centre + reach))


@dataclass(frozen=True, slots=True, kw_only=True)
class Concordance:
    """Everything two methods say about each other; parts are missing with `reason`."""

    table: LimitTable
    log_ratio: LogRatio | None = None
    deming: MethodLine | None = None
    passing_bablok: MethodLine | None = None
    spearman: float | None = None
    reason: Reason = Reason.NONE


def concordance(
    first: Series | Columns,
    second: Series | Columns,
    *,
    within_days: float = 1.0,
    variance_ratio: float = 1.0,
) -> Concordance:
    """Compare two methods on the samples of one subject.

    Parameters
    ----------
    first, second : Series, or (days, values)
        The two methods; lines are ``log10(second)`` against ``log10(first)``. Values of 0 and
        missing ones are told as by `carflow.nca`; a Series knows of other limits
        (`carflow.kinetics.series.read_series`).
    within_days : float
        How far apart two samples may be to count as one draw.
    variance_ratio : float
        Error variance of the second over the first, on the log scale, for the Deming line.

    Examples
    --------
    >>> days = [1, 4, 7, 12, 14]
    >>> flow, pcr = [0.0, 1.0, 10.0, 100.0, 50.0], [0.0, 200.0, 2000.0, 20_000.0, 10_000.0]
    >>> found = concordance((days, flow), (days, pcr))
    >>> round(found.passing_bablok.slope, 9), found.spearman, found.table.neither
    (1.0, 1.0, 1)
    """
    one, other = (
        read_measured(*method) if isinstance(method, tuple) else method
        for method in (first, second)
    )
    return concordance_of(
        paired(one, other, within_days=within_days), variance_ratio=variance_ratio
    )


def concordance_of(pairs: Sequence[Pair], *, variance_ratio: float = 1.0) -> Concordance:
    """Compare two methods on pairs of samples, of one subject or of several."""
    table = at_limits(pairs)
    one, other = (logs / math.log(10) for logs in _logarithms(pairs))
    found = bland_altman(pairs)
    if isinstance(found, Reason) or np.ptp(one) == 0 or np.ptp(other) == 0:
        return Concordance(table=table, reason=Reason.TOO_FEW_PAIRS)
    x, y = one.tolist(), other.tolist()
    return Concordance(
        table=table,
        log_ratio=found,
        deming=deming(x, y, variance_ratio=variance_ratio),
        passing_bablok=passing_bablok(x, y),
        spearman=spearman(x, y),
    )


def _logarithms(
    pairs: Sequence[Pair],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    both = [pair for pair in pairs if pair.first.quantified and pair.second.quantified]
    first = np.array([math.log(pair.first.value) for pair in both])
    second = np.array([math.log(pair.second.value) for pair in both])
    return first, second


def spearman(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the rank correlation; equal values share their mean rank.

    Examples
    --------
    >>> spearman([1, 2, 3, 4], [10, 20, 40, 30])
    0.8
    """
    one, other = _ranks(x), _ranks(y)
    one, other = one - one.mean(), other - other.mean()
    return round(float((one * other).sum() / math.sqrt((one**2).sum() * (other**2).sum())), 12)


def _ranks(values: Sequence[float]) -> NDArray[np.float64]:
    unique, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    del unique
    mean_ranks = ends - (counts - 1) / 2
    ranks: NDArray[np.float64] = mean_ranks[place]
    return ranks
