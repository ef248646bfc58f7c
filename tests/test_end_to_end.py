"""The sample course from the tubes to the peak, against its known truth."""

import csv
from pathlib import Path

import pytest

import carflow as cf
from carflow.errors import ExitCode
from carflow.measure import State
from carflow.result.run import Result

PERCENTAGES = ("car_pct_cd3", "car_pct_lymph", "car_pct_cd45")
COUNTS = tuple(f"car_per_ul_{method}" for method in ("beads", "wbc", "alc", "vol"))


@pytest.fixture(scope="module")
def truth(sample_fcs: Path) -> dict[str, dict[str, str]]:
    with (sample_fcs / "truth.csv").open(encoding="utf-8", newline="") as stream:
        return {row["sample_id"]: row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def result(sample_fcs: Path, gates_folder: Path) -> Result:
    study = cf.read_study(sample_fcs / "samples.csv")
    return cf.run(study, cf.read_gates(gates_folder / "car_t_blood.toml"))


def test_every_percentage_is_within_half_a_point_of_the_truth(
    result: Result, truth: dict[str, dict[str, str]]
) -> None:
    for tube in result.tube_results:
        for name in PERCENTAGES:
            quantity = tube.quantity(name)
            assert quantity is not None
            assert quantity.measure.value == pytest.approx(
                float(truth[tube.sample_id][name]), abs=0.5
            ), (tube.sample_id, name)


def test_every_absolute_count_is_as_near_to_the_truth_as_its_events_allow(
    result: Result, truth: dict[str, dict[str, str]]
) -> None:
    compared = 0
    for tube in result.tube_results:
        row = truth[tube.sample_id]
        true_events, true_per_ul = int(row["n_car"]), float(row["car_per_ul"])
        per_event = 1.0 / float(row["acquired_blood_ul"])
        allowed = 0.05 * true_per_ul if true_events >= 400 else 20 * per_event
        for name in COUNTS:
            quantity = tube.quantity(name)
            assert quantity is not None
            if tube.sample_id == "P01-d12-FMO" and name[-3:] in {"wbc", "alc"}:
                assert quantity.measure.reason == "NO_CBC"
                continue
            assert quantity.measure.value == pytest.approx(true_per_ul, abs=allowed), (
                tube.sample_id,
                name,
            )
            compared += 1
    assert compared == 9 * 4 - 2


def test_intervals_hold_the_true_percentage(
    result: Result, truth: dict[str, dict[str, str]]
) -> None:
    for tube in result.tube_results:
        quantity = tube.quantity("car_pct_cd3")
        assert quantity is not None
        measure = quantity.measure
        assert measure.low is not None
        assert measure.high is not None
        assert measure.low <= float(truth[tube.sample_id]["car_pct_cd3"]) <= measure.high


def test_the_percentage_peaks_on_day_12_between_day_7_and_day_14(result: Result) -> None:
    kinetics = result.subject("P01").kinetics_of("car_pct_cd3")

    assert kinetics is not None
    assert kinetics.peak.day.value == 12.0
    assert kinetics.peak.bracket == (7.0, 14.0)


@pytest.mark.parametrize("name", COUNTS)
def test_every_absolute_count_peaks_on_the_day_of_the_truth(
    result: Result, truth: dict[str, dict[str, str]], name: str
) -> None:
    on_curve = [row for row in truth.values() if row["sample_type"] != "FMO"]
    true_peak = max(on_curve, key=lambda row: float(row["car_per_ul"]))
    kinetics = result.subject("P01").kinetics_of(name)

    assert kinetics is not None
    assert kinetics.peak.day.value == float(true_peak["day"])
    assert kinetics.parameters["cmax"].value == pytest.approx(
        float(true_peak["car_per_ul"]), rel=0.05
    )


def test_the_statement_says_what_such_data_can_show(result: Result) -> None:
    kinetics = result.subject("P01").kinetics_of("car_pct_cd3")

    assert kinetics is not None
    assert kinetics.sentences[1] == (
        "If the curve has one peak and measurement error has not reordered the days, the true "
        "peak lies between day 7 and day 14 (a bracket set by the sampling days, not a 95 % "
        "interval)."
    )
    assert (
        "Treatment with methylprednisolone (day 9–13) began inside this bracket, so these data "
        "do not show whether it began before or after this patient's peak."
    ) in kinetics.sentences


def test_the_pre_infusion_tube_is_not_detected_and_says_what_was_excluded(result: Result) -> None:
    quantity = result.tube("P01-pre").quantity("car_pct_cd3")

    assert quantity is not None
    assert quantity.measure.state is State.ND
    assert quantity.measure.value == 0.0
    assert quantity.measure.high is not None
    assert 0.0 < quantity.measure.high < 0.1
    assert quantity.n_denominator is not None
    assert quantity.n_denominator > 9_500


def test_the_control_is_no_point_of_the_curve(result: Result) -> None:
    curve = result.subject("P01").curve_of("car_pct_cd3")

    assert curve is not None
    assert [point.day for point in curve.points] == [-1, 1, 4, 7, 12, 14, 21, 28]


def test_the_sample_course_passes_its_checks(result: Result) -> None:
    grave = result.findings[result.findings["severity"].isin(["warn", "fail"])]

    assert grave.empty, grave.to_string()
    assert result.exit_code == ExitCode.OK


def test_published_percentages_have_the_published_area() -> None:
    days, values = (1, 4, 7, 12, 14), (4.26, 12.33, 45.31, 69.94, 24.33)

    linear = cf.nca(days, values, auc_rule="linear").auc(1, 14)
    default = cf.nca(days, values).auc(1, 14)

    assert linear.value == pytest.approx(493.74, abs=0.005)
    assert default.value == pytest.approx(485.86, abs=0.005)


@pytest.mark.parametrize("jobs", [2, 5])
def test_the_number_of_jobs_changes_nothing(
    result: Result, sample_fcs: Path, gates_folder: Path, jobs: int
) -> None:
    study = cf.read_study(sample_fcs / "samples.csv")
    again = cf.run(study, cf.read_gates(gates_folder / "car_t_blood.toml"), jobs=jobs)

    assert again == result


def test_frames_are_tidy_and_typed(result: Result) -> None:
    frame = result.quantities

    assert list(frame.columns[:7]) == [
        "subject_id", "day", "sample_id", "quantity", "method", "value", "unit",
    ]  # fmt: skip
    assert frame["value"].dtype == "float64"
    assert frame["n_numerator"].dtype == "Int64"
    assert len(frame) == 9 * frame["quantity"].nunique()
    missing = frame[frame["value"].isna()]
    assert (missing["reason"] != "").all()
