from itertools import product

import pytest

from carflow.findings import Finding, Severity
from carflow.qc.verdicts import FailOn, Judgement, Verdict, stops, verdict_of, verdicts
from carflow.qc.waivers import Waiver

PASS, INFO, WARN, FAIL = Severity.PASS, Severity.INFO, Severity.WARN, Severity.FAIL
TUBES = {"S1": "P1", "S2": "P1", "S3": "P2"}
WAIVER = Waiver(check="QC-BEADS", sample_id="S1", reason="seen", who="AB")


def _found(sample_id: str, code: str, severity: Severity, message: str = "") -> Finding:
    return Finding(code=code, severity=severity, message=message, sample_id=sample_id)


@pytest.mark.parametrize(
    ("severities", "verdict"),
    [
        ([], Verdict.NA),
        ([INFO], Verdict.NA),
        ([INFO, INFO], Verdict.NA),
        ([PASS], Verdict.PASS),
        ([PASS, INFO], Verdict.PASS),
        ([PASS, WARN, INFO], Verdict.WARN),
        ([INFO, WARN], Verdict.WARN),
        ([WARN, FAIL, PASS], Verdict.FAIL),
    ],
)
def test_the_worst_check_decides_and_nothing_done_is_no_pass(
    severities: list[Severity], verdict: Verdict
) -> None:
    found = [_found("S1", f"QC-{n}", severity) for n, severity in enumerate(severities)]

    assert verdict_of(found) is verdict


def test_a_check_counts_once_at_its_gravest() -> None:
    found = [
        _found("S1", "QC-READER", PASS, "a"),
        _found("S1", "QC-READER", INFO, "b"),
        _found("S1", "QC-READER", WARN, "c"),
        _found("S1", "QC-GAIN", PASS),
        _found("S1", "QC-GAIN", INFO),
    ]

    judged = verdicts(found, {"S1": "P1"}).tubes

    assert judged == (Judgement(name="S1", verdict=Verdict.WARN, n_warned=1, n_not_done=1),)


def test_a_subject_is_as_its_worst_tube_and_a_batch_as_its_worst_subject() -> None:
    found = [
        _found("S1", "QC-EVENTS", PASS),
        _found("S2", "QC-EVENTS", WARN),
        _found("S3", "QC-EVENTS", PASS),
    ]

    judged = verdicts(found, TUBES)

    assert [(one.name, one.verdict) for one in judged.tubes] == [
        ("S1", Verdict.PASS),
        ("S2", Verdict.WARN),
        ("S3", Verdict.PASS),
    ]
    assert judged.subjects == (
        Judgement(name="P1", verdict=Verdict.WARN, n_passed=1, n_warned=1),
        Judgement(name="P2", verdict=Verdict.PASS, n_passed=1),
    )
    assert judged.batch == Judgement(name="batch", verdict=Verdict.WARN, n_passed=2, n_warned=1)


def test_a_tube_that_nobody_checked_keeps_subject_and_batch_from_passing() -> None:
    found = [_found("S1", "QC-EVENTS", PASS), _found("S3", "QC-EVENTS", PASS)]

    judged = verdicts(found, TUBES)

    assert [one.verdict for one in judged.subjects] == [Verdict.NA, Verdict.PASS]
    assert judged.batch.verdict is Verdict.NA


def test_findings_about_the_batch_count_for_the_batch_alone() -> None:
    passed = [_found(name, "QC-EVENTS", PASS) for name in TUBES]

    warned = verdicts([*passed, _found("", "QC-CONTROL-MISSING", WARN)], TUBES)
    undone = verdicts([*passed, _found("", "QC-VOLTAGE", INFO)], TUBES)

    assert {one.verdict for one in warned.subjects} == {Verdict.PASS}
    assert warned.batch.verdict is Verdict.WARN
    assert (undone.batch.verdict, undone.batch.n_not_done) == (Verdict.PASS, 1)


def test_a_batch_without_tubes_is_not_a_pass() -> None:
    assert verdicts([], {}).batch.verdict is Verdict.NA


def test_what_is_waived_lowers_no_verdict_and_passes_none() -> None:
    beads = _found("S1", "QC-BEADS", FAIL)
    waived = {beads: WAIVER}

    alone = verdicts([beads], {"S1": "P1"}, waived=waived).tubes[0]
    beside = verdicts([beads, _found("S1", "QC-EVENTS", PASS)], {"S1": "P1"}, waived=waived)

    assert alone == Judgement(name="S1", verdict=Verdict.NA, n_waived=1)
    assert beside.batch == Judgement(name="batch", verdict=Verdict.PASS, n_passed=1, n_waived=1)


def test_a_check_with_a_waived_and_a_passed_finding_has_not_passed() -> None:
    odd, fine = _found("S1", "QC-READER", WARN, "a"), _found("S1", "QC-READER", PASS, "b")

    assert verdict_of([odd, fine], {odd: WAIVER}) is Verdict.NA


@pytest.mark.parametrize(("verdict", "fail_on"), [*product(Verdict, FailOn)])
def test_a_script_stops_at_the_verdict_it_asked_for(verdict: Verdict, fail_on: FailOn) -> None:
    expected = {
        FailOn.NEVER: set(),
        FailOn.FAIL: {Verdict.FAIL},
        FailOn.WARN: {Verdict.FAIL, Verdict.WARN},
    }

    assert stops(verdict, fail_on) is (verdict in expected[fail_on])
