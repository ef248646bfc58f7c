"""Moving the CAR cut through a whole run: the counts are those of gates drawn there."""

from pathlib import Path

import pytest

import carflow as cf
from carflow import simulate
from carflow.fcs.writer import write_fcs
from carflow.findings import Severity
from carflow.measure import State
from carflow.result.archive import result_from_json, result_to_json
from carflow.result.run import Result

DIM = simulate.Lognormal(1_150.0, 0.35)  # its middle lies at the cut of 1000
BRIGHT = simulate.Lognormal(8_000.0, 0.4)


def write(path: Path, *, car: int, look: simulate.Lognormal, stained: bool = True) -> None:
    counts = {"CD4 CAR T": car, "CD4 T": 2_000 - car, "CD8 T": 800, "granulocyte": 500, "B": 50}
    recipe = simulate.Recipe(
        identity=path.stem, counts=counts, doublets=0, duration_s=30.0, car=look,
        car_stained=stained,
    )  # fmt: skip
    write_fcs(
        path,
        simulate.simulate_tube(recipe),
        channels=simulate.CHANNELS,
        markers=simulate.MARKERS,
        keywords={
            "$CYT": "carflow simulator",
            "$TIMESTEP": "0.01",
            "$SPILLOVER": simulate.spillover_keyword(),
        },
        ranges=[simulate.RANGE] * len(simulate.CHANNELS),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dim cells on day 12 are the most only with the cut as drawn or lower; day 7 is bright."""
    folder = tmp_path_factory.mktemp("cuts")
    write(folder / "d4.fcs", car=100, look=BRIGHT)
    write(folder / "d7.fcs", car=760, look=BRIGHT)
    write(folder / "d12.fcs", car=1_300, look=DIM)
    write(folder / "d14.fcs", car=200, look=BRIGHT)
    write(folder / "fmo.fcs", car=700, look=BRIGHT, stained=False)
    (folder / "samples.csv").write_text(
        "file,sample_id,subject_id,day,sample_type,cd3_per_ul\n"
        "d4.fcs,A,P1,4,patient,500\nd7.fcs,B,P1,7,patient,600\nd12.fcs,C,P1,12,patient,700\n"
        "d14.fcs,D,P1,14,patient,700\nfmo.fcs,E,P1,7,FMO,\n",
        encoding="utf-8",
    )
    return folder


def with_cut(folder: Path, gates_folder: Path, cut: float) -> Result:
    text = (gates_folder / "car_t_blood.toml").read_text(encoding="utf-8")
    moved = text.replace('of = "CAR", low = 1000', f'of = "CAR", low = {cut!r}')
    path = folder / "gates.toml"
    path.write_text(moved, encoding="utf-8")
    return cf.run(cf.read_study(folder / "samples.csv"), cf.read_gates(path))


@pytest.fixture(scope="module")
def result(folder: Path, gates_folder: Path) -> Result:
    return with_cut(folder, gates_folder, 1000.0)


@pytest.mark.parametrize("shift", [-0.1, 0.1])
def test_moved_quantities_are_those_of_gates_that_were_drawn_there(
    folder: Path, gates_folder: Path, result: Result, shift: float
) -> None:
    other = with_cut(folder, gates_folder, 1000.0 * 10**shift)
    compared = 0
    for tube in result.tube_results:
        (moved,) = [one for one in tube.cut_shifts if one.decades == shift]
        for quantity in moved.quantities:
            assert other.tube(tube.sample_id).quantity(quantity.name) == quantity
            compared += 1

    assert compared > 20


def test_the_twins_leave_no_trace_in_the_result_of_the_gates_as_drawn(result: Result) -> None:
    names = {one.population for tube in result.tube_results for one in tube.populations}

    assert not [name for name in names if "decade" in name]
    assert "decade" not in result.provenance.gates[0].gatingml


def test_a_day_that_depends_on_the_cut_warns_and_is_told(result: Result) -> None:
    found = result.subject("P1").cut_of("car_pct_cd3")
    warned = [one for one in result.all_findings if one.code == "QC-CAR-CUT"]

    assert found is not None
    assert [one.tmax.value for one in found.shifted] == [12.0, 7.0]
    assert found.moves_day
    assert [one.severity for one in warned] == [Severity.WARN]
    assert found.sentences[0].endswith("its day depends on where the cut is drawn.")


def test_subjects_and_tubes_of_the_tables_carry_the_moved_values(result: Result) -> None:
    rows = result.subjects
    moved = rows[rows["parameter"].str.contains("_cut_") & (rows["quantity"] == "car_pct_cd3")]

    assert moved["parameter"].tolist() == [
        "cmax_cut_lower", "tmax_cut_lower", "cmax_cut_higher", "tmax_cut_higher",
    ]  # fmt: skip
    assert moved["value"].tolist()[1::2] == [12.0, 7.0]


def test_checks_alone_give_the_same_finding(folder: Path, result: Result) -> None:
    findings = cf.check(cf.read_study(folder / "samples.csv"), cf.read_gates("car_t_blood"))
    told = findings[findings["code"] == "QC-CAR-CUT"]["message"].tolist()

    assert told == [one.message for one in result.all_findings if one.code == "QC-CAR-CUT"]


def test_moved_cuts_survive_the_way_through_json(result: Result) -> None:
    back = result_from_json(result_to_json(result))

    assert back.subject_results == result.subject_results
    assert back.tube_results == result.tube_results


def test_a_polygon_is_not_moved_and_says_so(folder: Path, gates_folder: Path) -> None:
    text = (gates_folder / "car_t_blood.toml").read_text(encoding="utf-8")
    drawn = (
        'polygon = { x = "CD3", y = "CAR", vertices = '
        "[[1500, 1000], [200000, 1000], [200000, 200000], [1500, 200000]] }"
    )
    path = folder / "polygon.toml"
    path.write_text(text.replace('interval = { of = "CAR", low = 1000 }', drawn), encoding="utf-8")
    result = cf.run(cf.read_study(folder / "samples.csv"), cf.read_gates(path))
    found = result.subject("P1").cut_of("car_pct_cd3")

    assert found is not None
    assert (found.reason, found.shifted) == ("NO_CUT", ())
    assert all(tube.cut_shifts == () for tube in result.tube_results)
    assert [one.severity for one in result.all_findings if one.code == "QC-CAR-CUT"] == ["info"]


def test_two_tubes_of_one_visit_are_moved_together(folder: Path, result: Result) -> None:
    sheet = (folder / "samples.csv").read_text(encoding="utf-8")
    (folder / "d12b.fcs").write_bytes((folder / "d12.fcs").read_bytes())
    (folder / "twice.csv").write_text(sheet + "d12b.fcs,C2,P1,12,patient,700\n", encoding="utf-8")
    twice = cf.run(cf.read_study(folder / "twice.csv"), cf.read_gates("car_t_blood"))
    single, double = (
        one.subject("P1").cut_of("car_pct_cd3").shifted[0].curve  # type: ignore[union-attr]  # it is there
        for one in (result, twice)
    )

    assert [point.measure.value for point in double.points] == pytest.approx(
        [point.measure.value for point in single.points]
    )
    assert {point.measure.state for point in double.points} == {State.QUANT}
