"""Bounds moved to linear space give the answer of the scale, also at the last bit."""

import math

import numpy as np
import pytest

from carflow.gating.bounds import linear_bounds
from carflow.gating.near import Near, near
from carflow.gating.scales import (
    Asinh,
    Bounded,
    Hyperlog,
    Identity,
    Linear,
    Log,
    Logicle,
    Scale,
)

SCALES: list[Scale] = [
    Identity(),
    Linear(t=10000.0, a=500.0),
    Log(t=10000.0, m=5.0),
    Asinh(t=10000.0, m=4.5, a=1.0),
    Logicle(t=262144.0, w=0.5, m=4.5, a=0.0),
]


def values_around(linear_bound: float) -> np.ndarray:
    """The bound, its next 20 neighbours on either side, and a few values far away."""
    near = [linear_bound]
    for end in (-math.inf, math.inf):
        value = linear_bound
        for _ in range(20):
            value = float(np.nextafter(value, end))
            near.append(value)
    steps = [linear_bound * (1 + step) for step in (-1e-6, -1e-10, 1e-10, 1e-6)]
    return np.array([*near, *steps, -300.0, 0.0, 1.0, 5e5])


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("linear_bound", [0.7, 3.0, 100.0, 1234.5, 9999.0])
def test_no_event_changes_sides(scale: Scale, linear_bound: float) -> None:
    bound = float(scale.forward(np.array([linear_bound]))[0])
    values = values_around(linear_bound)
    scaled = scale.forward(values)
    low = linear_bounds(scale, bound, math.inf).contains(near(values))
    high = linear_bounds(scale, -math.inf, bound).contains(near(values))
    assert np.array_equal(low, scaled >= bound)
    assert np.array_equal(high, scaled < bound)
    assert low[0]
    assert not high[0]


@pytest.mark.parametrize("scale", SCALES)
def test_an_open_interval_holds_every_number_and_nothing_else(scale: Scale) -> None:
    answer = linear_bounds(scale, -math.inf, math.inf).contains(near(np.array([-1e5, 0.0, np.nan])))
    assert answer.tolist() == [True, True, False]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("linear_bound", [0.7, 3.0, 100.0, 1234.5, 9999.0])
def test_values_of_32_bits_are_compared_as_exactly(scale: Scale, linear_bound: float) -> None:
    bound = float(scale.forward(np.array([linear_bound]))[0])
    short = values_around(linear_bound).astype(np.float32)
    steps = [short, np.nextafter(short, np.float32(-np.inf)), np.nextafter(short, np.float32(9e9))]
    values = np.concatenate(steps)
    scaled = scale.forward(values.astype(np.float64))
    low = linear_bounds(scale, bound, math.inf).contains(near(values))
    high = linear_bounds(scale, -math.inf, bound).contains(near(values))
    assert np.array_equal(low, scaled >= bound)
    assert np.array_equal(high, scaled < bound)


@pytest.mark.parametrize("scale", SCALES)
def test_values_that_are_off_by_no_more_than_their_slack_change_no_answer(scale: Scale) -> None:
    exact = np.linspace(90.0, 110.0, 2001)
    bound = float(scale.forward(np.array([100.0]))[0])
    off = np.random.default_rng(4).uniform(-0.5, 0.5, exact.size)
    bounds = linear_bounds(scale, bound, math.inf)
    wrong = bounds.contains(near(exact + off)) != (scale.forward(exact) >= bound)
    guarded = bounds.contains(Near(exact + off, lambda numbers: exact[numbers], slack=0.5))
    assert wrong.any()
    assert np.array_equal(guarded, scale.forward(exact) >= bound)


@pytest.mark.parametrize("end", [-1e30, 1e30])
@pytest.mark.parametrize(
    "scale",
    [
        Logicle(t=262144.0, w=0.5, m=4.5, a=0.0),
        Logicle(t=262144.0, w=0.0, m=4.5, a=0.0),
        Hyperlog(t=262144.0, w=0.5, m=4.5, a=0.0),
        Bounded(scale=Logicle(t=262144.0, w=0.5, m=4.5, a=0.0), low=-9.0, high=9.0),
    ],
)
def test_where_a_scale_ends_a_bound_is_where_the_scale_says(scale: Scale, end: float) -> None:
    bound = float(scale.forward(np.array([end]))[0])
    values = np.array([-1e38, -1e31, -1e30, -1e29, 0.0, 1e29, 1e30, 1e31, 1e38])
    scaled = scale.forward(values)
    for at in (bound, float(np.nextafter(bound, -9.0)), float(np.nextafter(bound, 9.0))):
        low = linear_bounds(scale, at, math.inf).contains(near(values))
        high = linear_bounds(scale, -math.inf, at).contains(near(values))
        assert low.tolist() == (scaled >= at).tolist()
        assert high.tolist() == (scaled < at).tolist()


@pytest.mark.parametrize(
    "scale",
    [
        Linear(t=1e9, a=1e9),
        Logicle(t=1e10, w=2.25, m=4.5, a=0.0),
        Logicle(t=262144.0, w=0.5, m=4.5, a=0.0),
    ],
)
def test_around_0_a_bound_is_as_exact_as_its_scale(scale: Scale) -> None:
    bound = float(scale.forward(np.array([0.0]))[0])
    values = np.random.default_rng(6).uniform(-1e-7, 1e-7, 9_000).astype(np.float32)
    low = linear_bounds(scale, bound, math.inf).contains(near(values))
    assert low.tolist() == (scale.forward(values.astype(np.float64)) >= bound).tolist()
