import json
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from carflow.findings import Finding, Severity
from carflow.qc.formats import findings_json, findings_junit, findings_text
from carflow.qc.verdicts import verdicts
from carflow.qc.waivers import Waiver

FINDINGS = (
    Finding(
        code="QC-EVENTS",
        severity=Severity.FAIL,
        message="0 events in <b>CD3 & CAR</b>.",
        sample_id="P01-D07",
        value=0.0,
        limit="warn < 20,000, fail < 5,000",
    ),
    Finding(code="QC-CONTROL-MISSING", severity=Severity.WARN, message="No FMO."),
    Finding(code="QC-BEADS", severity=Severity.INFO, message="No gate.", sample_id="P01-D07"),
    Finding(code="QC-READER", severity=Severity.INFO, message="A: odd", sample_id="P01-D07"),
    Finding(code="QC-READER", severity=Severity.WARN, message="B: odd", sample_id="P01-D07"),
    Finding(code="QC-PANEL", severity=Severity.PASS, message="Equal.", sample_id="P01-D07"),
)

WAIVED = {
    FINDINGS[0]: Waiver(
        check="QC-EVENTS",
        sample_id="P01-D07",
        reason="an empty tube on purpose",
        who="AB",
        until=date(2030, 6, 30),
    )
}


def test_text_says_the_verdict_and_lists_what_is_not_a_pass() -> None:
    assert findings_text(FINDINGS) == (
        "QC: FAIL (1 fail, 2 warn, 2 info, 1 pass)\n"
        "FAIL  P01-D07  QC-EVENTS           0 events in <b>CD3 & CAR</b>.\n"
        "WARN  batch    QC-CONTROL-MISSING  No FMO.\n"
        "INFO  P01-D07  QC-BEADS            No gate.\n"
        "INFO  P01-D07  QC-READER           A: odd\n"
        "WARN  P01-D07  QC-READER           B: odd\n"
    )


def test_text_of_nothing_is_no_pass() -> None:
    assert findings_text([]) == "QC: NA (0 fail, 0 warn, 0 info, 0 pass)\n"


def test_a_marker_name_cannot_steer_the_terminal_or_break_the_line() -> None:
    nasty = Finding(code="QC-PANEL", severity=Severity.WARN, message="CD3\x1b[2J\x00\ntwo\x9b")

    assert findings_text([nasty]).splitlines()[1] == "WARN  batch  QC-PANEL  CD3�[2J� two�"


def test_json_holds_every_finding_whole() -> None:
    document = json.loads(findings_json(FINDINGS))

    assert list(document) == ["schema_version", "verdict", "findings"]
    assert (document["schema_version"], document["verdict"]) == (2, "fail")
    assert document["findings"][0] == {
        "code": "QC-EVENTS",
        "severity": "fail",
        "message": "0 events in <b>CD3 & CAR</b>.",
        "sample_id": "P01-D07",
        "value": 0.0,
        "limit": "warn < 20,000, fail < 5,000",
        "waived": None,
    }
    assert [_finding(one) for one in document["findings"]] == list(FINDINGS)


def _finding(cells: dict[str, object]) -> Finding:
    own = {name: value for name, value in cells.items() if name != "waived"}
    return Finding(**(own | {"severity": Severity(str(own["severity"]))}))  # type: ignore[arg-type]  # the cells of a finding


def test_text_shows_what_was_waived_with_its_reason() -> None:
    assert findings_text(FINDINGS, waived=WAIVED) == (
        "QC: WARN (0 fail, 2 warn, 2 info, 1 pass, 1 waived)\n"
        "WAIVED  P01-D07  QC-EVENTS           0 events in <b>CD3 & CAR</b>. "
        "Waived: an empty tube on purpose (AB, until 2030-06-30).\n"
        "WARN    batch    QC-CONTROL-MISSING  No FMO.\n"
        "INFO    P01-D07  QC-BEADS            No gate.\n"
        "INFO    P01-D07  QC-READER           A: odd\n"
        "WARN    P01-D07  QC-READER           B: odd\n"
    )


def test_json_shows_what_was_waived() -> None:
    document = json.loads(findings_json(FINDINGS, waived=WAIVED))

    assert document["verdict"] == "warn"
    assert document["findings"][0]["severity"] == "fail"
    assert document["findings"][0]["waived"] == {
        "reason": "an empty tube on purpose",
        "who": "AB",
        "until": "2030-06-30",
    }


