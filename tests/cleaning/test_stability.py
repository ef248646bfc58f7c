import numpy as np
import pytest

from carflow.cleaning.stability import RemovedInterval, Stability, unstable_events
from carflow.cleaning.time_order import TimeOrder, TimeState


def interval(first: int, stop: int, *channels: str) -> RemovedInterval:
    return RemovedInterval(
        first_event=first,
        stop_event=stop,
        first_s=float(first),
        last_s=float(stop - 1),
        channels=channels or ("FITC-A",),
    )


def stability(*removed: RemovedInterval, n_backsteps: int = 0, n_events: int = 10) -> Stability:
    state = TimeState.SHUFFLED if n_backsteps else TimeState.ORDERED
    return Stability(
        n_events=n_events,
        time=TimeOrder(state=state, n_backsteps=n_backsteps),
        channels=("FSC-A", "FITC-A", "PE-A"),
        removed=removed,
    )


def test_the_removed_share_adds_the_intervals_up() -> None:
    found = stability(interval(0, 2), interval(5, 8))

    assert found.n_removed == 5
    assert found.removed_pct == 50.0


def test_a_tube_that_was_not_judged_has_no_removed_share() -> None:
    unknown = Stability(
        n_events=9, time=TimeOrder(state=TimeState.ABSENT), not_judged="it holds 9 events"
    )

    assert not unknown.is_judged
    assert unknown.removed_pct is None
    assert not unstable_events(unknown).any()


def test_more_than_half_of_a_tube_may_not_be_left_out() -> None:
    assert not stability().may_be_left_out
    assert stability(interval(0, 5)).may_be_left_out
    assert not stability(interval(0, 6)).may_be_left_out


def test_blamed_channels_run_in_the_order_of_the_file() -> None:
    found = stability(interval(0, 2, "PE-A"), interval(5, 8, "FITC-A", "PE-A"))

    assert found.blamed_channels == ("FITC-A", "PE-A")


def test_the_mask_covers_the_intervals() -> None:
    mask = unstable_events(stability(interval(1, 3), interval(8, 10)))

    assert np.flatnonzero(mask).tolist() == [1, 2, 8, 9]


def test_in_a_shuffled_tube_the_mask_goes_by_time() -> None:
    times = np.random.default_rng(1).permutation(np.arange(300.0))
    mask = unstable_events(stability(interval(1, 3), n_backsteps=150, n_events=300), times)

    assert sorted(times[mask]) == [1.0, 2.0]


@pytest.mark.parametrize("times", [None, np.zeros(3)])
def test_a_mask_that_needs_times_asks_for_them(times: np.ndarray | None) -> None:
    with pytest.raises(ValueError, match="its times are needed for a mask"):
        unstable_events(stability(interval(1, 3), n_backsteps=5), times)
