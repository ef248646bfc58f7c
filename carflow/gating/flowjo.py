"""A FlowJo 10 workspace read into one `Strategy` for each of its samples.

FlowKit reads the transformations, matrices and ellipses; the tree, the bounds and the vertices
are taken from the document itself. Nothing is opened because the document says so: samples are
matched by the name the caller gives, never by the URI in the file.

What to know about counts
-------------------------
* FlowJo decides polygons and ellipses on a grid of 256 × 256 steps, carflow on every event:
  expect differences of some events along the edges. Rectangles agree.
* FlowKit applies the matrix to every channel that it covers. Here a gate drawn on ``PE-A`` is
  on values as acquired, and one on ``Comp-PE-A`` on compensated ones, as in FlowJo.
* Population names become path steps, so a "/" in one becomes "|".

References
----------
FlowKit issues 113, 173, 194 (binning) and 265 (prefixes).
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from carflow.errors import CarflowError, GatesError, Problems
from carflow.gating.biex import Biex
from carflow.gating.document import (
    DATA,
    GATING,
    MAX_GATES,
    checked_root,
    children,
    local_name,
    needed,
    needed_number,
    number,
)
from carflow.gating.matrices import Matrix
from carflow.gating.parents import Draft, arrange
from carflow.gating.scales import Asinh, Bounded, Identity, Linear, Log, Logicle, Scale
from carflow.gating.shapes import Boolean, Operand, Polygon, Rectangle
from carflow.gating.strategy import Dimension, Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element  # type: ignore[import-untyped]  # ships no types

    from carflow.gating.shapes import Shape

_OLDEST = 10  # earlier versions wrote another kind of file
_NOTE = (
    "from a FlowJo workspace: FlowJo decides polygons and ellipses on a grid of 256 steps, so "
    "its counts may differ by some events along their edges"
)
_OPERATIONS = {"AndNode": "and", "OrNode": "or", "NotNode": "not"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """What FlowKit knows of one sample."""

    scales: Mapping[str, Scale]
    prefix: str
    suffix: str
    matrices: Mapping[str, Matrix]
    ellipse: Callable[[tuple[str, ...]], tuple[tuple[float, float], ...]]


def parse_workspace(content: bytes) -> dict[str, Strategy]:
    """Return the strategies of a workspace, by the name of their sample.

    Samples without gates are left out.

    Raises
    ------
    GatesError, Problems
        If it is no workspace of FlowJo 10 or later, or a gate of it cannot be used.
    """
    root = checked_root(content)
    _check_version(root)
    elements = list(root.iterfind("SampleList/Sample/SampleNode"))
    names = [str(element.get("name", "")) for element in elements]
    if len(set(names)) < len(names):
        raise GatesError("two samples of the workspace have the same name")
    known = _flowkit(content)
    strategies: dict[str, Strategy] = {}
    problems: list[CarflowError] = []
    for place, (name, element) in enumerate(zip(names, elements, strict=True), start=1):
        if element.find("Subpopulations") is None:
            continue
        try:
            strategies[name] = _strategy(element, _sample(known[name], name))
        except GatesError as error:
            problems.append(error.at(f"sample {place}"))
        except Problems as several:
            problems += [
                one.at(f"sample {place}")
                for one in several.exceptions
                if isinstance(one, CarflowError)
            ]
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise Problems("workspace", problems)
    return strategies


def _check_version(root: Element) -> None:
    version = re.match(r"\d+", str(root.get("flowJoVersion", "")))
    if local_name(root) != "Workspace" or version is None:
        raise GatesError("is no FlowJo workspace")
    if int(version.group()) < _OLDEST:
        raise GatesError(
            f"is a workspace of FlowJo {version.group()}; carflow reads those of FlowJo 10",
            hint="open and save it with FlowJo 10",
        )


def _flowkit(content: bytes) -> dict[str, Any]:
    """Return FlowKit's reading of the same bytes; it opens no other file."""
    with warnings.catch_warnings():
        # FlowKit's own imports warn about what their authors have yet to change
        warnings.simplefilter("ignore", DeprecationWarning)
        from flowkit import parse_wsp
        from flowkit.exceptions import FlowKitException
    try:
        samples: dict[str, Any] = parse_wsp(io.BytesIO(content))["samples"]
    except NotImplementedError as error:
        raise GatesError(f"FlowKit cannot read it: {error}") from error
    except (
        FlowKitException, ValueError, LookupError, AttributeError, TypeError, ArithmeticError,
    ) as error:  # fmt: skip
        raise GatesError(
            "FlowKit cannot read the workspace", hint="save it again with FlowJo 10"
        ) from error
    return samples


