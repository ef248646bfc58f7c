"""Codes: unique, explained, and used for what they are."""

from pathlib import Path

import pytest

import carflow
from carflow.fcs.codes import FcsCode, codes_table, noticed, refusal
from carflow.findings import Severity


def test_every_code_is_unique_and_explained() -> None:
    assert len({code.value for code in FcsCode}) == len(FcsCode)
    assert all(code.startswith("FCS-") and code.meaning for code in FcsCode)


def test_a_refusal_is_no_finding() -> None:
    with pytest.raises(ValueError, match=r"^FCS-MODE refuses a file; it is not a finding$"):
        noticed(FcsCode.MODE, "histogram")


def test_a_finding_has_the_severity_of_its_code() -> None:
    assert noticed(FcsCode.GAP, "12 bytes").severity is Severity.WARN


def test_a_refusal_carries_code_problem_and_way_out() -> None:
    error = refusal(FcsCode.MODE, "histogram", "export list mode")

    assert (error.code, str(error)) == ("FCS-MODE", "histogram (export list mode)")


def test_the_documentation_holds_the_table_of_all_codes() -> None:
    document = Path(carflow.__file__).with_name("docs") / "fcs_codes.md"

    assert document.read_text(encoding="utf-8").endswith(f"{codes_table()}\n")
