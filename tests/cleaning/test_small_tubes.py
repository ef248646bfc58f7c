import numpy as np
import pytest
from numpy.typing import NDArray

from carflow.cleaning.small_tubes import find_stretches, small_tube_bins

Features = NDArray[np.float64]


def tube(seed: int, *, n: int = 3_000, m: int = 12, shared: float = 0.7) -> Features:
    """Return features that go with one another, as those of one cell do."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=n)
    events: Features = np.sqrt(1.0 - shared) * rng.normal(size=(m, n))
    events += np.sqrt(shared) * common
    return events


def found(events: Features, *, ticks: NDArray[np.bool_] | None = None) -> list[tuple[int, int]]:
    n = events.shape[1]
    size = small_tube_bins(n)
    starts = np.arange(0, n - size // 2, size)
    return find_stretches(events, starts, ticks=np.ones(n, dtype=bool) if ticks is None else ticks)


@pytest.mark.parametrize("n", [1_500, 3_000, 9_000])
def test_undisturbed_tubes_lose_nothing(n: int) -> None:
    assert [found(tube(seed, n=n)) for seed in range(20)] == [[]] * 20


def test_a_shift_too_slight_in_one_channel_is_seen_in_many() -> None:
    events = tube(1, shared=0.0)
    one, many = events.copy(), events.copy()
    one[0, 1_000:1_250] += 0.3
    many[:, 1_000:1_250] += 0.3

    assert found(one) == []
    [(begin, end)] = found(many)
    assert abs(begin - 1_000) <= 25
    assert abs(end - 1_250) <= 25


def test_a_shift_against_what_goes_together_is_seen() -> None:
    events = tube(2, shared=0.9)
    events[0, 1_000:1_300] += 0.6
    events[1, 1_000:1_300] -= 0.6

    [(begin, end)] = found(events)
    assert abs(begin - 1_000) <= 25
    assert abs(end - 1_300) <= 25


def test_several_bursts_are_several_stretches() -> None:
    events = tube(3)
    bursts = [(500, 560), (1_200, 1_290), (2_400, 2_450)]
    for begin, end in bursts:
        events[:6, begin:end] += 2.0

    stretches = found(events)

    assert len(stretches) == 3
    for (begin, end), (first, stop) in zip(bursts, stretches, strict=True):
        assert abs(first - begin) <= 15
        assert abs(stop - end) <= 15


def test_a_stretch_that_is_sure_but_slight_is_left_in() -> None:
    events = tube(4, n=18_000, shared=0.0)
    events[:, 6_000:9_000] += 0.2

    assert found(events) == []


def test_a_channel_that_wavers_all_the_time_is_not_believed() -> None:
    waves = np.repeat(np.random.default_rng(5).normal(0.0, 0.25, 60), 50)
    wavering = [tube(seed) for seed in range(20)]
    for events in wavering:
        events[0] += np.random.default_rng(events.shape[1]).permutation(waves)

    assert sum(bool(found(events)) for events in wavering) == 0


@pytest.mark.parametrize("slope", [0.6, 1.5, 4.0])
def test_a_slope_is_no_stretch(slope: float) -> None:
    events = tube(6)
    events[:4] += slope * np.linspace(0.0, 1.0, 3_000)

    assert found(events) == []


def test_what_cannot_be_told_apart_in_time_is_not_separated() -> None:
    events = tube(7)
    events[:6, 1_000:1_300] += 1.0
    ticks = np.zeros(3_000, dtype=bool)
    ticks[::40] = True

    [(begin, end)] = found(events, ticks=ticks)

    assert (begin, end) == (1_000, 1_320) or (begin, end) == (1_000, 1_280)


def test_a_channel_that_repeats_another_changes_nothing() -> None:
    events = tube(8)
    events[:3, 1_000:1_200] += 1.0

    assert found(np.concatenate([events, events])) == found(events)
