from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.errors import Problems, SheetError
from carflow.measure import State
from carflow.study.cells import NumberGrammar
from carflow.study.readings import Reading, parse_value
from carflow.study.value_table import Series, read_series

WriteWorkbook = Callable[..., Path]


def message_of(source: str | Path) -> str:
    with pytest.raises((Problems, SheetError)) as caught:
        read_series(source)
    return str(caught.value)


def test_the_published_course_is_read() -> None:
    text = "day,value\n1,4.26\n4,12.33\n7,45.31\n12,69.94\n14,24.33\n"

    assert read_series(text) == (
        Series(
            subject_id="",
            days=(1.0, 4.0, 7.0, 12.0, 14.0),
            values=(4.26, 12.33, 45.31, 69.94, 24.33),
            states=(State.QUANT,) * 5,
            below=(None,) * 5,
            lows=(None,) * 5,
            highs=(None,) * 5,
        ),
    )


def test_each_subject_is_one_series_in_the_order_of_days() -> None:
    text = "subject_id,day,value,low,high\n002,7,5,4,6\n001,7,BLQ,,\n002,-1,0,,\n"

    assert read_series(text) == (
        Series(
            subject_id="002",
            days=(-1.0, 7.0),
            values=(0.0, 5.0),
            states=(State.ND, State.QUANT),
            below=(None, None),
            lows=(None, 4.0),
            highs=(None, 6.0),
        ),
        Series(
            subject_id="001",
            days=(7.0,),
            values=(None,),
            states=(State.DET_BLQ,),
            below=(None,),
            lows=(None,),
            highs=(None,),
        ),
    )


@pytest.mark.parametrize(
    ("cell", "reading"),
    [
        ("BLQ", Reading(None, State.DET_BLQ)),
        ("< LLOQ", Reading(None, State.DET_BLQ)),
        ("<0.5", Reading(None, State.DET_BLQ, 0.5)),
        ("< 0.05", Reading(None, State.DET_BLQ, 0.05)),
        ("BLD", Reading(None, State.ND)),
        ("<LOD", Reading(None, State.ND)),
        ("nd", Reading(None, State.ND)),
        ("Not  detected", Reading(None, State.ND)),
        ("NE", Reading(None, State.NE)),
        ("", Reading(None, State.MISSING)),
        ("-", Reading(None, State.MISSING)),
        ("NA", Reading(None, State.MISSING)),
        ("NaN", Reading(None, State.MISSING)),
        ("excluded", Reading(None, State.EXCLUDED)),
        ("Below LOQ", Reading(None, State.DET_BLQ)),
        ("target not detected", Reading(None, State.ND)),
        ("undetectable", Reading(None, State.ND)),
        ("clotted", Reading(None, State.NE)),
        ("not done", Reading(None, State.MISSING)),
        ("#N/A", Reading(None, State.MISSING)),
        ("45.31 %", Reading(45.31, State.QUANT)),
        ("0", Reading(0.0, State.ND)),
        ("45.31", Reading(45.31, State.QUANT)),
    ],
)
def test_words_become_states_and_never_numbers(cell: str, reading: Reading) -> None:
    assert parse_value(cell, NumberGrammar()) == reading

    (series,) = read_series(f"day,value\n7,{cell}\n")
    assert (series.values, series.states, series.below) == (
        (reading.value,),
        (reading.state,),
        (reading.below,),
    )


@given(st.text(max_size=10))
def test_only_a_written_zero_is_zero(text: str) -> None:
    try:
        reading = parse_value(text, NumberGrammar())
    except SheetError:
        return

    if reading.value == 0:
        assert float(text) == 0
    assert (reading.value is not None and reading.value > 0) == (reading.state is State.QUANT)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8))
def test_values_come_back_unchanged(values: list[float]) -> None:
    rows = "".join(f"{day},{value!r}\n" for day, value in enumerate(values))

    (series,) = read_series(f"day,value\n{rows}")

    assert series.values == tuple(values)


def test_a_file_reads_like_its_text(tmp_path: Path, write_workbook: WriteWorkbook) -> None:
    text = "subject_id,day,value\n001,1,4.26\n001,4,ND\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8-sig")
    workbook = write_workbook(["subject_id", "day", "value"], ["001", 1, 4.26], ["001", 4, "ND"])

    assert read_series(tmp_path / "t.csv") == read_series(text) == read_series(workbook)


def test_a_percentage_stored_as_a_fraction_is_the_one_that_is_shown(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.worksheets[0].append(["day", "value"])
    book.worksheets[0].append([12, 0.6994])
    book.worksheets[0]["B2"].number_format = "0.00%"
    book.save(tmp_path / "t.xlsx")

    (series,) = read_series(tmp_path / "t.xlsx")
    assert series.values == (69.94,)


def test_all_bad_rows_are_reported_together() -> None:
    text = (
        "subject_id,day,value,low,high\n"
        "P01,7,5.2*,,\n"
        "P01,8,-0.3,,\n"
        "P01,9,<0,,\n"
        "P01,10,5,4,\n"
        "P01,11,5,6,7\n"
        ",12,5,,\n"
        "P01,D13,5,,\n"
        "P01,7.0,5,,\n"
        "P01,D14,5,,\n"
    )

    hint = "write a number, or one of BLQ, <0.5, ND, NE, NA"
    assert message_of(text) == (
        "table: 9 problems\n"
        f'  row 2: value: "5.2*" is not a number ({hint})\n'
        '  row 3: value: "-0.3" is negative (write ND for nothing above background)\n'
        f'  row 4: value: "<0" names no limit above zero ({hint})\n'
        "  row 5: an interval needs both low and high (give both or neither)\n"
        "  row 6: the interval from 6 to 7 misses the value 5\n"
        "  row 7: subject_id: is empty (name the subject in every row)\n"
        '  row 8: day: "D13" is not a number (write the days since infusion, for example 7)\n'
        "  row 9: day 7 already has a value in row 2 (give one value for each subject and day)\n"
        '  row 10: day: "D14" is not a number (write the days since infusion, for example 7)'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "table: the table is empty (write the names of the columns in row 1)"),
        ("day,value\n", "table: the table has no rows (write one row for each day)"),
        (
            "time,car_pct_cd3\n7,5\n",
            (
                "table: 2 problems\n"
                '  the column "day" is missing (found: time, car_pct_cd3)\n'
                '  the column "value" is missing (found: time, car_pct_cd3)'
            ),
        ),
    ],
)
def test_what_is_no_table_of_values_is_refused(text: str, message: str) -> None:
    assert message_of(text) == message


def test_text_may_have_a_name_of_its_own() -> None:
    with pytest.raises(SheetError) as caught:
        read_series("", name="standard input")

    assert str(caught.value) == (
        "standard input: the table is empty (write the names of the columns in row 1)"
    )
