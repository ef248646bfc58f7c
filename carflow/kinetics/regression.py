"""Lines through two measurements that both have errors: Deming and Passing–Bablok.

Ordinary least squares takes one method as free of error and is too flat for two methods.

References
----------
Deming: Linnet K. Clin Chem 1993; 39:424-432, intervals by the jackknife. Passing H, Bablok W.
J Clin Chem Clin Biochem 1983; 21:709-720.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from carflow.quantify.intervals import Z95, Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEWEST_PAIRS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodLine:
    """``y = intercept + slope * x`` between two methods, with 95 % intervals of both."""

    slope: float
    intercept: float
    slope_interval: Interval
    intercept_interval: Interval


def deming(x: Sequence[float], y: Sequence[float], *, variance_ratio: float = 1.0) -> MethodLine:
    """Return the Deming line.

    Parameters
    ----------
    x, y : sequences of float, (n,)
        At least three pairs.
    variance_ratio : float
        Error variance of y over that of x; 1 is orthogonal regression.

    Raises
    ------
    ValueError
        For fewer pairs, columns of different length, or values that are all alike.

    Examples
    --------
    >>> line = deming([1, 2, 3, 4], [2.1, 3.9, 6.1, 7.9])
    >>> print(f"{line.slope:.3f} {line.intercept:.3f}")
    1.963 0.094
    """
    first, second = _columns(x, y)
    if not variance_ratio > 0:
        raise ValueError(f"a ratio of variances lies above 0, got {variance_ratio}")
    slope, intercept = _deming(first, second, variance_ratio)
    count = len(first)
    left_out = np.array(
        [
            _deming(np.delete(first, one), np.delete(second, one), variance_ratio)
            for one in range(count)
        ]
    )
    pseudo = count * np.array([slope, intercept]) - (count - 1) * left_out
    errors = pseudo.std(axis=0, ddof=1) / math.sqrt(count)
    reach = float(stdtrit(count - 2, 0.975)) * errors
    return MethodLine(
        slope=slope,
        intercept=intercept,
        slope_interval=Interval(slope - float(reach[0]), slope + float(reach[0])),
        intercept_interval=Interval(intercept - float(reach[1]), intercept + float(reach[1])),
    )


def _deming(x: NDArray[np.float64], y: NDArray[np.float64], ratio: float) -> tuple[float, float]:
    xx, yy = float(((x - x.mean()) ** 2).sum()), float(((y - y.mean()) ** 2).sum())
    xy = float(((x - x.mean()) * (y - y.mean())).sum())
    if xy == 0:
        raise ValueError("the two methods do not vary together: there is no line")
    difference = yy - ratio * xx
    slope = (difference + math.sqrt(difference**2 + 4 * ratio * xy**2)) / (2 * xy)
    return slope, float(y.mean() - slope * x.mean())


def passing_bablok(x: Sequence[float], y: Sequence[float]) -> MethodLine:
    """Return the Passing–Bablok line: the shifted median of all slopes between pairs.

    It asks for no distribution of errors, only that the methods rise together.

    Raises
    ------
    ValueError
        As `deming`.

    Examples
    --------
    >>> line = passing_bablok([1, 2, 3, 4, 5], [2, 4, 6, 8, 30])
    >>> line.slope, line.intercept
    (2.0, 0.0)
    """
    first, second = _columns(x, y)
    slopes, offset = _pair_slopes(first, second)
    slope = _shifted_median(slopes, offset)
    count, total = len(first), len(slopes)
    reach = Z95 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    lowest = max(1, round((total - reach) / 2))
    highest = total - lowest + 1
    low = float(slopes[min(total, lowest + offset) - 1])
    high = float(slopes[min(total, highest + offset) - 1])
    return MethodLine(
        slope=slope,
        intercept=_intercept(first, second, slope),
        slope_interval=Interval(low, high),
        intercept_interval=Interval(
            _intercept(first, second, high), _intercept(first, second, low)
        ),
    )


def _pair_slopes(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Return the sorted slopes of all pairs, and how many lie below −1.

    Identical points have no slope, and a slope of exactly −1 speaks for neither side.
    """
    one, other = np.triu_indices(len(x), k=1)
    rise, run = y[other] - y[one], x[other] - x[one]
    differs = (rise != 0) | (run != 0)
    rise, run = rise[differs], run[differs]
    slopes = np.where(run != 0, rise / np.where(run == 0, 1.0, run), np.copysign(np.inf, rise))
    slopes = np.sort(slopes[slopes != -1])
    if not len(slopes):
        raise ValueError("the two methods do not vary together: there is no line")
    return slopes, int((slopes < -1).sum())


def _intercept(x: NDArray[np.float64], y: NDArray[np.float64], slope: float) -> float:
    """Return the median intercept; an upright line has none but infinity."""
    return float(np.median(y - slope * x)) if math.isfinite(slope) else -slope


def _shifted_median(slopes: NDArray[np.float64], offset: int) -> float:
    count = len(slopes)
    middle = [(count + 1) // 2] if count % 2 else [count // 2, count // 2 + 1]
    return float(np.mean([slopes[min(count, place + offset) - 1] for place in middle]))


def _columns(
    x: Sequence[float], y: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"pairs need as many x as y, got {first.size} and {second.size}")
    if len(first) < FEWEST_PAIRS:
        raise ValueError(f"a line needs at least {FEWEST_PAIRS} pairs, got {len(first)}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("pairs hold finite numbers")
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        raise ValueError("all values of one method are alike: there is no line")
    return first, second
