from collections.abc import Callable
from pathlib import Path

import pytest

import carflow as cf
from carflow.errors import Problems
from carflow.study.value_table import read_series

WriteSheet = Callable[..., Path]


def test_each_subject_has_the_group_its_rows_name(write_sheet: WriteSheet) -> None:
    path = write_sheet(
        "a.fcs,A,P1,4,patient,high", "b.fcs,B,P1,7,patient,high", "c.fcs,C,P1,7,FMO,",
        "d.fcs,D,P2,4,patient,n/a", more="Dose Group",
    )  # fmt: skip
    study = cf.read_study(path, group_by="dose group")

    assert (study.group_column, study.groups) == ("dose group", {"P1": "high", "P2": ""})
    assert "SHEET-COLUMN-UNKNOWN" not in {finding.code for finding in study.findings}


def test_without_a_column_there_are_no_groups(write_sheet: WriteSheet) -> None:
    study = cf.read_study(write_sheet("a.fcs,A,P1,4,patient,high", more="arm"))

    assert (study.group_column, study.groups) == ("", {})
    assert "SHEET-COLUMN-UNKNOWN" in {finding.code for finding in study.findings}


def test_a_subject_of_two_groups_is_refused(write_sheet: WriteSheet) -> None:
    path = write_sheet("a.fcs,A,P1,4,patient,high", "b.fcs,B,P1,7,patient,low", more="arm")
    with pytest.raises(Problems) as caught:
        cf.read_study(path, group_by="arm")

    assert str(caught.value.exceptions[0]) == (
        'row 3: arm: "low", but row 2 of this subject says "high" (give each subject one value to'
        " be grouped by)"
    )


def test_a_column_that_is_not_there_is_named(write_sheet: WriteSheet) -> None:
    path = write_sheet("a.fcs,A,P1,4,patient,high", more="cohort")
    with pytest.raises(Problems) as caught:
        cf.read_study(path, group_by="cohorts")

    assert str(caught.value.exceptions[0]) == 'the column "cohorts" is missing (is it "cohort"?)'


def test_a_table_of_values_is_grouped_in_the_same_way() -> None:
    text = "subject_id,day,value,arm\nP1,7,5,A\nP1,9,6,A\nP2,7,5,B\nP3,7,5,\n"

    assert [one.group for one in read_series(text, group_by="arm")] == ["A", "B", ""]
    assert [one.group for one in read_series(text)] == ["", "", ""]
    with pytest.raises(Problems) as caught:
        read_series(text, group_by="dose")
    assert str(caught.value.exceptions[0]) == (
        'the column "dose" is missing (found: subject_id, day, value, arm)'
    )
