"""Gates found, frozen and applied: on the sample course, whose truth is known."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

import carflow as cf
from carflow import simulate
from carflow.errors import GatesError
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.block import Block
from carflow.fcs.writer import write_fcs
from carflow.gate_fit import fit_gates
from carflow.gating.freezing import frozen_for, strategy_of_lock
from carflow.gating.gatingml import gatingml_text
from carflow.gating.gatingml_reader import parse_gatingml
from carflow.gating.lock import Coordinates, Lock, Override, lock_text, parse_locks
from carflow.gating.reading import read_lock
from carflow.gating.shapes import Interval, Quadrant
from carflow.gating.strategy import Strategy
from carflow.report.tables import public_tables
from carflow.result.run import Result
from carflow.study.model import Study

AUTO = "car_t_blood_auto"


@pytest.fixture(scope="module")
def study(sample_fcs: Path) -> Study:
    return cf.read_study(sample_fcs / "samples.csv")


@pytest.fixture(scope="module")
def gates(study: Study) -> Strategy:
    return fit_gates(study, cf.read_gates(AUTO))


@pytest.fixture(scope="module")
def lock(gates: Strategy) -> Lock:
    assert gates.lock is not None
    return gates.lock


@pytest.fixture(scope="module")
def result(study: Study, gates: Strategy) -> Result:
    return cf.run(study, gates)


def test_every_gate_of_the_sample_course_is_found(lock: Lock) -> None:
    looked_for = [one for one in lock.gates if one.n_events]

    assert len(looked_for) == 9 * 9 + 1
    assert [one for one in looked_for if one.fallback] == []
    assert all(one.quality is None or one.quality > 0.8 for one in looked_for)


def test_found_gates_give_the_true_percentages(result: Result, sample_fcs: Path) -> None:
    with (sample_fcs / "truth.csv").open(encoding="utf-8", newline="") as stream:
        truth = {row["sample_id"]: float(row["car_pct_cd3"]) for row in csv.DictReader(stream)}

    for tube in result.tube_results:
        quantity = tube.quantity("car_pct_cd3")
        assert quantity is not None
        assert quantity.measure.value == pytest.approx(truth[tube.sample_id], abs=0.4)


def test_one_cut_serves_the_whole_batch_and_car_negative_ends_there(
    study: Study, gates: Strategy, lock: Lock
) -> None:
    [cut] = [one for one in lock.gates if one.population == "CAR+"]
    assert cut.donors == ("P01-pre", "P01-d12-FMO")
    assert (cut.sample_id, cut.subject_id, cut.percentile) == ("", "", 99.9)

    for tube in study.tubes:
        own = frozen_for(
            gates, sample_id=tube.sample_id, subject_id=tube.subject_id, batch=cut.batch
        )
        positive, negative = own.find("CAR+").shape, own.find("CAR-").shape
        stained, cell = own.find("CD4 stained").shape, own.find("CAR+/CD4+").shape
        assert isinstance(positive, Interval)
        assert isinstance(negative, Interval)
        assert isinstance(stained, Interval)
        assert isinstance(cell, Quadrant)
        assert positive.low == negative.high
        assert positive == gates.find("CAR+").shape
        assert cell.lows[0] == stained.low


def test_the_fit_does_not_depend_on_jobs_nor_on_the_order_of_the_sheet(
    study: Study, lock: Lock
) -> None:
    assert fit_gates(study, cf.read_gates(AUTO), jobs=2).lock == lock

    turned = replace(study, tubes=study.tubes[::-1])
    other = fit_gates(turned, cf.read_gates(AUTO)).lock
    assert other is not None
    where = {(one.population, one.sample_id): one.coordinates for one in other.gates}
    assert where == {(one.population, one.sample_id): one.coordinates for one in lock.gates}


def test_a_lock_written_and_read_is_the_same_and_gates_the_same(
    study: Study, lock: Lock, result: Result, tmp_path: Path
) -> None:
    path = tmp_path / "gates.lock.json"
    path.write_text(lock_text((lock,)), encoding="utf-8")
    assert parse_locks(path.read_text(encoding="utf-8")) == (lock,)

    [again] = read_lock(path)
    second = cf.run(study, again)

    assert public_tables(second) == public_tables(result)


def test_each_sample_exports_to_gating_ml_and_reads_back_to_the_same_events(
    study: Study, gates: Strategy, lock: Lock
) -> None:
    for tube in study.tubes[:3]:
        acquisition = cf.read_fcs(tube.path)
        own = frozen_for(
            gates,
            sample_id=tube.sample_id,
            subject_id=tube.subject_id,
            batch=lock.tubes[0].batch,
        )
        before = cf.gate(acquisition, own)
        after = cf.gate(acquisition, parse_gatingml(gatingml_text(own, before.channels).encode()))
        for name in own.short_names():
            assert (before.mask(name) == after.mask(name)).all(), name


def course_with(sample_fcs: Path, folder: Path, extra: str) -> Path:
    """Copy the course and add a late tube: the one of day 21 under another name and day."""
    shutil.copytree(sample_fcs, folder)
    shutil.copy(folder / "P01_d21.fcs", folder / "late.fcs")
    sheet = folder / "samples.csv"
    text = sheet.read_text(encoding="utf-8").rstrip("\n")
    # the rest of the row is empty
    padding = "," * (text.splitlines()[0].count(",") - extra.count(","))
    sheet.write_text(f"{text}\n{extra}{padding}\n", encoding="utf-8")
    return sheet


LATE = "late.fcs,P02-d09,P02,9,patient,car_t_blood"


def test_a_late_tube_leaves_every_other_number_byte_identical(
    sample_fcs: Path, gates: Strategy, result: Result, tmp_path: Path
) -> None:
    study = cf.read_study(course_with(sample_fcs, tmp_path / "course", LATE))
    later = cf.run(study, gates)

    for name in ("quantities", "populations"):
        before = getattr(result, name).to_csv(index=False)
        frame = getattr(later, name)
        assert (frame["sample_id"] == "P02-d09").any()
        assert frame[frame["sample_id"] != "P02-d09"].to_csv(index=False) == before
    [finding] = [one for one in later.all_findings if one.code == "QC-GATE-LATE"]
    assert finding.message == (
        "The gates were frozen without this tube: it has those of its batch."
    )
    assert (finding.sample_id, finding.severity) == ("P02-d09", "info")


def test_a_late_tube_of_unknown_settings_is_warned_of(study: Study, lock: Lock) -> None:
    other = replace(lock, tubes=tuple(replace(one, sample_id="x") for one in lock.tubes))
    other = replace(
        other, gates=tuple(replace(one, batch="b" * 12) for one in lock.gates),
        tubes=tuple(replace(one, batch="b" * 12) for one in other.tubes),
    )  # fmt: skip
    few = replace(study, tubes=study.tubes[:1])

    found = cf.run(few, strategy_of_lock(other)).all_findings

    [finding] = [one for one in found if one.code == "QC-GATE-LATE"]
    assert finding.message == (
        "The gates were frozen without this tube, and no batch of the lock has its cytometer, "
        "voltages and reagent: it has the gates of the largest batch."
    )


def test_a_template_is_fitted_by_run_and_its_lock_written(study: Study, tmp_path: Path) -> None:
    few = replace(study, tubes=(study.tubes[0], study.tubes[4]))
    result = cf.run(few, cf.read_gates(AUTO))
    cf.write_outputs(result, tmp_path / "out")
    path = tmp_path / "out" / "gates.lock.json"

    again = cf.run(few, cf.read_gates(path))

    assert public_tables(again) == public_tables(result)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert [one["file"] for one in document["gates"]] == ["gates/P01-pre.xml", "gates/P01-d12.xml"]
    own = parse_gatingml((tmp_path / "out" / "gates" / "P01-d12.xml").read_bytes())
    counts = cf.gate(cf.read_fcs(study.tubes[4].path), own).counts
    assert dict(counts) == {one.population: one.count for one in result.tube("P01-d12").populations}


def test_fixed_gates_run_again_from_their_lock(study: Study, tmp_path: Path) -> None:
    few = replace(study, tubes=study.tubes[:1])
    result = cf.run(few, cf.read_gates("car_t_blood"))
    cf.write_outputs(result, tmp_path / "out")

    again = cf.run(few, cf.read_gates(tmp_path / "out" / "gates.lock.json"))

    assert public_tables(again) == public_tables(result)


def test_an_override_moves_one_gate_of_one_sample_and_stays_listed(
    study: Study, result: Result
) -> None:
    by_hand = Override(
        population="CD3+",
        sample_id="P01-d07",
        coordinates=Coordinates(low=12_000.0),
        reason="drawn by hand",
    )
    fitted = fit_gates(study, cf.read_gates(AUTO), overrides=[by_hand])
    moved = cf.run(study, fitted)

    [finding] = [one for one in moved.all_findings if one.code == "QC-GATE-OVERRIDE"]
    assert finding.message == "CD3+ was set by hand, from 12,000: drawn by hand."
    assert finding.sample_id == "P01-d07"
    for tube in result.tube_results:
        cells = {one.population: one.count for one in tube.populations}
        others = {one.population: one.count for one in moved.tube(tube.sample_id).populations}
        same = cells["CD3+"] == others["CD3+"]
        assert same == (tube.sample_id != "P01-d07")


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        (
            Override(population="CD33", coordinates=Coordinates(low=1.0), reason="r"),
            'override of "CD33": population "CD33" is not defined',
        ),
        (
            Override(
                population="CD3+", sample_id="P9", coordinates=Coordinates(low=1.0), reason="r"
            ),
            'override of "CD3+": sample "P9" is not among those of the lock',
        ),
        (
            Override(population="singlets", coordinates=Coordinates(low=1.0), reason="r"),
            'override of "singlets": its gate is no interval but of the kind polygon',
        ),
    ],
)
def test_an_override_that_cannot_be_used_is_refused_before_the_work(
    study: Study, override: Override, sentence: str
) -> None:
    with pytest.raises(GatesError) as raised:
        fit_gates(study, cf.read_gates(AUTO), overrides=[override])

    assert str(raised.value).startswith(sentence)


def test_only_templates_can_be_fitted(study: Study) -> None:
    drawn = parse_gatingml(gatingml_text(cf.read_gates("car_t_blood")).encode())

    with pytest.raises(GatesError) as raised:
        fit_gates(study, drawn)

    assert str(raised.value) == (
        "car_t_blood: only gates of a template (.toml) can be fitted and frozen (give the "
        "template, not Gating-ML or a workspace)"
    )


def test_without_controls_the_drawn_cut_is_taken_and_said(study: Study) -> None:
    few = replace(study, tubes=tuple(one for one in study.tubes if one.sample_type == "patient"))
    result = cf.run(few, cf.read_gates(AUTO))

    [finding] = [one for one in result.all_findings if one.code == "QC-CONTROL-CUT"]
    assert finding.severity == "warn"
    assert finding.message == (
        "CAR+ from 1,000: the gate drawn in the template, because no tube of the study shows "
        "where it lies."
    )


def test_a_changed_file_keeps_its_gates_and_is_warned_of(study: Study, lock: Lock) -> None:
    changed = replace(lock, tubes=tuple(replace(one, sha256="0" * 64) for one in lock.tubes))
    few = replace(study, tubes=study.tubes[:1])

    found = cf.run(few, strategy_of_lock(changed)).all_findings

    assert [one.sample_id for one in found if one.code == "QC-GATE-CHANGED"] == ["P01-pre"]


def test_found_beads_are_those_of_the_drawn_gate(study: Study, result: Result) -> None:
    def n_beads(found: Result) -> list[int]:
        return [
            one.count
            for tube in found.tube_results
            for one in tube.populations
            if one.population == "beads"
        ]

    assert n_beads(result) == n_beads(cf.run(study, cf.read_gates("car_t_blood")))


def test_beads_are_looked_for_only_where_the_sheet_gives_their_number(study: Study) -> None:
    tubes = tuple(
        replace(one, beads_per_tube=None, beads_added_ul=None)
        if one.sample_id != "P01-d12"
        else one
        for one in study.tubes
    )
    found = fit_gates(replace(study, tubes=tubes), cf.read_gates(AUTO))

    assert found.lock is not None
    gates = [one for one in found.lock.gates if one.population == "beads"]
    assert [(one.sample_id, one.fallback) for one in gates] == [
        ("P01-d12", ""), ("", "batch median"),
    ]  # fmt: skip
    assert gates[0].coordinates == gates[1].coordinates


def test_a_tube_is_read_once_in_each_round_whatever_is_looked_for(
    study: Study, lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: Counter[str] = Counter()
    blocks = Acquisition.blocks

    def counted(self: Acquisition, names: Sequence[str], *, events: int) -> Iterator[Block]:
        passes[self.path.name] += 1
        return blocks(self, names, events=events)

    monkeypatch.setattr(Acquisition, "blocks", counted)
    again = fit_gates(study, cf.read_gates(AUTO)).lock

    # singlets, cells, viable and CD45+, lymphocytes, CD3+, and last CAR, CD4 and CD8 together
    assert set(passes.values()) == {6}
    assert again == lock


def test_gates_are_looked_for_without_the_stretches_that_a_run_leaves_out(tmp_path: Path) -> None:
    recipe = simulate.Recipe(
        identity="disturbed", counts={"CD4 T": 9_000, "monocyte": 5_000}, doublets=300,
        duration_s=60.0,
    )  # fmt: skip
    events = simulate.simulate_tube(recipe)
    time = events[:, -1] * simulate.TIMESTEP_S
    clog = (time >= 20.0) & (time < 30.0)
    for channel in ("V450-A", "B515-A"):
        events[clog, simulate.CHANNELS.index(channel)] *= 0.3
    write_fcs(
        tmp_path / "a.fcs", events, channels=simulate.CHANNELS, markers=simulate.MARKERS,
        keywords={"$TIMESTEP": f"{simulate.TIMESTEP_S:g}"},
        ranges=[simulate.RANGE] * len(simulate.CHANNELS),
    )  # fmt: skip
    sheet = tmp_path / "samples.csv"
    sheet.write_text(
        "file,sample_id,subject_id,day,sample_type\na.fcs,A,P,1,patient\n", encoding="utf-8"
    )
    study, template = cf.read_study(sheet), cf.read_gates(AUTO)

    def events_of_singlets(disturbed: Literal["judge", "remove"]) -> int:
        lock = fit_gates(study, replace(template, disturbed=disturbed)).lock
        assert lock is not None
        return next(one.n_events for one in lock.gates if one.population == "singlets")

    whole, kept = events_of_singlets("judge"), events_of_singlets("remove")
    after = np.count_nonzero(time >= 0.5)
    assert whole == pytest.approx(after, rel=0.01)
    assert kept == pytest.approx(after - np.count_nonzero(clog), rel=0.03)
