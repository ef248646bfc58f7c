"""One tube end to end: what compensation left, and what removal does to every number."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import carflow as cf
from carflow import simulate
from carflow.cleaning.stability import RemovedInterval
from carflow.cleaning.watch import assess_stability
from carflow.fcs.writer import write_fcs
from carflow.findings import Severity
from carflow.gating.strategy import Strategy
from carflow.reasons import Reason
from carflow.result.run import Result

HEADER = "file,sample_id,subject_id,day,sample_type,beads_per_tube,blood_ul,total_ul,wbc_1e9_l\n"
COUNTS = {
    "CD4 CAR T": 900, "CD8 CAR T": 900, "CD4 T": 2_000, "CD8 T": 1_400, "NK": 500, "B": 200,
    "monocyte": 600, "granulocyte": 2_500, "dead": 300, "debris": 900, "bead": 1_500,
}  # fmt: skip


@pytest.fixture(scope="module")
def gates() -> Strategy:
    return cf.read_gates("car_t_blood")


def write(
    path: Path,
    *,
    matrix: np.ndarray = simulate.SPILLOVER,
    spoil: Callable[[np.ndarray], np.ndarray] = lambda events: events,
    minute: int = 0,
) -> None:
    recipe = simulate.Recipe(identity=path.stem, counts=COUNTS, doublets=200, duration_s=60.0)
    numbers = ",".join(f"{value:g}" for value in matrix.ravel())
    write_fcs(
        path,
        spoil(simulate.simulate_tube(recipe)),
        channels=simulate.CHANNELS,
        markers=simulate.MARKERS,
        keywords={
            "$TIMESTEP": "0.01",
            "$SPILLOVER": f"7,{','.join(simulate.DETECTORS)},{numbers}",
            "$DATE": "05-MAR-2001",
            "$BTIM": f"10:{minute:02}:00.00",
            "$ETIM": f"10:{minute + 1:02}:00.00",
            "$VOL": "60000",
        },
        ranges=[simulate.RANGE] * len(simulate.CHANNELS),
    )


def run(folder: Path, gates: Strategy, *names: str) -> Result:
    rows = [
        f"{name}.fcs,{name},P1,{day},patient,50000,100,1000,5"
        for day, name in enumerate(names, start=1)
    ]
    (folder / "samples.csv").write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    return cf.run(cf.read_study(folder / "samples.csv"), gates)


def value(result: Result, sample_id: str, name: str) -> float:
    quantity = result.tube(sample_id).quantity(name)
    assert quantity is not None
    assert quantity.measure.value is not None
    return quantity.measure.value


def test_one_wrong_coefficient_is_found_in_its_tube_alone(tmp_path: Path, gates: Strategy) -> None:
    wrong = simulate.SPILLOVER.copy()
    wrong[4, 3] -= 0.03  # of CAR into CD8
    for name in ("a", "b", "c"):
        write(tmp_path / f"{name}.fcs")
    write(tmp_path / "d.fcs", matrix=wrong)
    found = {
        one.sample_id: one
        for one in run(tmp_path, gates, "a", "b", "c", "d").all_findings
        if one.code == "QC-RESIDUAL"
    }

    assert [found[name].severity for name in "abcd"] == [*[Severity.PASS] * 3, Severity.FAIL]
    assert found["d"].value == pytest.approx(0.03, abs=0.006)
    assert "of R660-A (CAR) in R780-A (CD8)" in found["d"].message


def test_too_much_compensation_pushes_t_cells_below_the_negatives(
    tmp_path: Path, gates: Strategy
) -> None:
    wrong = simulate.SPILLOVER.copy()
    wrong[4, 3] += 0.08  # of CAR into CD8
    write(tmp_path / "a.fcs")
    write(tmp_path / "b.fcs", matrix=wrong)
    sound, much = (
        one
        for one in sorted(run(tmp_path, gates, "a", "b").all_findings, key=lambda f: f.sample_id)
        if one.code == "QC-FAR-NEGATIVE"
    )

    assert (sound.severity, much.severity) == (Severity.PASS, Severity.FAIL)
    assert "R780-A (CD8): compensated too much" in much.message


def test_a_tube_stained_with_half_of_an_antibody_is_named_and_no_other(
    tmp_path: Path, gates: Strategy
) -> None:
    def half_stained(events: np.ndarray) -> np.ndarray:
        dim: np.ndarray = events.copy()
        dim[:, simulate.CHANNELS.index("B515-A")] *= 0.5
        return dim

    for minute, name in enumerate("abcde"):
        write(tmp_path / f"{name}.fcs", minute=2 * minute)
    write(tmp_path / "f.fcs", minute=12, spoil=half_stained)
    found = {
        one.sample_id: one
        for one in run(tmp_path, gates, *"abcdef").all_findings
        if one.code == "QC-BRIGHTNESS"
    }

    assert [name for name, one in found.items() if one.severity is Severity.WARN] == ["f"]
    assert found["f"].message.startswith("Not as bright as usual in the batch: CD3 of CD3+ 0.4")


def test_cells_of_the_tube_before_are_found_in_the_first_events(
    tmp_path: Path, gates: Strategy
) -> None:
    def carried_over(events: np.ndarray) -> np.ndarray:
        spoilt: np.ndarray = events.copy()
        car = spoilt[:, simulate.CHANNELS.index("R660-A")]
        none = (car > 700) & (spoilt[:, -1] > 250)  # after the first 2.5 s no CAR is left
        car[none] = 100.0
        return spoilt

    write(tmp_path / "a.fcs")
    write(tmp_path / "b.fcs", spoil=carried_over, minute=5)
    found = {
        one.sample_id: one.severity
        for one in run(tmp_path, gates, "a", "b").all_findings
        if one.code == "QC-CARRY-OVER"
    }

    assert found == {"b": Severity.FAIL}


def stepped(events: np.ndarray) -> np.ndarray:
    """Take most of the CAR's light, and some of another channel, from 20 to 30 s."""
    spoilt: np.ndarray = events.copy()
    where = (events[:, -1] >= 2_000) & (events[:, -1] < 3_000)
    spoilt[where, simulate.CHANNELS.index("R660-A")] *= 0.05
    spoilt[where, simulate.CHANNELS.index("V450-A")] *= 0.6
    return spoilt


