from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.kinetics.nca import nca
from carflow.kinetics.series import highest, read_series
from carflow.kinetics.slope import SlopeRule, last_decline, line_through
from carflow.reasons import Reason

LOOSE = SlopeRule(include_tmax=True, tolerance=0.1)

# numbers of PKNCA's tests (tests/testthat/test-half.life.R), of WinNonlin, and of closed forms:
# values, days, rule, half-life, points
CASES = [
    ([1, 0.5, 0.25], [0, 1, 2], SlopeRule(include_tmax=True), 1.0, 3),
    ([1, 0.5, 0.25, 0.1251], [0, 1, 2, 3], LOOSE, 1.000346, 4),
    ([1, 0.5, 0.25, 0.1251], [0, 1, 2, 3], SlopeRule(), 1.000577, 3),
    ([0, 20, 10, 5, 2, 2.2, 2.42], [0, 1, 2, 3, 4, 5, 6], SlopeRule(), 1.894561346, 5),
    ([10.5, 9.66, 8.58, 8.36, 7.47, 6.89, 5.94, 3.28],
     [1.12, 2.02, 3.82, 5.1, 7.03, 9.05, 12.12, 24.37], SlopeRule(), 14.30437757, 3),
    ([0, 211, 4.15, 0.2, 0.2], [0, 14, 28, 42, 68], SlopeRule(), 10.463398, 3),
]  # fmt: skip


@pytest.mark.parametrize(("values", "days", "rule", "half_life", "points"), CASES)
def test_half_lives_agree_with_the_published_cases(
    values: list[float], days: list[float], rule: SlopeRule, half_life: float, points: int
) -> None:
    found = nca(days, values, slope_rule=rule)

    assert found.half_life.value == pytest.approx(half_life, rel=1e-6)
    assert found.decline.line is not None
    assert found.decline.line.n_points == points


def test_more_points_win_with_the_numbers_of_the_published_case() -> None:
    found = nca(range(4), [1, 0.5, 0.25, 0.1251], slope_rule=LOOSE)

    line = found.decline.line
    assert line is not None
    assert -line.slope == pytest.approx(0.6929073, rel=1e-6)
    assert line.value_on(3) == pytest.approx(0.12507, rel=1e-4)
    assert line.span == pytest.approx(2.998962, rel=1e-6)


def test_a_rising_tail_has_no_slope_by_the_order_of_pknca() -> None:
    found = nca(range(7), [0, 20, 10, 5, 2, 2.2, 2.42], slope_rule="pknca")

    assert found.half_life.reason is Reason.NO_DECLINE


@pytest.mark.parametrize(
    ("values", "rule", "reason"),
    [
        ([1, 0.5, 0.25], SlopeRule(min_points=4, include_tmax=True), Reason.TOO_FEW_VALUES),
        ([5, 5, 5, 5], SlopeRule(include_tmax=True), Reason.NO_DECLINE),
        ([9, 4, 2, 1], SlopeRule(first_day=2), Reason.TOO_FEW_VALUES),
    ],
)
def test_a_slope_that_is_none_says_why(
    values: list[float], rule: SlopeRule, reason: Reason
) -> None:
    assert nca(range(len(values)), values, slope_rule=rule).lambda_z.reason is reason


def test_what_a_fit_is_worth_stands_beside_the_number() -> None:
    imputed = nca([0, 14, 28, 42, 68], [0, 211, 4.15, 0.2, 0.2])
    noisy = nca([1, 2, 3, 4, 5], [90, 10, 30, 9, 20])
    short = nca([1, 2, 3, 4, 5], [90, 80, 76, 72.2, 68.6])
    sound = nca([1, 2, 3, 4, 5], [90, 40, 20, 10, 5])

    assert imputed.half_life.reason is Reason.IMPUTED_TAIL
    assert noisy.half_life.reason is Reason.POOR_FIT
    assert short.half_life.reason is Reason.SHORT_SPAN
    assert sound.half_life.value == pytest.approx(1.0)
    assert sound.half_life.reason is Reason.NONE
    assert sound.notes == ()
    assert imputed.notes == (Reason.IMPUTED_TAIL,)


def test_the_decline_after_carry_over_begins_at_the_later_peak() -> None:
    days = [0.0111, 4, 7, 12, 14, 16, 18]
    found = nca(days, [140, 1, 9, 64, 32, 16, 8])

    assert found.half_life.value == pytest.approx(2.0)
    assert found.decline.line is not None
    assert found.decline.line.first_day == 14


def test_a_falling_curve_sampled_early_begins_at_its_first_value() -> None:
    # an intravenous drug in hours: the highest value lies before the search window, no rise after
    hours = [0.25, 0.5, 0.75, 1, 2, 4]
    found = nca(hours, [8 * math.exp(-0.5 * hour) for hour in hours])

    assert found.decline.line is not None
    assert found.decline.line.n_points == 5


@given(
    st.lists(st.floats(min_value=0.01, max_value=1e4), min_size=3, max_size=12),
    st.floats(min_value=0.5, max_value=9),
)
def test_lines_agree_with_numpy(values: list[float], step: float) -> None:
    days = [3 + step * place for place in range(len(values))]
    line = line_through(read_series(days, values).samples)
    if line is None or np.ptp(np.log(values)) < 1e-6:
        return

    slope, intercept = np.polyfit(days, np.log(values), 1)
    assert (line.slope, line.intercept) == pytest.approx((slope, intercept), rel=1e-6, abs=1e-8)
    assert line.r_squared == pytest.approx(np.corrcoef(days, np.log(values))[0, 1] ** 2, abs=1e-9)


@given(st.floats(-400, 400), st.sampled_from(["winnonlin", "pknca"]))
def test_shifting_days_shifts_nothing_of_a_decline(shift: float, order: str) -> None:
    rule = SlopeRule(order=order)  # type: ignore[arg-type]  # hypothesis draws plain words
    values = [20, 10, 5, 2, 2.2, 1.9]
    plain = read_series(range(6), values).samples
    moved = read_series([day + shift for day in range(6)], values).samples

    found = last_decline(moved, highest(moved), rule)
    assert found.half_life.value == pytest.approx(
        last_decline(plain, highest(plain), rule).half_life.value, rel=1e-9
    )


def test_rules_that_are_none_are_refused() -> None:
    with pytest.raises(
        ValueError, match='the order is "winnonlin", "pknca" or "tobit", got "phoenix"'
    ):
        nca([1, 2], [1.0, 2.0], slope_rule="phoenix")  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ValueError, match="a slope needs at least 3 values, got 2"):
        SlopeRule(min_points=2)
