"""The form of a gate template, as pydantic models: which keys there are and what they hold.

Nothing is looked up or computed here, and no sentence for people is written here.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AllowInfNan, BaseModel, ConfigDict, Field, FiniteFloat

Bound = Annotated[float, AllowInfNan(True)]  # ``inf`` and ``-inf`` are the open ends
Bounds = tuple[Bound, Bound]
Vertex = tuple[FiniteFloat, FiniteFloat]
Cell = Literal["++", "+-", "-+", "--"]


class _Table(BaseModel):
    """A TOML table: an unknown key is an error, and text is not taken for a number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ScaleTable(_Table):
    """``[scales]``: linear and flin take t (and a), log t m, asinh t m a, logicle t w m a."""

    type: Literal["linear", "flin", "log", "asinh", "logicle"]
    t: FiniteFloat | None = None
    w: FiniteFloat | None = None
    m: FiniteFloat | None = None
    a: FiniteFloat | None = None


class MarkerTable(_Table):
    """``[markers]``: the long form, ``CD3 = { scale = "fluorescence", compensated = false }``."""

    scale: str
    compensated: bool | None = None


class IntervalTable(_Table):
    """``interval = { of = "CD3", low = 1000 }``."""

    of: str
    low: Bound | None = None
    high: Bound | None = None


class PolygonTable(_Table):
    """``polygon = { x = "FSC-A", y = "FSC-H", vertices = [[0, 0], [9, 0], [9, 9]] }``."""

    x: str
    y: str
    vertices: list[Annotated[Vertex, Field(strict=False)]]


class QuadrantTable(_Table):
    """``quadrant``: one divider on each axis, and the names of the four cells (x first)."""

    x: str
    y: str
    x_divider: FiniteFloat
    y_divider: FiniteFloat
    names: dict[Cell, str]


class PopulationTable(_Table):
    """``[[population]]``: a name, a parent, and exactly one gate."""

    name: str | None = None
    parent: str | None = None
    description: str = ""
    interval: IntervalTable | None = None
    rectangle: dict[str, Annotated[Bounds, Field(strict=False)]] | None = None
    polygon: PolygonTable | None = None
    quadrant: QuadrantTable | None = None


class AssayTable(_Table):
    """``[assay]``: what the laboratory validated."""

    lod_events: int = 20
    lloq_events: int = 50
    required_sensitivity_pct: FiniteFloat | None = None
    cv_assay: FiniteFloat = 0.10


class PlotTable(_Table):
    """``[[plot]]``: two axes and a gate; without a population, that of the gate's parent."""

    population: str | None = None
    x: str
    y: str
    gate: str


class TemplateTable(_Table):
    """The whole file."""

    format: Literal[1]
    name: str
    panel: str = ""
    description: str = ""
    compensation: Literal["file", "none"]
    assay: AssayTable = AssayTable()
    scales: dict[str, ScaleTable]
    markers: dict[str, str | MarkerTable]
    population: list[PopulationTable] = Field(min_length=1)
    roles: dict[str, str] = {}
    plot: list[PlotTable] = []