def _sample(known: Any, name: str) -> _Sample:  # FlowKit has no types
    compensation = known["compensation"]
    gates = known["gating_strategy"]

    def ellipse(path: tuple[str, ...]) -> tuple[tuple[float, float], ...]:
        gate = gates.get_gate(path[-1], ("root", *path[:-1]), sample_id=name)
        return tuple((float(x), float(y)) for x, y in gate.vertices)

    return _Sample(
        scales={channel: _scale(one) for channel, one in known["transforms"].items()},
        prefix=compensation["prefix"] if compensation else "",
        suffix=compensation["suffix"] if compensation else "",
        matrices={"workspace": _matrix(compensation)} if compensation else {},
        ellipse=ellipse,
    )


def _matrix(compensation: Mapping[str, Any]) -> Matrix:
    matrix = compensation["matrix"]
    return Matrix(
        dyes=tuple(compensation["detectors"]),
        detectors=tuple(matrix.detectors),
        rows=tuple(tuple(map(float, row)) for row in np.asarray(matrix.matrix).tolist()),
    )


def _scale(transform: Any) -> Scale:  # FlowKit has no types
    kind = type(transform).__name__
    try:
        return _SCALES[kind](transform)
    except KeyError:
        raise GatesError(f"carflow does not know the FlowJo transformation {kind}") from None
    except ValueError as error:
        raise GatesError(str(error)) from None


def _linear(transform: Any) -> Scale:  # FlowKit has no types
    # FlowJo lets an axis begin above 0; what is drawn on it means the same without scaling
    if 0.0 <= transform.param_a <= transform.param_t:
        return Linear(t=transform.param_t, a=transform.param_a)
    return Identity()


def _log(transform: Any) -> Scale:  # FlowKit has no types
    # values below the offset are drawn at the offset
    top = transform.offset * 10.0**transform.decades
    return Bounded(scale=Log(t=top, m=transform.decades), low=0.0)


_SCALES: dict[str, Callable[[Any], Scale]] = {
    "LinearTransform": _linear,
    "WSPLogTransform": _log,
    "LogicleTransform": lambda one: Logicle(
        t=one.param_t, w=one.param_w, m=one.param_m, a=one.param_a
    ),
    "AsinhTransform": lambda one: Asinh(t=one.param_t, m=one.param_m, a=one.param_a),
    "WSPBiexTransform": lambda one: Biex(
        negative=one.negative, width=one.width, positive=one.positive, t=one.max_value
    ),
}


def _strategy(element: Element, sample: _Sample) -> Strategy:
    drafts: list[Draft] = []
    problems: list[CarflowError] = []
    for path, one in _nodes(element, ()):
        place = f'population "{path[-1]}"'
        try:
            drafts.append(_draft(path, one, sample, place))
        except (GatesError, ValueError) as error:
            problem = error if isinstance(error, GatesError) else GatesError(str(error))
            problems.append(problem.at(place))
        if len(drafts) > MAX_GATES:
            raise GatesError(f"has more than {MAX_GATES} gates")
    if problems:
        raise problems[0] if len(problems) == 1 else Problems("gates", problems)
    populations, orphans = arrange(drafts)
    if orphans:
        raise orphans[0] if len(orphans) == 1 else Problems("gates", orphans)
    return Strategy(
        name="FlowJo workspace",
        description=_NOTE,
        populations=populations,
        matrices=sample.matrices,
        time="stored",
    )


def _nodes(element: Element, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Element]]:
    """Yield every population below an element, with the names that lead to it."""
    for group in element.iterfind("Subpopulations"):
        for child in children(group, "Population", *_OPERATIONS):
            here = (*path, str(child.get("name", "")))
            yield here, child
            yield from _nodes(child, here)


