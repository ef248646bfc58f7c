from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.kinetics.auc import AucRule, BlqRule, area, area_interval, profile_of
from carflow.kinetics.nca import nca
from carflow.kinetics.slope import SlopeRule
from carflow.kinetics.spreads import read_measured
from carflow.measure import IntervalKind
from carflow.reasons import Reason
from carflow.units import Unit

FALL = [0.0, 7.0, 10.0, 14.0, 17.0, 21.0]
FALLING = [0.0, 64.0, 32.0, 12.0, 6.0, 2.3]


def test_a_small_part_beyond_the_last_sample_follows_the_slope() -> None:
    found = nca(FALL, FALLING)
    rate = found.lambda_z.value
    assert rate is not None

    longer = found.auc(0, 28)

    beyond = 2.3 * (1 - math.exp(-7 * rate)) / rate
    assert longer.reason is Reason.EXTRAPOLATED
    assert longer.value == pytest.approx((found.auc(0, 21).value or 0.0) + beyond, rel=1e-12)


def test_a_large_part_beyond_the_last_sample_is_not_extrapolated() -> None:
    slow = nca([0, 7, 10, 14, 17], [0.0, 64.0, 60.0, 56.0, 52.0])

    assert slow.auc(0, 19).reason is Reason.EXTRAPOLATED
    assert slow.auc(0, 84).reason is Reason.FAR_EXTRAPOLATION
    assert nca(FALL, FALLING).auc(22, 28).reason is Reason.FAR_EXTRAPOLATION
    strict = nca(FALL, FALLING, slope_rule=SlopeRule(max_extrapolated_pct=0.5))
    assert strict.auc(0, 28).reason is Reason.FAR_EXTRAPOLATION


def test_imputed_or_poor_tails_extrapolate_nothing() -> None:
    imputed = nca([0, 14, 28, 42, 68], [0, 211, 4.15, 0.2, 0.2])
    noisy = nca([1, 2, 3, 4, 5], [90, 10, 30, 9, 20])

    assert imputed.auc(0, 84).reason is Reason.WINDOW_NOT_COVERED
    assert noisy.auc(0, 6).reason is Reason.WINDOW_NOT_COVERED


def test_a_window_before_the_first_sample_needs_an_origin() -> None:
    # PKNCA's case "start before first": without a value at the start there is no area
    assert nca([2, 3], [1.0, 2.0], origin=False).auc(1, 3).reason is Reason.WINDOW_NOT_COVERED
    assert nca([2, 3], [1.0, 2.0], auc_rule="linear").auc(1, 3).value == 0.75 + 1.5
    assert nca([2, 3], [1.0, 2.0], origin=False, auc_rule="linear").auc_last.value == 1.5


@pytest.mark.parametrize(
    ("name", "last", "every"),
    [
        # by hand: 1.5 up to day 2, 7 to day 4, 9 to day 7, 1 to day 8
        ("zero/drop/zero", 17.5, 18.5),
        ("keep/keep/keep", 12.5, 13.5),
        ("drop/drop/drop", 19.0, 19.0),
        # half of 0.5: 0.25 on days 1, 5 and 8
        ("half/half/half", 13.125, 14.25),
        ("half/drop/zero", 17.75, 18.75),
    ],
)
def test_values_below_the_limit_are_worth_what_the_rule_says(
    name: str, last: float, every: float
) -> None:
    days, values = [1, 2, 4, 5, 7, 8, 9], [0.1, 3.0, 4.0, 0.2, 2.0, 0.3, 0.0]

    found = nca(days, values, lloq=0.5, auc_rule="linear", blq_rule=name)

    assert found.auc_last.value == pytest.approx(last)
    assert found.auc_all.value == pytest.approx(every)


def test_below_after_the_peak_may_be_missing_and_before_it_zero() -> None:
    days, values = [1, 2, 4, 5, 7], [0.0, 0.0, 8.0, 0.0, 2.0]

    found = nca(days, values, blq_rule="before-tmax", auc_rule="linear")

    assert found.areas.profile.nodes == ((0, 0), (1, 0), (2, 0), (4, 8), (7, 2))
    assert found.notes == (Reason.BLQ_DROPPED, Reason.TOO_FEW_VALUES)


