"""Growth that turns into decline, on a log scale: the curve and its profile over the peak day.

The curve, with u the time since the peak [d], is y = h + c g(u). Its slope is ``growth`` before
the bend and ``-decline`` after it; inside the bend, 2 ``half_bend`` days long, the slope falls
evenly, so y is a parabola there (a *bent cable*: Chiu, Lockhart and Routledge, J Am Stat Assoc
2006;101:542-553). Without a bend it is the sharp switch of Stein 2019. With c = growth + decline,
s = growth / c and w = half_bend::

    g(u) = -u²/(4w)                        from -2ws to 2w(1-s)
    g(u) = -ws² + s (u + 2ws)              before
    g(u) = -w(1-s)² - (1-s)(u - 2w(1-s))   after

The peak is at u = 0 for every s and w, so the day of the peak is a parameter and not a result.
h and c follow by weighted least squares; s and the day run over grids. That is a few ten thousand
straight lines, done at once, without a starting value and without a local minimum.

Only the curve lives here. Which samples may be fitted, and what may be said of the result, is
decided in `peak_model`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Numbers = NDArray[np.float64]

DAY_STEP = 0.1
CHI2_95 = 3.841458820694124  # of one degree of freedom
_SPLIT_STEP = 0.375  # of ln(growth / decline)
_LOGITS, _FINER = np.arange(-12, 13) * _SPLIT_STEP, np.linspace(-1, 1, 17) * _SPLIT_STEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The smallest chi-square for each day of the peak, and the best curve of all.

    `chi2` belongs to `days`; `growth` and `decline` [1/d] and `half_bend` [d] are of the best
    curve, whose peak is on `day`; `samples` is how many values it passes through.
    """

    days: Numbers
    chi2: Numbers
    day: float
    least: float
    growth: float
    decline: float
    half_bend: float
    samples: int

    def interval(self, rise: float = CHI2_95) -> tuple[float, float]:
        """Return the days whose chi-square is at most `rise` above the least."""
        limit = max(self.least, float(self.chi2.min())) + rise
        inside = np.flatnonzero(self.chi2 <= limit)
        first, last = int(inside[0]), int(inside[-1])
        low = self._crossing(first, first - 1, limit) if first else float(self.days[0])
        end = len(self.days) - 1
        high = self._crossing(last, last + 1, limit) if last < end else float(self.days[-1])
        return min(low, self.day), max(high, self.day)

    def _crossing(self, inner: int, outer: int, limit: float) -> float:
        """Return the day between two of the grid at which chi-square reaches the limit."""
        rise = self.chi2[outer] - self.chi2[inner]
        share = (limit - self.chi2[inner]) / rise
        return float(self.days[inner] + share * (self.days[outer] - self.days[inner]))


def fall_from_peak(since_peak: Numbers, split: Numbers, half_bend: Numbers | float) -> Numbers:
    """Return g(u): the curve below its peak, in units of growth + decline.

    Parameters
    ----------
    since_peak : array
        Time since the peak [d].
    split : array
        growth / (growth + decline), between 0 and 1; the two arrays broadcast.
    half_bend : float or array
        Half the length of the bend [d]; 0 is a sharp switch.

    Examples
    --------
    >>> fall_from_peak(np.array([-2.0, 0.0, 2.0]), np.array([0.75]), 0.0).tolist()
    [-1.5, 0.0, -0.5]
    >>> fall_from_peak(np.array([-2.0, 0.0, 2.0]), np.array([0.5]), 2.0).tolist()
    [-0.5, 0.0, -0.5]
    """
    # the slope runs from s to s - 1, and the distance outside the bend continues it
    start, stop = -2.0 * half_bend * split, 2.0 * half_bend * (1.0 - split)
    inside = np.clip(since_peak, start, stop)
    bend = -(inside**2) / (4.0 * np.maximum(half_bend, 1e-9))
    before = np.minimum(since_peak - start, 0.0) * split
    after = np.maximum(since_peak - stop, 0.0) * (1.0 - split)
    return bend + before - after


