"""How bright the populations are that a drift of the cytometer or of a reagent would move.

The median of a marker in a population that its own gate calls bright does not follow how many
such cells there are, as a median over all T cells would: of CD3 in CD3+, never of CD4 in CD3+.
CAR+ cells are left out: how much CAR a cell carries is biology.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from carflow.fcs.channel_names import is_scatter
from carflow.gating.shapes import Polygon
from carflow.gating.strategy import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carflow.gating.strategy import Dimension, Population, Strategy

LEAST_EVENTS = 200  # a median of fewer is not compared
_STEADY = (
    Role.BEADS, Role.CD45, Role.CD3, Role.CD4, Role.CD8, Role.CAR_NEGATIVE_CD4,
    Role.CAR_NEGATIVE_CD8,
)  # fmt: skip


def lower_bound(population: Population, axis: int) -> float | None:
    """Return where a gate begins on one of its axes, linear; None where it is open below."""
    shape = population.shape
    if isinstance(shape, Polygon):
        low = min(vertex[axis] for vertex in shape.vertices)
    else:
        low = shape.bounds[axis][0]
    if not math.isfinite(low):
        return None
    linear = float(population.dimensions[axis].scale.inverse(np.array([low]))[0])
    return linear if math.isfinite(linear) else None


def bright_axes(strategy: Strategy) -> tuple[tuple[str, Dimension], ...]:
    """Return what to take medians of: populations by short name, each with an axis of its gate.

    Those of the populations with a role that begin above 0 on a fluorescence marker.
    """
    return tuple(dict.fromkeys(_pairs(strategy)))


def _pairs(strategy: Strategy) -> Iterator[tuple[str, Dimension]]:
    for role in _STEADY:
        population = strategy.role(role)
        if population is None or population.outside:
            continue
        for axis, dimension in enumerate(population.dimensions):
            if dimension.ratio is not None or is_scatter(dimension.name):
                continue
            begin = lower_bound(population, axis)
            if begin is not None and begin > 0.0 and dimension.name.casefold() != "time":
                yield strategy.short_name(population), dimension
