"""The matrix of a file: read, or given up with the reason."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carflow.errors import FcsError
from carflow.fcs.keywords import Keywords
from carflow.fcs.panel import Panel
from carflow.fcs.spillover import Spillover, file_spillover, parse_spillover
from carflow.findings import Finding, Severity

PANEL = Panel(channels=("FSC-A", "FL1-A", "FL2-A", "FL,3"), markers=("", "CD3", "CAR", ""))


def test_names_and_numbers_are_read_row_by_row() -> None:
    spillover = parse_spillover("2, FL1-A, FL2-A, 1, 0.25, 0.5, 1", PANEL)

    assert spillover.channels == ("FL1-A", "FL2-A")
    assert spillover.matrix.tolist() == [[1.0, 0.25], [0.5, 1.0]]
    assert np.allclose(spillover.matrix @ spillover.inverse, np.eye(2))


def test_the_matrix_cannot_be_changed() -> None:
    spillover = parse_spillover("2,FL1-A,FL2-A,1,0,0,1", PANEL)

    with pytest.raises(ValueError, match="read-only"):
        spillover.matrix[0, 1] = 0.5


def test_a_name_may_hold_a_comma() -> None:
    assert parse_spillover("2,FL1-A,FL,3,1,0.1,0,1", PANEL).channels == ("FL1-A", "FL,3")


def test_channel_numbers_and_markers_stand_for_channels() -> None:
    assert parse_spillover("2,2,3,1,0.1,0,1", PANEL).channels == ("FL1-A", "FL2-A")
    assert parse_spillover("2,CD3,CAR,1,0.1,0,1", PANEL).channels == ("FL1-A", "FL2-A")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it does not begin with a number of channels the tube has"),
        ("9,FL1-A", "it does not begin with a number of channels the tube has"),
        ("/etc/passwd", "it does not begin with a number of channels the tube has"),
        ("2,FL1-A,FL2-A,1,0,1", "2 channels need 6 entries, here are 5"),
        ("2,FL1-A,nobody,1,0,0,1", "1 of its 2 channels are not in the tube"),
        ("2,FL1-A,FL1-A,1,0,0,1", "it names a channel twice"),
        ("2,FL1-A,FL2-A,1,nan,0,1", "1 of its values are no finite numbers"),
        ("2,FL1-A,FL2-A,1,1e999,0,1", "1 of its values are no finite numbers"),
        ("2,FL1-A,FL2-A,1,0.5,0,0.9", "its diagonal is not 1"),
        ("2,FL1-A,FL2-A,1,1,1,1", "it cannot be inverted reliably (condition number 10⁸ or more)"),
        (
            "2,FL1-A,FL2-A,1,1e300,1e300,1",
            "it holds values beyond ±100, which no spillover has",
        ),
    ],
)
def test_a_matrix_that_cannot_be_used_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(FcsError) as caught:
        parse_spillover(text, PANEL, keyword="SPILL")

    assert caught.value.code == "FCS-SPILLOVER-UNUSABLE"
    assert str(caught.value) == (
        f"the spillover matrix in SPILL cannot be used: {why} "
        "(export the tube with its matrix again, or choose compensation without it)"
    )


def test_a_path_in_the_keyword_is_neither_opened_nor_quoted(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("TOPSECRET,1", encoding="utf-8")
    findings: list[Finding] = []

    assert file_spillover(Keywords({"$SPILLOVER": str(secret)}), PANEL, findings) is None

    assert [(f.code, f.severity) for f in findings] == [("FCS-SPILLOVER-UNUSABLE", Severity.FAIL)]
    assert "SECRET" not in findings[0].message.upper()


@pytest.mark.parametrize("keyword", ["$SPILLOVER", "SPILL", "SPILLOVER"])
def test_three_keywords_may_hold_the_matrix(keyword: str) -> None:
    spillover = file_spillover(Keywords({keyword: "2,FL1-A,FL2-A,1,0.1,0,1"}), PANEL, [])

    assert spillover is not None
    assert spillover.keyword == keyword


def test_the_standard_keyword_wins_and_a_second_matrix_is_reported() -> None:
    findings: list[Finding] = []
    keywords = {"SPILL": "2,FL1-A,FL2-A,1,0.2,0,1", "$SPILLOVER": "2,FL1-A,FL2-A,1,0.1,0,1"}

    spillover = file_spillover(Keywords(keywords), PANEL, findings)

    assert spillover is not None
    assert spillover.matrix[0, 1] == 0.1
    assert [str(f) for f in findings] == [
        "warn FCS-SPILLOVER-TWICE: $SPILLOVER and SPILL differ; $SPILLOVER is used"
    ]


def test_an_identity_matrix_is_noticed() -> None:
    findings: list[Finding] = []

    spillover = file_spillover(Keywords({"SPILL": "2,FL1-A,FL2-A,1,0,0,1"}), PANEL, findings)

    assert spillover is not None
    assert spillover.is_identity
    assert [f.code for f in findings] == ["FCS-SPILLOVER-IDENTITY"]


def test_a_noisy_matrix_is_noticed() -> None:
    findings: list[Finding] = []

    file_spillover(Keywords({"SPILL": "2,FL1-A,FL2-A,1,0.99999,0.99999,1"}), PANEL, findings)

    assert [str(f) for f in findings] == [
        "warn FCS-SPILLOVER-CONDITION: SPILL amplifies noise: its condition number is 200,000"
    ]


def test_unusual_values_are_noticed() -> None:
    findings: list[Finding] = []

    file_spillover(Keywords({"SPILL": "2,FL1-A,FL2-A,1,-0.5,0,1"}), PANEL, findings)

    assert [str(f) for f in findings] == [
        "warn FCS-SPILLOVER-VALUES: SPILL holds unusual values, from -0.5 to 1"
    ]


def test_no_keyword_is_no_matrix_and_no_finding() -> None:
    findings: list[Finding] = []

    assert file_spillover(Keywords({}), PANEL, findings) is None
    assert findings == []


def test_the_hash_is_of_values_not_of_their_spelling() -> None:
    first = parse_spillover("2,FL1-A,FL2-A,1,0.10,0,1.000", PANEL)
    second = parse_spillover(" 2, FL1-A ,FL2-A,1,1e-1,0,1", PANEL, keyword="SPILL")
    third = parse_spillover("2,FL1-A,FL2-A,1,0.11,0,1", PANEL)

    assert first.sha256 == second.sha256 != third.sha256


def test_names_and_shape_go_together() -> None:
    with pytest.raises(ValueError, match=r"^1 channels but a matrix of shape \(2, 2\)$"):
        Spillover(channels=("A",), matrix=np.eye(2), keyword="SPILL")


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_gives_a_matrix_or_the_one_error(text: str) -> None:
    findings: list[Finding] = []

    spillover = file_spillover(Keywords({"SPILL": text}), PANEL, findings)

    assert (
        spillover is not None
        or not text.strip()
        or {f.code for f in findings} <= {"FCS-SPILLOVER-UNUSABLE", "FCS-SPILLOVER-EMPTY"}
    )
