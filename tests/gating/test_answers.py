import math

import numpy as np
import pytest

from carflow.gating.answers import (
    answer_of,
    drawn_coordinates,
    median_coordinates,
    singlet_corners,
)
from carflow.gating.estimates import Estimate, Method
from carflow.gating.lock import Coordinates
from carflow.gating.scales import Identity, Log, Logicle
from carflow.gating.shapes import Interval, Polygon
from carflow.gating.strategy import Dimension, Population

LOGICLE = Dimension(name="CD3", scale=Logicle(t=262144, w=0.5, m=4.5, a=0), compensated=False)
FSC = Dimension(name="FSC-A", scale=Identity(), compensated=False)
RNG = np.random.default_rng(4)


def test_a_bound_comes_out_linear_and_rounded() -> None:
    values = np.concatenate([RNG.normal(0, 100, 3000), RNG.lognormal(9.4, 0.3, 3000)])
    estimate = Estimate(population="CD3+", method=Method.VALLEY)

    answer = answer_of(estimate, (LOGICLE,), values[None, :], donors=("S1",))

    assert answer.coordinates is not None
    low = answer.coordinates.low
    assert low is not None
    assert 400 < low < 4000
    assert low == float(f"{low:.6g}")
    assert answer.trace is not None
    assert max(answer.trace.heights) == pytest.approx(1.0, abs=0.01)


def test_another_scale_is_looked_at_but_the_bound_stays_linear() -> None:
    values = np.concatenate([RNG.lognormal(9.3, 0.4, 3000), RNG.lognormal(11.3, 0.15, 3000)])
    estimate = Estimate(population="cells", method=Method.VALLEY, scale=Log(t=262144, m=5))

    answer = answer_of(estimate, (FSC,), values[None, :], donors=("S1",))

    assert answer.coordinates is not None
    assert answer.coordinates.low == pytest.approx(45_000, rel=0.3)


def test_singlet_corners_hold_exactly_the_ratios_up_to_the_limit() -> None:
    corners = singlet_corners(1.4, FSC, FSC)
    shape = Polygon(vertices=corners)
    height = RNG.uniform(0, 262_143, 5000)
    area = np.minimum(height * RNG.uniform(0.5, 2.5, 5000), 262_143)

    inside = shape.contains([area, height])

    assert (inside == (area <= 1.4 * height)).mean() > 0.9999


def test_singlet_corners_follow_a_bent_edge_on_a_log_axis() -> None:
    axis = Dimension(name="FSC-A", scale=Log(t=262144, m=5), compensated=False)
    corners = singlet_corners(1.4, axis, axis)
    scaled = [tuple(axis.scale.forward(np.array(one)).tolist()) for one in corners]
    assert all(math.isfinite(number) for corner in scaled for number in corner)
    height = RNG.uniform(3_000, 250_000, 5000)
    area = np.minimum(height * RNG.uniform(0.7, 2.0, 5000), 262_143)

    shape = Polygon(vertices=tuple((x, y) for x, y in scaled))
    inside = shape.contains([axis.scale.forward(area), axis.scale.forward(height)])

    assert (inside == (area <= 1.4 * height)).mean() > 0.995


def test_the_median_of_polygons_is_that_of_their_corners() -> None:
    gates = [Coordinates(vertices=((x, 0.0), (9.0, x), (9.0, 9.0))) for x in (1.0, 2.0, 6.0)]

    assert median_coordinates(gates).vertices == ((2.0, 0.0), (9.0, 2.0), (9.0, 9.0))


def test_drawn_coordinates_are_those_of_the_template() -> None:
    low = float(LOGICLE.scale.forward(np.array([1500.0]))[0])
    interval = Population(name="a", path=("a",), shape=Interval(low=low), dimensions=(LOGICLE,))
    corners = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))
    polygon = Population(
        name="b", path=("b",), shape=Polygon(vertices=corners), dimensions=(FSC, FSC)
    )

    assert drawn_coordinates(interval, "low") == Coordinates(low=1500.0)
    assert drawn_coordinates(polygon, "polygon") == Coordinates(vertices=corners)
