from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from carflow.findings import Finding, Severity
from carflow.qc.study_checks import (
    check_control_panel,
    check_date_order,
    check_duplicates,
    check_same_acquisition,
)
from carflow.qc.summary import TubeSummary
from carflow.study.model import SampleType
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
Course = Callable[..., list[TubeSummary]]
LIMITS = QcLimits()


def _later(tube: TubeSummary, **by: float) -> TubeSummary:
    assert tube.acquired_at is not None
    return replace(tube, acquired_at=tube.acquired_at + timedelta(**by))


def _of(findings: tuple[Finding, ...], code: str) -> dict[str, Finding]:
    return {found.sample_id: found for found in findings if found.code == code}


def test_the_same_events_twice_fail_and_both_tubes_are_named(make_tube: MakeTube) -> None:
    tubes = [
        make_tube("S1", data_sha256="same"),
        make_tube("S2"),
        make_tube("S3", data_sha256="same", panel_id="other"),
    ]

    found = _of(check_duplicates(tubes, LIMITS), "QC-DUPLICATE")

    assert found["S1"].severity is found["S3"].severity is Severity.FAIL
    assert found["S1"].message == (
        "S1 holds exactly the events of S3: one file stands in the sheet under several sample ids."
    )
    assert found["S3"].message == (
        "S3 holds exactly the events of S1: one file stands in the sheet under several sample ids."
    )
    assert found["S2"].severity is Severity.PASS


def test_empty_tubes_are_no_duplicates(make_tube: MakeTube) -> None:
    tubes = [make_tube(name, n_events=0, data_sha256="nothing") for name in ("S1", "S2")]

    assert check_duplicates(tubes, LIMITS) == ()


def test_days_in_the_order_of_acquisition_pass(make_course: Course) -> None:
    found = check_date_order(make_course(), LIMITS)

    assert {one.severity for one in found} == {Severity.PASS}
    assert [(one.code, one.sample_id) for one in found] == [
        ("QC-DATE-ORDER", "P01-D4"),
        ("QC-DATE-GAP", "P01-D4"),
        ("QC-DATE-ORDER", "P01-D7"),
        ("QC-DATE-GAP", "P01-D7"),
    ]
    assert found[0].message == "Acquired after P01-D1, in the order of their days."


def test_exchanged_days_fail(make_course: Course) -> None:
    first, second, third = make_course()
    tubes = [
        first,
        replace(second, acquired_at=third.acquired_at),
        replace(third, acquired_at=second.acquired_at),
    ]

    found = _of(check_date_order(tubes, LIMITS), "QC-DATE-ORDER")

    assert found["P01-D7"].severity is Severity.FAIL
    assert found["P01-D7"].message == (
        "Acquired 3.0 days before P01-D4 although its day is later (7 against 4)."
    )
    assert found["P01-D7"].value == pytest.approx(3.0)
    assert found["P01-D4"].severity is Severity.PASS


def test_frozen_samples_run_in_one_session_warn_and_do_not_fail(make_course: Course) -> None:
    first, second, third = make_course()
    assert first.acquired_at is not None
    tubes = [
        first,
        replace(second, acquired_at=first.acquired_at - timedelta(minutes=30)),
        replace(third, acquired_at=first.acquired_at + timedelta(minutes=30)),
    ]

    found = check_date_order(tubes, LIMITS)

    assert {one.severity for one in found} == {Severity.PASS, Severity.WARN}
    assert _of(found, "QC-DATE-ORDER")["P01-D4"].message == (
        "Acquired 0.5 hours before P01-D1 although its day is later (4 against 1)."
    )
    assert _of(found, "QC-DATE-GAP")["P01-D7"].message == (
        "3 days after P01-D4 in the sheet, 0.0 days by the times of acquisition: "
        "a wrong day or file, or samples that were stored."
    )


@pytest.mark.parametrize(("hours", "severity"), [(35, Severity.PASS), (37, Severity.WARN)])
def test_a_day_and_a_half_of_difference_is_allowed(
    make_course: Course, hours: float, severity: Severity
) -> None:
    tubes = make_course()
    tubes[2] = _later(tubes[2], hours=hours)

    found = _of(check_date_order(tubes, LIMITS), "QC-DATE-GAP")["P01-D7"]

    assert found.severity is severity
    assert found.value == pytest.approx(hours / 24)


def test_a_missing_date_is_told_and_the_others_are_compared(make_course: Course) -> None:
    tubes = make_course()
    tubes[1] = replace(tubes[1], acquired_at=None)

    found = _of(check_date_order(tubes, LIMITS), "QC-DATE-ORDER")

    assert found["P01-D4"].severity is Severity.INFO
    assert found["P01-D4"].message == (
        "The file states no time of acquisition: its day could not be checked."
    )
    assert found["P01-D7"].message == "Acquired after P01-D1, in the order of their days."


