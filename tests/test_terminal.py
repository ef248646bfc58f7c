from dataclasses import replace
from pathlib import Path

import pytest

from carflow.findings import Finding, Severity
from carflow.result.run import Provenance, Result
from carflow.terminal import say_summary

RESULT = Result(
    tube_results=(),
    subject_results=(),
    all_findings=(),
    provenance=Provenance(versions={}, sheet_sha256="", gates=(), options={}, thresholds={}),
)


def finding(number: int, code: str, severity: Severity = Severity.WARN) -> Finding:
    return Finding(code=code, severity=severity, message="odd.", sample_id=f"S{number}")


def test_of_many_findings_of_one_kind_the_first_are_told_and_the_others_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    many = [finding(number, "QC-A") for number in range(7)]
    few = [finding(number, "QC-B", Severity.FAIL) for number in range(5)]
    passed = finding(9, "QC-C", Severity.PASS)

    say_summary(replace(RESULT, all_findings=(*few, *many, passed)), Path("out"))

    assert capsys.readouterr().err.splitlines() == [
        *(f"fail QC-B S{number}: odd." for number in range(5)),
        *(f"warn QC-A S{number}: odd." for number in range(5)),
        f"warn QC-A: 2 more in {Path('out') / 'findings.csv'}",
        f"0 of 0 tubes, QC FAIL: see {Path('out') / 'report.html'}",
    ]
