from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from carflow.kinetics.curve import Curve, Point
from carflow.kinetics.series import highest, read_series, series_of
from carflow.measure import IntervalKind, Measure, State
from carflow.reasons import Reason
from carflow.units import Unit


def seen(*columns: Any, **more: Any) -> list[tuple[float, float, bool]]:
    return [(one.day, one.value, one.quantified) for one in read_series(*columns, **more).samples]


def test_samples_are_sorted_and_missing_ones_are_gone() -> None:
    assert seen([7, 1, 4], [2.0, 1.0, None]) == [(1, 1.0, True), (7, 2.0, True)]
    assert seen([7, 1], [math.nan, 1.0]) == [(1, 1.0, True)]


def test_arrays_of_numpy_are_read_as_well() -> None:
    assert seen(np.array([1, 4]), np.array([1.5, np.nan])) == [(1, 1.5, True)]


def test_zero_and_values_below_the_limit_are_not_quantified() -> None:
    assert seen([1, 4, 7], [0.0, 0.4, 0.5], lloq=0.5) == [
        (1, 0.0, False), (4, 0.4, False), (7, 0.5, True),
    ]  # fmt: skip


def test_states_decide_what_is_quantified_below_or_missing() -> None:
    states = ["QUANT", "DET_BLQ", "ND", "NE", "MISSING", "EXCLUDED"]
    values = [3.0, 2.0, None, None, None, 5.0]

    assert seen(range(1, 7), values, states=states) == [
        (1, 3.0, True), (2, 2.0, False), (3, 0.0, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("days", "values", "columns", "message"),
    [
        ([1, 2], [1.0], {}, "2 days, but 1 values"),
        ([1, 2], [1.0, 2.0], {"highs": [1.0]}, "2 days, but 1 highs"),
        ([1, 1.0], [1.0, 2.0], {}, "day 1 comes twice"),
        ([math.inf], [1.0], {}, "a day is a finite number, got inf"),
        ([3], [-1.0], {}, "a value is 0 or more, got -1 on day 3"),
        ([3], [math.inf], {}, "a value is 0 or more, got inf on day 3"),
        ([3], [None], {"states": ["QUANT"]}, "day 3 is called quantified, but has no value"),
        (
            [3],
            [1.0],
            {"states": ["BLQ"]},
            ("'BLQ' is no state (there are: QUANT, DET_BLQ, ND, NE, MISSING, EXCLUDED)"),
        ),
    ],
)
def test_what_is_no_series_is_the_callers_mistake(
    days: list[float], values: list[float | None], columns: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        read_series(days, values, **columns)

    assert str(caught.value) == message


def test_a_day_missing_once_does_not_come_twice() -> None:
    assert seen([1, 1], [1.0, None]) == [(1, 1.0, True)]


def test_the_first_of_equal_values_is_the_highest() -> None:
    top = highest(read_series([1, 4, 7], [5.0, 9.0, 9.0]).samples)

    assert top is not None
    assert top.day == 4


def test_a_curve_hands_its_intervals_and_states_on() -> None:
    quantified = Measure(
        unit=Unit.PERCENT, value=5.0, low=4.0, high=6.0, ci_kind=IntervalKind.COUNTING
    )
    below = Measure(unit=Unit.PERCENT, high=50.0, state=State.NE, reason=Reason.LAB_BELOW_LIMIT)
    gone = Measure.missing(Unit.PERCENT, Reason.ZERO_PARENT)
    points = tuple(
        Point(day=float(day), measure=one) for day, one in enumerate((quantified, below, gone))
    )

    series = series_of(
        Curve(subject_id="P1", quantity="car_pct_cd3", unit=Unit.PERCENT, points=points)
    )

    first, second = series.samples
    assert (first.value, first.low, first.high, first.quantified) == (5.0, 4.0, 6.0, True)
    assert first.ci_kind is IntervalKind.COUNTING
    assert (second.value, second.high, second.quantified) == (0.0, 50.0, False)


def test_detected_below_the_limit_is_told_from_not_detected() -> None:
    by_value = read_series([1, 4, 7], [0.0, 0.4, 0.5], lloq=0.5).samples
    by_state = read_series([1, 4], [0.2, None], states=["ND", "DET_BLQ"]).samples

    assert [sample.detected for sample in by_value] == [False, True, True]
    assert [sample.detected for sample in by_state] == [False, True]


def test_a_share_net_of_background_below_zero_is_not_detected() -> None:
    assert seen([1, 4], [-0.02, 3.0], states=["ND", "QUANT"]) == [(1, 0.0, False), (4, 3.0, True)]


def test_a_curve_begins_on_day_0_for_areas_and_after_it_for_peaks() -> None:
    series = read_series([-1, 0, 7], [0.0, 1.0, 2.0])

    assert [one.day for one in series.from_infusion] == [0, 7]
    assert [one.day for one in series.after_infusion] == [7]
