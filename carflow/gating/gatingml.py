"""A strategy as a Gating-ML 2.0 document, for the record and for other software.

Intervals, rectangles and the cells of quadrants are written as rectangle gates, which mean
the same; coordinates are those of the scale, with every digit. What the standard has no word
for goes into ``custom_info``, so that `carflow.gating.gatingml_reader` gives it back: names,
roles, and that a population is what lies outside a gate (two gates here: it, and its "not").

What a reader must know: ``Time`` is meant in seconds, and ``compensation-ref="FCS"`` is the
matrix of the file. Where names are markers ($PnS) rather than channels ($PnN), give the
channels of the panel; Gating-ML knows only those (FlowKit takes either).

Decisions for the sake of FlowKit, which reads what it supports
----------------------------------------------------------------
* No quadrant gates: FlowKit misplaces dividers at and below 0 when it writes them itself.
* A bound of a ratio is always written on both sides: FlowKit fails on one.
* "and" and "or" of one population name it twice, as the schema asks for two.

References
----------
Spidlen J et al. Gating-ML 2.0, ISAC 2013.
"""

from __future__ import annotations

import math
import re
from dataclasses import fields
from html import escape
from typing import TYPE_CHECKING

from carflow.errors import GatesError
from carflow.gating.bounds import linear_bounds
from carflow.gating.scales import Bounded, Identity, Scale
from carflow.gating.shapes import Boolean, Ellipsoid, Polygon
from carflow.gating.strategy import Population, Role, Strategy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from carflow.gating.matrices import Matrix
    from carflow.gating.strategy import Dimension, Ratio

_STANDARD = "http://www.isac-net.org/std/Gating-ML/v2.0"
_OWN = "urn:carflow:gates:1"
_NO_CHANNELS: Mapping[str, str] = {}
_LAST = 1.7976931348623157e308  # a rectangle needs a bound, also where it is open
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELEMENTS = {
    "linear": "flin",
    "log": "flog",
    "asinh": "fasinh",
    "logicle": "logicle",
    "hyperlog": "hyperlog",
}


def gatingml_text(strategy: Strategy, channels: Mapping[str, str] = _NO_CHANNELS) -> str:
    """Return the Gating-ML 2.0 document of a strategy.

    Parameters
    ----------
    strategy : Strategy
        The gates.
    channels : mapping of str to str, optional
        The channel ($PnN) to write for a marker; a name that is not there is written as is.

    Raises
    ------
    GatesError
        If a polygon or ellipse lies on a FlowJo biexponential axis, which the standard lacks.

    Examples
    --------
    >>> from carflow.gating.scales import Identity
    >>> from carflow.gating.shapes import Interval
    >>> from carflow.gating.strategy import Dimension, Population, Strategy
    >>> axis = Dimension(name="Time", scale=Identity(), compensated=False)
    >>> late = Population(
    ...     name="late", path=("late",), shape=Interval(low=1.0), dimensions=(axis,)
    ... )
    >>> print(gatingml_text(Strategy(name="example", populations=(late,))).splitlines()[-9])
      <gating:RectangleGate gating:id="late">
    """
    writer = _Writer(strategy, channels)
    return "\n".join(
        (
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<gating:Gating-ML xmlns:gating="{_STANDARD}/gating"',
            f'    xmlns:transforms="{_STANDARD}/transformations"',
            f'    xmlns:data-type="{_STANDARD}/datatypes">',
            *writer.lines(),
            "</gating:Gating-ML>",
            "",
        )
    )


