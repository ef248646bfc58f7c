from __future__ import annotations

import csv
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.kinetics.nca import nca
from carflow.measure import State
from carflow.reasons import Reason
from carflow.units import Unit

# Theophylline after one oral dose (Boeckmann, Sheiner and Beal 1994; R's Theoph): time [h], mg/L.
# Expected: Phoenix WinNonlin as published with the NonCompart tests; the area from 0 to 24 h,
# interpolated at 24 h, was computed apart from carflow.
THEOPH: dict[str, tuple[tuple[float, ...], tuple[float, ...], dict[str, float]]] = {
    "1": (
        (0.0, 0.25, 0.57, 1.12, 2.02, 3.82, 5.1, 7.03, 9.05, 12.12, 24.37),
        (0.74, 2.84, 6.57, 10.5, 9.66, 8.58, 8.36, 7.47, 6.89, 5.94, 3.28),
        {
            "cmax": 10.5, "tmax": 1.12, "clast": 3.28, "tlast": 24.37,
            "lambda_z": 0.048456997, "half_life": 14.30437757,
            "linear": 148.92305, "linear-up log-down": 147.2347485,
            "auc_0_24": 146.010198893,
        },
    ),
    "6": (
        (0.0, 0.27, 0.58, 1.15, 2.03, 3.57, 5.0, 7.0, 9.22, 12.1, 23.85),
        (0.0, 1.29, 3.08, 6.44, 6.32, 5.53, 4.94, 4.02, 3.46, 2.78, 0.92),
        {
            "cmax": 6.44, "tmax": 1.15, "clast": 0.92, "tlast": 23.85,
            "lambda_z": 0.08779574, "half_life": 7.894997868,
            "linear": 73.77555, "linear-up log-down": 71.69701499,
            "auc_0_24": 71.834110284,
        },
    ),
    "8": (
        (0.0, 0.25, 0.52, 0.98, 2.02, 3.53, 5.05, 7.15, 9.07, 12.1, 24.12),
        (0.0, 3.05, 3.05, 7.31, 7.56, 6.59, 5.88, 4.73, 4.57, 3.0, 1.25),
        {
            "cmax": 7.56, "tmax": 2.02, "clast": 1.25, "tlast": 24.12,
            "lambda_z": 0.08145054, "half_life": 8.510037883,
            "linear": 88.55995, "linear-up log-down": 86.80656348,
            "auc_0_24": 86.655906055,
        },
    ),
    "9": (
        (0.0, 0.3, 0.63, 1.05, 2.02, 3.53, 5.02, 7.17, 8.8, 11.6, 24.43),
        (0.0, 7.37, 9.03, 7.14, 6.33, 5.66, 5.67, 4.24, 4.11, 3.16, 1.12),
        {
            "cmax": 9.03, "tmax": 0.63, "clast": 1.12, "tlast": 24.43,
            "lambda_z": 0.082458634, "half_life": 8.405998807,
            "linear": 86.32615, "linear-up log-down": 83.93743601,
            "auc_0_24": 83.44736713,
        },
    ),
}  # fmt: skip
PARAMETERS = ("cmax", "tmax", "clast", "tlast", "lambda_z", "half_life")


@pytest.mark.parametrize("subject", THEOPH)
@pytest.mark.parametrize("rule", ["linear", "linear-up log-down"])
def test_parameters_agree_with_winnonlin(subject: str, rule: str) -> None:
    days, values, expected = THEOPH[subject]

    found = nca(days, values, auc_rule=rule)

    for name in PARAMETERS:
        assert getattr(found, name).value == pytest.approx(expected[name], rel=1e-6), name
    assert found.auc_last.value == pytest.approx(expected[rule], rel=1e-6)
    assert found.auc_all.value == pytest.approx(expected[rule], rel=1e-6)


@pytest.mark.parametrize("subject", THEOPH)
def test_a_window_that_ends_between_samples_is_interpolated(subject: str) -> None:
    days, values, expected = THEOPH[subject]

    found = nca(days, values).auc(0, 24)

    assert found.value == pytest.approx(expected["auc_0_24"], rel=1e-9)
    # the last sample of subject 6 was drawn after 23.85 h: the rest follows the slope
    assert (found.reason is Reason.EXTRAPOLATED) == (days[-1] < 24)


