from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.kinetics.auc import AucRule, BlqRule, area, profile_of, segment_area
from carflow.kinetics.series import read_series

NA = None
KEEP_MIDDLE = BlqRule(middle="zero")

# closed-form cases of PKNCA's test suite (tests/testthat/test-auc.R, vignette v05), numbers only:
# values, days, end of the window, rule, BLQ rule, AUClast, AUCall
CASES = [
    ([0, 1, 1], [0, 1, 2], 2.0, "linear", BlqRule(), (1.5, 1.5)),
    ([0, 1, 0, 0, 0, 0, 0], [0, 1, 2, 3, 4, 5, 6], 6.0, "linear", BlqRule(), (0.5, 1.0)),
    ([0, 2, 0, 1, 2, 1, 0, 0], [0, 1, 2, 3, 4, 5, 6, 7], 7.0, "linear", KEEP_MIDDLE,
     (5.5, 6.0)),
    ([0, 2, 0, 1, 2, 1, 0, 0], [0, 1, 2, 3, 4, 5, 6, 7], 7.0, "linear-up log-down", KEEP_MIDDLE,
     (5.442695040888964, 5.942695040888964)),
    ([0, 2, 0, 1, 2, 1, NA, 0], [0, 1, 2, 3, 4, 5, 6, 7], 7.0, "linear", BlqRule(), (7.0, 8.0)),
    ([0, 2, 0, 1, 2, 1, 0], [0, 1, 2, 3, 4, 5, 7], 6.0, "linear", BlqRule(), (7.0, 7.75)),
    ([0, 2.5, 3, 2, 1.5, 1.2, 1.1, 0, 0], [0, 1, 2, 3, 4, 5, 8, 12, 24], 2.0,
     "linear-up log-down", BlqRule(), (4.0, 4.0)),
    ([0, 2.5, 3, 2, 1.5, 1.2, 1.1, 0, 0], [0, 1, 2, 3, 4, 5, 8, 12, 24], 1.5,
     "linear-up log-down", BlqRule(), (2.5625, 2.5625)),
]  # fmt: skip


@pytest.mark.parametrize(("values", "days", "end", "rule", "blq", "areas"), CASES)
def test_areas_agree_with_the_closed_forms(
    values: list[float | None],
    days: list[float],
    end: float,
    rule: str,
    blq: BlqRule,
    areas: tuple[float, float],
) -> None:
    profile = profile_of(read_series(days, values), blq)
    assert profile.last_day is not None

    last = area(profile, 0.0, min(end, profile.last_day), AucRule(rule))

    assert last == pytest.approx(areas[0], rel=1e-12)
    assert area(profile, 0.0, end, AucRule(rule)) == pytest.approx(areas[1], rel=1e-12)


def test_the_published_percentages_have_their_worked_areas() -> None:
    days, values = [1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33]
    profile = profile_of(read_series(days, values))

    assert area(profile, 1, 14, AucRule.LINEAR) == pytest.approx(493.74, abs=5e-3)
    assert area(profile, 1, 14) == pytest.approx(485.86, abs=5e-3)


# Stein 2019 typical patient without noise (parameters of Table 1): what each rule gives on the
# schedule of the case and on a dense one; exact area to day 28: 171774.2852
STEIN = {
    0: 6.153846154, 1: 14.97209637, 3: 88.62465803, 4: 215.6207497, 5: 524.5978797,
    7: 3105.263721, 9.3: 24000.0, 11: 18328.62607, 12: 15645.90386, 14: 11411.53433,
    17: 7130.683237, 21: 3845.046499, 28: 1373.558776,
}  # fmt: skip
CASE_DAYS = (0, 1, 4, 7, 12, 14, 21, 28)
DENSE_DAYS = (0, 1, 3, 5, 7, 9.3, 11, 14, 17, 21, 28)


@pytest.mark.parametrize(
    ("days", "rule", "expected"),
    [
        (CASE_DAYS, "linear", 150936.2874),
        (CASE_DAYS, "linear-up log-down", 144546.0674),
        (CASE_DAYS, "log-up log-down", 134590.8371),
        (DENSE_DAYS, "linear", 184147.7742),
        (DENSE_DAYS, "linear-up log-down", 180483.0406),
        (DENSE_DAYS, "log-up log-down", 171941.0787),
    ],
)
def test_every_rule_on_a_known_curve(days: tuple[float, ...], rule: str, expected: float) -> None:
    profile = profile_of(read_series(days, [STEIN[day] for day in days]))

    assert area(profile, 0, 28, AucRule(rule)) == pytest.approx(expected, rel=1e-8)


