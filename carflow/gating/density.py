"""The density of one column of events on its scale: a smooth curve, its peaks and its valleys.

Plain mathematics on arrays; no gate, no tube and no file. What a valley is good for is told in
`carflow.gating.estimators`.

Decisions
---------
* The bandwidth comes from the shortest interval that holds a quarter of the events, not from
  the standard deviation: of two populations far apart, the latter measures the distance
  between them and would smooth the valley away.
* A peak counts if chance cannot have made it: the events that rise above the level of its
  valley are compared with the counting error of all events there. So a small population far
  off is seen, and a ripple on a large one is not.
* The place of a valley is the middle of its floor, not its lowest point: between two
  populations far apart the floor is flat, and its lowest point is anywhere.

References
----------
Silverman BW. Density estimation for statistics and data analysis, 1986, section 3.4.
Mueller DW, Sawitzki G. Excess mass estimates and tests for multimodality. J Am Stat Assoc
1991; 86:738-746.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

BINS = 2048
_FLOOR = 0.02  # of the lower peak: how far above its lowest point a valley's floor reaches
_CHANCE = 5.0  # counting errors by which a peak rises above its valley
_LEAST_IN_PEAK = 20  # events of a population, and
_LEAST_SHARE = 0.001  # of all events: in a heavy tail a few always lie close together
_REACH = 4.0  # bandwidths that the kernel reaches
_SD_OF_QUARTER = 0.6373  # a quarter of a normal population lies within 0.6373 SD


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DensityCurve:
    """A smooth density on an even grid.

    Parameters
    ----------
    places : (m,) array
        Scale coordinates of the grid.
    heights : (m,) array
        Density at each place [events per unit of the scale, as a share of all].
    counts : (m,) array of int
        Events nearest to each place.
    bandwidth : float
        Standard deviation of the kernel [units of the scale].
    """

    places: Values
    heights: Values
    counts: NDArray[np.int64]
    bandwidth: float

    @property
    def n_events(self) -> int:
        """All events of the curve."""
        return int(self.counts.sum())

    def height(self, place: float) -> float:
        """Return the density at a place, 0 outside of the grid."""
        return float(np.interp(place, self.places, self.heights, left=0.0, right=0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Valley:
    """A valley between two peaks, in scale coordinates.

    `quality` is ``1 - f(valley) / min(f(left peak), f(right peak))``: 1 where nothing lies
    between the populations, 0 where there is no valley.
    """

    place: float
    left_peak: float
    right_peak: float
    quality: float


def density_curve(values: Values, *, adjust: float = 1.0) -> DensityCurve | None:
    """Return the smooth density of events, None of fewer than two different finite values.

    Parameters
    ----------
    values : (n,) array
        Scale coordinates; those that are no finite numbers are left out.
    adjust : float
        Factor of the bandwidth; above 1 is smoother.

    Examples
    --------
    >>> curve = density_curve(np.array([0.0, 1.0, 1.0, 2.0]))
    >>> round(float(np.trapezoid(curve.heights, curve.places)), 3), curve.n_events
    (1.0, 4)
    """
    known = np.sort(values[np.isfinite(values)])
    if known.size < 2 or not known[0] < known[-1]:
        return None
    bandwidth = adjust * _bandwidth(known)
    margin = _REACH * bandwidth
    edges = np.linspace(known[0] - margin, known[-1] + margin, BINS + 1)
    counts = np.histogram(known, edges)[0].astype(np.int64)
    step = float(edges[1] - edges[0])
    bandwidth = max(bandwidth, step)  # a finer one would show the grid
    reach = math.ceil(_REACH * bandwidth / step)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / bandwidth) ** 2)
    smooth = np.convolve(counts, kernel / kernel.sum())[reach : reach + BINS]
    return DensityCurve(
        places=(edges[:-1] + edges[1:]) / 2.0,
        heights=smooth / (known.size * step),
        counts=counts,
        bandwidth=bandwidth,
    )


def _bandwidth(ordered: Values) -> float:
    """Return Silverman's bandwidth, of the densest quarter's spread where that is smaller."""
    quarter = max(1, ordered.size // 4)
    shortest = float(np.min(ordered[quarter:] - ordered[: ordered.size - quarter]))
    spread = float(np.std(ordered))
    if shortest > 0.0:
        spread = min(spread, shortest / _SD_OF_QUARTER)
    return 0.9 * spread / math.pow(ordered.size, 0.2)


def valleys_of(curve: DensityCurve, *, min_quality: float) -> tuple[Valley, ...]:
    """Return the valleys between peaks that are neither noise nor shoulders, from left to right.

    Of two peaks with too shallow a valley between them the lower one is taken for a part of
    the higher; this is repeated, the shallowest first, until all valleys are good.

    Parameters
    ----------
    min_quality : float
        The shallowest valley that counts, 0 to 1.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> two = np.concatenate([rng.normal(0, 1, 5000), rng.normal(8, 1, 5000)])
    >>> [valley] = valleys_of(density_curve(two), min_quality=0.3)
    >>> round(valley.place), round(valley.quality, 2)
    (4, 1.0)
    """
    peaks, lows = _extremes(curve.heights)
    while lows:
        scores = [_score(curve, peaks, lows, number, min_quality) for number in range(len(lows))]
        worst = int(np.argmin(scores))
        if scores[worst] >= 1.0:
            break
        _merge(curve.heights, peaks, lows, worst)
    return tuple(_valley(curve, peaks[i], low, peaks[i + 1]) for i, low in enumerate(lows))


def _extremes(heights: Values) -> tuple[list[int], list[int]]:
    """Return the places of all peaks, and of the lowest point between each two of them."""
    change = np.sign(np.diff(heights))
    known = change != 0
    # on a plateau the direction is that before it
    last = np.maximum.accumulate(np.where(known, np.arange(change.size), 0))
    direction = change[last]
    turns = np.flatnonzero((direction[:-1] > 0) & (direction[1:] < 0)) + 1
    peaks = [int(one) for one in turns] or [int(np.argmax(heights))]
    lows = [left + int(np.argmin(heights[left : right + 1])) for left, right in pairwise(peaks)]
    return peaks, lows


def _score(
    curve: DensityCurve, peaks: list[int], lows: list[int], number: int, min_quality: float
) -> float:
    """Return how good a valley is: 1 or more if it counts."""
    heights, low = curve.heights, lows[number]
    lower = min(peaks[number], peaks[number + 1], key=lambda peak: float(heights[peak]))
    quality = _quality(heights, peaks[number], low, peaks[number + 1])
    if lower < low:
        hill = slice(lows[number - 1] if number else 0, low)
    else:
        hill = slice(low, lows[number + 1] if number + 1 < len(lows) else len(heights))
    per_height = curve.n_events * float(curve.places[1] - curve.places[0])
    raised = heights[hill][heights[hill] > heights[low]]
    mass = float(raised.sum()) * per_height
    excess = mass - len(raised) * float(heights[low]) * per_height
    errors = excess / math.sqrt(mass) if mass > 0.0 else 0.0
    fewest = int(curve.counts[hill].sum())
    deep = quality / min_quality if min_quality > 0.0 else 1.0
    least = max(_LEAST_IN_PEAK, _LEAST_SHARE * curve.n_events)
    return min(deep, errors / _CHANCE, fewest / least)


def _merge(heights: Values, peaks: list[int], lows: list[int], number: int) -> None:
    """Take out a valley and the lower of its two peaks."""
    gone = number if heights[peaks[number]] < heights[peaks[number + 1]] else number + 1
    # the peak that goes may have a lower valley on its other side, which stays
    other = gone - 1 if gone == number else gone
    if 0 <= other < len(lows) and other != number and heights[lows[other]] > heights[lows[number]]:
        lows[other] = lows[number]
    del peaks[gone]
    del lows[number]


def _valley(curve: DensityCurve, left: int, low: int, right: int) -> Valley:
    heights, places = curve.heights, curve.places
    lower = min(heights[left], heights[right])
    high = heights[left : right + 1] > heights[low] + _FLOOR * lower
    before = np.flatnonzero(high[: low - left])
    after = np.flatnonzero(high[low - left :])
    first = left + (int(before[-1]) + 1 if before.size else 0)
    last = low + (int(after[0]) - 1 if after.size else 0)
    return Valley(
        place=float(places[first] + places[last]) / 2.0,
        left_peak=float(places[left]),
        right_peak=float(places[right]),
        quality=_quality(heights, left, low, right),
    )


def _quality(heights: Values, left: int, low: int, right: int) -> float:
    lower = float(np.minimum(heights[left], heights[right]))
    return 1.0 - float(heights[low]) / lower if lower > 0.0 else 0.0
