from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import carflow as cf
from carflow.errors import ExitCode, GatesError
from carflow.gating.strategy import Strategy
from carflow.gating.template import parse_template
from carflow.measure import Measure, State
from carflow.reasons import Reason
from carflow.report.page import report_html
from carflow.result.archive import result_from_json, result_to_json
from carflow.result.run import Result
from carflow.study.model import Study

WriteTube = Callable[..., Path]
HEADER = "file,sample_id,subject_id,day,sample_type,panel_id,exclude_reason,volume_unit_override\n"


@pytest.fixture(scope="module")
def gates(gates_folder: Path) -> Strategy:
    return cf.read_gates(gates_folder / "car_t_blood.toml")


def study_of(folder: Path, *lines: str) -> Study:
    (folder / "samples.csv").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    return cf.read_study(folder / "samples.csv")


def reason_of(result: object, sample_id: str, name: str) -> str:
    quantity = result.tube(sample_id).quantity(name)  # type: ignore[attr-defined]  # a Result
    assert quantity is not None
    return str(quantity.measure.reason)


def test_an_excluded_row_is_not_read_and_says_so(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs")
    study = study_of(tmp_path, "a.fcs,A,P1,4,patient,,,", "gone.fcs,B,P1,7,patient,,clotted tube,")
    result = cf.run(study, gates)

    assert reason_of(result, "B", "car_pct_cd3") == Reason.EXCLUDED_BY_USER
    assert result.tube("B").failure is None
    assert result.exit_code is not ExitCode.SOME_TUBES_FAILED


def test_each_tube_takes_the_gates_of_its_panel(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs", identity="a")
    write_tube(tmp_path / "b.fcs", identity="b")
    other = parse_template(
        'format = 1\nname = "scatter"\npanel = "scatter"\ncompensation = "none"\n'
        '[scales]\ns = { type = "linear" }\n'
        '[markers]\n"FSC-A" = "s"\n[[population]]\nname = "cells"\n'
        'interval = { of = "FSC-A", low = 28000 }\n[roles]\ncells = "cells"\n'
    )
    study = study_of(
        tmp_path, "a.fcs,A,P1,4,patient,car_t_blood,,", "b.fcs,B,P1,7,patient,scatter,,"
    )
    result = cf.run(study, [gates, other])

    assert [tube.gates_name for tube in result.tube_results] == ["car_t_blood", "scatter"]
    assert reason_of(result, "B", "car_pct_cd3") == Reason.NO_POPULATION


def test_a_tube_whose_panel_has_no_gates_stops_before_anything_is_read(
    tmp_path: Path, gates: Strategy
) -> None:
    study = study_of(tmp_path, "a.fcs,A,P1,4,patient,tbnk,,")

    with pytest.raises(GatesError) as caught:
        cf.run(study, [gates, gates])

    assert str(caught.value) == (
        'sample A has the panel_id "tbnk", for which there are 0 gate files (the gate files '
        'given are for the panels "car_t_blood", "car_t_blood"; each tube needs exactly one)'
    )


def test_nothing_read_at_all_is_unusable_input(tmp_path: Path, gates: Strategy) -> None:
    result = cf.run(study_of(tmp_path, "gone.fcs,A,P1,4,patient,,,"), gates)

    assert result.exit_code is ExitCode.UNUSABLE_INPUT


def test_tubes_are_reported_as_they_are_done_and_results_keep_the_sheets_order(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs", identity="a")
    study = study_of(tmp_path, "gone.fcs,Z,P1,4,patient,,,", "a.fcs,A,P1,7,patient,,,")
    seen: list[tuple[str, bool]] = []
    result = cf.run(
        study, gates, tube_done=lambda tube, error: seen.append((tube.sample_id, error is None))
    )

    assert seen == [("Z", False), ("A", True)]
    assert [tube.sample_id for tube in result.tube_results] == ["Z", "A"]


def test_a_curve_that_is_all_below_the_laboratorys_limit_still_says_so(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs", identity="a")
    write_tube(tmp_path / "b.fcs", identity="b")
    (tmp_path / "samples.csv").write_text(
        "file,sample_id,subject_id,day,sample_type,copies_per_ug\n"
        "a.fcs,A,P1,4,patient,<50\nb.fcs,B,P1,7,patient,<50\n",
        encoding="utf-8",
    )
    result = cf.run(cf.read_study(tmp_path / "samples.csv"), gates)
    kinetics = result.subject("P1").kinetics_of("copies_per_ug")

    assert kinetics is not None
    assert kinetics.sentences[0] == (
        "No expansion was detected: every value lies below the limit of quantification."
    )


def test_time_that_cannot_be_used_warns_and_costs_no_percentage(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs", TIMESTEP=None)
    result = cf.run(study_of(tmp_path, "a.fcs,A,P1,4,patient,,,"), gates)
    found = result.tube("A").quantity("car_pct_cd3")

    assert found is not None
    assert found.measure.value == pytest.approx(100 * 400 / 1800, abs=0.5)
    assert "QC-TIME-GATE" in set(result.findings["code"])


def test_the_gates_are_kept_as_applied_by_channel(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs")
    result = cf.run(study_of(tmp_path, "a.fcs,A,P1,4,patient,,,"), gates)
    (used,) = result.provenance.gates

    assert 'fcs-dimension data-type:name="R660-A"' in used.gatingml
    assert used.sha256 == gates.sha256


def test_saturated_events_are_counted_on_the_way_to_the_gates(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    from carflow.cleaning.watch import WatchedTube
    from carflow.fcs.reader import read_fcs
    from carflow.gating.engine import gate

    tube = read_fcs(write_tube(tmp_path / "a.fcs"))
    watch = WatchedTube(tube)
    watched, plain = gate(watch, gates), gate(tube, gates)
    on_margin = int((tube.column("FSC-A") >= 262143.0).sum())

    assert watched.counts == plain.counts
    assert on_margin > 0
    assert watch.saturated_shares()["FSC-A"] == pytest.approx(on_margin / tube.n_events)
    assert "Time" not in watch.saturated_shares()


def test_check_is_the_findings_of_run(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs")
    study = study_of(tmp_path, "a.fcs,A,P1,4,patient,,,")

    assert cf.check(study, gates).equals(cf.run(study, gates).findings)


def test_check_without_gates_leaves_out_what_needs_a_population(
    tmp_path: Path, write_tube: WriteTube
) -> None:
    write_tube(tmp_path / "a.fcs")
    codes = set(cf.check(study_of(tmp_path, "a.fcs,A,P1,4,patient,,,"))["code"])

    assert "QC-EVENTS" in codes
    assert "QC-CD3-EVENTS" not in codes


def test_two_tubes_of_one_visit_are_one_point_made_of_their_summed_counts(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs", identity="a", car=400)
    write_tube(tmp_path / "b.fcs", identity="b", car=800)
    rows = ("a.fcs,A,P1,7,patient,car_t_blood,,", "b.fcs,B,P1,7,patient,car_t_blood,,")
    result = cf.run(study_of(tmp_path, *rows), gates)
    curve = result.subject("P1").curve_of("car_pct_cd3")
    single = [result.tube(name).quantity("car_pct_cd3") for name in ("A", "B")]

    assert curve is not None
    (point,) = curve.points
    events = sum(one.n_numerator or 0 for one in single if one)
    of = sum(one.n_denominator or 0 for one in single if one)
    assert point.measure.value == pytest.approx(100 * events / of)


def test_tubes_of_one_visit_with_other_settings_are_not_merged(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs", identity="a", P5V="450")
    write_tube(tmp_path / "b.fcs", identity="b", P5V="500")
    rows = ("a.fcs,A,P1,7,patient,car_t_blood,,", "b.fcs,B,P1,7,patient,car_t_blood,,")
    result = cf.run(study_of(tmp_path, *rows), gates)

    assert result.subject("P1").curve_of("car_pct_cd3") is None


def test_the_stain_index_comes_from_the_robust_spread_of_the_negatives(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs")
    result = cf.run(study_of(tmp_path, "a.fcs,A,P1,7,patient,,,"), gates)
    found = {one.name: one.measure.value for one in result.tube("A").quantities}

    # a bright reagent: 9,000 against a background that spreads by about 100
    assert found["car_stain_index"] is not None
    assert 20.0 < found["car_stain_index"] < 100.0


def told(folder: Path, header: str, cells: str, gates: Strategy) -> Result:
    (folder / "samples.csv").write_text(
        f"file,sample_id,subject_id,day,sample_type,panel_id,{header}\n"
        f"a.fcs,A,P1,7,patient,car_t_blood,{cells}\n",
        encoding="utf-8",
    )
    return cf.run(cf.read_study(folder / "samples.csv"), gates)


def measure_of(result: Result, name: str) -> Measure:
    quantity = result.tube("A").quantity(name)
    assert quantity is not None
    return quantity.measure


def test_a_limit_in_cells_per_ul_comes_from_the_gates_and_the_sheet_overrules_it(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs")
    validated = replace(gates, limits=replace(gates.limits, lloq_cells_per_ul=1e6))
    blood = "wbc_1e9_l", "2.1"

    plain = measure_of(told(tmp_path, *blood, gates), "car_per_ul_wbc")
    limited = measure_of(told(tmp_path, *blood, validated), "car_per_ul_wbc")
    own = told(tmp_path, "wbc_1e9_l,lloq_cells_per_ul", "2.1,1", validated)

    assert plain.state is State.QUANT
    assert (limited.state, limited.reason) == (State.DET_BLQ, Reason.BELOW_LLOQ)
    assert limited.value == plain.value
    assert measure_of(own, "car_per_ul_wbc").state is State.QUANT


def test_the_cvs_of_the_gates_widen_the_counts(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs")
    varied = replace(gates, limits=replace(gates.limits, cv_cbc=0.3, cv_cbc_low=0.3))
    blood = "wbc_1e9_l", "2.1"

    plain = measure_of(told(tmp_path, *blood, gates), "car_per_ul_wbc")
    wide = measure_of(told(tmp_path, *blood, varied), "car_per_ul_wbc")

    assert (wide.high or 0) > 1.3 * (plain.high or 0)


def test_pbmc_go_with_lymphocytes_and_monocytes_and_never_with_wbc(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs")
    header = "preparation,wbc_1e9_l,alc_1e9_l,amc_1e9_l"

    blood = told(tmp_path, header, "whole blood,2.0,0.4,0.2", gates)
    pbmc = told(tmp_path, header, "PBMC,2.0,0.4,0.2", gates)
    without = told(tmp_path, header, "PBMC,2.0,0.4,", gates)

    by_wbc, by_pbmc = (
        measure_of(blood, "car_per_ul_wbc").value, measure_of(pbmc, "car_per_ul_pbmc").value,
    )  # fmt: skip
    assert by_wbc is not None
    assert by_pbmc == pytest.approx(by_wbc * 0.6 / 2.0)
    assert measure_of(blood, "car_per_ul_pbmc").reason is Reason.NO_CBC
    assert measure_of(pbmc, "car_per_ul_wbc").reason is Reason.NOT_PREPARED
    assert measure_of(without, "car_per_ul_wbc").reason is Reason.NOT_PREPARED
    assert measure_of(without, "car_per_ul_pbmc").reason is Reason.NO_CBC


def test_a_blood_count_of_another_day_is_a_finding_without_a_date(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs")
    header = "wbc_1e9_l,collection_datetime,cbc_datetime"

    result = told(tmp_path, header, "2.1,2001-03-05 08:00,2001-03-07 08:00", gates)

    (found,) = [one for one in result.all_findings if one.code == "QC-CBC-TIME"]
    assert (str(found.severity), found.value) == ("fail", 48.0)
    assert "2001" not in found.message


def test_dose_and_weight_of_the_sheet_give_the_fold_over_the_dose(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    write_tube(tmp_path / "a.fcs")
    result = told(tmp_path, "wbc_1e9_l,dose_cells,weight_kg", "2.1,1e8,70", gates)
    kinetics = result.subject("P1").kinetics_of("car_per_ul_wbc")

    assert kinetics is not None
    fold, height = kinetics.further["fold_dose"].value, kinetics.parameters["cmax"].value
    assert height is not None
    assert fold == pytest.approx(height / (1e8 / (70 * 70 * 1000)))
    of_share = result.subject("P1").kinetics_of("car_pct_cd3")
    assert of_share is not None
    assert of_share.further["fold_dose"].reason is Reason.NO_DOSE


def test_flow_and_qpcr_of_several_subjects_are_compared_and_pooled(
    tmp_path: Path, write_tube: WriteTube, gates: Strategy
) -> None:
    rows = []
    for subject in ("P1", "P2"):
        for day, car, copies in ((4, 200, 900), (7, 900, 5000), (12, 600, 3000), (21, 0, "ND")):
            name = f"{subject}-{day}"
            write_tube(tmp_path / f"{name}.fcs", identity=name, car=car)
            rows.append(f"{name}.fcs,{name},{subject},{day},patient,car_t_blood,2.1,{copies}")
    (tmp_path / "samples.csv").write_text(
        "file,sample_id,subject_id,day,sample_type,panel_id,wbc_1e9_l,copies_per_ug\n"
        + "\n".join(rows) + "\n",
        encoding="utf-8",
    )  # fmt: skip
    result = cf.run(cf.read_study(tmp_path / "samples.csv"), gates)
    table = result.comparisons
    pair = (table["first"] == "car_per_ul_wbc") & (table["second"] == "copies_per_ug")

    def number(subject: str, parameter: str) -> float:
        row = pair & (table["subject_id"] == subject) & (table["parameter"] == parameter)
        (value,) = table.loc[row, "value"]
        return float(value)

    assert number("P1", "peak_lag") == 0
    assert (number("P1", "peak_lag_least"), number("P1", "peak_lag_most")) == (-8, 8)
    assert number("P1", "quantified_by_both") == 3
    assert number("P1", "quantified_by_neither") == 1
    assert number("", "quantified_by_both") == 6
    assert number("", "spearman") > 0.9
    assert result_from_json(result_to_json(result)).subject("P2") == result.subject("P2")
    page = report_html(result, {})
    assert "Two methods over all subjects" in page
    assert "These are the samples of 2 subjects pooled" in page
