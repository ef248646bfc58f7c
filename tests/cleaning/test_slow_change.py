import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.cleaning.slow_change import came_at_once

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.sampled_from([100, 150, 400, 800])


def noise(n_bins: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n_bins)


def ramp(n_bins: int, start: float, length: float) -> np.ndarray:
    """Return a ramp from 0 to 1, its start and length as shares of the tube."""
    at = (np.arange(n_bins) + 0.5) / n_bins
    return np.clip((at - start) / max(length, 1e-9), 0.0, 1.0)


def alone(n_bins: int) -> np.ndarray:
    return np.zeros(n_bins, dtype=np.bool_)


@given(n_bins=SIZES, seed=SEEDS, start=st.floats(0.55, 0.8), length=st.floats(0.0, 0.05))
def test_a_jump_to_the_end_came_at_once(
    n_bins: int, seed: int, start: float, length: float
) -> None:
    answers = 12.0 * ramp(n_bins, start, length) + noise(n_bins, seed)

    assert came_at_once(answers, round((start + length / 2) * n_bins), n_bins, alone(n_bins))


@given(
    n_bins=SIZES,
    seed=SEEDS,
    start=st.floats(0.0, 0.6),
    length=st.floats(0.25, 1.0),
    height=st.floats(1.0, 20.0),
    found=st.floats(0.5, 0.9),
)
def test_a_slope_to_the_end_never_did(
    n_bins: int, seed: int, start: float, length: float, height: float, found: float
) -> None:
    length = min(length, 1.0 - start)
    answers = height * ramp(n_bins, start, length) + noise(n_bins, seed)
    begin = round((start + found * length) * n_bins)

    assert not came_at_once(answers, begin, n_bins, alone(n_bins))
    # and the same backwards: a slope from the first event on
    assert not came_at_once(answers[::-1], 0, n_bins - begin, alone(n_bins))


@pytest.mark.parametrize("length", [0.03, 0.1, 0.2])
def test_what_comes_and_goes_is_no_drift_however_its_flanks_run(length: float) -> None:
    n_bins = 200
    at = np.arange(n_bins) / n_bins
    wave = np.sin(np.pi * np.clip((at - 0.4) / length, 0.0, 1.0))
    answers = 8.0 * wave + noise(n_bins, 1)
    begin, end = round((0.4 + 0.1 * length) * n_bins), round((0.4 + 0.9 * length) * n_bins)

    assert came_at_once(answers, begin, end, alone(n_bins))


def test_the_middle_of_a_bow_is_a_drift() -> None:
    n_bins = 200
    answers = 8.0 * np.sin(np.pi * np.arange(n_bins) / n_bins) + noise(n_bins, 2)

    assert not came_at_once(answers, 80, 115, alone(n_bins))
    assert not came_at_once(answers, 50, 150, alone(n_bins))


def test_a_stream_that_settles_is_no_drift() -> None:
    n_bins = 150
    answers = 8.0 * (1.0 - ramp(n_bins, 0.0, 0.08)) + noise(n_bins, 3)

    assert came_at_once(answers, 0, 10, alone(n_bins))


def test_other_departures_are_not_taken_for_a_slope() -> None:
    n_bins = 200
    others = alone(n_bins)
    others[90:100] = others[40:50] = True
    answers = 6.0 * ramp(n_bins, 0.6, 0.0) + 4.0 * others + noise(n_bins, 4)

    assert came_at_once(answers, 120, n_bins, others)


def test_noise_alone_is_no_jump() -> None:
    jumps = [
        came_at_once(noise(150, seed), begin, 150, alone(150))
        for seed in range(50)
        for begin in (75, 100, 130)
    ]

    assert sum(jumps) <= 3
