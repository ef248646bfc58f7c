import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carflow.gating.estimates import Choice
from carflow.gating.estimators import (
    Guard,
    find_mixture,
    find_percentile,
    find_singlets,
    find_valley,
)

RNG = np.random.default_rng(11)
TWO = np.concatenate([RNG.normal(0, 1, 6000), RNG.normal(8, 1, 3000)])
THREE = np.concatenate([TWO, RNG.normal(16, 1, 3000)])


def test_of_several_valleys_the_template_says_which() -> None:
    first, last = (
        find_valley(THREE, Guard(), choice=one).place for one in (Choice.FIRST, Choice.LAST)
    )

    assert first == pytest.approx(4.0, abs=0.5)
    assert last == pytest.approx(12.0, abs=0.5)
    assert find_valley(THREE, Guard(), choice=Choice.LAST).reason == (
        "the valley between two populations, of 2 the last"
    )


def test_a_valley_outside_the_range_is_none() -> None:
    found = find_valley(TWO, Guard(low=6.0, high=9.0))

    assert found.place is None
    assert found.reason == "no valley lies within the range given"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.empty(0), "0 events, fewer than 500"),
        (np.full(900, np.nan), "0 events, fewer than 500"),
        (np.arange(10.0), "10 events, fewer than 500"),
        (np.full(900, 7.0), "all events have the same value"),
        (RNG.normal(0, 1, 4000), "there is one population only, without a valley of quality 0.3"),
        (RNG.standard_t(4, 4000), "there is one population only, without a valley of quality 0.3"),
    ],
    ids=["empty", "nan", "ten", "equal", "one peak", "t4"],
)
def test_what_has_no_valley_gets_none_and_the_reason(values: np.ndarray, reason: str) -> None:
    found = find_valley(values, Guard())

    assert (found.place, found.quality, found.reason) == (None, None, reason)


def test_singlets_end_four_deviations_above_the_usual_ratio() -> None:
    rng = np.random.default_rng(5)
    height = rng.lognormal(11, 0.2, 20_000)
    ratio = rng.normal(1.2, 0.03, 20_000)
    ratio[:1500] *= 1.4  # doublets
    area = height * ratio

    found = find_singlets(area, height, Guard())

    assert found.place == pytest.approx(1.2 + 4 * 0.03, abs=0.01)
    assert found.reason == "area / height up to its median + 4 MAD; 7.5% lie above"
    assert found.quality == pytest.approx(1.0, abs=0.01)


def test_singlets_need_positive_signals_in_the_range() -> None:
    area = np.full(2000, 100.0)

    assert find_singlets(area, -area, Guard()).reason == "0 events, fewer than 500"
    assert find_singlets(area, area, Guard(low=200.0)).reason == "0 events, fewer than 500"
    assert find_singlets(area, area, Guard()).reason == "all events have the same value"


def test_a_ratio_without_a_usual_value_gives_no_singlets() -> None:
    rng = np.random.default_rng(2)
    found = find_singlets(rng.uniform(1, 2, 4000) * 50, np.full(4000, 50.0), Guard())

    # the limit lies beyond every ratio
    assert found.place is None or found.place > 2.0


def test_the_percentile_of_ten_thousand_control_events_is_the_999th() -> None:
    values = np.arange(10_001.0)

    assert find_percentile(values, Guard(), percentile=99.9).place == pytest.approx(9990.0)


def test_fewer_control_events_carry_a_lesser_percentile() -> None:
    found = find_percentile(np.arange(9_999.0), Guard(), percentile=99.9)

    assert found.percentile == 99.5
    assert found.reason == (
        "the 99.5th percentile of the controls, for too few events for the 99.9th"
    )


def test_too_few_control_events_carry_none() -> None:
    found = find_percentile(np.arange(1_999.0), Guard(min_events=500), percentile=99.9)

    assert found.place is None
    assert found.reason == "1,999 events, fewer than the 2,000 of a 99.5th percentile"


def test_a_percentile_outside_the_range_is_none() -> None:
    found = find_percentile(np.arange(20_000.0), Guard(high=5.0))

    assert found.reason == "the 99.9th percentile lies outside the range"


def test_a_mixture_finds_two_populations_that_overlap_without_a_valley() -> None:
    rng = np.random.default_rng(7)
    values = np.concatenate([rng.normal(0, 1, 8000), rng.normal(2.5, 1, 4000)])

    assert find_valley(values, Guard()).place is None
    found = find_mixture(values, Guard())
    # of weights 2:1 and equal SD, equally likely where z = 1.25 + ln(2) / 2.5
    assert found.place == pytest.approx(1.25 + np.log(2) / 2.5, abs=0.15)


def test_a_mixture_of_one_population_is_refused() -> None:
    found = find_mixture(np.random.default_rng(1).normal(0, 1, 5000), Guard(min_quality=0.6))

    assert found.place is None


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.floats(1e-2, 1e2), st.floats(-50, 50))
def test_estimates_move_with_the_scale(seed: int, factor: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.permutation(np.concatenate([rng.normal(0, 1, 3000), rng.normal(9, 1, 2000)]))
    moved = values * factor + shift

    for find in (find_valley, find_percentile, find_mixture):
        before, after = find(values, Guard()), find(moved, Guard())
        assert before.place is not None
        assert after.place is not None
        assert (after.place - shift) / factor == pytest.approx(before.place, abs=0.1)