def _draft(path: tuple[str, ...], element: Element, sample: _Sample, place: str) -> Draft:
    names = tuple(name.replace("/", "|") for name in path)
    count = str(element.get("count", ""))
    shape, axes, outside = _drawn(path, element, sample)
    return Draft(
        name=names[-1],
        parent="/".join(names[:-1]),
        shape=shape,
        dimensions=axes,
        place=place,
        description=f"FlowJo counted {count} events" if count.isdecimal() else "",
        outside=outside,
    )


def _drawn(
    path: tuple[str, ...], element: Element, sample: _Sample
) -> tuple[Shape, tuple[Dimension, ...], bool]:
    kind = local_name(element)
    if kind in _OPERATIONS:
        return _boolean(element, _OPERATIONS[kind]), (), False
    gates = [child for group in element.iterfind("Gate") for child in group]
    if len(gates) != 1:
        raise GatesError(f"needs exactly one gate, found {len(gates)}")
    gate = gates[0]
    drawn_on = list(children(gate, f"{GATING}dimension"))
    axes = tuple(_dimension(one, sample) for one in drawn_on)
    outside = gate.get("eventsInside", "1") == "0"
    kind = local_name(gate)
    if kind == "RectangleGate":
        return _rectangle(drawn_on, axes), axes, outside
    if kind in {"PolygonGate", "EllipsoidGate"} and len(axes) == 2:
        if kind == "EllipsoidGate":
            if any(axis.scale.kind == "identity" for axis in axes):
                raise GatesError("carflow cannot place this FlowJo ellipse: its axes begin above 0")
            return Polygon(vertices=sample.ellipse(path)), axes, outside
        return Polygon(vertices=_vertices(gate, axes)), axes, outside
    raise GatesError(f'carflow does not read the gate "{kind}" with {len(axes)} axes from FlowJo')


def _dimension(element: Element, sample: _Sample) -> Dimension:
    """Return an axis: compensated if its name says so, on the scale of that name."""
    whole = next((needed(one, "name", DATA) for one in element), "")
    name, compensated = whole, False
    if sample.matrices:
        cut = whole.removeprefix(sample.prefix).removesuffix(sample.suffix)
        matrix = sample.matrices["workspace"]
        compensated = cut in matrix.dyes and (cut != whole or not (sample.prefix + sample.suffix))
        name = cut if compensated else whole
    return Dimension(
        name=name,
        scale=sample.scales.get(whole, sample.scales.get(name, Identity())),
        compensated=compensated,
        matrix="workspace" if compensated else "",
    )


def _rectangle(elements: list[Element], axes: tuple[Dimension, ...]) -> Rectangle:
    lows = tuple(
        _scaled(axis, number(one, "min"), -math.inf)
        for one, axis in zip(elements, axes, strict=True)
    )
    highs = tuple(
        _scaled(axis, number(one, "max"), math.inf)
        for one, axis in zip(elements, axes, strict=True)
    )
    return Rectangle(lows=lows, highs=highs)


def _vertices(gate: Element, axes: tuple[Dimension, ...]) -> tuple[tuple[float, float], ...]:
    vertices = []
    for vertex in children(gate, f"{GATING}vertex"):
        at = [needed_number(one, "value", DATA) for one in children(vertex, f"{GATING}coordinate")]
        x, y = (_scaled(axis, value, 0.0) for axis, value in zip(axes, at, strict=True))
        vertices.append((x, y))
    return tuple(vertices)


def _scaled(axis: Dimension, linear: float | None, absent: float) -> float:
    if linear is None:
        return absent
    return float(axis.scale.forward(np.array([linear]))[0])


def _boolean(element: Element, operation: str) -> Boolean:
    operands = tuple(
        Operand(population=str(one.get("name", "")))
        for group in element.iterfind("Dependents")
        for one in group.iterfind("Dependent")
    )
    if operation == "not":
        return Boolean(operation="not", operands=operands)
    return Boolean(operation="and" if operation == "and" else "or", operands=operands)