class _Writer:
    """The names that one document gives to scales, matrices and gates, and its lines."""

    def __init__(self, strategy: Strategy, channels: Mapping[str, str]) -> None:
        self._strategy = strategy
        self._channels = channels
        self._gate_ids = _gate_ids(strategy)
        self._taken = set(self._gate_ids.values())
        axes = [axis for one in strategy.populations for axis in one.dimensions]
        scales = dict.fromkeys(_written_scale(axis.scale) for axis in axes)
        scales.pop(Identity(), None)
        self._scale_ids = {one: self._id(_plain(one).kind) for one in scales}
        ratios = dict.fromkeys(axis.ratio for axis in axes if axis.ratio is not None)
        self._ratio_ids = {one: self._id("ratio") for one in ratios}
        self._matrix_ids = {name: self._id(_xml_name(name)) for name in strategy.matrices}

    def _id(self, wish: str) -> str:
        number = 1
        while f"{wish}_{number}" in self._taken:
            number += 1
        self._taken.add(f"{wish}_{number}")
        return f"{wish}_{number}"

    def lines(self) -> Iterator[str]:
        strategy = self._strategy
        yield from _custom(
            "strategy",
            {
                "name": strategy.name,
                "panel": strategy.panel_id,
                "description": strategy.description,
                "time": strategy.time,
                "compensation": strategy.compensation,
            },
            indent="  ",
        )
        for scale, name in self._scale_ids.items():
            yield from _transformation(name, _scale_lines(_plain(scale)), _scale_bounds(scale))
        for ratio, name in self._ratio_ids.items():
            yield from _transformation(name, self._ratio_lines(ratio), (ratio.low, ratio.high))
        for key, name in self._matrix_ids.items():
            yield from self._matrix(name, strategy.matrices[key])
        for population in strategy.populations:
            yield from self._gates(population)

    def _ratio_lines(self, ratio: Ratio) -> Iterator[str]:
        letters = zip("ABC", (ratio.a, ratio.b, ratio.c), strict=True)
        written = " ".join(f'transforms:{name}="{float(value)!r}"' for name, value in letters)
        yield f"<transforms:fratio {written}>"
        for name in (ratio.numerator, ratio.denominator):
            yield f"  {self._fcs_dimension(name)}"
        yield "</transforms:fratio>"

    def _matrix(self, name: str, matrix: Matrix) -> Iterator[str]:
        flag = ' transforms:matrix-inverted-already="true"' if matrix.inverted else ""
        yield f'  <transforms:spectrumMatrix transforms:id="{name}"{flag}>'
        for part, names in (("fluorochromes", matrix.dyes), ("detectors", matrix.detectors)):
            yield f"    <transforms:{part}>"
            for one in names:
                own = one in matrix.dyes and part == "fluorochromes"
                yield f"      {_fcs_dimension(one) if own else self._fcs_dimension(one)}"
            yield f"    </transforms:{part}>"
        for row in matrix.rows:
            yield "    <transforms:spectrum>"
            for number in row:
                yield f'      <transforms:coefficient transforms:value="{float(number)!r}" />'
            yield "    </transforms:spectrum>"
        yield "  </transforms:spectrumMatrix>"

    def _gates(self, population: Population) -> Iterator[str]:
        own = self._gate_ids[population.path]
        if not population.outside:
            yield from self._gate(population, own, self._note(population))
            return
        inner = self._id(f"{own}.inside")
        yield from self._gate(population, inner, {"shape-of": own})
        yield from self._element(population, "BooleanGate", own, self._note(population))
        yield f'    <gating:not><gating:gateReference gating:ref="{inner}" /></gating:not>'
        yield "  </gating:BooleanGate>"

    def _gate(self, population: Population, name: str, note: Mapping[str, str]) -> Iterator[str]:
        shape = population.shape
        if isinstance(shape, Polygon):
            kind, lines = "PolygonGate", self._polygon(population, shape)
        elif isinstance(shape, Ellipsoid):
            kind, lines = "EllipsoidGate", self._ellipsoid(population, shape)
        elif isinstance(shape, Boolean):
            kind, lines = "BooleanGate", self._boolean(shape)
        else:
            bounds = zip(population.dimensions, shape.bounds, strict=True)
            kind, lines = "RectangleGate", self._rectangle([*bounds])
        yield from self._element(population, kind, name, note)
        yield from lines
        yield f"  </gating:{kind}>"

    def _element(
        self, population: Population, kind: str, name: str, note: Mapping[str, str]
    ) -> Iterator[str]:
        parent = ""
        if population.parent:
            parent = f' gating:parent_id="{self._gate_ids[population.parent]}"'
        yield f'  <gating:{kind} gating:id="{name}"{parent}>'
        yield from _custom("population", note, indent="    ")

    def _note(self, population: Population) -> dict[str, str]:
        strategy = self._strategy
        roles = [role for role in Role if strategy.role(role) is population]
        return {
            "name": population.name,
            "roles": " ".join(roles),
            "description": population.description,
        }

    def _rectangle(self, sides: list[tuple[Dimension, tuple[float, float]]]) -> Iterator[str]:
        closed = [side for side in sides if side[1] != (-math.inf, math.inf)]
        for axis, (low, high) in closed or sides[:1]:
            if axis.scale.kind == "biex":
                linear = linear_bounds(axis.scale, low, high)
                low, high = linear.low.linear, linear.high.linear  # noqa: PLW2901
            both = axis.ratio is not None or not (math.isfinite(low) or math.isfinite(high))
            low = max(low, -_LAST) if both else low  # noqa: PLW2901
            high = min(high, _LAST) if both else high  # noqa: PLW2901
            limits = f' gating:min="{float(low)!r}"' if math.isfinite(low) else ""
            limits += f' gating:max="{float(high)!r}"' if math.isfinite(high) else ""
            yield from self._dimension(axis, limits)

    def _polygon(self, population: Population, shape: Polygon) -> Iterator[str]:
        yield from self._curved_dimensions(population)
        for vertex in shape.vertices:
            yield "    <gating:vertex>"
            yield from _coordinates(vertex)
            yield "    </gating:vertex>"

    def _ellipsoid(self, population: Population, shape: Ellipsoid) -> Iterator[str]:
        yield from self._curved_dimensions(population)
        yield "    <gating:mean>"
        yield from _coordinates(shape.mean)
        yield "    </gating:mean>"
        yield "    <gating:covarianceMatrix>"
        for row in shape.covariance:
            entries = "".join(f'<gating:entry data-type:value="{float(one)!r}" />' for one in row)
            yield f"      <gating:row>{entries}</gating:row>"
        yield "    </gating:covarianceMatrix>"
        square = float(shape.distance_square)
        yield f'    <gating:distanceSquare data-type:value="{square!r}" />'

    def _boolean(self, shape: Boolean) -> Iterator[str]:
        operands = shape.operands
        if shape.operation != "not" and len(operands) == 1:
            operands *= 2
        yield f"    <gating:{shape.operation}>"
        for one in operands:
            name = self._gate_ids[self._strategy.find(one.population).path]
            flag = ' gating:use-as-complement="true"' if one.outside else ""
            yield f'      <gating:gateReference gating:ref="{name}"{flag} />'
        yield f"    </gating:{shape.operation}>"

    def _curved_dimensions(self, population: Population) -> Iterator[str]:
        for axis in population.dimensions:
            if axis.scale.kind == "biex":
                raise GatesError(
                    f"its {population.shape.kind} lies on a FlowJo biexponential axis, which "
                    "Gating-ML 2.0 lacks",
                    hint="draw it on a logicle axis",
                ).at(f'population "{population.name}"')
            yield from self._dimension(axis, "")

    def _dimension(self, axis: Dimension, limits: str) -> Iterator[str]:
        reference = f' gating:compensation-ref="{self._compensation(axis)}"'
        scale = _written_scale(axis.scale)
        if scale in self._scale_ids:
            reference += f' gating:transformation-ref="{self._scale_ids[scale]}"'
        yield f"    <gating:dimension{limits}{reference}>"
        if axis.ratio is not None:
            name = self._ratio_ids[axis.ratio]
            yield f'      <data-type:new-dimension data-type:transformation-ref="{name}" />'
        elif axis.matrix:
            dyes = self._strategy.matrices[axis.matrix].dyes
            known = axis.name in dyes
            yield f"      {_fcs_dimension(axis.name) if known else self._fcs_dimension(axis.name)}"
        else:
            yield f"      {self._fcs_dimension(axis.name)}"
        yield "    </gating:dimension>"

    def _compensation(self, axis: Dimension) -> str:
        if axis.compensated and axis.matrix:
            return self._matrix_ids[axis.matrix]
        own = axis.compensated and self._strategy.compensation == "file"
        return "FCS" if own else "uncompensated"

    def _fcs_dimension(self, name: str) -> str:
        return _fcs_dimension(self._channels.get(name, name))


