"""The populations of a gate template as drafts: linear coordinates mapped through their scale.

Parents are not looked up here; see `carflow.gating.parents`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from carflow.errors import CarflowError, GatesError
from carflow.gating.parents import Draft
from carflow.gating.shapes import (
    Boolean,
    Ellipsoid,
    Interval,
    Operand,
    Polygon,
    Quadrant,
    Rectangle,
    Shape,
)
from carflow.gating.template_errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from carflow.gating.models import (
        BooleanTable,
        EllipseTable,
        EllipsoidTable,
        IntervalTable,
        NotTable,
        PolygonTable,
        PopulationTable,
        QuadrantTable,
    )
    from carflow.gating.strategy import Dimension

_GATES = ("interval", "rectangle", "polygon", "ellipse", "ellipsoid", "quadrant", "boolean")
_CELLS = ("++", "+-", "-+", "--")  # of x and y, as in the names of a quadrant


def population_drafts(
    entries: Sequence[PopulationTable], axes: Mapping[str, Dimension]
) -> tuple[list[Draft], list[CarflowError]]:
    """Return the populations of a template, and what is wrong with their gates.

    A population with a faulty gate keeps its place in the tree, so that its children are not
    told that their parent is missing; with a problem at hand the tree is not used.
    """
    drafts: list[Draft] = []
    problems: list[CarflowError] = []
    for number, entry in enumerate(entries, start=1):
        place = f'population "{entry.name}"' if entry.name else f"population {number}"
        if entry.quadrant is not None:
            place = f'quadrant "{entry.quadrant.x} × {entry.quadrant.y}"'
        try:
            drafts += _drafts(entry, axes, place)
        except (GatesError, ValueError) as error:
            problem = error if isinstance(error, GatesError) else GatesError(str(error))
            problems.append(problem.at(place))
            drafts += _stand_ins(entry, place)
    return drafts, problems


def _stand_ins(entry: PopulationTable, place: str) -> Iterator[Draft]:
    names = [entry.name] if entry.name else []
    names += [*entry.quadrant.names.values()] if entry.quadrant else []
    for name in names:
        yield Draft(
            name=name, parent=entry.parent or "", shape=Interval(), dimensions=(), place=place
        )


def _drafts(entry: PopulationTable, axes: Mapping[str, Dimension], place: str) -> Iterator[Draft]:
    if sum(getattr(entry, gate) is not None for gate in _GATES) != 1:
        raise GatesError(f"needs exactly one of {', '.join(_GATES[:-1])} and {_GATES[-1]}")
    if entry.quadrant is None and not entry.name:
        raise GatesError('needs "name"')
    if entry.quadrant is not None and (entry.name or entry.outside):
        key = "name" if entry.name else "outside"
        raise GatesError(
            f'a quadrant has no "{key}" of its own', hint='its four cells are named in "names"'
        )
    for name, shape, dimensions in _shapes(entry, axes):
        yield Draft(
            name=name,
            parent=entry.parent or "",
            shape=shape,
            dimensions=dimensions,
            place=place,
            description=entry.description,
            outside=entry.outside,
        )


def _shapes(
    entry: PopulationTable, axes: Mapping[str, Dimension]
) -> Iterator[tuple[str, Shape, tuple[Dimension, ...]]]:
    if entry.quadrant is not None:
        yield from _cells(entry.quadrant, axes)
        return
    yield (entry.name or "", *_drawn(entry, axes))


def _drawn(
    entry: PopulationTable, axes: Mapping[str, Dimension]
) -> tuple[Shape, tuple[Dimension, ...]]:
    if entry.polygon is not None:
        return _polygon(entry.polygon, axes)
    if entry.interval is not None:
        return _interval(entry.interval, axes)
    if entry.ellipse is not None:
        return _ellipse(entry.ellipse, axes)
    if entry.ellipsoid is not None:
        return _ellipsoid(entry.ellipsoid, axes)
    if entry.boolean is not None:
        return _boolean(entry.boolean), ()
    return _rectangle(entry.rectangle or {}, axes)


def _interval(
    entry: IntervalTable, axes: Mapping[str, Dimension]
) -> tuple[Shape, tuple[Dimension, ...]]:
    if entry.low is None and entry.high is None:
        raise GatesError('an interval needs "low", "high" or both')
    axis = declared_axis(entry.of, axes)
    low = -math.inf if entry.low is None else entry.low
    high = math.inf if entry.high is None else entry.high
    scaled_low, scaled_high = _scaled_bounds(axis, low, high)
    return Interval(low=scaled_low, high=scaled_high), (axis,)


def _rectangle(
    entry: Mapping[str, tuple[float, float]], axes: Mapping[str, Dimension]
) -> tuple[Shape, tuple[Dimension, ...]]:
    if not entry:
        raise GatesError("a rectangle needs at least one marker with its two bounds")
    dimensions = tuple(declared_axis(name, axes) for name in entry)
    bounds = [
        _scaled_bounds(axis, low, high)
        for axis, (low, high) in zip(dimensions, entry.values(), strict=True)
    ]
    lows, highs = zip(*bounds, strict=True)
    return Rectangle(lows=lows, highs=highs), dimensions


def _polygon(
    entry: PolygonTable, axes: Mapping[str, Dimension]
) -> tuple[Shape, tuple[Dimension, ...]]:
    x, y = declared_axis(entry.x, axes), declared_axis(entry.y, axes)
    vertices = tuple((_scaled(x, one), _scaled(y, other)) for one, other in entry.vertices)
    return Polygon(vertices=vertices), (x, y)


def _ellipse(
    entry: EllipseTable, axes: Mapping[str, Dimension]
) -> tuple[Shape, tuple[Dimension, ...]]:
    """Return the ellipse around two half-axes p and q: its covariance is pp' + qq'."""
    x, y = declared_axis(entry.x, axes), declared_axis(entry.y, axes)
    center, *tips = (
        (_scaled(x, one), _scaled(y, other)) for one, other in (entry.center, *entry.tips)
    )
    (px, py), (qx, qy) = ((tip[0] - center[0], tip[1] - center[1]) for tip in tips)
    if px * qy == py * qx:
        raise GatesError(
            "the tips of the ellipse lie on one line with its center",
            hint="give one tip of the long axis and one of the short axis",
        )
    across = px * py + qx * qy
    covariance = ((px * px + qx * qx, across), (across, py * py + qy * qy))
    return Ellipsoid(mean=center, covariance=covariance), (x, y)


def _ellipsoid(
    entry: EllipsoidTable, axes: Mapping[str, Dimension]
) -> tuple[Shape, tuple[Dimension, ...]]:
    dimensions = tuple(declared_axis(name, axes) for name in entry.of)
    if len(entry.center) != len(dimensions):
        raise GatesError(
            f"the ellipsoid is of {len(dimensions)} markers, but its center has "
            f"{len(entry.center)} numbers"
        )
    center = tuple(_scaled(axis, at) for axis, at in zip(dimensions, entry.center, strict=True))
    covariance = tuple(map(tuple, entry.covariance))
    shape = Ellipsoid(mean=center, covariance=covariance, distance_square=entry.distance_square)
    return shape, dimensions


def _boolean(entry: BooleanTable) -> Boolean:
    if bool(entry.any_of) == bool(entry.all_of or entry.none_of):
        raise GatesError(
            'a boolean gate needs either "any_of", or "all_of" and "none_of", or one of these'
        )
    if entry.any_of:
        return Boolean(operation="or", operands=tuple(map(_operand, entry.any_of)))
    wanted = tuple(map(_operand, entry.all_of))
    unwanted = (_operand(one) for one in entry.none_of)
    turned = (Operand(population=one.population, outside=not one.outside) for one in unwanted)
    return Boolean(operation="and", operands=(*wanted, *turned))


def _operand(entry: str | NotTable) -> Operand:
    if isinstance(entry, str):
        return Operand(population=entry)
    return Operand(population=entry.population, outside=True)


def _cells(
    entry: QuadrantTable, axes: Mapping[str, Dimension]
) -> Iterator[tuple[str, Shape, tuple[Dimension, ...]]]:
    missing = [cell for cell in _CELLS if cell not in entry.names]
    if missing:
        raise GatesError(f'"names" lacks {", ".join(missing)}', hint="name all four cells, x first")
    dimensions = declared_axis(entry.x, axes), declared_axis(entry.y, axes)
    dividers = (entry.x_divider, entry.y_divider)
    places = [_scaled(axis, at) for axis, at in zip(dimensions, dividers, strict=True)]
    for cell, name in entry.names.items():
        signed = list(zip(cell, places, strict=True))
        lows = tuple(at if sign == "+" else -math.inf for sign, at in signed)
        highs = tuple(math.inf if sign == "+" else at for sign, at in signed)
        yield name, Quadrant(lows=lows, highs=highs), dimensions


def declared_axis(name: str, axes: Mapping[str, Dimension]) -> Dimension:
    """Return the dimension of a declared marker, or raise with the likely intention."""
    if name in axes:
        return axes[name]
    raise GatesError(f'marker "{name}" has no scale in [markers]', hint=did_you_mean(name, axes))


def _scaled(axis: Dimension, linear: float) -> float:
    return float(axis.scale.forward(np.array([linear]))[0])


def _scaled_bounds(axis: Dimension, low: float, high: float) -> tuple[float, float]:
    if not low < high:
        raise GatesError(f"{axis.name}: the low bound ({low:g}) is not below the high ({high:g})")
    return (
        low if math.isinf(low) else _scaled(axis, low),
        high if math.isinf(high) else _scaled(axis, high),
    )
