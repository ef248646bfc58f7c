import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.kinetics.curve import Curve, Point
from carflow.measure import Measure, State
from carflow.reasons import Reason
from carflow.report import style
from carflow.report.curves import (
    Mark,
    MarkKind,
    curve_marks,
    draw_curve,
    percent_limits,
    shared_decades,
)
from carflow.result.run import Result
from carflow.units import Unit

POSITIVE = st.floats(min_value=1e-3, max_value=1e7)


def mark(day: float, height: float, kind: MarkKind = MarkKind.QUANTIFIED) -> Mark:
    return Mark(day=day, height=height, low=None, high=None, kind=kind)


@given(st.lists(POSITIVE, min_size=1, max_size=9), st.lists(POSITIVE, min_size=1, max_size=9))
def test_log_axes_have_the_same_number_of_decades_and_hold_their_values(
    left: list[float], right: list[float]
) -> None:
    series = [[mark(1, value) for value in values] for values in (left, right)]

    spans = shared_decades(*series)

    lengths = {round(math.log10(high / low), 9) for low, high in (one.limits for one in spans)}
    assert len(lengths) == 1
    for span, values in zip(spans, (left, right), strict=True):
        assert 10.0**span.bottom <= min(values) * (1 + 1e-12)
        assert max(values) <= 10.0**span.top * (1 + 1e-12)


def test_the_same_curve_keeps_its_axis_whatever_the_other_one_is_scaled_by() -> None:
    cells = [mark(1, 2.0), mark(7, 900.0)]
    copies = [mark(1, 200.0), mark(7, 90_000.0)]

    first = shared_decades(cells, copies)[0]
    second = shared_decades(cells, [replace(one, height=one.height * 1000) for one in copies])[0]

    assert first == second


def test_the_end_of_an_interval_stays_on_the_axis() -> None:
    tall = Mark(day=7, height=900.0, low=300.0, high=2_900.0, kind=MarkKind.QUANTIFIED)

    (span,) = shared_decades([tall])

    assert span.limits[1] >= 2_900.0


def test_curves_without_a_positive_value_have_an_axis_all_the_same() -> None:
    (span,) = shared_decades([mark(1, 0.0, MarkKind.NOT_DETECTED)])

    assert span.count == 1


@pytest.mark.parametrize(
    ("highest", "top"),
    [(69.94, 100.0), (96.5, 116.0), (100.0, 116.0), (12.0, 20.0), (1.2, 2.0), (0.03, 1.0)],
)
def test_a_percent_axis_ends_at_100_or_at_a_round_number(highest: float, top: float) -> None:
    assert percent_limits([mark(7, highest)]) == pytest.approx((0.0, top))


def test_limits_stand_in_for_values_below_them(odd_result: Result, model_result: Result) -> None:
    odd = odd_result.subject_results[0].curves[0]
    model = model_result.subject("P01").curves[0]

    blq, top, last = curve_marks(odd_result, odd)
    before = curve_marks(model_result, model)[0]

    assert (blq.height, blq.kind) == (0.5, MarkKind.BELOW_LLOQ)
    assert (top.height, last.height) == (96.5, 40.0)
    assert (before.height, before.kind) == (0.2, MarkKind.NOT_DETECTED)


def test_a_value_known_only_as_below_a_limit_is_drawn_at_that_limit(model_result: Result) -> None:
    below = Measure(
        unit=Unit.COPIES_PER_UG, high=50.0, state=State.NE, reason=Reason.LAB_BELOW_LIMIT
    )
    curve = Curve(
        subject_id="P01",
        quantity="copies_per_ug",
        unit=Unit.COPIES_PER_UG,
        points=(Point(day=1.0, measure=below),),
    )

    assert curve_marks(model_result, curve) == (mark(1.0, 50.0, MarkKind.NOT_DETECTED),)


def test_lines_join_quantified_values_after_the_infusion_only() -> None:
    marks = [
        mark(-1, 5.0),
        mark(1, 10.0),
        mark(4, 20.0),
        mark(7, 0.5, MarkKind.BELOW_LLOQ),
        mark(12, 30.0),
        mark(14, 20.0),
    ]
    axes = style.new_figure(4, 3).add_subplot()
    axes.set_ylim(0, 100)

    draw_curve(axes, marks, style.PERCENT)

    corners = {line: np.asarray(line.get_xydata()).tolist() for line in axes.lines}
    joined = [points for points in corners.values() if len(points) == 2]
    limits = [one for line, one in corners.items() if line.get_markerfacecolor() == "none"]
    assert joined == [[[1, 10], [4, 20]], [[12, 30], [14, 20]]]
    assert limits == [[[7, 0.5]]]
