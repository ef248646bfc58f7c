import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest

from carflow.errors import SheetError
from carflow.study.cells import Cell, CellKind
from carflow.study.workbook import Worksheet, read_worksheet

WriteWorkbook = Callable[..., Path]


def read(path: Path) -> Worksheet:
    return read_worksheet(path.read_bytes(), most_columns=200)


def repacked(path: Path, change: Callable[[str, bytes], bytes]) -> bytes:
    """Return the workbook with each member's bytes passed through `change`."""
    target = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            new.writestr(member.filename, change(member.filename, old.read(member)))
    return target.getvalue()


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("001", Cell("001")),
        (" P01 ", Cell("P01")),
        ("two\nlines", Cell("two lines")),
        (7, Cell("7", CellKind.NUMBER)),
        (7.0, Cell("7", CellKind.NUMBER)),
        (0.1 + 0.2, Cell("0.3", CellKind.NUMBER)),
        (51667, Cell("51667", CellKind.NUMBER)),
        (1e22, Cell("1e+22", CellKind.NUMBER)),
        (True, Cell("TRUE", CellKind.TRUTH)),
        (datetime(2001, 3, 5), Cell("2001-03-05T00:00:00", CellKind.DATE)),  # noqa: DTZ001  # a workbook knows no zones
        (time(10, 30), Cell("10:30:00", CellKind.DATE)),
        (timedelta(hours=30), Cell("1 day, 6:00:00", CellKind.DATE)),
    ],
)
def test_a_cell_keeps_its_text_and_its_kind(
    write_workbook: WriteWorkbook, value: object, cell: Cell
) -> None:
    sheet = read(write_workbook(["a"], [value]))

    assert sheet.lines == ((1, (Cell("a"),)), (2, (cell,)))


@pytest.mark.parametrize(
    ("number_format", "text"), [("0.00%", "45.31%"), ('0.0"%"', "0.4531"), ("0.00", "0.4531")]
)
def test_a_fraction_shown_as_percentage_is_no_plain_number(
    tmp_path: Path, number_format: str, text: str
) -> None:
    book = openpyxl.Workbook()
    cell = book.worksheets[0].cell(row=1, column=1, value=0.4531)
    cell.number_format = number_format
    book.save(tmp_path / "values.xlsx")

    assert read(tmp_path / "values.xlsx").lines == ((1, (Cell(text, CellKind.NUMBER),)),)


def test_a_formula_never_calculated_is_marked(write_workbook: WriteWorkbook) -> None:
    sheet = read(write_workbook(["a"], ["=1+1"]))

    assert sheet.lines[1] == (2, (Cell("", CellKind.FORMULA),))


@pytest.mark.parametrize(
    ("stored", "cell"),
    [
        ('<c r="A2"><f>1+1</f><v>2</v></c>', Cell("2", CellKind.NUMBER)),
        ('<c r="A2" t="str"><f>"a"</f><v>a</v></c>', Cell("a")),
        ('<c r="A2" t="str"><f>""</f><v></v></c>', Cell("")),
        ('<c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', Cell("#DIV/0!", CellKind.ERROR)),
    ],
)
def test_the_stored_result_of_a_formula_is_read(
    write_workbook: WriteWorkbook, stored: str, cell: Cell
) -> None:
    raw = repacked(
        write_workbook(["a"], ["=1+1"]),
        lambda _, content: re.sub(rb'<c r="A2".*?</c>', stored.encode(), content),
    )

    assert read_worksheet(raw, most_columns=200).lines[1] == (2, (cell,))