def test_shifting_all_dates_changes_nothing(make_course: Course) -> None:
    tubes = make_course()
    shifted = [_later(tube, days=4_000) for tube in tubes]

    assert check_date_order(shifted, LIMITS) == check_date_order(tubes, LIMITS)


def test_two_tubes_of_one_day_are_compared_with_the_day_before(make_course: Course) -> None:
    first, second, third = make_course()
    twin = _later(replace(second, sample_id="P01-D4b", row=9), hours=-1)

    found = _of(check_date_order([first, second, twin, third], LIMITS), "QC-DATE-ORDER")

    assert {one.severity for one in found.values()} == {Severity.PASS}
    assert found["P01-D4b"].message == "Acquired after P01-D1, in the order of their days."


def test_controls_and_other_subjects_may_be_run_at_any_time(make_course: Course) -> None:
    first, second, third = make_course()
    tubes = [
        first,
        _later(replace(second, sample_type=SampleType.FMO), days=-30),
        _later(replace(third, subject_id="P02"), days=-30),
    ]

    assert check_date_order(tubes, LIMITS) == ()


def test_no_sentence_tells_a_date(make_course: Course) -> None:
    tubes = make_course()
    tubes[2] = _later(tubes[2], days=-5)

    told = " ".join(found.message for found in check_date_order(tubes, LIMITS))

    assert "2001" not in told
    assert "10:00" not in told


def test_a_single_day_has_no_order(make_tube: MakeTube) -> None:
    tubes = [make_tube("S1"), make_tube("S2", row=3)]

    assert check_date_order(tubes, LIMITS) == ()


def test_a_whole_day_is_told_in_days(make_course: Course) -> None:
    first, second, _ = make_course()
    assert first.acquired_at is not None
    tubes = [first, replace(second, acquired_at=first.acquired_at - timedelta(days=1))]

    (found,) = check_date_order(tubes, LIMITS)

    assert found.message == (
        "Acquired 1.0 days before P01-D1 although its day is later (4 against 1)."
    )


def test_one_acquisition_that_was_exported_twice_warns(make_course: Course) -> None:
    first, second, third = make_course()
    tubes = [first, replace(second, acquired_at=first.acquired_at), third]

    found = _of(check_same_acquisition(tubes, LIMITS), "QC-SAME-ACQUISITION")

    assert {name: one.severity for name, one in found.items()} == {
        "P01-D1": Severity.WARN,
        "P01-D4": Severity.WARN,
        "P01-D7": Severity.PASS,
    }
    assert found["P01-D4"].message == (
        "Acquired at the same time, with the same number of events, as P01-D1: one acquisition "
        "that was exported twice."
    )


def test_another_length_or_cytometer_is_another_acquisition(make_course: Course) -> None:
    first, second, third = make_course()
    tubes = [
        first,
        replace(second, acquired_at=first.acquired_at, n_events=first.n_events + 1),
        replace(third, acquired_at=first.acquired_at, instrument_sha256="another"),
    ]

    found = check_same_acquisition(tubes, LIMITS)

    assert [one.severity for one in found] == [Severity.PASS] * 3


def test_the_same_bytes_twice_are_told_once(make_course: Course) -> None:
    first, second, _ = make_course()
    twin = replace(second, acquired_at=first.acquired_at, data_sha256=first.data_sha256)

    assert {one.severity for one in check_same_acquisition([first, twin], LIMITS)} == {
        Severity.PASS
    }


def test_without_a_time_acquisitions_are_not_compared(make_tube: MakeTube) -> None:
    assert check_same_acquisition([make_tube("S1"), make_tube("S2")], LIMITS) == ()


@pytest.mark.parametrize("changes", [{"panel_id": "other"}, {"gates_name": "other"}])
def test_a_control_of_a_panel_without_patients_warns(
    make_tube: MakeTube, changes: dict[str, str]
) -> None:
    lost = replace(make_tube("UTD", sample_type=SampleType.UNTRANSDUCED), **changes)  # type: ignore[arg-type]  # fields of TubeSummary
    near = make_tube("FMO", sample_type=SampleType.FMO)

    found = check_control_panel([make_tube("S1"), lost, near], LIMITS)

    assert [(one.sample_id, one.severity, one.message) for one in found] == [
        (
            "UTD",
            Severity.WARN,
            "No patient's tube has the panel and gates of this control: it is compared with none.",
        ),
        ("FMO", Severity.PASS, "The control has panel and gates of a patient's tube."),
    ]


def test_controls_without_any_patient_are_not_judged(make_tube: MakeTube) -> None:
    assert check_control_panel([make_tube("FMO", sample_type=SampleType.FMO)], LIMITS) == ()
