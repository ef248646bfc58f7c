import numpy as np
import pytest

from carflow.cleaning.evidence import Evidence, connected, joined, noise_of, weigh

BINS, SIZE = 800, 125
NOISE = SIZE**-0.5


def weighed(*courses: np.ndarray, seed: int = 1) -> Evidence:
    rng = np.random.default_rng(seed)
    features = np.array([course + rng.normal(0.0, NOISE, len(course)) for course in courses])
    n_bins = features.shape[1]
    starts = np.arange(n_bins) * SIZE
    return weigh(features, np.zeros_like(features), starts, n_bins * SIZE)


def jump(height: float, begin: int, end: int, n_bins: int = BINS) -> np.ndarray:
    at = np.arange(n_bins)
    return np.where((at >= begin) & (at < end), height, 0.0)


def test_a_stable_tube_is_calm() -> None:
    found = weighed(*np.zeros((30, BINS)))

    assert found.calm.all()
    assert not found.strong.any()


def test_a_large_jump_is_strong_in_its_bins_only() -> None:
    found = weighed(jump(1.0, 200, 260))

    assert found.strong[200:260].all()
    assert not found.strong[:195].any()
    assert not found.strong[265:].any()


def test_one_bin_far_away_is_strong_and_one_bin_a_little_away_is_not() -> None:
    assert np.flatnonzero(weighed(jump(1.2, 400, 401)).strong).tolist() == [400]
    assert not weighed(jump(0.3, 400, 401)).strong.any()


def test_a_faint_jump_is_faint() -> None:
    found = weighed(jump(0.27, 200, 260))

    assert found.faint[210:250].all()
    assert not found.strong.any()


def test_in_a_short_tube_nine_bins_have_to_depart_as_far_as_one() -> None:
    long, short = weighed(jump(0.33, 60, 90)), weighed(jump(0.33, 60, 90, n_bins=150))

    assert long.strong.any()
    assert not short.strong.any()


def test_what_is_faint_in_a_steady_tube_is_ordinary_in_one_that_wavers() -> None:
    waves = 0.25 * np.sin(np.arange(BINS) / 6.0)
    once = np.where(np.arange(BINS) < 38, waves, 0.0)

    assert weighed(once).faint.any()
    assert not weighed(waves).faint.any()


def test_noise_is_that_of_independent_events_and_jumps_do_not_change_it() -> None:
    rng = np.random.default_rng(2)
    quiet = rng.normal(0.0, NOISE, (1, BINS))

    assert noise_of(quiet, SIZE)[0] == pytest.approx(NOISE, rel=0.1)
    assert noise_of(quiet + jump(2.0, 100, 300), SIZE)[0] == pytest.approx(NOISE, rel=0.1)
    assert noise_of(3.0 * quiet, SIZE)[0] == pytest.approx(3.0 * NOISE, rel=0.1)
    assert noise_of(quiet, SIZE, width=9)[0] == pytest.approx(NOISE / 3.0, rel=0.25)


def test_events_of_bins_include_the_last_bin() -> None:
    found = weighed(np.zeros(30))

    assert found.events_of(0, 0) == (0, 125)
    assert found.events_of(28, 29) == (28 * 125, 30 * 125)


def test_weak_runs_without_a_strong_bin_are_dropped() -> None:
    weak = np.array([0, 1, 1, 0, 0, 0, 0, 0, 1, 1], dtype=bool)
    strong = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 1], dtype=bool)

    assert connected(strong, weak) == [(8, 10)]


def test_ranges_that_overlap_or_nearly_touch_become_one() -> None:
    assert joined([(10, 20), (0, 12), (24, 30)], closer_than=5) == [(0, 30)]
    assert joined([(10, 20), (25, 30)], closer_than=5) == [(10, 20), (25, 30)]
    assert joined([(0, 30), (5, 10)], closer_than=1) == [(0, 30)]
    assert joined([], closer_than=5) == []