def test_rows_keep_their_numbers_across_gaps(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = "a"
    book.worksheets[0]["A5"] = "b"
    book.save(tmp_path / "gap.xlsx")

    filled = [number for number, cells in read(tmp_path / "gap.xlsx").lines if cells]

    assert (filled[0], filled[-1]) == (1, 5)


def test_other_worksheets_are_counted_if_they_hold_something(write_workbook: WriteWorkbook) -> None:
    path = write_workbook(["a"], others=[["notes"], [], ["more"]])

    assert read(path).n_others == 2


def test_the_first_visible_worksheet_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = "hidden"
    book.worksheets[0].sheet_state = "hidden"
    book.create_sheet()["A1"] = "seen"
    book.save(tmp_path / "hidden.xlsx")

    sheet = read(tmp_path / "hidden.xlsx")

    assert sheet == Worksheet(lines=((1, (Cell("seen"),)),), n_others=1)


def test_a_bomb_is_refused_by_its_ratio(write_workbook: WriteWorkbook) -> None:
    raw = repacked(
        write_workbook(["a"]),
        lambda name, content: b" " * 9_000_000 if name.endswith("styles.xml") else content,
    )

    with pytest.raises(SheetError) as caught:
        read_worksheet(raw, most_columns=200)

    assert re.fullmatch(
        r"the workbook unpacks to 9 MB, \d{3} times its size; such files are refused"
        r" \(copy the table into a new workbook\)",
        str(caught.value),
    )


def test_a_bomb_is_refused_by_its_size() -> None:
    noise = bytes(range(256)) * 200_000
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("xl/media/image1.png", noise)

    with pytest.raises(SheetError) as caught:
        read_worksheet(raw.getvalue(), most_columns=200)

    assert str(caught.value) == (
        "the workbook unpacks to 51 MB, 1 times its size; such files are refused"
        " (copy the table into a new workbook)"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_definition_is_refused(
    write_workbook: WriteWorkbook, encoding: str
) -> None:
    hostile = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>'
    raw = repacked(
        write_workbook(["a"]),
        lambda name, content: hostile.encode(encoding) if "sheet1" in name else content,
    )

    with pytest.raises(SheetError) as caught:
        read_worksheet(raw, most_columns=200)

    assert str(caught.value) == (
        "the workbook holds a document type definition"
        " (open it in Excel and save it as a new .xlsx workbook)"
    )


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            b"file,sample_id\n",
            (
                "this is not a readable Excel workbook"
                " (open it in Excel and save it as a new .xlsx workbook)"
            ),
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            (
                "this is an old Excel file or one with a password"
                " (save it as an .xlsx workbook without a password)"
            ),
        ),
    ],
)
def test_what_is_no_workbook_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(SheetError) as caught:
        read_worksheet(raw, most_columns=200)

    assert str(caught.value) == message


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("notes.txt", "nothing")

    with pytest.raises(SheetError) as caught:
        read_worksheet(raw.getvalue(), most_columns=200)

    assert str(caught.value) == (
        "the workbook is damaged (KeyError) (open it in Excel and save it as a new .xlsx workbook)"
    )


def test_a_damaged_workbook_never_raises_anything_else(write_workbook: WriteWorkbook) -> None:
    whole = write_workbook(["file", "day"], ["a.fcs", 7]).read_bytes()

    for at in range(0, len(whole), 97):
        broken = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        for raw in (broken, whole[:at]):
            try:
                read_worksheet(raw, most_columns=200)
            except SheetError:
                continue


def test_a_table_too_wide_or_too_long_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].cell(row=3, column=201, value="far")
    book.save(tmp_path / "wide.xlsx")
    with pytest.raises(SheetError) as caught:
        read(tmp_path / "wide.xlsx")
    assert str(caught.value) == (
        "row 3: the worksheet goes on beyond column 200"
        " (delete the empty columns to the right of the table)"
    )

    book = openpyxl.Workbook()
    book.worksheets[0].cell(row=1_048_576, column=1, value="deep")
    book.save(tmp_path / "long.xlsx")
    with pytest.raises(SheetError) as caught:
        read(tmp_path / "long.xlsx")
    assert str(caught.value) == (
        "the worksheet goes on below row 100000 (delete the empty rows below the table)"
    )


@pytest.mark.parametrize("worksheet", ["sheet1.xml", "sheet2.xml"])
def test_a_row_number_beyond_reason_does_not_hang(
    write_workbook: WriteWorkbook, worksheet: str
) -> None:
    def change(name: str, content: bytes) -> bytes:
        if not name.endswith(worksheet):
            return content
        far = re.sub(rb'<row r="1"', b'<row r="99999999999"', content)
        return re.sub(rb' r="A1"', b"", far)

    raw = repacked(write_workbook(["a"], others=[["b"]]), change)

    if worksheet == "sheet2.xml":
        assert read_worksheet(raw, most_columns=200).n_others == 0
        return
    with pytest.raises(SheetError) as caught:
        read_worksheet(raw, most_columns=200)
    assert str(caught.value) == (
        "the worksheet goes on below row 100000 (delete the empty rows below the table)"
    )
