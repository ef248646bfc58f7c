import numpy as np
import pytest

from carflow.cleaning.departures import Ticks, find_departures
from carflow.cleaning.evidence import weigh

SIZE = 125


def found_in(course: np.ndarray, *, n_bins: int = 800, seed: int = 1) -> list[tuple[int, int]]:
    """Departures of a tube whose every event has features (m, n) around `course`."""
    rng = np.random.default_rng(seed)
    events = course + rng.normal(0.0, 1.0, course.shape)
    starts = np.arange(n_bins) * SIZE
    features = np.add.reduceat(events, starts, axis=1) / SIZE

    def ticks_of(start: int, stop: int) -> Ticks:
        return Ticks(
            firsts=np.arange(start, stop),
            counts=np.ones(stop - start, dtype=np.intp),
            sums=events[:, start:stop],
        )

    evidence = weigh(features, np.zeros_like(features), starts, n_bins * SIZE)
    return find_departures(evidence, ticks_of)


def jump(heights: list[float], begin: int, end: int, n_bins: int = 800) -> np.ndarray:
    at = np.arange(n_bins * SIZE)
    return np.outer(heights, (at >= begin) & (at < end))


def test_nothing_is_found_in_a_stable_tube() -> None:
    assert found_in(np.zeros((12, 100_000))) == []


@pytest.mark.parametrize(("begin", "end"), [(0, 5_000), (20_111, 30_077), (60_001, 100_000)])
def test_a_jump_is_cut_at_the_event(begin: int, end: int) -> None:
    ((first, stop),) = found_in(jump([1.5, -1.2, 0.9, 0.0], begin, end))

    assert first == pytest.approx(begin, abs=12)
    assert stop == pytest.approx(end, abs=12)


def test_a_faint_jump_is_found_if_it_comes_and_goes_at_once() -> None:
    ((first, stop),) = found_in(jump([0.27, -0.25, 0.24], 30_000, 45_000))

    assert first == pytest.approx(30_000, abs=150)
    assert stop == pytest.approx(45_000, abs=150)


def test_a_faint_wave_stays() -> None:
    at = np.arange(100_000)
    wave = np.where((at > 30_000) & (at < 60_000), np.sin((at - 30_000) / 30_000 * np.pi), 0.0)

    assert found_in(np.outer([0.22, -0.20, 0.20], wave)) == []


def test_a_faint_jump_stays_in_a_short_tube() -> None:
    course = jump([0.27, -0.25, 0.24], 6_000, 9_000, n_bins=150)

    assert found_in(course, n_bins=150) == []


def test_the_foot_of_a_ramp_is_found_by_what_channels_have_in_common() -> None:
    ramp = np.interp(np.arange(100_000), [0, 6_000], [0.6, 0.0])
    alone = [found_in(np.outer([1.0], ramp), seed=seed)[0] for seed in range(4)]
    together = [found_in(np.outer([1.0] * 6, ramp), seed=seed)[0] for seed in range(4)]
    ends_alone, ends_together = (np.mean([end for _, end in ends]) for ends in (alone, together))

    assert {begin for begin, _ in (*alone, *together)} == {0}
    assert 4_000 < ends_alone < ends_together - 200
    assert 5_400 < ends_together < 6_200


def test_two_bursts_far_apart_stay_two_and_close_ones_become_one() -> None:
    burst = jump([2.0, 2.0], 20_000, 21_000)
    apart = found_in(burst + jump([2.0, 2.0], 26_000, 27_000))
    close = found_in(burst + jump([2.0, 2.0], 21_300, 22_300))

    assert len(apart) == 2
    assert apart[0][1] == pytest.approx(21_000, abs=12)
    assert apart[1][0] == pytest.approx(26_000, abs=12)
    assert len(close) == 1