def test_json_holds_the_verdicts_where_the_tubes_are_known() -> None:
    judged = verdicts(FINDINGS, {"P01-D07": "P01", "P01-D09": "P01"})

    document = json.loads(findings_json(FINDINGS, verdicts=judged))

    assert list(document) == ["schema_version", "verdict", "verdicts", "findings"]
    assert [(one["name"], one["verdict"]) for one in document["verdicts"]["tubes"]] == [
        ("P01-D07", "fail"),
        ("P01-D09", "na"),
    ]
    assert document["verdicts"]["batch"]["verdict"] == document["verdict"] == "fail"


def test_junit_skips_what_was_waived_and_says_why() -> None:
    root = ET.fromstring(findings_junit(FINDINGS, waived=WAIVED))  # noqa: S314  # our own text

    (child,) = _cases(root)["QC-EVENTS"]
    told = "0 events in <b>CD3 & CAR</b>. Waived: an empty tube on purpose (AB, until 2030-06-30)."
    assert (child.tag, child.attrib["message"], child.text) == ("skipped", told, f"WAIVED: {told}")
    assert (root.attrib["failures"], root[0].attrib["failures"]) == ("0", "0")


def _cases(suite: ET.Element) -> dict[str, ET.Element]:
    return {case.attrib["name"]: case for case in suite.iter("testcase")}


def test_junit_has_a_suite_for_each_sample_and_a_case_for_each_check() -> None:
    root = ET.fromstring(findings_junit(FINDINGS))  # noqa: S314  # our own text

    suites = {suite.attrib["name"]: suite for suite in root.iter("testsuite")}
    assert list(suites) == ["P01-D07", "batch"]
    sample = suites["P01-D07"]
    assert (sample.attrib["tests"], sample.attrib["failures"], sample.attrib["skipped"]) == (
        "4",
        "1",
        "1",
    )
    assert list(_cases(sample)) == ["QC-EVENTS", "QC-BEADS", "QC-READER", "QC-PANEL"]
    assert [child.tag for child in _cases(suites["batch"])["QC-CONTROL-MISSING"]] == ["system-out"]


@pytest.mark.parametrize(
    ("code", "tag", "text"),
    [
        ("QC-EVENTS", "failure", "FAIL: 0 events in <b>CD3 & CAR</b>."),
        ("QC-BEADS", "skipped", "INFO: No gate."),
        ("QC-READER", "system-out", "INFO: A: odd\nWARN: B: odd"),
    ],
)
def test_junit_tells_fail_info_and_warn_apart(code: str, tag: str, text: str) -> None:
    root = ET.fromstring(findings_junit(FINDINGS))  # noqa: S314  # our own text

    (child,) = _cases(root)[code]

    assert (child.tag, child.text) == (tag, text)


def test_a_pass_is_an_empty_case() -> None:
    root = ET.fromstring(findings_junit(FINDINGS))  # noqa: S314  # our own text

    assert list(_cases(root)["QC-PANEL"]) == []


def test_junit_stays_xml_whatever_a_name_holds() -> None:
    nasty = Finding(
        code="QC-PANEL",
        severity=Severity.FAIL,
        message="CD3\x00\x0b\ufffe\ud800]]><",
        sample_id='S"1<\x01',
    )

    root = ET.fromstring(findings_junit([nasty]))  # noqa: S314  # our own text

    assert root[0].attrib["name"] == 'S"1<�'
    assert root[0][0][0].attrib["message"] == "CD3� ��]]><"


def test_the_formats_do_not_depend_on_the_clock() -> None:
    assert findings_junit(FINDINGS) == findings_junit(FINDINGS)
    assert "timestamp" not in findings_junit(FINDINGS)


def test_junit_counts_failed_and_skipped_cases() -> None:
    grave = [Severity.FAIL] * 3 + [Severity.INFO] * 2 + [Severity.WARN]
    found = [
        Finding(code=f"QC-{number}", severity=severity, message="odd")
        for number, severity in enumerate(grave)
    ]

    root = ET.fromstring(findings_junit(found))  # noqa: S314  # our own text

    counts = {"tests": "6", "failures": "3", "errors": "0", "skipped": "2"}
    for element in (root, root[0]):
        assert {name: element.attrib[name] for name in counts} == counts
