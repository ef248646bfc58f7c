from pathlib import Path

import pytest

from carflow.errors import Problems
from carflow.findings import Finding, Severity
from carflow.study.model import Treatment
from carflow.study.treatments import read_treatments


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "treatments.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_doses_are_kept_as_written(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "subject_id,drug,start_day,stop_day,dose,dose_unit",
        "001,tocilizumab,3,3,8,mg/kg",
        "001,dexamethasone,4.5,6,,",
    )

    assert read_treatments(path, subject_ids={"001"}) == (
        (
            Treatment(
                subject_id="001",
                drug="tocilizumab",
                start_day=3.0,
                stop_day=3.0,
                dose="8",
                dose_unit="mg/kg",
            ),
            Treatment(subject_id="001", drug="dexamethasone", start_day=4.5, stop_day=6.0),
        ),
        (),
    )


def test_a_table_without_rows_holds_no_treatment(tmp_path: Path) -> None:
    path = written(tmp_path, "subject_id,drug,start_day,stop_day")

    assert read_treatments(path, subject_ids=()) == ((), ())


def test_all_bad_rows_are_reported_together(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "subject_id,drug,start_day,stop_day",
        "P01,steroid,9,8",
        "P01,,day 9,",
    )

    with pytest.raises(Problems) as caught:
        read_treatments(path, subject_ids={"P01"})

    assert str(caught.value) == (
        "treatments.csv: 4 problems\n"
        "  row 2: stop_day: day 8 lies before the start day 9"
        " (write the day of the last dose; for a single day write the start day again)\n"
        "  row 3: drug: is empty (write the name of the drug)\n"
        '  row 3: start_day: "day 9" is not a number'
        " (write the days since infusion, for example 7)\n"
        "  row 3: stop_day: is empty"
        " (write the day of the last dose; for a single day write the start day again)"
    )


def test_a_subject_the_sheet_does_not_know_is_one_warning(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "subject_id,drug,start_day,stop_day,route",
        "P09,steroid,9,11,iv",
        "P09,steroid,12,12,iv",
    )

    treatments, findings = read_treatments(path, subject_ids={"P01"})

    assert len(treatments) == 2
    assert findings == (
        Finding(
            code="SHEET-COLUMN-UNKNOWN",
            severity=Severity.INFO,
            message='the column "route" of treatments.csv is not read',
        ),
        Finding(
            code="SHEET-TREATMENT-SUBJECT",
            severity=Severity.WARN,
            message='treatments.csv names the subject "P09", the sample sheet does not',
        ),
    )
