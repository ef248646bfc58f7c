"""Shapes against the boundary rule and against slow twins in plain Python."""

import math
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.gating.shapes import (
    Boolean,
    Ellipsoid,
    Interval,
    Operand,
    Polygon,
    Quadrant,
    Rectangle,
    axis_count,
)

Vertex = tuple[float, float]
LATTICE = [(float(x), float(y)) for x in range(-1, 8) for y in range(-1, 8)]
corners = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda v: (float(v[0]), float(v[1])))
outlines = st.lists(corners, min_size=3, max_size=9)


def slow_polygon(vertices: Sequence[Vertex], x: float, y: float) -> bool:
    """Even-odd: count the edges a ray to the right crosses; on an edge is in. In fractions."""
    crossings = 0
    at_x, at_y = Fraction(x), Fraction(y)
    for i, (from_x, from_y) in enumerate(vertices):
        to_x, to_y = vertices[(i + 1) % len(vertices)]
        x0, y0, x1, y1 = map(Fraction, (from_x, from_y, to_x, to_y))
        turn = (x1 - x0) * (at_y - y0) - (at_x - x0) * (y1 - y0)
        if turn == 0 and min(x0, x1) <= at_x <= max(x0, x1) and min(y0, y1) <= at_y <= max(y0, y1):
            return True
        if (y0 <= at_y < y1) or (y1 <= at_y < y0):
            crossings += at_x < x0 + (at_y - y0) * (x1 - x0) / (y1 - y0)
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


def test_every_edge_and_corner_is_in() -> None:
    square = Polygon(vertices=((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)))
    points = [(0.0, 0.0), (0.0, 2.0), (2.0, 0.0), (4.0, 2.0), (2.0, 4.0), (4.0, 0.0), (0.0, 4.0)]
    beyond = [(-1e-12, 2.0), (4.000000000001, 2.0), (2.0, -1e-12), (2.0, 4.000000000001)]
    assert all(inside(square, points))
    assert not any(inside(square, beyond))


@pytest.mark.parametrize("far", [1.0, 3.0, 1e5, 1e-3])
def test_one_step_of_the_last_bit_decides_at_a_slanting_edge(far: float) -> None:
    """Points at a third of the edge, which no float hits, and their neighbours."""
    triangle = Polygon(vertices=((0.0, 0.0), (3.0 * far, 1.0 * far), (0.0, 1.0 * far)))
    points = []
    for share in np.linspace(0.01, 0.99, 50):
        x = float(share * 3.0 * far)
        points += [(x, float(np.nextafter(x / 3.0, end))) for end in (0.0, x / 3.0, 1e9)]
    assert inside(triangle, points) == [slow_polygon(triangle.vertices, x, y) for x, y in points]


def test_the_heart_of_a_pentagram_is_out() -> None:
    turns = [math.tau * 2 * k / 5 for k in range(5)]
    star = Polygon(vertices=tuple((math.sin(t), math.cos(t)) for t in turns))
    assert inside(star, [(0.0, 0.0), (0.0, 0.9)]) == [False, True]


def test_polygons_that_share_an_edge_lose_no_event_and_share_those_on_it() -> None:
    left = Polygon(vertices=((0.0, 0.0), (3.0, 0.0), (5.0, 6.0), (0.0, 6.0)))
    right = Polygon(vertices=((3.0, 0.0), (7.0, 0.0), (7.0, 6.0), (5.0, 6.0)))
    both = Polygon(vertices=((0.0, 0.0), (7.0, 0.0), (7.0, 6.0), (0.0, 6.0)))
    in_left, in_right = np.array(inside(left, LATTICE)), np.array(inside(right, LATTICE))
    assert (in_left | in_right).tolist() == inside(both, LATTICE)
    shared = [point for point, two in zip(LATTICE, in_left & in_right, strict=True) if two]
    assert shared == [(3.0, 0.0), (4.0, 3.0), (5.0, 6.0)]


def random_covariance(rng: np.random.Generator, size: int) -> tuple[tuple[float, ...], ...]:
    spread = rng.normal(size=(size, size))
    return tuple(map(tuple, (spread @ spread.T + np.eye(size) * 0.05).tolist()))


