"""Findings as text for people, JSON for scripts, JUnit XML for test runners; no colours here.

Nothing is judged or counted anew: all three print the same findings. None carries a time
stamp, so that two runs over the same tubes can be compared with `diff`. What was waived stays
visible in all three, with its reason. For MultiQC see `carflow.qc.multiqc`.

The JSON document
-----------------
``schema_version`` rises when a key changes its meaning or goes; keys may be added. Version 2:
``verdict`` is fail, warn, na or pass (in version 1 a batch without any check passed), and
every finding has ``waived``, null or reason, who and until; ``verdicts`` is there where the
tubes are known.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from carflow.findings import Finding, Severity
from carflow.qc.limits import gravest
from carflow.qc.verdicts import verdict_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carflow.qc.verdicts import Verdicts
    from carflow.qc.waivers import Waiver

    Waivers = Mapping[Finding, Waiver]

SCHEMA_VERSION = 2
BATCH = "batch"  # the suite of findings that are about no single tube

# what XML 1.0 forbids and what would steer a terminal: marker names come out of files
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def findings_text(findings: Sequence[Finding], *, waived: Waivers | None = None) -> str:
    """Return a line for the verdict and one for every finding that is not a pass.

    Parameters
    ----------
    findings : sequence of Finding
        In the order to print them.
    waived : Mapping[Finding, Waiver], optional
        From `carflow.qc.waivers.apply_waivers`; they are printed with their reason.

    Examples
    --------
    >>> few = Finding(
    ...     code="QC-EVENTS", severity=Severity.WARN, message="9,000 events.", sample_id="P01-D07"
    ... )
    >>> print(findings_text([few]), end="")
    QC: WARN (0 fail, 1 warn, 0 info, 0 pass)
    WARN  P01-D07  QC-EVENTS  9,000 events.
    """
    let_stand = waived or {}
    counts = Counter(found.severity for found in findings if found not in let_stand)
    parts = [f"{counts[severity]} {severity}" for severity in _gravest_first()]
    parts += [f"{len(let_stand)} waived"] if let_stand else []
    shown = [found for found in findings if found.severity is not Severity.PASS]
    tube_width = max((len(_subject(found)) for found in shown), default=0)
    code_width = max((len(found.code) for found in shown), default=0)
    mark_width = 6 if let_stand else 4
    lines = [
        f"{_mark(found, let_stand):<{mark_width}}  {_subject(found):<{tube_width}}  "
        f"{found.code:<{code_width}}  {_told(found, let_stand)}"
        for found in shown
    ]
    title = f"QC: {verdict_of(findings, let_stand).upper()} ({', '.join(parts)})"
    return "\n".join((title, *lines)) + "\n"


def findings_json(
    findings: Sequence[Finding],
    *,
    waived: Waivers | None = None,
    verdicts: Verdicts | None = None,
) -> str:
    """Return the findings as a JSON document: schema version, verdict, list of findings.

    Parameters
    ----------
    findings : sequence of Finding
        In the order to write them.
    waived : Mapping[Finding, Waiver], optional
        From `carflow.qc.waivers.apply_waivers`.
    verdicts : Verdicts, optional
        From `carflow.qc.verdicts.verdicts`; its batch is then the verdict of the document.

    Examples
    --------
    >>> json.loads(findings_json([]))
    {'schema_version': 2, 'verdict': 'na', 'findings': []}
    """
    let_stand = waived or {}
    whole = verdicts.batch.verdict if verdicts else verdict_of(findings, let_stand)
    document = {
        "schema_version": SCHEMA_VERSION,
        "verdict": whole,
        **({"verdicts": asdict(verdicts)} if verdicts else {}),
        "findings": [
            {**asdict(found), "waived": _waiver_cells(let_stand.get(found))} for found in findings
        ],
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def findings_junit(findings: Sequence[Finding], *, waived: Waivers | None = None) -> str:
    """Return the findings as JUnit XML: a test suite for each sample, a test case for each check.

    A FAIL is a failure, an INFO is skipped, a WARN passes and says so in ``system-out``; a
    check of which only waived findings are left is skipped, with the reason. Several findings
    of one check about one sample become one case, as grave as the gravest.
    """
    let_stand = waived or {}
    suites: dict[str, dict[str, list[Finding]]] = {}
    for found in findings:
        suites.setdefault(_subject(found), {}).setdefault(found.code, []).append(found)
    root = ET.Element("testsuites", name="carflow qc")
    totals: Counter[str] = Counter()
    for subject, cases in suites.items():
        suite = ET.SubElement(root, "testsuite", name=subject)
        graves = [_add_case(suite, cases[code], let_stand) for code in cases]
        counts = {
            "tests": len(cases),
            "failures": graves.count(Severity.FAIL),
            "errors": 0,
            "skipped": graves.count(Severity.INFO),
        }
        totals.update(counts)
        _set_counts(suite, counts)
    _set_counts(root, totals)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _set_counts(element: ET.Element, counts: Mapping[str, int]) -> None:
    for name in ("tests", "failures", "errors", "skipped"):
        element.set(name, str(counts.get(name, 0)))


def _add_case(suite: ET.Element, findings: Sequence[Finding], waived: Waivers) -> Severity:
    subject, code = _subject(findings[0]), findings[0].code
    severity = gravest(_severity(found, waived) for found in findings)
    case = ET.SubElement(suite, "testcase", classname=f"carflow.qc.{subject}", name=code)
    if severity is Severity.PASS:
        return severity
    told = "\n".join(
        f"{_mark(found, waived)}: {_told(found, waived)}"
        for found in findings
        if found.severity is not Severity.PASS
    )
    if severity is Severity.WARN:
        ET.SubElement(case, "system-out").text = told
        return severity
    first = next(found for found in findings if _severity(found, waived) is severity)
    tag = "failure" if severity is Severity.FAIL else "skipped"
    ET.SubElement(case, tag, message=_told(first, waived)).text = told
    return severity


def _severity(found: Finding, waived: Waivers) -> Severity:
    return Severity.INFO if found in waived else found.severity


def _mark(found: Finding, waived: Waivers) -> str:
    return "WAIVED" if found in waived else found.severity.upper()


def _told(found: Finding, waived: Waivers) -> str:
    waiver = waived.get(found)
    reason = f" Waived: {waiver}." if waiver else ""
    return printable(f"{found.message}{reason}")


def _waiver_cells(waiver: Waiver | None) -> dict[str, str | None] | None:
    if waiver is None:
        return None
    until = waiver.until.isoformat() if waiver.until else None
    return {"reason": waiver.reason, "who": waiver.who, "until": until}


def _gravest_first() -> list[Severity]:
    return sorted(Severity, key=lambda severity: severity.rank)


def _subject(found: Finding) -> str:
    return printable(found.sample_id) or BATCH


def printable(text: str) -> str:
    """Return text on one line, without characters that XML or a terminal would stumble over."""
    return _CONTROL.sub("�", " ".join(text.split()))
