"""The gates of a Gating-ML 2.0 document, one element at a time, as drafts of populations.

References
----------
Spidlen J et al. Gating-ML 2.0, ISAC 2013, section 4 (gates).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from carflow.errors import GatesError
from carflow.gating.document import (
    DATA,
    GATING,
    attribute,
    children,
    finite,
    local_name,
    needed,
    needed_number,
    number,
    only_child,
)
from carflow.gating.gatingml_axes import dimensions, truth
from carflow.gating.parents import Draft
from carflow.gating.shapes import (
    Boolean,
    Ellipsoid,
    Interval,
    Operand,
    Polygon,
    Quadrant,
    Rectangle,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml.etree import _Element as Element  # type: ignore[import-untyped]  # ships no types

    from carflow.gating.gatingml_axes import Axes
    from carflow.gating.shapes import Shape
    from carflow.gating.strategy import Dimension

    _Drawn = tuple[Shape, tuple[Dimension, ...]]

_DIMENSION = f"{GATING}dimension"
_COORDINATE = f"{GATING}coordinate"
_OPERATIONS = tuple(f"{GATING}{name}" for name in ("and", "or", "not"))
_OPEN = 1e300  # carflow writes the last number where a bound is open


def gate_drafts(element: Element, axes: Axes) -> Iterator[Draft]:
    """Yield the population of a gate element; of a quadrant gate, those of its quadrants.

    Raises
    ------
    GatesError
        If it cannot be used; without a place.
    """
    name = needed(element, "id")
    parent = attribute(element, "parent_id") or ""
    place = gate_place(element)
    if local_name(element) == "QuadrantGate":
        for cell, (shape, cell_axes) in _quadrants(element, axes):
            yield Draft(name=cell, parent=parent, shape=shape, dimensions=cell_axes, place=place)
        return
    shape, drawn_on = _READERS[local_name(element)](element, axes)
    yield Draft(name=name, parent=parent, shape=shape, dimensions=drawn_on, place=place)


def gate_place(element: Element) -> str:
    """Return how a gate is called in errors."""
    return f'gate "{attribute(element, "id") or ""}"'


def is_gate(element: Element) -> bool:
    """Tell whether an element is one of the gates of the standard.

    Raises
    ------
    GatesError
        If it is called a gate, but the standard has none of that name.
    """
    name = local_name(element)
    if not (isinstance(element.tag, str) and element.tag.startswith(GATING)):
        return False
    if name not in _READERS and name != "QuadrantGate":
        known = ", ".join((*_READERS, "QuadrantGate"))
        raise GatesError(f'"{name}" is no gate of Gating-ML 2.0', hint=f"known: {known}")
    return True


def _rectangle(element: Element, axes: Axes) -> _Drawn:
    drawn_on = tuple(dimensions(element, axes, _DIMENSION))
    if not drawn_on:
        raise GatesError("a rectangle needs at least one dimension")
    lows, highs = [], []
    for child in children(element, _DIMENSION):
        low, high = number(child, "min"), number(child, "max")
        lows.append(-math.inf if low is None or low < -_OPEN else low)
        highs.append(math.inf if high is None or high > _OPEN else high)
    if len(drawn_on) == 1:
        return Interval(low=lows[0], high=highs[0]), drawn_on
    return Rectangle(lows=tuple(lows), highs=tuple(highs)), drawn_on


def _polygon(element: Element, axes: Axes) -> _Drawn:
    drawn_on = tuple(dimensions(element, axes, _DIMENSION))
    if len(drawn_on) != 2:
        raise GatesError(f"a polygon has two dimensions, found {len(drawn_on)}")
    vertices = []
    for place, vertex in enumerate(children(element, f"{GATING}vertex"), start=1):
        point = _point(vertex)
        if len(point) != 2:
            raise GatesError(f"has {len(point)} coordinates, not two").at(f"vertex {place}")
        vertices.append((point[0], point[1]))
    return Polygon(vertices=tuple(vertices)), drawn_on


def _ellipsoid(element: Element, axes: Axes) -> _Drawn:
    drawn_on = tuple(dimensions(element, axes, _DIMENSION))
    mean = _point(only_child(element, f"{GATING}mean"))
    covariance = tuple(
        tuple(needed_number(entry, "value", DATA) for entry in children(row, f"{GATING}entry"))
        for row in children(only_child(element, f"{GATING}covarianceMatrix"), f"{GATING}row")
    )
    square = needed_number(only_child(element, f"{GATING}distanceSquare"), "value", DATA)
    if len(mean) != len(drawn_on):
        raise GatesError(f"has {len(drawn_on)} dimensions, but a mean of {len(mean)} numbers")
    return Ellipsoid(mean=mean, covariance=covariance, distance_square=square), drawn_on


def _boolean(element: Element, _: Axes) -> _Drawn:
    operator = only_child(element, *_OPERATIONS)
    operands = tuple(
        Operand(
            population=needed(reference, "ref"),
            outside=truth(attribute(reference, "use-as-complement") or "false"),
        )
        for reference in children(operator, f"{GATING}gateReference")
    )
    operation = local_name(operator)
    if operation == "and":
        return Boolean(operation="and", operands=operands), ()
    if operation == "or":
        return Boolean(operation="or", operands=operands), ()
    return Boolean(operation="not", operands=operands), ()


def _point(element: Element) -> tuple[float, ...]:
    return tuple(needed_number(one, "value", DATA) for one in children(element, _COORDINATE))


def _quadrants(element: Element, axes: Axes) -> Iterator[tuple[str, _Drawn]]:
    """Yield the name, shape and dimensions of each quadrant."""
    dividers: dict[str, tuple[Dimension, list[float]]] = {}
    for divider in children(element, f"{GATING}divider"):
        name = needed(divider, "id")
        if name in dividers:
            raise GatesError(f'the divider "{name}" is defined twice')
        values = [finite(one.text or "", "value") for one in children(divider, f"{GATING}value")]
        if not values:
            raise GatesError(f'the divider "{name}" needs at least one value')
        dividers[name] = axes.dimension(divider), sorted(values)
    cells = list(children(element, f"{GATING}Quadrant"))
    if not cells:
        raise GatesError("has no Quadrant")
    for cell in cells:
        yield needed(cell, "id"), _quadrant(cell, dividers)


def _quadrant(element: Element, dividers: dict[str, tuple[Dimension, list[float]]]) -> _Drawn:
    place = f'Quadrant "{attribute(element, "id")}"'
    lows, highs, drawn_on = [], [], []
    seen: set[str] = set()
    for position in children(element, f"{GATING}position"):
        name = needed(position, "divider_ref")
        if name not in dividers or name in seen:
            wrong = "names twice" if name in seen else "refers to"
            raise GatesError(f'{wrong} the divider "{name}", which it cannot').at(place)
        seen.add(name)
        axis, values = dividers[name]
        at = needed_number(position, "location")
        lows.append(max((value for value in values if value <= at), default=-math.inf))
        highs.append(min((value for value in values if value > at), default=math.inf))
        drawn_on.append(axis)
    if not drawn_on:
        raise GatesError("has no position").at(place)
    return Quadrant(lows=tuple(lows), highs=tuple(highs)), tuple(drawn_on)


_READERS: dict[str, Callable[[Element, Axes], _Drawn]] = {
    "RectangleGate": _rectangle,
    "PolygonGate": _polygon,
    "EllipsoidGate": _ellipsoid,
    "BooleanGate": _boolean,
}
