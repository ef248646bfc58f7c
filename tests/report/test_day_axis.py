"""Labels of days never touch, and every sample keeps its tick."""

import itertools

import matplotlib as mpl
import pytest

from carflow.report import style
from carflow.report.day_axis import mark_days

DAYS = [-1.0, 1.0, 4.0, 7.0, 12.0, 14.0, 28.0, 90.0]


@pytest.mark.parametrize("width_in", [2.0, 5.0, 9.0])
def test_labels_do_not_touch_and_no_sample_is_without_a_tick(width_in: float) -> None:
    figure = style.new_figure(width_in + 1.0, 2.0)
    axes = style.place_axes(figure, (0.5, 0.5, width_in, 1.0))
    axes.set_xlim(-2.0, 91.0)

    with mpl.rc_context({"font.size": style.PLAIN}):
        mark_days(axes, DAYS, first=[12.0])
        figure.draw_without_rendering()

    labels = axes.get_xticklabels()
    assert "12" in [label.get_text() for label in labels]
    boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: box.x0)
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
    ticks = {*axes.xaxis.get_majorticklocs(), *axes.xaxis.get_minorticklocs()}
    assert set(DAYS) <= ticks
