import numpy as np
import pytest

from carflow.cleaning.usual_course import usual_course

NOISE = 0.09
BINS = np.arange(800)


def tube(*courses: np.ndarray, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.array([course + rng.normal(0.0, NOISE, len(course)) for course in courses])


def course_of(features: np.ndarray) -> np.ndarray:
    return usual_course(features, np.full(len(features), NOISE))


def test_a_stable_tube_has_a_level_course() -> None:
    assert np.abs(course_of(tube(*np.zeros((20, 800))))).max() < 0.15


def test_the_course_follows_a_drift_to_the_end() -> None:
    drift = np.linspace(0.7, -0.7, 800)

    assert np.abs(course_of(tube(drift)) - drift).max() < 0.2


def test_the_course_follows_a_drift_in_half_of_the_tube() -> None:
    drift = np.maximum(0.0, np.linspace(-0.8, 0.8, 800))

    assert np.abs(course_of(tube(drift)) - drift).max() < 0.2


@pytest.mark.parametrize("share", [0.08, 0.25, 0.45])
@pytest.mark.parametrize("height", [0.3, 1.0, -1.0])
def test_the_course_does_not_follow_a_jump(share: float, height: float) -> None:
    for place in (0.0, 0.3, 1.0 - share):
        inside = np.abs(BINS / 800 - place - share / 2) <= share / 2
        found = course_of(tube(np.where(inside, height, 0.0), np.zeros(800)))
        assert np.abs(found).max() < 0.15


def test_a_jump_in_one_feature_holds_the_others_still() -> None:
    inside = (BINS >= 300) & (BINS < 400)
    found = course_of(tube(np.where(inside, 1.0, 0.0), np.where(inside, 0.1, 0.0)))

    assert np.abs(found[1, 330:]).max() < 0.1


def test_the_course_does_not_follow_a_ramp_at_the_start() -> None:
    ramp = np.interp(BINS, [0, 48], [1.0, 0.0])

    assert np.abs(course_of(tube(ramp))).max() < 0.25


def test_a_short_tube_has_a_course() -> None:
    assert np.abs(course_of(tube(np.zeros(20)))).max() < 0.3
