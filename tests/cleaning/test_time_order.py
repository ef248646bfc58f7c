import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.cleaning.time_order import (
    Gap,
    TimeState,
    continued,
    in_time_order,
    order_of_times,
)


def steady(n: int = 2_000, rate_per_s: float = 100.0) -> np.ndarray:
    return np.arange(n) / rate_per_s


def test_a_time_that_runs_forwards_is_ordered() -> None:
    found = order_of_times(steady(), in_seconds=True)

    assert found.state is TimeState.ORDERED
    assert (found.n_backsteps, found.n_restarts, found.gaps) == (0, 0, ())
    assert found.span == pytest.approx(19.99)


@pytest.mark.parametrize("times", [None, np.array([]), np.array([0.0, np.nan, 1.0])])
def test_a_time_that_is_missing_or_no_number_is_absent(times: np.ndarray | None) -> None:
    assert order_of_times(times, in_seconds=True).state is TimeState.ABSENT


def test_a_time_of_few_ticks_is_coarse() -> None:
    assert order_of_times(np.repeat(np.arange(99.0), 50), in_seconds=True).state is TimeState.COARSE
    assert (
        order_of_times(np.repeat(np.arange(100.0), 50), in_seconds=True).state is TimeState.ORDERED
    )


def test_a_clock_that_begins_again_is_continued() -> None:
    parts = np.concatenate([steady(), steady(), steady()])
    found = order_of_times(parts, in_seconds=True)
    order, running = in_time_order(parts)

    assert found.state is TimeState.RESTARTED
    assert (found.n_backsteps, found.n_restarts) == (2, 2)
    assert found.span == pytest.approx(3 * 19.99)
    assert order is None
    assert np.diff(running).min() >= 0.0


def test_shuffled_events_are_put_in_the_order_of_their_time() -> None:
    rng = np.random.default_rng(1)
    mixed = rng.permutation(steady())
    order, running = in_time_order(mixed)

    assert order_of_times(mixed, in_seconds=True).state is TimeState.SHUFFLED
    assert order is not None
    assert np.array_equal(mixed[order], steady())
    assert np.array_equal(running, steady())


def test_a_few_steps_back_do_not_make_a_tube_shuffled() -> None:
    times = steady()
    times[[500, 501]] = times[[501, 500]]
    found = order_of_times(times, in_seconds=True)
    order, running = in_time_order(times)

    assert found.state is TimeState.ORDERED
    assert found.n_backsteps == 1
    assert order is not None
    assert np.array_equal(running, steady())


def test_two_events_that_changed_places_early_are_no_restart() -> None:
    times = steady()
    times[[0, 5]] = times[[5, 0]]

    assert order_of_times(times, in_seconds=True).n_restarts == 0


def test_a_pause_is_a_gap_only_where_seconds_are_known_and_chance_does_not_explain_it() -> None:
    paused = np.concatenate([steady(), steady() + 22.5])
    rare = np.cumsum(np.random.default_rng(2).exponential(2.0, 3_000))

    assert order_of_times(paused, in_seconds=True).gaps == (Gap(begin_s=19.99, length_s=2.51),)
    assert order_of_times(paused, in_seconds=False).gaps == ()
    assert order_of_times(rare, in_seconds=True).gaps == ()


def test_a_gap_counts_from_the_first_event_in_shuffled_tubes_too() -> None:
    paused = np.concatenate([steady(), steady() + 22.5]) + 1_000.0
    mixed = np.random.default_rng(3).permutation(paused)

    assert order_of_times(mixed, in_seconds=True).gaps == (Gap(begin_s=19.99, length_s=2.51),)


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=200))
def test_times_in_order_never_fall_and_lose_no_event(values: list[float]) -> None:
    times = np.array(values)
    order, running = in_time_order(times)

    assert len(running) == len(times)
    assert (np.diff(running) >= 0.0).all()
    if order is not None:
        assert sorted(order.tolist()) == list(range(len(times)))


@given(st.lists(st.floats(0.0, 1e6), min_size=1, max_size=200))
def test_continuing_leaves_a_time_that_runs_forwards_alone(values: list[float]) -> None:
    times = np.sort(np.array(values))

    assert continued(times) is times
