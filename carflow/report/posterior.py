"""The posterior of every patient's peak day: one row each, beside what was observed.

The strength of colour of a day is its probability; days below 1 % are left white, since even a pale
bar would be read as more. The grey bar and the open mark are the bracket
and the day of the highest sample: what the patient's own samples say without a model.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator

from carflow.report import style
from carflow.report.timecourse import PERCENTAGE
from carflow.report.wording import label_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from carflow.kinetics.population_fit import PatientPeak
    from carflow.result.run import Result

_ROW_IN, _LEAST_IN, _FRAME_IN = 0.24, 1.2, 1.15
_LEAST_SHOWN = 0.01
_LAST_DAY = 28.0
_MOST_NAMED = 60


def plot_posterior(result: Result, ax: Axes | None = None, *, quantity: str = PERCENTAGE) -> Axes:
    """Draw the posterior of the peak day of every patient, the earliest at the top.

    Parameters
    ----------
    result : Result
        A result with the population model (`carflow.with_population`).
    ax : matplotlib.axes.Axes, optional
        Where to draw; without it a new figure is made (``ax.figure``), unknown to pyplot.
    quantity : str, default "car_pct_cd3"
        Which curves the model was fitted to.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If no posterior of this quantity is there.
    """
    found = next((one for one in result.population_peaks if one.quantity == quantity), None)
    rows = sorted(
        (one for one in (found.patients if found else ()) if one.day.value is not None),
        key=lambda one: one.day.value or 0.0,
    )
    if not rows:
        raise ValueError(f"the result has no population model of {quantity}")
    with style.drawing():
        if ax is None:
            inner_in = max(_LEAST_IN, _ROW_IN * len(rows))
            figure = style.new_figure(7.0, inner_in + _FRAME_IN)
            ax = style.place_axes(figure, (1.1, 0.6, 5.6, inner_in))
        for place, one in enumerate(rows):
            _draw_observed(ax, result, one, quantity, place)
            _draw_patient(ax, one, place)
        _finish(ax, rows, quantity)
    return ax


def _draw_observed(ax: Axes, result: Result, one: PatientPeak, quantity: str, place: int) -> None:
    kinetics = result.subject(one.subject_id).kinetics_of(quantity)
    if kinetics is None or kinetics.peak.day.value is None:
        return
    low, high = kinetics.peak.bracket
    last = min(high, _LAST_DAY)
    ax.plot([low, last], [place + 0.3] * 2, color=style.GREY, linewidth=1.0, zorder=2)
    if math.isinf(high):
        ax.plot([last], [place + 0.3], marker=">", markersize=4, color=style.GREY, zorder=2)
    ax.plot(
        [kinetics.peak.day.value], [place + 0.3], marker="o", markersize=4.5,
        markerfacecolor="white", markeredgecolor=style.GREY, zorder=3,
    )  # fmt: skip


def _draw_patient(ax: Axes, one: PatientPeak, place: int) -> None:
    for day, share in one.probabilities.items():
        if share < _LEAST_SHOWN:
            continue
        ax.barh(
            place - 0.12, 1.0, left=day - 0.5, height=0.5, color=style.BLUE,
            alpha=min(1.0, 0.08 + 0.8 * share), linewidth=0, zorder=1,
        )  # fmt: skip
    found, height = one.day, place - 0.12
    if found.low is not None and found.high is not None:
        ax.plot([found.low, found.high], [height] * 2, color=style.BLACK, linewidth=1.3, zorder=4)
    if found.value is not None:
        ax.plot([found.value], [height], marker="D", markersize=4, color=style.BLACK, zorder=5)


def _finish(ax: Axes, rows: Sequence[PatientPeak], quantity: str) -> None:
    ax.set_ylim(len(rows) - 0.4, -0.7)
    named = rows if len(rows) <= _MOST_NAMED else ()
    ax.set_yticks(range(len(named)), [one.subject_id for one in named])
    ax.tick_params(axis="y", length=0)
    drawn = np.concatenate([np.asarray(line.get_xdata(), dtype=float) for line in ax.lines])
    ax.set_xlim(0.0, max(21.0, min(float(drawn.max()) + 0.7, _LAST_DAY + 12.0)))
    ax.xaxis.set_major_locator(MultipleLocator(7.0))
    ax.xaxis.set_minor_locator(MultipleLocator(1.0))
    ax.set_xlabel(f"Day of the peak since infusion ({label_of(quantity)})")
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    handles = [
        Line2D([], [], marker="D", markersize=4, color=style.BLACK, linewidth=1.3,
               label="median and posterior interval (not 95 %), population model"),
        Patch(color=style.BLUE, alpha=0.5, label="probability of a day (darker: more)"),
        Line2D([], [], marker="o", markersize=4.5, markerfacecolor="white", color=style.GREY,
               linewidth=1.0, label="day of the highest sample, with its bracket"),
    ]  # fmt: skip
    ax.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(-0.1, 1.0), ncols=2, frameon=False,
        borderpad=0.1, fontsize=style.SMALL, columnspacing=1.4,
    )  # fmt: skip