def profile(
    days: Numbers, logs: Numbers, deviations: Numbers, *, half_bends: Sequence[float]
) -> Profile:
    """Return how well curves that peak on each day pass through some values.

    Parameters
    ----------
    days, logs, deviations : arrays, (n,)
        Sampling days in order, values on a log scale, and their standard deviations there.
    half_bends : sequence of float
        The half lengths of the bend to try [d]; the best is taken for each day of the peak.

    Returns
    -------
    Profile
        Over days from the first sample to the last, `DAY_STEP` apart.

    Examples
    --------
    >>> days = np.array([1.0, 4.0, 7.0, 12.0, 14.0, 21.0])
    >>> logs = np.where(days < 9, 0.9 * (days - 9), -0.2 * (days - 9))
    >>> found = profile(days, logs, np.full(6, 0.1), half_bends=[0.0])
    >>> print(f"{found.day:.1f} {found.growth:.1f} {found.decline:.1f}")
    9.0 0.9 0.2
    """
    count = round((days[-1] - days[0]) / DAY_STEP) + 1
    peaks = np.linspace(days[0], days[-1], count)
    weights = deviations**-2
    samples = days, logs, weights
    chi2 = np.stack([_least_chi2(peaks, bend, samples)[0] for bend in half_bends])
    best, at = divmod(int(chi2.argmin()), count)
    lowest = chi2.min(axis=0)
    day = _vertex(peaks, lowest, at)
    least, scale, split = _least_chi2(np.array([day]), half_bends[best], samples)
    return Profile(
        days=peaks,
        chi2=lowest,
        day=day,
        least=float(least[0]),
        growth=float(scale[0] * split[0]),
        decline=float(scale[0] * (1.0 - split[0])),
        half_bend=float(half_bends[best]),
        samples=len(days),
    )


def _least_chi2(
    peaks: Numbers, half_bend: float, samples: tuple[Numbers, Numbers, Numbers]
) -> tuple[Numbers, Numbers, Numbers]:
    """Return for each peak day the least chi-square, with the scale c and the split s of it.

    The split is looked for on a grid, and again on a finer one around the best of the first.
    """
    rows = np.arange(len(peaks))
    logits = np.broadcast_to(_LOGITS, (len(peaks), len(_LOGITS)))
    coarse = _scan(peaks, half_bend, samples, logits)[0].argmin(axis=1)
    logits = _LOGITS[coarse][:, None] + _FINER
    chi2, scale = _scan(peaks, half_bend, samples, logits)
    at = chi2.argmin(axis=1)
    return _between(chi2, at), scale[rows, at], 1.0 / (1.0 + np.exp(-logits[rows, at]))


def _scan(
    peaks: Numbers, half_bend: float, samples: tuple[Numbers, Numbers, Numbers], logits: Numbers
) -> tuple[Numbers, Numbers]:
    """Return chi-square and scale for each peak day and split, (peaks, splits)."""
    days, logs, weights = samples
    splits = 1.0 / (1.0 + np.exp(-logits))
    basis = fall_from_peak(days - peaks[:, None, None], splits[:, :, None], half_bend)
    centred = logs - (weights @ logs) / weights.sum()
    flat = basis.reshape(-1, len(days))  # one product over (peaks x splits, samples)
    moment = (flat @ (weights * centred)).reshape(logits.shape)
    first = (flat @ weights).reshape(logits.shape)
    spread = ((flat * flat) @ weights).reshape(logits.shape) - first**2 / weights.sum()
    scale = np.maximum(moment, 0.0) / np.maximum(spread, 1e-12)
    return weights @ centred**2 - scale * np.maximum(moment, 0.0), scale


def _between(chi2: Numbers, at: NDArray[np.intp]) -> Numbers:
    """Return the least of a parabola through each row's smallest value and its neighbours."""
    rows, middle = np.arange(len(chi2)), np.clip(at, 1, chi2.shape[1] - 2)
    left, centre, right = (chi2[rows, middle + step] for step in (-1, 0, 1))
    curvature = left - 2.0 * centre + right
    gain = np.where(
        curvature > 1e-12, (left - right) ** 2 / (8.0 * np.maximum(curvature, 1e-12)), 0.0
    )
    return np.where(at == middle, np.maximum(centre - gain, 0.0), chi2[rows, at])


def _vertex(days: Numbers, chi2: Numbers, at: int) -> float:
    """Return the day of the lowest point, between the grid's days."""
    if not 0 < at < len(days) - 1:
        return float(days[at])
    left, centre, right = chi2[at - 1 : at + 2]
    curvature = left - 2.0 * centre + right
    if curvature <= 0:
        return float(days[at])
    shift = float(np.clip((left - right) / (2.0 * curvature), -0.5, 0.5))
    return float(days[at] + shift * (days[1] - days[0]))
