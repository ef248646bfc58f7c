"""The text of a ``.csv`` file as lines of cells; nothing here knows a column's meaning.

The encoding is UTF-8 (with or without byte order mark) or UTF-16 with one; anything else is
refused, because a wrong guess changes ids without a word. The delimiter is taken from the
header alone, so that a comma inside a later cell cannot change it.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from typing import TYPE_CHECKING

from carflow.errors import SheetError
from carflow.study.cells import Cell, NumberGrammar

if TYPE_CHECKING:
    from collections.abc import Iterator

_DELIMITERS = ",;\t"
_SAVE_AS_UTF8 = 'save the table as "CSV UTF-8"'
_GRAMMARS = {
    ",": NumberGrammar("."),
    ";": NumberGrammar(",."),
    "\t": NumberGrammar(".,"),
}


def decode(raw: bytes) -> str:
    """Return the text of a table.

    Raises
    ------
    SheetError
        If the bytes are neither UTF-8 nor UTF-16 with a byte order mark, or a workbook.

    Examples
    --------
    >>> decode("day;Größe".encode("utf-8-sig"))
    'day;Größe'
    """
    if raw.startswith(b"PK\x03\x04"):
        raise SheetError("this is an Excel workbook, not a text table", hint="name it .xlsx")
    has_mark = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = raw.decode("utf-16" if has_mark else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise SheetError(
            f"the text is not {'UTF-16' if has_mark else 'UTF-8'} (byte {error.start + 1})",
            hint=_SAVE_AS_UTF8,
        ) from None
    if "\0" in text:
        raise SheetError("the file is not a text table: it holds zero bytes", hint=_SAVE_AS_UTF8)
    return text


def find_delimiter(header: str) -> str:
    """Return the delimiter that a header line holds most of: comma, semicolon or tab.

    Examples
    --------
    >>> find_delimiter('file;"sample, id";day')
    ';'
    """
    outside = re.sub(r'"[^"]*"', "", header)
    most = max(outside.count(sign) for sign in _DELIMITERS)
    found = [sign for sign in _DELIMITERS if outside.count(sign) == most]
    if most and len(found) > 1:
        raise SheetError(
            "the header mixes delimiters", hint="separate all names by comma, semicolon or tab"
        )
    return found[0]


def number_grammar(delimiter: str) -> NumberGrammar:
    """Return how numbers are written in a table of this delimiter."""
    return _GRAMMARS[delimiter]


def read_lines(text: str, delimiter: str) -> Iterator[tuple[int, tuple[Cell, ...]]]:
    """Yield line number (the first line is 1) and cells of each line.

    Raises
    ------
    SheetError
        If a quotation mark is left open or a cell is longer than the csv module allows.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for fields in reader:
            yield start, tuple(Cell(field.strip()) for field in fields)
            start = reader.line_num + 1
    except csv.Error:
        raise SheetError(
            "cannot be split into cells", hint="check the quotation marks from this line on"
        ).at(f"row {start}") from None
