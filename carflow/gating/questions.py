"""The ``estimate`` keys of a gate template, checked: each a question the template may ask.

A question that makes no sense (a percentile of a valley, a bound of a polygon) is refused with
its place; nothing is estimated here.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from carflow.errors import CarflowError, GatesError
from carflow.gating.estimates import DEFAULT_CONTROLS, Choice, Estimate, Method, Scope
from carflow.gating.shapes import Interval, Polygon
from carflow.gating.strategy import find_population, short_path
from carflow.gating.template_errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from carflow.gating.models import EstimateTable, PopulationTable
    from carflow.gating.scales import Scale
    from carflow.gating.strategy import Population

_OWN_KEYS = {
    Method.VALLEY: {"valley", "adjust", "bound", "min_quality", "scale"},
    Method.SINGLETS: {"n_mad", "min_quality"},
    Method.CONTROL_PERCENTILE: {"percentile", "dim", "controls", "bound"},
    Method.MIXTURE: {"bound", "min_quality", "scale"},
    Method.BEADS: {"n_mad", "min_quality"},
}
_SHARED_KEYS = {"method", "scope", "on", "range", "min_events"}
_LEAST_EVENTS = {Method.CONTROL_PERCENTILE: 2000, Method.MIXTURE: 1000, Method.BEADS: 100}
_LEAST_QUALITY = {Method.BEADS: 0.9}
_N_MAD = {Method.BEADS: 5.0}
_CONTROLS = ("FMO", "untransduced", "pre-infusion", "healthy", "bead-QC")
_DIM_PERCENTILE = 99.5


def estimates_of(
    entries: Sequence[PopulationTable],
    populations: tuple[Population, ...],
    scales: Mapping[str, Scale],
) -> tuple[tuple[Estimate, ...], list[CarflowError]]:
    """Return the estimates of a template, parents before children, and what is wrong.

    Parameters
    ----------
    entries : sequence of PopulationTable
        As the file has them.
    populations : tuple of Population
        The whole tree.
    scales : mapping of str to Scale
        Those of the template.
    """
    asked: dict[tuple[str, ...], Estimate] = {}
    problems: list[CarflowError] = []
    for number, entry in enumerate(entries, start=1):
        if entry.estimate is None:
            continue
        place = f'population "{entry.name}"' if entry.name else f"population {number}"
        try:
            population = _population(entry, populations)
            estimate = _estimate(entry.estimate, population, populations)
            scale = _scale(entry.estimate, scales)
            asked[population.path] = replace(estimate, scale=scale)
        except GatesError as error:
            problems.append(error.at("estimate").at(place))
    ordered = tuple(asked[one.path] for one in populations if one.path in asked)
    return ordered, problems


def _population(entry: PopulationTable, populations: tuple[Population, ...]) -> Population:
    if not entry.name:
        raise GatesError("a quadrant cannot be estimated", hint="use an interval for each marker")
    named = [one for one in populations if one.name == entry.name]
    if len(named) == 1:
        return named[0]
    return find_population(populations, f"{entry.parent}/{entry.name}" if entry.parent else "")


def _estimate(
    table: EstimateTable, population: Population, populations: tuple[Population, ...]
) -> Estimate:
    method = Method(table.method)
    given = {key: value for key, value in table if value is not None}
    for key in given:
        if key not in _SHARED_KEYS | _OWN_KEYS[method]:
            of_a_reference = key == "controls" and given.get("scope") == "reference"
            if not of_a_reference:
                raise GatesError(f'"{key}" is not for the method "{method}"')
    paths = [one.path for one in populations]
    low, high = given.get("range", (-math.inf, math.inf))
    dim = bool(given.get("dim"))
    estimate = Estimate(
        population=short_path(population.path, paths),
        method=method,
        scope=_scope(method, given.get("scope")),
        on=_looked_at(given.get("on"), population, populations),
        side=_side(method, population, given.get("bound")),
        low=low,
        high=high,
        min_events=given.get("min_events", _LEAST_EVENTS.get(method, 500)),
        choice=Choice(given.get("valley", "deepest")),
        percentile=given.get("percentile", _DIM_PERCENTILE if dim else 99.9),
        dim=dim,
        min_quality=given.get("min_quality", _LEAST_QUALITY.get(method, 0.3)),
        adjust=given.get("adjust", 1.0),
        n_mad=given.get("n_mad", _N_MAD.get(method, 4.0)),
        controls=tuple(given.get("controls", DEFAULT_CONTROLS)),
    )
    for problem in _out_of_bounds(estimate):
        raise GatesError(problem)
    unknown = [name for name in estimate.controls if name not in _CONTROLS]
    if unknown:
        hint = did_you_mean(unknown[0], _CONTROLS)
        raise GatesError(f'controls: "{unknown[0]}" is no sample type of a control', hint=hint)
    return estimate


def _scale(table: EstimateTable, scales: Mapping[str, Scale]) -> Scale | None:
    if table.scale is None or table.scale in scales:
        return scales.get(table.scale or "")
    hint = did_you_mean(table.scale, scales)
    raise GatesError(f'scale "{table.scale}" is not defined in [scales]', hint=hint)


def _scope(method: Method, named: str | None) -> Scope:
    if named is not None:
        return Scope(named)
    return Scope.BATCH if method is Method.CONTROL_PERCENTILE else Scope.SAMPLE


def _looked_at(
    named: str | None, population: Population, populations: tuple[Population, ...]
) -> str:
    """Return the short name of the population whose events are looked at, "" for all events."""
    paths = [one.path for one in populations]
    if named is None:
        return short_path(population.parent, paths) if population.parent else ""
    if not named:
        return ""
    found = find_population(populations, named)
    if found.path != population.path[: len(found.path)] or found.path == population.path:
        raise GatesError(f'on: "{named}" is not the parent nor above it')
    return short_path(found.path, paths)


def _side(method: Method, population: Population, named: str | None) -> str:
    shape = population.shape
    if method is Method.SINGLETS:
        if not isinstance(shape, Polygon):
            raise GatesError("singlets are written as a polygon of area (x) and height (y)")
        return "polygon"
    if method is Method.BEADS:
        if not isinstance(shape, Polygon):
            raise GatesError("beads are written as a polygon of two channels they are bright in")
        return "polygon"
    if not isinstance(shape, Interval):
        raise GatesError(f'the method "{method}" is for an interval')
    sides = [
        name
        for name, bound in (("low", shape.low), ("high", shape.high))
        if math.isfinite(bound) and (named is None or named == name)
    ]
    if len(sides) != 1:
        raise GatesError(
            "say which bound is estimated", hint='bound = "low" or "high", one the interval has'
        )
    return sides[0]


def _out_of_bounds(estimate: Estimate) -> Iterator[str]:
    if not estimate.low < estimate.high:
        yield f"range: {estimate.low:g} is not below {estimate.high:g}"
    if estimate.min_events < 1:
        yield f"min_events is {estimate.min_events}; it is at least 1"
    if not 0.0 <= estimate.min_quality < 1.0:
        yield f"min_quality is {estimate.min_quality:g}; it lies in [0, 1)"
    if not 0.0 < estimate.adjust <= 10.0:
        yield f"adjust is {estimate.adjust:g}; it lies in (0, 10]"
    if not estimate.n_mad > 0.0:
        yield f"n_mad is {estimate.n_mad:g}; it is above 0"
    if not 50.0 <= estimate.percentile < 100.0:
        yield f"percentile is {estimate.percentile:g}; it lies in [50, 100)"
    if not estimate.controls:
        yield "controls is empty"
