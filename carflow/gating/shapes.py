"""Which points lie inside a gate: pure geometry on scale coordinates, no events and no names.

The boundary rules of Gating-ML 2.0: of intervals, rectangles and quadrants a lower bound is
in, an upper bound is out; the outline of a polygon and of an ellipsoid is in. Self-crossing
polygons follow the even-odd rule. NaN is inside nothing.

Decisions
---------
* The official suite has events exactly on the edges of a polygon, and all are in (its authors:
  "the boundary should be inclusive"). FlowUtils and flowCore count left and bottom edges only.
* Whether a point is on an edge is decided exactly: products in double precision tell for all
  but a few points, and these are computed in fractions. So the answer depends neither on the
  order of the vertices nor on rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from carflow.errors import AnalysisError
from carflow.gating.matrices import ordered_inverse

if TYPE_CHECKING:
    from collections.abc import Sequence

Column = NDArray[np.float64]
Membership = NDArray[np.bool_]
Bounds = tuple[tuple[float, float], ...]  # one (low, high) for each dimension

_ROUNDING = 1e-15  # three roundings of 2**-53, and room
_BLOCK = 32_768  # products of points and edges at a time: they stay in the processor's cache


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
    >>> square.contains([np.array([0.0, 4.0, 4.1]), np.array([0.0, 2.0, 4.0])])
    array([ True,  True, False])
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
        inside: Membership = (x >= min(xs)) & (x <= max(xs)) & (y >= min(ys)) & (y <= max(ys))
        near = np.flatnonzero(inside)
        inside[near] = self._inside_or_on_edge(x[near], y[near])
        return inside

    def _inside_or_on_edge(self, x: Column, y: Column) -> Membership:
        """Tell where a ray to the right crosses the outline an odd number of times, or starts."""
        lines = _upward(self.vertices)
        inside = np.empty(len(x), dtype=np.bool_)
        step = max(1, _BLOCK // len(self.vertices))
        for start in range(0, len(x), step):
            here = slice(start, start + step)
            inside[here] = _inside_or_on(x[here], y[here], lines)
        return inside


@lru_cache(maxsize=512)
def _upward(vertices: tuple[tuple[float, float], ...]) -> Column:
    """Return the edges of a polygon from their lower to their upper ends, (4, v, 1)."""
    edges = zip(vertices, (*vertices[1:], vertices[0]), strict=True)
    upward = [(*low, *high) for low, high in (sorted(edge, key=_height) for edge in edges)]
    return np.array(upward).T[:, :, np.newaxis]


def _height(vertex: tuple[float, float]) -> float:
    return vertex[1]


def _inside_or_on(x: Column, y: Column, lines: Column) -> Membership:
    """Tell for (n,) points whether they are inside or on the outline; `lines` is (4, v, 1)."""
    x0, y0, x1, y1 = lines
    beside = (y >= y0) & (y <= y1)
    side = _side(x, y, lines, beside)
    # the upper end of an edge is counted by its neighbour
    crossed = np.count_nonzero((side > 0) & beside & (y < y1), axis=0)
    on_edge = (side == 0) & beside & (x >= np.minimum(x0, x1)) & (x <= np.maximum(x0, x1))
    return np.asarray((crossed & 1).astype(np.bool_) | on_edge.any(axis=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ellipsoid:
    """All points x with ``(x - mean)' inverse(covariance) (x - mean) ≤ distance_square``.

    The covariance need not be symmetric nor positive; the official suite has one that is not.

    Raises
    ------
    ValueError
        If the sizes do not fit or the covariance has no inverse.

    Examples
    --------
    >>> circle = Ellipsoid(mean=(0.0, 0.0), covariance=((4.0, 0.0), (0.0, 4.0)))
    >>> circle.contains([np.array([2.0, 1.5]), np.array([0.0, 1.5])])
    array([ True, False])
    """

    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    distance_square: float = 1.0
    kind: Literal["ellipsoid"] = "ellipsoid"
    inverse: tuple[tuple[float, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        size = len(self.mean)
        numbers = [*self.mean, self.distance_square, *chain.from_iterable(self.covariance)]
        if size < 2 or [len(row) for row in self.covariance] != [size] * size:
            raise ValueError(
                f"a center of {size} numbers needs a covariance of {size} rows of {size}, "
                "and at least 2 of them"
            )
        if not all(map(math.isfinite, numbers)) or self.distance_square < 0.0:
            raise ValueError("an ellipsoid needs finite numbers and no negative distance")
        try:
            inverse = ordered_inverse(self.covariance)
        except AnalysisError:
            raise ValueError("the covariance matrix has no inverse") from None
        object.__setattr__(self, "inverse", inverse)

    @property
    def bounds(self) -> Bounds:
        """(low, high) of each dimension: the box around it, open where it has none."""
        if not self._is_closed():
            return ((-math.inf, math.inf),) * len(self.mean)
        half = [
            math.sqrt(self.distance_square * self.covariance[i][i]) for i in range(len(self.mean))
        ]
        return tuple((at - by, at + by) for at, by in zip(self.mean, half, strict=True))

    def outline(self, corners: int = 96) -> tuple[tuple[float, float], ...]:
        """Return points on the outline of an ellipse, for a picture; () if it has none."""
        if len(self.mean) != 2 or not self._is_closed():
            return ()
        (xx, xy), (_, yy) = self.covariance
        far = math.sqrt(self.distance_square)
        a, b = math.sqrt(xx), xy / math.sqrt(xx)
        c = math.sqrt(max(yy - b * b, 0.0))
        turns = [2.0 * math.pi * i / corners for i in range(corners)]
        return tuple(
            (
                self.mean[0] + far * a * math.cos(turn),
                self.mean[1] + far * (b * math.cos(turn) + c * math.sin(turn)),
            )
            for turn in turns
        )

    def contains(self, columns: Sequence[Column]) -> Membership:
        """Tell for each point whether it is inside; one (n,) array for each dimension."""
        away = [column - at for column, at in zip(columns, self.mean, strict=True)]
        distance = np.zeros(len(away[0]))
        with np.errstate(invalid="ignore", over="ignore"):  # minus infinity on a log scale
            for here, row in zip(away, self.inverse, strict=True):
                # in the order of the matrix: the same bits for any number of points
                part = away[0] * row[0]
                for there, weight in zip(away[1:], row[1:], strict=True):
                    part += there * weight
                distance += here * part
        return np.asarray(distance <= self.distance_square)

    def _is_closed(self) -> bool:
        """Tell whether this is an ellipsoid proper: symmetric, with positive pivots."""
        size = range(len(self.mean))
        rows = [list(row) for row in self.covariance]
        if any(rows[i][j] != rows[j][i] for i in size for j in size):
            return False
        for step in size:
            if not rows[step][step] > 0.0:
                return False
            for i in range(step + 1, len(rows)):
                factor = rows[i][step] / rows[step][step]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[step], strict=True)]
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """One population in a boolean gate; with `outside`, the events that are not in it."""

    population: str
    outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Boolean:
    """The events of other populations: in all of them, in any, or (of one) in it not.

    Examples
    --------
    >>> helper = Boolean(
    ...     operation="and",
    ...     operands=(Operand(population="CD4+"), Operand(population="CD8+", outside=True)),
    ... )
    >>> helper.joined([np.array([True, True]), np.array([False, True])])
    array([ True, False])
    """

    operation: Literal["and", "or", "not"]
    operands: tuple[Operand, ...]
    kind: Literal["boolean"] = "boolean"

    def __post_init__(self) -> None:
        if not self.operands:
            raise ValueError("a boolean gate needs at least one population")
        if self.operation == "not" and len(self.operands) != 1:
            raise ValueError(f'"not" takes one population, found {len(self.operands)}')

    @property
    def bounds(self) -> Bounds:
        """Nothing: it has no axes."""
        return ()

    def joined(self, inside: Sequence[Membership]) -> Membership:
        """Return the membership, given that of each operand's population, (n,) each."""
        answer: Membership | None = None
        for operand, members in zip(self.operands, inside, strict=True):
            here = ~members if operand.outside else members
            if answer is None:
                answer = here.copy()
            elif self.operation == "and":
                answer &= here
            else:
                answer |= here
        if answer is None:
            raise ValueError("a boolean gate needs at least one population")
        return ~answer if self.operation == "not" else answer


