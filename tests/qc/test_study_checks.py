from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from carflow.findings import Finding, Severity
from carflow.qc.limits import QcLimits
from carflow.qc.study_checks import check_date_order, check_duplicates
from carflow.qc.summary import TubeSummary
from carflow.study.model import SampleType

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
