"""Small sheets, workbooks and FCS-like files, made where a test needs them."""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest

HEADER = "file,sample_id,subject_id,day,sample_type"

Content = str | float | bool | datetime | time | timedelta | None
WriteSheet = Callable[..., Path]
WriteWorkbook = Callable[..., Path]
WriteFcs = Callable[[str], Path]


@pytest.fixture
def write_sheet(tmp_path: Path) -> WriteSheet:
    """Write `rows` below the required columns and `more` ones, and return the sheet's path."""

    def write(*rows: str, more: str = "", name: str = "samples.csv") -> Path:
        header = f"{HEADER},{more}" if more else HEADER
        path = tmp_path / name
        path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_workbook(tmp_path: Path) -> WriteWorkbook:
    """Write rows of Python values as the first worksheet of a workbook."""

    def write(
        *rows: Sequence[Content],
        others: Sequence[Sequence[Content]] = (),
        name: str = "samples.xlsx",
    ) -> Path:
        book = openpyxl.Workbook()
        for at, row in enumerate(rows, start=1):
            for column, value in enumerate(row, start=1):
                book.worksheets[0].cell(row=at, column=column, value=value)
        for row in others:
            book.create_sheet().append(list(row))
        path = tmp_path / name
        book.save(path)
        return path

    return write


@pytest.fixture
def write_fcs_like(tmp_path: Path) -> WriteFcs:
    """Write a file that starts like FCS (nothing here reads further)."""

    def write(name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"FCS3.1    ")
        return path

    return write
