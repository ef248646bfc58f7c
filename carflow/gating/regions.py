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
from carflow.gating.raster import CUT, INSIDE, raster
from carflow.gating.scales import Scale
from carflow.gating.shapes import Ellipsoid, Polygon

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.gating.near import Near
    from carflow.gating.shapes import Bounds, Membership

_SLACK = 1e-9  # around a box, relative to its numbers: more than any rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A polygon or ellipsoid with the scales of its axes."""

    shape: Polygon | Ellipsoid
    scales: tuple[Scale, ...]
    box: tuple[LinearBounds, ...]
    rastered: bool

    def contains(self, linear: Sequence[Near]) -> Membership:
        """Tell for each event whether it is inside, given the linear values on each axis."""
        if self.rastered and isinstance(self.shape, Polygon):
            x, y = linear
            grid = raster(self.shape, *self.scales, slack=(_rounded(x.slack), _rounded(y.slack)))
            classes = grid.classify(x.values, y.values)
            inside = np.asarray(classes == INSIDE)
            doubtful = np.flatnonzero(classes == CUT)
        else:
            close = self.box[0].contains(linear[0])
            for bounds, column in zip(self.box[1:], linear[1:], strict=True):
                close &= bounds.contains(column)
            inside = np.zeros(len(close), dtype=np.bool_)
            doubtful = np.flatnonzero(close)
        if doubtful.size:
            axes = zip(self.scales, linear, strict=True)
            inside[doubtful] = self.shape.contains(
                [scale.forward(column.exact(doubtful)) for scale, column in axes]
            )
        return inside


@lru_cache(maxsize=512)
def region(shape: Polygon | Ellipsoid, scales: tuple[Scale, ...], *, rastered: bool) -> Region:
    """Return a shape ready for events.

    Parameters
    ----------
    rastered : bool
        Whether a polygon gets a grid: it costs a millisecond, and its values must be finite.
    """
    bounds = _box(shape)
    rastered = rastered and all(low < high for low, high in bounds)
    box = tuple(
        linear_bounds(scale, low - _slack(low, high), high + _slack(low, high))
        for scale, (low, high) in zip(scales, bounds, strict=True)
    )
    return Region(shape=shape, scales=scales, box=box, rastered=rastered)


def _rounded(slack: float) -> float:
    """Return a power of two that is not smaller, so that few grids are made."""
    return 2.0 ** math.ceil(math.log2(slack)) if slack else 0.0


def _box(shape: Polygon | Ellipsoid) -> Bounds:
    if isinstance(shape, Ellipsoid):
        return shape.bounds
    return tuple((min(axis), max(axis)) for axis in zip(*shape.vertices, strict=True))


def _slack(low: float, high: float) -> float:
    return 0.0 if math.isinf(low) else _SLACK * (1.0 + abs(low) + abs(high))