def clogged(events: np.ndarray) -> np.ndarray:
    """The same, while four of five events are kept from passing."""
    spoilt = stepped(events)
    inside = (events[:, -1] >= 2_000) & (events[:, -1] < 3_000)
    passed: np.ndarray = spoilt[~inside | (np.arange(len(events)) % 5 == 0)]
    return passed


def test_disturbed_stretches_are_judged_and_stay_unless_removal_is_asked_for(
    tmp_path: Path, gates: Strategy
) -> None:
    write(tmp_path / "a.fcs", spoil=stepped)
    judged = run(tmp_path, gates, "a")
    removed = run(tmp_path, replace(gates, disturbed="remove"), "a")
    (stretch,) = judged.intervals.to_dict("records")
    (gone,) = removed.intervals.to_dict("records")

    assert (stretch["removed"], gone["removed"]) == ("no", "yes")
    assert (stretch["first_s"], stretch["last_s"]) == pytest.approx((20.0, 30.0), abs=0.5)
    assert judged.samples["n_removed"].tolist() == [0]
    assert removed.samples["n_removed"].tolist() == [gone["events"]]
    assert removed.samples["n_events"].tolist() == judged.samples["n_events"].tolist()
    for result, told in ((judged, "they stay in the numbers"), (removed, "they were left out")):
        (finding,) = [one for one in result.all_findings if one.code == "QC-TIME-STABILITY"]
        assert told in finding.message
        assert finding.severity is Severity.WARN


