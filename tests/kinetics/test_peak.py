from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.kinetics.peak import Peak, estimate_peak
from carflow.measure import State
from carflow.reasons import Reason
from carflow.units import Unit

DAYS = [1, 4, 7, 12, 14]
PUBLISHED = [4.26, 12.33, 45.31, 69.94, 24.33]


def test_the_published_course_peaks_on_day_12_between_7_and_14() -> None:
    peak = estimate_peak(DAYS, PUBLISHED, unit=Unit.PERCENT)

    assert (peak.day.value, peak.day.unit) == (12, Unit.DAY)
    assert (peak.height.value, peak.height.unit) == (69.94, Unit.PERCENT)
    assert peak.bracket == (7, 14)
    assert peak.reason is Reason.NONE


def test_the_bracket_is_not_called_the_interval_of_the_day() -> None:
    assert not estimate_peak(DAYS, PUBLISHED).day.has_interval


def test_of_equal_values_the_first_is_the_peak() -> None:
    peak = estimate_peak([1, 4, 7, 12], [1.0, 5.0, 5.0, 2.0])

    assert (peak.day.value, peak.bracket) == (4, (1, 7))


def test_a_first_sample_that_is_highest_opens_the_bracket_to_the_infusion() -> None:
    peak = estimate_peak([-1, 3, 7, 12], [0.0, 9.0, 5.0, 2.0])

    assert (peak.day.value, peak.bracket, peak.reason) == (3, (0, 7), Reason.EARLY_MAX)
    assert peak.day.state is State.QUANT
    assert peak.day.reason is Reason.EARLY_MAX


def test_a_last_sample_that_is_highest_leaves_the_peak_open() -> None:
    peak = estimate_peak([3, 7, 12], [1.0, 5.0, 9.0])

    assert (peak.bracket, peak.reason) == ((7, math.inf), Reason.PEAK_NOT_REACHED)


def test_a_single_sample_is_bounded_by_the_infusion_alone() -> None:
    peak = estimate_peak([7], [5.0])

    assert (peak.bracket, peak.reason) == ((0, math.inf), Reason.PEAK_NOT_REACHED)


def test_carry_over_in_the_first_hours_is_not_the_peak_and_closes_no_bracket() -> None:
    peak = estimate_peak([0.0111, 7, 12, 14], [140.0, 5.0, 70.0, 20.0])
    assert (peak.day.value, peak.bracket) == (12, (7, 14))

    alone_before = estimate_peak([0.0111, 12, 14], [140.0, 70.0, 20.0])
    assert (alone_before.bracket, alone_before.reason) == ((0, 14), Reason.EARLY_MAX)


def test_a_low_sample_before_the_window_closes_the_bracket() -> None:
    peak = estimate_peak([0.25, 12, 14], [0.0, 70.0, 20.0])

    assert (peak.bracket, peak.reason) == ((0.25, 14), Reason.NONE)


def test_a_visit_after_the_window_closes_the_bracket_if_it_is_lower() -> None:
    lower = estimate_peak([14, 28, 60], [1.0, 5.0, 2.0])
    higher = estimate_peak([14, 28, 60, 90], [1.0, 5.0, 9.0, 2.0])

    assert (lower.bracket, lower.reason) == ((14, 60), Reason.NONE)
    assert (higher.bracket, higher.reason) == ((14, math.inf), Reason.PEAK_NOT_REACHED)


def test_samples_below_the_limit_close_the_bracket_and_missing_ones_do_not() -> None:
    peak = estimate_peak([1, 4, 7, 9, 14], [None, 0.0, 5.0, None, 0.1], lloq=0.5)

    assert peak.bracket == (4, 14)


def test_a_high_value_of_few_events_is_no_peak_and_closes_no_bracket() -> None:
    peak = estimate_peak(
        [1, 4, 7, 9, 14],
        [2.0, 80.0, 50.0, 60.0, 5.0],
        states=["QUANT", "DET_BLQ", "QUANT", "ND", "QUANT"],
    )

    assert (peak.day.value, peak.bracket, peak.reason) == (7, (1, 14), Reason.NONE)


@pytest.mark.parametrize(
    ("days", "values", "reason"),
    [
        ([4, 7, 12], [0.0, 0.0, 0.0], Reason.ALL_BLQ),
        ([-1, 0], [0.0, 3.0], Reason.NO_VALUES),
        ([], [], Reason.NO_VALUES),
        ([7], [None], Reason.NO_VALUES),
        ([7, 60], [0.0, 3.0], Reason.OUTSIDE_WINDOW),
    ],
)
def test_no_peak_says_why(days: list[float], values: list[float | None], reason: Reason) -> None:
    peak = estimate_peak(days, values)

    assert peak.day.value is None
    assert {peak.reason, peak.day.reason, peak.height.reason} == {reason}
    assert peak.bracket == (0, math.inf)
    assert peak.days95 == {}
    assert peak.probability_reason is reason


