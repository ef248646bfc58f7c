"""117 real files: each has its expected answer, frozen in `corpus_expectations.csv`.

`well_formed` was settled beforehand from the bytes alone, by the standard: offsets that agree, DATA
of exactly $TOT records, TEXT in pairs and UTF-8 with its final delimiter, nothing undeclared, all
required keywords, `$` keywords of the standard only, linear floats, a matrix that names its own
channels. The comment says what a file lacks. `flowio` tells whether values equal FlowIO's bit for
bit, or why not; "-" where FlowIO does not read the file or reads several data sets as one.
"""

import csv
from collections import Counter
from pathlib import Path

import pytest

from carflow.errors import FcsError
from carflow.fcs.codes import FcsCode
from carflow.fcs.reader import read_fcs_all
from carflow.findings import Severity

Row = dict[str, str]

TABLE = Path(__file__).with_name("corpus_expectations.csv")
# findings of a reader that had to decide what a file meant
REPAIRS = {
    "FCS-OFFSETS-DISAGREE", "FCS-OFFSETS-TWICE", "FCS-DATA-END", "FCS-EMPTY-VALUES",
    "FCS-NO-FINAL-DELIMITER", "FCS-TEXT-TRAILING", "FCS-NOT-UTF8", "FCS-SUPPLEMENTAL-TEXT",
    "FCS-NEXTDATA-EMPTY", "FCS-LOG-ON-FLOAT", "FCS-LOG-ON-TIME", "FCS-TIME-CONTRADICTS",
    "FCS-SPILLOVER-PERCENT", "FCS-SPILLOVER-UNUSABLE",
}  # fmt: skip


def _rows() -> list[Row]:
    with TABLE.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _answer(path: Path) -> tuple[str, str]:
    try:
        tubes = read_fcs_all(path)
    except FcsError as error:
        return "refused", error.code
    codes = sorted({finding.code for tube in tubes for finding in tube.findings})
    return ("findings" if codes else "read"), " ".join(codes)


def _severities(row: Row) -> set[Severity | None]:
    known = {str(code): code.severity for code in FcsCode}
    return {known[code] for code in row["codes"].split()}


@pytest.mark.parametrize("row", _rows(), ids=[row["path"].split("/")[-1] for row in _rows()])
def test_a_real_file_gets_its_expected_answer(row: Row, corpus: Path) -> None:
    path = corpus / row["path"]

    assert path.stat().st_size == int(row["bytes"])
    assert _answer(path) == (row["answer"], row["codes"])


def test_the_table_holds_every_file_of_the_corpus(corpus: Path) -> None:
    with (corpus / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        known = {(row["path"], row["sha256"][:12]) for row in csv.DictReader(stream)}

    assert {(row["path"], row["sha256"]) for row in _rows()} == known
    assert len(known) == 117


def test_well_formed_files_are_read_without_repair_and_without_alarm() -> None:
    well_formed = [row for row in _rows() if row["well_formed"] == "yes"]
    repaired = [row["path"] for row in well_formed if REPAIRS & set(row["codes"].split())]
    refused = [row["path"] for row in well_formed if row["answer"] == "refused"]
    above_info = [row["path"] for row in well_formed if _severities(row) - {Severity.INFO}]

    print(Counter(row["answer"] for row in _rows()), len(well_formed), above_info)  # noqa: T201  # shown by pytest -s
    assert len(well_formed) >= 60
    assert refused == []
    assert len(repaired) <= 0.05 * len(well_formed)
    assert len(above_info) <= 0.05 * len(well_formed)


def test_files_that_are_not_well_formed_say_why() -> None:
    rows = _rows()

    assert all(bool(row["comment"]) == (row["well_formed"] == "no") for row in rows)
    # every one of them is noticed
    assert [row["path"] for row in rows if row["comment"] and row["answer"] == "read"] == []


def test_the_data_sets_of_a_list_mode_file_are_known_as_one_tube(corpus: Path) -> None:
    for name in ("coulter.lmd", "240-4-2+rad.LMD"):
        path = corpus / next(row["path"] for row in _rows() if row["path"].endswith(name))
        first, second = read_fcs_all(path)

        assert (first.repeats_dataset, second.repeats_dataset) == (None, 0)
        assert first.n_events == second.n_events
