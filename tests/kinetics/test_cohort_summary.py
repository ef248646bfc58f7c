import math

import pytest

from carflow.kinetics.cohort_summary import cohort_summaries
from carflow.kinetics.curve import Curve, Point
from carflow.kinetics.subject import CurveKinetics, analyse_curve
from carflow.measure import Measure
from carflow.units import Unit

DAYS = (0.0, 4.0, 7.0, 12.0, 14.0, 28.0)


def course(subject: str, *values: float, quantity: str = "car_pct_cd3") -> CurveKinetics:
    points = tuple(
        Point(day=day, measure=Measure(unit=Unit.PERCENT, value=value))
        for day, value in zip(DAYS, values, strict=False)
    )
    return analyse_curve(
        Curve(subject_id=subject, quantity=quantity, unit=Unit.PERCENT, points=points)
    )


COURSES = [
    course("A", 1, 4, 20, 40, 10, 2),
    course("B", 1, 4, 80, 40, 10, 2),
    course("C", 1, 4, 10, 20, 30),
]


def test_one_subject_is_no_cohort() -> None:
    assert cohort_summaries(COURSES[:1]) == ()


def test_the_whole_comes_before_its_groups_and_those_without_a_group_last() -> None:
    found = cohort_summaries(COURSES, column="arm", groups={"A": "2", "B": "1"})

    assert [(one.group, one.subject_ids) for one in found] == [
        ("", ("A", "B", "C")), ("1", ("B",)), ("2", ("A",)), ("not given", ("C",)),
    ]  # fmt: skip
    assert {one.column for one in found} == {"", "arm"}


def test_quantities_are_never_mixed() -> None:
    other = course("A", 1, 2, 3, 2, 1, 1, quantity="car_pct_cd45")

    assert [one.quantity for one in cohort_summaries([*COURSES, other])] == ["car_pct_cd3"]


def test_a_peak_not_reached_is_later_and_heights_are_averaged_as_logarithms() -> None:
    (found,) = cohort_summaries(COURSES)

    assert found.times.n_not_reached == 1
    assert found.times.median_span == (12.0, 12.0)
    assert found.means["cmax"].mean.value == pytest.approx(math.exp(math.log(40 * 80 * 30) / 3))
    assert found.means["auc_0_28"].n_without == 1
    assert found.sentences[1] == (
        "1 patient's peak was not reached by the last sample and counted as later."
    )
    assert found.sentences[-1].startswith("AUC day 0–28: geometric mean ")
    assert found.sentences[-1].endswith(" 2 patients; 1 without a value.")
