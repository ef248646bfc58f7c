from __future__ import annotations

import math
from itertools import pairwise

import pytest

from carflow.kinetics.growth import doubling_time, growth_per_day, growth_steps, log_odds
from carflow.kinetics.spreads import read_measured
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

COURSE = ((1, 4.26), (4, 12.33), (7, 45.31), (12, 69.94), (14, 24.33))


def test_log_odds_slopes_of_the_published_percentages() -> None:
    slopes = [growth_per_day(a, b, unit=Unit.PERCENT) for a, b in pairwise(COURSE)]

    # logit by hand: -3.1124, -1.9615, -0.1882, 0.8444, -1.1347
    assert slopes == pytest.approx([0.3836, 0.5911, 0.2065, -0.9896], abs=5e-5)


def test_counts_grow_by_their_logarithm() -> None:
    # Stein 2019: 3900-fold in 9.3 days
    slope = growth_per_day((0, 1.0), (9.3, 3900.0), unit=Unit.CELLS_PER_UL)

    assert slope == pytest.approx(0.8891, abs=5e-5)
    assert slope is not None
    assert math.log(2) / slope == pytest.approx(0.7796, abs=5e-5)


@pytest.mark.parametrize(
    ("value", "unit"), [(0.0, Unit.CELLS_PER_UL), (0.0, Unit.PERCENT), (100.0, Unit.PERCENT)]
)
def test_a_value_without_logarithm_has_no_growth(value: float, unit: Unit) -> None:
    assert growth_per_day((1, 50.0), (2, value), unit=unit) is None


def test_log_odds_of_the_published_percentages() -> None:
    found = [log_odds(percent) for _, percent in COURSE]

    assert found == pytest.approx([-3.1124, -1.9615, -0.1882, 0.8444, -1.1347], abs=5e-5)
    assert log_odds(0.0) is None


def test_the_growth_of_percentages_is_a_difference_with_an_interval() -> None:
    days, values = zip(*COURSE, strict=True)
    steps = growth_steps(read_measured(days, values, n_denominator=1000), unit=Unit.PERCENT)

    assert [step.rate.value for step in steps] == pytest.approx(
        [0.3836, 0.5911, 0.2065, -0.9896], abs=5e-5
    )
    # standard error of a log-odds: 1/sqrt(n p (1-p)); of its slope, both in quadrature
    errors = [1 / math.sqrt(1000 * p * (1 - p)) for p in (0.4531, 0.6994)]
    reach = 1.96 * math.hypot(*errors) / 5
    assert steps[2].rate.high == pytest.approx(0.2065 + reach, abs=2e-3)
    assert {step.doubling_time.reason for step in steps} == {Reason.SATURATES}


def test_counts_double_and_say_where_they_do_not() -> None:
    first, second, third = growth_steps(read_measured([1, 3, 5, 9], [1.0, 4.0, 4.0, 1.0]))

    assert first.doubling_time.value == pytest.approx(1.0)
    assert first.rate.reason is Reason.NO_COUNTS
    assert second.doubling_time.reason is Reason.NO_GROWTH
    assert third.doubling_time.reason is Reason.NO_GROWTH


def test_all_or_nothing_has_no_log_odds() -> None:
    (step,) = growth_steps(read_measured([1, 3], [50.0, 100.0]), unit=Unit.PERCENT)

    assert step.rate.reason is Reason.NO_LOGARITHM
    assert doubling_time(step.rate) == Measure.missing(Unit.DAY, Reason.NO_LOGARITHM)


def test_a_rate_that_may_be_none_has_no_interval_of_its_doubling_time() -> None:
    measure = doubling_time(Measure(unit=Unit.PER_DAY, value=0.5, low=-0.1, high=1.1))

    assert measure.value == pytest.approx(math.log(2) / 0.5)
    assert not measure.has_interval