def test_the_window_leaves_out_its_first_day_and_keeps_its_last() -> None:
    assert estimate_peak([3, 7, 12], [9.0, 5.0, 1.0], window=(3, 12)).day.value == 7
    assert estimate_peak([3, 7, 12], [1.0, 5.0, 9.0], window=(3, 12)).day.value == 12


def test_a_window_has_a_beginning_and_a_later_end() -> None:
    with pytest.raises(ValueError, match=r"a window has a beginning and a later end, got \(9, 3\)"):
        estimate_peak(DAYS, PUBLISHED, window=(9, 3))


def test_without_intervals_no_day_has_a_probability() -> None:
    peak = estimate_peak(DAYS, PUBLISHED)

    assert (peak.probabilities, peak.days95) == ({}, {})
    assert peak.probability_reason is Reason.NO_COUNTS


def with_spread(values: list[float], spread: float) -> Peak:
    return estimate_peak(
        DAYS,
        values,
        lows=[value / spread for value in values],
        highs=[value * spread for value in values],
    )


def test_narrow_intervals_leave_one_day_and_wide_ones_several() -> None:
    assert with_spread(PUBLISHED, 1.02).days95 == {12: 1.0}

    wide = with_spread(PUBLISHED, 2.0)
    assert list(wide.days95) == [7, 12]
    assert sum(wide.days95.values()) >= 0.95
    assert sum(wide.probabilities.values()) == pytest.approx(1.0)
    assert wide.probability_reason is Reason.NONE


def test_a_probability_is_that_of_two_lognormals() -> None:
    # P(X7 > X12) = Phi(-ln(69.94 / 45.31) / (s * sqrt 2)) with s = ln 3 / 1.96: 0.292
    course = estimate_peak([7, 12], [45.31, 69.94], lows=[15.10, 23.31], highs=[135.9, 209.8])

    assert course.probabilities[7] == pytest.approx(0.292, abs=0.03)


def test_the_same_numbers_give_the_same_probabilities() -> None:
    assert with_spread(PUBLISHED, 2.0) == with_spread(PUBLISHED, 2.0)


def test_a_sample_below_the_limit_may_be_the_highest_up_to_its_limit() -> None:
    peak = estimate_peak(
        [4, 7], [0.0, 2.0], lows=[0.0, 1.8], highs=[20.0, 2.2], states=["ND", "QUANT"]
    )

    # uniform below 20: above about 2 in nine of ten draws
    assert peak.day.value == 7
    assert peak.probabilities[4] == pytest.approx(0.9, abs=0.03)


def test_one_quantified_sample_without_interval_leaves_all_days_without_probability() -> None:
    peak = estimate_peak([4, 7], [1.0, 2.0], lows=[None, 1.8], highs=[None, 2.2])

    assert peak.probabilities == {}


def test_a_row_holds_nothing_that_json_cannot_say() -> None:
    assert with_spread(PUBLISHED, 1.02).as_row() == {
        "day": 12.0, "height": 69.94, "height_low": 69.94 / 1.02, "height_high": 69.94 * 1.02,
        "unit": "", "previous_day": 7.0, "next_day": 14.0, "reason": "", "days95": {"12": 1.0},
    }  # fmt: skip
    for row in (estimate_peak([7], [5.0]).as_row(), estimate_peak([7], [0.0]).as_row()):
        assert json.loads(json.dumps(row, allow_nan=False)) == row


@given(
    values=st.lists(st.floats(min_value=0.1, max_value=100), min_size=2, max_size=8),
    shift=st.integers(min_value=1, max_value=10),
    factor=st.sampled_from([0.5, 2.0, 4.0]),
)
def test_shifting_days_shifts_the_peak_and_scaling_values_leaves_its_day(
    values: list[float], shift: int, factor: float
) -> None:
    days = [1 + 2 * row for row in range(len(values))]
    lows, highs = [value / 2 for value in values], [value * 2 for value in values]
    plain = estimate_peak(days, values, lows=lows, highs=highs, window=(0, 60))
    shifted = estimate_peak(
        [day + shift for day in days], values, lows=lows, highs=highs, window=(0, 60)
    )
    scaled = estimate_peak(days, [factor * value for value in values])

    assert plain.day.value is not None
    assert shifted.day.value == plain.day.value + shift
    assert shifted.height == plain.height
    assert shifted.probabilities == {
        day + shift: share for day, share in plain.probabilities.items()
    }
    assert scaled.day.value == plain.day.value


@given(
    values=st.lists(
        st.one_of(st.none(), st.just(0.0), st.floats(min_value=0.1, max_value=100)),
        min_size=1,
        max_size=9,
    )
)
def test_the_bracket_holds_the_highest_day(values: list[float | None]) -> None:
    peak = estimate_peak([3 * row - 1 for row in range(len(values))], values)

    if peak.day.value is None:
        assert peak.reason
    else:
        assert peak.bracket[0] < peak.day.value < peak.bracket[1]