def test_half_a_limit_needs_the_limit() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        nca([1, 2], [0.0, 2.0], blq_rule="half")

    assert str(caught.value) == (
        "half the limit on day 1 needs that limit: give lloq for every value"
    )


@pytest.mark.parametrize("name", ["zero/drop", "zero/drop/nothing", "", "lloq"])
def test_a_rule_that_is_none_is_the_callers_mistake(name: str) -> None:
    with pytest.raises(ValueError, match=f'"{name}" is no rule for values below the limit'):
        BlqRule.named(name)


def test_an_area_has_the_interval_of_its_values() -> None:
    found = nca([0, 1, 2], [1.0, 1.0, 1.0], cv=0.1, auc_rule="linear").auc(0, 2)

    # weights 0.5, 1 and 0.5, so the CV of the area is 0.1 * sqrt(1.5) / 2
    reach = math.exp(1.959964 * 0.1 * math.sqrt(1.5) / 2)
    assert found.value == 2.0
    assert (found.low, found.high) == pytest.approx((2 / reach, 2 * reach), rel=1e-5)
    assert found.ci_kind is IntervalKind.TOTAL


def test_an_area_without_intervals_says_no_counts() -> None:
    found = nca([0, 1, 2], [1.0, 1.0, 1.0]).auc(0, 2)

    assert (found.has_interval, found.reason) == (False, Reason.NO_COUNTS)


def test_a_value_outside_the_window_may_lack_its_interval() -> None:
    known = nca([1, 2, 3], [1.0, 1.0, 9.0], lows=[0.9, 0.9, None], highs=[1.1, 1.1, None])

    assert known.auc(0, 2).has_interval
    assert not known.auc(0, 3).has_interval


@pytest.mark.slow
def test_the_interval_of_an_area_covers_95_percent() -> None:
    random = np.random.default_rng(11)
    days = [1, 4, 7, 12, 14, 21, 28]
    truth = np.array([4.26, 12.33, 45.31, 69.94, 24.33, 8.0, 3.0])
    exact = nca(days, truth.tolist()).auc(0, 28).value
    assert exact is not None
    hits = 0
    for _ in range(1000):
        drawn = truth * np.exp(0.2 * random.standard_normal(7))
        found = nca(days, drawn.tolist(), cv=0.2).auc(0, 28)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= exact <= found.high

    assert hits >= 930


@given(
    st.lists(st.floats(0.1, 1e4), min_size=2, max_size=9),
    st.sampled_from(list(AucRule)),
    st.floats(0.01, 0.5),
)
def test_the_interval_holds_the_area(values: list[float], rule: AucRule, cv: float) -> None:
    days = [1.5 * day for day in range(1, len(values) + 1)]
    profile = profile_of(read_measured(days, values, cv=cv))

    found = area_interval(profile, 0, days[-1], rule)

    assert found is not None
    assert found.low < area(profile, 0, days[-1], rule) < found.high


@given(st.lists(st.floats(0.1, 1e4), min_size=3, max_size=8), st.floats(0.05, 0.95))
def test_a_value_on_the_curve_changes_no_exponential_area(
    values: list[float], share: float
) -> None:
    days = [2.0 * day for day in range(len(values))]
    middle = values[0] ** (1 - share) * values[1] ** share
    rule = "log-up log-down"

    plain = nca(days, values, auc_rule=rule).auc_last.value
    more = nca([*days, 2 * share], [*values, middle], auc_rule=rule).auc_last.value

    assert more == pytest.approx(plain, rel=1e-9)


def test_units_of_areas_follow_those_of_values() -> None:
    assert nca([1, 2], [1.0, 2.0], unit=Unit.CELLS_PER_UL).auc_last.unit is Unit.CELLS_DAY_PER_UL
