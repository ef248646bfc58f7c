"""The curves of all subjects side by side: one quantity, one line for each subject.

Decisions. Values below the limit of quantification end a line, as in the figure of a single
subject. Nothing is averaged: subjects are sampled on different days, and a mean over days that
not everybody has would follow the sampling, not the cells. seaborn is loaded only here, where
there is more than one subject to tell apart; it takes as long to load as the rest together.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from carflow.measure import State
from carflow.quantify.declarations import DECLARATIONS, spoken_unit
from carflow.report import style
from carflow.report.curves import set_log_scale
from carflow.report.timecourse import PERCENTAGE
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from carflow.result.run import Result
    from carflow.result.subject import SubjectResult

TOLD_APART = 8  # more colours than that are no longer told apart
_LEFT_IN, _RIGHT_IN, _BOTTOM_IN, _TOP_IN = 0.85, 1.6, 0.6, 0.2


def plot_subjects(result: Result, ax: Axes | None = None, *, quantity: str = PERCENTAGE) -> Axes:
    """Draw the curves of one quantity for all subjects, with the highest sample of each.

    Parameters
    ----------
    result : Result
        What a run found.
    ax : matplotlib.axes.Axes, optional
        Where to draw; without it a new figure is made (``ax.figure``), unknown to pyplot.
    quantity : str, default "car_pct_cd3"
        Which curves; percentages are drawn on a linear axis, everything else on a log axis.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If no subject has such a curve.
    """
    import seaborn as sns

    frame = _frame(result, quantity)
    if frame.empty:
        raise ValueError(f"no subject has a quantified value of {quantity}")
    names = list(dict.fromkeys(frame["subject"]))
    colours = _colours(names)
    with style.drawing(), warnings.catch_warnings():
        # seaborn 0.13 still passes an argument that newer matplotlib deprecates
        warnings.simplefilter("ignore", category=PendingDeprecationWarning)
        if ax is None:
            figure = style.new_figure(7.4, 3.6)
            ax = style.place_axes(figure, (_LEFT_IN, _BOTTOM_IN, 4.95, 3.6 - _BOTTOM_IN - _TOP_IN))
        sns.lineplot(
            data=frame, x="day", y="value", hue="subject", units="line", estimator=None,
            palette=colours, marker="o", markersize=4, linewidth=1.3, ax=ax,
            legend="full" if len(names) <= TOLD_APART else False,
        )  # fmt: skip
        _mark_peaks(ax, result, quantity, colours)
        _finish(ax, quantity, many=len(names) > TOLD_APART)
    return ax


def subjects_figure(result: Result, quantity: str = PERCENTAGE) -> Figure | None:
    """Return the figure of all subjects, or None where fewer than two have a curve."""
    drawn = [subject for subject in result.subject_results if any(_rows(subject, quantity))]
    if len(drawn) < 2:
        return None
    figure: Figure = plot_subjects(result, quantity=quantity).figure  # type: ignore[assignment]  # it is no subfigure: made above
    return figure


def _frame(result: Result, quantity: str) -> pd.DataFrame:
    """Return the quantified values by subject and day; `line` counts the unbroken stretches."""
    import pandas as pd

    rows = [row for subject in result.subject_results for row in _rows(subject, quantity)]
    return pd.DataFrame(rows, columns=["subject", "line", "day", "value"])


def _rows(subject: SubjectResult, quantity: str) -> Iterator[tuple[str, str, float, float]]:
    curve = subject.curve_of(quantity)
    stretch = 0
    for point in curve.points if curve is not None else ():
        measure = point.measure
        if measure.value is None or measure.state is not State.QUANT:
            stretch += point.is_measured
            continue
        yield subject.subject_id, f"{subject.subject_id} {stretch}", point.day, measure.value


def _colours(names: list[str]) -> dict[str, Any]:
    """Return a colour for each subject; where there are too many, all are grey."""
    import seaborn as sns

    if len(names) > TOLD_APART:
        return dict.fromkeys(names, style.GREY)
    return dict(zip(names, sns.color_palette("colorblind", len(names)), strict=True))


def _mark_peaks(ax: Axes, result: Result, quantity: str, colours: dict[str, Any]) -> None:
    for subject in result.subject_results:
        kinetics = subject.kinetics_of(quantity)
        if kinetics is None:
            continue
        day, height = kinetics.peak.day.value, kinetics.peak.height.value
        if day is not None and height is not None:
            ax.plot(
                [day], [height], marker="*", markersize=11, zorder=5, markeredgecolor="white",
                color=colours.get(subject.subject_id, style.GREY),
            )  # fmt: skip


def _finish(ax: Axes, quantity: str, *, many: bool) -> None:
    declared = DECLARATIONS[quantity]
    if declared.unit is Unit.PERCENT:
        ax.set_ylim(bottom=0.0)
        # the label of a percentage names its whole already
        ax.set_ylabel(f"{declared.label}, %")
    else:
        set_log_scale(ax)
        ax.set_ylabel(f"{declared.label}, {spoken_unit(quantity)}")
    ax.axvline(0, color=style.GREY, linewidth=0.8, linestyle=":", zorder=1)
    ax.set_xlabel("Days since infusion (stars: highest sample of each subject)")
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    legend = ax.get_legend()
    if legend is not None and not many:
        legend.set_title("Subject")
        legend.set_frame_on(False)
        legend.set_loc("upper left")
        legend.set_bbox_to_anchor((1.02, 1.0))