@pytest.mark.parametrize("rule", ["linear", "linear-up log-down"])
def test_every_subject_of_the_reference_folder_agrees(rule: str) -> None:
    if "CARFLOW_REFERENCE" not in os.environ:
        pytest.skip("set CARFLOW_REFERENCE to the folder of WinNonlin tables")
    folder = Path(os.environ["CARFLOW_REFERENCE"])
    courses: dict[str, list[tuple[float, float]]] = {}
    with (folder / "theoph.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            pair = float(row["time_h"]), float(row["conc_mg_per_L"])
            courses.setdefault(row["subject"], []).append(pair)
    name = "Linear" if rule == "linear" else "Log"
    with (folder / f"winnonlin_Theoph_{name}.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 12

    for row in rows:
        days, values = zip(*courses[row["Subject"]], strict=True)
        found = nca(days, values, auc_rule=rule)
        for column, measure in (
            ("Cmax", found.cmax), ("Tmax", found.tmax), ("Clast", found.clast),
            ("Tlast", found.tlast), ("Lambda_z", found.lambda_z),
            ("HL_Lambda_z", found.half_life), ("AUClast", found.auc_last),
            ("AUCall", found.auc_all),
        ):  # fmt: skip
            assert measure.value == pytest.approx(float(row[column]), rel=1e-6), column


def test_the_published_percentages_have_their_worked_areas() -> None:
    days, values = [1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33]

    linear = nca(days, values, unit=Unit.PERCENT, auc_rule="linear").auc(1, 14)
    default = nca(days, values, unit=Unit.PERCENT).auc(1, 14)

    assert linear.value == pytest.approx(493.74, abs=5e-3)
    assert default.value == pytest.approx(485.86, abs=5e-3)
    assert default.unit is Unit.PERCENT_DAY


def test_a_rising_tail_does_not_hide_the_decline() -> None:
    # numbers of PKNCA's test-half.life.R (#583); by WinNonlin's order the slope is estimable
    found = nca(range(7), [0, 20, 10, 5, 2, 2.2, 2.42])

    assert found.half_life.value == pytest.approx(1.894561346, rel=1e-9)
    assert found.half_life.unit is Unit.DAY
    assert found.lambda_z.unit is Unit.PER_DAY


def test_imputed_values_at_the_limit_make_no_half_life_once_the_limit_is_known() -> None:
    days, values = [0, 14, 28, 42, 68], [0, 211, 4.15, 0.2, 0.2]

    assert nca(days, values).half_life.value == pytest.approx(10.463398, rel=1e-6)
    assert nca(days, values, lloq=0.25).half_life.reason is Reason.TOO_FEW_VALUES


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([9, 5, 5, 5], Reason.NO_DECLINE),
        ([9, 5, 6, 7], Reason.NO_DECLINE),
        ([9, 5, 4], Reason.TOO_FEW_VALUES),
        ([0, 0, 0, 0], Reason.TOO_FEW_VALUES),
    ],
)
def test_a_slope_that_is_none_says_why(values: list[float], reason: Reason) -> None:
    found = nca(range(1, len(values) + 1), values)

    assert found.lambda_z.reason is reason
    assert found.half_life.reason is reason


def test_early_carry_over_and_late_re_expansion_are_global_maxima_only() -> None:
    days = [0.0111, 4, 7, 12, 14, 28, 330]
    found = nca(days, [140, 12.0, 45.0, 70.0, 24.0, 8.0, 150.0])

    assert (found.cmax.value, found.tmax.value) == (70.0, 12)
    assert (found.cmax_global.value, found.tmax_global.value) == (150.0, 330)


def test_trailing_zeros_end_the_curve_and_are_not_its_last_value() -> None:
    found = nca([0, 1, 2, 3, 4], [0, 4.0, 2.0, 0, 0], auc_rule="linear")

    assert (found.clast.value, found.tlast.value) == (2.0, 2)
    assert found.auc_last.value == 5.0
    assert found.auc_all.value == 6.0
    assert found.auc(0, 28).value == 6.0


def test_a_last_visit_before_the_end_of_the_window_is_not_extrapolated() -> None:
    found = nca([1, 7, 14, 21], [1.0, 9.0, 5.0, 2.0])

    assert found.auc(0, 28).reason is Reason.WINDOW_NOT_COVERED
    assert found.auc(0, 21).value == found.auc_last.value


def test_a_day_28_visit_on_day_30_is_interpolated() -> None:
    found = nca([0, 20, 30], [0.0, 10.0, 0.1], auc_rule="linear")

    assert found.auc(0, 28).value == pytest.approx(100 + 8 * (10 + (10 - 9.9 * 0.8)) / 2)


def test_one_measured_value_has_no_area() -> None:
    found = nca([7], [5.0])

    assert found.auc_last.reason is Reason.TOO_FEW_VALUES
    assert found.auc(0, 7).reason is Reason.TOO_FEW_VALUES
    assert found.cmax.value == 5.0


def test_a_curve_all_below_the_limit_has_an_area_of_0_with_a_flag() -> None:
    found = nca([1, 7, 14], [0.1, 0.2, 0.1], lloq=0.5)

    assert (found.auc_last.value, found.auc_last.state) == (0.0, State.ND)
    assert found.auc_last.reason is Reason.ALL_BLQ
    assert found.cmax.reason is Reason.ALL_BLQ
    assert found.tlast.reason is Reason.ALL_BLQ


