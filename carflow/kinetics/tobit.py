"""A straight line through values of which some are known only to lie below a limit.

The likelihood of a censored value is the chance of lying below its limit (Tobin's regression,
in pharmacokinetics Beal's method M3): neither is it dropped, which makes a decline too flat,
nor is a number put in for it.

Why Newton in 1/sigma and slope/sigma: in these the logarithm of the likelihood is concave, so
the answer depends on no starting value.

References
----------
Tobin J. Econometrica 1958; 26:24-36. Olsen RJ. Econometrica 1978; 46:1211-1215 (concavity).
Beal SL. J Pharmacokinet Pharmacodyn 2001; 28:481-504 (M3).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import log_ndtr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_MOST_STEPS = 100
_DECREMENT = 1e-16
_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


class CensoredLine(NamedTuple):
    """``y = intercept + slope * x`` with the residual SD and the standard error of the slope."""

    intercept: float
    slope: float
    sigma: float
    slope_error: float


def censored_line(
    x: Sequence[float], y: Sequence[float], is_below: Sequence[bool]
) -> CensoredLine | None:
    """Return the most likely line, None where the values do not determine one.

    Parameters
    ----------
    x : sequence of float, (n,)
        Days.
    y : sequence of float, (n,)
        Values, or where `is_below` the limits they lie below.
    is_below : sequence of bool, (n,)
        Which ones are censored. At least three others, of different x, are needed.

    Examples
    --------
    >>> line = censored_line([1, 2, 3, 4], [8.1, 5.9, 4.1, 2.5], [False, False, False, True])
    >>> print(f"{line.slope:.3f} {line.sigma:.3f}")
    -2.000 0.094
    """
    below = np.asarray(is_below, dtype=bool)
    days, values = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if (~below).sum() < 3 or np.ptp(days[~below]) == 0:
        return None
    shift, unit = days.mean(), max(float(np.ptp(days)), 1e-12)
    design = np.column_stack([np.ones(len(days)), (days - shift) / unit])
    seen, *_ = np.linalg.lstsq(design[~below], values[~below], rcond=None)
    rest = values[~below] - design[~below] @ seen
    sigma = math.sqrt(float((rest**2).mean()))
    if sigma <= 1e-9 * max(1.0, float(np.abs(values).max())):
        if (design[below] @ seen <= values[below]).all():
            return _in_days(seen, 0.0, 0.0, shift, unit)
        sigma = 1e-3
    found = _most_likely(design, values, below, np.array([*(seen / sigma), 1 / sigma]))
    if found is None:
        return None
    parameters, information = found
    covariance = np.linalg.inv(information)
    theta = float(parameters[2])
    # slope = parameters[1] / parameters[2]: its error by the delta method
    gradient = np.array([0.0, 1 / theta, -float(parameters[1]) / theta**2])
    error = math.sqrt(max(0.0, float(gradient @ covariance @ gradient)))
    return _in_days(parameters[:2] / theta, 1 / theta, error, shift, unit)


def _in_days(
    line: NDArray[np.float64], sigma: float, error: float, shift: float, unit: float
) -> CensoredLine:
    slope = float(line[1]) / unit
    return CensoredLine(float(line[0]) - slope * shift, slope, sigma, error / unit)


def _most_likely(
    design: NDArray[np.float64],
    values: NDArray[np.float64],
    below: NDArray[np.bool_],
    parameters: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the parameters of the greatest likelihood and the observed information there."""
    rows = np.column_stack([-design, values])  # a row times the parameters: standardised residual
    for _ in range(_MOST_STEPS):
        gradient, information = _derivatives(rows, below, parameters)
        try:
            step = np.asarray(np.linalg.solve(information, gradient), dtype=np.float64)
        except np.linalg.LinAlgError:
            return None
        # half the decrement is what the likelihood still can gain
        if float(gradient @ step) < _DECREMENT:
            return parameters, information
        parameters = _better(rows, below, parameters, step)
    return None


def _better(
    rows: NDArray[np.float64],
    below: NDArray[np.bool_],
    parameters: NDArray[np.float64],
    step: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the parameters a step on, or half of it and so forth, whichever is no worse."""
    current = _log_likelihood(rows, below, parameters)
    for halvings in range(40):
        tried: NDArray[np.float64] = parameters + step / 2**halvings
        if tried[2] > 0 and _log_likelihood(rows, below, tried) >= current - 1e-9:
            return tried
    return parameters


def _log_likelihood(
    rows: NDArray[np.float64], below: NDArray[np.bool_], parameters: NDArray[np.float64]
) -> float:
    standardised = rows @ parameters
    seen = standardised[~below]
    total = len(seen) * math.log(float(parameters[2])) - 0.5 * float((seen**2).sum())
    return total + float(log_ndtr(standardised[below]).sum())


def _derivatives(
    rows: NDArray[np.float64], below: NDArray[np.bool_], parameters: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the gradient of the log-likelihood and its negative second derivatives."""
    standardised = rows @ parameters
    inverse_mills = np.exp(-0.5 * standardised**2 - _HALF_LOG_TWO_PI - log_ndtr(standardised))
    pull = np.where(below, inverse_mills, -standardised)
    bend = np.where(below, inverse_mills * (standardised + inverse_mills), 1.0)
    gradient = rows.T @ pull
    information = (rows * bend[:, None]).T @ rows
    n_seen, theta = int((~below).sum()), float(parameters[2])
    gradient[2] += n_seen / theta
    information[2, 2] += n_seen / theta**2
    return gradient, information
