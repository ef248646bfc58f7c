import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.report.tables import csv_cell, csv_text, public_tables, write_csv
from carflow.result.run import Result

PAYLOADS = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "＝1+1", "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_text_never_starts_a_formula(payload: str) -> None:
    assert csv_cell(payload) == f"'{payload}"


def test_control_characters_are_left_out_before_the_text_is_judged() -> None:
    assert csv_cell("\x00\r=1") == "'\n=1"
    assert csv_cell("day\x07 7") == "day 7"


@pytest.mark.parametrize("plain", ["P01", "CAR+", "a=b", "5-6", "−1", ""])
def test_other_text_stays_as_it_is(plain: str) -> None:
    assert csv_cell(plain) == plain


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_every_digit(value: float) -> None:
    text = csv_text(("value",), [{"value": value}])

    assert float(text.splitlines()[1]) == value


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8), max_size=4))
def test_any_text_is_read_back(cells: list[str]) -> None:
    columns = [f"c{place}" for place in range(len(cells))]
    text = csv_text(columns, [dict(zip(columns, cells, strict=True))])

    read = next(csv.DictReader(io.StringIO(text, newline="")), {})

    expected = [str(csv_cell(cell)) for cell in cells]
    assert [read.get(name, "") for name in columns] == expected


def test_a_file_is_plain_utf8_with_line_feeds(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ("unit", "value"), [{"unit": "cells/µL", "value": None}])

    assert path.read_bytes() == "unit,value\ncells/µL,\n".encode()


def test_every_table_has_its_columns_and_rows(model_result: Result, odd_result: Result) -> None:
    tables = public_tables(model_result)

    assert {name: len(rows) for name, (_, rows) in tables.items()} == {
        "quantities": 33,
        "samples": 9,
        "populations": 27,
        "subjects": 105,
        "comparisons": 0,
        "findings": 2,
        "intervals": 0,
        "failures": 0,
        "cut_shifts": 0,
        "cohort": 0,
        "population_peaks": 0,
    }
    assert [row["code"] for row in public_tables(odd_result)["failures"][1]] == ["FCS-TRUNCATED"]
