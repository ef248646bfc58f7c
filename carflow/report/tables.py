"""The CSV files of a run, from the rows of the result.

Plain UTF-8 without byte order mark, lines end in a line feed, decimal point, every digit kept.
A missing number is an empty cell. Text that a spreadsheet would take for a formula gets a
leading apostrophe; numbers never do, so −0.5 stays a number. The unchanged text is in
result.json.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from carflow.report.files import write_text
from carflow.result import rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from carflow.result.rows import Cell, Row
    from carflow.result.run import Result

MANIFEST_COLUMNS = ("sample_id", "file", "sha256")
# the last four are the wide forms, which spreadsheets of East Asian locales also evaluate
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def csv_cell(cell: Cell) -> str | int | float:
    """Return a cell as it stands in a CSV file.

    Examples
    --------
    >>> csv_cell("=1+1"), csv_cell(-0.5), csv_cell(None)
    ("'=1+1", -0.5, '')
    """
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return cell
    text = clean_text(cell)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def clean_text(text: str) -> str:
    r"""Return text without control characters, which tables cannot hold; lines end in a feed.

    Examples
    --------
    >>> clean_text("day 7\x0c\r\n")
    'day 7\n'
    """
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def csv_text(columns: Sequence[str], table: Iterable[Row]) -> str:
    r"""Return a table as CSV text; a column a row does not have is an empty cell.

    Examples
    --------
    >>> csv_text(("sample_id", "value"), [{"sample_id": "P01, day 7", "value": 0.1}])
    'sample_id,value\n"P01, day 7",0.1\n'
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for row in table:
        writer.writerow([csv_cell(row.get(name)) for name in columns])
    return stream.getvalue()


def write_csv(path: Path, columns: Sequence[str], table: Iterable[Row]) -> Path:
    """Write a table as a CSV file, whole or not at all.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    return write_text(path, csv_text(columns, table))


def public_tables(result: Result) -> Mapping[str, tuple[Sequence[str], tuple[Row, ...]]]:
    """Return columns and rows of every table that may be passed on, by name."""
    tubes = result.tube_results
    return {
        "quantities": (rows.QUANTITY_COLUMNS, tuple(rows.quantity_rows(tubes))),
        "samples": (rows.sample_columns(tubes), tuple(rows.sample_rows(tubes))),
        "populations": (rows.POPULATION_COLUMNS, tuple(rows.population_rows(tubes))),
        "subjects": (rows.SUBJECT_COLUMNS, tuple(rows.subject_rows(result.subject_results))),
        "comparisons": (
            rows.COMPARISON_COLUMNS,
            tuple(rows.comparison_rows(result.subject_results, result.pooled_comparisons)),
        ),
        "cohort": (rows.COHORT_COLUMNS, tuple(rows.cohort_rows(result.cohorts))),
        "population_peaks": (
            rows.POPULATION_PEAK_COLUMNS,
            tuple(rows.population_peak_rows(result.population_peaks)),
        ),
        "cut_shifts": (rows.CUT_COLUMNS, tuple(rows.cut_rows(tubes))),
        "findings": (rows.FINDING_COLUMNS, tuple(rows.finding_rows(result.all_findings))),
        "intervals": (rows.INTERVAL_COLUMNS, tuple(rows.interval_rows(tubes))),
        "failures": (rows.FAILURE_COLUMNS, tuple(rows.failure_rows(tubes))),
    }


def manifest_rows(result: Result) -> tuple[Row, ...]:
    """Return which file each sample came from: for the private folder only."""
    return tuple(
        {"sample_id": row.sample_id, "file": row.file, "sha256": row.sha256}
        for row in result.manifest
    )
