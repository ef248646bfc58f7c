from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from carflow.kinetics.regression import deming, passing_bablok

PAIRS = st.lists(
    st.tuples(st.floats(0.1, 100), st.floats(-5, 5)), min_size=4, max_size=12, unique=True
)


def scattered(pairs: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in pairs], [2 * x + 3 + noise for x, noise in pairs]


@given(PAIRS)
def test_deming_with_equal_errors_is_the_first_principal_axis(
    pairs: list[tuple[float, float]],
) -> None:
    x, y = scattered(pairs)
    assume(np.ptp(x) > 30)
    centred = np.column_stack([x, y]) - [np.mean(x), np.mean(y)]
    axis = np.linalg.svd(centred)[2][0]

    line = deming(x, y)

    assert line.slope == pytest.approx(axis[1] / axis[0], rel=1e-6)
    assert line.intercept == pytest.approx(np.mean(y) - line.slope * np.mean(x), rel=1e-6, abs=1e-6)


@given(PAIRS)
def test_exchanging_the_methods_inverts_the_deming_line(pairs: list[tuple[float, float]]) -> None:
    x, y = scattered(pairs)
    assume(np.ptp(x) > 30)

    assert deming(y, x).slope == pytest.approx(1 / deming(x, y).slope, rel=1e-6)
    assert deming(y, x, variance_ratio=0.25).slope == pytest.approx(
        1 / deming(x, y, variance_ratio=4).slope, rel=1e-6
    )


def slow_passing_bablok(x: list[float], y: list[float]) -> float:
    """The definition in loops: all slopes but those of -1, shifted by those below -1."""
    slopes = [
        (y[j] - y[i]) / (x[j] - x[i])
        for i in range(len(x)) for j in range(i + 1, len(x)) if x[i] != x[j]
    ]  # fmt: skip
    slopes = sorted(slope for slope in slopes if slope != -1)
    shift = sum(slope < -1 for slope in slopes)
    count = len(slopes)
    if count % 2:
        return slopes[(count + 1) // 2 + shift - 1]
    return (slopes[count // 2 + shift - 1] + slopes[count // 2 + shift]) / 2


@given(PAIRS)
def test_passing_bablok_is_the_shifted_median_of_all_slopes(
    pairs: list[tuple[float, float]],
) -> None:
    x, y = scattered(pairs)
    assume(len(set(x)) == len(x) and np.ptp(x) > 30 and np.ptp(y) > 0)

    line = passing_bablok(x, y)

    assert line.slope == pytest.approx(slow_passing_bablok(x, y), rel=1e-9)
    assert line.slope_interval.low <= line.slope <= line.slope_interval.high
    assert line.intercept_interval.low <= line.intercept <= line.intercept_interval.high


def test_one_outlier_moves_deming_and_not_passing_bablok() -> None:
    x = list(range(1, 12))
    y = [float(value) for value in x[:-1]] + [60.0]

    assert passing_bablok(x, y).slope == 1.0
    assert deming(x, y).slope > 2


@pytest.mark.slow
@pytest.mark.parametrize("fit", [deming, passing_bablok])
def test_the_interval_of_the_slope_covers_95_percent(fit: object) -> None:
    random = np.random.default_rng(5)
    hits = 0
    for _ in range(400):
        truth = random.uniform(0, 4, 30)
        x, y = (truth + random.normal(0, 0.15, 30) for _ in range(2))
        low, high = fit(x.tolist(), y.tolist()).slope_interval  # type: ignore[operator]  # one of two functions
        hits += low <= 1 <= high

    assert hits >= 0.92 * 400


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1, 2], [1, 2], "a line needs at least 3 pairs, got 2"),
        ([1, 2, 3], [1, 2], "pairs need as many x as y, got 3 and 2"),
        ([1, 2, float("nan")], [1, 2, 3], "pairs hold finite numbers"),
        ([1, 1, 1], [1, 2, 3], "all values of one method are alike: there is no line"),
        ([1, 2, 3, 2], [2, 1, 2, 3], "the two methods do not vary together: there is no line"),
    ],
)
def test_what_has_no_line_is_the_callers_mistake(
    x: list[float], y: list[float], message: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        deming(x, y)

    assert str(caught.value) == message
