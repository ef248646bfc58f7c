import pytest

from carflow.errors import Problems, SheetError
from carflow.study.cells import NumberGrammar, parse_id
from carflow.study.rows import Row, RowProblems, RowReader


def test_a_row_goes_on_after_a_bad_cell() -> None:
    problems = RowProblems("samples.csv")
    cells = RowReader(Row(number=4, cells={"day": "D7", "sample_id": ""}), problems)

    day = cells.required("day", NumberGrammar().day, instead=0.0, hint="write the day")
    sample_id = cells.required("sample_id", parse_id, instead="?", hint="write an id")

    assert (day, sample_id) == (0.0, "?")
    with pytest.raises(Problems) as caught:
        problems.raise_if_any()
    assert str(caught.value) == (
        "samples.csv: 2 problems\n"
        '  row 4: day: "D7" is not a number (write the days since infusion, for example 7)\n'
        "  row 4: sample_id: is empty (write an id)"
    )


@pytest.mark.parametrize("cells", [{}, {"blood_ul": ""}, {"blood_ul": "NA"}, {"blood_ul": "-"}])
def test_an_optional_cell_may_be_missing(cells: dict[str, str]) -> None:
    problems = RowProblems("samples.csv")
    reader = RowReader(Row(number=2, cells=cells), problems)

    assert reader.optional("blood_ul", NumberGrammar().positive, instead=None) is None
    problems.raise_if_any()


def test_problems_come_in_the_order_of_the_rows() -> None:
    problems = RowProblems("samples.csv")
    problems.add(9, SheetError("late"))
    problems.add(2, SheetError("early"))
    problems.add(0, SheetError("header"))

    with pytest.raises(Problems) as caught:
        problems.raise_if_any()

    assert str(caught.value) == "samples.csv: 3 problems\n  header\n  row 2: early\n  row 9: late"