def test_a_drift_is_told_and_costs_no_event_where_removal_is_asked_for(
    tmp_path: Path, gates: Strategy
) -> None:
    def fading(events: np.ndarray) -> np.ndarray:
        spoilt: np.ndarray = events.copy()
        late = np.clip((events[:, -1] / 6_000.0 - 0.4) / 0.6, 0.0, 1.0)
        for name in ("R660-A", "V450-A", "SSC-A"):
            spoilt[:, simulate.CHANNELS.index(name)] *= 1.0 - 0.5 * late
        return spoilt

    write(tmp_path / "a.fcs", spoil=fading)
    removing = run(tmp_path, replace(gates, disturbed="remove"), "a")

    assert removing.samples["n_removed"].tolist() == [0]
    (finding,) = [one for one in removing.all_findings if one.code == "QC-TIME-DRIFT"]
    assert finding.severity is Severity.WARN


def test_more_than_half_of_a_tube_is_never_left_out(
    tmp_path: Path, gates: Strategy, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.fcs")
    stretch = RemovedInterval(
        first_event=100, stop_event=9_000, first_s=1.0, last_s=55.0, channels=("R660-A",)
    )
    told = replace(assess_stability(cf.read_fcs(tmp_path / "a.fcs")), removed=(stretch,))
    monkeypatch.setattr("carflow.measured.assess_stability", lambda _: told)

    judged = run(tmp_path, gates, "a")
    removing = run(tmp_path, replace(gates, disturbed="remove"), "a")

    assert removing.samples["n_removed"].tolist() == [0]
    assert removing.intervals["removed"].tolist() == ["no"]
    assert value(removing, "a", "car_per_ul_vol") == value(judged, "a", "car_per_ul_vol")
    (finding,) = [one for one in removing.all_findings if one.code == "QC-TIME-STABILITY"]
    assert finding.severity is Severity.FAIL
    assert finding.message.endswith("More than 50 % of a tube are never left out.")


def test_removal_brings_the_percentage_back_and_leaves_the_counts_of_blood_alone(
    tmp_path: Path, gates: Strategy
) -> None:
    removing = replace(gates, disturbed="remove")
    write(tmp_path / "a.fcs")
    sound = run(tmp_path, gates, "a")
    write(tmp_path / "a.fcs", spoil=stepped)
    judged, removed = run(tmp_path, gates, "a"), run(tmp_path, removing, "a")

    truth = value(sound, "a", "car_pct_cd3")
    assert abs(value(judged, "a", "car_pct_cd3") - truth) > 1.0
    assert value(removed, "a", "car_pct_cd3") == pytest.approx(truth, abs=0.7)
    # cells and beads, or cells and time, are removed together
    for name in ("car_per_ul_beads", "car_per_ul_vol", "car_per_ul_wbc"):
        assert value(removed, "a", name) == pytest.approx(value(sound, "a", name), rel=0.06)
    share = removed.tube("a").populations
    top = next(one for one in share if not one.parent)
    kept = int(removed.samples["n_events"][0] - removed.samples["n_removed"][0])
    row = removed.populations.set_index("population").loc[top.population]
    assert row["pct_of_parent"] == pytest.approx(100.0 * top.count / kept)


def test_a_count_by_volume_does_not_exist_where_a_clog_was_removed(
    tmp_path: Path, gates: Strategy
) -> None:
    write(tmp_path / "a.fcs", spoil=clogged)
    removed = run(tmp_path, replace(gates, disturbed="remove"), "a")
    by_volume = removed.tube("a").quantity("car_per_ul_vol")

    assert by_volume is not None
    assert by_volume.measure.reason is Reason.VOLUME_OF_REMOVED
    assert value(removed, "a", "car_per_ul_beads") > 0.0


def test_a_steady_tube_is_the_same_with_removal(tmp_path: Path, gates: Strategy) -> None:
    write(tmp_path / "a.fcs")
    plain = run(tmp_path, gates, "a")
    removing = run(tmp_path, replace(gates, disturbed="remove"), "a")

    assert removing.tube_results == plain.tube_results
    assert removing.all_findings == plain.all_findings


def test_the_file_is_never_rewritten(tmp_path: Path, gates: Strategy) -> None:
    write(tmp_path / "a.fcs", spoil=stepped)
    before = (tmp_path / "a.fcs").read_bytes()
    run(tmp_path, replace(gates, disturbed="remove"), "a")

    assert (tmp_path / "a.fcs").read_bytes() == before
