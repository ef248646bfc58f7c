"""Spoilt files: refused, reported, or read exactly as the whole one; counted in a table.

Wrong structure is another number of events, another stored number in a column, a name that leads
to another column, or another Time. A changed percentage is CD3 or CAR of CD3 off by more than
0.01 points after compensation with the file's own matrix. Reported means a finding whose code the
whole file does not have, with the severity that its code always has.
"""

import resource
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from carflow.errors import AnalysisError, FcsError
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.codes import FcsCode
from carflow.fcs.decode import read_chunks
from carflow.fcs.parameters import Parameter
from carflow.fcs.reader import read_fcs

PLAIN = Parameter(number=0, name="plain", marker="", bits=8, range_max=1.0)


@dataclass(frozen=True)
class Truth:
    """What the whole file gives."""

    places: dict[str, int]
    stored: np.ndarray
    seconds: np.ndarray
    percentages: tuple[float, ...]
    codes: frozenset[str]


def _stored(tube: Acquisition) -> np.ndarray:
    columns = [replace(column, parameter=PLAIN) for column in tube.layout.columns]
    with tube.path.open("rb", buffering=0) as stream:
        stream.seek(tube.data_begin)
        chunks = read_chunks(
            stream, tube.layout, columns, n_events=tube.n_events, events=max(tube.n_events, 1)
        )
        return np.array(next(chunks, np.zeros((len(columns), 0))))


