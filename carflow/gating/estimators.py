"""Gates found in events: single cells, the valley of a density, a percentile of controls.

Plain mathematics: arrays in, a place with its quality, density and reason out. A place that
cannot be had is None, and the sentence says why; what is done then is decided elsewhere.

Decisions
---------
* No valley, no guess: one peak alone does not tell on which side of it the gate belongs.
* The ratio of area to height has doublets on one side only, so its spread is taken from the
  lower half and mirrored.
* A percentile of a control rests on at least ten events above it: 10,000 events for the
  99.9th, 2,000 for the 99.5th.

References
----------
Dempster AP, Laird NM, Rubin DB. Maximum likelihood from incomplete data via the EM algorithm.
J R Stat Soc B 1977; 39:1-38.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from carflow.gating.density import DensityCurve, Valley, Values, density_curve, valleys_of
from carflow.gating.estimates import Choice

LESSER_PERCENTILE = 99.5
_EVENTS_ABOVE = 10
_SD_OF_MAD = 1.4826
_MOST_REMOVED = 0.5
_ROUNDS = 300
_STEADY = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A place on a scale, or why there is none.

    Parameters
    ----------
    place : float, optional
        Scale coordinate of the bound; for singlets the highest ratio of area to height.
    quality : float, optional
        0 to 1, higher is better; None where the method has no such measure.
    n_events : int
        Events it rests on.
    curve : DensityCurve, optional
        The density that led to it.
    reason : str
        A sentence that may be passed on.
    percentile : float, optional
        The percentile that was taken [%].
    """

    place: float | None
    quality: float | None
    n_events: int
    curve: DensityCurve | None
    reason: str
    percentile: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What must hold for a place to be believed: its range, events and quality."""

    low: float = -math.inf
    high: float = math.inf
    min_events: int = 500
    min_quality: float = 0.3

    def holds(self, place: float) -> bool:
        """Tell whether a place lies in the range."""
        return self.low <= place <= self.high


def find_valley(
    values: Values, guard: Guard, *, choice: Choice = Choice.DEEPEST, adjust: float = 1.0
) -> Found:
    """Return the valley between two populations.

    Parameters
    ----------
    values : (n,) array
        Scale coordinates.
    guard : Guard
        Only a valley in the range counts; its quality is that of `Valley`.
    choice : Choice
        Which of several.
    adjust : float
        Factor of the bandwidth.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> two = np.concatenate([rng.normal(0, 1, 5000), rng.normal(8, 1, 5000)])
    >>> found = find_valley(two, Guard())
    >>> round(found.place), found.reason
    (4, 'the valley between two populations')
    """
    known = values[np.isfinite(values)]
    curve = density_curve(known, adjust=adjust)
    missing = _too_few(known.size, guard, curve)
    if missing or curve is None:
        return _nothing(known.size, curve, missing)
    valleys = valleys_of(curve, min_quality=guard.min_quality)
    inside = [one for one in valleys if guard.holds(one.place)]
    if not inside:
        sentence = (
            "no valley lies within the range given"
            if valleys
            else f"there is one population only, without a valley of quality {guard.min_quality:g}"
        )
        return _nothing(known.size, curve, sentence)
    chosen = _chosen(inside, choice)
    several = f", of {len(inside)} the {choice}" if len(inside) > 1 else ""
    return Found(
        place=chosen.place,
        quality=chosen.quality,
        n_events=known.size,
        curve=curve,
        reason=f"the valley between two populations{several}",
    )


def _chosen(valleys: list[Valley], choice: Choice) -> Valley:
    if choice is Choice.FIRST:
        return valleys[0]
    return valleys[-1] if choice is Choice.LAST else max(valleys, key=lambda one: one.quality)


def find_singlets(area: Values, height: Values, guard: Guard, *, n_mad: float = 4.0) -> Found:
    """Return the highest ratio of area to height of a single cell.

    Parameters
    ----------
    area, height : (n,) arrays
        Linear values of one scatter signal; events at or below 0 are left out.
    guard : Guard
        The range of areas that is looked at; the quality is how far the density has fallen at
        the limit, ``1 - f(limit) / f(peak)``.
    n_mad : float
        Median absolute deviations (scaled to a SD) above the median.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> height = rng.normal(1000, 100, 2000)
    >>> found = find_singlets(height * rng.normal(1.2, 0.03, 2000), height, Guard())
    >>> round(found.place, 2)
    1.32
    """
    usable = np.isfinite(area) & np.isfinite(height) & (height > 0.0)
    usable &= (area > 0.0) & (area >= guard.low) & (area <= guard.high)
    ratios = area[usable] / height[usable]
    curve = density_curve(ratios[ratios < 10.0 * np.median(ratios)]) if ratios.size else None
    missing = _too_few(ratios.size, guard, curve)
    if missing or curve is None:
        return _nothing(ratios.size, curve, missing)
    middle = float(np.median(ratios))
    spread = _SD_OF_MAD * float(np.median(middle - ratios[ratios <= middle]))
    limit = middle + n_mad * spread
    quality = 1.0 - curve.height(limit) / float(curve.heights.max())
    removed = float(np.mean(ratios > limit))
    if quality < guard.min_quality or removed > _MOST_REMOVED or spread <= 0.0:
        sentence = f"the ratio of area to height does not single out one cell ({removed:.0%} above)"
        return _nothing(ratios.size, curve, sentence)
    return Found(
        place=limit,
        quality=quality,
        n_events=ratios.size,
        curve=curve,
        reason=f"area / height up to its median + {n_mad:g} MAD; {removed:.1%} lie above",
    )


def find_percentile(values: Values, guard: Guard, *, percentile: float = 99.9) -> Found:
    """Return a percentile of the events of controls, or the 99.5th of small ones.

    `quality` is None: a percentile has no measure of its own; `n_events` tells how firm it is.

    Examples
    --------
    >>> found = find_percentile(np.arange(2001.0), Guard())
    >>> found.place, found.percentile
    (1990.0, 99.5)
    """
    known = values[np.isfinite(values)]
    curve = density_curve(known)
    missing = _too_few(known.size, guard, curve)
    if missing or curve is None:
        return _nothing(known.size, curve, missing)
    taken = percentile
    if known.size * (100.0 - taken) < 100.0 * _EVENTS_ABOVE * (1.0 - 1e-9):
        taken = min(percentile, LESSER_PERCENTILE)
    if known.size * (100.0 - taken) < 100.0 * _EVENTS_ABOVE * (1.0 - 1e-9):
        least = math.ceil(100.0 * _EVENTS_ABOVE / (100.0 - taken) - 1e-6)
        sentence = f"{known.size:,} events, fewer than the {least:,} of a {taken:g}th percentile"
        return _nothing(known.size, curve, sentence)
    place = float(np.quantile(known, taken / 100.0))
    if not guard.holds(place):
        return _nothing(known.size, curve, f"the {taken:g}th percentile lies outside the range")
    lesser = f", for too few events for the {percentile:g}th" if taken < percentile else ""
    return Found(
        place=place,
        quality=None,
        n_events=known.size,
        curve=curve,
        reason=f"the {taken:g}th percentile of the controls{lesser}",
        percentile=taken,
    )


def find_mixture(values: Values, guard: Guard) -> Found:
    """Return where two normal populations are equally likely, fitted by maximum likelihood.

    It serves where two populations overlap without a valley between them. `quality` is the
    share of events that the place puts on the right side, twice its excess over one half.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> two = np.concatenate([rng.normal(0, 1, 5000), rng.normal(3, 1, 5000)])
    >>> round(find_mixture(two, Guard()).place, 1)
    1.5
    """
    known = values[np.isfinite(values)]
    curve = density_curve(known)
    missing = _too_few(known.size, guard, curve)
    if missing or curve is None:
        return _nothing(known.size, curve, missing)
    filled = curve.counts > 0
    x, weights = curve.places[filled], curve.counts[filled] / known.size
    shares, means, sds = _two_normals(x, weights)
    if not (means[1] - means[0]) > 0.5 * float(sds.max()) or float(shares.min()) < 1e-3:
        return _nothing(known.size, curve, "two populations could not be told apart")
    between = np.linspace(means[0], means[1], 2001)
    parts = _parts(between, shares, means, sds)
    place = float(between[int(np.argmin(np.abs(parts[0] - parts[1])))])
    right = _parts(x, shares, means, sds)
    correct = float(weights @ (right.max(axis=0) / right.sum(axis=0)))
    quality = 2.0 * (correct - 0.5)
    if not guard.holds(place) or quality < guard.min_quality:
        return _nothing(known.size, curve, "the two populations overlap too much, or out of range")
    sentence = "where two fitted normal populations are equally likely"
    return Found(place=place, quality=quality, n_events=known.size, curve=curve, reason=sentence)


def _two_normals(x: Values, weights: Values) -> tuple[Values, Values, Values]:
    """Fit two normals to weighted places, from the split with the least spread within."""
    split = _least_spread(x, weights)
    member = np.stack([x <= split, x > split]).astype(np.float64)
    shares = means = sds = np.zeros(2)
    least_sd = 1e-3 * float(x[-1] - x[0])
    for _ in range(_ROUNDS):
        mass = member * weights
        shares = mass.sum(axis=1)
        before, means = means, (mass @ x) / np.maximum(shares, 1e-12)
        variance = (mass * (x - means[:, None]) ** 2).sum(axis=1) / np.maximum(shares, 1e-12)
        sds = np.maximum(np.sqrt(variance), least_sd)
        parts = _parts(x, shares, means, sds)
        member = parts / np.maximum(parts.sum(axis=0), 1e-300)
        if float(np.abs(means - before).max()) < _STEADY * float(x[-1] - x[0]):
            break
    return shares, means, sds


def _least_spread(x: Values, weights: Values) -> float:
    below = np.cumsum(weights)[:-1]
    first = np.cumsum(weights * x)[:-1]
    total = float(weights @ x)
    between = (total * below - first) ** 2 / np.maximum(below * (1.0 - below), 1e-12)
    return float(x[int(np.argmax(between))]) if between.size else float(x[0])


def _parts(x: Values, shares: Values, means: Values, sds: Values) -> Values:
    z = (x - means[:, None]) / sds[:, None]
    parts: Values = shares[:, None] / sds[:, None] * np.exp(-0.5 * z**2)
    return parts


def _too_few(n_events: int, guard: Guard, curve: DensityCurve | None) -> str:
    if n_events < guard.min_events:
        return f"{n_events:,} events, fewer than {guard.min_events:,}"
    return "all events have the same value" if curve is None else ""


def _nothing(n_events: int, curve: DensityCurve | None, reason: str) -> Found:
    return Found(place=None, quality=None, n_events=n_events, curve=curve, reason=reason)
