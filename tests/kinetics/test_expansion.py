from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from carflow.kinetics.expansion import theoretical_start_per_ul
from carflow.kinetics.nca import nca
from carflow.reasons import Reason
from carflow.units import Unit

# Stein 2019, typical patient: 3900-fold in 9.3 days, then -0.16/d
RATE = math.log(3900) / 9.3
STEIN_DAYS = (1, 3, 5, 7, 9.3, 11, 14, 17, 21, 28)


def stein(day: float, *, persistent: float = 0.0079) -> float:
    if day <= 9.3:
        return 24_000 / 3900 * math.exp(RATE * day)
    late = day - 9.3
    fast = (1 - persistent) * math.exp(-0.16 * late)
    return 24_000 * (fast + persistent * math.exp(-0.0032 * late))


def test_the_typical_patient_doubles_in_0_78_days() -> None:
    found = nca(STEIN_DAYS, [stein(day) for day in STEIN_DAYS], unit=Unit.COPIES_PER_UG)

    assert found.expansion_rate.value == pytest.approx(0.8891109497, rel=1e-9)
    assert found.doubling_time.value == pytest.approx(0.7795958207, rel=1e-9)
    # a little slower than 4.33 days for the persistent part
    assert found.contraction_half_life.value == pytest.approx(4.45, abs=0.1)


def test_the_contraction_alone_halves_in_4_33_days() -> None:
    found = nca(STEIN_DAYS, [stein(day, persistent=0) for day in STEIN_DAYS])

    assert found.contraction_half_life.value == pytest.approx(4.332169878, rel=1e-9)
    assert found.half_life.value == pytest.approx(4.332169878, rel=1e-9)


def test_the_contraction_ends_21_days_after_the_peak_or_on_day_35() -> None:
    days = [7, 14, 28, 29, 60]
    early = nca(days, [64.0, 32.0, 8.0, 1e-6, 1e-9])
    late = nca([7, 20, 27, 34, 36], [1.0, 64.0, 32.0, 16.0, 1e-6])

    assert early.contraction_half_life.value == pytest.approx(7.0)
    assert late.contraction_half_life.value == pytest.approx(7.0)


def test_the_steepest_line_of_three_values_is_the_rate_and_t_gives_its_interval() -> None:
    days, values = [1, 3, 5, 7, 9], [1.0, 1.2, 5.0, 26.0, 100.0]
    found = nca(days, values).expansion_rate

    x, y = np.array(days[1:4]), np.log(values[1:4])
    slope, intercept = np.polyfit(x, y, 1)
    error = math.sqrt(((y - intercept - slope * x) ** 2).sum() / 1 / ((x - x.mean()) ** 2).sum())
    assert found.value == pytest.approx(slope)
    assert found.low == pytest.approx(slope - stdtrit(1, 0.975) * error)


def test_two_values_give_a_rate_without_interval() -> None:
    found = nca([4, 7, 12], [2.0, 16.0, 4.0])

    rate = found.expansion_rate
    assert rate.value == pytest.approx(math.log(2))
    assert rate.reason is Reason.TWO_VALUES
    assert not rate.has_interval
    assert found.doubling_time.value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([9.0, 4.0, 2.0], Reason.TOO_FEW_VALUES),
        ([5.0, 5.0, 5.0], Reason.TOO_FEW_VALUES),
        ([0.0, 0.0, 0.0], Reason.ALL_BLQ),
    ],
)
def test_no_rise_says_why_in_every_number(values: list[float], reason: Reason) -> None:
    rise = nca([4, 7, 12], values).expansion

    numbers = (rise.expansion_rate, rise.doubling_time, rise.fold_first, rise.fold_nadir)
    assert {one.reason for one in numbers} == {reason}


def test_fold_expansion_has_three_meanings() -> None:
    found = nca(
        [1, 4, 7, 12, 14], [4.0, 2.0, 40.0, 80.0, 20.0], unit=Unit.CELLS_PER_UL,
        start_value=theoretical_start_per_ul(1e8, blood_l=5.0),
    ).expansion  # fmt: skip

    assert (found.fold_first.value, found.fold_nadir.value, found.fold_dose.value) == (20, 40, 4)
    assert found.population_doublings.value == pytest.approx(math.log2(20))


