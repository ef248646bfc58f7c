"""The tables of the page, as printed text: time points, absolute counts, parameters, treatments.

A column that no tube of a subject can fill is left out of its table and named below it with the
reason; a single missing or limited number says so in its cell, with a letter that leads to the
reason below the table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from string import ascii_lowercase
from typing import TYPE_CHECKING

from carflow.kinetics.parameters import PARAMETERS
from carflow.quantify.declarations import DECLARATIONS, spoken_unit
from carflow.report import wording
from carflow.study.model import SampleType
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carflow.kinetics.peak import Peak
    from carflow.kinetics.subject import CurveKinetics
    from carflow.measure import Measure
    from carflow.quantify.quantity import Quantity
    from carflow.result.sample import SampleResult
    from carflow.result.subject import SubjectResult

SHARES = ("car_pct_cd3", "car_pct_lymph", "car_pct_cd45", "live_pct_cells")
NET = ("car_pct_cd3", "car_net_pct_cd3", "car_net_p95_pct_cd3")
COUNTS = (
    "car_per_ul_beads",
    "car_per_ul_wbc",
    "car_per_ul_alc",
    "car_per_ul_cd3",
    "car_per_ul_pbmc",
    "car_per_ul_vol",
)
GENE_COPIES = ("copies_per_ug", "copies_per_genome", "copies_per_car_cell", "car_per_ul_qpcr")
SUBSETS = (
    "cd3_pct_lymph",
    "cd4_pct_cd3",
    "cd8_pct_cd3",
    "cd4_cd8_ratio_car",
    "cd4_cd8_ratio_car_negative",
    "car_mfi",
)
# for few laboratories: where the sheet does not ask for them, nothing is missing
_WHERE_STATED = {
    "car_net_p95_pct_cd3", "car_per_ul_pbmc", "copies_per_genome", "copies_per_car_cell",
    "car_per_ul_qpcr",
}  # fmt: skip
_LETTERS = tuple(ascii_lowercase) + tuple(
    first + second for first in "ab" for second in ascii_lowercase
)
# shown only where they differ from the parameter beside them
_GLOBAL = {
    "cmax_global": "cmax",
    "tmax_global": "tmax",
    "auc_last": "auc_0_28",
    "auc_all": "auc_last",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCell:
    """One printed cell: what is read first, its interval, and its unit or state.

    `kind` is "value" for a result, "number" for a count or a day, "" for text. `why` is the
    reason of a limited number, printed below the table under the letter `mark`.
    """

    text: str
    interval: str = ""
    note: str = ""
    kind: str = ""
    why: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One printed row; a `remark` stands for all the cells that the row does not have."""

    cells: tuple[TableCell, ...]
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One printed table; `reasons` explain its letters, `below` are sentences under it."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    reasons: tuple[tuple[str, str], ...] = ()
    below: tuple[str, ...] = ()


def lettered(table: Table) -> Table:
    """Return the table with a letter at every cell that has a reason, and the reasons below."""
    whys = dict.fromkeys(cell.why for row in table.rows for cell in row.cells if cell.why)
    marks = dict(zip(whys, _LETTERS, strict=False))
    return replace(
        table,
        rows=tuple(
            replace(
                row,
                cells=tuple(replace(cell, mark=marks.get(cell.why, "")) for cell in row.cells),
            )
            for row in table.rows
        ),
        reasons=tuple((mark, why) for why, mark in marks.items()),
    )


def time_point_tables(tubes: Sequence[SampleResult]) -> tuple[Table, ...]:
    """Return the tables of a subject's tubes: percentages, counts, copies, subsets."""
    ordered = sorted(tubes, key=lambda tube: (not tube.sample_type.on_curve, tube.day))
    return tuple(
        table
        for table in (
            _quantity_table("Percentages by time point", ordered, SHARES, with_counts=True),
            _net_table(ordered),
            _quantity_table("Absolute counts by time point", ordered, COUNTS),
            _quantity_table("Gene copies by time point", ordered, GENE_COPIES),
            _quantity_table("T cell subsets and CAR intensity by time point", ordered, SUBSETS),
        )
        if table is not None
    )


