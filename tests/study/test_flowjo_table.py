from __future__ import annotations

from typing import TYPE_CHECKING

import openpyxl
import pytest

from carflow.errors import Problems, SheetError
from carflow.measure import State
from carflow.study.flowjo_table import statistic_of
from carflow.study.value_table import Series, read_series

if TYPE_CHECKING:
    from pathlib import Path

# the shape of FlowJo 10's "CSV" export: a nameless first column, a comma at the end of each line
EXPORT = (
    ",day,Lymphocytes/CD3+/CAR+ | Freq. of Parent,Lymphocytes/CD3+/CAR+ | Freq. of Lymphocytes,"
    "Lymphocytes/CD3+/CAR+ | Count,Lymphocytes/CD3+ | Count,"
    "Lymphocytes/CD3+ | Median (Comp-APC-A),\n"
    "Specimen_D07.fcs,7,45.31 %,30.2 %,4531,10000,-12.5,\n"
    "Specimen_D01.fcs,1,4.26 %,n/a,426,10000,31,\n"
    "Specimen_D04.fcs,4,0.0 %,0 %,0,512,n/a,\n"
    "Mean,,16.5 %,15.1 %,1652,6837,9.25,\n"
    "SD,,24.9 %,n/a,2500,5478,30.8,\n"
)
NAMES = (
    "Lymphocytes/CD3+/CAR+ | Freq. of Parent",
    "Lymphocytes/CD3+/CAR+ | Freq. of Lymphocytes",
    "Lymphocytes/CD3+/CAR+ | Count",
    "Lymphocytes/CD3+ | Count",
)


def test_each_column_of_percentages_or_counts_is_a_series_under_its_own_name() -> None:
    found = read_series(EXPORT)

    assert tuple(one.quantity for one in found) == NAMES
    assert [one.is_percentage for one in found] == [True, True, False, False]
    parent = found[0]
    assert parent.days == (1.0, 4.0, 7.0)
    assert parent.values == (4.26, 0.0, 45.31)
    assert parent.states == (State.QUANT, State.ND, State.QUANT)
    assert found[1].values == (None, 0.0, 30.2)
    assert found[1].states[0] is State.MISSING


def test_counts_of_the_whole_are_the_denominators_of_a_percentage() -> None:
    parent, lymphocytes, *_ = read_series(EXPORT)

    assert parent.n_denominators == (10000.0, 512.0, 10000.0)
    assert lymphocytes.n_denominators == ()  # the table does not count lymphocytes


def test_summary_rows_at_the_end_are_no_samples_and_further_up_they_are() -> None:
    further_up = EXPORT.replace("Specimen_D01.fcs", "Mean")

    assert read_series(further_up)[0].values == read_series(EXPORT)[0].values


def test_days_may_be_named_by_the_caller_and_are_never_read_out_of_names() -> None:
    without = EXPORT.replace(",day,", ",batch,")
    days = {"Specimen_D01.fcs": 0.0, "Specimen_D04.fcs": 3.0, "Specimen_D07.fcs": 6.0}

    assert read_series(without, days=days)[0].days == (0.0, 3.0, 6.0)
    with pytest.raises(Problems) as caught:
        read_series(without, name="stats.csv")
    hint = '(add a column "day" with the days since infusion; names are not read)'
    assert str(caught.value) == (
        "stats.csv: 3 problems\n"
        f"  row 2: no day is known for this sample {hint}\n"
        f"  row 3: no day is known for this sample {hint}\n"
        f"  row 4: no day is known for this sample {hint}"
    )


def test_subjects_of_one_table_are_series_of_their_own() -> None:
    text = (
        "Sample:\tsubject_id\tday\tCD3+/CAR+ | Freq. of CD3+\n"
        "a\t001\t7\t12,5 %\nb\t002\t7\t3.5 %\nMean\t\t\t8 %\n"
    )

    first, second = read_series(text)

    assert (first.subject_id, first.values) == ("001", (12.5,))
    assert (second.subject_id, second.values) == ("002", (3.5,))


def test_a_file_reads_like_its_text(tmp_path: Path) -> None:
    path = tmp_path / "stats.csv"
    path.write_text(EXPORT, encoding="utf-8-sig")

    assert read_series(path) == read_series(EXPORT)


