"""How far each bin is from the usual course of its tube, and how sure that is.

Three answers for every bin: *strong*, the mean rank of a channel (or its spread, or its skew)
is shifted by 13 % of the events, or by 9 % over nine bins of a long tube; *weak*, by 7 %, the
flank of something strong; *faint*, by 6 % over nine bins. Which of them become a fault is
decided in `carflow.cleaning.departures`.

Means over one, three and nine bins are looked at, each against the noise of its own width: in
a tube that wavers, wide means differ by more than chance, and a departure has to exceed that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carflow.cleaning.flow_rate import runs_of

Features = NDArray[np.float64]
Flags = NDArray[np.bool_]

WIDEST_BINS = 9
_WIDTHS = (1, 3, WIDEST_BINS)
LONG_TUBE_BINS = 200  # in shorter ones nine bins are too much of the tube to be called a moment
_STRONG_SD, _STRONG, _STRONG_WIDE = 6.0, 0.45, 0.30
_WEAK_SD, _WEAK = {1: 4.5, 3: 3.0, WIDEST_BINS: 3.0}, 0.25
_FAINT_SD, _FAINT = 6.0, 0.20
_ISLAND_BINS = 5
_FEWEST_STEPS = 10  # between means, for their noise to be known


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What N bins of a tube say in m features.

    Parameters
    ----------
    course, away : (m, N) array
        The usual values, and how far the bins are from them.
    noise : (m,) array
        Standard deviation of a bin in each feature.
    starts : (N,) array of int
        The first event of every bin.
    n_events : int
        All events of the tube.
    strong, weak, faint : (N,) array of bool
        Bins that depart in any feature; a strong bin is a weak one, too.
    """

    course: Features
    away: Features
    noise: Features
    starts: NDArray[np.intp]
    n_events: int
    strong: Flags
    weak: Flags
    faint: Flags

    @property
    def n_bins(self) -> int:
        """All bins."""
        return len(self.starts)

    @property
    def calm(self) -> Flags:
        """Bins that do not depart at all."""
        return ~(self.weak | self.faint)

    def events_of(self, first_bin: int, last_bin: int) -> tuple[int, int]:
        """Return the events of some bins, the last one included, as a half-open range."""
        after = last_bin + 1
        stop = int(self.starts[after]) if after < self.n_bins else self.n_events
        return int(self.starts[first_bin]), stop


def noise_of(features: Features, bin_events: int, *, width: int = 1) -> Features:
    """Return the standard deviation, (m,), of the mean of `width` bins.

    Not less than that of independent events; more where neighbours differ more. A few jumps
    do not change it.

    Parameters
    ----------
    features : (m, N) array
        Along time.
    bin_events : int
        Events in a bin.
    width : int
        How many bins are averaged.

    Examples
    --------
    >>> noise_of(np.zeros((2, 100)), 100).tolist()
    [0.1, 0.1]
    """
    independent = 1.0 / np.sqrt(bin_events * width)
    whole = features.shape[1] // width * width
    means = features[:, :whole].reshape(len(features), -1, width).mean(axis=2)
    steps = np.diff(means, axis=1)
    if steps.shape[1] < _FEWEST_STEPS:
        return np.full(len(features), independent)
    middle = np.median(steps, axis=1, keepdims=True)
    observed = 1.4826 * np.median(np.abs(steps - middle), axis=1) / np.sqrt(2.0)
    noise: Features = np.maximum(independent, observed)
    return noise


def weigh(
    features: Features, course: Features, starts: NDArray[np.intp], n_events: int
) -> Evidence:
    """Return what the bins of a tube say.

    Parameters
    ----------
    features, course : (m, N) array
        Measured and usual values.
    starts : (N,) array of int
        The first event of every bin.
    n_events : int
        All events.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> features = rng.normal(0.0, 0.1, (1, 100))
    >>> features[0, 40:43] += 1.0
    >>> found = weigh(features, np.zeros((1, 100)), np.arange(0, 10_000, 100), 10_000)
    >>> np.flatnonzero(found.strong).tolist()
    [40, 41, 42]
    """
    away = features - course
    bin_events = max(1, n_events // len(starts))
    noise = noise_of(features, bin_events)
    strong, weak, faint = (np.zeros(len(starts), dtype=np.bool_) for _ in range(3))
    for width in _WIDTHS:
        mean, counts = _rolling(away, width)
        size = np.abs(mean)
        spread = noise_of(features, bin_events, width=width)[:, np.newaxis]
        sure = size / (spread * np.sqrt(width / counts))
        # a bin beside a departure is no part of it because the mean reaches that far
        itself = np.sign(mean) * away > (noise[:, np.newaxis] if width > 1 else 0.0)
        wide = width == WIDEST_BINS and len(starts) >= LONG_TUBE_BINS
        enough = _STRONG_WIDE if wide else _STRONG
        strong |= ((sure > _STRONG_SD) & (size > enough) & itself).any(axis=0)
        weak |= ((sure > _WEAK_SD[width]) & (size > _WEAK) & itself).any(axis=0)
        if width == WIDEST_BINS:
            faint |= ((sure > _FAINT_SD) & (size > _FAINT)).any(axis=0)
    return Evidence(
        course=course,
        away=away,
        noise=noise,
        starts=starts,
        n_events=n_events,
        strong=strong,
        weak=weak | strong,
        faint=faint,
    )


def _rolling(values: Features, width: int) -> tuple[Features, Features]:
    """Return centred means over `width` bins, fewer at the ends, and how many they are of."""
    n_bins = values.shape[1]
    at = np.arange(n_bins)
    low = np.maximum(at - width // 2, 0)
    high = np.minimum(at + width // 2 + 1, n_bins)
    sums = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    counts = (high - low).astype(np.float64)
    return (sums[:, high] - sums[:, low]) / counts, counts


def connected(strong: Flags, weak: Flags) -> list[tuple[int, int]]:
    """Return the runs of weak bins that hold a strong one, as half-open ranges.

    Runs less than five bins apart are one.

    Examples
    --------
    >>> weak = np.array([1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1], dtype=bool)
    >>> strong = np.array([0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], dtype=bool)
    >>> connected(strong, weak)
    [(0, 5)]
    """
    held = [(begin, end) for begin, end in runs_of(weak) if strong[begin:end].any()]
    return joined(held, closer_than=_ISLAND_BINS)


def joined(ranges: list[tuple[int, int]], *, closer_than: int) -> list[tuple[int, int]]:
    """Return half-open ranges in order, those that overlap or lie close made one.

    Examples
    --------
    >>> joined([(5, 9), (0, 3), (30, 40)], closer_than=3)
    [(0, 9), (30, 40)]
    """
    whole: list[tuple[int, int]] = []
    for begin, end in sorted(ranges):
        if whole and begin - whole[-1][1] < closer_than:
            whole[-1] = whole[-1][0], max(end, whole[-1][1])
        else:
            whole.append((begin, end))
    return whole