def _net_table(tubes: Sequence[SampleResult]) -> Table | None:
    """Return the percentages net of their controls, of the tubes that have one."""
    net = [tube for tube in tubes if _found([tube], "car_net_pct_cd3", with_value=True)]
    return _quantity_table("Net of background by time point", net, NET) if net else None


def _quantity_table(
    title: str, tubes: Sequence[SampleResult], names: Sequence[str], *, with_counts: bool = False
) -> Table | None:
    shown = [name for name in names if _found(tubes, name, with_value=True)]
    absent = [
        name
        for name in names
        if name not in shown and name not in _WHERE_STATED and _found(tubes, name)
    ]
    below = tuple(_absence(tubes, name) for name in absent)
    if not shown and not with_counts:
        return Table(caption=title, columns=(), rows=(), below=below) if below else None
    head = ("Day", "Sample", *(("Events", "CD3+", "CAR+") if with_counts else ()))
    heading = tuple(f"{wording.label_of(name)}{_unit_after(name)}" for name in shown)
    rows = tuple(_tube_row(tube, shown, with_counts=with_counts) for tube in tubes)
    kinds = {
        wording.covered_by(found.measure)
        for name in shown
        for found in _found(tubes, name, with_value=True)
        if found.measure.has_interval
    }
    covers = f" In brackets: 95 % interval ({'; '.join(sorted(kinds))})." if kinds - {""} else ""
    return lettered(
        Table(caption=f"{title}.{covers}", columns=head + heading, rows=rows, below=below)
    )


def _unit_after(name: str) -> str:
    unit = DECLARATIONS[name].unit
    return "" if unit in {Unit.NONE, Unit.RATIO} else f", {unit}"


def _found(tubes: Iterable[SampleResult], name: str, *, with_value: bool = False) -> list[Quantity]:
    quantities = (tube.quantity(name) for tube in tubes)
    return [
        found
        for found in quantities
        if found is not None and not (with_value and _is_blank(found.measure))
    ]


def _is_blank(measure: Measure) -> bool:
    return measure.value is None and measure.high is None


def _absence(tubes: Sequence[SampleResult], name: str) -> str:
    reasons = dict.fromkeys(
        found.measure.reason.meaning
        for tube in tubes
        if tube.failure is None and (found := tube.quantity(name)) is not None
    )
    why = "; ".join(reasons) or "every tube failed"
    return f"{wording.label_of(name)}: not available for any tube ({why})."


def _tube_row(tube: SampleResult, shown: Sequence[str], *, with_counts: bool) -> TableRow:
    note = _sample_note(tube)
    start = (
        TableCell(text=wording.day_number(tube.day), kind="number"),
        TableCell(text=tube.sample_id, note=note),
    )
    if tube.failure is not None:
        return TableRow(cells=start, remark=f"No result: {tube.failure.sentence}")
    counts = _count_cells(tube) if with_counts else ()
    return TableRow(
        cells=(*start, *counts, *(quantity_cell(tube.quantity(name)) for name in shown))
    )


def _sample_note(tube: SampleResult) -> str:
    """Return kind and label of a visit, unless the table says the same already."""
    kind = "" if tube.sample_type is SampleType.PATIENT else str(tube.sample_type)
    told = {kind.casefold(), f"day {tube.day:g}", f"d{tube.day:g}", ""}
    label = "" if tube.visit_label.casefold() in told else tube.visit_label
    return ", ".join(word for word in (kind, label) if word)


def _count_cells(tube: SampleResult) -> tuple[TableCell, ...]:
    share = tube.quantity("car_pct_cd3")
    numbers = (
        tube.n_events,
        None if share is None else share.n_denominator,
        None if share is None else share.n_numerator,
    )
    return tuple(TableCell(text=wording.count(number), kind="number") for number in numbers)


def quantity_cell(quantity: Quantity | None) -> TableCell:
    """Return the printed cell of a quantity; a missing number says why."""
    if quantity is None:
        return TableCell(text=wording.MISSING, kind="value", why="not determined for this tube")
    digits = wording.digits_of(quantity.name, quantity.measure.unit)
    return measure_cell(quantity.measure, digits, limit=wording.limit_text(quantity))


