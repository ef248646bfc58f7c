"""The course of tubes through time: the signals that moved most, what was disturbed, the rate.

Small multiples of the tubes that a time check flagged, and one steady tube of the same run for
comparison. Drawn are mean ranks: 50 % is the usual brightness of a channel in its own tube, 40 %
means that its events are as dim as the dimmest 40 % usually are, whatever the scale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carflow.cleaning.time_order import TimeState
from carflow.findings import Severity
from carflow.report import style
from carflow.report.wording import day_number
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from carflow.cleaning.stability import Stability
    from carflow.result.run import Result
    from carflow.result.sample import SampleResult

MOST_TUBES = 12
_FLAGS = frozenset({"QC-TIME-STABILITY", "QC-TIME-DRIFT", "QC-TIME-GAP", "QC-FLOW-RATE"})
_GRAVE = frozenset({Severity.WARN, Severity.FAIL})
_LOOKS = ((style.BLUE, "-"), (style.VERMILLION, (0, (5, 1.5))), (style.GREEN, (0, (1.5, 1))))
_WIDTH_IN, _LEFT_IN, _RIGHT_IN, _GAP_IN = 7.4, 0.62, 0.15, 0.62
_SIGNALS_IN, _RATE_IN, _TITLE_IN, _TICKS_IN = 1.15, 0.42, 0.46, 0.5
_HEADING_IN, _NOTE_IN = 0.1, 0.5
_HALF_SPAN = 12.0  # points of rank that are always shown on both sides of 50 %


def time_figure(result: Result) -> Figure | None:
    """Return the courses of the flagged tubes and of a steady one, None where none is flagged.

    Of more than twelve flagged tubes the first twelve are drawn; the page says so.
    """
    flagged = flagged_tubes(result)
    if not flagged:
        return None
    others = [tube for tube in _followed(result) if tube not in flagged]
    steady = next((tube for tube in others if tube.stability and not tube.stability.removed), None)
    drawn = [*flagged[:MOST_TUBES], *([steady] if steady else [])]
    rows = -(-len(drawn) // 2)
    row_in = _TITLE_IN + _SIGNALS_IN + _RATE_IN + _TICKS_IN
    width_in = (_WIDTH_IN - _LEFT_IN - _RIGHT_IN - _GAP_IN) / 2.0
    with style.drawing():
        height_in = _HEADING_IN + rows * row_in + _NOTE_IN
        figure = style.new_figure(_WIDTH_IN, height_in)
        for place, tube in enumerate(drawn):
            left = _LEFT_IN + (place % 2) * (width_in + _GAP_IN)
            top = height_in - _HEADING_IN - (place // 2) * row_in - _TITLE_IN
            _draw_tube(figure, tube, (left, top, width_in), is_reference=tube is steady)
        style.write_note(figure, (_LEFT_IN, _NOTE_IN - 0.1), _note(drawn))
    return figure


def flagged_tubes(result: Result) -> tuple[SampleResult, ...]:
    """Return the tubes whose course a check warned of or failed, in the order of the sheet."""
    flagged = {
        one.sample_id
        for one in result.all_findings
        if one.code in _FLAGS and one.severity in _GRAVE
    }
    return tuple(tube for tube in _followed(result) if tube.sample_id in flagged)


def _followed(result: Result) -> list[SampleResult]:
    return [
        tube
        for tube in result.tube_results
        if tube.stability is not None and tube.stability.is_judged
    ]


def _note(drawn: Sequence[SampleResult]) -> str:
    text = (
        "Mean rank of the three channels that moved most (50 % is usual) and events in a second. "
        "Orange: signals unlike the rest of the tube"
    )
    if any(tube.n_removed for tube in drawn):
        text += "; hatched: left out before gating"
    return style.wrapped(f"{text}.", _WIDTH_IN - _LEFT_IN - _RIGHT_IN)


def _draw_tube(
    figure: Figure,
    tube: SampleResult,
    box_in: tuple[float, float, float],
    *,
    is_reference: bool,
) -> None:
    course = tube.stability
    if course is None:
        return
    left, top, width = box_in
    signals = style.place_axes(figure, (left, top - _SIGNALS_IN, width, _SIGNALS_IN))
    _draw_signals(signals, course)
    axes = [signals]
    if course.rate is not None:
        below = (left, top - _SIGNALS_IN - _RATE_IN, width, _RATE_IN - 0.06)
        rate = style.place_axes(figure, below)
        _draw_rate(rate, course)
        axes.append(rate)
    for one in axes:
        _shade(one, course, hatched=tube.n_removed > 0)
        for side in ("top", "right"):
            one.spines[side].set_visible(False)
        one.yaxis.set_label_coords(-0.13, 0.5)
    for one in axes[:-1]:
        one.tick_params(labelbottom=False)
    axes[-1].set_xlabel(_time_label(course), labelpad=2)
    style.write_note(
        figure, (left, top + 0.42), _title(tube, is_reference=is_reference),
        size=style.PLAIN, weight="bold",
    )  # fmt: skip
    signals.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 0.98), ncols=3, frameon=False,
        fontsize=style.SMALL, handlelength=1.6, columnspacing=1.0, borderaxespad=0.1,
    )  # fmt: skip


def _title(tube: SampleResult, *, is_reference: bool) -> str:
    course = tube.stability
    name = f"{tube.sample_id}, day {day_number(tube.day)}"
    if is_reference:
        return f"{name}: steady, for comparison"
    if course is None:
        return name
    if not course.removed:
        return f"{name}: drift of {max(course.drift_points.values(), default=0.0):.0f} points"
    what = "left out" if tube.n_removed else "disturbed"
    return f"{name}: {significant(course.removed_pct or 0.0)} % {what}"


def _draw_signals(axes: Axes, course: Stability) -> None:
    places = np.array(course.trace_s) - _origin(course)
    low, high = 50.0 - _HALF_SPAN, 50.0 + _HALF_SPAN
    for (channel, ranks), (colour, line) in zip(course.traces.items(), _LOOKS, strict=False):
        axes.plot(places, ranks, color=colour, linestyle=line, linewidth=1.0, label=channel)
        low, high = min(low, *ranks), max(high, *ranks)
    axes.axhline(50.0, color=style.GREY, linewidth=0.6, linestyle=":", zorder=0)
    axes.set_ylim(max(0.0, low - 2.0), min(100.0, high + 2.0))
    axes.set_xlim(0.0, _end(course))
    axes.set_ylabel("mean rank, %")


def _draw_rate(axes: Axes, course: Stability) -> None:
    if course.rate is None:
        return
    axes.plot(course.rate.trace_s, course.rate.trace_per_s, color=style.GREY, linewidth=0.8)
    axes.set_xlim(0.0, _end(course))
    axes.set_ylim(0.0, 1.15 * max(course.rate.trace_per_s, default=1.0))
    axes.set_ylabel("1/s")
    axes.locator_params(axis="y", nbins=3)


def _shade(axes: Axes, course: Stability, *, hatched: bool) -> None:
    for one in course.removed:
        first: float
        last: float
        if one.first_s is None or one.last_s is None:
            first, last = one.first_event, one.stop_event
        else:
            first, last = one.first_s - _origin(course), one.last_s - _origin(course)
        axes.axvspan(
            first, last, facecolor=style.ORANGE, alpha=0.35, linewidth=0, zorder=0,
        )  # fmt: skip
        if hatched:
            axes.axvspan(
                first, last, facecolor="none", edgecolor=style.GREY, hatch="////", linewidth=0,
                zorder=0,
            )  # fmt: skip


def _by_events(course: Stability) -> bool:
    return course.time.state in {TimeState.ABSENT, TimeState.COARSE}


def _origin(course: Stability) -> float:
    """Return what is subtracted from times, so that every tube begins at 0."""
    return 0.0 if _by_events(course) else course.time.begin


def _end(course: Stability) -> float:
    return float(course.n_events) if _by_events(course) else course.time.span


def _time_label(course: Stability) -> str:
    if _by_events(course):
        return "event"
    return "s" if course.rate is not None else "ticks"
