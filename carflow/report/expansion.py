"""Curves over days: one curve on any Axes, and the time course of one subject.

Decisions. Cells/µL and copies/µg stand on two log axes with the same number of decades, so an
equal rise looks equal; neither is moved or stretched to make the curves meet. The percentage
has a linear panel of its own below, never a third axis. A figure claims nothing about cause: it
shows what was given, what was measured, and between which days the peak lies.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from carflow.report import style
from carflow.report.curves import (
    Decades,
    draw_bracket,
    draw_curve,
    legend_handles,
    percent_limits,
    shared_decades,
)
from carflow.report.day_axis import mark_days
from carflow.report.labels import BarLabel, settle_labels
from carflow.report.strip import draw_strip, shade, strip_height
from carflow.report.timecourse import (
    PERCENTAGE,
    Course,
    Series,
    chosen_subject,
    gather_course,
    looks_of,
    series_of,
)
from carflow.report.wording import power_of_ten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from carflow.result.run import Result

_LEFT_IN, _RIGHT_IN = 0.85, 0.95
_UPPER_IN, _LOWER_IN = 2.35, 1.75
_UPPER_EMPTY_IN = 0.45
_LEGEND_IN, _GAP_IN, _DAYS_IN = 0.24, 0.16, 0.55
_HEADING_IN = 0.34
_NOTE_LINE_IN = 0.145
_X_LABEL = "Days since infusion"


def plot_expansion(
    result: Result,
    ax: Axes | None = None,
    *,
    subject_id: str | None = None,
    quantity: str = PERCENTAGE,
) -> Axes:
    """Draw one expansion curve with its intervals, its peak bracket and the treatment days.

    Parameters
    ----------
    result : Result
        What a run found.
    ax : matplotlib.axes.Axes, optional
        Where to draw; without it a new figure is made (``ax.figure``), unknown to pyplot.
    subject_id : str, optional
        Whose curve; may be left out where the result holds one subject.
    quantity : str, default "car_pct_cd3"
        Which curve; percentages are drawn on a linear axis, everything else on a log axis.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If the subject or its curve does not exist, or the subject must be named.
    """
    subject = chosen_subject(result, subject_id)
    series = series_of(result, subject, quantity, looks_of(quantity))
    if series is None:
        known = ", ".join(curve.quantity for curve in subject.curves) or "none"
        raise ValueError(f"no curve of {quantity} (curves of this subject: {known})")
    course = gather_course(result, subject)
    with style.drawing():
        if ax is None:
            ax = style.place_axes(style.new_figure(6.4, 3.6), (0.85, 0.6, 5.35, 2.6))
        _prepare_days(ax, course)
        _prepare_values(ax, series)
        shade(ax, course.drugs)
        _draw_series(ax, course, [series])
        ax.set_xlabel(_X_LABEL)
        ax.set_ylabel(series.label)
        _write_legend(ax, [series])
    return ax


def time_course_figure(result: Result, subject_id: str) -> Figure:
    """Return the time course of one subject: treatments, cells and copies, percentage.

    Raises
    ------
    ValueError
        If the result has no such subject.
    """
    width_in = 7.4
    course = gather_course(result, chosen_subject(result, subject_id))
    with style.drawing():
        figure = style.new_figure(width_in, time_course_height(result, course, width_in))
        heading = f"Subject {course.subject.subject_id}: {course.heading}"
        draw_time_course(figure, result, course, heading=heading)
    return figure


def time_course_height(result: Result, course: Course, width_in: float) -> float:
    """Return the height a time course needs [in]."""
    strip_in = strip_height(course.drugs, result.references)
    lines = style.wrapped(_caption(course), width_in - 0.5).count("\n") + 1
    fixed = _HEADING_IN + 2 * _LEGEND_IN + _upper_in(course) + _GAP_IN + _LOWER_IN + _DAYS_IN
    return fixed + strip_in + lines * _NOTE_LINE_IN + 0.2


def _upper_in(course: Course) -> float:
    """Return the height of the upper panel [in]; without a curve it only says why."""
    return _UPPER_IN if course.cells or course.copies else _UPPER_EMPTY_IN


def draw_time_course(figure: Figure, result: Result, course: Course, *, heading: str) -> None:
    """Draw a time course at the bottom of a figure, over its whole width."""
    width_in = float(figure.get_size_inches()[0])
    caption = style.wrapped(_caption(course), width_in - 0.5)
    inner_in = width_in - _LEFT_IN - _RIGHT_IN
    base = 0.1 + _NOTE_LINE_IN * (caption.count("\n") + 1) + _DAYS_IN
    lower = style.place_axes(figure, (_LEFT_IN, base, inner_in, _LOWER_IN))
    base += _LOWER_IN + _LEGEND_IN + _GAP_IN
    upper = style.place_axes(figure, (_LEFT_IN, base, inner_in, _upper_in(course)))
    base += _upper_in(course) + _LEGEND_IN
    strip_in = strip_height(course.drugs, result.references)
    strip = style.place_axes(figure, (_LEFT_IN, base, inner_in, strip_in))
    for axes in (lower, upper, strip):
        _prepare_days(axes, course)
    upper.tick_params(labelbottom=False)
    lower.set_xlabel(_X_LABEL)
    shade(lower, course.drugs)
    draw_strip(strip, course.drugs, result.references)
    _draw_upper(upper, course)
    _draw_lower(lower, course)
    style.write_note(
        figure, (0.25, base + strip_in + _HEADING_IN - 0.06), heading, size=style.LARGE,
        weight="bold",
    )  # fmt: skip
    style.write_note(figure, (0.25, 0.1 + _NOTE_LINE_IN * (caption.count("\n") + 1)), caption)


def _prepare_days(axes: Axes, course: Course) -> None:
    axes.set_xlim(course.day_limits)
    peaks = [
        kinetics.peak.day.value
        for kinetics in course.subject.kinetics
        if kinetics.peak.day.value in course.days
    ]
    mark_days(axes, course.days, first=peaks)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _prepare_values(axes: Axes, series: Series) -> None:
    """Set the axis of a curve that stands alone."""
    if series.quantity.split("_pct_")[1:]:
        _prepare_percent(axes, series)
    else:
        _prepare_log(axes, *shared_decades(series.marks))


def _prepare_log(axes: Axes, decades: Decades) -> None:
    axes.set_yscale("log")
    axes.set_ylim(decades.limits)
    step = 1 + decades.count // 8
    shown = range(decades.bottom, decades.top + 1, step)
    axes.set_yticks([10.0**power for power in shown], [power_of_ten(power) for power in shown])
    axes.yaxis.set_minor_locator(
        FixedLocator(
            [
                digit * 10.0**power
                for power in range(decades.bottom, decades.top)
                for digit in range(2, 10)
            ]
            if decades.count <= 6
            else []
        )
    )
    axes.yaxis.set_minor_formatter(NullFormatter())


def _prepare_percent(axes: Axes, series: Series) -> None:
    low, high = percent_limits(series.marks)
    axes.set_ylim(low, high)
    full = next(top for top in (100, 20, 10, 5, 2, 1) if high >= top)
    ticks = [full * quarter / 4 for quarter in range(5)]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.spines["left"].set_bounds(0, full)


def _draw_series(axes: Axes, course: Course, shown: Sequence[Series]) -> None:
    """Draw the curves of one panel whose axes are all `axes`."""
    _draw_on([(axes, series) for series in shown], course)


def _draw_on(panels: Sequence[tuple[Axes, Series]], course: Course) -> None:
    labels: list[BarLabel] = []
    for axes, series in panels:
        draw_curve(axes, series.marks, series.looks)
        kinetics = course.subject.kinetics_of(series.quantity)
        label = kinetics and draw_bracket(axes, kinetics.peak, series.looks)
        labels.extend([label] if label else [])
    lines = [
        (axes, [(mark.day, max(mark.height, axes.get_ylim()[0])) for mark in series.marks])
        for axes, series in panels
    ]
    settle_labels(labels, lines)


def _draw_upper(axes: Axes, course: Course) -> None:
    """Draw cells on the left and copies on the right log axis, with the same decades."""
    if course.cells is None and course.copies is None:
        _write_absence(axes, course.no_cells)
        return
    shown = [series for series in (course.cells, course.copies) if series]
    right = axes.twinx()
    right.spines["top"].set_visible(False)
    shade(right, course.drugs)
    # where both curves meet, the round mark of the cells lies on the square one of the copies
    axes.set_zorder(right.get_zorder() + 1)
    axes.patch.set_visible(False)
    sides = [(axes if series is course.cells else right, series) for series in shown]
    decades = shared_decades(*(series.marks for _, series in sides)) if sides else ()
    for (side, series), span in zip(sides, decades, strict=True):
        _prepare_log(side, span)
        side.set_ylabel(series.label, color=series.looks.colour)
    for side in (axes, right):
        if side not in [used for used, _ in sides]:
            side.set_yticks([])
            side.yaxis.set_minor_locator(NullLocator())
    right.spines["right"].set_visible(course.copies is not None)
    axes.spines["left"].set_visible(course.cells is not None)
    _draw_on(sides, course)
    _write_legend(axes, shown, extra=course.no_cells)


def _write_absence(axes: Axes, words: str) -> None:
    """Write into an empty panel why it is empty."""
    axes.set_axis_off()
    width_in = axes.get_window_extent().width / axes.figure.dpi
    axes.text(
        0.5, 0.5, style.wrapped(words, width_in * 0.9, size=style.PLAIN),
        transform=axes.transAxes, ha="center", va="center", backgroundcolor="white",
    )  # fmt: skip


def _draw_lower(axes: Axes, course: Course) -> None:
    series = course.percentage
    if series is None or not series.marks:
        _write_absence(axes, "no CAR+ percentage of CD3+ could be determined")
        shown: list[Series] = []
    else:
        _prepare_percent(axes, series)
        axes.set_ylabel(series.label, color=series.looks.colour)
        _draw_on([(axes, series)], course)
        shown = [series]
    if course.failed_days:
        axes.plot(
            course.failed_days, [0.03] * len(course.failed_days),
            transform=axes.get_xaxis_transform(), marker="x", markersize=6,
            color=style.GREY, linestyle="", clip_on=False, zorder=5,
        )  # fmt: skip
    _write_legend(axes, shown, failed=bool(course.failed_days))


def _write_legend(
    axes: Axes, shown: Sequence[Series], *, extra: str = "", failed: bool = False
) -> None:
    """Write the legend above its panel, where it covers nothing."""
    handles = legend_handles([(series.label, series.marks, series.looks) for series in shown])
    if failed:
        handles.append(
            Line2D([], [], marker="x", color=style.GREY, linestyle="", label="tube failed")
        )
    if extra:
        short = textwrap.shorten(extra, 90, placeholder=" …")
        handles.append(Line2D([], [], linestyle="", label=short))
    if handles:
        axes.legend(
            handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(handles),
            frameon=False, borderaxespad=0.1, borderpad=0.1, handlelength=2.2, columnspacing=1.4,
            fontsize=style.SMALL,
        )  # fmt: skip


def _caption(course: Course) -> str:
    """Return what a reader must know to read the figure, and nothing about cause."""
    parts = ["Vertical bars: 95 % intervals, where known."]
    if course.cells and course.copies:
        decades = shared_decades(course.cells.marks, course.copies.marks)[0].count
        parts.append(
            f"Both log axes span the same number of decades ({decades}); neither is shifted or "
            "stretched to make the curves meet."
        )
    parts.append(
        "Horizontal bar at the highest value: the days between which the peak lies if the curve "
        "has one peak (from the sample before it to the sample after it; not a 95 % interval)."
    )
    if course.drugs:
        parts.append("Shaded: days of treatment, each drawn as a whole day.")
    return " ".join(parts)
