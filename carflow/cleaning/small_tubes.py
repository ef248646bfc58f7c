"""Stretches with other signals in tubes of a few thousand events, all channels taken together.

In a small tube a bin says little about one channel. Here every stretch of up to half of the tube
is compared with the rest in all features at once (Hotelling's T²): a fault that acts on several
channels adds up, and the chance that any stretch of an undisturbed tube looks so is known.
The most unlikely stretch is taken out and the rest looked at again.

Why not in large tubes, too: there, real tubes waver by more than chance from stretch to stretch,
and how far a departure goes has to decide (`carflow.cleaning.departures`).

References
----------
Hotelling H. Ann Math Stat 1931; 2:360-378. Olshen AB et al. Circular binary segmentation for the
analysis of array-based DNA copy number data. Biostatistics 2004; 5:557-572.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carflow.cleaning.evidence import joined
from carflow.cleaning.slow_change import came_at_once

Features = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]

SMALL_TUBE_EVENTS = 20_000
"""Tubes with fewer events are looked at here."""

_BINS, _FEWEST_IN_BIN = 150, 15
_LONGEST = 0.5  # of the tube: of two halves nobody knows which is usual
_CHANCE = 1e-4  # that an undisturbed tube loses anything
_LEAST = 0.25  # of a feature, which is a shift by 7 % of the events, as in large tubes
_MOST = 12
_MOST_OF_ONE = 3.0  # SD that one event may count: a few odd ones together are no stretch
_DEPENDENT = 0.001  # of the largest variance: features that the others tell already
_WIDTHS, _FEWEST_WIDE = (3, 9), 6  # bins that are averaged, and fewest such averages
_THIRD_SD = 0.4307  # a third of a normal population lies within 0.4307 SD
_SURE_SD, _ERROR = 2.5, 1.1  # the error of that third, as found for independent bins
_REACH = 0.1  # of the tube: how far an end may move
_FOOT = 0.4  # of the height of a departure: where a flank ends


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bins:
    """A small tube in bins: independent features of unit variance for each event.

    Parameters
    ----------
    events : (m, n) array
        Features of every event, as measured.
    whitened : (d, n) array
        Independent features with mean 0 and variance 1; less, where the tube wavers.
    starts : (N,) array of int
        The first event of every bin.
    counts : (N,) array
        Its events.
    """

    events: Features
    whitened: Features
    starts: Places
    counts: Features

    def sums(self, features: Features) -> Features:
        """Return the sums over each bin, (k, N)."""
        sums: Features = np.add.reduceat(features, self.starts, axis=1)
        return sums


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Stretch:
    """Bins from `begin` to `end`, and the response of every bin to their pattern.

    `answers` has unit variance. An event whose response is below `foot` is none of the stretch.
    """

    begin: int
    end: int
    pattern: Features
    foot: float
    answers: Features


def small_tube_bins(n_events: int) -> int:
    """Return how many events a bin of a small tube holds.

    Examples
    --------
    >>> small_tube_bins(1_500), small_tube_bins(9_000)
    (15, 60)
    """
    return max(_FEWEST_IN_BIN, -(-n_events // _BINS))


def find_stretches(events: Features, starts: Places, *, ticks: Flags) -> list[tuple[int, int]]:
    """Return the half-open ranges of events that are faults; slow drifts are none.

    Parameters
    ----------
    events : (m, n) array
        Features of every event, in the order of time, with mean 0 over the tube.
    starts : (N,) array of int
        The first event of every bin.
    ticks : (n,) array of bool
        Whether an event begins a tick of time: what cannot be told apart is not separated.

    Examples
    --------
    >>> light = np.random.default_rng(1).normal(size=(3, 3_000))
    >>> light[:, 1_200:1_500] += 1.0
    >>> whole = np.ones(3_000, dtype=bool)
    >>> [(begin, end)] = find_stretches(light, np.arange(0, 3_000, 20), ticks=whole)
    >>> abs(begin - 1_200) < 20 and abs(end - 1_500) < 20
    True
    """
    counts = np.diff(np.append(starts, events.shape[1])).astype(np.float64)
    centred = events - events.mean(axis=1, keepdims=True)
    independent = _independent(centred)
    if not len(independent):
        return []
    whitened = np.clip(independent @ centred, -_MOST_OF_ONE, _MOST_OF_ONE)
    whitened /= _waver(whitened, starts, counts)[:, np.newaxis]
    bins = _Bins(events=centred, whitened=whitened, starts=starts, counts=counts)
    left_out = np.zeros(len(starts), dtype=np.bool_)
    found: list[_Stretch] = []
    while len(found) < _MOST:
        stretch = _most_unlikely(bins, left_out)
        if stretch is None:
            break
        if not came_at_once(stretch.answers, stretch.begin, stretch.end, left_out):
            break  # beside a drift nothing else can be told
        found.append(stretch)
        left_out[stretch.begin : stretch.end] = True
    ranges = [_range(one, bins, np.append(ticks, True)) for one in found]
    return joined([(i, j) for i, j in ranges if i < j], closer_than=2 * _FEWEST_IN_BIN)


def _range(stretch: _Stretch, bins: _Bins, ticks: Flags) -> tuple[int, int]:
    """Return the events of a stretch; an end of the tube is its end."""
    begin = _boundary(stretch, bins, ticks, -1) if stretch.begin else 0
    until_the_end = stretch.end == len(bins.starts)
    return begin, len(ticks) - 1 if until_the_end else _boundary(stretch, bins, ticks, 1)


def _independent(events: Features) -> Features:
    """Return weights, (d, m), of independent features; what others tell already is left out."""
    variances, axes = np.linalg.eigh(events @ events.T / events.shape[1])
    kept = variances > _DEPENDENT * variances.max(initial=0.0)
    weights: Features = (axes[:, kept] / np.sqrt(variances[kept])).T
    return weights


def _waver(events: Features, starts: Places, counts: Features) -> Features:
    """Return by which factor the means of each feature, (m,), waver more than by chance.

    The lower third of the steps between neighbours tells it, which a few faults do not change.
    """
    waver = np.ones(len(events))
    so_far = np.pad(np.cumsum(np.add.reduceat(events, starts, axis=1), axis=1), ((0, 0), (1, 0)))
    passed = np.concatenate([[0.0], np.cumsum(counts)])
    for width in _WIDTHS:
        if len(counts) < _FEWEST_WIDE * width:
            continue
        wide = passed[width:] - passed[:-width]
        means = (so_far[:, width:] - so_far[:, :-width]) / wide
        steps = means[:, width:] - means[:, :-width]
        steps /= np.sqrt(1.0 / wide[width:] + 1.0 / wide[:-width])
        third = np.quantile(np.abs(steps), 1.0 / 3.0, axis=1)
        seen = third / (_THIRD_SD * np.maximum(events.std(axis=1), 1e-12))
        by_chance = 1.0 + _SURE_SD * _ERROR * np.sqrt(width / len(counts))
        waver = np.maximum(waver, np.where(seen > by_chance, seen, 1.0))
    return waver


def _most_unlikely(bins: _Bins, left_out: Flags) -> _Stretch | None:
    """Return the stretch that chance explains least, None if it may be chance or is slight."""
    from scipy.special import chdtri

    counts = np.where(left_out, 0.0, bins.counts)
    total = float(counts.sum())
    sums = bins.sums(bins.whitened)
    kept = np.where(left_out, 0.0, sums)
    kept -= kept.sum(axis=1, keepdims=True) / total * counts
    so_far = np.pad(np.cumsum(kept, axis=1), ((0, 0), (1, 0)))
    passed = np.concatenate([[0.0], np.cumsum(counts)])
    squares = (so_far**2).sum(axis=0)
    length = passed - passed[:, np.newaxis]
    unlikely = squares + squares[:, np.newaxis] - 2.0 * so_far.T @ so_far
    usable = (length > 0.0) & (length <= _LONGEST * total)
    unlikely = np.where(usable, unlikely / np.maximum(length * (1.0 - length / total), 1e-9), 0.0)
    begin, end = (int(one) for one in np.unravel_index(unlikely.argmax(), unlikely.shape))
    n_stretches = len(counts) ** 2 / 4.0
    if unlikely[begin, end] < float(chdtri(len(sums), _CHANCE / n_stretches)):
        return None
    return _stretch(bins, counts > 0.0, begin, end)


def _stretch(bins: _Bins, known: Flags, begin: int, end: int) -> _Stretch | None:
    """Return a stretch with its pattern, None if no feature is far from usual."""
    inside = np.zeros(len(known), dtype=np.bool_)
    inside[begin:end] = known[begin:end]
    seen, counts = bins.sums(bins.events), bins.counts
    away = _mean(seen, counts, inside) - _mean(seen, counts, known & ~inside)
    if np.abs(away).max() < _LEAST:
        return None
    sums = bins.sums(bins.whitened)
    usual = _mean(sums, counts, known & ~inside)
    pattern = _mean(sums, counts, inside) - usual
    return _Stretch(
        begin=begin,
        end=end,
        pattern=pattern,
        foot=float(pattern @ (usual + _FOOT * pattern)),
        answers=pattern @ (sums / np.sqrt(counts)) / np.sqrt(pattern @ pattern),
    )


def _mean(sums: Features, counts: Features, which: Flags) -> Features:
    mean: Features = sums[:, which].sum(axis=1) / counts[which].sum()
    return mean


def _boundary(stretch: _Stretch, bins: _Bins, ticks: Flags, outwards: int) -> int:
    """Return where a stretch ends: as far out as the sum of what events say for it rises."""
    edges = np.append(bins.starts, len(ticks) - 1)
    middle = int(edges[stretch.begin] + edges[stretch.end]) // 2
    reach = max(2, round(_REACH * len(bins.starts)))
    if outwards < 0:
        last = int(edges[max(0, stretch.begin - reach)])
    else:
        last = int(edges[min(len(edges) - 1, stretch.end + reach)])
    boundaries = np.arange(middle, last + outwards, outwards)
    events = boundaries[1:] if outwards < 0 else boundaries[:-1]
    scores = stretch.pattern @ bins.whitened[:, events] - stretch.foot
    sums = np.concatenate([[0.0], np.cumsum(scores)])
    return int(boundaries[np.where(ticks[boundaries], sums, -np.inf).argmax()])