def measure_cell(measure: Measure, digits: int, *, limit: str = "") -> TableCell:
    """Return the printed cell of one measure."""
    return TableCell(
        text=wording.value_text(measure, digits),
        interval=wording.interval_text(measure, digits),
        note=wording.state_words(measure) + limit,
        kind="value",
        why=measure.reason.meaning,
    )


def kinetics_table(subject: SubjectResult) -> Table | None:
    """Return one row for every curve and one column for every parameter."""
    if not subject.kinetics:
        return None
    names = _parameter_names(subject.kinetics)
    columns = ["Curve", *(PARAMETERS[name].label for name in names)]
    after_tmax = names.index("tmax") + 2 if "tmax" in names else len(columns)
    columns[after_tmax:after_tmax] = ["Bracket, days", "Days of 95 % of draws"]
    return lettered(
        Table(
            caption="Kinetic parameters, one row for each curve. In brackets: 95 % interval of "
            "the value itself.",
            columns=tuple(columns),
            rows=tuple(_kinetics_row(one, names, after_tmax) for one in subject.kinetics),
        )
    )


def _parameter_names(kinetics: Sequence[CurveKinetics]) -> list[str]:
    names = dict.fromkeys(name for one in kinetics for name in one.parameters)
    same = {
        name
        for name, local in _GLOBAL.items()
        if all(_value(one, name) == _value(one, local) for one in kinetics)
    }
    return [name for name in names if name not in same]


def _value(one: CurveKinetics, name: str) -> float | None:
    measure = one.parameters.get(name)
    return None if measure is None else measure.value


def _kinetics_row(one: CurveKinetics, names: Sequence[str], after_tmax: int) -> TableRow:
    spoken = spoken_unit(one.quantity, one.unit)
    cells = [TableCell(text=wording.label_of(one.quantity), note=spoken)]
    cells += [_parameter_cell(one, one.parameters.get(name)) for name in names]
    cells[after_tmax:after_tmax] = [
        _bracket_cell(one.peak),
        TableCell(text=_days95(one.peak), why=_why_no_days95(one.peak)),
    ]
    return TableRow(cells=tuple(cells))


def _parameter_cell(one: CurveKinetics, measure: Measure | None) -> TableCell:
    if measure is None:
        return TableCell(text=wording.MISSING, kind="value")
    if measure.unit is Unit.DAY and measure.value is not None:
        return TableCell(text=wording.day_number(measure.value), kind="value")
    own_unit = measure.unit is one.unit
    digits = (
        wording.digits_of(one.quantity, measure.unit)
        if own_unit
        else wording.digits_of("", measure.unit)
    )
    cell = measure_cell(measure, digits)
    if own_unit or measure.value is None:
        return cell
    unit_first = ", ".join(word for word in (str(measure.unit), cell.note) if word)
    return replace(cell, note=unit_first)


def _bracket_cell(peak: Peak) -> TableCell:
    if peak.day.value is None:
        return TableCell(text=wording.MISSING, why=peak.reason.meaning)
    return TableCell(text=wording.day_range(*peak.bracket), why=peak.reason.meaning)


def _days95(peak: Peak) -> str:
    shares = peak.days95
    if not shares:
        return wording.MISSING
    return ", ".join(
        f"{wording.day_number(day)} ({wording.number(100 * share, 0)} %)"
        for day, share in shares.items()
    )


def _why_no_days95(peak: Peak) -> str:
    return "" if peak.days95 else peak.probability_reason.meaning


def treatment_table(subject: SubjectResult) -> Table | None:
    """Return the treatments of a subject as the study gives them, by day."""
    if not subject.treatments:
        return None
    ordered = sorted(subject.treatments, key=lambda one: (one.start_day, one.stop_day, one.drug))
    return Table(
        caption="Treatments, as given with the study.",
        columns=("Drug", "First day", "Last day", "Dose"),
        rows=tuple(
            TableRow(
                cells=(
                    TableCell(text=one.drug),
                    TableCell(text=wording.day_number(one.start_day), kind="number"),
                    TableCell(text=wording.day_number(one.stop_day), kind="number"),
                    TableCell(text=f"{one.dose} {one.dose_unit}".strip() or wording.MISSING),
                )
            )
            for one in ordered
        ),
    )
