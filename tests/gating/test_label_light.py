from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from carflow.gating.label_light import Pair, Sensitivity, lower_sensitivity, sensitivity_of

Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]

SHARES = (0.7, 0.45, 0.24, 0.12, 0.04)


def log_normal(median: float, log_sd: float) -> Draw:
    return lambda rng, n: rng.lognormal(np.log(median), log_sd, n)


def two_kinds(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    dim, bright = rng.lognormal(np.log(500), 0.7, n), rng.lognormal(np.log(2500), 0.6, n)
    return np.where(rng.random(n) < 0.3, dim, bright)


def long_lower_flank(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    z = rng.normal(size=n)
    return 2000.0 * np.exp(np.where(z < 0.0, 1.1, 0.4) * z)


def long_upper_flank(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    z = rng.normal(size=n)
    return 900.0 * np.exp(np.where(z < 0.0, 0.6, 1.1) * z)


def own_light(rng: np.random.Generator, n: int, glow: float = 120.0) -> NDArray[np.float64]:
    return rng.lognormal(np.log(glow), 0.35, n) + rng.normal(0.0, 75.0, n)


def course(
    seed: int, label: Draw, *, glow: float = 1.1, n: int = 10_000
) -> tuple[list[Pair], NDArray[np.float64]]:
    """Return tubes with their controls, and the brightness of all positive cells.

    Positive cells have more light of their own, by the factor `glow`, in the control as well.
    """
    rng = np.random.default_rng(seed)
    pairs, positive = [], []
    for share in SHARES:
        k = round(share * n)
        labelled = own_light(rng, k, 120.0 * glow) + label(rng, k)
        control = [own_light(rng, k // 2, 120.0 * glow), own_light(rng, (n - k) // 2)]
        pairs.append(
            Pair(np.concatenate([labelled, own_light(rng, n - k)]), np.concatenate(control))
        )
        positive.append(labelled)
    return pairs, np.concatenate(positive)


def cuts(pairs: list[Pair]) -> tuple[float, float]:
    pooled = np.concatenate([one.control for one in pairs])
    return float(np.quantile(pooled, 0.995)), float(np.quantile(pooled, 0.95))


@pytest.mark.parametrize(
    ("label", "most_error"),
    [
        (log_normal(1200, 0.9), 0.01),
        (log_normal(900, 1.1), 0.02),
        (two_kinds, 0.025),
        (long_lower_flank, 0.015),
        (long_upper_flank, 0.015),
    ],
)
def test_the_share_above_a_cut_is_told_for_labels_of_several_shapes(
    label: Draw, most_error: float
) -> None:
    pairs, positive = course(1, label)
    cut, _ = cuts(pairs)

    found = sensitivity_of(pairs, cut)

    assert found is not None
    assert found.share == pytest.approx(np.mean(positive >= cut), abs=most_error)


@pytest.mark.slow
def test_the_standard_error_is_that_of_repeated_courses() -> None:
    errors, told = [], []
    for seed in range(100, 160):
        pairs, positive = course(seed, log_normal(1200, 0.9))
        cut, _ = cuts(pairs)
        found = sensitivity_of(pairs, cut)
        assert found is not None
        errors.append(found.share - np.mean(positive >= cut))
        told.append(found.error)

    assert abs(np.mean(errors)) < 0.003
    assert 0.6 < np.std(errors) / np.mean(told) < 1.5


def test_both_cuts_tell_the_same_number_of_positive_cells() -> None:
    pairs, positive = course(2, log_normal(1200, 0.9))
    cut, lower = cuts(pairs)
    known = sensitivity_of(pairs, cut)
    assert known is not None

    below = lower_sensitivity(pairs, cut, lower, known)

    assert below is not None
    assert below.share == pytest.approx(np.mean(positive >= lower), abs=0.02)
    assert known.share < below.share
    assert known.error < below.error
    shares = [
        sum(
            one.sample.size
            * (np.mean(one.sample >= at) - np.mean(one.control >= at))
            / (of.share - np.mean(one.control >= at))
            for one in pairs
            if np.mean(one.sample >= cut) > 0.1
        )
        for at, of in ((cut, known), (lower, below))
    ]
    assert shares[0] == pytest.approx(shares[1])


def test_too_few_positive_cells_tell_nothing() -> None:
    few, _ = course(3, log_normal(1200, 0.9), n=200)
    none, _ = course(3, lambda _, n: np.zeros(n))
    cut, _ = cuts(few)

    assert sensitivity_of(few, cut) is None
    assert sensitivity_of(none, cut) is None
    assert sensitivity_of([], cut) is None


def test_a_cut_above_most_positive_cells_tells_nothing() -> None:
    pairs, positive = course(4, log_normal(1200, 0.9))
    cut = float(np.quantile(positive, 0.7))

    assert sensitivity_of(pairs, cut) is None


def test_a_lower_cut_below_all_cells_is_not_told() -> None:
    pairs, _ = course(5, log_normal(1200, 0.9))
    cut, _ = cuts(pairs)

    assert lower_sensitivity(pairs, cut, -1e4, Sensitivity(0.95, 0.002)) is None
