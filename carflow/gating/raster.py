"""A polygon as a grid of cells that are inside, outside or cut by an edge.

Looking up a cell costs a few nanoseconds an event; a logicle and a polygon cost hundreds
(measured on a million events). Only events in cells that an edge cuts are scaled and tested
exactly, so the answer is that of the polygon, event for event.

Decisions
---------
* Cells are cut in *linear* values, and their corners are mapped through the scale. On a scale
  that is not straight the cell number comes from a table over the upper 16 bits of the
  32-bit float (sign, exponent, 7 bits): the only lookup that is as fast as a multiplication.
* Every cell is taken a little wider than it is before the edges are drawn, by more than any
  rounding on the way; a wider cell costs an exact test, never an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carflow.gating.scales import Values

if TYPE_CHECKING:
    from carflow.fcs.block import Stored
    from carflow.gating.scales import Scale
    from carflow.gating.shapes import Membership, Polygon

OUTSIDE, INSIDE, CUT = 0, 1, 2
_BY_EDGE = 4  # and more: cut by one edge only, 2 × its number + whether its left is inside
_MOST_EDGES = (255 - _BY_EDGE) // 2
_ROUNDING = 1e-11  # relative; a side that is nearer to 0 than this is left to the polygon
_STRAIGHT_CELLS, _CURVED_CELLS = 512, 256
_WIDER = 1e-6  # of a linear value; a 32-bit float is rounded by 6e-8
_Cells = NDArray[np.int32]
_Grid = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """The cells of one axis: `first` and `last` scale coordinate of each, and how to find one."""

    first: Values
    last: Values
    step: float = 0.0
    offset: float = 0.0
    table: _Cells | None = None

    def cells(self, linear: Stored) -> _Cells:
        """Return the number of the cell of each linear value."""
        if self.table is not None:
            upper = linear.astype(np.float32, copy=False).view(np.uint32) >> np.uint32(16)
            return self.table.take(upper)
        places = linear * self.step
        places += self.offset
        np.clip(places, 0.0, len(self.first) - 0.5, out=places)
        return places.astype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """The cells of a polygon on two axes."""

    x: Axis
    y: Axis
    classes: _Grid
    edges: Values

    def classify(self, x: Stored, y: Stored) -> _Grid:
        """Return OUTSIDE, INSIDE or, from CUT on, a cut cell for pairs of linear values, (n,)."""
        cells = self.x.cells(x)
        cells *= len(self.y.first)
        cells += self.y.cells(y)
        return self.classes.take(cells)

    def beside(self, classes: _Grid, x: Values, y: Values) -> tuple[Membership, Membership]:
        """Tell for points in cut cells whether they are inside, and where that is not sure.

        Parameters
        ----------
        classes : (n,) array
            Their classes, all of them CUT or more.
        x, y : (n,) arrays
            Their exact scale coordinates.
        """
        codes = np.maximum(classes, _BY_EDGE) - _BY_EDGE
        x0, y0, run, rise = self.edges[:, codes >> 1]
        up, across = run * (y - y0), (x - x0) * rise
        side = up - across
        unsure = np.abs(side) <= _ROUNDING * (np.abs(up) + np.abs(across))
        unsure |= classes < _BY_EDGE
        return (side > 0.0) == (codes & 1).astype(np.bool_), unsure


@lru_cache(maxsize=128)
def raster(
    polygon: Polygon, x: Scale, y: Scale, *, slack: tuple[float, ...] = (0.0, 0.0)
) -> Raster:
    """Return the cells of a polygon.

    Parameters
    ----------
    slack : (float, float)
        How far the linear values on either axis may be off.

    Examples
    --------
    >>> from carflow.gating.scales import Identity
    >>> from carflow.gating.shapes import Polygon
    >>> square = Polygon(vertices=((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)))
    >>> grid = raster(square, Identity(), Identity())
    >>> classes = grid.classify(np.array([2.0, 9.0, 4.0]), np.array([2.0, 2.0, 1.0]))
    >>> classes[:2].tolist(), bool(classes[2] >= CUT)
    ([1, 0], True)
    """
    xs, ys = zip(*polygon.vertices, strict=True)
    across, up = _axis(x, min(xs), max(xs), slack[0]), _axis(y, min(ys), max(ys), slack[1])
    edges = np.array(
        [(x0, y0, x1 - x0, y1 - y0) for (x0, y0), (x1, y1) in _edges(polygon)], dtype=np.float64
    ).T
    classes = _parity(polygon, across, up)
    counts, numbers = _cut(polygon, across, up)
    by_one = _by_one_edge(classes, numbers, edges, (across, up))
    classes[counts > 0] = CUT
    if edges.shape[1] <= _MOST_EDGES:
        classes[counts == 1] = by_one[counts == 1]
    return Raster(across, up, classes.ravel(), edges)


def _axis(scale: Scale, low: float, high: float, slack: float) -> Axis:
    straight = scale.kind in {"identity", "linear"}
    count = _STRAIGHT_CELLS if straight else _CURVED_CELLS
    # two cells around the polygon, so that no edge reaches into the open ones beyond
    margin = 2.0 * (high - low) / (count - 4)
    places = np.linspace(low - margin, high + margin, count + 1)
    with np.errstate(over="ignore"):
        edges = scale.inverse(places)
    if straight:
        step = count / (edges[-1] - edges[0])
        first, last = _extents(scale, edges, slack)
        # one cell more on either side holds what lies beyond
        return Axis(first, last, step=float(step), offset=float(1.0 - edges[0] * step))
    keys = np.clip(edges, -1e38, 1e38).astype(np.float32).view(np.uint32) >> np.uint32(16)
    ordered = np.unique(_ordered(keys.astype(np.int64)))
    edges = _value(ordered)
    first, last = _extents(scale, edges, slack)
    return Axis(first, last, table=_table(ordered))


def _extents(scale: Scale, edges: Values, slack: float) -> tuple[Values, Values]:
    """Return the first and last scale coordinate of the cells between edges, and beyond them."""
    spread = _WIDER * np.maximum(np.abs(edges), 1e-30)
    width = _WIDER * (edges[-1] - edges[0]) + slack
    below, above = scale.forward(edges - spread - width), scale.forward(edges + spread + width)
    below, above = below - 1e-9 * (1.0 + np.abs(below)), above + 1e-9 * (1.0 + np.abs(above))
    return np.concatenate(([-np.inf], below)), np.concatenate((above, [np.inf]))


def _ordered(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the upper halves of 32-bit floats as integers that rise with the value."""
    return np.where(keys < 0x8000, keys + 0x8000, 0xFFFF - keys + 1)


