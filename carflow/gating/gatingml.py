"""A strategy as a Gating-ML 2.0 document, for the record and for other software.

Intervals, rectangles and the cells of quadrants are written as rectangle gates, which mean
the same; coordinates are those of the scale, with every digit.

What a reader must know: ``Time`` is meant in seconds, and ``compensation-ref="FCS"`` is the
matrix of the file. Where names are markers ($PnS) rather than channels ($PnN), give the
channels of the panel; Gating-ML knows only those (FlowKit takes either).

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

from carflow.gating.scales import Identity, Scale
from carflow.gating.shapes import Polygon

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from carflow.gating.strategy import Dimension, Population, Strategy

_STANDARD = "http://www.isac-net.org/std/Gating-ML/v2.0"
_NO_CHANNELS: Mapping[str, str] = {}
_LOWEST = repr(-1.7976931348623157e308)  # a rectangle needs a bound, also where it is open
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def gatingml_text(strategy: Strategy, channels: Mapping[str, str] = _NO_CHANNELS) -> str:
    """Return the Gating-ML 2.0 document of a strategy.

    Parameters
    ----------
    strategy : Strategy
        The gates.
    channels : mapping of str to str, optional
        The channel ($PnN) to write for a marker; a name that is not there is written as is.

    Examples
    --------
    >>> from carflow.gating.scales import Identity
    >>> from carflow.gating.shapes import Interval
    >>> from carflow.gating.strategy import Dimension, Population, Strategy
    >>> axis = Dimension(name="Time", scale=Identity(), compensated=False)
    >>> late = Population(
    ...     name="late", path=("late",), shape=Interval(low=1.0), dimensions=(axis,)
    ... )
    >>> print(gatingml_text(Strategy(name="example", populations=(late,))).splitlines()[-6])
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
    """The names that one document gives to scales and gates, and its lines."""

    def __init__(self, strategy: Strategy, channels: Mapping[str, str]) -> None:
        self._strategy = strategy
        self._channels = channels
        axes = [axis for one in strategy.populations for axis in one.dimensions]
        scales = dict.fromkeys(axis.scale for axis in axes if not isinstance(axis.scale, Identity))
        self._scale_ids = {scale: f"{scale.kind}_{i}" for i, scale in enumerate(scales, start=1)}
        self._gate_ids = _gate_ids(strategy)

    def lines(self) -> Iterator[str]:
        for scale, name in self._scale_ids.items():
            yield f'  <transforms:transformation transforms:id="{name}">'
            yield f"    {_scale_element(scale)}"
            yield "  </transforms:transformation>"
        for population in self._strategy.populations:
            yield from self._gate(population)

    def _gate(self, population: Population) -> Iterator[str]:
        polygon = isinstance(population.shape, Polygon)
        element = "gating:PolygonGate" if polygon else "gating:RectangleGate"
        parent = ""
        if population.parent:
            parent = f' gating:parent_id="{self._gate_ids[population.parent]}"'
        yield f'  <{element} gating:id="{self._gate_ids[population.path]}"{parent}>'
        yield from self._polygon(population) if polygon else self._rectangle(population)
        yield f"  </{element}>"

    def _rectangle(self, population: Population) -> Iterator[str]:
        shape = population.shape
        if isinstance(shape, Polygon):
            return
        sides = list(zip(population.dimensions, shape.bounds, strict=True))
        closed = [side for side in sides if side[1] != (-math.inf, math.inf)]
        for axis, (low, high) in closed or sides[:1]:
            limits = f' gating:min="{low!r}"' if math.isfinite(low) else ""
            limits += f' gating:max="{high!r}"' if math.isfinite(high) else ""
            yield from self._dimension(axis, limits or f' gating:min="{_LOWEST}"')

    def _polygon(self, population: Population) -> Iterator[str]:
        shape = population.shape
        if not isinstance(shape, Polygon):
            return
        for axis in population.dimensions:
            yield from self._dimension(axis, "")
        for vertex in shape.vertices:
            yield "    <gating:vertex>"
            for number in vertex:
                yield f'      <gating:coordinate data-type:value="{number!r}" />'
            yield "    </gating:vertex>"

    def _dimension(self, axis: Dimension, limits: str) -> Iterator[str]:
        matrix = axis.compensated and self._strategy.compensation == "file"
        reference = f' gating:compensation-ref="{"FCS" if matrix else "uncompensated"}"'
        if axis.scale in self._scale_ids:
            reference += f' gating:transformation-ref="{self._scale_ids[axis.scale]}"'
        name = escape(_NOT_IN_XML.sub("_", self._channels.get(axis.name, axis.name)))
        yield f"    <gating:dimension{limits}{reference}>"
        yield f'      <data-type:fcs-dimension data-type:name="{name}" />'
        yield "    </gating:dimension>"


def _scale_element(scale: Scale) -> str:
    names = {"linear": "flin", "log": "flog", "asinh": "fasinh", "logicle": "logicle"}
    written = " ".join(
        f'transforms:{one.name.upper()}="{float(getattr(scale, one.name))!r}"'
        for one in fields(scale)
        if one.name != "kind"
    )
    return f"<transforms:{names[scale.kind]} {written} />"


def _gate_ids(strategy: Strategy) -> dict[tuple[str, ...], str]:
    """Return an XML name for each path: its short name, with ``pos`` for a plus."""
    ids: dict[tuple[str, ...], str] = {}
    for population in strategy.populations:
        name = strategy.short_name(population).replace("+", "pos").replace("/", ".")
        name = re.sub(r"-(?=\.|$)", "neg", name)
        name = re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)
        name = name if re.match(r"[A-Za-z_]", name) else f"_{name}"
        taken = set(ids.values())
        number = 2
        unique = name
        while unique in taken:
            unique, number = f"{name}_{number}", number + 1
        ids[population.path] = unique
    return ids
