"""Findings as text for people, JSON for scripts, JUnit XML for test runners; no colours here.

Nothing is judged or counted anew: all three print the same findings. None carries a time
stamp, so that two runs over the same tubes can be compared with `diff`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from carflow.findings import Finding, Severity, verdict
from carflow.qc.limits import gravest

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA_VERSION = 1
BATCH = "batch"  # the suite of findings that are about no single tube

# what XML 1.0 forbids and what would steer a terminal: marker names come out of files
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def findings_text(findings: Sequence[Finding]) -> str:
    """Return a line for the verdict and one for every finding that is not a pass.

    Examples
    --------
    >>> few = Finding(
    ...     code="QC-EVENTS", severity=Severity.WARN, message="9,000 events.", sample_id="P01-D07"
    ... )
    >>> print(findings_text([few]), end="")
    QC: WARN (0 fail, 1 warn, 0 info, 0 pass)
    WARN  P01-D07  QC-EVENTS  9,000 events.
    """
    counts = Counter(found.severity for found in findings)
    tally = ", ".join(f"{counts[severity]} {severity}" for severity in _gravest_first())
    shown = [found for found in findings if found.severity is not Severity.PASS]
    tube_width = max((len(_subject(found)) for found in shown), default=0)
    code_width = max((len(found.code) for found in shown), default=0)
    lines = [
        f"{found.severity.upper():<4}  {_subject(found):<{tube_width}}  "
        f"{found.code:<{code_width}}  {_printable(found.message)}"
        for found in shown
    ]
    return "\n".join((f"QC: {verdict(tuple(findings)).upper()} ({tally})", *lines)) + "\n"


def findings_json(findings: Sequence[Finding]) -> str:
    """Return the findings as a JSON document: schema version, verdict, list of findings.

    Examples
    --------
    >>> json.loads(findings_json([]))
    {'schema_version': 1, 'verdict': 'pass', 'findings': []}
    """
    document = {
        "schema_version": SCHEMA_VERSION,
        "verdict": verdict(tuple(findings)),
        "findings": [asdict(found) for found in findings],
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def findings_junit(findings: Sequence[Finding]) -> str:
    """Return the findings as JUnit XML: a test suite for each sample, a test case for each check.

    A FAIL is a failure, an INFO is skipped, a WARN passes and says so in ``system-out``.
    Several findings of one check about one sample become one case, as grave as the gravest.
    """
    suites: dict[str, dict[str, list[Finding]]] = {}
    for found in findings:
        suites.setdefault(_subject(found), {}).setdefault(found.code, []).append(found)
    root = ET.Element("testsuites", name="carflow qc")
    for subject, cases in suites.items():
        suite = ET.SubElement(root, "testsuite", name=subject, tests=str(len(cases)))
        graves = [_add_case(suite, subject, code, found) for code, found in cases.items()]
        suite.set("failures", str(graves.count(Severity.FAIL)))
        suite.set("errors", "0")
        suite.set("skipped", str(graves.count(Severity.INFO)))
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add_case(suite: ET.Element, subject: str, code: str, findings: Sequence[Finding]) -> Severity:
    severity = gravest(found.severity for found in findings)
    case = ET.SubElement(suite, "testcase", classname=f"carflow.qc.{subject}", name=code)
    if severity is Severity.PASS:
        return severity
    told = "\n".join(
        f"{found.severity.upper()}: {_printable(found.message)}"
        for found in findings
        if found.severity is not Severity.PASS
    )
    if severity is Severity.WARN:
        ET.SubElement(case, "system-out").text = told
        return severity
    first = next(found for found in findings if found.severity is severity)
    tag = "failure" if severity is Severity.FAIL else "skipped"
    ET.SubElement(case, tag, message=_printable(first.message)).text = told
    return severity


def _gravest_first() -> list[Severity]:
    return sorted(Severity, key=lambda severity: severity.rank)


def _subject(found: Finding) -> str:
    return _printable(found.sample_id) or BATCH


def _printable(text: str) -> str:
    """Return text on one line, without characters that XML or a terminal would stumble over."""
    return _CONTROL.sub("�", " ".join(text.split()))
