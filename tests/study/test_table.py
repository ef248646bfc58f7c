import csv
import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.errors import Problems, SheetError
from carflow.findings import Finding, Severity
from carflow.study.rows import RowProblems
from carflow.study.table import (
    Table,
    missing_columns,
    scan_table,
    table_from_text,
    unknown_columns,
)

WriteWorkbook = Callable[..., Path]

visible = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=10)


def read_table(path: Path, *, text_columns: tuple[str, ...] = ()) -> Table:
    problems = RowProblems(path.name)
    table = scan_table(path, problems, text_columns=text_columns)
    problems.raise_if_any()
    return table


def written(tmp_path: Path, text: str, *, name: str = "t.csv", encoding: str = "utf-8") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def message_of(path: Path, **options: tuple[str, ...]) -> str:
    with pytest.raises((Problems, SheetError)) as caught:
        read_table(path, **options)
    return str(caught.value)


def test_rows_keep_their_lines_and_their_text(tmp_path: Path) -> None:
    path = written(tmp_path, "\n Sample_ID , DAY \n\n001, 7 \n , \nTRUE,1E5\n")

    table = read_table(path)

    assert table.name == "t.csv"
    assert table.columns == ("sample_id", "day")
    assert [(row.number, dict(row.cells)) for row in table.rows] == [
        (4, {"sample_id": "001", "day": "7"}),
        (6, {"sample_id": "TRUE", "day": "1E5"}),
    ]
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@given(st.lists(visible, min_size=1, max_size=5), st.sampled_from(",;\t"))
def test_every_visible_text_comes_back_unchanged(ids: list[str], delimiter: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([["id", "day"], *([name, "7"] for name in ids)])

    table = table_from_text(text.getvalue(), RowProblems("t"))

    assert [row.cells["id"] for row in table.rows] == ids


@pytest.mark.parametrize("name", ["001", "1E5", "NA", "TRUE", "MAR1", "2310009E13", "-", "0x10"])
def test_ids_stay_text_in_both_formats(
    tmp_path: Path, write_workbook: WriteWorkbook, name: str
) -> None:
    for path in (
        written(tmp_path, f"sample_id,day\n{name},7\n"),
        write_workbook(["sample_id", "day"], [name, 7]),
    ):
        table = read_table(path, text_columns=("sample_id",))
        assert [dict(row.cells) for row in table.rows] == [{"sample_id": name, "day": "7"}]


@pytest.mark.parametrize(
    ("value", "words"),
    [(1, 'a number ("1")'), (True, 'a truth value ("TRUE")')],
)
def test_an_id_that_excel_has_changed_is_refused(
    write_workbook: WriteWorkbook, value: object, words: str
) -> None:
    path = write_workbook(["sample_id", "day"], ["001", 7], [value, 7])

    assert message_of(path, text_columns=("sample_id",)) == (
        "samples.xlsx: 1 problem\n"
        f"  row 3: sample_id: Excel has stored this text as {words}"
        " (format the column as text and type the cell again)"
    )


def test_all_bad_rows_are_reported_together(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1,2,3\n1\n1,2\nx\u200b,\x07\n")

    assert message_of(path) == (
        "t.csv: 4 problems\n"
        "  row 2: has 3 cells, but the header has 2"
        " (a cell that holds the delimiter needs quotation marks around it)\n"
        "  row 3: has 1 cell, but the header has 2"
        " (a cell that holds the delimiter needs quotation marks around it)\n"
        "  row 5: a: holds an invisible character (U+200B) (type the cell again)\n"
        "  row 5: b: holds an invisible character (U+0007) (type the cell again)"
    )


def test_a_line_break_inside_a_cell_of_a_text_table_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, 'a,b\n"1\n2",3\n4,5\n')

    assert message_of(path) == (
        "t.csv: 1 problem\n  row 2: a: holds an invisible character (U+000A) (type the cell again)"
    )


def test_a_header_must_name_each_column_once(tmp_path: Path) -> None:
    path = written(tmp_path, "day,Day,,x\n1,2,3,4\n")

    assert message_of(path) == (
        "t.csv: 2 problems\n"
        '  the column "day" stands 2 times in the header (rename or remove the others)\n'
        "  column 3 has cells but no name (name it in row 1)"
    )


def test_nameless_empty_columns_are_dropped(tmp_path: Path, write_workbook: WriteWorkbook) -> None:
    for path in (
        written(tmp_path, "a,b,,\n1,2,,\n,,,\n"),
        write_workbook(["a", "b", None, " "], ["1", "2", None, " "], [None, None]),
    ):
        table = read_table(path)
        assert table.columns == ("a", "b")
        assert [dict(row.cells) for row in table.rows] == [{"a": "1", "b": "2"}]


def test_a_worksheet_row_beyond_the_header_is_refused(write_workbook: WriteWorkbook) -> None:
    path = write_workbook(["a", "b"], ["1"], ["1", "2", "3"])

    assert message_of(path) == (
        "samples.xlsx: 1 problem\n"
        "  row 3: has 3 cells, but the header has 2"
        " (a cell that holds the delimiter needs quotation marks around it)"
    )


def test_a_formula_without_result_is_refused_in_any_column(write_workbook: WriteWorkbook) -> None:
    path = write_workbook(["a", "wbc_1e9_l"], ["1", "=1+1"])

    assert message_of(path) == (
        "samples.xlsx: 1 problem\n"
        "  row 2: wbc_1e9_l: the workbook holds a formula without a stored result in this cell"
        " (calculate and save it in Excel)"
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "", "t.csv: the table is empty (write the names of the columns in row 1)"),
        ("t.csv", "\n,,\n", "t.csv: the table is empty (write the names of the columns in row 1)"),
        (
            "t.ods",
            "a,b\n",
            "t.ods: a table must be a .csv or .xlsx file (save it in one of these formats)",
        ),
        (
            "t.csv",
            "a\n" + "1\n" * 10_001,
            (
                "t.csv: the table has 10001 rows and 1 columns; at most 10000 and 200 are read"
                " (check that this is the right file)"
            ),
        ),
        (
            "t.csv",
            ",".join(f"c{at}" for at in range(201)),
            (
                "t.csv: the table has 0 rows and 201 columns; at most 10000 and 200 are read"
                " (check that this is the right file)"
            ),
        ),
        (
            "t.csv",
            'a,b\n1,"2\n',
            (
                "t.csv: row 2: cannot be split into cells"
                " (check the quotation marks from this line on)"
            ),
        ),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    assert message_of(written(tmp_path, text, name=name)) == message


def test_a_file_that_cannot_be_opened_is_reported(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()

    assert message_of(tmp_path / "none.csv") == ("none.csv: there is no such file (check the path)")
    assert message_of(tmp_path / "folder.csv") == (
        "folder.csv: this is a folder (name the table inside it)"
    )


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.touch()
    os.truncate(path, 60_000_000)

    assert message_of(path) == (
        "large.csv: the file has 60 MB; a table has at most 50 MB"
        " (check that this is the right file)"
    )


def test_an_encoding_is_named_with_the_way_out(tmp_path: Path) -> None:
    path = written(tmp_path, "a,Größe\n", encoding="cp1252")

    assert message_of(path) == (
        't.csv: the text is not UTF-8 (byte 5) (save the table as "CSV UTF-8")'
    )


def test_a_missing_column_names_what_may_be_meant() -> None:
    problems = RowProblems("t.csv")
    table = table_from_text("sample id,dat\n", problems)

    assert missing_columns(table, ("sample_id", "subject_id"), problems)
    with pytest.raises(Problems) as caught:
        problems.raise_if_any()
    assert str(caught.value) == (
        "t.csv: 2 problems\n"
        '  the column "sample_id" is missing (is it "sample id"?)\n'
        '  the column "subject_id" is missing (found: sample id, dat)'
    )


def test_a_wide_header_is_not_listed_whole() -> None:
    problems = RowProblems("t.csv")
    table = table_from_text(",".join(f"c{at}" for at in range(20)), problems)

    missing_columns(table, ("file",), problems)

    with pytest.raises(Problems) as caught:
        problems.raise_if_any()
    assert str(caught.value) == (
        't.csv: 1 problem\n  the column "file" is missing'
        " (found: c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11 and 8 more)"
    )


def test_an_unknown_column_is_a_warning_if_it_looks_misspelled() -> None:
    table = table_from_text("day,WBC (1e9/L),storage_box,alc_1e9_l\n", RowProblems("t.csv"))

    findings = unknown_columns(table, ("day", "wbc_1e9_l", "alc_1e9_l"), called="the sheet")

    assert findings == [
        Finding(
            code="SHEET-COLUMN-UNKNOWN",
            severity=Severity.WARN,
            message='the column "wbc (1e9/l)" of the sheet is not read (did you mean "wbc_1e9_l"?)',
        ),
        Finding(
            code="SHEET-COLUMN-UNKNOWN",
            severity=Severity.INFO,
            message='the column "storage_box" of the sheet is not read',
        ),
    ]
