"""Density grids and gates to small pictures: axes with ticks, and the gate's outline.

Only the geometry of what will be drawn; no colour and no drawing library.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from carflow.gating.scales import Identity, Linear
from carflow.gating.shapes import Ellipsoid, Polygon
from carflow.result.sample import Axis, GatePicture, Tick

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carflow.gating.gated import Density, Gated
    from carflow.gating.scales import Scale
    from carflow.gating.shapes import Shape
    from carflow.gating.strategy import Population, Strategy

    Point = tuple[float, float]
    Box = tuple[float, float, float, float]

_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def gate_pictures(gated: Gated) -> tuple[GatePicture, ...]:
    """Return one picture for each density grid of a tube."""
    return tuple(_picture(gated, density) for density in gated.densities)


def _picture(gated: Gated, density: Density) -> GatePicture:
    strategy = gated.strategy
    gate = strategy.find(density.gate)
    parent = strategy.parent_name(gate)
    box = (*density.x_edges, *density.y_edges)
    return GatePicture(
        population=density.population,
        x=axis_of(density.x_name, density.x_scale, density.x_edges),
        y=axis_of(density.y_name, density.y_scale, density.y_edges),
        bins=density.bins,
        counts=density.counts,
        gate=strategy.short_name(gate),
        gate_parent=parent,
        gate_count=gated.counts[density.gate],
        gate_parent_count=gated.counts[parent] if parent else gated.n_events - gated.n_nonfinite,
        outline=_outline(strategy, gate, density, box),
    )


def axis_of(name: str, scale: Scale, edges: tuple[float, float]) -> Axis:
    """Return an axis between two scale coordinates, with ticks at round linear values."""
    low, high = edges
    ticks = tuple(tick for tick in _ticks(scale, edges) if low <= tick.position <= high)
    return Axis(name=name, low=low, high=high, ticks=ticks)


def _ticks(scale: Scale, edges: tuple[float, float]) -> tuple[Tick, ...]:
    """Return ticks at round linear values: decades, or round thousands on a linear scale."""
    if isinstance(scale, (Identity, Linear)):
        bottom, top = scale.inverse(np.array(edges))
        values = list(_round_values(float(bottom), float(top)))
        labels = [_thousands(value) for value in values]
    else:
        values, labels = _decades()
    positions = scale.forward(np.array(values, dtype=np.float64))
    return tuple(
        Tick(position=float(position), label=label)
        for position, label in zip(positions, labels, strict=True)
        if math.isfinite(position)
    )


def _decades() -> tuple[list[float], list[str]]:
    values, labels = [0.0], ["0"]
    for exponent in range(2, 7):
        for sign in (-1, 1):
            for digit in range(1, 10):
                values.append(sign * digit * 10.0**exponent)
                labelled = digit == 1 and (sign > 0 or exponent == 3) and exponent > 2
                minus = "−" if sign < 0 else ""
                labels.append(
                    f"{minus}10{str(exponent).translate(_SUPERSCRIPT)}" if labelled else ""
                )
    return values, labels


def _round_values(bottom: float, top: float) -> Iterator[float]:
    span = top - bottom
    if not span > 0.0:
        return
    step = 10.0 ** math.floor(math.log10(span))
    while span / step < 3.0:
        step /= 2.0
    first = math.ceil(bottom / step)
    last = math.floor(top / step)
    yield from (number * step for number in range(first, last + 1))


def _thousands(value: float) -> str:
    return f"{value / 1000:g}k" if abs(value) >= 1000 else f"{value:g}"


def _outline(strategy: Strategy, gate: Population, density: Density, box: Box) -> tuple[Point, ...]:
    """Return the gate as a polygon in the plane of the picture.

    Bounds of the gate and of its ancestors, up to the population shown, cut the box; the
    innermost polygon or ellipse in this plane, if any, is cut by what remains of it. Gates on
    other markers, complements and boolean gates cannot be drawn in this plane and leave no edge.
    """
    polygon: tuple[Point, ...] | None = None
    for population in _lineage(strategy, gate, density.population):
        if population.outside:
            continue
        corners = _corners(population.shape)
        if corners:
            names = tuple(dimension.name for dimension in population.dimensions)
            polygon = polygon or _in_plane(corners, names, density)
        else:
            box = _cut(box, population, density)
    left, right, bottom, top = box
    corners = ((left, bottom), (right, bottom), (right, top), (left, top))
    if left >= right or bottom >= top:
        return ()
    return corners if polygon is None else _clipped(polygon, box)


def _lineage(strategy: Strategy, gate: Population, shown: str) -> Iterator[Population]:
    """Yield the gate and its ancestors below the population shown, innermost first."""
    stop = len(strategy.find(shown).path) if shown else 0
    by_path = {population.path: population for population in strategy.populations}
    for length in range(len(gate.path), stop, -1):
        yield by_path[gate.path[:length]]


def _corners(shape: Shape) -> tuple[Point, ...]:
    """Return the corners of a shape whose edge is no box: a polygon, or an ellipse by many."""
    if isinstance(shape, Polygon):
        return shape.vertices
    if isinstance(shape, Ellipsoid) and len(shape.bounds) == 2:
        return tuple(shape.outline())
    return ()


def _in_plane(
    corners: tuple[Point, ...], names: tuple[str, ...], density: Density
) -> tuple[Point, ...] | None:
    if names == (density.x_name, density.y_name):
        return corners
    if names == (density.y_name, density.x_name):
        return tuple((x, y) for y, x in corners)
    return None


def _cut(box: Box, population: Population, density: Density) -> Box:
    left, right, bottom, top = box
    if isinstance(population.shape, (Polygon, Ellipsoid)):
        return box
    for dimension, (low, high) in zip(population.dimensions, population.shape.bounds, strict=True):
        if dimension.name == density.x_name:
            left, right = max(left, low), min(right, high)
        elif dimension.name == density.y_name:
            bottom, top = max(bottom, low), min(top, high)
    return left, right, bottom, top


def _clipped(polygon: tuple[Point, ...], box: Box) -> tuple[Point, ...]:
    """Cut a polygon by a box, edge after edge (Sutherland and Hodgman, 1974)."""
    left, right, bottom, top = box
    for axis, bound, sign in ((0, left, 1), (0, right, -1), (1, bottom, 1), (1, top, -1)):
        polygon = tuple(_clipped_at(polygon, axis, bound, sign))
    return polygon


def _clipped_at(polygon: tuple[Point, ...], axis: int, bound: float, sign: int) -> Iterator[Point]:
    for here, there in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        here_in = sign * (here[axis] - bound) >= 0
        there_in = sign * (there[axis] - bound) >= 0
        if here_in:
            yield here
        if here_in != there_in:
            share = (bound - here[axis]) / (there[axis] - here[axis])
            yield (
                here[0] + share * (there[0] - here[0]),
                here[1] + share * (there[1] - here[1]),
            )
