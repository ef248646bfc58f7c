import io
import time
import zipfile
from dataclasses import replace

import openpyxl
import pytest

from carflow.report.tables import public_tables
from carflow.report.workbook import SHEETS, workbook_bytes
from carflow.result.rows import Cell
from carflow.result.run import Result


def read(result: Result) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(workbook_bytes(result)))


def test_every_sheet_holds_the_rows_of_its_table(model_result: Result) -> None:
    book = read(model_result)

    assert book.sheetnames == [*SHEETS, "About"]
    for name in SHEETS:
        columns, rows = public_tables(model_result)[name.lower()]
        found = list(book[name].iter_rows(values_only=True))
        assert found[0] == tuple(columns)
        # a workbook keeps 16 digits of a number
        assert found[1:] == [tuple(_shown(row.get(column)) for column in columns) for row in rows]


def test_text_is_never_a_formula_or_a_link(odd_result: Result) -> None:
    tube = replace(odd_result.tube_results[-1], visit_label="https://example.org/x\x0c")
    result = replace(odd_result, tube_results=(*odd_result.tube_results[:-1], tube))

    book = read(result)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]

    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert not any(cell.hyperlink for cell in cells)
    assert "=cmd|' /C calc'!A0" in {cell.value for cell in cells}
    assert "https://example.org/x" in {cell.value for cell in cells}


def test_the_heading_stays_in_sight_and_columns_are_wide_enough(model_result: Result) -> None:
    sheet = read(model_result)["Findings"]

    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["D"].width >= len("all panels agree")


def test_about_names_versions_hashes_options_and_thresholds(model_result: Result) -> None:
    rows = list(read(model_result)["About"].iter_rows(values_only=True))

    assert ("version", "carflow", "0.1.0") in rows
    assert ("input", "sample sheet, SHA-256", "a" * 64) in rows
    assert ("gates", "car_t_blood, SHA-256", "b" * 64) in rows
    assert ("option", "auc_rule", "linear-up log-down") in rows
    assert ("threshold", "lloq_events", 50) in rows


def test_the_same_result_gives_the_same_bytes(
    model_result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = workbook_bytes(model_result)
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)

    assert workbook_bytes(model_result) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


def _shown(cell: Cell) -> Cell:
    if isinstance(cell, float):
        return float(f"{cell:.16G}")
    return None if cell == "" else cell
