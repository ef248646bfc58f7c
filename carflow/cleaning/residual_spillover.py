"""What compensation left over: how much of one dye still shows in the negatives of another.

Pure arithmetic on arrays; whoever holds the T cells hands their compensated values over. No
matrix is corrected here: a slope is told, and judged elsewhere.

Within the events that are positive for the source, the median of the target's negatives is
regressed on the brightness of the source. The slope *is* the error of the spillover coefficient
(true minus applied), whatever the brightness.

Why not the shift from source-negative to source-positive cells: they are different kinds of
cells, and their own light differs more than a wrong coefficient moves it. Why inside T cells:
among all leukocytes the same slope comes from monocytes, which carry a little of everything.
Why the negatives are selected along the line and not below a fixed value: a fixed value cuts
off just the events that a wrong coefficient has moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.float64]

BINS = 12
LEAST_EVENTS = 500
LEAST_SHARE = 0.2
MOST_EVENTS = 20_000
_FAR_WIDTHS = 5.0
_WIDTH = 4.0  # in robust standard deviations
_START_EVENTS = 2_500
_SLOPES = np.linspace(-0.15, 0.15, 61)  # an error beyond these is seen without arithmetic
_MEDIAN_SE = 1.2533  # of a normal sample, in units of its SD / sqrt(n)
_SD_OF_MAD = 1.4826


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualSlope:
    """The slope of one target on one source: units of the target per unit of the source.

    `n_events` are the source-positive, target-negative events it rests on.
    """

    source: str
    target: str
    slope: float
    standard_error: float
    n_events: int

    @property
    def z(self) -> float:
        """The slope in units of its standard error."""
        return self.slope / self.standard_error


def residual_slopes(events: Values, channels: Sequence[str]) -> tuple[ResidualSlope, ...]:
    """Return the slope of every ordered pair of channels that can give one.

    Parameters
    ----------
    events : (k, n) array
        Compensated linear values of k fluorescence channels of n T cells.
    channels : sequence of k str
        Their names.

    Returns
    -------
    tuple of ResidualSlope
        Pairs whose target has no negative cloud, or with fewer than 500 events (or 20 % of the
        source's positives) that are positive for the source and negative for the target, are
        left out. Non-finite values are ignored; of more than 20,000 events every second, third,
        ... is used.

    Raises
    ------
    ValueError
        If there are not as many names as rows.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> source = np.where(np.arange(6000) < 3000, 0.0, 10_000 * np.exp(rng.normal(0, 0.4, 6000)))
    >>> cells = np.vstack([source, 0.02 * source]) + rng.normal(0, 50, (2, 6000))
    >>> [found] = residual_slopes(cells, ["CAR", "CD8"])
    >>> found.source, found.target, round(found.slope, 3)
    ('CAR', 'CD8', 0.02)
    """
    if len(channels) != len(events):
        raise ValueError(f"{len(channels)} names for {len(events)} channels")
    thinned = events[:, :: max(1, -(-events.shape[1] // MOST_EVENTS))]
    sound = thinned[:, np.isfinite(thinned).all(axis=0)]
    if sound.shape[1] < LEAST_EVENTS:
        return ()
    clouds = [_negative_cloud(values) for values in sound]
    return tuple(_slopes(sound, channels, clouds))


def far_negative_pct(events: Values, channels: Sequence[str]) -> dict[str, float]:
    """Return the share of events far below the negatives of each channel [%].

    Far is five widths below their centre, where noise leaves next to none: such events were
    compensated too much. A channel whose events are all positive is left out.

    Parameters
    ----------
    events : (k, n) array
        Compensated linear values of k fluorescence channels of n T cells.
    channels : sequence of k str
        Their names.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> cells = rng.normal(0, 50, (2, 6000))
    >>> cells[1, :120] -= 800
    >>> far_negative_pct(cells, ["CAR", "CD8"])
    {'CAR': 0.0, 'CD8': 2.0}
    """
    found = {}
    for name, values in zip(channels, events, strict=True):
        sound = values[np.isfinite(values)]
        cloud = _negative_cloud(sound) if sound.size >= LEAST_EVENTS else None
        if cloud is not None:
            far = np.count_nonzero(sound < cloud[0] - _FAR_WIDTHS * cloud[1])
            found[name] = 100.0 * int(far) / sound.size
    return found


def _slopes(
    events: Values, channels: Sequence[str], clouds: Sequence[tuple[float, float] | None]
) -> Iterator[ResidualSlope]:
    for i, source in enumerate(channels):
        positive = np.flatnonzero(_positive(events[i], clouds[i]))
        positive = positive[np.argsort(events[i][positive], kind="stable")]
        # a dye that every cell carries has already moved the centre of the target's negatives
        anchor = 0.0 if clouds[i] else float(np.median(events[i]))
        for j, target in enumerate(channels):
            cloud = clouds[j]
            if i == j or cloud is None:
                continue
            fitted = _fit(events[i][positive] - anchor, events[j][positive], cloud)
            if fitted is not None:
                slope, error, n_events = fitted
                yield ResidualSlope(
                    source=source,
                    target=target,
                    slope=slope,
                    standard_error=error,
                    n_events=n_events,
                )


def _negative_cloud(values: Values) -> tuple[float, float] | None:
    """Return centre and robust SD of the negatives, None where every event is positive.

    On the linear scale negatives are by far the densest part, even if they are few. Their
    centre lies within some widths of 0, or far below the brightest events.
    """
    centre = _mode(values)
    below = centre - values[values < centre]
    width = float(_SD_OF_MAD * np.median(below)) if below.size else 0.0
    if width <= 0.0:
        return None
    bright = float(np.quantile(values, 0.995))
    near_zero = abs(centre) < 2.5 * width or abs(centre) < 0.1 * bright
    return (centre, width) if near_zero else None


def _mode(values: Values) -> float:
    """Return the mode by the shortest part, halved again and again (Robertson, Cryer 1974).

    The first part is a twentieth and not a half: the bright majority of a channel that most
    cells carry may be narrower than the negatives and what lies between.
    """
    kept = np.sort(values)
    half = kept.size // 20
    while half > 20:  # smaller samples are a play of chance
        first = int(np.argmin(kept[half - 1 :] - kept[: kept.size - half + 1]))
        kept = kept[first : first + half]
        half = (kept.size + 1) // 2
    return float(np.median(kept))


def _positive(values: Values, cloud: tuple[float, float] | None) -> NDArray[np.bool_]:
    if cloud is None:
        return np.ones(values.shape, dtype=np.bool_)
    return np.asarray(values > cloud[0] + _WIDTH * cloud[1], dtype=np.bool_)


def _fit(
    source: Values, target: Values, cloud: tuple[float, float]
) -> tuple[float, float, int] | None:
    """Return slope, its standard error and the events, or None where too few are negative.

    `source` rises; sorting once for all targets is most of the work saved. The line is looked
    for among fewer events, and measured at last on all of them.
    """
    if source.size < LEAST_EVENTS:
        return None
    step = -(-source.size // _START_EVENTS)
    few = source[::step], target[::step]
    centre, width = cloud
    line = _first_slope(few[0], few[1] - centre, width), centre
    fitted = None
    for some in (few, few, few, (source, target)):
        apart = some[1] - line[1] - line[0] * some[0]
        negative = np.abs(apart) < _WIDTH * width
        n_events = int(np.count_nonzero(negative))
        least = max(LEAST_EVENTS, LEAST_SHARE * source.size) * len(some[0]) / source.size
        if n_events < least:
            return None
        # the photon noise of a bright source widens the negatives
        width = max(cloud[1], float(_SD_OF_MAD * np.median(np.abs(apart[negative]))))
        slope, intercept, error = _regression(some[0][negative], some[1][negative])
        line, fitted = (slope, intercept), (slope, error, n_events)
    return fitted


def _first_slope(source: Values, above_centre: Values, width: float) -> float:
    """Return the slope along which most events lie within two widths; of equals the flattest."""
    within = [
        int(np.count_nonzero(np.abs(above_centre - slope * source) < 2.0 * width))
        for slope in _SLOPES
    ]
    best = [slope for slope, count in zip(_SLOPES, within, strict=True) if count == max(within)]
    return float(min(best, key=abs))


def _regression(source: Values, target: Values) -> tuple[float, float, float]:
    """Return slope, intercept and standard error through the medians of twelve quantile bins.

    `source` rises.
    """
    size = source.size // BINS  # the brightest few that fill no bin are left out
    x = np.median(source[: size * BINS].reshape(BINS, size), axis=1)
    binned = target[: size * BINS].reshape(BINS, size)
    y = np.median(binned, axis=1)
    spread = _SD_OF_MAD * np.median(np.abs(binned - y[:, np.newaxis]), axis=1)
    error = _MEDIAN_SE * spread / np.sqrt(size)
    weights = 1.0 / np.maximum(error, 1e-9) ** 2
    mean_x, mean_y = np.average(x, weights=weights), np.average(y, weights=weights)
    leverage = float(np.sum(weights * (x - mean_x) ** 2))
    if leverage <= 0.0:
        return 0.0, float(mean_y), float("inf")
    slope = float(np.sum(weights * (x - mean_x) * (y - mean_y)) / leverage)
    intercept = float(mean_y - slope * mean_x)
    misfit = float(np.sum(weights * (y - intercept - slope * x) ** 2)) / (BINS - 2)
    return slope, intercept, float(np.sqrt(max(misfit, 1.0) / leverage))