def _places(tube: Acquisition, names: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for name in names:
        try:
            found[name] = tube.panel.index(name)
        except AnalysisError:
            continue
    return found


def _percentages(tube: Acquisition, thresholds: dict[str, float]) -> tuple[float, ...]:
    """Return CD3 of all and CAR of CD3, in percent."""
    values = {}
    for marker in thresholds:
        channel = tube.channels[tube.panel.index(marker)]
        if tube.spillover is not None and channel in tube.spillover.channels:
            raw = np.stack([tube.column(name) for name in tube.spillover.channels], axis=1)
            place = tube.spillover.channels.index(channel)
            values[marker] = (raw @ tube.spillover.inverse)[:, place]
        else:
            values[marker] = tube.column(channel)
    cd3 = values["CD3"] > thresholds["CD3"]
    car = cd3 & (values["CAR"] > thresholds["CAR"])
    whole = max(tube.n_events, 1), max(int(cd3.sum()), 1)
    return 100.0 * cd3.sum() / whole[0], 100.0 * car.sum() / whole[1]


def _truth(path: Path, content: bytes, module: ModuleType) -> Truth:
    path.write_bytes(content)
    tube = read_fcs(path)
    names = (*module.NAMES, *(marker for marker in module.MARKERS if marker))
    assert tube.time_channel is not None
    return Truth(
        places=_places(tube, names),
        stored=_stored(tube),
        seconds=tube.column(tube.time_channel),
        percentages=_percentages(tube, module.THRESHOLDS),
        codes=frozenset(finding.code for finding in tube.findings),
    )


def _wrong_structure(tube: Acquisition, truth: Truth) -> str:
    if tube.n_events != truth.stored.shape[1]:
        return "count"
    stored = _stored(tube)
    if stored.shape != truth.stored.shape or not np.array_equal(
        stored, truth.stored, equal_nan=True
    ):
        return "values"
    places = _places(tube, tuple(truth.places))
    if any(truth.places[name] != place for name, place in places.items()):
        return "labels"
    time_channel = tube.time_channel
    if time_channel is None or not np.array_equal(tube.column(time_channel), truth.seconds):
        return "time"
    return ""


def _changed_percentage(tube: Acquisition, truth: Truth, thresholds: dict[str, float]) -> bool:
    try:
        found = _percentages(tube, thresholds)
    except (AnalysisError, FcsError):
        return False  # CD3 or CAR cannot be asked for: there is no percentage
    pairs = zip(found, truth.percentages, strict=True)
    return any(not abs(one - other) <= 0.01 for one, other in pairs)


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant."""

    answer: str
    structure: str = ""
    changed: bool = False


def _read(path: Path) -> tuple[Acquisition | None, str]:
    try:
        return read_fcs(path), ""
    except FcsError as error:
        return None, error.code


def _judge(path: Path, truth: Truth, thresholds: dict[str, float]) -> Verdict:
    tube, code = _read(path)
    if tube is None:
        assert code in set(FcsCode)
        return Verdict("refused")
    new = [finding for finding in tube.findings if finding.code not in truth.codes]
    severities = {str(finding.severity) for finding in new}
    answer = next((one for one in ("fail", "warn", "info") if one in severities), "silent")
    return Verdict(
        answer,
        _wrong_structure(tube, truth),
        _changed_percentage(tube, truth, thresholds),
    )


def _table(verdicts: list[tuple[str, Verdict]]) -> str:
    answers = ("refused", "fail", "warn", "info", "silent")
    rows = {
        "all mutants": [v for _, v in verdicts],
        "read with wrong structure": [v for _, v in verdicts if v.structure],
        "read with changed percentage": [v for _, v in verdicts if v.changed],
    }
    lines = [f"{'':30}" + "".join(f"{answer:>9}" for answer in answers) + "      all"]
    for name, members in rows.items():
        counts = Counter(verdict.answer for verdict in members)
        numbers = "".join(f"{counts[answer]:9d}" for answer in answers)
        lines.append(f"{name:30}{numbers}{len(members):9d}")
    return "\n".join(lines)


def _cases(verdicts: list[tuple[str, Verdict]], answer: str) -> str:
    """Return which kinds of mutants change a percentage with this answer."""
    found = Counter(name for name, v in verdicts if v.answer == answer and v.changed)
    return ", ".join(f"{name} ({count})" for name, count in found.most_common(12))


def _run(count: int, seed: int, module: ModuleType, path: Path) -> list[tuple[str, Verdict]]:
    truths = {base.name: _truth(path, base.content(), module) for base in module.bases()}
    verdicts = []
    for base, kind, content in module.some_mutants(count, seed):
        path.write_bytes(content)
        began = time.monotonic()
        verdict = _judge(path, truths[base.name], module.THRESHOLDS)
        assert time.monotonic() - began < 5.0, (base.name, kind)
        verdicts.append((f"{base.name}: {kind}", verdict))
    return verdicts


def _assert_bar(verdicts: list[tuple[str, Verdict]]) -> None:
    """Hold the numbers against the bar; refused mutants count where they would change one."""
    silent = [(name, v) for name, v in verdicts if v.answer == "silent"]
    assert [(name, v.structure) for name, v in silent if v.structure] == []
    refused = sum(verdict.answer == "refused" for _, verdict in verdicts)
    changed = [verdict for _, verdict in verdicts if verdict.changed]
    unseen = sum(verdict.answer == "silent" for verdict in changed)
    assert refused > 0.3 * len(verdicts)  # the mutants do spoil something
    assert unseen <= 0.02 * len(changed)


def test_the_whole_files_are_read_without_a_word(mutants: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "tube.fcs"
    said = {}
    for base in mutants.bases():
        truth = _truth(path, base.content(), mutants)
        said[base.name] = truth.codes
        assert 20.0 < truth.percentages[0] < 60.0, base.name
        assert 20.0 < truth.percentages[1] < 80.0, base.name
    assert said == {
        "f32le": set(), "f32be": set(), "f64le": set(), "u16be": set(), "fcs32": set(),
        "mixed": {"FCS-GAIN"}, "u24le": {"FCS-GAIN"},
    }  # fmt: skip


def test_2000_mutants_are_refused_reported_or_read_as_they_are(
    mutants: ModuleType, tmp_path: Path
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    verdicts = _run(2_000, 20260301, mutants, tmp_path / "tube.fcs")
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024

    print(f"\n{_table(verdicts)}\nsilent: {_cases(verdicts, 'silent')}")  # noqa: T201  # shown by pytest -s
    assert grown_mib < 512
    _assert_bar(verdicts)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_100000_mutants_are_refused_reported_or_read_as_they_are(
    mutants: ModuleType, tmp_path: Path, part: int
) -> None:
    verdicts = _run(10_000, 1_000 + part, mutants, tmp_path / "tube.fcs")

    print(f"\n{_table(verdicts)}")  # noqa: T201  # shown by pytest -s
    _assert_bar(verdicts)
