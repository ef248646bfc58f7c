"""Which points lie inside a gate: pure geometry on scale coordinates, no events and no names.

One boundary rule for every shape: a lower bound is in, an upper bound is out (Gating-ML 2.0);
for a polygon that means left and bottom edges in, right and top edges out, whatever the order
of its vertices. Self-crossing polygons follow the even-odd rule. NaN is inside nothing.

Decision: the polygon test is a loop over edges in numpy. FlowUtils' C function answers the
same and is about as fast (engine.md §7: 35 against 26 ns an event at 8 vertices, less here,
for the bounding box goes first), but its answer may depend on the direction in which the
vertices run, by one rounding; here each edge is taken upward, so it cannot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Column = NDArray[np.float64]
Membership = NDArray[np.bool_]
Bounds = tuple[tuple[float, float], ...]  # one (low, high) for each dimension


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """From `low` (in) to `high` (out) on one axis; infinite where open.

    Examples
    --------
    >>> Interval(low=1.0).contains([np.array([0.9, 1.0, 5.0, np.nan])])
    array([False,  True,  True, False])
    """

    low: float = -math.inf
    high: float = math.inf
    kind: Literal["interval"] = "interval"

    def __post_init__(self) -> None:
        _check_bounds(self.bounds)

    @property
    def bounds(self) -> Bounds:
        """(low, high) of the one dimension."""
        return ((self.low, self.high),)

    def contains(self, columns: Sequence[Column]) -> Membership:
        """Tell for each point whether it is inside; `columns` holds one (n,) array."""
        return _between(columns, self.bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """A box in any number of dimensions; infinite where open.

    Examples
    --------
    >>> box = Rectangle(lows=(0.0, 0.0), highs=(1.0, math.inf))
    >>> box.contains([np.array([0.0, 1.0]), np.array([7.0, 7.0])])
    array([ True, False])
    """

    lows: tuple[float, ...]
    highs: tuple[float, ...]
    kind: Literal["rectangle"] = "rectangle"

    def __post_init__(self) -> None:
        _check_bounds(self.bounds)

    @property
    def bounds(self) -> Bounds:
        """(low, high) of each dimension."""
        return tuple(zip(self.lows, self.highs, strict=True))

    def contains(self, columns: Sequence[Column]) -> Membership:
        """Tell for each point whether it is inside; one (n,) array for each dimension."""
        return _between(columns, self.bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quadrant:
    """One cell between the dividers of its dimensions; a divider belongs to the cell above it.

    Examples
    --------
    >>> upper_left = Quadrant(lows=(-math.inf, 0.5), highs=(0.5, math.inf))
    >>> upper_left.contains([np.array([0.4, 0.5]), np.array([0.5, 0.5])])
    array([ True, False])
    """

    lows: tuple[float, ...]
    highs: tuple[float, ...]
    kind: Literal["quadrant"] = "quadrant"

    def __post_init__(self) -> None:
        _check_bounds(self.bounds)

    @property
    def bounds(self) -> Bounds:
        """(low, high) of each dimension."""
        return tuple(zip(self.lows, self.highs, strict=True))

    def contains(self, columns: Sequence[Column]) -> Membership:
        """Tell for each point whether it is inside; one (n,) array for each dimension."""
        return _between(columns, self.bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polygon:
    """A closed polygon on two axes, with straight edges in scale coordinates.

    Examples
    --------
    >>> square = Polygon(vertices=((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)))
    >>> square.contains([np.array([0.0, 4.0, 2.0]), np.array([0.0, 2.0, 4.0])])
    array([ True, False, False])
    """

    vertices: tuple[tuple[float, float], ...]
    kind: Literal["polygon"] = "polygon"

    def __post_init__(self) -> None:
        if len(self.vertices) < 3:
            raise ValueError(f"needs at least 3 vertices, found {len(self.vertices)}")
        if not all(math.isfinite(number) for vertex in self.vertices for number in vertex):
            raise ValueError("a vertex lies outside the scale")

    def contains(self, columns: Sequence[Column]) -> Membership:
        """Tell for each point whether it is inside; `columns` holds the x and the y (n,)."""
        x, y = columns
        xs, ys = zip(*self.vertices, strict=True)
        inside: Membership = (x >= min(xs)) & (x < max(xs)) & (y >= min(ys)) & (y < max(ys))
        near = np.flatnonzero(inside)
        inside[near] = self._odd_crossings(x[near], y[near])
        return inside

    def _odd_crossings(self, x: Column, y: Column) -> Membership:
        """Tell whether a ray to the right crosses the outline an odd number of times."""
        odd = np.zeros(len(x), dtype=np.bool_)
        for start, end in zip(self.vertices, (*self.vertices[1:], self.vertices[0]), strict=True):
            (x0, y0), (x1, y1) = (start, end) if start[1] <= end[1] else (end, start)
            if y0 == y1:
                continue  # the ends of a level edge are counted by its neighbours
            level = (y >= y0) & (y < y1)
            odd ^= level & ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0) > 0.0)
        return odd


Shape = Interval | Rectangle | Quadrant | Polygon


def _between(columns: Sequence[Column], bounds: Bounds) -> Membership:
    inside: Membership | None = None
    for column, (low, high) in zip(columns, bounds, strict=True):
        # written as two comparisons that NaN fails, also for an open bound
        here = (column >= low) & (column < high) if high < math.inf else column >= low
        inside = here if inside is None else inside & here
    if inside is None:
        raise ValueError("a gate needs at least one dimension")
    return inside


def _check_bounds(bounds: Bounds) -> None:
    if not bounds:
        raise ValueError("a gate needs at least one dimension")
    for low, high in bounds:
        if not low < high:
            raise ValueError(f"the low bound ({low:g}) is not below the high bound ({high:g})")
