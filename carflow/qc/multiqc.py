"""Findings as custom content for MultiQC: columns of its general statistics and a status heatmap.

MultiQC takes one table or plot from each file whose name ends in ``_mqc.json``, so there are
two. The numbers of the heatmap are 0 pass, 1 not done, 2 warn, 3 fail; an empty field is a check
that nobody expects of that tube. A waived finding counts as not done: it is neither fine nor
held against the tube.

Reference: docs.seqera.io/multiqc/custom_content.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from carflow.findings import Severity
from carflow.qc.formats import BATCH, printable
from carflow.qc.limits import gravest
from carflow.qc.register import CHECKS
from carflow.qc.verdicts import verdicts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carflow.findings import Finding
    from carflow.qc.verdicts import Judgement
    from carflow.qc.waivers import Waiver

GENERAL_FILE = "carflow_qc_general_mqc.json"
STATUS_FILE = "carflow_qc_status_mqc.json"

_STATUS = {Severity.PASS: 0, Severity.INFO: 1, Severity.WARN: 2, Severity.FAIL: 3}
_COLOURS = [[0.0, "#5aae61"], [0.33, "#d9d9d9"], [0.67, "#f6c142"], [1.0, "#c0392b"]]


def findings_mqc(
    findings: Sequence[Finding],
    tubes: Mapping[str, str],
    *,
    waived: Mapping[Finding, Waiver] | None = None,
) -> dict[str, str]:
    """Return the files for MultiQC: their names and their texts.

    Parameters
    ----------
    findings : sequence of Finding
        Of all checks.
    tubes : Mapping[str, str]
        Sample id to subject id of every row of the sheet, in its order.
    waived : Mapping[Finding, Waiver], optional
        From `carflow.qc.waivers.apply_waivers`.

    Examples
    --------
    >>> sorted(findings_mqc([], {}))
    ['carflow_qc_general_mqc.json', 'carflow_qc_status_mqc.json']
    """
    let_stand = waived or {}
    judged = verdicts(findings, tubes, waived=let_stand).tubes
    return {
        GENERAL_FILE: _json(_general(judged)),
        STATUS_FILE: _json(_status(findings, tubes, let_stand)),
    }


def _general(judged: Sequence[Judgement]) -> dict[str, object]:
    return {
        "id": "carflow_qc_general",
        "plot_type": "generalstats",
        "headers": {
            "verdict": _header("QC", "Verdict of the tube: fail, warn, na, pass")
            | {
                "cond_formatting_rules": {
                    "pass": [{"s_eq": "PASS"}],
                    "warn": [{"s_eq": "WARN"}],
                    "fail": [{"s_eq": "FAIL"}],
                }
            },
            "failed": _header("Failed", "Checks that failed") | _COUNT,
            "warned": _header("Warned", "Checks that warned") | _COUNT,
            "not_done": _header("Not done", "Checks that could not be done") | _COUNT,
            "waived": _header("Waived", "Findings that were waived") | _COUNT,
        },
        "data": {
            printable(one.name): {
                "verdict": one.verdict.upper(),
                "failed": one.n_failed,
                "warned": one.n_warned,
                "not_done": one.n_not_done,
                "waived": one.n_waived,
            }
            for one in judged
        },
    }


_COUNT: dict[str, object] = {"format": "{:,.0f}", "min": 0}


def _header(title: str, description: str) -> dict[str, object]:
    return {"title": title, "description": description, "namespace": "carflow"}


def _status(
    findings: Sequence[Finding], tubes: Mapping[str, str], waived: Mapping[Finding, Waiver]
) -> dict[str, object]:
    cells: dict[str, dict[str, list[Severity]]] = {name: {} for name in tubes}
    for one in findings:
        row = cells.setdefault(one.sample_id or BATCH, {})
        severity = Severity.INFO if one in waived else one.severity
        row.setdefault(one.code, []).append(severity)
    order = [check.id for check in CHECKS]
    found = {code for row in cells.values() for code in row}
    codes = sorted(found, key=lambda code: (order.index(code) if code in order else 999, code))
    return {
        "id": "carflow_qc_status",
        "section_name": "carflow: checks of every tube",
        "description": "0 pass, 1 not done or waived, 2 warn, 3 fail.",
        "plot_type": "heatmap",
        "pconfig": {
            "id": "carflow_qc_status_heatmap",
            "title": "carflow: status of the checks",
            "min": 0,
            "max": 3,
            "square": False,
            "colstops": _COLOURS,
            "display_values": False,
        },
        "xcats": codes,
        "ycats": [printable(name) for name in cells],
        "data": [
            [_STATUS[gravest(row[code])] if code in row else None for code in codes]
            for row in cells.values()
        ],
    }


def _json(document: Mapping[str, object]) -> str:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
