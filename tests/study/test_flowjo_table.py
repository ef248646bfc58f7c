from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from carflow.errors import Problems
from carflow.measure import State
from carflow.study.flowjo_table import statistic_of, with_sample_column
from carflow.study.value_table import read_series

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
        "  row 4: day 1 already has a value in row 3 (give one value for each subject and day)"
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


def test_a_named_first_column_keeps_its_name() -> None:
    assert with_sample_column("Name,A | Count\n", ",") == "Name,A | Count\n"
    assert with_sample_column('"",A | Count\n', ",") == "sample,A | Count\n"
