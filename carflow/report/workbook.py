"""The tables of a result as one Excel workbook.

Every text cell is written as a string, so nothing in it becomes a formula or a link. The file
states a fixed date and carries no name, so that the same result gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING

from carflow.report.tables import clean_text, public_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from carflow.result.rows import Cell, Row
    from carflow.result.run import Result

SHEETS = ("Samples", "Quantities", "Subjects", "Comparisons", "Findings", "Failures")
ABOUT_COLUMNS = ("topic", "name", "value")
_EXCEL_TEXT_LIMIT = 32_767
_WIDEST_COLUMN = 60
# how Excel shows a number; the cell itself keeps 16 digits, the CSV files keep all
_NUMBER_FORMATS = {
    "day": "General",
    "count": "#,##0",
    "n_events": "#,##0",
    "n_removed": "#,##0",
    "n_nonfinite": "#,##0",
    "n_numerator": "#,##0",
    "n_denominator": "#,##0",
    "copies_per_ug": "#,##0",
}
_ANY_NUMBER = "#,##0.00##"
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}


def workbook_bytes(result: Result) -> bytes:
    """Return the workbook: one sheet for each table of `SHEETS`, and About."""
    import xlsxwriter

    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, _OPTIONS) as book:
        book.set_properties(
            {
                "title": "carflow result",
                "comments": "Research use only; not for treatment decisions.",
                "created": dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
            }
        )
        tables = public_tables(result)
        for sheet in SHEETS:
            _write_sheet(book, sheet, *tables[sheet.lower()])
        _write_sheet(book, "About", ABOUT_COLUMNS, tuple(about_rows(result)))
    return stream.getvalue()


def about_rows(result: Result) -> Iterator[Row]:
    """Yield what is needed to repeat the run: verdict, versions, hashes, options, thresholds."""
    provenance = result.provenance
    yield _about("result", "verdict", str(result.verdict))
    yield _about("result", "exit code", int(result.exit_code))
    yield _about("result", "use", "research use only; not for treatment decisions")
    for name, version in provenance.versions.items():
        yield _about("version", name, version)
    yield _about("input", "sample sheet, SHA-256", provenance.sheet_sha256)
    for gates in provenance.gates:
        yield _about("gates", f"{gates.name}, SHA-256", gates.sha256)
    for name, option in provenance.options.items():
        yield _about("option", name, option)
    for name, threshold in provenance.thresholds.items():
        yield _about("threshold", name, threshold)


def _about(topic: str, name: str, value: Cell) -> Row:
    return {"topic": topic, "name": name, "value": value}


def _write_sheet(book: Workbook, title: str, columns: Sequence[str], table: Sequence[Row]) -> None:
    sheet = book.add_worksheet(title)
    heading = book.add_format({"bold": True, "bottom": 1, "bg_color": "#EEEEEE"})
    text = book.add_format({"valign": "top"})
    for place, name in enumerate(columns):
        figures = book.add_format(
            {"num_format": _NUMBER_FORMATS.get(name, _ANY_NUMBER), "valign": "top"}
        )
        sheet.write_string(0, place, workbook_text(name), heading)
        cells = [row.get(name) for row in table]
        _write_column(sheet, place, cells, formats={"text": text, "number": figures})
        sheet.set_column(place, place, _width(name, cells))
    sheet.freeze_panes(1, 0)
    if table:
        sheet.autofilter(0, 0, len(table), len(columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _write_column(
    sheet: Worksheet, place: int, cells: Sequence[Cell], *, formats: Mapping[str, Format]
) -> None:
    for line, cell in enumerate(cells, start=1):
        if isinstance(cell, str) and cell:
            sheet.write_string(line, place, workbook_text(cell), formats["text"])
        elif isinstance(cell, (int, float)):
            sheet.write_number(line, place, cell, formats["number"])


def workbook_text(text: str) -> str:
    """Return text as a cell can hold it, cut at Excel's limit.

    Examples
    --------
    >>> workbook_text("=1+1"), len(workbook_text("x" * 40_000))
    ('=1+1', 32767)
    """
    return clean_text(text)[:_EXCEL_TEXT_LIMIT]


def _width(name: str, cells: Sequence[Cell]) -> float:
    longest = max((len(_shown(cell)) for cell in cells), default=0)
    return float(min(_WIDEST_COLUMN, max(8, len(name), longest) + 2))


def _shown(cell: Cell) -> str:
    """Return roughly what Excel will show, for the width of its column."""
    return f"{cell:,.4f}" if isinstance(cell, float) else str(cell if cell is not None else "")
