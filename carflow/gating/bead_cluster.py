"""Counting beads found in events: one narrow cluster, bright in two channels.

Plain mathematics: arrays in, the corners of a box with its quality and reason out.

Decisions
---------
* Beads are alike and cells are not: a cluster is one of beads if it is narrow in both channels,
  and of several it is the densest. Numbers alone tell nothing, since beads may be a hundredth of
  a tube, and a wide box always holds more.
* The box is as wide in decades as the beads are, `n_mad` robust standard deviations to either
  side, and never narrower than a reader would draw it. Two beads at once lie outside.
* The quality is the share of the box that beads are, by what lies in the frame around it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carflow.gating.density import Values, density_curve
from carflow.gating.estimators import Found, Guard

_NARROW = 0.1  # decades of one robust SD: a CV of 25 %
_LEAST_REACH = 0.06  # decades to either side
_NEAR = 0.2  # decades around a peak that its events are taken from
_PEAKS = 12  # places that are looked at, the highest first
_SD_OF_MAD = 1.4826
_ROUNDS = 3
_PILED_UP = 0.05  # of the events of a cluster, at one value
_ONE_SD_BELOW = 0.1587  # of a normal distribution

Box = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBeads:
    """Where beads lie: what was found, and its (low, high) on both axes, linear."""

    found: Found
    box: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    """Centre and reach on both axes [decades], the events inside, and the share of beads."""

    centre: Values
    reach: Values
    n_events: int
    quality: float


def find_beads(x: Values, y: Values, guard: Guard, *, n_mad: float = 5.0) -> FoundBeads:
    """Return the box around the narrow cluster of events that are bright in two channels.

    Parameters
    ----------
    x, y : (n,) arrays
        Linear values of two channels; events at or below 0 are left out.
    guard : Guard
        The box begins, and its middle lies, in this range in both channels; `min_events` is
        asked of the box.
    n_mad : float
        Robust standard deviations to either side.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> beads, cells = 1e5 * np.exp(rng.normal(0, 0.05, (2, 400))), rng.normal(500, 300, (2, 9000))
    >>> found = find_beads(*np.hstack([beads, cells]), Guard(low=1e4, min_events=100))
    >>> [round(bound, -4) for bound in found.box[0]], found.found.reason
    ([80000.0, 130000.0], 'one narrow cluster, CV 5 % and 5 %')
    """
    usable = np.isfinite(x) & np.isfinite(y) & (x > 0.0) & (y > 0.0)
    everything = np.log10(np.stack([x[usable], y[usable]]))
    low = np.log10(guard.low) if guard.low > 0.0 else -np.inf
    high = np.log10(guard.high)
    logs = everything[:, ((everything >= low) & (everything <= high)).all(axis=0)]
    n_events = logs.shape[1]
    if n_events < guard.min_events:
        words = f"{n_events:,} events as bright as beads, fewer than {guard.min_events:,}"
        return FoundBeads(found=_nothing(n_events, words))
    narrow = [one for at in _peaks(logs[0]) if (one := _narrow(logs, at, n_mad)) is not None]
    clusters = [_counted(everything, *one) for one in narrow if (one[0] - one[1] >= low).all()]
    large = [one for one in clusters if one.n_events >= guard.min_events]
    known = [one for one in large if one.quality >= guard.min_quality]
    if not known:
        words = f"no narrow cluster of {guard.min_events:,} events stands apart"
        return FoundBeads(found=_nothing(n_events, words))
    best = max(known, key=lambda one: one.n_events / float(one.reach.prod()))
    lows, highs = 10.0 ** (best.centre - best.reach), 10.0 ** (best.centre + best.reach)
    width = [100.0 * np.log(10.0) * reach / n_mad for reach in best.reach]
    found = Found(
        place=float(lows[0]),
        quality=best.quality,
        n_events=best.n_events,
        curve=None,
        reason=f"one narrow cluster, CV {width[0]:.0f} % and {width[1]:.0f} %",
    )
    return FoundBeads(
        found=found,
        box=((float(lows[0]), float(highs[0])), (float(lows[1]), float(highs[1]))),
    )


def _peaks(logs: Values) -> list[float]:
    """Return where events are dense on one axis, the densest first."""
    curve = density_curve(logs)
    if curve is None:
        return [float(logs[0])]
    heights = curve.heights
    inner = (heights[1:-1] >= heights[:-2]) & (heights[1:-1] > heights[2:])
    places = np.flatnonzero(np.concatenate([[False], inner, [False]]))
    highest = places[np.argsort(-heights[places], kind="stable")][:_PEAKS]
    return [float(place) for place in curve.places[highest]]


def _narrow(logs: Values, at: float, n_mad: float) -> tuple[Values, Values] | None:
    """Return centre and reach of the cluster at a dense place of the first axis; None: broad."""
    near = logs[:, np.abs(logs[0] - at) < _NEAR]
    if near.shape[1] == 0:
        return None
    inside, centre = near, np.array([at, _peaks(near[1])[0]])
    for _ in range(_ROUNDS):
        inside = logs[:, (np.abs(logs - centre[:, None]) < _NEAR).all(axis=0)]
        if inside.shape[1] == 0:
            return None
        centre = np.median(inside, axis=1)
    spread = np.array([_spread(values) for values in inside])
    if (spread > _NARROW).any():
        return None
    return centre, np.maximum(n_mad * spread, _LEAST_REACH)


def _counted(logs: Values, centre: Values, reach: Values) -> _Cluster:
    """Return a cluster with the events of its box, and how many of them are beads."""
    away = (np.abs(logs - centre[:, None]) / reach[:, None]).max(axis=0)
    n_inside, n_frame = int(np.sum(away <= 1.0)), int(np.sum((away > 1.0) & (away <= 2.0)))
    # the frame is three times as large as the box
    quality = max(0.0, 1.0 - n_frame / 3.0 / max(n_inside, 1))
    return _Cluster(centre=centre, reach=reach, n_events=n_inside, quality=quality)


def _spread(values: Values) -> float:
    """Return a robust SD; of beads that pile up at the end of the range, that of the others."""
    centre = float(np.median(values))
    if float(np.mean(values == values.max())) > _PILED_UP:
        return centre - float(np.quantile(values, _ONE_SD_BELOW))
    return _SD_OF_MAD * float(np.median(np.abs(values - centre)))


def _nothing(n_events: int, reason: str) -> Found:
    return Found(place=None, quality=None, n_events=n_events, curve=None, reason=reason)
