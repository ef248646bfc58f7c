"""One question of a template put to pooled events: coordinates with their provenance.

Here the mathematics of `carflow.gating.estimators` meets the axes of a gate: linear values go
in, scale coordinates are looked at, and linear coordinates, rounded, come out.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from carflow.gating.bead_cluster import find_beads
from carflow.gating.density import density_curve
from carflow.gating.estimates import Estimate, Method
from carflow.gating.estimators import (
    Found,
    Guard,
    find_mixture,
    find_percentile,
    find_singlets,
    find_valley,
)
from carflow.gating.lock import Coordinates, Trace
from carflow.gating.scales import Identity, Linear
from carflow.gating.shapes import Interval, Polygon

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypedDict

    from carflow.gating.scales import Values
    from carflow.gating.strategy import Dimension, Population

    class Provenance(TypedDict):
        """How a gate was found, as `FrozenGate` keeps it."""

        reason: str
        quality: float | None
        n_events: int
        donors: tuple[str, ...]
        percentile: float | None
        lower_percentile_cut: float | None
        trace: Trace | None


LOWER_PERCENTILE = 95.0
_POINTS = 160
_DIGITS = 6
_BEYOND = 1.1  # how far beyond the top of the scale a polygon reaches, for events at the top
_BENT_EDGE = 33  # corners along an edge that is straight only on linear axes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found for one group of tubes; `coordinates` is None where nothing was.

    `lower_percentile_cut` is where the 95th percentile of the controls lies [linear].
    """

    coordinates: Coordinates | None
    found: Found
    donors: tuple[str, ...]
    trace: Trace | None
    lower_percentile_cut: float | None = None

    def provenance(self) -> Provenance:
        """Return how it was found, in the names of `carflow.gating.lock.FrozenGate`."""
        quality = self.found.quality
        return {
            "reason": self.found.reason,
            "quality": None if quality is None else round(quality, 4),
            "n_events": self.found.n_events,
            "donors": self.donors,
            "percentile": self.found.percentile,
            "lower_percentile_cut": self.lower_percentile_cut,
            "trace": self.trace,
        }


def answer_of(
    estimate: Estimate, axes: Sequence[Dimension], linear: Values, *, donors: tuple[str, ...]
) -> Answer:
    """Return where a gate lies in pooled events.

    Parameters
    ----------
    estimate : Estimate
        The question.
    axes : sequence of Dimension
        Of the gate: one, or for singlets area and height.
    linear : (k, n) array
        Linear compensated values, one row for each axis.
    donors : tuple of str
        Samples the events are from.
    """
    if estimate.method is Method.SINGLETS:
        return _singlets(estimate, axes, linear, donors)
    if estimate.method is Method.BEADS:
        return _beads(estimate, axes, linear, donors)
    [gated] = axes
    axis = gated if estimate.scale is None else replace(gated, scale=estimate.scale)
    scaled = axis.scale.forward(linear[0])
    guard = _guard(estimate, _scaled(axis, estimate.low), _scaled(axis, estimate.high))
    found = _found(estimate, scaled, guard)
    coordinates = None
    if found.place is not None:
        coordinates = _bound(estimate.side, _linear(axis, found.place))
    lower = None
    if estimate.dim and found.place is not None:
        known = scaled[np.isfinite(scaled)]
        lower = _linear(axis, float(np.quantile(known, LOWER_PERCENTILE / 100.0)))
    return Answer(
        coordinates=coordinates,
        found=found,
        donors=donors,
        trace=_trace(axis.name, found),
        lower_percentile_cut=lower,
    )


def _guard(estimate: Estimate, low: float, high: float) -> Guard:
    """Return what an estimate asks of its events, with the window in the units they come in."""
    return Guard(
        low=low, high=high, min_events=estimate.min_events, min_quality=estimate.min_quality
    )


def _found(estimate: Estimate, scaled: Values, guard: Guard) -> Found:
    if estimate.method is Method.CONTROL_PERCENTILE:
        return find_percentile(scaled, guard, percentile=estimate.percentile)
    if estimate.method is Method.MIXTURE:
        return find_mixture(scaled, guard)
    return find_valley(scaled, guard, choice=estimate.choice, adjust=estimate.adjust)


def _singlets(
    estimate: Estimate, axes: Sequence[Dimension], linear: Values, donors: tuple[str, ...]
) -> Answer:
    area, height = axes
    guard = _guard(estimate, estimate.low, estimate.high)
    found = find_singlets(linear[0], linear[1], guard, n_mad=estimate.n_mad)
    coordinates = None
    if found.place is not None:
        coordinates = Coordinates(vertices=singlet_corners(found.place, area, height))
    name = f"{area.name} / {height.name}"
    return Answer(coordinates=coordinates, found=found, donors=donors, trace=_trace(name, found))


