"""The first visible worksheet of an ``.xlsx`` workbook as lines of cells.

A workbook is a zip of XML documents: both are checked before openpyxl sees them, and what
openpyxl raises never leaves this module. No macro, link or formula is followed.

Decisions
---------
*Other worksheets are counted, not refused.* Laboratories keep notes and price lists in the same
workbook, and a sheet that had to be emptied of them would be a second copy to keep in step. The
caller turns the count into a warning, so that samples continued on the second worksheet are
missed aloud.

*Two passes.* A formula's stored result and the fact that it is a formula come from different
openings of the workbook. A formula that was never calculated reads as an empty cell, which
would be a missing blood count; it is refused instead.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from carflow.errors import SheetError
from carflow.study.cells import Cell, CellKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Line = tuple[int, tuple[Cell, ...]]

_MOST_BYTES = 50_000_000
_HIGHEST_RATIO = 200
_LAST_LINE = 100_000
_BLANK = Cell("")
_SAVE_ANEW = "open it in Excel and save it as a new .xlsx workbook"
_EXCEL_PACKING = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_LINE_BREAK = re.compile(r"\s*[\r\n\t]+\s*")
_QUOTED_IN_FORMAT = re.compile(r'"[^"]*"|\\.')
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,  # an encrypted member
    ValueError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worksheet:
    """The cells of one worksheet, and how many other worksheets hold something."""

    lines: tuple[Line, ...]
    n_others: int


def read_worksheet(raw: bytes, *, most_columns: int) -> Worksheet:
    """Return the first visible worksheet of a workbook.

    Numbers come back as the shortest text of their 15 digits (what Excel itself keeps), dates as
    ISO 8601, percentages with their sign, so that no column can take them for something else.

    Raises
    ------
    SheetError
        If the bytes are no workbook, unpack to too much, or hold a table too wide or too long.
    """
    _check_archive(raw)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of drawings and validations it drops
        try:
            return _read(raw, most_columns)
        except SheetError:
            raise
        except Exception as error:  # noqa: BLE001  # openpyxl raises whatever its parsers meet
            raise SheetError(
                f"the workbook is damaged ({type(error).__name__})", hint=_SAVE_ANEW
            ) from None


def _check_archive(raw: bytes) -> None:
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetError(
            "this is an old Excel file or one with a password",
            hint="save it as an .xlsx workbook without a password",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            _check_sizes(archive.infolist())
            contents = [archive.read(member) for member in archive.infolist()]
    except _BROKEN_ZIP:
        raise SheetError("this is not a readable Excel workbook", hint=_SAVE_ANEW) from None
    # without the zero bytes, so that a document in UTF-16 is seen through as well
    if any(b"<!DOCTYPE" in content.replace(b"\0", b"") for content in contents):
        raise SheetError("the workbook holds a document type definition", hint=_SAVE_ANEW)


def _check_sizes(members: Sequence[zipfile.ZipInfo]) -> None:
    if any(member.compress_type not in _EXCEL_PACKING for member in members):
        raise SheetError("this is not a readable Excel workbook", hint=_SAVE_ANEW)
    unpacked = sum(member.file_size for member in members)
    packed = max(1, sum(member.compress_size for member in members))
    if unpacked > _MOST_BYTES or unpacked / packed > _HIGHEST_RATIO:
        raise SheetError(
            f"the workbook unpacks to {unpacked / 1e6:.0f} MB, {unpacked / packed:.0f} times its"
            " size; such files are refused",
            hint="copy the table into a new workbook",
        )


def _read(raw: bytes, most_columns: int) -> Worksheet:
    import openpyxl

    results = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    formulas = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=False)
    try:
        visible = [sheet for sheet in results.worksheets if sheet.sheet_state == "visible"]
        if not visible:
            raise SheetError("the workbook has no visible worksheet", hint=_SAVE_ANEW)
        first = visible[0]
        lines = tuple(_lines(first, formulas[first.title], most_columns=most_columns))
        others = [sheet for sheet in results.worksheets if sheet.title != first.title]
        n_others = sum(_holds_something(sheet, most_columns) for sheet in others)
        return Worksheet(lines=lines, n_others=n_others)
    finally:
        results.close()
        formulas.close()


def _holds_something(sheet: Any, most_columns: int) -> bool:
    sheet.reset_dimensions()
    # rows are filled up to the number a worksheet states, which may be anything
    rows = islice(sheet.iter_rows(max_col=most_columns, values_only=True), _LAST_LINE)
    return any(value is not None for row in rows for value in row)


def _lines(results: Any, formulas: Any, *, most_columns: int) -> Iterator[Line]:
    results.reset_dimensions()  # the stated size may be wrong, or ask for a million columns
    formulas.reset_dimensions()
    pairs = zip(results.iter_rows(), formulas.iter_rows(), strict=True)
    for number, (row, formula_row) in enumerate(pairs, start=1):
        if number > _LAST_LINE:
            raise SheetError(
                f"the worksheet goes on below row {_LAST_LINE}",
                hint="delete the empty rows below the table",
            )
        if len(row) > most_columns:
            raise SheetError(
                f"the worksheet goes on beyond column {most_columns}",
                hint="delete the empty columns to the right of the table",
            ).at(f"row {number}")
        yield number, tuple(_cell(*pair) for pair in zip(row, formula_row, strict=True))


def _cell(result: Any, formula: Any) -> Cell:
    if result.value is None:
        # a formula whose stored result is empty text keeps the type "str"
        lost = formula.data_type == "f" and result.data_type != "str"
        return Cell("", CellKind.FORMULA) if lost else _BLANK
    if result.data_type == "e":
        return Cell(str(result.value), CellKind.ERROR)
    return _cell_of(result.value, result.number_format)


def _cell_of(value: object, number_format: str) -> Cell:
    match value:
        case bool():  # before int: a truth value is an int as well
            return Cell(str(value).upper(), CellKind.TRUTH)
        case int() | float():
            return Cell(_number_text(value, number_format), CellKind.NUMBER)
        case date() | time():
            return Cell(value.isoformat(), CellKind.DATE)
        case timedelta():
            return Cell(str(value), CellKind.DATE)
        case _:
            return Cell(_LINE_BREAK.sub(" ", str(value).strip()))


def _number_text(value: float, number_format: str) -> str:
    """Return the digits Excel shows at full width; a percentage is stored as a fraction."""
    is_percentage = "%" in _QUOTED_IN_FORMAT.sub("", number_format)
    kept = float(f"{value * 100 if is_percentage else value:.15g}")
    text = str(int(kept)) if kept.is_integer() and abs(kept) < 1e15 else repr(kept)
    return f"{text}%" if is_percentage else text
