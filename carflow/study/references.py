"""``reference_tmax.csv`` beside the sample sheet: published times to peak, facts about others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from carflow.study.cells import parse_text
from carflow.study.model import ReferenceTmax
from carflow.study.rows import Row, RowProblems, RowReader
from carflow.study.table import Table, missing_columns, scan_table, unknown_columns

if TYPE_CHECKING:
    from pathlib import Path

    from carflow.findings import Finding

FILE_NAME = "reference_tmax.csv"

_REQUIRED = ("median_day", "assay", "source")
_KNOWN = (*_REQUIRED, "low_day", "high_day", "comment")


def read_references(path: Path) -> tuple[tuple[ReferenceTmax, ...], tuple[Finding, ...]]:
    """Return the published times to peak of a table, and what was noticed about it.

    Parameters
    ----------
    path : Path
        Columns ``median_day, assay, source`` and optionally ``low_day, high_day`` (the
        published range). Assay and source are needed: times to peak by flow and by qPCR
        differ, and a number without its source cannot be judged.

    Raises
    ------
    SheetError, Problems
        If the table or some of its rows cannot be used.
    """
    problems = RowProblems(path.name)
    table = scan_table(path, problems)
    lacking = missing_columns(table, _REQUIRED, problems)
    rows = () if lacking else table.rows
    references = tuple(_reference(row, table, problems) for row in rows)
    problems.raise_if_any()
    return references, tuple(unknown_columns(table, _KNOWN, called=FILE_NAME))


def _reference(row: Row, table: Table, problems: RowProblems) -> ReferenceTmax:
    cells = RowReader(row, problems)
    day = table.numbers.day
    reference = ReferenceTmax(
        median_day=cells.required(
            "median_day", day, instead=math.nan, hint="write the published median in days"
        ),
        low_day=cells.optional("low_day", day, instead=None),
        high_day=cells.optional("high_day", day, instead=None),
        assay=cells.required("assay", parse_text, instead="", hint="write flow or qPCR"),
        source=cells.required("source", parse_text, instead="", hint="write where it is published"),
    )
    low, high = reference.low_day, reference.high_day
    if low is not None and low > reference.median_day:
        cells.refuse(
            f"day {low:g} lies after the median {reference.median_day:g}", column="low_day"
        )
    if high is not None and high < reference.median_day:
        cells.refuse(
            f"day {high:g} lies before the median {reference.median_day:g}", column="high_day"
        )
    return reference
