from dataclasses import replace

import numpy as np
import pytest

from carflow.kinetics.curve import Curve
from carflow.kinetics.cut_sensitivity import cut_sensitivity
from carflow.report.beside import pictures_beside
from carflow.report.cut_band import plot_cut_band
from carflow.report.page import report_html
from carflow.result.run import Result


def scaled(curve: Curve, factor: float) -> Curve:
    points = [
        point
        if point.measure.value is None
        else replace(
            point,
            measure=replace(point.measure, value=point.measure.value * factor, low=None, high=None),
        )
        for point in curve.points
    ]
    return replace(curve, points=tuple(points))


@pytest.fixture
def moved_result(model_result: Result) -> Result:
    (subject,) = model_result.subject_results
    kinetics, curve = subject.kinetics_of("car_pct_cd3"), subject.curve_of("car_pct_cd3")
    assert kinetics is not None
    assert curve is not None
    curves = {-0.1: scaled(curve, 1.1), 0.1: scaled(curve, 0.8)}
    cut = cut_sensitivity(kinetics.peak, "car_pct_cd3", curves)
    return replace(model_result, subject_results=(replace(subject, cuts=(cut,)),))


def test_the_band_reaches_from_the_higher_to_the_lower_cut(moved_result: Result) -> None:
    ax = plot_cut_band(moved_result)
    (band,) = ax.collections
    heights = np.asarray(band.get_paths()[0].vertices)[:, 1]
    (legend,) = [ax.get_legend()]

    assert np.isclose(heights.max(), 69.94 * 1.1)
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "CAR cut as applied", "cut 0.1 decade lower", "cut 0.1 decade higher",
    ]  # fmt: skip


def test_it_draws_on_the_axes_it_is_given(moved_result: Result) -> None:
    ax = plot_cut_band(moved_result)

    assert plot_cut_band(moved_result, ax) is ax


def test_without_a_moved_cut_there_is_no_band(model_result: Result) -> None:
    with pytest.raises(ValueError, match="no curve of car_pct_cd3 with a moved CAR cut"):
        plot_cut_band(model_result)
    assert pictures_beside(model_result, model_result.subject_results[0]) == ()


def test_the_page_shows_picture_and_sentence(moved_result: Result) -> None:
    (subject,) = moved_result.subject_results
    beside = {subject.subject_id: pictures_beside(moved_result, subject)}
    page = report_html(moved_result, {}, beside)

    assert "The same curve with the CAR cut a little lower and higher" in page
    assert subject.cuts[0].sentences[0] in page