def test_two_samples_of_one_day_and_bad_cells_are_reported() -> None:
    twice = EXPORT.replace(",4,0.0 %", ",1,0.0 %")
    with pytest.raises(Problems) as caught:
        read_series(twice)
    assert str(caught.value) == (
        "table: 1 problem\n"
        "  row 4: day 1 already has a value in row 3 "
        "(name the subjects in a column subject_id, or give one value for each day)"
    )
    with pytest.raises(Problems) as caught:
        read_series(EXPORT.replace("45.31 %", "45.31*"))
    assert str(caught.value) == (
        "table: 1 problem\n"
        '  row 2: lymphocytes/cd3+/car+ | freq. of parent: "45.31*" is not a number'
        " (write a number, or one of BLQ, <0.5, ND, NE, NA)"
    )


@pytest.mark.parametrize(
    ("heading", "whole"),
    [
        ("A/B/C | Freq. of Parent", "A/B"),
        ("A/B/C | Freq. of Grandparent", "A"),
        ("A/B/C | Freq. of Total", ""),
        ("A/B/C | Freq. of A", "A"),
        ("A/B/C | Freq. of Z", None),
        ("A/B/C | Count", None),
    ],
)
def test_a_heading_tells_the_whole(heading: str, whole: str | None) -> None:
    found = statistic_of(heading)

    assert found is not None
    assert found.whole == whole


@pytest.mark.parametrize("heading", ["day", "CD3+/CAR+", "| Count", "CAR+ |"])
def test_other_headings_are_no_statistics(heading: str) -> None:
    assert statistic_of(heading) is None


COURSE = [
    ["", "day", "A/CAR+ | Freq. of Parent", "A | Count"],
    ["d07.fcs", "7", "45.3 %", "2000"],
    ["d12.fcs", "12", "69.9 %", "1500"],
    ["Mean", "", "57.6 %", "1750"],
    ["SD", "", "17.4 %", "354"],
]


def written(rows: list[list[str]], delimiter: str = ",") -> str:
    return "\n".join(delimiter.join(row) for row in rows) + "\n"


def values_of(series: tuple[Series, ...]) -> dict[str, tuple[float | None, ...]]:
    return {one.quantity: one.values for one in series}


EXPECTED = {"A/CAR+ | Freq. of Parent": (45.3, 69.9), "A | Count": (2000.0, 1500.0)}


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("comma.csv", written(COURSE).encode()),
        ("mark.csv", written(COURSE).encode("utf-8-sig")),
        ("wide.csv", written(COURSE).encode("utf-16")),
        ("tabs.txt", written(COURSE, "\t").encode("utf-16")),
        ("lines.csv", b"\n\n" + written(COURSE).encode()),
        ("decimal.csv", written(COURSE, ";").replace(".3", ",3").replace(".9", ",9").encode()),
        ("quoted.csv", written([[f'"{cell}"' for cell in row] for row in COURSE]).encode()),
        ("tight.csv", written(COURSE).replace(" %", "%").encode()),
        ("named.csv", written(COURSE).replace(",day", "Sample:,Day:", 1).encode()),
        ("keyword.csv", written(COURSE).replace("day", "$DAY", 1).encode()),
        ("summary.csv", written([*COURSE, ["N:", "", "2", "2"], ["%CV", "", "", ""]]).encode()),
    ],
)
def test_an_export_is_read_however_it_was_saved(tmp_path: Path, name: str, raw: bytes) -> None:
    (tmp_path / name).write_bytes(raw)

    assert values_of(read_series(tmp_path / name)) == EXPECTED


def test_an_export_as_a_workbook_is_read_like_its_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in COURSE:
        cells = [None if cell == "" else cell for cell in row]
        sheet.append([float(cell) if cell and cell.isdigit() else cell for cell in cells])
    book.save(tmp_path / "export.xlsx")

    assert values_of(read_series(tmp_path / "export.xlsx")) == EXPECTED


def test_a_frequency_above_100_is_refused() -> None:
    with pytest.raises(Problems) as caught:
        read_series(written(COURSE).replace("69.9", "169.9"))

    assert str(caught.value).splitlines()[1].strip() == (
        "row 3: a/car+ | freq. of parent: 169.9 is no percentage (export frequencies as they are,"
        " or rename the statistic)"
    )


def test_an_outline_of_populations_is_no_course() -> None:
    outline = "Depth,Name,Statistic,#Cells\n,d7.fcs,,20000\n> ,Lymph,45,9000\n"
    with pytest.raises(SheetError) as caught:
        read_series(outline)

    assert str(caught.value) == (
        "table: this is FlowJo's outline of populations, one below the other (export a table from"
        " the Table Editor: one row for each sample)"
    )
