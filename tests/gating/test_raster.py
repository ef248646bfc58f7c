"""Cells answer as the polygon does, event for event, on its edges and corners too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carflow.gating.near import Near, near
from carflow.gating.raster import CUT, raster
from carflow.gating.regions import region
from carflow.gating.scales import Identity, Linear, Logicle, Scale
from carflow.gating.shapes import Polygon

LOGICLE = Logicle(t=262144.0, w=0.5, m=4.5, a=0.0)
SCALES: list[tuple[Scale, Scale]] = [
    (Identity(), Identity()),
    (Linear(t=262144.0, a=0.0), Identity()),
    (LOGICLE, Identity()),
    (LOGICLE, LOGICLE),
]
# on a lattice edges are often level, upright, crossing or on top of each other
CORNERS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=3, max_size=9, unique=True
)


def _points(polygon: Polygon, scales: tuple[Scale, Scale], seed: int) -> list[np.ndarray]:
    """Linear values: anywhere, on the lattice, on the edges and a hair beside all of them."""
    rng = np.random.default_rng(seed)
    corners = np.array(polygon.vertices)
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = high - low
    anywhere = rng.uniform(low - 0.2 * size, high + 0.2 * size, (2_000, 2))
    lattice = low + rng.integers(0, 9, (500, 2)) / 8.0 * size
    part = rng.random((1_500, 1))
    start = rng.integers(0, len(corners), 1_500)
    on_edges = corners[start] * part + corners[(start + 1) % len(corners)] * (1.0 - part)
    hair = on_edges + rng.normal(0.0, 1e-9, on_edges.shape) * size
    points = np.concatenate((anywhere, lattice, on_edges, hair, corners))
    return [scale.inverse(points[:, axis]) for axis, scale in enumerate(scales)]


@settings(deadline=None, max_examples=60)
@given(
    corners=CORNERS,
    scales=st.sampled_from(SCALES),
    seed=st.integers(0, 10_000),
    short=st.booleans(),
)
def test_cells_and_polygon_agree_on_every_event(
    corners: list[tuple[int, int]], scales: tuple[Scale, Scale], seed: int, short: bool
) -> None:
    units = [(0.1, 0.1) if scale is LOGICLE else (20_000.0, 1_000.0) for scale in scales]
    polygon = Polygon(
        vertices=tuple(
            (x * units[0][0] + units[0][1], y * units[1][0] + units[1][1]) for x, y in corners
        )
    )
    linear = _points(polygon, scales, seed)
    if short:
        linear = [column.astype(np.float32).astype(np.float64) for column in linear]
    stored = [column.astype(np.float32) if short else column for column in linear]

    found = region(polygon, scales, rastered=True).contains([near(one) for one in stored])

    exact = [scale.forward(column) for scale, column in zip(scales, linear, strict=True)]
    assert np.array_equal(found, polygon.contains(exact))


@settings(deadline=None, max_examples=20)
@given(corners=CORNERS, seed=st.integers(0, 10_000), slack=st.sampled_from([0.01, 3.0, 700.0]))
def test_values_that_are_off_by_their_slack_change_no_answer(
    corners: list[tuple[int, int]], seed: int, slack: float
) -> None:
    polygon = Polygon(vertices=tuple((20_000.0 * x, 20_000.0 * y) for x, y in corners))
    scales = (Identity(), Identity())
    linear = _points(polygon, scales, seed)
    off = np.random.default_rng(seed).uniform(-slack, slack, (2, len(linear[0])))

    found = region(polygon, scales, rastered=True).contains(
        [
            Near(column + away, column.take, slack=slack)
            for column, away in zip(linear, off, strict=True)
        ]
    )

    assert np.array_equal(found, polygon.contains(linear))


@pytest.mark.parametrize("corners", [12, 125, 126, 400])
def test_polygons_of_any_number_of_corners_are_answered(corners: int) -> None:
    turns = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    circle = Polygon(
        vertices=tuple(zip(np.cos(turns).tolist(), np.sin(turns).tolist(), strict=True))
    )
    x, y = np.random.default_rng(1).uniform(-1.1, 1.1, (2, 20_000))

    found = region(circle, (Identity(), Identity()), rastered=True).contains([near(x), near(y)])

    assert np.array_equal(found, circle.contains([x, y]))


def test_most_cut_cells_of_a_plain_polygon_are_decided_by_one_edge() -> None:
    square = Polygon(vertices=((0.0, 0.0), (100.0, 7.0), (93.0, 107.0), (-7.0, 100.0)))
    classes = raster(square, Identity(), Identity()).classes

    cut = classes[classes >= CUT]
    assert np.count_nonzero(cut > CUT) > 0.95 * cut.size


@pytest.mark.parametrize("thin", [1e-40, 1e-31])
def test_a_polygon_thinner_than_32_bits_can_tell_has_no_cells(thin: float) -> None:
    polygon = Polygon(vertices=((0.0, 0.0), (1.0, 0.0), (1.0, thin), (0.0, thin)))
    found = region(polygon, (Identity(), Identity()), rastered=True)
    x, y = np.full(2_000, 0.5, dtype=np.float32), np.zeros(2_000, dtype=np.float32)
    y[::2] = 1.0

    assert not found.rastered
    assert found.contains([near(x), near(y)]).tolist() == [False, True] * 1_000


@pytest.mark.parametrize("far", [1e31, -1e31, 8e299])
def test_a_polygon_farther_than_32_bits_can_tell_has_no_cells(far: float) -> None:
    polygon = Polygon(vertices=((far, -1.0), (0.7 * far, -1.0), (0.7 * far, 1.0), (far, 1.0)))
    found = region(polygon, (Identity(), Identity()), rastered=True)
    x = np.full(2_000, 0.0, dtype=np.float64)
    x[::2] = 0.8 * far

    assert not found.rastered
    assert found.contains([near(x), near(np.zeros(2_000))]).tolist() == [True, False] * 1_000