Shape = Interval | Rectangle | Quadrant | Polygon | Ellipsoid | Boolean


def axis_count(shape: Shape) -> int:
    """Return the number of dimensions a gate is drawn on."""
    return 2 if isinstance(shape, Polygon) else len(shape.bounds)


def _side(x: Column, y: Column, lines: Column, beside: Membership) -> Column:
    """Tell on which side of upward lines (v) points (n) are: left above 0, on 0, right below.

    The sign is exact where a point is `beside` a line, (v, n).
    """
    x0, y0, x1, y1 = lines
    rise, run = (x1 - x0) * (y - y0), (x - x0) * (y1 - y0)
    side: Column = rise - run
    close = np.abs(side) <= _ROUNDING * (np.abs(rise) + np.abs(run))
    close &= beside & (x0 != x1) & (y0 != y1)
    known: dict[tuple[int, float, float], float] = {}
    for line, point in zip(*(numbers.tolist() for numbers in close.nonzero()), strict=True):
        key = line, float(x[point]), float(y[point])
        if key not in known:
            known[key] = float(_exact_side(key[1], key[2], lines[:, line, 0].tolist()))
        side[line, point] = known[key]
    return side


def _exact_side(x: float, y: float, line: Sequence[float]) -> int:
    x0, y0, x1, y1 = map(Fraction, line)
    turn = (x1 - x0) * (Fraction(y) - y0) - (Fraction(x) - x0) * (y1 - y0)
    return (turn > 0) - (turn < 0)


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
