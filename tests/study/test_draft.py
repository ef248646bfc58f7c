from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.errors import Problems, SheetError
from carflow.study.draft import draft_sheet, guess_day, guess_sample_type
from carflow.study.model import SampleType
from carflow.study.sheet import read_study

WriteFcs = Callable[[str], Path]


@pytest.mark.parametrize(
    ("stem", "day"),
    [
        ("day07", 7),
        ("Day_14_CAR", 14),
        ("P01_d7", 7),
        ("P01 D+28", 28),
        ("P01_7d", 7),
        ("P01_12days", 12),
        ("P01_D7_day07", 7),
        ("P01_CD7", None),
        ("CD3_CD19", None),
        ("P01_d-5", None),
        ("P01_d3_d5", None),
        ("P01_d0.5", None),
        ("P01_d7x", None),
        ("T3_CalCurve_2e0", None),
        ("2001-03-05", None),
        ("Specimen_001_A1_A01_001", None),
    ],
)
def test_a_day_is_guessed_only_where_the_name_says_it(stem: str, day: int | None) -> None:
    assert guess_day(stem) == day


@given(st.integers(0, 999), st.sampled_from(["day{:02d}", "D{}", "d+{}", "x_{}d", "Day {}"]))
def test_common_spellings_of_days_are_guessed(day: int, pattern: str) -> None:
    assert guess_day(f"P01_{pattern.format(day)}_blood") == day


@pytest.mark.parametrize(
    ("stem", "has_day", "sample_type"),
    [
        ("day07", True, SampleType.PATIENT),
        ("day07_CARFMO", True, SampleType.FMO),
        ("pre_FMO", False, SampleType.FMO),
        ("UTD_1", False, SampleType.UNTRANSDUCED),
        ("untransduced", False, SampleType.UNTRANSDUCED),
        ("P01_pre", False, SampleType.PRE_INFUSION),
        ("pre-infusion", False, SampleType.PRE_INFUSION),
        ("baseline", False, SampleType.PRE_INFUSION),
        ("present", False, None),
        ("tube1", False, None),
    ],
)
def test_a_sample_type_is_guessed_from_words(
    stem: str, has_day: bool, sample_type: SampleType | None
) -> None:
    assert guess_sample_type(stem, has_day=has_day) is sample_type


def test_a_draft_lists_the_fcs_files_and_marks_its_guesses(
    tmp_path: Path, write_fcs_like: WriteFcs
) -> None:
    for name in (
        "P01_day07.fcs",
        "P01_pre.FCS",
        "controls/CAR-FMO_d7.lmd",
        "old/Data.001",
        "week1/tube.fcs",
        "week2/Tube.fcs",
        "=1+1, day3.fcs",
        "._P01_day07.fcs",
        ".trash/P02.fcs",
    ):
        write_fcs_like(name)
    (tmp_path / "notes.fcs").write_text("no FCS file", encoding="utf-8")

    assert draft_sheet(tmp_path) == (
        "file,sample_id,subject_id,day,sample_type,guessed\n"
        '"./=1+1, day3.fcs","1+1, day3",,3,patient,sample_id day sample_type\n'
        "P01_day07.fcs,P01_day07,,7,patient,sample_id day sample_type\n"
        "P01_pre.FCS,P01_pre,,,pre-infusion,sample_id sample_type\n"
        "controls/CAR-FMO_d7.lmd,CAR-FMO_d7,,7,FMO,sample_id day sample_type\n"
        "old/Data.001,Data.001,,,,sample_id\n"
        "week1/tube.fcs,week1_tube,,,,sample_id\n"
        "week2/Tube.fcs,week2_Tube,,,,sample_id\n"
    )


def test_a_draft_read_as_it_stands_reports_what_is_not_known(
    tmp_path: Path, write_fcs_like: WriteFcs
) -> None:
    write_fcs_like("P01_day07.fcs")
    (tmp_path / "samples.csv").write_text(draft_sheet(tmp_path), encoding="utf-8")

    with pytest.raises(Problems) as caught:
        read_study(tmp_path / "samples.csv")

    assert str(caught.value) == (
        "samples.csv: 1 problem\n"
        "  row 2: subject_id: is empty (write an id without the name of a person)"
    )


def test_a_completed_draft_is_a_sheet_that_still_warns(
    tmp_path: Path, write_fcs_like: WriteFcs
) -> None:
    for name in ("P01_day07.fcs", "=1+1, day3.fcs", "sub/day1.fcs"):
        write_fcs_like(name)
    text = draft_sheet(tmp_path).replace(",,", ",P01,")
    (tmp_path / "samples.csv").write_text(text, encoding="utf-8")

    study = read_study(tmp_path / "samples.csv")

    assert all(tube.path.is_file() for tube in study.tubes)
    assert [tube.day for tube in study.tubes] == [3.0, 7.0, 1.0]
    assert [(finding.code, finding.message) for finding in study.findings] == [
        (
            "SHEET-GUESSED",
            (
                'the column "guessed" still marks guesses from file names in rows 2, 3, 4:'
                " check them and empty the column"
            ),
        )
    ]


def test_a_folder_without_fcs_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(SheetError) as caught:
        draft_sheet(tmp_path / "empty")
    assert str(caught.value) == "empty: the folder holds no FCS file (check the path)"
    with pytest.raises(SheetError) as caught:
        draft_sheet(tmp_path / "none")
    assert str(caught.value) == "none: there is no such folder (check the path)"


def test_the_corpus_can_be_drafted(corpus: Path) -> None:
    folder = corpus / "fcs" / "LennonLab+flow-cytometry"

    lines = draft_sheet(folder).splitlines()

    assert len(lines) - 1 == sum(1 for path in folder.rglob("*.fcs") if path.is_file())