def test_lin_log_is_linear_up_to_the_highest_value_and_logarithmic_after_it() -> None:
    # the rise after the fall is logarithmic too: that sets it apart from linear-up log-down
    profile = profile_of(read_series([0, 1, 2, 3], [1.0, 4.0, 1.0, 2.0]))

    expected = 2.5 + 3 / math.log(4) + 1 / math.log(2)
    assert area(profile, 0, 3, AucRule.LINEAR_LOG) == pytest.approx(expected)


def test_log_up_log_down_is_exact_for_exponential_growth() -> None:
    days = [0, 2, 4, 6]
    profile = profile_of(read_series(days, [math.exp(0.8 * day) for day in days]))

    exact = (math.exp(0.8 * 5) - math.exp(0.8 * 1)) / 0.8
    assert area(profile, 1, 5, AucRule.LOG_UP_LOG_DOWN) == pytest.approx(exact, rel=1e-12)


def test_a_curve_without_a_sample_on_day_0_starts_there_at_0() -> None:
    assert profile_of(read_series([-1, 2, 4], [3.0, 2.0, 1.0])).nodes[0] == (0.0, 0.0)
    assert profile_of(read_series([0, 2], [3.0, 2.0])).nodes[0] == (0.0, 3.0)
    assert profile_of(read_series([2, 4], [2.0, 1.0]), origin="none").nodes[0] == (2.0, 2.0)


def test_values_below_the_limit_are_0_at_the_ends_and_left_out_between() -> None:
    series = read_series([0, 1, 2, 3, 4, 5, 6], [0.1, 0.2, 3.0, 0.1, 2.0, 0.2, 0.1], lloq=0.5)

    profile = profile_of(series)

    assert profile.nodes == ((0, 0), (1, 0), (2, 3), (4, 2), (5, 0), (6, 0))
    assert profile.dropped_days == (3,)
    assert profile.last_day == 4
    assert profile.ends_below


def test_values_below_the_limit_may_all_be_left_out() -> None:
    series = read_series([0, 1, 2, 3, 4], [0, 0, 3.0, 0, 0])

    profile = profile_of(series, BlqRule(first="drop", last="drop"), origin="none")

    assert profile.nodes == ((2, 3),)
    assert not profile.ends_below


def test_a_fall_by_a_hairs_breadth_has_an_area() -> None:
    assert segment_area((0, 5.0), (2, 5.0 * (1 - 1e-15)), logarithmic=True) == pytest.approx(10)


COURSES = st.lists(
    st.floats(min_value=0.01, max_value=1e6), min_size=3, max_size=9
).flatmap(
    lambda values: st.tuples(
        st.just(values),
        st.lists(
            st.integers(min_value=0, max_value=60), min_size=len(values), max_size=len(values),
            unique=True,
        ),
    )
)  # fmt: skip


@given(course=COURSES, rule=st.sampled_from(AucRule), share=st.floats(min_value=0, max_value=1))
def test_areas_of_two_parts_make_that_of_the_whole(
    course: tuple[list[float], list[int]], rule: AucRule, share: float
) -> None:
    profile = profile_of(read_series(course[1], course[0]))
    end = profile.nodes[-1][0]
    cut = share * end

    parts = area(profile, 0, cut, rule) + area(profile, cut, end, rule)

    assert parts == pytest.approx(area(profile, 0, end, rule), rel=1e-9)


@given(course=COURSES, rule=st.sampled_from(AucRule), factor=st.floats(min_value=0.1, max_value=9))
def test_scaling_the_values_scales_the_area(
    course: tuple[list[float], list[int]], rule: AucRule, factor: float
) -> None:
    plain = profile_of(read_series(course[1], course[0]))
    scaled = profile_of(read_series(course[1], [factor * value for value in course[0]]))
    end = plain.nodes[-1][0]

    expected = factor * area(plain, 0, end, rule)
    assert area(scaled, 0, end, rule) == pytest.approx(expected, rel=1e-9)
