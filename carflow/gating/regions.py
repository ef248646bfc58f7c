"""Polygons and ellipsoids on the axes of one tube: as exact as the shapes, and faster.

Cheap tests on linear values answer for most events: a `Raster` for a polygon, the box around
it for an ellipsoid or a few events. The rest is scaled and tested by the shape.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from carflow.gating.bounds import LinearBounds, linear_bounds
from carflow.gating.raster import CUT, INSIDE, Raster, raster
from carflow.gating.scales import Scale
from carflow.gating.shapes import Ellipsoid, Polygon

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from carflow.gating.near import Near
    from carflow.gating.scales import Values
    from carflow.gating.shapes import Bounds, Membership

_SLACK = 1e-9  # around a box, relative to its numbers: more than any rounding
_THINNEST, _FARTHEST = 1e-30, 1e30  # linear extent and corners of a polygon that gets cells
_WORTH_CELLS = 1_000  # events; fewer are tested before the cells would be made


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A polygon or ellipsoid with the scales of its axes."""

    shape: Polygon | Ellipsoid
    scales: tuple[Scale, ...]
    box: tuple[LinearBounds, ...]
    rastered: bool

    def contains(self, linear: Sequence[Near]) -> Membership:
        """Tell for each event whether it is inside, given the linear values on each axis."""
        enough = len(linear[0].values) >= _WORTH_CELLS
        if self.rastered and enough and isinstance(self.shape, Polygon):
            return self._in_cells(linear, raster(self.shape, *self.scales, slack=_slacks(linear)))
        close = self.box[0].contains(linear[0])
        for bounds, column in zip(self.box[1:], linear[1:], strict=True):
            close &= bounds.contains(column)
        inside = np.zeros(len(close), dtype=np.bool_)
        doubtful = np.flatnonzero(close)
        if doubtful.size:
            inside[doubtful] = self.shape.contains(self._coordinates(linear, doubtful))
        return inside

    def _in_cells(self, linear: Sequence[Near], grid: Raster) -> Membership:
        classes = grid.classify(linear[0].values, linear[1].values)
        inside = np.asarray(classes == INSIDE)
        doubtful = np.flatnonzero(classes >= CUT)
        if doubtful.size:
            x, y = self._coordinates(linear, doubtful)
            answers, unsure = grid.beside(classes.take(doubtful), x, y)
            if unsure.any():
                answers[unsure] = self.shape.contains([x[unsure], y[unsure]])
            inside[doubtful] = answers
        return inside

    def _coordinates(self, linear: Sequence[Near], numbers: NDArray[np.intp]) -> list[Values]:
        axes = zip(self.scales, linear, strict=True)
        return [scale.forward(column.exact(numbers)) for scale, column in axes]


@lru_cache(maxsize=512)
def region(shape: Polygon | Ellipsoid, scales: tuple[Scale, ...], *, rastered: bool) -> Region:
    """Return a shape ready for events.

    Parameters
    ----------
    rastered : bool
        Whether a polygon gets a grid: it costs a millisecond, and its values must be finite.
    """
    bounds = _box(shape)
    rastered = rastered and all(
        _has_cells(scale, low, high) for scale, (low, high) in zip(scales, bounds, strict=True)
    )
    box = tuple(
        linear_bounds(scale, low - _slack(low, high), high + _slack(low, high))
        for scale, (low, high) in zip(scales, bounds, strict=True)
    )
    return Region(shape=shape, scales=scales, box=box, rastered=rastered)


def _has_cells(scale: Scale, low: float, high: float) -> bool:
    """Tell whether cells between two coordinates can be told apart by numbers of 32 bits."""
    with np.errstate(over="ignore", invalid="ignore"):
        first, last = scale.inverse(np.array([low, high])).tolist()
        return low < high and last - first > _THINNEST and max(-first, last) < _FARTHEST


def _slacks(linear: Sequence[Near]) -> tuple[float, ...]:
    """Return powers of two that are not smaller than the slacks, so that few grids are made."""
    return tuple(rounded_up(one.slack) for one in linear)


def rounded_up(slack: float) -> float:
    """Return the least power of two that is not smaller; 0 for 0.

    Examples
    --------
    >>> rounded_up(0.3), rounded_up(0.0)
    (0.5, 0.0)
    """
    return 2.0 ** math.ceil(math.log2(slack)) if slack else 0.0


def _box(shape: Polygon | Ellipsoid) -> Bounds:
    if isinstance(shape, Ellipsoid):
        return shape.bounds
    return tuple((min(axis), max(axis)) for axis in zip(*shape.vertices, strict=True))


def _slack(low: float, high: float) -> float:
    return 0.0 if math.isinf(low) else _SLACK * (1.0 + abs(low) + abs(high))
