from collections.abc import Callable
from dataclasses import replace

import pytest

from carflow.findings import Finding, Severity
from carflow.qc.origin import Origin, hash_of_name
from carflow.qc.origin_checks import check_labels, check_operator, check_software
from carflow.qc.summary import TubeSummary
from carflow.study.model import SampleType
from carflow.thresholds import QcLimits

LIMITS = QcLimits()


@pytest.fixture
def course(make_course: Callable[..., list[TubeSummary]]) -> list[TubeSummary]:
    return make_course((1.0, 4.0, 7.0, 12.0))


def _with(tube: TubeSummary, **said: object) -> TubeSummary:
    return replace(tube, origin=replace(tube.origin, **said))  # type: ignore[arg-type]  # fields of Origin


def _labelled(tube: TubeSummary, **labels: str) -> TubeSummary:
    hashes = {name.replace("_", " "): hash_of_name(label) for name, label in labels.items()}
    return replace(tube, origin=Origin(labels=hashes))


def _severities(found: tuple[Finding, ...]) -> dict[str, Severity]:
    return {one.sample_id: one.severity for one in found}


def test_the_tube_after_an_update_is_named_and_no_other(course: list[TubeSummary]) -> None:
    course[2:] = [_with(tube, software_sha256="new") for tube in course[2:]]

    found = check_software(course, LIMITS)

    assert _severities(found) == {
        "P01-D4": Severity.PASS, "P01-D7": Severity.WARN, "P01-D12": Severity.PASS,
    }  # fmt: skip
    assert found[1].message == (
        "Another software than for the tube before, P01-D4: its scaling, compensation or export "
        "may be another."
    )
    assert found[0].message == "The software is that of the tube before, P01-D1."


def test_another_operator_is_told_and_not_judged(course: list[TubeSummary]) -> None:
    course[1] = _with(course[1], operator_sha256="another")

    found = check_operator(course, LIMITS)

    assert [one.severity for one in found] == [Severity.INFO, Severity.INFO, Severity.PASS]
    assert found[0].message == (
        "Another operator than for the tube before, P01-D1; that is told, not judged."
    )


def test_tubes_that_name_nothing_are_passed_over(course: list[TubeSummary]) -> None:
    course[1] = _with(course[1], software_sha256="")

    assert list(_severities(check_software(course, LIMITS))) == ["P01-D7", "P01-D12"]
    assert check_software([_with(tube, software_sha256="") for tube in course], LIMITS) == ()


def test_courses_are_not_compared_with_each_other(course: list[TubeSummary]) -> None:
    other = replace(_with(course[1], software_sha256="new"), sample_id="P02", subject_id="P02")

    assert "P02" not in _severities(check_software([*course, other], LIMITS))


def test_runs_of_a_control_lot_are_a_course(course: list[TubeSummary]) -> None:
    runs = [
        replace(tube, sample_type=SampleType.BEAD_QC, control_lot="L1", subject_id=tube.sample_id)
        for tube in course
    ]
    runs[3] = _with(runs[3], software_sha256="new")

    assert _severities(check_software(runs, LIMITS))["P01-D12"] is Severity.WARN
    assert check_software([replace(tube, control_lot="") for tube in runs], LIMITS) == ()


def test_a_file_named_as_another_tube_fails(course: list[TubeSummary]) -> None:
    course[1] = _labelled(course[1], TUBE_NAME="p01_d7")

    found = check_labels(course, LIMITS)

    assert _severities(found) == {
        "P01-D1": Severity.PASS, "P01-D4": Severity.FAIL, "P01-D7": Severity.PASS,
        "P01-D12": Severity.PASS,
    }  # fmt: skip
    assert found[1].message == (
        "The file is named as P01-D7 by whoever acquired it, the sheet says P01-D4 of subject P01: "
        "the tubes may be exchanged."
    )


def test_a_file_named_as_another_subject_fails(course: list[TubeSummary]) -> None:
    course = [_labelled(tube, SAMPLE_ID="P01") for tube in course]
    other = replace(_labelled(course[0], SAMPLE_ID="P02"), sample_id="O", subject_id="P02")
    course[3] = _labelled(course[3], SAMPLE_ID="P02")

    found = _severities(check_labels([*course, other], LIMITS))

    assert found == {
        "P01-D1": Severity.PASS, "P01-D4": Severity.PASS, "P01-D7": Severity.PASS,
        "P01-D12": Severity.FAIL, "O": Severity.PASS,
    }  # fmt: skip


def test_numbers_of_a_rack_are_no_ids(make_tube: Callable[..., TubeSummary]) -> None:
    # subjects 1 to 3, and tubes that the software numbered 1 to 3 for each of them
    tubes = [
        replace(
            _labelled(make_tube(f"S{subject}-{tube}"), TUBE_NAME=f"{tube}"), subject_id=f"{subject}"
        )
        for subject in (1, 2, 3)
        for tube in (1, 2, 3)
    ]

    assert check_labels(tubes, LIMITS) == ()


def test_names_that_are_no_ids_say_nothing(course: list[TubeSummary]) -> None:
    course[1] = _labelled(course[1], TUBE_NAME="Specimen 001")

    assert _severities(check_labels(course, LIMITS))["P01-D4"] is Severity.PASS
