"""``treatments.csv`` beside the sample sheet: which drug a subject had, from day to day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.study.cells import parse_id, parse_text, quoted
from carflow.study.model import Treatment
from carflow.study.rows import Row, RowProblems, RowReader
from carflow.study.table import Table, missing_columns, scan_table, unknown_columns

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

FILE_NAME = "treatments.csv"

_REQUIRED = ("subject_id", "drug", "start_day", "stop_day")
_KNOWN = (*_REQUIRED, "dose", "dose_unit", "comment")


def read_treatments(
    path: Path, *, subject_ids: Collection[str]
) -> tuple[tuple[Treatment, ...], tuple[Finding, ...]]:
    """Return the treatments of a table, and what was noticed about it.

    Parameters
    ----------
    path : Path
        Columns ``subject_id, drug, start_day, stop_day`` and optionally ``dose, dose_unit``;
        the last day is included, so one day has the same start and stop.
    subject_ids : collection of str
        The subjects of the sample sheet; others are kept, with a warning.

    Raises
    ------
    SheetError, Problems
        If the table or some of its rows cannot be used.
    """
    problems = RowProblems(path.name)
    table = scan_table(path, problems, text_columns=("subject_id",))
    lacking = missing_columns(table, _REQUIRED, problems)
    rows = () if lacking else table.rows
    treatments = tuple(_treatment(row, table, problems) for row in rows)
    problems.raise_if_any()
    strangers = dict.fromkeys(
        treatment.subject_id for treatment in treatments if treatment.subject_id not in subject_ids
    )
    findings = unknown_columns(table, _KNOWN, called=FILE_NAME)
    return treatments, (*findings, *map(_stranger, strangers))


def _treatment(row: Row, table: Table, problems: RowProblems) -> Treatment:
    cells = RowReader(row, problems)
    day = table.numbers.day
    start_hint = "write the day of the first dose, counted from the infusion"
    stop_hint = "write the day of the last dose; for a single day write the start day again"
    treatment = Treatment(
        subject_id=cells.required(
            "subject_id", parse_id, instead="", hint="write the id of the sample sheet"
        ),
        drug=cells.required("drug", parse_text, instead="", hint="write the name of the drug"),
        start_day=cells.required("start_day", day, instead=math.nan, hint=start_hint),
        stop_day=cells.required("stop_day", day, instead=math.nan, hint=stop_hint),
        dose=cells.optional("dose", parse_text, instead=""),
        dose_unit=cells.optional("dose_unit", parse_text, instead=""),
    )
    if treatment.stop_day < treatment.start_day:
        cells.refuse(
            f"day {treatment.stop_day:g} lies before the start day {treatment.start_day:g}",
            hint=stop_hint,
            column="stop_day",
        )
    return treatment


def _stranger(subject_id: str) -> Finding:
    return Finding(
        code="SHEET-TREATMENT-SUBJECT",
        severity=Severity.WARN,
        message=f"{FILE_NAME} names the subject {quoted(subject_id)}, the sample sheet does not",
    )