@given(seed=st.integers(0, 1000), size=st.integers(2, 4))
def test_an_ellipsoid_holds_what_is_not_farther_than_its_distance(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    covariance, mean = random_covariance(rng, size), tuple(rng.normal(size=size).tolist())
    gate = Ellipsoid(mean=mean, covariance=covariance, distance_square=1.7)
    points = rng.normal(size=(300, size)) * 2.0
    away = points - np.array(mean)
    distance = np.einsum("ni,ij,nj->n", away, np.linalg.inv(np.array(covariance)), away)
    clear = np.abs(distance - 1.7) > 1e-9
    answer = gate.contains(list(points.T.copy()))
    assert np.array_equal(answer[clear], (distance <= 1.7)[clear])
    for (low, high), column in zip(gate.bounds, points.T, strict=True):
        assert (column[answer] >= low - 1e-9).all()
        assert (column[answer] <= high + 1e-9).all()


def test_the_outline_of_an_ellipse_is_in_and_its_outline_is_drawn_on_it() -> None:
    circle = Ellipsoid(mean=(0.0, 0.0), covariance=((1.0, 0.0), (0.0, 1.0)), distance_square=25.0)
    assert circle.contains([np.array([3.0, 5.0, 5.1]), np.array([4.0, 0.0, 0.0])]).tolist() == [
        True,
        True,
        False,
    ]
    tilted = Ellipsoid(mean=(1.0, 2.0), covariance=((62.5, 37.5), (37.5, 62.5)))
    away = np.array(tilted.outline()) - np.array(tilted.mean)
    distance = np.einsum("ni,ij,nj->n", away, np.array(tilted.inverse), away)
    assert distance == pytest.approx(np.ones(len(away)))


def test_a_covariance_that_is_none_is_taken_as_it_stands_and_has_no_box() -> None:
    strange = Ellipsoid(mean=(0.0, 0.0), covariance=((1.0, 2.0), (2.0, 1.0)))
    assert strange.bounds == ((-math.inf, math.inf), (-math.inf, math.inf))
    assert strange.outline() == ()
    x, y = np.array([5.0, 0.1]), np.array([5.0, -5.0])
    inverse = np.linalg.inv([[1.0, 2.0], [2.0, 1.0]])
    expected = [float(p @ inverse @ p) <= 1.0 for p in np.column_stack((x, y))]
    assert strange.contains([x, y]).tolist() == expected


@pytest.mark.parametrize(
    ("operation", "outside", "expected"),
    [
        ("and", (False, False), [True, False, False, False]),
        ("or", (False, False), [True, True, True, False]),
        ("and", (False, True), [False, True, False, False]),
        ("or", (True, False), [True, False, True, True]),
        ("not", (False,), [False, False, True, True]),
        ("not", (True,), [True, True, False, False]),
    ],
)
def test_boolean_gates_follow_the_table_of_truth(
    operation: Literal["and", "or", "not"], outside: tuple[bool, ...], expected: list[bool]
) -> None:
    operands = tuple(Operand(population="p", outside=one) for one in outside)
    first, second = np.array([True, True, False, False]), np.array([True, False, True, False])
    gate = Boolean(operation=operation, operands=operands)
    assert gate.joined([first, second][: len(outside)]).tolist() == expected
    assert first.tolist() == [True, True, False, False]
    assert gate.bounds == ()
    assert axis_count(gate) == 0


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
            lambda: Ellipsoid(mean=(0.0, 0.0), covariance=((1.0, 1.0), (1.0, 1.0))),
            "the covariance matrix has no inverse",
        ),
        (
            lambda: Ellipsoid(mean=(0.0, 0.0), covariance=((1.0, 0.0),)),
            "a center of 2 numbers needs a covariance of 2 rows of 2, and at least 2 of them",
        ),
        (
            lambda: Ellipsoid(
                mean=(0.0, 0.0), covariance=((1.0, 0.0), (0.0, 1.0)), distance_square=-1.0
            ),
            "an ellipsoid needs finite numbers and no negative distance",
        ),
        (
            lambda: Boolean(operation="or", operands=()),
            "a boolean gate needs at least one population",
        ),
        (
            lambda: Boolean(
                operation="not", operands=(Operand(population="a"), Operand(population="b"))
            ),
            '"not" takes one population, found 2',
        ),
        (
            lambda: Polygon(vertices=((0.0, 0.0), (1.0, -math.inf), (1.0, 1.0))),
            "a vertex lies outside the scale",
        ),
    ],
)
def test_impossible_shapes_are_refused(build: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        build()
