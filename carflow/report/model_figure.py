"""The model figure: gate pictures above, the time course of the same subject below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.report import style
from carflow.report.density import draw_gates, gate_figure, gate_height, gate_panels
from carflow.report.expansion import draw_time_course, time_course_figure, time_course_height
from carflow.report.timecourse import chosen_subject, gather_course

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from carflow.result.run import Result

_WIDTH_IN = 10.4


def model_figure(result: Result, subject_id: str) -> Figure:
    """Return gate pictures and time course of one subject in one figure.

    Without any gate picture it is the time course alone, without any curve the pictures alone.

    Raises
    ------
    ValueError
        If the result has no such subject.
    """
    course = gather_course(result, chosen_subject(result, subject_id))
    panels = gate_panels(result, subject_id)
    if not any(panel.picture for panel in panels):
        return time_course_figure(result, subject_id)
    if course.is_empty:
        return gate_figure(result, subject_id)
    gates_in = gate_height(panels, _WIDTH_IN)
    course_in = time_course_height(result, course, _WIDTH_IN)
    with style.drawing():
        figure = style.new_figure(_WIDTH_IN, gates_in + course_in)
        draw_gates(figure, panels, heading=f"A   Subject {subject_id}: gates, tube by tube")
        draw_time_course(figure, result, course, heading=f"B   {course.heading}")
    return figure
