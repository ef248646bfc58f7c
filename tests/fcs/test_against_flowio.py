"""Real files: FlowIO is the second opinion, and every difference from it has its reason."""

import csv
import warnings
from pathlib import Path

import flowio
import numpy as np
import pytest

from carflow.errors import FcsError
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.reader import read_fcs, read_fcs_all
from carflow.fcs.volume import acquired_volume
from carflow.reasons import Reason

LOG_ON_FLOAT = "FlowIO exponentiates floating-point values that are linear already"
EMPTY_VALUES = "FlowIO loses the keyword behind an empty value and shifts the names"
# end of the path in the corpus: why carflow gives another answer than FlowIO
DIFFERENCES = {
    "module_examples/itn_02.fcs": LOG_ON_FLOAT,
    "inst/extdata/s10a01.FCS": LOG_ON_FLOAT,
    "inst/extdata/s10a02.FCS": LOG_ON_FLOAT,
    "1db36859_0877408774.F06": EMPTY_VALUES,
}
REFUSED = {
    "corrupted.fcs": "FCS-NOT-FCS",
    "cytek-nl-2000/sample_header.fcs": "FCS-TRUNCATED",
    "0adbe425_int-multiple_datasets.fcs": "FCS-KEYWORD-MISSING",
    "ae2c319c_ascii-4_events.fcs": "FCS-DATATYPE",
    "Specimen_001_C1_C01_003.fcs": "FCS-EMPTY-FILE",
}

Row = dict[str, str]


@pytest.fixture(scope="module")
def rows(corpus: Path) -> list[Row]:
    with (corpus / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _values(tube: Acquisition) -> np.ndarray:
    """All events by position, since names need not be unique."""
    numbered = tube.panel.channels
    return np.stack([tube.column(name) for name in numbered], axis=1)


def _difference(tube: Acquisition, path: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # FlowIO's own, about names that stand twice
        other = flowio.FlowData(str(path))
        values = other.as_array(preprocess=True)
    if tuple(name.strip() for name in other.pnn_labels) != tube.channels:
        return EMPTY_VALUES
    if tuple(name.strip() for name in other.pns_labels) != tube.markers:
        return EMPTY_VALUES
    if np.array_equal(_values(tube), values, equal_nan=True):
        return ""
    if "FCS-LOG-ON-FLOAT" in {finding.code for finding in tube.findings}:
        return LOG_ON_FLOAT
    return "unexplained"


def _read_or_code(path: Path) -> Acquisition | str:
    try:
        return read_fcs(path)
    except FcsError as error:
        return error.code


def _ending(path: str, endings: dict[str, str]) -> str:
    return next((endings[end] for end in endings if path.endswith(end)), "")


def test_values_equal_flowio_bit_for_bit_or_the_difference_has_its_reason(
    rows: list[Row], corpus: Path
) -> None:
    compared, seen = 0, {}
    for row in rows:
        if row["flowio14_as_array_ok"] != "1" or int(row["n_datasets"] or 1) > 1:
            continue
        tube = _read_or_code(corpus / row["path"])
        assert isinstance(tube, Acquisition), row["path"]
        compared += 1
        seen[row["path"]] = _difference(tube, corpus / row["path"])

    print(f"{compared} files compared with FlowIO, {sum(not d for d in seen.values())} equal")  # noqa: T201  # shown by pytest -s
    assert compared >= 90
    assert seen == {path: _ending(path, DIFFERENCES) for path in seen}


def test_all_other_files_are_read_or_refused_for_a_known_reason(
    rows: list[Row], corpus: Path
) -> None:
    outcomes = {row["path"]: _read_or_code(corpus / row["path"]) for row in rows}
    refused = {path: code for path, code in outcomes.items() if isinstance(code, str)}

    print(f"{len(outcomes) - len(refused)} of {len(outcomes)} files read")  # noqa: T201  # shown by pytest -s
    assert refused == {path: _ending(path, REFUSED) for path in refused}
    assert len(refused) == len(REFUSED)


def test_event_counts_agree_with_the_manifest(rows: list[Row], corpus: Path) -> None:
    for row in rows:
        tube = _read_or_code(corpus / row["path"])
        if isinstance(tube, Acquisition) and row["n_events"]:
            assert tube.n_events == int(row["n_events"]), row["path"]
            assert tube.sha256 == row["sha256"]


def test_all_data_sets_of_a_file_are_found(rows: list[Row], corpus: Path) -> None:
    several = [row for row in rows if int(row["n_datasets"] or 1) > 1]
    read = [row["path"] for row in several if not _ending(row["path"], REFUSED)]
    counts = [len(read_fcs_all(corpus / path)) for path in read]

    assert counts == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ("vendor", "unit"),
    [
        ("Cytek Aurora/NL", "µL"),
        ("Agilent/ACEA NovoCyte", "nL"),
        ("Thermo Attune", "nL"),
        ("Miltenyi MACSQuant", "nL"),
    ],
)
def test_the_unit_of_the_volume_is_that_of_the_vendor(
    rows: list[Row], corpus: Path, vendor: str, unit: str
) -> None:
    tubes = [_read_or_code(corpus / row["path"]) for row in rows if row["vendor"] == vendor]
    volumes = [acquired_volume(tube.keywords) for tube in tubes if isinstance(tube, Acquisition)]
    known = [volume for volume in volumes if volume.reason is not Reason.NO_VOLUME]

    assert known
    assert {volume.unit for volume in known} == {unit}


def test_novocyte_volumes_give_the_known_concentrations(rows: list[Row], corpus: Path) -> None:
    # corpus/README.md: a twofold dilution series, events per µL
    series = sorted(row["path"] for row in rows if "T3_CalCurve_2e" in row["path"])
    per_ul = []
    for path in series:
        tube = read_fcs(corpus / path)
        volume = acquired_volume(tube.keywords).ul
        assert volume is not None
        per_ul.append(round(tube.n_events / volume))

    assert per_ul == [19455, 10035, 5711, 3139, 1594, 830, 441]
