import ast
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carflow import qc
from carflow.errors import CarflowError
from carflow.findings import Finding, Severity, verdict
from carflow.gating.compensation import CompensationState
from carflow.gating.strategy import Role
from carflow.qc.checks import CHECKS, check_batch, explain
from carflow.qc.summary import TubeSummary
from carflow.study.model import SampleType
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
Course = Callable[..., list[TubeSummary]]
FAILED = ("P01-D99", "FCS-TRUNCATED", "the file ends before its events do")


@pytest.fixture
def faulty(make_course: Course, make_tube: MakeTube) -> list[TubeSummary]:
    """A batch with many faults, so that the order of findings is put to the test."""
    first, second, third = make_course()
    return [
        first,
        replace(second, n_events=100, data_sha256=first.data_sha256, voltages=("1",) * 5),
        replace(third, matrix=None, compensation=CompensationState.NO_MATRIX, counts={Role.CAR: 1}),
        make_tube("P02-D1", row=9, subject_id="P02", panel_id="other", acquired_at=None),
    ]


def test_every_code_that_a_check_gives_is_in_the_register() -> None:
    folder = Path(qc.__file__).parent
    given_codes = {
        node.value
        for path in folder.glob("*.py")
        if path.stem.endswith("_checks") or path.stem in {"baselines", "waivers"}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"QC(-[A-Z0-9]+)+", node.value)
    }

    assert given_codes | {"QC-TUBE-FAILED"} == {check.id for check in CHECKS}


def test_ids_are_given_once_and_every_check_says_what_to_do() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    assert all(check.title and check.meaning and check.remedy for check in CHECKS)


def test_a_sound_course_passes(
    make_course: Course, with_counts: Callable[..., dict[str, object]]
) -> None:
    tubes = make_course((-1.0, 1.0, 4.0, 7.0, 14.0))
    # enough T cells for a control, in the percentages of the other tubes
    control = {role: 2 * count for role, count in tubes[0].counts.items()} | {Role.CAR: 0}
    tubes[0] = replace(tubes[0], sample_type=SampleType.PRE_INFUSION, **with_counts(control))  # type: ignore[arg-type]  # fields of TubeSummary

    found = check_batch(tubes)

    assert {one.severity for one in found} == {Severity.PASS}
    assert verdict(found) is Severity.PASS


def test_nothing_to_check_gives_no_finding() -> None:
    assert check_batch([]) == ()


def test_a_tube_that_failed_is_a_fail_with_its_reason(make_course: Course) -> None:
    found = check_batch(make_course(), [FAILED])

    assert found[0] == Finding(
        code="QC-TUBE-FAILED",
        severity=Severity.FAIL,
        message="FCS-TRUNCATED: the file ends before its events do",
        sample_id="P01-D99",
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(order=st.permutations(range(4)), turned=st.booleans())
def test_the_order_of_the_input_does_not_matter(
    faulty: list[TubeSummary], order: list[int], turned: bool
) -> None:
    failures = [FAILED, ("P01-D5", "ANALYSIS", "no marker")]

    found = check_batch([faulty[at] for at in order], failures[::-1] if turned else failures)

    assert found == check_batch(faulty, failures)


def test_the_gravest_come_first_then_the_order_of_the_sheet(faulty: list[TubeSummary]) -> None:
    found = check_batch(faulty, [FAILED])

    ranks = [one.severity.rank for one in found]
    assert ranks == sorted(ranks)
    fails = [one.sample_id for one in found if one.severity is Severity.FAIL]
    assert fails[0] == "P01-D99"
    order = ["P01-D99", "P01-D1", "P01-D4", "P01-D7", "P02-D1"]
    assert [order.index(name) for name in fails] == sorted(order.index(name) for name in fails)


def test_stricter_limits_never_improve_a_verdict(make_course: Course) -> None:
    usual = check_batch(make_course())
    strict = check_batch(make_course(), limits=QcLimits(events_warn=100_000, events_fail=50_000))

    assert verdict(usual) is Severity.WARN  # no control of the CAR gate
    assert verdict(strict) is Severity.FAIL


def test_an_odd_tube_is_not_held_against_the_tubes_of_another_panel(
    make_course: Course, make_tube: MakeTube
) -> None:
    other = make_tube("S9", row=9, panel_id="other", voltages=("1", "1", "1", "1", ""))

    found = check_batch([*make_course(), other])

    assert {one.severity for one in found if one.code == "QC-VOLTAGE"} == {Severity.PASS}


def test_messages_hold_no_file_name_and_no_date(faulty: list[TubeSummary]) -> None:
    told = " ".join(one.message for one in check_batch(faulty))

    assert not re.search(r"\.fcs|20\d\d-|\d\d:\d\d", told)


def test_a_check_is_explained_by_its_id() -> None:
    assert explain("qc-gain") == (
        "QC-GAIN: Same gains\n"
        "The amplifier gain of a channel differs.\n"
        "Compare within one setting only; give tubes of another setting their own panel_id."
    )


def test_an_unknown_check_is_answered_with_the_known_ones() -> None:
    with pytest.raises(CarflowError) as caught:
        explain("C03")

    assert str(caught.value).startswith("no check of that name (there are: QC-TUBE-FAILED, ")
