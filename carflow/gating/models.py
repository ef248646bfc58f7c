"""The form of a gate template, as pydantic models: which keys there are and what they hold.

Nothing is looked up or computed here, and no sentence for people is written here.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AllowInfNan, BaseModel, ConfigDict, Field, FiniteFloat, create_model

from carflow.thresholds import QcLimits

Bound = Annotated[float, AllowInfNan(True)]  # ``inf`` and ``-inf`` are the open ends
Bounds = tuple[Bound, Bound]
Vertex = tuple[FiniteFloat, FiniteFloat]
Cell = Literal["++", "+-", "-+", "--"]


class _Table(BaseModel):
    """A TOML table: an unknown key is an error, and text is not taken for a number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ScaleTable(_Table):
    """``[scales]``: linear takes t, flin t a, log t m, asinh t m a, logicle and hyperlog t w m a.

    What lies beyond ``bound_min`` and ``bound_max`` (scale coordinates) is at that bound.
    """

    type: Literal["linear", "flin", "log", "asinh", "logicle", "hyperlog"]
    t: FiniteFloat | None = None
    w: FiniteFloat | None = None
    m: FiniteFloat | None = None
    a: FiniteFloat | None = None
    bound_min: FiniteFloat | None = None
    bound_max: FiniteFloat | None = None


class RatioTable(_Table):
    """``ratio``: ``a (of - b) / (over - c)`` of two channels; beyond low and high it is there."""

    of: str
    over: str
    a: FiniteFloat = 1.0
    b: FiniteFloat = 0.0
    c: FiniteFloat = 0.0
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None


class MarkerTable(_Table):
    """``[markers]``: the long form, ``CD3 = { scale = "fluorescence", compensated = false }``."""

    scale: str
    compensated: bool | None = None
    matrix: str | None = None
    ratio: RatioTable | None = None


class MatrixTable(_Table):
    """``[matrices.NAME]``: one row for each dye, in it one number for each detector."""

    dyes: list[str] = Field(min_length=1)
    detectors: list[str] = Field(min_length=1)
    rows: list[list[FiniteFloat]]
    inverted: bool = False


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


class EllipseTable(_Table):
    """``ellipse``: its center, and the tips of two half-axes, the long one and the short one."""

    x: str
    y: str
    center: Annotated[Vertex, Field(strict=False)]
    tips: Annotated[
        tuple[Annotated[Vertex, Field(strict=False)], Annotated[Vertex, Field(strict=False)]],
        Field(strict=False),
    ]


class EllipsoidTable(_Table):
    """``ellipsoid``: the form of Gating-ML; its covariance is in scale coordinates."""

    of: list[str] = Field(min_length=2)
    center: list[FiniteFloat]
    covariance: list[list[FiniteFloat]]
    distance_square: FiniteFloat = 1.0


class NotTable(_Table):
    """``{ not = "CD8+" }``: the events that are not in a population."""

    population: str = Field(alias="not")


class BooleanTable(_Table):
    """``boolean``: events that are in all of some populations and in none of others, or in any."""

    all_of: list[str | NotTable] = []
    none_of: list[str | NotTable] = []
    any_of: list[str | NotTable] = []


class EstimateTable(_Table):
    """``estimate``: the gate is found in the events; its coordinates are the last resort.

    ``range`` holds linear intensities the bound must lie in; ``scale`` is another one of
    ``[scales]`` to look for it on. ``valley`` is for the method of
    that name, ``n_mad`` for singlets and beads, ``percentile`` and ``dim`` for control_percentile.
    """

    method: Literal["valley", "singlets", "control_percentile", "mixture", "beads"]
    scope: Literal["sample", "subject", "batch", "reference"] | None = None
    on: str | None = None
    scale: str | None = None
    bound: Literal["low", "high"] | None = None
    range: Annotated[Bounds, Field(strict=False)] | None = None
    min_events: int | None = None
    min_quality: FiniteFloat | None = None
    valley: Literal["first", "last", "deepest"] | None = None
    adjust: FiniteFloat | None = None
    n_mad: FiniteFloat | None = None
    percentile: FiniteFloat | None = None
    dim: bool | None = None
    controls: list[str] | None = None


class PopulationTable(_Table):
    """``[[population]]``: a name, a parent, and exactly one gate.

    With ``outside = true`` it holds the events of its parent that are not in the gate. With
    ``estimate`` the gate is found in the events of each batch (``carflow gates fit``).
    """

    name: str | None = None
    parent: str | None = None
    description: str = ""
    interval: IntervalTable | None = None
    rectangle: dict[str, Annotated[Bounds, Field(strict=False)]] | None = None
    polygon: PolygonTable | None = None
    ellipse: EllipseTable | None = None
    ellipsoid: EllipsoidTable | None = None
    quadrant: QuadrantTable | None = None
    boolean: BooleanTable | None = None
    outside: bool = False
    estimate: EstimateTable | None = None


class AssayTable(_Table):
    """``[assay]``: what the laboratory validated."""

    lod_events: int = 20
    lloq_events: int = 50
    required_sensitivity_pct: FiniteFloat | None = None
    cv_assay: FiniteFloat = 0.10
    lloq_cells_per_ul: FiniteFloat | None = None
    cv_cbc: FiniteFloat = 0.03
    cv_cbc_low: FiniteFloat = 0.20
    cv_bead_lot: FiniteFloat = 0.0
    cv_pipetting: FiniteFloat = 0.0


class CleaningTable(_Table):
    """``[cleaning]``: what becomes of stretches of a tube whose signals are disturbed."""

    time: Literal["judge", "remove"] = "judge"


def _limit_columns() -> dict[str, Any]:
    """Return the limits of the checks as columns: a number of events is a whole number."""
    return {
        one.name: (int if isinstance(one.default, int) else FiniteFloat, one.default)
        for one in fields(QcLimits)
    }


if TYPE_CHECKING:  # mypy takes a made class for no type

    class QcTable(_Table):
        """``[qc]``: limits of the checks; what is left out keeps its default."""

else:
    # made, not written: a limit that is added is a key of the table, and cannot be forgotten
    QcTable = create_model(
        "QcTable",
        __base__=_Table,
        __doc__="``[qc]``: limits of the checks; what is left out keeps its default.",
        **_limit_columns(),
    )


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
    compensation: str = Field(description='"file", "none", or a name in [matrices]')
    assay: AssayTable = AssayTable()
    scales: dict[str, ScaleTable]
    markers: dict[str, str | MarkerTable]
    matrices: dict[str, MatrixTable] = {}
    population: list[PopulationTable] = Field(min_length=1)
    roles: dict[str, str] = {}
    plot: list[PlotTable] = []
    qc: QcTable = QcTable()
    cleaning: CleaningTable = CleaningTable()


def schema() -> dict[str, object]:
    """Return the JSON Schema of a gate template, for editors that complete and check TOML."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **TemplateTable.model_json_schema(),
        "title": "carflow gate template",
    }


def schema_text() -> str:
    """Return the schema as the text of ``docs/gates.schema.json``."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