def _value(ordered: NDArray[np.int64]) -> Values:
    keys = np.where(ordered >= 0x8000, ordered - 0x8000, 0xFFFF - ordered + 1)
    return (keys.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)


def _table(ordered: NDArray[np.int64]) -> _Cells:
    """Return the cell of each upper half of a 32-bit float."""
    steps = np.zeros(0x10000, dtype=np.int32)
    steps[ordered] = 1
    cells = np.cumsum(steps, dtype=np.int32)
    return np.concatenate((cells[0x8000:], cells[0x7FFF::-1]))


def _edges(polygon: Polygon) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    ends = (*polygon.vertices[1:], polygon.vertices[0])
    return list(zip(polygon.vertices, ends, strict=True))


def _by_one_edge(parity: _Grid, numbers: _Cells, edges: Values, axes: tuple[Axis, Axis]) -> _Grid:
    """Return the class of each cell, were it cut by the edge of that number alone."""
    across, up = _middles(axes[0])[:, np.newaxis], _middles(axes[1])
    x0, y0, run, rise = edges[:, np.clip(numbers, 0, edges.shape[1] - 1)]
    above, beyond = run * (up - y0), (across - x0) * rise
    side = above - beyond
    left_is_inside = (side > 0.0) == parity.astype(np.bool_)
    classes = _BY_EDGE + 2 * numbers + left_is_inside
    # the middle lies on the edge: its parity tells nothing of the sides
    classes[np.abs(side) <= _ROUNDING * (np.abs(above) + np.abs(beyond))] = CUT
    return np.asarray(classes, dtype=np.uint8)


def _cut(polygon: Polygon, x: Axis, y: Axis) -> tuple[_Cells, _Cells]:
    """Return how many edges pass through each cell, and where it is one, which one."""
    steps = np.zeros((2, len(x.first), len(y.first) + 1), dtype=np.int32)
    for number, (start, end) in enumerate(_edges(polygon)):
        (x0, y0), (x1, y1) = sorted((start, end))
        columns = np.flatnonzero((x.last >= x0) & (x.first <= x1))
        if x0 == x1:
            lows, highs = np.full(len(columns), min(y0, y1)), np.full(len(columns), max(y0, y1))
        else:
            slope = (y1 - y0) / (x1 - x0)
            left = y0 + (np.maximum(x.first[columns], x0) - x0) * slope
            right = y0 + (np.minimum(x.last[columns], x1) - x0) * slope
            lows, highs = np.minimum(left, right), np.maximum(left, right)
        slack = 1e-9 * (abs(y0) + abs(y1))
        first = np.searchsorted(y.last, lows - slack)
        last = np.searchsorted(y.first, highs + slack, side="right")
        for step, weight in zip(steps, (1, number), strict=True):
            step[columns, first] += weight
            step[columns, last] -= weight
    counts, numbers = np.cumsum(steps, axis=2, dtype=np.int32)[:, :, :-1]
    return counts, numbers


def _parity(polygon: Polygon, x: Axis, y: Axis) -> _Grid:
    """Tell for the middle of each cell whether it is inside; true of cells no edge cuts."""
    across, up = _middles(x), _middles(y)
    crossings = np.zeros((len(up), len(across) + 1), dtype=np.int32)
    for start, end in _edges(polygon):
        (x0, y0), (x1, y1) = (start, end) if start[1] <= end[1] else (end, start)
        rows = np.flatnonzero((up >= y0) & (up < y1))
        if rows.size:
            at = x0 + (up[rows] - y0) * ((x1 - x0) / (y1 - y0))
            crossings[rows, np.searchsorted(across, at)] += 1
    # an edge to the right of a middle is crossed by the ray from there
    beyond = np.cumsum(crossings[:, ::-1], axis=1)[:, -2::-1]
    return np.ascontiguousarray((beyond % 2).T.astype(np.uint8))


def _middles(axis: Axis) -> Values:
    """Return a point of each cell; of the two open ones, a point beyond everything."""
    inner = (axis.first[1:-1] + axis.last[1:-1]) / 2.0
    return np.concatenate(([axis.first[1] - 1.0], inner, [axis.last[-2] + 1.0]))