def test_a_fold_over_the_dose_needs_a_dose_and_a_count() -> None:
    assert nca([1, 4], [1.0, 2.0]).expansion.fold_dose.reason is Reason.NO_DOSE
    percent = nca([1, 4], [1.0, 2.0], unit=Unit.PERCENT, start_value=20.0)
    assert percent.expansion.fold_dose.reason is Reason.NO_DOSE


def test_the_theoretical_start_is_the_dose_in_the_blood() -> None:
    assert theoretical_start_per_ul(1e8, blood_l=5.0) == 20.0
    assert theoretical_start_per_ul(1e8, weight_kg=70.0) == pytest.approx(1e8 / 4.9e6)
    with pytest.raises(ValueError, match="a positive dose and a blood volume or weight are needed"):
        theoretical_start_per_ul(1e8)


def test_a_value_below_the_limit_before_the_rise_makes_folds_and_rates_lower_bounds() -> None:
    found = nca([1, 4, 7, 12], [0.2, 1.0, 8.0, 4.0], lloq=0.5).expansion

    assert (found.fold_first.value, found.fold_first.reason) == (8.0, Reason.AT_LEAST)
    bound = found.expansion_rate_at_least
    assert bound.value == pytest.approx(math.log(2) / 3)
    assert bound.reason is Reason.AT_LEAST
    unknown = nca([1, 4, 7], [0.0, 1.0, 8.0]).expansion.expansion_rate_at_least
    assert unknown.reason is Reason.NO_COUNTS


def test_numbers_of_a_percentage_are_marked_as_none_of_cells() -> None:
    found = nca([1, 4, 7, 12], [4.26, 12.33, 45.31, 69.94], unit=Unit.PERCENT).expansion

    # steepest line of three values or more: days 1, 4 and 7
    assert found.doubling_time.value == pytest.approx(1.7587, abs=5e-4)
    assert found.doubling_time.reason is Reason.SATURATES
    assert found.fold_first.reason is Reason.SATURATES


def test_a_fold_has_the_interval_of_both_values() -> None:
    found = nca([4, 7, 12], [2.0, 16.0, 4.0], cv=0.1).expansion

    reach = math.exp(1.959964 * 0.1 * math.sqrt(2))
    assert found.fold_first.low == pytest.approx(8 / reach, rel=1e-6)
    assert found.population_doublings.high == pytest.approx(math.log2(8 * reach), rel=1e-6)


def test_time_above_a_threshold_is_interpolated_at_both_crossings() -> None:
    course = nca([0, 10, 20, 30, 40], [0.0, 20.0, 20.0, 5.0, 0.0])

    # rises linearly through 10 on day 5, falls exponentially through it on day 25
    assert course.time_above(10).value == pytest.approx(20.0)
    assert course.time_above(30).value == 0.0
    assert nca([0, 10], [0.0, 20.0]).time_above(10).reason is Reason.STILL_ABOVE
    assert nca([0, 10], [0.0, 0.0]).time_above(10).reason is Reason.ALL_BLQ
    with pytest.raises(ValueError, match="a threshold lies above 0, got 0"):
        course.time_above(0)


VALUES = st.lists(
    st.one_of(st.just(0.0), st.floats(min_value=1e-3, max_value=1e5)), min_size=1, max_size=9
)


@given(VALUES)
def test_every_number_is_finite_or_says_why_not(values: list[float]) -> None:
    for measure in nca([3 * day for day in range(len(values))], values).parameters().values():
        assert measure.reason or math.isfinite(measure.value or 0.0)
        assert measure.value is not None or measure.reason


@given(VALUES, st.floats(min_value=0.1, max_value=10))
def test_scaling_leaves_rates_and_folds(values: list[float], factor: float) -> None:
    days = [1.5 + 3 * day for day in range(len(values))]
    plain = nca(days, values).expansion
    scaled = nca(days, [factor * value for value in values]).expansion

    for name in ("expansion_rate", "fold_first", "fold_nadir", "contraction_half_life"):
        before, after = getattr(plain, name), getattr(scaled, name)
        if before.value is not None and after.value is not None:
            assert after.value == pytest.approx(before.value, rel=1e-6, abs=1e-9)
