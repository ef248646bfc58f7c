import json
from typing import Any

from carflow.findings import Finding, Severity
from carflow.qc.multiqc import GENERAL_FILE, STATUS_FILE, findings_mqc
from carflow.qc.waivers import Waiver

TUBES = {"S1": "P1", "S2": "P1"}
BEADS = Finding(code="QC-BEADS", severity=Severity.FAIL, message="none", sample_id="S1")
FINDINGS = (
    BEADS,
    Finding(code="QC-EVENTS", severity=Severity.PASS, message="many", sample_id="S1"),
    Finding(code="QC-READER", severity=Severity.WARN, message="odd", sample_id="S1"),
    Finding(code="QC-READER", severity=Severity.INFO, message="told", sample_id="S1"),
    Finding(code="QC-EVENTS", severity=Severity.INFO, message="?", sample_id="S2"),
    Finding(code="QC-CONTROL-MISSING", severity=Severity.WARN, message="no FMO"),
    Finding(code="SHEET-GUESSED", severity=Severity.WARN, message="guess"),
)


def _documents(**changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    made = findings_mqc(FINDINGS, TUBES, **changes)
    return json.loads(made[GENERAL_FILE]), json.loads(made[STATUS_FILE])


def test_file_names_are_those_multiqc_looks_for() -> None:
    assert all(name.endswith("_mqc.json") for name in findings_mqc(FINDINGS, TUBES))


def test_general_statistics_have_a_row_for_every_tube() -> None:
    general, _ = _documents()

    assert general["plot_type"] == "generalstats"
    assert general["data"] == {
        "S1": {"verdict": "FAIL", "failed": 1, "warned": 1, "not_done": 0, "waived": 0},
        "S2": {"verdict": "NA", "failed": 0, "warned": 0, "not_done": 1, "waived": 0},
    }
    assert list(general["headers"]) == list(general["data"]["S1"])


def test_the_heatmap_has_the_checks_in_the_order_of_the_register() -> None:
    _, status = _documents()

    assert status["plot_type"] == "heatmap"
    assert status["xcats"] == [
        "QC-READER",
        "QC-EVENTS",
        "QC-BEADS",
        "QC-CONTROL-MISSING",
        "SHEET-GUESSED",
    ]
    assert status["ycats"] == ["S1", "S2", "batch"]
    assert status["data"] == [
        [2, 0, 3, None, None],
        [None, 1, None, None, None],
        [None, None, None, 2, 2],
    ]


def test_what_is_waived_is_grey() -> None:
    waiver = Waiver(check="QC-BEADS", sample_id="S1", reason="by hand", who="AB")

    general, status = _documents(waived={BEADS: waiver})

    assert general["data"]["S1"] == {
        "verdict": "WARN",
        "failed": 0,
        "warned": 1,
        "not_done": 0,
        "waived": 1,
    }
    assert status["data"][0] == [2, 0, 1, None, None]


def test_the_files_do_not_depend_on_clock_or_order() -> None:
    assert findings_mqc(FINDINGS, TUBES) == findings_mqc(FINDINGS[::-1], TUBES)