def _beads(
    estimate: Estimate, axes: Sequence[Dimension], linear: Values, donors: tuple[str, ...]
) -> Answer:
    """Return the box around the beads as a polygon, with the density of its first axis."""
    guard = _guard(estimate, estimate.low, estimate.high)
    beads = find_beads(linear[0], linear[1], guard, n_mad=estimate.n_mad)
    inside = ((linear >= estimate.low) & (linear <= estimate.high)).all(axis=0)
    curve = density_curve(axes[0].scale.forward(linear[0][inside]))
    place = None if beads.found.place is None else _scaled(axes[0], beads.found.place)
    found = replace(beads.found, curve=curve, place=place)
    coordinates = None
    if beads.box is not None:
        (left, right), (bottom, top) = beads.box
        corners = ((left, bottom), (right, bottom), (right, top), (left, top))
        coordinates = Coordinates(vertices=tuple((_rounded(x), _rounded(y)) for x, y in corners))
    trace = _trace(axes[0].name, found)
    return Answer(coordinates=coordinates, found=found, donors=donors, trace=trace)


def singlet_corners(
    ratio: float, area: Dimension, height: Dimension
) -> tuple[tuple[float, float], ...]:
    """Return the polygon of all events whose area is at most `ratio` times their height.

    It reaches beyond both ends of the axes, so that events at the top of the range are in it.

    Examples
    --------
    >>> from carflow.gating.strategy import Dimension
    >>> fsc = Dimension(name="FSC-A", scale=Identity(t=1000), compensated=False)
    >>> singlet_corners(2.0, fsc, fsc)
    ((-110.0, -55.0), (1100.0, 550.0), (1100.0, 1100.0), (-110.0, 1100.0))
    """
    top, roof = (_top(axis) * _BEYOND for axis in (area, height))
    bottom = -top * (_BEYOND - 1.0)
    straight = all(isinstance(axis.scale, (Identity, Linear)) for axis in (area, height))
    if not straight:
        bottom = top * 1e-5  # such scales may know no negative values
    edge = np.linspace(bottom, top, 2 if straight else _BENT_EDGE)
    if not straight:
        edge = np.geomspace(bottom, top, _BENT_EDGE)
    roof = max(roof, _BEYOND * top / ratio)
    corners = [(one, one / ratio) for one in edge.tolist()]
    corners += [(top, roof), (bottom, roof)]
    return tuple((_rounded(x), _rounded(y)) for x, y in corners)


def _top(axis: Dimension) -> float:
    return float(axis.scale.inverse(np.array([axis.scale.axis[1]]))[0])


def drawn_coordinates(population: Population, side: str) -> Coordinates:
    """Return the coordinates a template draws for the gate that was to be found."""
    shape, axes = population.shape, population.dimensions
    if isinstance(shape, Polygon):
        x, y = (
            axis.scale.inverse(np.array([vertex[place] for vertex in shape.vertices]))
            for place, axis in enumerate(axes)
        )
        corners = zip(map(_rounded, x.tolist()), map(_rounded, y.tolist()), strict=True)
        return Coordinates(vertices=tuple(corners))
    if isinstance(shape, Interval):
        return _bound(side, _linear(axes[0], shape.low if side == "low" else shape.high))
    raise ValueError(f"a {shape.kind} is never estimated")


def _bound(side: str, place: float) -> Coordinates:
    return Coordinates(low=place) if side == "low" else Coordinates(high=place)


def median_coordinates(known: Sequence[Coordinates]) -> Coordinates:
    """Return the median of each coordinate, of gates with the same coordinates given.

    Examples
    --------
    >>> median_coordinates([Coordinates(low=1.0), Coordinates(low=5.0), Coordinates(low=2.0)])
    Coordinates(low=2.0, high=None, vertices=())
    """
    lows = [one.low for one in known if one.low is not None]
    highs = [one.high for one in known if one.high is not None]
    corners = [one.vertices for one in known if one.vertices]
    vertices = tuple(
        (
            _rounded(statistics.median(corner[0] for corner in same)),
            _rounded(statistics.median(corner[1] for corner in same)),
        )
        for same in zip(*corners, strict=True)
    )
    return Coordinates(
        low=_rounded(statistics.median(lows)) if lows else None,
        high=_rounded(statistics.median(highs)) if highs else None,
        vertices=vertices,
    )


def _trace(name: str, found: Found) -> Trace | None:
    """Return the density thinned out, from the first to the last height that can be seen."""
    curve = found.curve
    if curve is None:
        return None
    highest = float(curve.heights.max())
    seen = np.flatnonzero(curve.heights > 1e-4 * highest)
    low, high = float(curve.places[seen[0]]), float(curve.places[seen[-1]])
    grid = np.linspace(low, high, _POINTS)
    heights = np.interp(grid, curve.places, curve.heights) / highest
    return Trace(
        axis=name,
        low=_rounded(low),
        high=_rounded(high),
        heights=tuple(round(float(one), 4) for one in heights),
        place=None if found.place is None else _rounded(found.place),
    )


def _scaled(axis: Dimension, linear: float) -> float:
    if math.isinf(linear):
        return linear
    return float(axis.scale.forward(np.array([linear]))[0])


def _linear(axis: Dimension, place: float) -> float:
    return _rounded(float(axis.scale.inverse(np.array([place]))[0]))


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
