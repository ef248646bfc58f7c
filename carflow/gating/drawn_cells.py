"""The T cells among a tube's drawn events, with their compensated values.

Drawn events are gated like a tube of their own, by the same gates. They answer what is asked of
the values of a population; they never make a count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from carflow.gating.brightness import LEAST_EVENTS, bright_axes
from carflow.gating.compensation import CompensationState
from carflow.gating.engine import gate
from carflow.gating.plan import plan
from carflow.gating.strategy import Role

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carflow.cleaning.drawn import DrawnEvents
    from carflow.gating.gated import Gated
    from carflow.gating.sources import Source
    from carflow.gating.strategy import Dimension, Strategy

    Values = NDArray[np.float64]


EARLY_SHARE = 0.02  # of the events of a tube
MEDIAN_EVENTS = 2_000  # of a population


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyCells:
    """T cells, and CAR+ cells among them, in the first events of a tube and in all others.

    What the tube before left in the line comes first.
    """

    early_cd3: int
    early_car: int
    late_cd3: int
    late_car: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnCells:
    """Linear compensated values, (k, n), of k fluorescence channels of n T cells.

    `is_compensated` is False where there was no matrix, or none was asked for; `early` is None
    where no population of CAR+ cells is named. `brightness` are medians of steady populations of
    the tube, T cells or not, from `carflow.gating.brightness`.
    """

    channels: tuple[str, ...]
    values: Values
    is_compensated: bool
    early: EarlyCells | None = None
    brightness: Mapping[str, float] = field(default_factory=dict)


def drawn_cells(drawn: DrawnEvents, strategy: Strategy) -> DrawnCells | None:
    """Return the T cells among drawn events, None where the gates name no such population.

    Only channels that gates or plots use are returned: the others were perhaps not read.

    Raises
    ------
    AnalysisError, GatesError, Problems
        As `carflow.gating.engine.gate`, which the tube itself has passed before.
    """
    population = strategy.role(Role.CD3)
    if population is None:
        return None
    gated = gate(drawn, strategy)
    inside = gated.mask(strategy.short_name(population))
    car = strategy.role(Role.CAR)
    steps = plan(drawn, strategy)
    sources = {
        source.channel: source
        for axis, source in steps.sources.items()
        if axis.compensated and axis.ratio is None
    }
    numbers = np.flatnonzero(inside)
    rows = [_compensated(drawn, source, numbers) for source in sources.values()]
    return DrawnCells(
        channels=tuple(sources),
        values=np.array(rows).reshape(len(rows), len(numbers)),
        is_compensated=steps.state
        not in {CompensationState.NO_MATRIX, CompensationState.NOT_ASKED},
        early=_early(inside, gated.mask(strategy.short_name(car)) & inside) if car else None,
        brightness=_brightness(drawn, gated, steps.sources),
    )


def _brightness(
    drawn: DrawnEvents, gated: Gated, sources: Mapping[Dimension, Source]
) -> dict[str, float]:
    """Return the medians of steady populations, of those with enough events and above 0."""
    medians = {
        f"{axis.name} of {population}": float(
            np.median(_compensated(drawn, sources[axis], _some(gated.mask(population))))
        )
        for population, axis in bright_axes(gated.strategy)
        if gated.counts[population] >= LEAST_EVENTS
    }
    return {name: median for name, median in medians.items() if median > 0.0}


def _some(inside: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the numbers of evenly spaced events of a population: a median needs no more."""
    numbers = np.flatnonzero(inside)
    return numbers[:: max(1, len(numbers) // MEDIAN_EVENTS)]


def _early(cd3: NDArray[np.bool_], car: NDArray[np.bool_]) -> EarlyCells:
    first = round(EARLY_SHARE * len(cd3))
    return EarlyCells(
        early_cd3=int(np.count_nonzero(cd3[:first])),
        early_car=int(np.count_nonzero(car[:first])),
        late_cd3=int(np.count_nonzero(cd3[first:])),
        late_car=int(np.count_nonzero(car[first:])),
    )


def _compensated(drawn: DrawnEvents, source: Source, numbers: NDArray[np.intp]) -> Values:
    if not source.weights:
        own: Values = drawn.values([source.channel], numbers)[0]
        return own
    detectors, weights = zip(*source.weights, strict=True)
    total: Values = np.array(weights) @ drawn.values(detectors, numbers)
    return total
