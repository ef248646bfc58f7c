from __future__ import annotations

import json

import pytest
from pydantic import ConfigDict, TypeAdapter, with_config

from carflow.kinetics.curve import Curve, Point
from carflow.kinetics.subject import CurveKinetics, analyse_curve
from carflow.measure import IntervalKind, Measure, State
from carflow.reasons import Reason
from carflow.study.model import ReferenceTmax, Treatment
from carflow.units import Unit


def published() -> Curve:
    pre_infusion = Measure(
        unit=Unit.PERCENT, value=0.0, low=0.0, high=0.02, state=State.ND,
        reason=Reason.NOT_DETECTED, ci_kind=IntervalKind.COUNTING,
    )  # fmt: skip
    points = [Point(day=-1.0, measure=pre_infusion, sample_id="S0")]
    for day, value in ((1, 4.26), (4, 12.33), (7, 45.31), (12, 69.94), (14, 24.33)):
        measure = Measure(
            unit=Unit.PERCENT, value=value, low=value - 1, high=value + 1,
            ci_kind=IntervalKind.COUNTING,
        )  # fmt: skip
        points.append(Point(day=float(day), measure=measure, sample_id=f"S{day}"))
    return Curve(subject_id="P1", quantity="car_pct_cd3", unit=Unit.PERCENT, points=tuple(points))


TREATMENTS = (
    Treatment(subject_id="P1", drug="fludarabine", start_day=-6, stop_day=-4),
    Treatment(subject_id="P1", drug="methylprednisolone", start_day=9, stop_day=11, dose="80"),
    Treatment(subject_id="P1", drug="methylprednisolone", start_day=12, stop_day=12, dose="60"),
    Treatment(subject_id="P1", drug="methylprednisolone", start_day=13, stop_day=13, dose="40"),
    Treatment(subject_id="P2", drug="tocilizumab", start_day=12, stop_day=12),
)
REFERENCE = ReferenceTmax(median_day=12, low_day=9, high_day=20, assay="qPCR", source="a trial")


def test_the_model_case_says_what_its_data_allow() -> None:
    assert analyse_curve(published(), TREATMENTS, [REFERENCE]).sentences == (
        "The highest measured value was 69.94 % of CD3+ on day 12.",
        (
            "If the curve has one peak and measurement error has not reordered the days, the true"
            " peak lies between day 7 and day 14 (a bracket set by the sampling days, not a 95 %"
            " interval)."
        ),
        (
            "Measurement error alone leaves day 12 (above 99 %) as the day of the highest value; if"
            " the curve has one peak, the true peak then lies between day 7 and day 14 (95 %, from"
            " the errors stated with the values)."
        ),
        (
            "Treatment with methylprednisolone (day 9–13) began inside this bracket, so these data"
            " do not show whether it began before or after this patient's peak."
        ),
        (
            "The fall from day 12 to day 14 (relative growth −0.99/d) happened during or just after"
            " methylprednisolone; that is an order in time, not a cause."
        ),
        (
            "The published median time to peak (12 d, range 9–20 d, qPCR; a trial) describes other"
            " patients and is no evidence about this one."
        ),
    )


def test_what_models_say_stands_apart_from_what_was_measured() -> None:
    assert analyse_curve(published()).modelled == (
        "No day of the peak is modelled: fewer than two values before or after the highest one.",
    )


def test_parameters_stand_by_name_in_the_order_of_the_tables() -> None:
    found = analyse_curve(published())

    assert list(found.parameters) == [
        "cmax", "tmax", "cmax_global", "tmax_global", "clast", "tlast", "auc_0_28", "auc_last",
        "auc_all",
    ]  # fmt: skip
    assert found.parameters["auc_0_28"].reason is Reason.WINDOW_NOT_COVERED
    # 485.86 from day 1 on, and a triangle up to 4.26 on day 1
    assert found.parameters["auc_last"].value == pytest.approx(485.86 + 2.13, abs=5e-3)
    assert found.parameters["auc_last"].unit is Unit.PERCENT_DAY


def test_further_parameters_and_growth_stand_beside_those_of_the_page() -> None:
    found = analyse_curve(published())

    assert list(found.further) == [
        "tmax_last_tie", "tfirst", "tlag", "t_bql", "t_bql_confirmed", "lambda_z", "half_life",
        "expansion_rate", "expansion_rate_at_least", "doubling_time", "fold_first", "fold_nadir",
        "fold_dose", "population_doublings", "contraction_rate", "contraction_half_life",
        "auc_0_84", "auc_0_180",
    ]  # fmt: skip
    assert found.further["doubling_time"].reason is Reason.SATURATES
    assert found.further["t_bql"].reason is Reason.STILL_DETECTED
    assert [step.rate.value for step in found.growth] == pytest.approx(
        [0.3836, 0.5911, 0.2065, -0.9896], abs=5e-5
    )
    assert all(step.rate.has_interval for step in found.growth)


def test_the_height_keeps_the_interval_of_its_measurement_and_the_day_its_probability() -> None:
    peak = analyse_curve(published()).peak

    assert (peak.height.low, peak.height.high) == (68.94, 70.94)
    assert peak.height.ci_kind is IntervalKind.COUNTING
    assert peak.days95 == {12: 1.0}


def test_gene_copies_below_the_limit_of_the_laboratory_end_the_curve() -> None:
    below = Measure(
        unit=Unit.COPIES_PER_UG, high=50.0, state=State.NE, reason=Reason.LAB_BELOW_LIMIT
    )
    quantified = Measure(unit=Unit.COPIES_PER_UG, value=24_000.0, reason=Reason.NO_COUNTS)
    curve = Curve(
        subject_id="P1", quantity="copies_per_ug", unit=Unit.COPIES_PER_UG,
        points=(Point(day=12, measure=quantified), Point(day=20, measure=below)),
    )  # fmt: skip

    found = analyse_curve(curve)

    assert found.parameters["auc_0_28"].value == 12 * 24_000 / 2 + 8 * 24_000 / 2
    assert found.peak.bracket == (0, 20)
    assert found.peak.probability_reason is Reason.NO_COUNTS


def test_an_empty_curve_gives_every_parameter_a_reason() -> None:
    empty = Curve(subject_id="P1", quantity="car_pct_cd3", unit=Unit.PERCENT, points=())

    found = analyse_curve(empty, TREATMENTS)

    assert all(measure.reason for measure in found.parameters.values())
    assert found.sentences == ("No peak can be named: no value after the infusion.",)


def test_kinetics_survive_json() -> None:
    last_is_highest = Curve(
        subject_id="P1", quantity="car_pct_cd3", unit=Unit.PERCENT, points=published().points[:5]
    )
    found = analyse_curve(last_is_highest, TREATMENTS, [REFERENCE])
    adapter = TypeAdapter(with_config(ConfigDict(ser_json_inf_nan="strings"))(CurveKinetics))

    text = json.dumps(adapter.dump_python(found, mode="json"))

    assert adapter.validate_python(json.loads(text), strict=False) == found
