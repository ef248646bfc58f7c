from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from carflow.kinetics.bent_cable import Numbers, fall_from_peak, profile

DAYS = np.array([1.0, 4.0, 7.0, 12.0, 14.0, 21.0])


def curve(days: Numbers, day: float, growth: float, decline: float, bend: float) -> Numbers:
    whole = growth + decline
    found: Numbers = whole * fall_from_peak(days - day, np.array(growth / whole), bend)
    return found


@pytest.mark.parametrize("half_bend", [0.0, 0.5, 2.0, 4.0])
def test_the_slope_is_growth_before_the_bend_and_decline_after_it(half_bend: float) -> None:
    days = np.array([-40.0, -39.0, 0.0, 39.0, 40.0])
    fall = curve(days, 0.0, 0.9, 0.2, half_bend)

    assert fall[1] - fall[0] == pytest.approx(0.9)
    assert fall[4] - fall[3] == pytest.approx(-0.2)


@given(
    growth=st.floats(0.05, 3),
    decline=st.floats(0.05, 3),
    half_bend=st.sampled_from([0.0, 1.0, 4.0]),
)
def test_the_peak_is_at_0_and_the_curve_is_smooth_and_concave(
    growth: float, decline: float, half_bend: float
) -> None:
    days = np.linspace(-12, 12, 2401)
    fall = curve(days, 0.0, growth, decline, half_bend)

    assert days[fall.argmax()] == pytest.approx(0, abs=1e-9)
    assert fall.max() == pytest.approx(0)
    assert np.diff(fall, 2).max() < 1e-9
    if half_bend:
        # the slope changes evenly over the bend: by growth + decline over 2 half_bend days
        steepest = -np.diff(fall, 2).min() / 0.01**2
        assert steepest == pytest.approx((growth + decline) / (2 * half_bend), rel=0.02)


@pytest.mark.parametrize(
    ("day", "growth", "decline", "half_bend"),
    [(9.3, 0.89, 0.16, 0.0), (6.0, 0.5, 0.5, 2.0), (13.0, 1.5, 0.05, 4.0)],
)
def test_a_curve_without_error_is_found_again(
    day: float, growth: float, decline: float, half_bend: float
) -> None:
    days = np.arange(1.0, 22.0, 2.0)
    logs = 5.0 + curve(days, day, growth, decline, half_bend)
    found = profile(days, logs, np.full(len(days), 0.1), half_bends=[half_bend])

    assert found.day == pytest.approx(day, abs=0.06)
    assert (found.growth, found.decline) == pytest.approx((growth, decline), rel=0.05)
    assert found.least < 0.5
    low, high = found.interval()
    assert low <= day <= high


def test_the_least_chi_square_is_that_of_a_search_with_many_starts() -> None:
    random = np.random.default_rng(4)
    for _ in range(5):
        logs = 3.0 + curve(DAYS, 9.0, 0.9, 0.2, 0.0) + 0.3 * random.standard_normal(6)

        def misses(found: Numbers, logs: Numbers = logs) -> Numbers:
            height, day, growth, decline = found
            missed: Numbers = (logs - height - curve(DAYS, day, growth, decline, 0.0)) / 0.3
            return missed

        allowed = ([-9, 1, 0.01, 0.01], [9, 21, 5, 5])
        best = min(
            2 * least_squares(misses, [3, day, 0.9, 0.2], bounds=allowed).cost
            for day in range(2, 20, 2)
        )
        found = profile(DAYS, logs, np.full(6, 0.3), half_bends=[0.0])
        assert found.least == pytest.approx(best, abs=0.1)


@settings(max_examples=20, deadline=None)
@given(shift=st.integers(-3, 30), height=st.floats(-5, 5), seed=st.integers(0, 50))
def test_shifting_days_shifts_the_peak_and_scaling_values_leaves_it(
    shift: int, height: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    logs = curve(DAYS, 9.0, 0.9, 0.2, 1.0) + 0.2 * random.standard_normal(6)
    errors = np.full(6, 0.2)
    plain = profile(DAYS, logs, errors, half_bends=[0.0, 2.0])
    moved = profile(DAYS + shift, logs + height, errors, half_bends=[0.0, 2.0])

    assert moved.day == pytest.approx(plain.day + shift, abs=1e-6)
    assert moved.interval() == pytest.approx([one + shift for one in plain.interval()], abs=1e-6)
    assert moved.least == pytest.approx(plain.least, abs=1e-6)


def test_wider_errors_widen_the_interval() -> None:
    logs = curve(DAYS, 9.0, 0.9, 0.2, 0.0)
    widths = [
        high - low
        for error in (0.05, 0.2, 0.8)
        for low, high in [profile(DAYS, logs, np.full(6, error), half_bends=[0.0]).interval()]
    ]

    assert widths == sorted(widths)
    assert widths[0] < 0.5
    assert widths[2] > 2.0
