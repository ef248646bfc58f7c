import math
import sys
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carflow.report import style
from carflow.report.expansion import plot_expansion, time_course_figure
from carflow.result.run import Result

ODD_NAME = "<b>$P1&</b>"


def labels(figure: Figure) -> dict[str, Axes]:
    return {axes.get_ylabel(): axes for axes in figure.axes}


def words(figure: Figure) -> str:
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    legends = [axes.get_legend() for axes in figure.axes]
    texts += [text.get_text() for one in legends if one for text in one.get_texts()]
    return "\n".join(texts + [text.get_text() for text in figure.texts])


def test_the_panels_are_named_with_units_and_share_their_days(model_result: Result) -> None:
    figure = time_course_figure(model_result, "P01")
    panels = labels(figure)

    assert set(panels) == {
        "",
        "CAR T cells/µL (beads)",
        "CAR gene copies/µg DNA",
        "CAR+ (% of CD3+)",
    }
    assert panels["CAR+ (% of CD3+)"].get_xlabel() == "Days since infusion"
    assert len({axes.get_xlim() for axes in figure.axes}) == 1


def test_both_log_axes_span_the_same_decades_and_the_percentage_0_to_100(
    model_result: Result,
) -> None:
    panels = labels(time_course_figure(model_result, "P01"))
    cells, copies = panels["CAR T cells/µL (beads)"], panels["CAR gene copies/µg DNA"]

    spans = [math.log10(high / low) for low, high in (cells.get_ylim(), copies.get_ylim())]
    assert cells.get_yscale() == copies.get_yscale() == "log"
    assert spans[0] == pytest.approx(spans[1])
    assert [tick.get_text() for tick in cells.get_yticklabels()] == [
        "0.1", "1", "10", "100", "1000",
    ]  # fmt: skip
    assert [tick.get_text() for tick in copies.get_yticklabels()] == [
        "100", "1000", "10⁴", "10⁵", "10⁶",
    ]  # fmt: skip
    assert panels["CAR+ (% of CD3+)"].get_ylim() == (0, 100)
    assert panels["CAR+ (% of CD3+)"].get_yscale() == "linear"


def test_every_sampling_day_of_the_model_case_is_labelled(model_result: Result) -> None:
    axes = labels(time_course_figure(model_result, "P01"))["CAR+ (% of CD3+)"]

    assert [tick.get_text() for tick in axes.get_xticklabels()] == [
        "−1", "0", "1", "4", "7", "12", "14", "21", "28",
    ]  # fmt: skip


def test_the_bracket_of_the_peak_is_drawn_and_named(model_result: Result) -> None:
    figure = time_course_figure(model_result, "P01")
    axes = labels(figure)["CAR+ (% of CD3+)"]

    bars = [np.asarray(line.get_xydata()).tolist() for line in axes.lines]
    assert [[7.0, 69.94], [14.0, 69.94]] in bars
    assert [text.get_text() for text in axes.texts] == ["highest on day 12; bracket 7–14"]
    assert "both highest on day 12; bracket 7–14" in words(figure)


def test_treatments_and_the_published_time_to_peak_are_named(model_result: Result) -> None:
    told = words(time_course_figure(model_result, "P01"))

    assert "methylprednisolone (mg)" in told
    assert "fludarabine" not in told
    assert "published median time to peak 9 d (5–21), qPCR, other patients" in told
    assert "Both log axes span the same number of decades (4)" in told.replace("\n", " ")
    assert "not detected (drawn at its limit)" in told


def test_without_counts_the_figure_says_why_and_marks_what_is_limited(odd_result: Result) -> None:
    told = words(time_course_figure(odd_result, ODD_NAME))

    assert "no absolute counts: no bead event, or no bead number in the sheet" in told
    assert "below LLOQ (drawn at the LLOQ)" in told
    assert "tube failed" in told
    assert f"Subject {ODD_NAME}" in told


def test_a_single_day_has_an_open_bracket(odd_result: Result) -> None:
    told = words(time_course_figure(odd_result, "P03"))

    assert "highest on day 7; bracket open after 0" in told


def test_a_subject_without_any_curve_is_drawn_all_the_same(model_result: Result) -> None:
    bare = replace(model_result.subject("P01"), curves=(), kinetics=())
    tubes = tuple(replace(tube, quantities=()) for tube in model_result.tube_results)
    result = replace(model_result, subject_results=(bare,), tube_results=tubes)

    told = words(time_course_figure(result, "P01"))

    assert "no CAR+ percentage of CD3+ could be determined" in told
    assert "no absolute counts: no method had what it needs" in told


def test_copies_alone_stand_on_the_right_axis(model_result: Result) -> None:
    subject = model_result.subject("P01")
    kept = [one for one in subject.curves if one.quantity != "car_per_ul_beads"]
    result = replace(model_result, subject_results=(replace(subject, curves=tuple(kept)),))

    figure = time_course_figure(result, "P01")

    assert "CAR gene copies/µg DNA" in labels(figure)
    assert "no absolute counts: the file states no acquired volume" in words(figure)


def test_no_text_overlaps_another_and_none_leaves_the_page(model_result: Result) -> None:
    figure = time_course_figure(model_result, "P01")
    figure.canvas.draw()
    boxes = {
        text.get_text(): text.get_window_extent()
        for axes in figure.axes
        for text in [*axes.texts, axes.xaxis.label, axes.yaxis.label, *axes.get_yticklabels()]
        if text.get_text() and text.get_visible()
    }
    names = sorted(boxes)

    hits = [
        (one, other)
        for place, one in enumerate(names)
        for other in names[place + 1 :]
        if boxes[one].shrunk(0.98, 0.9).overlaps(boxes[other].shrunk(0.98, 0.9))
    ]
    page = figure.bbox
    assert hits == []
    assert all(page.x0 <= box.x0 and box.x1 <= page.x1 for box in boxes.values())
    assert all(page.y0 <= box.y0 and box.y1 <= page.y1 for box in boxes.values())


def test_a_curve_is_drawn_on_the_given_axes(model_result: Result) -> None:
    axes = style.new_figure(5, 3).add_subplot()

    assert plot_expansion(model_result, axes, quantity="copies_per_ug") is axes
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel() == "CAR gene copies/µg DNA"
    assert axes.get_xlabel() == "Days since infusion"


def test_without_axes_a_figure_unknown_to_pyplot_is_made(model_result: Result) -> None:
    axes = plot_expansion(model_result)

    assert isinstance(axes.figure, Figure)
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or axes.figure.number not in pyplot.get_fignums()


def test_the_settings_of_the_caller_are_left_alone(model_result: Result) -> None:
    before = dict(mpl.rcParams)
    plot_expansion(model_result)

    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "the result holds 2 subjects: name one with subject_id="),
        ({"subject_id": "P9"}, "no subject 'P9' (subjects: <b>$P1&</b>, P03)"),
        (
            {"subject_id": "P03", "quantity": "copies_per_ug"},
            "no curve of copies_per_ug (curves of this subject: car_pct_cd3)",
        ),
    ],
)
def test_a_curve_that_does_not_exist_is_named(
    odd_result: Result, options: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        plot_expansion(odd_result, **options)  # type: ignore[arg-type]  # keywords of one test table

    assert str(caught.value) == sentence
