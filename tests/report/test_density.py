from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carflow.report.density import gate_figure, gate_panels
from carflow.result.run import Result

ODD_NAME = "<b>$P1&</b>"


def panels(figure: Figure) -> list[Axes]:
    """Return the axes of the tubes, without the scale of density."""
    return [axes for axes in figure.axes if axes.texts]


def test_tubes_stand_in_the_order_of_days_with_controls_last(model_result: Result) -> None:
    shuffled = replace(model_result, tube_results=model_result.tube_results[::-1])

    assert [panel.title for panel in gate_panels(shuffled, "P01")] == [
        "Day −1, pre-infusion", "Day 1", "Day 4", "Day 7", "Day 12", "Day 14", "Day 21", "Day 28",
        "Day 12, FMO",
    ]  # fmt: skip


def test_each_panel_tells_percentage_and_both_counts(model_result: Result) -> None:
    titles = [axes.get_title() for axes in panels(gate_figure(model_result, "P01"))]

    assert titles[4] == "69.94 % of CD3+\n6,994 / 10,000"
    assert len(titles) == 9


def test_the_gate_is_drawn_closed_and_the_ticks_are_powers(model_result: Result) -> None:
    axes = panels(gate_figure(model_result, "P01"))[0]

    (outline,) = axes.lines
    corners = np.asarray(outline.get_xydata()).tolist()
    assert len(corners) == 5
    assert corners[0] == corners[-1] == [0.62, 0.52]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == [
        "−10³", "0", "10³", "10⁴", "10⁵",
    ]  # fmt: skip


def test_empty_bins_are_white_and_all_panels_share_one_scale(model_result: Result) -> None:
    images = [axes.images[0] for axes in panels(gate_figure(model_result, "P01"))]

    assert all(np.ma.getmaskarray(np.ma.asarray(image.get_array()))[0, 0] for image in images)
    assert len({(image.norm.vmin, image.norm.vmax) for image in images}) == 1


def test_a_sparse_file_shows_every_occupied_bin_as_a_dot(model_result: Result) -> None:
    tube = model_result.tube_results[0]
    counts = [0] * 64 * 64
    counts[70] = counts[4000] = 1
    sparse = replace(tube.pictures[0], counts=tuple(counts), gate_count=0, gate_parent_count=0)
    result = replace(model_result, tube_results=(replace(tube, pictures=(sparse,)),))

    (axes,) = panels(gate_figure(result, "P01"))

    (dots,) = axes.collections
    assert len(np.asarray(dots.get_offsets())) == 2
    assert axes.get_title() == "no CD3+ event\n0 / 0"


def test_a_failed_tube_keeps_its_place_with_its_reason(odd_result: Result) -> None:
    axes = panels(gate_figure(odd_result, ODD_NAME))[2]

    told = [text.get_text().replace("\n", " ") for text in axes.texts]
    assert told == [
        "Day 10",
        "No result: the DATA segment ends 1,200 bytes early (export the file again)",
    ]


def test_a_subject_without_pictures_says_so(odd_result: Result) -> None:
    (axes,) = panels(gate_figure(odd_result, "P03"))

    assert axes.texts[1].get_text().replace("\n", " ") == "No picture of this gate"


@pytest.mark.parametrize("n_tubes", [1, 2, 5, 6, 24])
def test_any_number_of_tubes_fits_on_the_page(model_result: Result, n_tubes: int) -> None:
    first = model_result.tube_results[1]
    tubes = tuple(replace(first, sample_id=f"s{day}", day=float(day)) for day in range(n_tubes))

    figure = gate_figure(replace(model_result, tube_results=tubes), "P01")

    assert len(panels(figure)) == n_tubes
    for axes in figure.axes:
        box = axes.get_position()
        assert 0 < box.x0 < box.x1 < 1
        assert 0 < box.y0 < box.y1 < 1


def test_tubes_with_other_axes_name_their_own(model_result: Result) -> None:
    first, second = model_result.tube_results[1:3]
    picture = second.pictures[0]
    other = replace(picture, x=replace(picture.x, name="CD3-BV421"), outline=())
    result = replace(model_result, tube_results=(first, replace(second, pictures=(other,))))

    names = [axes.get_xlabel() for axes in panels(gate_figure(result, "P01"))]

    assert names == ["CD3 (a.u.)", "CD3-BV421 (a.u.)"]


def test_the_drawn_gate_is_the_one_behind_the_percentage(model_result: Result) -> None:
    tubes = tuple(
        replace(tube, pictures=(replace(tube.pictures[0], gate="live", gate_count=1),
                                *tube.pictures))
        for tube in model_result.tube_results
    )  # fmt: skip

    drawn = gate_panels(replace(model_result, tube_results=tubes), "P01")

    assert {panel.picture.gate for panel in drawn if panel.picture} == {"CAR+"}
