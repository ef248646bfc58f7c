from datetime import date

import pytest

from carflow.errors import CarflowError, Problems
from carflow.findings import Finding, Severity
from carflow.qc.waivers import Waiver, apply_waivers, parse_waivers

FEW = Finding(code="QC-BEADS", severity=Severity.WARN, message="few", sample_id="S1")
NONE = Finding(code="QC-CONTROL-MISSING", severity=Severity.WARN, message="none")
FINE = Finding(code="QC-EVENTS", severity=Severity.PASS, message="fine", sample_id="S1")
BEADS = Waiver(
    check="QC-BEADS", sample_id="S1", reason="by hand", who="AB", until=date(2030, 6, 30)
)


def _entry(**changes: str) -> str:
    keys = {"check": '"QC-BEADS"', "reason": '"by hand"', "who": '"AB"'} | changes
    return "[[waiver]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items() if value)


@pytest.mark.parametrize("until", ["2030-06-30", '"2030-06-30"', "2030-06-30T12:00:00"])
def test_a_waiver_is_read_with_its_last_day(until: str) -> None:
    assert parse_waivers(_entry(sample_id='"S1"', until=until)) == (BEADS,)


def test_a_waiver_without_sample_and_end_is_of_the_batch_and_stays() -> None:
    (waiver,) = parse_waivers(_entry(reason='"seen\\n twice"'))

    assert (waiver.sample_id, waiver.until, waiver.reason) == ("", None, "seen twice")
    assert str(waiver) == "seen twice (AB)"


def test_an_empty_file_waives_nothing() -> None:
    assert parse_waivers("") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[waiver", "is not valid TOML: "),
        ("[[wavier]]\n", 'unknown key "wavier" (did you mean "waiver"?)'),
        ("waiver = 3\n", "waivers are a list of tables (write [[waiver]])"),
        (_entry(reason=""), 'waiver 1: needs "reason"'),
        (_entry(who='" "'), 'waiver 1: needs "who"'),
        (_entry(who="3"), "waiver 1: who: must be text in quotes"),
        (_entry(untl='"x"'), 'waiver 1: unknown key "untl" (did you mean "until"?)'),
        (
            _entry(check='"QC-BEAD"'),
            'waiver 1: there is no check "QC-BEAD" (did you mean "QC-BEADS"?)',
        ),
        (_entry(until='"June"'), "waiver 1: until: must be a day such as 2030-06-30"),
        (_entry(until="30"), "waiver 1: until: must be a day such as 2030-06-30"),
    ],
)
def test_a_waiver_that_says_too_little_is_refused(text: str, message: str) -> None:
    with pytest.raises(CarflowError) as caught:
        parse_waivers(text)

    assert caught.value.code == "WAIVERS"
    assert str(caught.value).startswith(message)


def test_all_that_is_wrong_is_told_together() -> None:
    with pytest.raises(Problems) as caught:
        parse_waivers(_entry(who="") + _entry(check='"X"', reason=""))

    first, second, third = str(caught.value).splitlines()[1:]
    assert (first, second) == ('  waiver 1: needs "who"', '  waiver 2: needs "reason"')
    assert third.startswith('  waiver 2: there is no check "X" (known: QC-TUBE-FAILED, ')


def test_a_waiver_marks_its_finding_and_leaves_it_visible() -> None:
    done = apply_waivers([FEW, NONE, FINE], [BEADS])

    assert done.waivers == {FEW: BEADS}
    assert set(done.findings) == {FEW, NONE, FINE}


def test_a_waiver_of_the_batch_leaves_the_tubes_alone() -> None:
    tube = Finding(code=NONE.code, severity=Severity.FAIL, message="x", sample_id="S1")
    batch = Waiver(check="QC-CONTROL-MISSING", reason="pilot", who="AB")

    assert apply_waivers([NONE, tube], [batch]).waivers == {NONE: batch}


@pytest.mark.parametrize(
    ("today", "ended"), [(date(2030, 6, 30), False), (date(2030, 7, 1), True), (None, False)]
)
def test_an_ended_waiver_waives_nothing_and_warns(today: date | None, ended: bool) -> None:
    done = apply_waivers([FEW], [BEADS], today=today)

    assert (done.waivers == {}) is ended
    said = [(one.severity, one.sample_id, one.message) for one in done.findings[1:]]
    message = "The waiver of QC-BEADS ended on 2030-06-30."
    assert said == ([(Severity.WARN, "S1", message)] if ended else [])


def test_a_waiver_of_nothing_is_told() -> None:
    done = apply_waivers([FINE], [BEADS])

    assert done.findings[0] == Finding(
        code="QC-WAIVER",
        severity=Severity.INFO,
        message="The waiver of QC-BEADS waives nothing: there is no such finding.",
        sample_id="S1",
    )


def test_a_pass_is_never_waived() -> None:
    fine = Finding(code="QC-BEADS", severity=Severity.PASS, message="many", sample_id="S1")

    assert apply_waivers([fine], [BEADS]).waivers == {}
