from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carflow.kinetics.subject import analyse_curve
from carflow.measure import Measure, State
from carflow.reasons import Reason
from carflow.report.outputs import write_outputs
from carflow.report.page import ALL_SUBJECTS, report_html
from carflow.report.style import png_bytes, svg_text
from carflow.report.subjects import TOLD_APART, plot_subjects, subjects_figure
from carflow.result.run import Result
from carflow.result.subject import SubjectResult


def cohort(result: Result, n: int) -> Result:
    """The model subject n times, each later and lower than the one before."""
    (model,) = result.subject_results
    subjects = tuple(_later(model, shift) for shift in range(n))
    tubes = tuple(
        replace(tube, subject_id=subject.subject_id)
        for subject in subjects
        for tube in result.tube_results
    )
    return replace(result, subject_results=subjects, tube_results=tubes)


def drawn(ax: Axes, marker: str) -> list[list[float]]:
    """The days of every line with that marker."""
    lines = [line for line in ax.lines if line.get_marker() == marker]
    days = [np.asarray(line.get_xdata(), dtype=float).tolist() for line in lines]
    return [one for one in days if one]


def _later(model: SubjectResult, shift: int) -> SubjectResult:
    curves = tuple(
        replace(
            curve,
            subject_id=f"P{shift + 1:02d}",
            points=tuple(
                replace(point, day=point.day + shift, measure=_scaled(point.measure, 0.93**shift))
                for point in curve.points
            ),
        )
        for curve in model.curves
    )
    kinetics = tuple(analyse_curve(curve) for curve in curves)
    return replace(model, subject_id=f"P{shift + 1:02d}", curves=curves, kinetics=kinetics)


def _scaled(measure: Measure, factor: float) -> Measure:
    if measure.value is None:
        return measure
    return replace(measure, value=measure.value * factor, low=None, high=None)


def test_one_subject_needs_no_comparison(model_result: Result) -> None:
    assert subjects_figure(model_result) is None


def test_every_subject_has_a_line_of_its_own_and_a_star_at_its_highest_sample(
    model_result: Result,
) -> None:
    ax = plot_subjects(cohort(model_result, 3))
    legend = ax.get_legend()

    assert len(drawn(ax, "o")) == 3
    assert drawn(ax, "*") == [[12.0], [13.0], [14.0]]
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["P01", "P02", "P03"]
    assert ax.get_ylabel() == "CAR+ of CD3+, %"


def test_counts_stand_on_a_log_axis_with_their_unit(model_result: Result) -> None:
    ax = plot_subjects(cohort(model_result, 2), quantity="car_per_ul_beads")

    assert ax.get_yscale() == "log"
    assert ax.get_ylabel() == "CAR T cells (beads), cells/µL"


def test_a_value_below_the_limit_breaks_the_line(model_result: Result) -> None:
    two = cohort(model_result, 2)
    first = two.subject_results[0]
    curve = first.curve_of("car_pct_cd3")
    assert curve is not None
    below = Measure(unit=curve.unit, value=0.1, state=State.DET_BLQ, reason=Reason.BELOW_LLOQ)
    broken = replace(
        curve,
        points=tuple(
            replace(point, measure=below) if point.day == 7.0 else point for point in curve.points
        ),
    )
    subject = replace(first, curves=(broken,))
    ax = plot_subjects(replace(two, subject_results=(subject, two.subject_results[1])))
    lines = drawn(ax, "o")

    assert len(lines) == 3
    assert not any(7.0 in line for line in lines[:2])


def test_many_subjects_are_grey_and_have_no_legend(model_result: Result) -> None:
    ax = plot_subjects(cohort(model_result, TOLD_APART + 1))

    assert ax.get_legend() is None


def test_axes_in_axes_out(model_result: Result) -> None:
    ax = Figure().subplots()

    assert plot_subjects(cohort(model_result, 2), ax) is ax


def test_a_quantity_nobody_has_is_refused(model_result: Result) -> None:
    with pytest.raises(ValueError, match=r"^no subject has a quantified value of car_per_ul_cd3$"):
        plot_subjects(model_result, quantity="car_per_ul_cd3")


def test_the_page_and_the_folder_show_all_subjects_where_there_are_several(
    model_result: Result, tmp_path: Path
) -> None:
    two = cohort(model_result, 2)
    figure = subjects_figure(two)
    assert figure is not None
    page = report_html(two, {ALL_SUBJECTS: svg_text(figure)})

    assert "<h2>All subjects</h2>" in page
    assert "<h2>All subjects</h2>" not in report_html(model_result, {})
    assert png_bytes(figure).startswith(b"\x89PNG")
    names = {path.name for path in write_outputs(two, tmp_path)}
    assert {"subjects.svg", "subjects.png"} <= names
