"""Strategies with frozen coordinates: those of a lock, for one tube or for one never seen.

No event is looked at here. A bound that several populations share in the template moves in
all of them: where CAR+ begins, CAR− ends, whatever estimate or hand moved it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from carflow.errors import CarflowError, GatesError, Problems
from carflow.gating.shapes import Interval, Polygon, Quadrant, Rectangle
from carflow.gating.strategy import Role
from carflow.gating.template import parse_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from carflow.gating.lock import Coordinates, FrozenGate, Lock
    from carflow.gating.strategy import Dimension, Population, Strategy

    Moves = Mapping[tuple[Dimension, float], float]


def strategy_of_lock(lock: Lock) -> Strategy:
    """Return the gates of a lock as they hold for a tube it does not know, with the lock.

    Raises
    ------
    GatesError, Problems
        If the lock's template, a frozen gate or an override cannot be used.
    """
    if not lock.gates and not lock.overrides:
        return parse_template(lock.template)
    drawn = replace(parse_template(lock.template), estimates=(), lock=lock)
    known = {one.sample_id for one in lock.tubes}
    problems: list[CarflowError] = []
    for override in lock.overrides:
        if override.sample_id and override.sample_id not in known:
            sentence = f'sample "{override.sample_id}" is not among those of the lock'
            problems.append(GatesError(sentence).at(f'override of "{override.population}"'))
            continue
        try:
            with_coordinates(drawn, {override.population: override.coordinates})
        except GatesError as error:
            problems.append(error.at(f'override of "{override.population}"'))
    if problems:
        raise problems[0] if len(problems) == 1 else Problems("lock", problems)
    return frozen_for(drawn, sample_id="", subject_id="", batch="")


def frozen_for(strategy: Strategy, *, sample_id: str, subject_id: str, batch: str) -> Strategy:
    """Return the gates of one tube; a strategy without a lock is the same for every tube.

    Parameters
    ----------
    strategy : Strategy
        From `strategy_of_lock`.
    sample_id, subject_id : str
        As in the sample sheet.
    batch : str
        From `carflow.gating.lock.batch_id`; one that the lock does not know gets the gates of
        its largest batch.
    """
    lock = strategy.lock
    if lock is None:
        return strategy
    drawn = replace(parse_template(lock.template), estimates=(), lock=lock)
    gates = lock.gates_of(sample_id=sample_id, subject_id=subject_id, batch=batch)
    coordinates = {name: gate.coordinates for name, gate in gates.items()}
    for override in lock.overrides_of(sample_id):
        coordinates[override.population] = override.coordinates
    return _with_lower_cut(with_coordinates(drawn, coordinates), gates)


def with_coordinates(strategy: Strategy, coordinates: Mapping[str, Coordinates]) -> Strategy:
    """Return a strategy with some gates elsewhere, and with them every gate that shares a bound.

    Parameters
    ----------
    coordinates : mapping of str to Coordinates
        By name of the population, in linear intensities; a bound that is not given stays.

    Raises
    ------
    GatesError
        If a population is not there, or its gate has no such coordinates.
    """
    moved: dict[tuple[str, ...], Population] = {}
    moves: dict[tuple[Dimension, float], float] = {}
    for name, wanted in coordinates.items():
        population = strategy.find(name)
        changed, moved_bounds = _moved(population, wanted)
        moved[population.path] = changed
        moves |= moved_bounds
    populations = tuple(
        moved.get(one.path) or _following(one, moves) for one in strategy.populations
    )
    return replace(strategy, populations=populations)


def _with_lower_cut(strategy: Strategy, gates: Mapping[str, FrozenGate]) -> Strategy:
    """Return a strategy that also counts the cells above the 95th percentile of the controls.

    Only of a dim reagent, of whose positive cells a part lies below the cut.
    """
    car = strategy.role(Role.CAR)
    gate = None if car is None else gates.get(strategy.short_name(car))
    if car is None or gate is None or gate.lower_percentile_cut is None:
        return strategy
    [low] = _scaled(car.dimensions[0], [gate.lower_percentile_cut])
    name = f"{car.name}, 95th percentile"
    path = (*car.parent, name)
    lower = replace(car, name=name, path=path, shape=Interval(low=low), description="")
    return replace(
        strategy,
        populations=(*strategy.populations, lower),
        roles={**strategy.roles, Role.CAR_P95: "/".join(path)},
    )


def lineage(strategy: Strategy, names: Iterable[str]) -> Strategy:
    """Return a strategy of some populations and their ancestors only, without plots and roles."""
    wanted: set[tuple[str, ...]] = set()
    pending = [strategy.find(name).path for name in names]
    while pending:
        path = pending.pop()
        wanted |= {path[:length] for length in range(1, len(path) + 1)}
        for one in strategy.populations:
            operands = getattr(one.shape, "operands", ()) if one.path in wanted else ()
            found = [strategy.find(operand.population).path for operand in operands]
            pending += [operand for operand in found if operand not in wanted]
    kept = tuple(one for one in strategy.populations if one.path in wanted)
    return replace(strategy, populations=kept, roles={}, plots=(), estimates=(), lock=None)


def _moved(
    population: Population, wanted: Coordinates
) -> tuple[Population, dict[tuple[Dimension, float], float]]:
    shape = population.shape
    if wanted.vertices:
        if not isinstance(shape, Polygon):
            raise GatesError(f"its gate is no polygon but of the kind {shape.kind}")
        x, y = population.dimensions
        corners = zip(_scaled(x, [one[0] for one in wanted.vertices]),
                      _scaled(y, [one[1] for one in wanted.vertices]), strict=True)  # fmt: skip
        return replace(population, shape=Polygon(vertices=tuple(corners))), {}
    if not isinstance(shape, Interval):
        raise GatesError(f"its gate is no interval but of the kind {shape.kind}")
    [axis] = population.dimensions
    moves: dict[tuple[Dimension, float], float] = {}
    bounds = {"low": shape.low, "high": shape.high}
    for side, place in (("low", wanted.low), ("high", wanted.high)):
        if place is None:
            continue
        drawn, [scaled] = bounds[side], _scaled(axis, [place])
        bounds[side] = scaled
        if math.isfinite(drawn):
            moves[axis, drawn] = scaled
    if not bounds["low"] < bounds["high"]:
        raise GatesError(f"{axis.name}: the low bound would not be below the high")
    return replace(population, shape=Interval(low=bounds["low"], high=bounds["high"])), moves


def _following(population: Population, moves: Moves) -> Population:
    """Return a population with those of its bounds moved that others have been moved from."""
    shape, axes = population.shape, population.dimensions
    if isinstance(shape, Interval):
        [axis] = axes
        low, high = (moves.get((axis, at), at) for at in (shape.low, shape.high))
        return replace(population, shape=Interval(low=low, high=high))
    if isinstance(shape, (Rectangle, Quadrant)):
        lows, highs = (
            tuple(moves.get((axis, at), at) for axis, at in zip(axes, bounds, strict=True))
            for bounds in (shape.lows, shape.highs)
        )
        return replace(population, shape=type(shape)(lows=lows, highs=highs))
    return population


def _scaled(axis: Dimension, linear: Sequence[float]) -> list[float]:
    return [float(one) for one in axis.scale.forward(np.array(linear, dtype=np.float64))]
