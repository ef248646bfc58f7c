"""The tree of named populations and what the analysis means by them, as frozen values.

No file is read and no event is seen here. A `Strategy` that exists is sound: names are unique
among siblings, every parent is there and stands before its children, and every role and plot
points to a population. What is wrong with one is reported all at once.

Names: a population is called by its shortest unambiguous path, such as ``CAR+`` or, where
``CD4+`` exists twice, ``CAR+/CD4+``. A whole path always wins over a path that merely ends
the same way.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Literal

from carflow.errors import GatesError, Problems
from carflow.gating.content import content_sha256
from carflow.gating.estimates import Estimate
from carflow.gating.lock import Lock
from carflow.gating.matrices import Matrix
from carflow.gating.scales import Scale
from carflow.gating.shapes import Boolean, Shape, axis_count

ALL_EVENTS = ""  # a plot of all events names no population
_PROVENANCE = ("estimates", "lock", "template")


class Role(StrEnum):
    """What a population is for; the quantities ask for roles, never for names."""

    TIME = "time"
    SINGLETS = "singlets"
    CELLS = "cells"
    LIVE = "live"
    CD45 = "cd45"
    LYMPHOCYTES = "lymphocytes"
    CD3 = "cd3"
    CD4 = "cd4"  # of CD3+
    CD8 = "cd8"  # of CD3+
    CAR = "car"
    CAR_NEGATIVE = "car_negative"
    CAR_CD4 = "car_cd4"
    CAR_CD8 = "car_cd8"
    CAR_NEGATIVE_CD4 = "car_negative_cd4"
    CAR_NEGATIVE_CD8 = "car_negative_cd8"
    CAR_P95 = "car_p95"  # above the 95th percentile of the controls
    BEADS = "beads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Gating-ML ``fratio``: ``a (x - b) / (y - c)`` of two channels, before any scale.

    What lies beyond `low` and `high` is at that bound.
    """

    numerator: str
    denominator: str
    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.a, self.b, self.c))):
            raise ValueError("a, b and c of a ratio are finite numbers")
        if not self.low <= self.high:
            raise ValueError(
                f"the lower bound of the ratio ({self.low:g}) is above the upper ({self.high:g})"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One axis: a marker or channel, its scale, and whether it is to be compensated.

    `matrix` names one of the strategy's own matrices; "" means that of the tube. With `ratio`
    the axis is the ratio of two channels, compensated first, and `name` only names it.

    Examples
    --------
    >>> from carflow.gating.scales import Identity
    >>> Dimension(name="FSC-A", scale=Identity(), compensated=False).name
    'FSC-A'
    """

    name: str
    scale: Scale
    compensated: bool
    matrix: str = ""
    ratio: Ratio | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The markers or channels it is made of: one, or the two of a ratio."""
        return (
            (self.name,) if self.ratio is None else (self.ratio.numerator, self.ratio.denominator)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """A gate and its place in the tree; `path` leads from the first ancestor to itself.

    `dimensions` are in the order of the shape's axes. With `outside`, it holds the events of
    its parent that are not in the shape.
    """

    name: str
    path: tuple[str, ...]
    shape: Shape
    dimensions: tuple[Dimension, ...]
    description: str = ""
    outside: bool = False

    @property
    def parent(self) -> tuple[str, ...]:
        """The path of the parent; empty for a population of all events."""
        return self.path[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssayLimits:
    """What the laboratory validated: event limits and the variation between runs.

    Parameters
    ----------
    lod_events, lloq_events : int
        Limits of detection and of quantification [events].
    required_sensitivity_pct : float, optional
        The share of the parent that must be detectable [%].
    cv_assay : float
        Coefficient of variation between runs, as a fraction.
    lloq_cells_per_ul : float, optional
        Validated limit of quantification of CAR T cells [1/µL]; it holds beside the events.
    cv_cbc, cv_cbc_low, cv_bead_lot, cv_pipetting : float
        CVs of blood counts (the second below 500 cells/µL), of the stated number of beads, and
        of pipetted blood, as fractions.
    """

    lod_events: int = 20
    lloq_events: int = 50
    required_sensitivity_pct: float | None = None
    cv_assay: float = 0.10
    lloq_cells_per_ul: float | None = None
    cv_cbc: float = 0.03
    cv_cbc_low: float = 0.20
    cv_bead_lot: float = 0.0
    cv_pipetting: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.lod_events <= self.lloq_events:
            raise ValueError(
                f"lod_events ({self.lod_events}) must not be negative nor above lloq_events "
                f"({self.lloq_events})"
            )
        sensitivity = self.required_sensitivity_pct
        if sensitivity is not None and not 0.0 < sensitivity <= 100.0:
            raise ValueError(f"required_sensitivity_pct is {sensitivity:g}; it lies in (0, 100]")
        limit = self.lloq_cells_per_ul
        if limit is not None and not 0.0 < limit < math.inf:
            raise ValueError(f"lloq_cells_per_ul is {limit:g}; it lies above 0")
        for name in ("cv_assay", "cv_cbc", "cv_cbc_low", "cv_bead_lot", "cv_pipetting"):
            cv = getattr(self, name)
            if not 0.0 <= cv < math.inf:
                raise ValueError(f"{name} is {cv:g}; it must not be negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """What the report draws of each tube: `population` on two axes, with the outline of `gate`.

    `population` is "" for all events.
    """

    population: str
    x: Dimension
    y: Dimension
    gate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A sound tree of populations, parents before children.

    Parameters
    ----------
    populations : tuple of Population
        Parents before children.
    roles : mapping of Role to str
        Which population plays which part, by short name.
    dimensions : tuple of Dimension
        Every marker or channel the gate file declares, also those no gate uses.
    compensation : "file" or "none"
        The tube's own spillover matrix, or no compensation at all.
    matrices : mapping of str to Matrix
        Matrices that come with the gates, by name.
    time : "seconds" or "stored"
        What gates on time are drawn in; a tube without seconds leaves the former out.
    qc : mapping of str to number
        Limits of the checks that are stated, by their name in `carflow.thresholds.QcLimits`.
    disturbed : "judge" or "remove"
        Whether stretches of a tube with disturbed signals are told, or left out before gating.
    estimates, lock, template : tuple of Estimate, Lock, str
        Gates to be found in the events, gates that were found, and the text of the template.

    Raises
    ------
    GatesError, Problems
        If the parts do not make a tree; all problems together.
    """

    name: str
    panel_id: str = ""
    description: str = ""
    populations: tuple[Population, ...]
    roles: Mapping[Role, str] = field(default_factory=dict)
    limits: AssayLimits = field(default_factory=AssayLimits)
    plots: tuple[Plot, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    compensation: Literal["file", "none"] = "file"
    matrices: Mapping[str, Matrix] = field(default_factory=dict)
    time: Literal["seconds", "stored"] = "seconds"
    qc: Mapping[str, int | float] = field(default_factory=dict)
    disturbed: Literal["judge", "remove"] = "judge"
    estimates: tuple[Estimate, ...] = ()
    lock: Lock | None = field(default=None, repr=False, compare=False)
    template: str = field(default="", repr=False, compare=False)

    def __post_init__(self) -> None:
        problems = [*_tree_problems(self.populations)]
        if not problems:
            problems = [*self._reference_problems()]
        if len(problems) == 1:
            raise problems[0]
        if problems:
            raise Problems(self.name, problems)

    def find(self, name: str) -> Population:
        """Return the population of that name or path ending.

        Raises
        ------
        GatesError
            If there is none, or several; the sentence lists what is there.
        """
        return find_population(self.populations, name)

    def short_name(self, population: Population) -> str:
        """Return the shortest path ending that means only this population."""
        return short_path(population.path, [other.path for other in self.populations])

    def parent_name(self, population: Population) -> str:
        """Return the parent's short name; "" for a population of all events."""
        paths = [other.path for other in self.populations]
        return short_path(population.parent, paths) if population.parent else ALL_EVENTS

    def short_names(self) -> tuple[str, ...]:
        """Return the short names of all populations, parents before children."""
        return tuple(self.short_name(population) for population in self.populations)

    def role(self, role: Role) -> Population | None:
        """Return the population that plays a role, or None where the gate file names none."""
        return self.find(self.roles[role]) if role in self.roles else None

    def dimension(self, name: str) -> Dimension:
        """Return how a marker is to be seen: as declared, or as its first gate sees it.

        Raises
        ------
        GatesError
            If the gate file knows no such marker.
        """
        for dimension in self._all_dimensions():
            if dimension.name == name:
                return dimension
        known = ", ".join(dict.fromkeys(dimension.name for dimension in self._all_dimensions()))
        raise GatesError(f'no marker "{name}" in these gates', hint=f"there are: {known}")

    @property
    def sha256(self) -> str:
        """A hash of what the gates do; its source and limits of checks do not enter."""
        silent = {"qc", *_PROVENANCE} | (set() if self.disturbed == "remove" else {"disturbed"})
        said = (one.name for one in fields(self) if one.name not in silent)
        return content_sha256({name: getattr(self, name) for name in said})

    def _all_dimensions(self) -> Iterator[Dimension]:
        yield from self.dimensions
        for population in self.populations:
            yield from population.dimensions

    def _reference_problems(self) -> Iterator[GatesError]:
        for population in self.populations:
            for axis in population.dimensions:
                if axis.matrix and axis.matrix not in self.matrices:
                    error = GatesError(f'matrix "{axis.matrix}" is not defined')
                    yield error.at(f'population "{population.name}"')
        for role, name in self.roles.items():
            yield from self._not_found(name, f'role "{role}"')
        for number, plot in enumerate(self.plots, start=1):
            place = f"plot {number}"
            yield from self._not_found(plot.gate, place)
            if plot.population != ALL_EVENTS:
                yield from self._not_found(plot.population, place)

    def _not_found(self, name: str, place: str) -> Iterator[GatesError]:
        try:
            self.find(name)
        except GatesError as error:
            yield error.at(place)


def find_population(populations: tuple[Population, ...], name: str) -> Population:
    """Return the population a path ending names; see `Strategy.find`."""
    ending = tuple(name.split("/"))
    found = [one for one in populations if one.path[-len(ending) :] == ending]
    whole = [one for one in found if one.path == ending]
    if len(whole) == 1:
        return whole[0]
    if len(found) == 1:
        return found[0]
    paths = [one.path for one in populations]
    if found:
        choices = ", ".join(short_path(one.path, paths) for one in found)
        raise GatesError(f'population "{name}" is ambiguous', hint=f"say which: {choices}")
    defined = ", ".join(short_path(path, paths) for path in paths)
    raise GatesError(f'population "{name}" is not defined', hint=f"defined: {defined}")


def short_path(path: tuple[str, ...], paths: list[tuple[str, ...]]) -> str:
    """Return the shortest ending of `path` that no other path shares.

    Examples
    --------
    >>> paths = [("CD3+",), ("CD3+", "CD4+"), ("CD3+", "CAR+"), ("CD3+", "CAR+", "CD4+")]
    >>> [short_path(path, paths) for path in paths]
    ['CD3+', 'CD3+/CD4+', 'CAR+', 'CAR+/CD4+']
    """
    for length in range(1, len(path)):
        ending = path[-length:]
        if sum(other[-length:] == ending for other in paths) == 1:
            return "/".join(ending)
    return "/".join(path)


def sibling_problems(populations: tuple[Population, ...]) -> Iterator[GatesError]:
    """Yield one error for each name that several children of one parent bear."""
    paths = Counter(population.path for population in populations)
    for path, count in paths.items():
        if count > 1:
            parent = f'the children of "{path[-2]}"' if path[1:] else "those without a parent"
            yield GatesError(f"defined {count} times among {parent}").at(f'population "{path[-1]}"')


def _tree_problems(populations: tuple[Population, ...]) -> Iterator[GatesError]:
    if not populations:
        yield GatesError("no population is defined", hint="add at least one [[population]]")
    seen: set[tuple[str, ...]] = set()
    yield from sibling_problems(populations)
    for population in populations:
        place = f'population "{population.name}"'
        for problem in _population_problems(population):
            yield problem.at(place)
        if population.parent and population.parent not in seen:
            absent = "/".join(population.parent)
            yield GatesError(f'parent "{absent}" is not defined before it').at(place)
        for problem in _operand_problems(population, populations, seen):
            yield problem.at(place)
        seen.add(population.path)


def _operand_problems(
    population: Population, populations: tuple[Population, ...], seen: set[tuple[str, ...]]
) -> Iterator[GatesError]:
    if not isinstance(population.shape, Boolean):
        return
    for operand in population.shape.operands:
        try:
            found = find_population(populations, operand.population)
        except GatesError as error:
            yield error
            continue
        if found.path not in seen:
            yield GatesError(f'population "{operand.population}" is not defined before it')


def _population_problems(population: Population) -> Iterator[GatesError]:
    name = population.name
    if not name.strip() or "/" in name or name == "root":
        yield GatesError('a name is not empty, has no "/", and is not "root"')
    if population.path[-1:] != (name,):
        yield GatesError(f"its path ends in {population.path[-1:]!r}")
    shape = population.shape
    axes = axis_count(shape)
    if len(population.dimensions) != axes:
        yield GatesError(
            f"its {shape.kind} has {axes} axes, but {len(population.dimensions)} are named"
        )
