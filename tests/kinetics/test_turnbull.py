from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.kinetics.turnbull import TOLERANCE, turnbull

INF = math.inf

# Finkelstein & Wolfe 1985, breast cosmesis after radiotherapy alone: months, (left, right]
COSMESIS = [
    (45, INF), (25, 37), (37, INF), (6, 10), (46, INF), (0, 5), (0, 7), (26, 40), (18, INF),
    (46, INF), (46, INF), (24, INF), (46, INF), (27, 34), (36, INF), (7, 16), (36, 44), (5, 11),
    (17, INF), (46, INF), (19, 35), (7, 14), (36, 48), (17, 25), (37, 44), (37, INF), (24, INF),
    (0, 8), (40, INF), (32, INF), (4, 11), (17, 25), (33, INF), (15, INF), (46, INF), (19, 26),
    (11, 15), (11, 18), (37, INF), (22, INF), (38, INF), (34, INF), (46, INF), (5, 12), (36, INF),
    (46, INF),
]  # fmt: skip
COSMESIS_MASSES = {
    (4, 5): 0.0463, (6, 7): 0.0334, (7, 8): 0.0887, (11, 12): 0.0708, (24, 25): 0.0926,
    (33, 34): 0.0818, (38, 40): 0.1209, (46, 48): 0.4656,
}  # fmt: skip


def test_the_published_masses_of_finkelstein_and_wolfe() -> None:
    lefts, rights = zip(*COSMESIS, strict=True)
    fitted = turnbull(lefts, rights)
    found = {
        interval: round(mass, 4)
        for interval, mass in zip(fitted.intervals, fitted.masses, strict=True)
        if mass > 5e-5
    }

    assert found == COSMESIS_MASSES
    assert (fitted.n, fitted.median) == (46, (38, 40))
    assert fitted.gap <= TOLERANCE


def test_the_case_of_the_lifelines_tests_with_exact_and_censored_times() -> None:
    # lifelines (MIT), tests/test_npmle.py
    lefts = [1, 8, 8, 7, 7, 17, 37, 46, 46, 45]
    rights = [7, 8, 10, 16, 14, INF, 44, INF, INF, INF]
    fitted = turnbull(lefts, rights, closed=True)

    assert fitted.intervals == ((7, 7), (8, 8), (37, 44), (46, INF))
    assert fitted.masses == pytest.approx([0.16666667, 0.33333333, 0.125, 0.375], abs=1e-6)
    assert fitted.median == (8, 44)


def test_the_icenreg_example_of_the_lifelines_tests() -> None:
    fitted = turnbull([0, 4, 2, 0, 2, 5], [1, 6, 6, 3, 4, 7], closed=True)

    assert fitted.intervals == ((0, 1), (2, 3), (4, 4), (5, 6))
    assert fitted.masses == pytest.approx([0.25, 0.25, 0.125, 0.375], abs=1e-6)


def test_intervals_that_touch_share_a_time_only_if_closed() -> None:
    assert turnbull([7, 14], [14, 21]).intervals == ((7, 14), (14, 21))
    assert turnbull([7, 14], [14, 21], closed=True).intervals == ((14, 14),)


def test_exact_times_give_the_empirical_distribution() -> None:
    fitted = turnbull([3, 1, 3, 2], [3, 1, 3, 2])

    assert fitted.intervals == ((1, 1), (2, 2), (3, 3))
    assert fitted.masses == pytest.approx([0.25, 0.25, 0.5])


def test_right_censored_times_give_the_kaplan_meier_estimate() -> None:
    # 1, 2+, 3, 4+: S = 3/4 after 1, 3/8 after 3
    fitted = turnbull([1, 2, 3, 4], [1, INF, 3, INF])

    assert fitted.intervals == ((1, 1), (3, 3), (4, INF))
    assert fitted.masses == pytest.approx([0.25, 0.375, 0.375], abs=1e-6)
    assert fitted.quantile(0.9) == (4, INF)


@pytest.mark.parametrize(
    ("lefts", "rights", "message"),
    [
        ([], [], "no interval to estimate from"),
        ([1, 2], [3], "2 left ends, but 1 right ends"),
        ([3], [1], "an interval begins at a finite time and ends later: 3.0, 1.0"),
        ([math.nan], [1], "an interval begins at a finite time and ends later: nan, 1.0"),
    ],
)
def test_what_are_no_intervals_is_said(
    lefts: list[float], rights: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=rf"^{message}$"):
        turnbull(lefts, rights)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_quantile_lies_between_0_and_1(share: float) -> None:
    with pytest.raises(ValueError, match=rf"^a quantile lies between 0 and 1, got {share:g}$"):
        turnbull([1], [2]).quantile(share)


INTERVALS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 6)).map(lambda one: (one[0], one[0] + one[1])),
    min_size=1,
    max_size=12,
)


@given(intervals=INTERVALS, shift=st.integers(-5, 5), order=st.randoms(use_true_random=False))
def test_masses_are_a_distribution_that_no_order_changes_and_a_shift_moves(
    intervals: list[tuple[int, int]], shift: int, order: object
) -> None:
    fitted = turnbull(*zip(*intervals, strict=True))
    order.shuffle(intervals)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    moved = turnbull(*zip(*((a + shift, b + shift) for a, b in intervals), strict=True))

    assert sum(fitted.masses) == pytest.approx(1)
    assert min(fitted.masses) >= 0
    assert moved.intervals == tuple((a + shift, b + shift) for a, b in fitted.intervals)
    assert moved.masses == pytest.approx(fitted.masses, abs=1e-6)


@given(intervals=INTERVALS, seed=st.integers(0, 100))
def test_no_other_distribution_is_more_likely(intervals: list[tuple[int, int]], seed: int) -> None:
    fitted = turnbull(*zip(*intervals, strict=True), closed=True)
    other = np.random.default_rng(seed).dirichlet(np.ones(len(fitted.masses)))
    inside = np.array(
        [[a <= low and high <= b for low, high in fitted.intervals] for a, b in intervals]
    )

    reached = np.log(inside @ np.array(fitted.masses)).sum()
    assert np.log(inside @ other).sum() <= reached + TOLERANCE + 1e-9
