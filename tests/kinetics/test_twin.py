"""`nca` against its slow twin on random curves: areas, windows, slopes, time above a value.

The twin is written from the rules alone and shares no code: loops over one list of points,
segments integrated as exponentials or straight lines, every line fitted by itself.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from carflow.kinetics.nca import nca
from carflow.kinetics.slope import SlopeRule

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

Points = list[tuple[float, float]]


class Slope(NamedTuple):
    """The chosen line: rate, number of points, adjusted R²."""

    rate: float
    n_points: int
    adjusted: float


def points_of(days: list[float], values: list[float], lloq: float, blq: str) -> Points:
    """Return the points from day 0 on after the rule for values below the limit."""
    first_rule, middle_rule, last_rule = blq.split("/")
    rows = sorted((day, value) for day, value in zip(days, values, strict=True) if day >= 0)
    quantified = [day for day, value in rows if value >= lloq and value > 0]
    points: Points = []
    for day, value in rows:
        if value >= lloq and value > 0:
            points.append((day, value))
            continue
        if not quantified or day < quantified[0]:
            rule = first_rule
        elif day > quantified[-1]:
            rule = last_rule
        else:
            rule = middle_rule
        if rule == "zero":
            points.append((day, 0.0))
        elif rule == "half":
            points.append((day, lloq / 2))
    if not points or points[0][0] > 0:
        points.insert(0, (0.0, 0.0))
    return points


def is_log(rule: str, one: tuple[float, float], two: tuple[float, float], peak: float) -> bool:
    """Return whether a segment is exponential."""
    if one[1] <= 0 or two[1] <= 0 or one[1] == two[1]:
        return False
    if rule == "linear":
        return False
    if rule == "linear-up log-down":
        return two[1] < one[1]
    if rule == "lin-log":
        return one[0] >= peak
    return True


def value_at(day: float, points: Points, rule: str, peak: float) -> float:
    """Return the value of the curve on any day inside it."""
    for one, two in itertools.pairwise(points):
        if one[0] <= day <= two[0]:
            part = (day - one[0]) / (two[0] - one[0])
            if is_log(rule, one, two, peak):
                return math.exp((1 - part) * math.log(one[1]) + part * math.log(two[1]))
            return (1 - part) * one[1] + part * two[1]
    raise AssertionError("outside the curve")


def area(points: Points, start: float, end: float, rule: str, peak: float) -> float:
    """Return the area between two days inside the curve."""
    cuts = sorted({start, end, *(day for day, _ in points if start < day < end)})
    total = 0.0
    for one, two in itertools.pairwise(cuts):
        low, high = value_at(one, points, rule, peak), value_at(two, points, rule, peak)
        middle = (one + two) / 2
        segment = next(
            pair for pair in itertools.pairwise(points)
            if pair[0][0] <= middle <= pair[1][0]
        )  # fmt: skip
        if is_log(rule, *segment, peak):
            rate = math.log(segment[0][1] / segment[1][1]) / (segment[1][0] - segment[0][0])
            total += low * -math.expm1(-rate * (two - one)) / rate
        else:
            total += (low + high) / 2 * (two - one)
    return total


def slope(points: list[tuple[float, float]], order: str, tolerance: float = 1e-4) -> Slope | None:
    """Return the line through the last points, at least three, that the rule picks."""
    fits = []
    for count in range(3, len(points) + 1):
        x = np.array([day for day, _ in points[-count:]])
        y = np.log([value for _, value in points[-count:]])
        if np.ptp(y) == 0:
            continue
        rate, start = np.polyfit(x - x.mean(), y, 1)
        rest = float(((y - start - rate * (x - x.mean())) ** 2).sum())
        r_squared = 1 - rest / float(((y - y.mean()) ** 2).sum())
        fits.append(Slope(-float(rate), count, 1 - (1 - r_squared) * (count - 1) / (count - 2)))
    if order == "winnonlin":
        fits = [fit for fit in fits if fit.rate > 0]
    if not fits:
        return None
    best = max(fit.adjusted for fit in fits)
    near = [fit for fit in fits if fit.adjusted > best - tolerance and fit.rate > 0]
    return max(near, key=lambda fit: fit.n_points, default=None)


LLOQ = 1.0
RULES = ("linear", "linear-up log-down", "lin-log", "log-up log-down")
BLQ = ("zero/drop/zero", "zero/zero/zero", "drop/drop/drop", "half/half/half", "zero/drop/drop")


@st.composite
def courses(draw: DrawFn) -> tuple[list[float], list[float]]:
    """Return days in any order and values, some below the limit, ties not rare."""
    days = draw(st.lists(st.integers(0, 400), min_size=2, max_size=12, unique=True))
    value = st.one_of(
        st.just(0.0), st.just(0.4), st.sampled_from([2.0, 3.0, 50.0]), st.floats(1.0, 1e5)
    )
    return [day / 4 for day in days], draw(st.lists(value, min_size=len(days), max_size=len(days)))


def quantified(days: list[float], values: list[float]) -> Points:
    pairs = sorted(zip(days, values, strict=True))
    return [(day, value) for day, value in pairs if value >= LLOQ]


@settings(deadline=None)
@given(courses(), st.sampled_from(RULES), st.sampled_from(BLQ), st.data())
def test_areas_are_those_of_the_twin(
    course: tuple[list[float], list[float]], rule: str, blq: str, data: st.DataObject
) -> None:
    days, values = course
    above = quantified(days, values)
    assume(above and above[-1][0] > 0)  # what is found before the infusion alone is no course
    points = points_of(days, values, LLOQ, blq)
    peak = max(above, key=lambda point: (point[1], -point[0]))[0]
    last = above[-1][0]
    later = [day for day, _ in points if day > last]
    found = nca(days, values, lloq=LLOQ, auc_rule=rule, blq_rule=blq)

    assert found.tlast.value == last
    assert found.auc_last.value == pytest.approx(
        area(points, points[0][0], last, rule, peak), rel=1e-9, abs=1e-9
    )
    assert found.auc_all.value == pytest.approx(
        area(points, points[0][0], later[0] if later else last, rule, peak),
        rel=1e-9, abs=1e-9,
    )  # fmt: skip
    ends = st.floats(points[0][0], points[-1][0])
    start, end = sorted((data.draw(ends), data.draw(ends)))
    assume(end - start > 1e-6)
    assert found.auc(start, end).value == pytest.approx(
        area(points, start, end, rule, peak), rel=1e-8, abs=1e-9
    )


@settings(max_examples=200, deadline=None)
@given(courses(), st.sampled_from(["winnonlin", "pknca"]), st.booleans())
@example(([0, 1, 2, 3, 4, 5, 6], [0, 20, 10, 5, 2, 2.2, 2.42]), "winnonlin", False)
@example(([0, 1, 2, 3, 4, 5, 6], [0, 20, 10, 5, 2, 2.2, 2.42]), "pknca", False)
def test_the_slope_is_that_of_the_twin(
    course: tuple[list[float], list[float]], order: str, include_tmax: bool
) -> None:
    days, values = course
    above = quantified(days, values)
    assume(above)
    peak = max(above, key=lambda point: (point[1], -point[0]))[0]
    tail = [point for point in above if point[0] > peak or (include_tmax and point[0] == peak)]
    rule = SlopeRule(order=order, include_tmax=include_tmax)  # type: ignore[arg-type]  # one of the two
    # the search window is opened, so that the highest of all values is where the decline begins
    found = nca(days, values, lloq=LLOQ, slope_rule=rule, window=(-1.0, 1e4))

    expected = slope(tail, order)
    if expected is None:
        assert found.lambda_z.value is None
        return
    assert found.decline.line is not None
    line = found.decline.line
    # where two lines tie within rounding either may win; the fit must be as good
    assert line.adjusted_r_squared == pytest.approx(expected.adjusted, abs=2e-4)
    if line.n_points == expected.n_points:
        assert found.lambda_z.value == pytest.approx(expected.rate, rel=1e-6, abs=1e-9)
    else:
        others = [slope(tail, order, tolerance=tried) for tried in (1e-4 - 1e-9, 1e-4 + 1e-9)]
        assert line.n_points in {other.n_points for other in others if other is not None}


@settings(max_examples=40, deadline=None)
@given(courses(), st.sampled_from(RULES), st.floats(1.5, 1e4))
def test_the_time_above_a_value_is_that_of_a_fine_grid(
    course: tuple[list[float], list[float]], rule: str, threshold: float
) -> None:
    days, values = course
    above = quantified(days, values)
    assume(above)
    points = points_of(days, values, LLOQ, "zero/drop/zero")
    peak = max(above, key=lambda point: (point[1], -point[0]))[0]
    found = nca(days, values, lloq=LLOQ, auc_rule=rule).time_above(threshold)

    start, end = points[0][0], points[-1][0]
    steps = 4000
    width = (end - start) / steps
    grid = sum(
        value_at(start + (step + 0.5) * width, points, rule, peak) > threshold * (1 + 1e-12)
        for step in range(steps if width > 0 else 0)
    )
    assert found.value == pytest.approx(grid * width, abs=(2 * len(points) + 2) * width + 1e-9)
