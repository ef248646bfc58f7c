"""What the time course of one subject shows, gathered before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.report import style
from carflow.report.curves import Mark, curve_marks
from carflow.report.strip import DrugRow, drug_rows
from carflow.report.wording import label_of
from carflow.result.subject import SubjectResult
from carflow.units import Unit

if TYPE_CHECKING:
    from carflow.result.run import Result

ABSOLUTE_QUANTITIES = (
    "car_per_ul_beads",
    "car_per_ul_wbc",
    "car_per_ul_alc",
    "car_per_ul_cd3",
    "car_per_ul_pbmc",
    "car_per_ul_vol",
)
# drawn where the gates know no CAR: T cells, then all cells
OTHER_ABSOLUTE_QUANTITIES = (
    "cd3_per_ul_beads",
    "cd3_per_ul_wbc",
    "cd3_per_ul_alc",
    "cd3_per_ul_vol",
    "cells_per_ul_beads",
    "cells_per_ul_vol",
)
PERCENTAGE = "car_pct_cd3"
COPIES = "copies_per_ug"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One curve of a time course, ready to be drawn."""

    quantity: str
    label: str
    marks: tuple[Mark, ...]
    looks: style.SeriesStyle


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Everything a time course shows of one subject, gathered before anything is drawn."""

    subject: SubjectResult
    cells: Series | None
    copies: Series | None
    percentage: Series | None
    drugs: tuple[DrugRow, ...]
    days: tuple[float, ...]
    failed_days: tuple[float, ...]
    no_cells: str

    @property
    def heading(self) -> str:
        """What the curves are of."""
        about_car = self.copies or self.percentage or not self.cells
        return "CAR T cells over time" if about_car or self.cells_of_car else "Cells over time"

    @property
    def cells_of_car(self) -> bool:
        """Whether the absolute count is one of CAR T cells."""
        return self.cells is not None and self.cells.quantity in ABSOLUTE_QUANTITIES

    @property
    def is_empty(self) -> bool:
        """Whether there is no curve at all."""
        return not (self.cells or self.copies or self.percentage)

    @property
    def day_limits(self) -> tuple[float, float]:
        """The shown days, with a margin; the infusion is always among them."""
        first, last = min(0.0, *self.days, 0.0), max(7.0, *self.days, 0.0)
        margin = max(1.0, 0.03 * (last - first))
        return first - margin, last + margin


def chosen_subject(result: Result, subject_id: str | None) -> SubjectResult:
    """Return one subject of a result; without a name, the only one.

    Raises
    ------
    ValueError
        If there is no such subject, or there are several and none is named.
    """
    known = [subject.subject_id for subject in result.subject_results]
    if subject_id is None and len(known) != 1:
        raise ValueError(f"the result holds {len(known)} subjects: name one with subject_id=")
    for subject in result.subject_results:
        if subject_id in {None, subject.subject_id}:
            return subject
    raise ValueError(f"no subject {subject_id!r} (subjects: {', '.join(known) or 'none'})")


def gather_course(result: Result, subject: SubjectResult) -> Course:
    """Return what the time course of a subject shows."""
    tubes = [
        tube
        for tube in result.tube_results
        if tube.subject_id == subject.subject_id and tube.sample_type.on_curve
    ]
    names = (*ABSOLUTE_QUANTITIES, *OTHER_ABSOLUTE_QUANTITIES)
    cells = (series_of(result, subject, name, style.CELLS) for name in names)
    found = next((series for series in cells if series and series.marks), None)
    copies = series_of(result, subject, COPIES, style.COPIES)
    return Course(
        subject=subject,
        cells=found,
        copies=copies if copies and copies.marks else None,
        percentage=series_of(result, subject, PERCENTAGE, style.PERCENT),
        drugs=drug_rows(subject.treatments),
        days=tuple(sorted({tube.day for tube in tubes})),
        failed_days=tuple(sorted({tube.day for tube in tubes if tube.failure})),
        no_cells="" if found else _why_no_cells(result, subject),
    )


def looks_of(quantity: str) -> style.SeriesStyle:
    """Return the looks that a quantity has in every figure."""
    if quantity == COPIES:
        return style.COPIES
    absolute = quantity in ABSOLUTE_QUANTITIES or quantity in OTHER_ABSOLUTE_QUANTITIES
    return style.CELLS if absolute else style.PERCENT


def series_of(
    result: Result, subject: SubjectResult, quantity: str, looks: style.SeriesStyle
) -> Series | None:
    """Return one curve of a subject ready to be drawn, or None where it has no such curve."""
    curve = subject.curve_of(quantity)
    if curve is None:
        return None
    return Series(
        quantity=quantity,
        label=_axis_label(quantity, curve.unit),
        marks=curve_marks(result, curve),
        looks=looks,
    )


def _axis_label(quantity: str, unit: Unit) -> str:
    label = label_of(quantity)
    if unit is Unit.PERCENT:
        positive, _, whole = label.partition(" of ")
        return f"{positive} (% of {whole})" if whole else f"{label} (%)"
    if unit is Unit.COPIES_PER_UG:
        return f"{label}/µg DNA"
    if unit is Unit.CELLS_PER_UL:
        name, _, method = label.partition(" (")
        return f"{name}/µL" + (f" ({method}" if method else "")
    return f"{label} ({unit})" if unit else label


def _why_no_cells(result: Result, subject: SubjectResult) -> str:
    """Return in words why there is no absolute count."""
    quantities = (
        tube.quantity(name)
        for tube in result.tube_results
        if tube.subject_id == subject.subject_id and tube.sample_type.on_curve
        for name in ABSOLUTE_QUANTITIES
    )
    reasons = [found.measure.reason.meaning for found in quantities if found is not None]
    unique = list(dict.fromkeys(reason for reason in reasons if reason))
    return "no absolute counts: " + ("; ".join(unique) or "no method had what it needs")