def _fcs_dimension(name: str) -> str:
    return f'<data-type:fcs-dimension data-type:name="{_attribute(name)}" />'


def _written_scale(scale: Scale) -> Scale:
    """Return the scale as the document has it: bounds of a FlowJo axis are written linear."""
    return Identity() if scale.kind in {"biex", "identity"} else scale


def _plain(scale: Scale) -> Scale:
    return scale.scale if isinstance(scale, Bounded) else scale


def _scale_bounds(scale: Scale) -> tuple[float, float]:
    return (scale.low, scale.high) if isinstance(scale, Bounded) else (-math.inf, math.inf)


def _scale_lines(scale: Scale) -> Iterator[str]:
    if scale.kind == "identity":  # a bounded one: the standard's linear scale with T = 1, A = 0
        yield '<transforms:flin transforms:T="1.0" transforms:A="0.0" />'
        return
    written = " ".join(
        f'transforms:{one.name.upper()}="{float(getattr(scale, one.name))!r}"'
        for one in fields(scale)
        if one.name != "kind"
    )
    yield f"<transforms:{_ELEMENTS[scale.kind]} {written} />"


def _transformation(name: str, inner: Iterable[str], bounds: tuple[float, float]) -> Iterator[str]:
    low, high = bounds
    limits = f' transforms:boundMin="{float(low)!r}"' if math.isfinite(low) else ""
    limits += f' transforms:boundMax="{float(high)!r}"' if math.isfinite(high) else ""
    yield f'  <transforms:transformation transforms:id="{name}"{limits}>'
    for line in inner:
        yield f"    {line}"
    yield "  </transforms:transformation>"


