"""Shapes against the boundary rule and against slow twins in plain Python."""

import math
import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.gating.shapes import Interval, Polygon, Quadrant, Rectangle

Vertex = tuple[float, float]
LATTICE = [(float(x), float(y)) for x in range(-1, 8) for y in range(-1, 8)]
corners = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda v: (float(v[0]), float(v[1])))
outlines = st.lists(corners, min_size=3, max_size=9)


def slow_polygon(vertices: Sequence[Vertex], x: float, y: float) -> bool:
    """Even-odd: count the edges a ray to the right crosses; exact on a lattice."""
    crossings = 0
    for i, (x0, y0) in enumerate(vertices):
        x1, y1 = vertices[(i + 1) % len(vertices)]
        if (y0 <= y < y1) or (y1 <= y < y0):
            # compared without a division: x < x0 + (y - y0) (x1 - x0) / (y1 - y0)
            left = (x - x0) * abs(y1 - y0) < (y - y0) * (x1 - x0) * math.copysign(1, y1 - y0)
            crossings += left
    return crossings % 2 == 1


def inside(polygon: Polygon, points: Sequence[Vertex]) -> list[bool]:
    columns = np.array(points).T
    answer: list[bool] = polygon.contains([columns[0], columns[1]]).tolist()
    return answer


@given(outline=outlines)
def test_a_polygon_is_its_slow_twin_also_on_edges_and_corners(outline: list[Vertex]) -> None:
    expected = [slow_polygon(outline, x, y) for x, y in LATTICE]
    assert inside(Polygon(vertices=tuple(outline)), LATTICE) == expected


@given(outline=outlines, turn=st.integers(0, 8))
def test_where_the_outline_starts_and_how_it_runs_changes_nothing(
    outline: list[Vertex], turn: int
) -> None:
    cut = turn % len(outline)
    turned = tuple(outline[cut:] + outline[:cut])
    answer = inside(Polygon(vertices=tuple(outline)), LATTICE)
    assert inside(Polygon(vertices=turned), LATTICE) == answer
    assert inside(Polygon(vertices=turned[::-1]), LATTICE) == answer


def test_left_and_bottom_edges_are_in_right_and_top_edges_out() -> None:
    square = Polygon(vertices=((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)))
    points = [(0.0, 0.0), (0.0, 2.0), (2.0, 0.0), (4.0, 2.0), (2.0, 4.0), (4.0, 0.0), (0.0, 4.0)]
    assert inside(square, points) == [True, True, True, False, False, False, False]


def test_the_heart_of_a_pentagram_is_out() -> None:
    turns = [math.tau * 2 * k / 5 for k in range(5)]
    star = Polygon(vertices=tuple((math.sin(t), math.cos(t)) for t in turns))
    assert inside(star, [(0.0, 0.0), (0.0, 0.9)]) == [False, True]


def test_polygons_that_share_an_edge_share_no_event_and_lose_none() -> None:
    left = Polygon(vertices=((0.0, 0.0), (3.0, 0.0), (5.0, 6.0), (0.0, 6.0)))
    right = Polygon(vertices=((3.0, 0.0), (7.0, 0.0), (7.0, 6.0), (5.0, 6.0)))
    both = Polygon(vertices=((0.0, 0.0), (7.0, 0.0), (7.0, 6.0), (0.0, 6.0)))
    halves = np.array(inside(left, LATTICE), int) + np.array(inside(right, LATTICE), int)
    assert halves.tolist() == [int(one) for one in inside(both, LATTICE)]


def test_flowutils_agrees_on_random_points() -> None:
    from flowutils.gating import points_in_polygon

    rng = np.random.default_rng(5)
    outline = rng.uniform(0.0, 1.0, (12, 2))
    points = rng.uniform(-0.1, 1.1, (20_000, 2))
    polygon = Polygon(vertices=tuple((float(x), float(y)) for x, y in outline))
    answer = polygon.contains([points[:, 0].copy(), points[:, 1].copy()])
    assert np.array_equal(answer, points_in_polygon(outline, points))
    assert 0 < answer.sum() < len(points)


def test_a_lower_bound_is_in_and_an_upper_bound_out() -> None:
    values = np.array([np.nextafter(1.0, 0.0), 1.0, np.nextafter(2.0, 0.0), 2.0])
    assert Interval(low=1.0, high=2.0).contains([values]).tolist() == [False, True, True, False]
    box = Rectangle(lows=(1.0, -math.inf), highs=(2.0, math.inf))
    assert box.contains([values, values]).tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    "shape",
    [
        Interval(),
        Rectangle(lows=(-math.inf, -math.inf), highs=(math.inf, 5.0)),
        Quadrant(lows=(-math.inf, -math.inf), highs=(math.inf, math.inf)),
        Polygon(vertices=((-9.0, -9.0), (9.0, -9.0), (9.0, 9.0), (-9.0, 9.0))),
    ],
)
def test_what_is_no_number_is_inside_nothing(
    shape: Interval | Rectangle | Quadrant | Polygon,
) -> None:
    columns = [np.array([0.0, np.nan]), np.array([0.0, np.nan])]
    needed = 1 if isinstance(shape, Interval) else 2
    assert shape.contains(columns[:needed]).tolist() == [True, False]


@given(points=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1))
def test_the_four_cells_of_a_quadrant_hold_every_event_once(
    points: list[tuple[int, int]],
) -> None:
    columns = [np.array(axis, dtype=np.float64) for axis in zip(*points, strict=True)]
    ends = [(-math.inf, 2.0), (2.0, math.inf)]
    cells = [Quadrant(lows=(a, c), highs=(b, d)) for a, b in ends for c, d in ends]
    held = np.sum([cell.contains(columns) for cell in cells], axis=0)
    assert held.tolist() == [1] * len(points)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            lambda: Interval(low=2.0, high=2.0),
            "the low bound (2) is not below the high bound (2)",
        ),
        (lambda: Interval(low=math.nan), "the low bound (nan) is not below the high bound (inf)"),
        (lambda: Rectangle(lows=(), highs=()), "a gate needs at least one dimension"),
        (lambda: Polygon(vertices=((0.0, 0.0),)), "needs at least 3 vertices, found 1"),
        (
            lambda: Polygon(vertices=((0.0, 0.0), (1.0, -math.inf), (1.0, 1.0))),
            "a vertex lies outside the scale",
        ),
    ],
)
def test_impossible_shapes_are_refused(build: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        build()
