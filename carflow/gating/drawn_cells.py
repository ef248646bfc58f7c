"""The cells of a population among a tube's drawn events, with their compensated values.

Drawn events are gated like a tube of their own, by the same gates. They answer what is asked of
the values of a population; they never make a count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carflow.gating.compensation import CompensationState
from carflow.gating.engine import gate
from carflow.gating.plan import plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carflow.cleaning.drawn import DrawnEvents
    from carflow.gating.sources import Source
    from carflow.gating.strategy import Role, Strategy

    Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnCells:
    """Linear compensated values, (k, n), of k fluorescence channels of n cells.

    `is_compensated` is False where there was no matrix, or none was asked for.
    """

    channels: tuple[str, ...]
    values: Values
    is_compensated: bool


def drawn_cells(drawn: DrawnEvents, strategy: Strategy, role: Role) -> DrawnCells | None:
    """Return the cells of a role among drawn events, None where no population plays it.

    Only channels that gates or plots use are returned: the others were perhaps not read.

    Raises
    ------
    AnalysisError, GatesError, Problems
        As `carflow.gating.engine.gate`, which the tube itself has passed before.
    """
    population = strategy.role(role)
    if population is None:
        return None
    gated = gate(drawn, strategy)
    inside = gated.mask(strategy.short_name(population))
    steps = plan(drawn, strategy)
    sources = {
        source.channel: source
        for axis, source in steps.sources.items()
        if axis.compensated and axis.ratio is None
    }
    rows = [_compensated(drawn, source, inside) for source in sources.values()]
    return DrawnCells(
        channels=tuple(sources),
        values=np.array(rows).reshape(len(rows), int(np.count_nonzero(inside))),
        is_compensated=steps.state
        not in {CompensationState.NO_MATRIX, CompensationState.NOT_ASKED},
    )


def _compensated(drawn: DrawnEvents, source: Source, inside: NDArray[np.bool_]) -> Values:
    if not source.weights:
        own: Values = drawn.values([source.channel])[0][inside]
        return own
    detectors, weights = zip(*source.weights, strict=True)
    total: Values = np.array(weights) @ drawn.values(detectors)[:, inside]
    return total
