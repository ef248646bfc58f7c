import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.errors import SheetError
from carflow.study.delimited import decode, find_delimiter, number_grammar, read_lines

plain_cells = st.lists(
    st.lists(
        st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=8),
        min_size=2,
        max_size=4,
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marked_unicode_is_read(encoding: str) -> None:
    assert decode("day,Größe\n7,µ\n".encode(encoding)) == "day,Größe\n7,µ\n"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            "day,Größe".encode("cp1252"),
            'the text is not UTF-8 (byte 7) (save the table as "CSV UTF-8")',
        ),
        (
            "day".encode("utf-16") + b"x",
            'the text is not UTF-16 (byte 9) (save the table as "CSV UTF-8")',
        ),
        (
            "day".encode("utf-16-le"),
            'the file is not a text table: it holds zero bytes (save the table as "CSV UTF-8")',
        ),
        (
            b"PK\x03\x04 and so on",
            "this is an Excel workbook, not a text table (name it .xlsx)",
        ),
    ],
)
def test_other_encodings_are_refused(raw: bytes, message: str) -> None:
    with pytest.raises(SheetError) as caught:
        decode(raw)

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("a,b", ","), ("a;b", ";"), ("a\tb", "\t"), ('a;"b,c,d";e', ";"), ("a", ","), ("", ",")],
)
def test_the_header_gives_the_delimiter(header: str, delimiter: str) -> None:
    assert find_delimiter(header) == delimiter


def test_a_header_with_two_delimiters_is_refused() -> None:
    with pytest.raises(SheetError) as caught:
        find_delimiter("a;b,c")

    assert str(caught.value) == (
        "the header mixes delimiters (separate all names by comma, semicolon or tab)"
    )


@given(plain_cells, st.sampled_from(",;\t"))
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]], delimiter: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)

    lines = list(read_lines(text.getvalue(), delimiter))

    assert [number for number, _ in lines] == list(range(1, len(rows) + 1))
    assert [[cell.text for cell in cells] for _, cells in lines] == [
        [field.strip() for field in row] for row in rows
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_line_ends_count_alike(end: str) -> None:
    lines = read_lines(end.join(["a,b", "", "1,2"]), ",")

    assert [number for number, _ in lines] == [1, 2, 3]


def test_an_open_quotation_mark_is_reported_where_it_opens() -> None:
    with pytest.raises(SheetError) as caught:
        list(read_lines('a,b\n1,2\n3,"4\n5,6\n', ","))

    assert str(caught.value) == (
        "row 3: cannot be split into cells (check the quotation marks from this line on)"
    )


def test_a_cell_beyond_reason_is_reported() -> None:
    with pytest.raises(SheetError) as caught:
        list(read_lines("a,b\n1," + "x" * (csv.field_size_limit() + 1), ","))

    assert str(caught.value) == (
        "row 2: cannot be split into cells (check the quotation marks from this line on)"
    )


def test_the_decimal_comma_is_known_only_where_it_does_not_separate_cells() -> None:
    assert [number_grammar(sign).signs for sign in ",;\t"] == [".", ",.", ".,"]
