"""A gate template (TOML) read into a `Strategy`.

Coordinates in a template are linear compensated intensities, the numbers on a plot's tick
labels; they are mapped through the scale of their marker here, so that a polygon's edges are
straight on the scale, as they are when drawn. Everything wrong with a file is reported at
once, with its place.

Decisions
---------
* ``type = "linear"`` is the plain number of the file (`Identity`), because that is what a
  biologist means by a linear axis; the Gating-ML ``flin`` has its own name.
* An open side of a rectangle is written ``-inf`` or ``inf``, which TOML knows; an interval
  leaves ``low`` or ``high`` out.
* Scatter and time are never compensated, whatever the file says. ``Time`` needs no scale.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from carflow.errors import CarflowError, GatesError, Problems
from carflow.gating.drafts import declared_axis, population_drafts
from carflow.gating.matrices import Matrix
from carflow.gating.parents import arrange
from carflow.gating.questions import estimates_of
from carflow.gating.scales import (
    Asinh,
    Bounded,
    Hyperlog,
    Identity,
    Linear,
    Log,
    Logicle,
    Scale,
    Unbounded,
)
from carflow.gating.strategy import (
    ALL_EVENTS,
    AssayLimits,
    Dimension,
    Plot,
    Population,
    Ratio,
    Role,
    Strategy,
    find_population,
    short_path,
    sibling_problems,
)
from carflow.gating.template_errors import did_you_mean, template_errors
from carflow.thresholds import QcLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from pydantic import BaseModel

    from carflow.gating.models import AssayTable, MarkerTable, ScaleTable, TemplateTable

# FSC-A, SSC-H, VSSC-A, "FS INT", "SS Lin", Time
_NEVER_COMPENSATED = re.compile(r"time$|[a-z]?[fs]sc?(?![a-z])", re.IGNORECASE)
_NO_MATRIX = ("file", "none")
_SCALES: dict[str, tuple[Callable[..., Unbounded], str]] = {
    "flin": (Linear, "ta"),
    "log": (Log, "tm"),
    "asinh": (Asinh, "tma"),
    "logicle": (Logicle, "twma"),
    "hyperlog": (Hyperlog, "twma"),
}


def read_template(path: str | Path) -> Strategy:
    """Return the strategy of a template file.

    Raises
    ------
    GatesError, Problems
        If the file cannot be used; every problem it has, each with its place.
    """
    place = str(path)
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise GatesError("is not UTF-8 text", hint="save it as UTF-8").at(place) from None
    except FileNotFoundError:
        raise GatesError("there is no such file").at(place) from None
    except OSError as error:
        raise GatesError(f"cannot be read: {error.strerror}").at(place) from error
    try:
        return parse_template(text)
    except GatesError as error:
        raise error.at(place) from None
    except Problems as problems:
        raise Problems(place, [*_each(problems)]) from None


def parse_template(text: str) -> Strategy:
    """Return the strategy of a template's text.

    Raises
    ------
    GatesError, Problems
        As in `read_template`.

    Examples
    --------
    >>> strategy = parse_template('''
    ... format = 1
    ... name = "T cells"
    ... compensation = "file"
    ... scales = { fluorescence = { type = "logicle", t = 262144, w = 0.5, m = 4.5, a = 0 } }
    ... markers = { CD3 = "fluorescence" }
    ... [[population]]
    ... name = "CD3+"
    ... interval = { of = "CD3", low = 1000 }
    ... ''')
    >>> strategy.short_names()
    ('CD3+',)
    """
    table = _table(text)
    tree = _tree(table)
    populations = tree.populations
    roles, unknown = _roles(table.roles, populations)
    plots, unseen = _plots(table, tree.axes, populations)
    estimates, unasked = estimates_of(table.population, populations, tree.scales)
    _raise([*unknown, *unseen, *unasked])
    return Strategy(
        name=table.name,
        panel_id=table.panel,
        description=table.description,
        populations=populations,
        roles=roles,
        limits=tree.limits,
        plots=plots,
        dimensions=tuple(tree.axes.values()),
        compensation="none" if table.compensation == "none" else "file",
        matrices=tree.matrices,
        qc=tree.qc,
        disturbed=table.cleaning.time,
        estimates=estimates,
        template=text,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tree:
    """The populations of a template, on the axes and with the limits that they need."""

    populations: tuple[Population, ...]
    axes: dict[str, Dimension]
    scales: dict[str, Scale]
    matrices: dict[str, Matrix]
    limits: AssayLimits
    qc: dict[str, int | float]


def _tree(table: TemplateTable) -> _Tree:
    """Return the tree; all that is wrong with it is raised together, before what rests on it.

    A tree with holes would only say the same again, in other words.
    """
    matrices, problems = _matrices(table)
    scales, wrong_scales = _scales(table)
    axes, wrong_axes = _dimensions(table, scales)
    problems += [*wrong_scales, *wrong_axes]
    limits, wrong = _limits(table.assay)
    drafts, faulty = population_drafts(table.population, axes)
    populations, orphans = arrange(drafts)
    qc, contradictions = _stated_limits(table)
    _raise([*problems, *wrong, *contradictions, *faulty, *orphans, *sibling_problems(populations)])
    return _Tree(
        populations=populations, axes=axes, scales=scales, matrices=matrices, limits=limits, qc=qc
    )


def _table(text: str) -> TemplateTable:
    from pydantic import ValidationError

    from carflow.gating.models import TemplateTable

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        raise GatesError(f"is not valid TOML: {message[:1].lower()}{message[1:]}") from None
    version = document.get("format")
    if version != 1:
        found = "is missing" if version is None else f"is {version!r}"
        raise GatesError(f'"format" {found}', hint="this version of carflow reads format = 1")
    problems = [*_unknown_compensation(document)]
    try:
        table = TemplateTable.model_validate(document)
    except ValidationError as error:
        _raise([*problems, *template_errors(error, document, _known_keys)])
        raise
    _raise(problems)
    return table


def _unknown_compensation(document: Mapping[str, object]) -> Iterator[GatesError]:
    value, matrices = document.get("compensation"), document.get("matrices")
    known = [*_NO_MATRIX, *(matrices if isinstance(matrices, dict) else ())]
    if isinstance(value, str) and value not in known:
        error = GatesError(f'"{value}" is not known', hint=did_you_mean(value, known))
        yield error.at("compensation")


def _known_keys(table: str) -> Iterable[str]:
    from carflow.gating import models

    tables: dict[str, type[BaseModel]] = {
        "scales": models.ScaleTable,
        "markers": models.MarkerTable,
        "population": models.PopulationTable,
        "estimate": models.EstimateTable,
        "interval": models.IntervalTable,
        "ratio": models.RatioTable,
        "matrices": models.MatrixTable,
        "polygon": models.PolygonTable,
        "ellipse": models.EllipseTable,
        "ellipsoid": models.EllipsoidTable,
        "boolean": models.BooleanTable,
        "quadrant": models.QuadrantTable,
        "assay": models.AssayTable,
        "qc": models.QcTable,
        "cleaning": models.CleaningTable,
        "plot": models.PlotTable,
    }
    return tables.get(table, models.TemplateTable).model_fields


def _each(problems: ExceptionGroup[CarflowError]) -> Iterator[CarflowError]:
    for problem in problems.exceptions:
        if isinstance(problem, CarflowError):
            yield problem
        else:
            yield from _each(problem)


def _raise(problems: Sequence[CarflowError]) -> None:
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise Problems("gates", problems)


def _scales(table: TemplateTable) -> tuple[dict[str, Scale], list[CarflowError]]:
    problems: list[CarflowError] = []
    scales: dict[str, Scale] = {}
    for name, entry in table.scales.items():
        try:
            scales[name] = _scale(entry)
        except (GatesError, ValueError) as error:
            problems.append(GatesError(str(error)).at(f'scale "{name}"'))
    return scales, problems


def _dimensions(
    table: TemplateTable, scales: Mapping[str, Scale]
) -> tuple[dict[str, Dimension], list[CarflowError]]:
    """Return the declared markers, each with its scale, and what is wrong with them."""
    from carflow.gating.models import MarkerTable

    problems: list[CarflowError] = []
    axes = {"Time": Dimension(name="Time", scale=Identity(), compensated=False)}
    for name, declared in table.markers.items():
        marker = MarkerTable(scale=declared) if isinstance(declared, str) else declared
        # gates on a faulty marker are not told that it is missing
        axes[name] = Dimension(name=name, scale=Identity(), compensated=False)
        try:
            if marker.scale in scales:
                axes[name] = _dimension(name, marker, scales[marker.scale], table)
            elif marker.scale not in table.scales:
                hint = did_you_mean(marker.scale, table.scales)
                problem = GatesError(
                    f'scale "{marker.scale}" is not defined in [scales]', hint=hint
                )
                problems.append(problem.at(f'marker "{name}"'))
        except (GatesError, ValueError) as error:
            problems.append(GatesError(str(error)).at(f'marker "{name}"'))
    return axes, problems


def _dimension(name: str, entry: MarkerTable, scale: Scale, table: TemplateTable) -> Dimension:
    made_of = (name,) if entry.ratio is None else (entry.ratio.of, entry.ratio.over)
    scatter = all(_NEVER_COMPENSATED.match(one) for one in made_of)
    ratio = None
    if entry.ratio is not None:
        parts = {key: value for key, value in entry.ratio if value is not None}
        ratio = Ratio(numerator=parts.pop("of"), denominator=parts.pop("over"), **parts)
    own = "" if table.compensation in _NO_MATRIX else table.compensation
    matrix = own if entry.matrix is None else entry.matrix
    if matrix and matrix not in table.matrices:
        hint = did_you_mean(matrix, table.matrices)
        raise GatesError(f'matrix "{matrix}" is not defined in [matrices]', hint=hint)
    compensated = entry.compensated is not False and not scatter
    return Dimension(
        name=name,
        scale=scale,
        compensated=compensated,
        matrix=matrix if compensated else "",
        ratio=ratio,
    )


def _matrices(table: TemplateTable) -> tuple[dict[str, Matrix], list[CarflowError]]:
    matrices: dict[str, Matrix] = {}
    problems: list[CarflowError] = []
    for name, entry in table.matrices.items():
        try:
            matrices[name] = Matrix(
                dyes=tuple(entry.dyes),
                detectors=tuple(entry.detectors),
                rows=tuple(map(tuple, entry.rows)),
                inverted=entry.inverted,
            )
        except GatesError as error:
            problems.append(error.at(f'matrix "{name}"'))
    return matrices, problems


def _scale(entry: ScaleTable) -> Scale:
    given = {key: value for key, value in entry if key in "twma" and value is not None}
    scale = _unbounded(entry.type, given)
    if entry.bound_min is None and entry.bound_max is None:
        return scale
    low = -math.inf if entry.bound_min is None else entry.bound_min
    high = math.inf if entry.bound_max is None else entry.bound_max
    return Bounded(scale=scale, low=low, high=high)


def _unbounded(kind: str, given: Mapping[str, float]) -> Unbounded:
    if kind == "linear":
        if given.keys() - {"t"}:
            raise GatesError('a linear scale has only "t", the top of its axis')
        return Identity(t=given.get("t", Identity().t))
    scale, needed = _SCALES[kind]
    if sorted(given) != sorted(needed):
        raise GatesError(f'type "{kind}" is given by {", ".join(needed)}')
    return scale(**given)


def _plots(
    table: TemplateTable,
    axes: Mapping[str, Dimension],
    populations: tuple[Population, ...],
) -> tuple[tuple[Plot, ...], list[CarflowError]]:
    paths = [population.path for population in populations]
    plots: list[Plot] = []
    problems: list[CarflowError] = []
    for number, entry in enumerate(table.plot, start=1):
        try:
            x, y = declared_axis(entry.x, axes), declared_axis(entry.y, axes)
            gate = find_population(populations, entry.gate)
        except GatesError as error:
            problems.append(error.at(f"plot {number}"))
            continue
        shown = entry.population
        if shown is None:
            shown = short_path(gate.parent, paths) if gate.parent else ALL_EVENTS
        plots.append(Plot(population=shown, x=x, y=y, gate=entry.gate))
    return tuple(plots), problems


def _roles(
    entry: Mapping[str, str], populations: tuple[Population, ...]
) -> tuple[dict[Role, str], list[CarflowError]]:
    roles: dict[Role, str] = {}
    problems: list[CarflowError] = []
    known = [role.value for role in Role]
    for name, population in entry.items():
        try:
            find_population(populations, population)
            roles[Role(name)] = population
        except GatesError as error:
            problems.append(error.at(f'role "{name}"'))
        except ValueError:
            problem = GatesError("there is no such role", hint=did_you_mean(name, known))
            problems.append(problem.at(f'role "{name}"'))
    return roles, problems


def _limits(entry: AssayTable) -> tuple[AssayLimits, list[CarflowError]]:
    try:
        return AssayLimits(**dict(entry)), []
    except ValueError as error:
        return AssayLimits(), [GatesError(str(error)).at("assay")]


def _stated_limits(table: TemplateTable) -> tuple[dict[str, int | float], list[CarflowError]]:
    """Return the limits of the checks that the file states, and what is wrong with them."""
    stated = {name: value for name, value in table.qc if name in table.qc.model_fields_set}
    try:
        QcLimits(**stated)
    except ValueError as error:
        return {}, [GatesError(str(error)).at("qc")]
    return stated, []