def _coordinates(numbers: Iterable[float]) -> Iterator[str]:
    for number in numbers:
        yield f'      <gating:coordinate data-type:value="{float(number)!r}" />'


def _custom(element: str, notes: Mapping[str, str], *, indent: str) -> Iterator[str]:
    written = " ".join(f'{key}="{_attribute(text)}"' for key, text in notes.items() if text)
    yield f"{indent}<data-type:custom_info>"
    yield f'{indent}  <{element} xmlns="{_OWN}" {written} />'
    yield f"{indent}</data-type:custom_info>"


def _attribute(text: str) -> str:
    escaped = escape(_NOT_IN_XML.sub("_", text))
    # blanks of other kinds would be read back as plain ones
    return escaped.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")


def _gate_ids(strategy: Strategy) -> dict[tuple[str, ...], str]:
    """Return an XML name for each path: its short name, with ``pos`` for a plus."""
    ids: dict[tuple[str, ...], str] = {}
    for population in strategy.populations:
        name = strategy.short_name(population).replace("+", "pos").replace("/", ".")
        name = _xml_name(re.sub(r"-(?=\.|$)", "neg", name))
        taken = set(ids.values())
        number = 2
        unique = name
        while unique in taken:
            unique, number = f"{name}_{number}", number + 1
        ids[population.path] = unique
    return ids


def _xml_name(text: str) -> str:
    name = re.sub(r"[^\w.-]", "_", text, flags=re.ASCII)
    return name if re.match(r"[A-Za-z_]", name) else f"_{name}"
