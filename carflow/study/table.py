"""A table as strict text: named columns, rows that know their line, and all problems at once.

This is the only door for tables of users. It decides what a table is: one name per column, as
many cells in every row as in the header, no invisible characters, no id that a spreadsheet has
turned into a number. What a column means is decided by `carflow.study.sheet` and its siblings.

Decisions
---------
*No data frame.* pandas shifts every column when all rows have one field too many, renames
duplicate columns, and turns ids into numbers, all without a word.

*Empty rows and nameless empty columns are dropped.* Excel writes both where a table once was
larger; they hold nothing that could be lost.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from carflow.errors import SheetError
from carflow.findings import Finding, Severity
from carflow.study.cells import Cell, CellKind, NumberGrammar, quoted
from carflow.study.delimited import decode, find_delimiter, number_grammar, read_lines
from carflow.study.rows import Row, RowProblems
from carflow.study.workbook import read_worksheet

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

Line = tuple[int, tuple[Cell, ...]]

MOST_ROWS = 10_000
MOST_COLUMNS = 200
MOST_BYTES = 50_000_000

FLOWJO_BAR = "|"
FIRST_UNNAMED = "sample"

_TEXT_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
_BLANK = Cell("")
# Control, format and surrogate characters, line and paragraph separators: two ids that differ
# in one of these only look the same on every screen.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NEVER = frozenset({CellKind.ERROR, CellKind.FORMULA})
_SIMILAR = 0.75
_MOST_NAMES_LISTED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of text, its columns named in lower case.

    `numbers` reads its numbers, `sha256` is that of the file, and `n_other_worksheets` counts
    the worksheets of a workbook that hold something and were not read. `written` are the names
    of the columns as the file spells them.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    numbers: NumberGrammar
    sha256: str = ""
    n_other_worksheets: int = 0
    written: Mapping[str, str] = field(default_factory=dict)


def scan_table(path: Path, problems: RowProblems, *, text_columns: Collection[str] = ()) -> Table:
    """Return the readable rows of a file and note the others in `problems`."""
    try:
        raw = _read_bytes(path)
        if path.suffix.casefold() == ".xlsx":
            return _table_from_workbook(raw, problems, text_columns)
        return table_from_text(decode(raw), problems, sha256=hashlib.sha256(raw).hexdigest())
    except SheetError as error:
        raise error.at(path.name) from None


def _table_from_workbook(raw: bytes, problems: RowProblems, text_columns: Collection[str]) -> Table:
    sheet = read_worksheet(raw, most_columns=MOST_COLUMNS)
    columns, rows = _assemble(_squared(sheet.lines), problems, text_columns)
    return Table(
        name=problems.name,
        written=columns,
        columns=tuple(columns),
        rows=rows,
        numbers=NumberGrammar(".,"),
        sha256=hashlib.sha256(raw).hexdigest(),
        n_other_worksheets=sheet.n_others,
    )


def table_from_text(text: str, problems: RowProblems, *, sha256: str = "") -> Table:
    """Return the readable rows of a text table and note the others in `problems`."""
    header = next((line for line in text.splitlines() if line.strip(" \t,;")), "")
    delimiter = find_delimiter(header)
    columns, rows = _assemble(read_lines(text, delimiter), problems, ())
    numbers = number_grammar(delimiter)
    return Table(
        name=problems.name,
        columns=tuple(columns),
        rows=rows,
        numbers=numbers,
        sha256=sha256,
        written=columns,
    )


def missing_columns(table: Table, required: Iterable[str], problems: RowProblems) -> bool:
    """Note each required column the table lacks; return whether there was one."""
    lacking = [name for name in required if name not in table.columns]
    for name in lacking:
        similar = _closest(name, table.columns)
        hint = f"is it {quoted(similar)}?" if similar else f"found: {_listed(table.columns)}"
        problems.add(0, SheetError(f'the column "{name}" is missing', hint=hint))
    return bool(lacking)


def unknown_columns(table: Table, known: Collection[str], *, called: str) -> list[Finding]:
    """Return a finding for each column that is not read: a warning for a likely misspelling."""
    free = [name for name in known if name not in table.columns]
    findings = []
    for name in table.columns:
        if name in known:
            continue
        similar = _closest(name, free)
        question = f" (did you mean {quoted(similar)}?)" if similar else ""
        findings.append(
            Finding(
                code="SHEET-COLUMN-UNKNOWN",
                severity=Severity.WARN if similar else Severity.INFO,
                message=f"the column {quoted(name)} of {called} is not read{question}",
            )
        )
    return findings


def _listed(names: Sequence[str]) -> str:
    shown = [quoted(name)[1:-1] for name in names[:_MOST_NAMES_LISTED]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _closest(name: str, candidates: Collection[str]) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name).strip("_")
    found = difflib.get_close_matches(plain, candidates, n=1, cutoff=_SIMILAR)
    return found[0] if found else ""


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise SheetError("this is a folder", hint="name the table inside it")
    if path.suffix.casefold() not in {*_TEXT_SUFFIXES, ".xlsx"}:
        raise SheetError(
            "a table must be a .csv or .xlsx file", hint="save it in one of these formats"
        )
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise SheetError(
                f"the file has {size / 1e6:.0f} MB; a table has at most {MOST_BYTES / 1e6:.0f} MB",
                hint="check that this is the right file",
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise SheetError("there is no such file", hint="check the path") from None
    except OSError as error:
        raise SheetError(f"the file cannot be opened: {error.strerror}") from None


def _squared(lines: Iterable[Line]) -> list[Line]:
    """Give every row of a worksheet the width of its first row, unless it holds more."""
    trimmed = []
    for number, cells in lines:
        filled = [at for at, cell in enumerate(cells, start=1) if cell != _BLANK]
        if filled:
            trimmed.append((number, cells[: filled[-1]]))
    width = len(trimmed[0][1]) if trimmed else 0
    return [(number, cells + (_BLANK,) * (width - len(cells))) for number, cells in trimmed]


def _assemble(
    lines: Iterable[Line], problems: RowProblems, text_columns: Collection[str]
) -> tuple[dict[str, str], tuple[Row, ...]]:
    """Return the names of the columns, each with its spelling in the file, and the rows."""
    filled = [line for line in lines if any(cell != _BLANK for cell in line[1])]
    if not filled:
        raise SheetError("the table is empty", hint="write the names of the columns in row 1")
    spelled = [unicodedata.normalize("NFC", cell.text) for cell in filled[0][1]]
    if spelled and not spelled[0] and any(FLOWJO_BAR in name for name in spelled):
        spelled[0] = FIRST_UNNAMED  # FlowJo leaves the name over the samples empty
    names = [name.casefold() for name in spelled]
    body = filled[1:]
    if len(names) > MOST_COLUMNS or len(body) > MOST_ROWS:
        raise SheetError(
            f"the table has {len(body)} rows and {len(names)} columns;"
            f" at most {MOST_ROWS} and {MOST_COLUMNS} are read",
            hint="check that this is the right file",
        )
    columns = {key: name for key, name in zip(names, spelled, strict=True) if key}
    if not _header_is_sound(names, body, problems):
        return columns, ()
    rows = (_row(line, names, problems, text_columns) for line in body)
    return columns, tuple(filter(None, rows))


def _header_is_sound(names: Sequence[str], body: Sequence[Line], problems: RowProblems) -> bool:
    before = len(problems)
    for name, times in Counter(filter(None, names)).items():
        if times > 1:
            error = SheetError(
                f"the column {quoted(name)} stands {times} times in the header",
                hint="rename or remove the others",
            )
            problems.add(0, error)
        if _invisible(name):
            problems.add(0, SheetError(f"the name of a column {_invisible(name)}"))
    for at, name in enumerate(names):
        if not name and any(cells[at : at + 1] not in {(), (_BLANK,)} for _, cells in body):
            error = SheetError(f"column {at + 1} has cells but no name", hint="name it in row 1")
            problems.add(0, error)
    return len(problems) == before


def _row(
    line: Line, names: Sequence[str], problems: RowProblems, text_columns: Collection[str]
) -> Row | None:
    number, cells = line
    if len(cells) != len(names):
        error = SheetError(
            f"has {len(cells)} cell{'s' * (len(cells) != 1)}, but the header has {len(names)}",
            hint="a cell that holds the delimiter needs quotation marks around it",
        )
        problems.add(number, error)
        return None
    before = len(problems)
    for name, cell in zip(names, cells, strict=True):
        fault = _fault(cell, is_id=name in text_columns)
        if fault is not None:
            problems.add(number, fault, column=name)
    if len(problems) > before:
        return None
    texts = {name: cell.text for name, cell in zip(names, cells, strict=True) if name}
    return Row(number=number, cells=texts)


def _fault(cell: Cell, *, is_id: bool) -> SheetError | None:
    if cell.kind in _NEVER:
        return SheetError(
            f"the workbook holds {cell.kind} in this cell", hint="calculate and save it in Excel"
        )
    if is_id and cell.kind is not CellKind.TEXT:
        return SheetError(
            f"Excel has stored this text as {cell.kind} ({quoted(cell.text)})",
            hint="format the column as text and type the cell again",
        )
    hidden = _invisible(cell.text)
    return SheetError(hidden, hint="type the cell again") if hidden else None


def _invisible(text: str) -> str:
    found = next((sign for sign in text if unicodedata.category(sign) in _INVISIBLE), "")
    return f"holds an invisible character (U+{ord(found):04X})" if found else ""
