from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from carflow.quantify.dilution import DilutionLine, dilution_line
from carflow.report.dilution import plot_dilution
from carflow.report.style import png_bytes

FACTORS = [1.0, 2.0, 4.0, 8.0]


def line() -> DilutionLine:
    counts = [800.0, 410.0, 195.0, 101.0]
    return dilution_line(
        FACTORS, counts, lows=[0.9 * one for one in counts], highs=[1.1 * one for one in counts]
    )


def test_counts_stand_above_their_residuals_on_the_same_dilutions() -> None:
    ax = plot_dilution(line())
    below = ax.figure.axes[-1]

    assert ax.get_position().y0 > below.get_position().y1
    assert ax.get_xlim() == below.get_xlim()
    assert (ax.get_xscale(), ax.get_yscale(), below.get_yscale()) == ("log", "log", "linear")
    assert np.asarray(ax.lines[1].get_ydata()).tolist() == pytest.approx(
        [800.0, 410.0, 195.0, 101.0]
    )
    assert np.asarray(below.lines[0].get_ydata()).tolist() == pytest.approx(
        list(line().residuals_pct)
    )


def test_the_legend_names_each_series_with_its_slope_and_interval() -> None:
    ax = plot_dilution({"all events (FSC-H)": line(), "particles": line()})
    legend = ax.get_legend()
    assert legend is not None
    told = [text.get_text() for text in legend.get_texts()]

    assert told[0] == "all events (FSC-H): slope −1.003 [−1.074, −0.932], R² 0.9995"
    assert told[1].startswith("particles: slope −1.003")


def test_it_draws_into_the_axes_it_is_given() -> None:
    figure = Figure()
    own = figure.add_subplot(1, 2, 1)
    left = own.get_position()

    ax = plot_dilution(line(), own)

    assert ax is own
    assert ax.get_position().y1 == pytest.approx(left.y1)
    assert figure.axes[-1].get_position().y0 == pytest.approx(left.y0)
    assert png_bytes(figure)


def test_nothing_to_draw_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match=r"^there is no dilution line to draw$"):
        plot_dilution({})