def test_a_curve_without_values_says_so_everywhere() -> None:
    found = nca([1, 7], [None, math.nan])

    reasons = {measure.reason for measure in (found.cmax, found.tmax, found.clast, found.auc_all)}
    assert reasons == {Reason.NO_VALUES}


def test_what_is_only_detected_counts_as_below_the_limit() -> None:
    found = nca([1, 4, 7, 12], [1.0, 2.0, 9.0, 3.0], states=["DET_BLQ", "QUANT", "QUANT", "QUANT"])

    assert found.areas.profile.nodes[:3] == ((0, 0), (1, 0), (4, 2))


def test_a_window_begins_before_it_ends() -> None:
    with pytest.raises(ValueError, match="a window begins before it ends, got 28 to 0"):
        nca([1, 7], [1.0, 2.0]).auc(28, 0)


def test_an_unknown_rule_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="'log' is not a valid AucRule"):
        nca([1, 7], [1.0, 2.0], auc_rule="log")


VALUES = st.lists(
    st.one_of(st.none(), st.just(0.0), st.floats(min_value=1e-3, max_value=1e5)),
    min_size=1,
    max_size=9,
)


@given(values=VALUES, lloq=st.one_of(st.none(), st.floats(min_value=0.01, max_value=10)))
def test_every_parameter_is_a_number_or_says_why_not(
    values: list[float | None], lloq: float | None
) -> None:
    found = nca([3 * day for day in range(len(values))], values, lloq=lloq)

    names = (*PARAMETERS, "cmax_global", "tmax_global", "auc_last", "auc_all")
    for measure in (*(getattr(found, name) for name in names), found.auc(0, 28)):
        assert measure.reason or math.isfinite(measure.value)


@given(values=VALUES, factor=st.floats(min_value=0.1, max_value=10))
def test_scaling_scales_heights_and_areas_and_no_days(
    values: list[float | None], factor: float
) -> None:
    days = [1.5 + 3 * day for day in range(len(values))]
    plain = nca(days, values)
    scaled = nca(days, [None if value is None else factor * value for value in values])

    assert scaled.tmax.value == plain.tmax.value
    for name in ("cmax", "clast", "auc_last", "auc_all"):
        before, after = getattr(plain, name), getattr(scaled, name)
        assert after.reason is before.reason
        if before.value is not None:
            assert after.value == pytest.approx(factor * before.value, rel=1e-9)


@given(values=VALUES)
def test_a_trailing_value_below_the_limit_leaves_the_area_to_the_last_value(
    values: list[float | None],
) -> None:
    days = [1.5 + 3 * day for day in range(len(values))]
    longer = nca([*days, 40.0], [*values, 0.0])
    shorter = nca(days, values)

    if shorter.auc_last.value is not None:
        assert longer.auc_last.value == shorter.auc_last.value


# Indomethacin after an intravenous dose, subject 1 (Kwan et al. 1976; R's Indometh): h, mg/L
INDOMETH_1 = (
    [0.25, 0.5, 0.75, 1, 1.25, 2, 3, 4, 5, 6, 8],
    [1.5, 0.94, 0.78, 0.48, 0.37, 0.19, 0.12, 0.11, 0.08, 0.07, 0.05],
)


def test_a_dose_into_the_vein_starts_where_the_first_two_samples_point_back_to() -> None:
    hours, values = INDOMETH_1
    found = nca(hours, values, auc_rule="linear", origin="back-extrapolated")
    plain = nca(hours, values, auc_rule="linear", origin="none")
    start = 1.5**2 / 0.94
    assert plain.auc_last.value is not None

    assert found.areas.profile.nodes[0] == pytest.approx((0.0, start))
    assert found.auc_last.value == pytest.approx(
        plain.auc_last.value + 0.25 * (start + 1.5) / 2, rel=1e-12
    )
    assert nca(hours, values, auc_rule="linear").auc_last.value == pytest.approx(
        plain.auc_last.value + 0.25 * 1.5 / 2, rel=1e-12
    )
    # the first value stands for day 0 where the first two do not fall
    assert nca([1, 2, 3], [2, 4, 1], origin="back-extrapolated").areas.profile.nodes[0] == (0, 2)


def test_an_unknown_start_is_the_callers_mistake() -> None:
    with pytest.raises(
        ValueError, match=r'^a curve starts at "zero", "back-extrapolated" or "none", got "C0"$'
    ):
        nca([1, 2], [2, 1], origin="C0")  # type: ignore[arg-type]  # wrong on purpose
