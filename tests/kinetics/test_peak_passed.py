from __future__ import annotations

import pytest

from carflow.kinetics.peak import peak_of
from carflow.kinetics.peak_passed import ASSUMPTIONS, PeakPassed, Verdict, peak_passed
from carflow.kinetics.series import read_series
from carflow.reasons import Reason
from carflow.units import Unit

RISING = ([4.0, 7.0, 9.0], [0.3, 5.0, 30.0])
FALLING = ([4.0, 7.0, 9.0, 12.0, 14.0], [1.0, 14.0, 80.0, 50.0, 36.0])


def passed(
    course: tuple[list[float], list[float]], *, today: float | None = None, factor: float = 1.0
) -> PeakPassed:
    days, values = course
    values = [factor * one for one in values]
    series = read_series(
        days, values, lows=[one / 1.2 for one in values], highs=[one * 1.2 for one in values]
    )
    return peak_passed(series, peak_of(series), today=today)


def test_two_falling_samples_after_the_highest_say_that_it_has_passed() -> None:
    found = passed(FALLING)

    assert found.verdict is Verdict.PASSED
    assert (found.today, found.width_now) == (14, 5)
    assert found.assumptions == (*ASSUMPTIONS, "the peak lies between day 0.5 and day 28")


def test_where_the_bracket_is_closed_no_later_day_is_named() -> None:
    assert passed(FALLING).next_days == {}
    assert passed(FALLING).best_next_day is None


def test_values_that_still_rise_leave_the_peak_to_come_or_open() -> None:
    found = passed(RISING)

    assert found.published.value is not None
    assert found.flat.value is not None
    assert found.flat.value < found.published.value < 0.5
    assert found.verdict in {Verdict.NOT_PASSED, Verdict.OPEN}


def test_later_the_same_values_make_it_more_likely() -> None:
    now, later = passed(RISING), passed(RISING, today=14)

    assert now.published.value is not None
    assert later.published.value is not None
    assert later.published.value > now.published.value + 0.2
    assert later.today == 14


def test_the_next_day_narrows_the_bracket_and_tomorrow_is_not_always_best() -> None:
    found = passed(RISING)
    best = found.best_next_day

    assert list(found.next_days) == [float(day) for day in range(10, 24)]
    assert best is not None
    assert found.width_now == 21  # day 7 to the end of the window, day 28
    assert found.next_days[best] < found.width_now - 3
    assert found.next_days[best] < found.next_days[10.0]


def test_scaling_values_changes_the_answer_by_no_more_than_the_draws_do() -> None:
    plain, scaled = passed(RISING), passed(RISING, factor=1000.0)

    assert plain.published.value is not None
    assert scaled.published.value == pytest.approx(plain.published.value, abs=0.03)


def test_the_same_numbers_give_the_same_answer() -> None:
    assert passed(RISING) == passed(RISING)


def test_too_few_values_and_no_expansion_are_not_answered() -> None:
    two, none = passed(([7.0, 12.0], [5.0, 9.0])), passed(([4.0, 7.0, 9.0], [0.0, 0.0, 0.0]))

    assert two.published.reason is Reason.TOO_FEW_VALUES
    assert (none.flat.reason, none.verdict, none.best_next_day) == (
        Reason.ALL_BLQ, Verdict.NONE, None,
    )  # fmt: skip


def test_values_no_assumed_curve_passes_near_are_not_answered() -> None:
    jagged = ([1.0, 3.0, 5.0, 7.0, 9.0, 11.0], [50.0, 0.5, 60.0, 0.4, 70.0, 0.3])

    assert passed(jagged).published.reason is Reason.MODEL_MISFIT


def test_a_percentage_of_100_has_no_log_odds() -> None:
    series = read_series([4, 7, 9], [20.0, 60.0, 100.0])

    found = peak_passed(series, peak_of(series), unit=Unit.PERCENT)
    assert found.published.reason is Reason.NO_LOGARITHM


def test_values_without_intervals_take_the_error_of_the_published_model() -> None:
    days, values = FALLING
    series = read_series(days, values)
    vague, sharp = peak_passed(series, peak_of(series)), passed(FALLING)

    assert vague.published.value is not None
    assert sharp.published.value is not None
    assert vague.published.value < sharp.published.value


def test_a_sample_below_its_limit_makes_an_early_peak_less_likely() -> None:
    days, values = [4.0, 7.0, 9.0, 12.0], [0.0, 6.0, 30.0, 33.0]
    answers = []
    for limit in (None, 0.05):
        series = read_series(
            days,
            values,
            lows=[0.0, 5.0, 25.0, 27.5],
            highs=[limit, 7.2, 36.0, 39.6],
            states=["ND", "QUANT", "QUANT", "QUANT"],
        )
        answers.append(peak_passed(series, peak_of(series)).published.value)

    assert None not in answers
    assert answers[0] != answers[1]


def test_today_does_not_lie_before_the_last_sample() -> None:
    with pytest.raises(ValueError, match=r"today \(day 5\) lies before the last sample \(day 9\)"):
        passed(RISING, today=5)
