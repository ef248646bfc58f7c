"""How often each sampling day holds the highest value, for many patients at once.

Every sample is drawn anew from its own 95 % interval, and the days on which the highest draw
falls are counted: a parametric bootstrap. A quantified value is log-normal between its limits; a
value below the limit is anything between 0 and its upper limit.

The same standard normal numbers serve every patient: each answer stays an honest draw of its
own, a patient alone and the same patient among ten thousand get the same answer, and the cost is
that of a multiplication. They come from a fixed seed, never from the clock, and are dealt to the
*measured* samples in order of day, so a missed visit or a shift of all days changes nothing.

Why draws where an integral would do: the draws are what a later question (the height, a fold)
can be asked of, and they agree with the integral to the last per cent (tested).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Collection

    from carflow.kinetics.series import Series

Numbers = NDArray[np.float64]

DRAWS = 2000
SEED = 20_240_607
_TWO_Z95 = 2 * 1.959963984540054
_PATIENTS_AT_ONCE = 8  # the drawn values of so many fit the cache


def day_probabilities(
    values: Numbers, lows: Numbers, highs: Numbers, *, draws: int = DRAWS
) -> Numbers:
    """Return how often each visit of each patient holds the highest of newly drawn values.

    Parameters
    ----------
    values, lows, highs : arrays, (patients, visits)
        Visits in order of day, values of 0 or more with their 95 % intervals. NaN in `values` is
        a missing sample. A sample with a `low` above 0 is drawn log-normally; one without is
        drawn evenly between 0 and `high`; one without `high` never holds the highest.
    draws : int
        How many draws for each patient.

    Returns
    -------
    array, (patients, visits)
        Shares that sum to 1 in each row; a row of zeros where no value is above 0.

    Raises
    ------
    ValueError
        If the three arrays differ in shape or are not tables.

    Examples
    --------
    >>> values = np.array([[5.0, 45.0, 70.0, 24.0], [5.0, 45.0, np.nan, 24.0]])
    >>> day_probabilities(values, values / 1.5, values * 1.5).round(2)
    array([[0.  , 0.06, 0.94, 0.  ],
           [0.  , 0.98, 0.  , 0.02]])
    """
    if values.ndim != 2 or values.shape != lows.shape or values.shape != highs.shape:
        raise ValueError(
            "values, lows and highs are tables of one shape, got"
            f" {values.shape}, {lows.shape} and {highs.shape}"
        )
    patients, visits = values.shape
    deviates = np.random.default_rng(SEED).standard_normal((visits, draws))
    shares = np.zeros((patients, visits))
    for start in range(0, patients, _PATIENTS_AT_ONCE):
        rows = slice(start, start + _PATIENTS_AT_ONCE)
        shares[rows] = _shares(values[rows], lows[rows], highs[rows], deviates)
    return shares


def _shares(values: Numbers, lows: Numbers, highs: Numbers, deviates: Numbers) -> Numbers:
    """Return the shares of a few patients, their measured samples dealt to the left."""
    order = np.argsort(np.isnan(values), axis=1, kind="stable")
    value, low, high = (np.take_along_axis(one, order, axis=1) for one in (values, lows, highs))
    patients, visits = values.shape
    best = np.full((patients, deviates.shape[1]), -np.inf)
    winner = np.full(best.shape, -1, dtype=np.int16)
    for visit in range(visits):
        drawn = _drawn(value[:, visit], low[:, visit], high[:, visit], deviates[visit])
        winner[drawn > best] = visit
        np.maximum(best, drawn, out=best)
    shares = np.stack([(winner == visit).mean(axis=1) for visit in range(visits)], axis=1)
    dealt_back = np.empty_like(values)
    np.put_along_axis(dealt_back, order, shares, axis=1)
    return dealt_back


def _drawn(value: Numbers, low: Numbers, high: Numbers, deviates: Numbers) -> Numbers:
    """Return the logarithms of newly drawn values of one visit, (patients, draws)."""
    is_lognormal = (value > 0) & (low > 0) & (high >= low)
    is_below = ~np.isnan(value) & ~is_lognormal & (high > 0)
    centre, spread = np.full(value.shape, -np.inf), np.zeros(value.shape)
    centre[is_lognormal] = np.log(value[is_lognormal])
    spread[is_lognormal] = np.log(high[is_lognormal] / low[is_lognormal]) / _TWO_Z95
    drawn: Numbers = centre[:, None] + spread[:, None] * deviates
    if is_below.any():
        from scipy.special import log_ndtr

        drawn[is_below] = np.log(high[is_below])[:, None] + log_ndtr(deviates)
    return drawn


def span_of_days(series: Series, days: Collection[float]) -> tuple[float, float]:
    """Return the union of the brackets of several sampling days.

    It reaches from the measured sample before the first of them to the one after the last; 0
    and infinity where there is none. Of the days of `Peak.days95` it is the span in which the
    true peak lies with 95 %, as far as measurement error goes and if the curve has one peak.

    Parameters
    ----------
    series : Series
        The samples of the curve.
    days : collection of float
        Sampling days of that curve, at least one.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> span_of_days(read_series([1, 4, 7, 12, 14], [4, 12, 45, 70, 24]), [7, 12])
    (4.0, 14.0)
    """
    if not days:
        raise ValueError("no day to span")
    measured = [sample.day for sample in series.after_infusion]
    earlier = [day for day in measured if day < min(days)]
    later = [day for day in measured if day > max(days)]
    return (max(earlier, default=0.0), min(later, default=float("inf")))
