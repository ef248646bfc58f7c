from __future__ import annotations

import pytest

from carflow.errors import AnalysisError
from carflow.kinetics.curve import Curve, Point
from carflow.measure import Measure, State
from carflow.reasons import Reason
from carflow.units import Unit


def point(day: float, value: float | None, sample_id: str = "") -> Point:
    if value is None:
        measure = Measure.missing(Unit.PERCENT, Reason.NO_POPULATION)
    else:
        measure = Measure(unit=Unit.PERCENT, value=value)
    return Point(day=day, measure=measure, sample_id=sample_id)


def curve(*points: Point) -> Curve:
    return Curve(subject_id="P1", quantity="car_pct_cd3", unit=Unit.PERCENT, points=points)


def test_points_stand_in_order_of_day() -> None:
    assert [one.day for one in curve(point(7, 2), point(-1, 0), point(1, 1)).points] == [-1, 1, 7]


def test_two_samples_of_a_day_are_refused() -> None:
    with pytest.raises(AnalysisError) as caught:
        curve(point(7, 45.0, "S3"), point(7, 46.0, "S4"))

    assert str(caught.value) == (
        "subject P1: car_pct_cd3 has 2 samples on day 7 (S3, S4) (leave all but one of them out)"
    )
    assert caught.value.code == "CURVE-SAME-DAY"


def test_of_two_samples_of_a_day_the_one_that_was_measured_is_taken() -> None:
    found = Curve.of_samples(
        "P1", "car_pct_cd3", unit=Unit.PERCENT, points=[point(7, None, "S3"), point(7, 46, "S4")]
    )

    assert [(one.sample_id, one.measure.value) for one in found.points] == [("S4", 46)]


def test_of_two_measured_samples_of_a_day_none_is_picked() -> None:
    found = Curve.of_samples(
        "P1", "car_pct_cd3", unit=Unit.PERCENT, points=[point(7, 45, "S3"), point(7, 46, "S4")]
    )

    assert [one.sample_id for one in found.points] == ["S3 S4"]
    assert found.points[0].measure.reason is Reason.SAME_DAY


def test_a_day_without_any_measured_sample_keeps_its_reason() -> None:
    found = Curve.of_samples(
        "P1", "car_pct_cd3", unit=Unit.PERCENT, points=[point(7, None, "S3"), point(7, None, "S4")]
    )

    assert [one.measure.reason for one in found.points] == [Reason.NO_POPULATION]


def test_below_the_limit_of_a_laboratory_counts_as_not_detected() -> None:
    below = Measure(
        unit=Unit.COPIES_PER_UG, high=50.0, state=State.NE, reason=Reason.LAB_BELOW_LIMIT
    )

    assert Point(day=60, measure=below).state is State.ND
    assert Point(day=60, measure=below).is_measured
    assert not point(60, None).is_measured


def test_a_point_in_another_unit_is_the_callers_mistake() -> None:
    stray = Point(day=1, measure=Measure(unit=Unit.CELLS_PER_UL, value=3.0))

    with pytest.raises(ValueError, match="a point in cells/µL on a curve in %"):
        curve(stray)


def test_a_day_is_a_finite_number() -> None:
    with pytest.raises(ValueError, match="a day is a finite number, got nan"):
        curve(point(float("nan"), 1.0))
