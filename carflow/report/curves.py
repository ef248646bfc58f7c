"""One expansion curve on one Axes: its marks, its line, its intervals and its peak bracket.

A value below a limit is an open triangle at that limit and ends the line: nobody measured what
lies between. The pre-infusion value is not joined either, for there were no CAR T cells yet.
A missing value leaves no mark, and the line passes over it as over a day without a sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullFormatter

from carflow.measure import State
from carflow.report import style
from carflow.report.labels import write_bar_label
from carflow.report.wording import day_number, day_range, power_of_ten

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes

    from carflow.kinetics.curve import Curve, Point
    from carflow.kinetics.peak import Peak
    from carflow.quantify.quantity import Quantity
    from carflow.report.labels import BarLabel
    from carflow.result.run import Result

_HEADROOM = 0.1  # of the decades shown, above them: room for the label of the peak


class MarkKind(StrEnum):
    """How a point of a curve is drawn."""

    QUANTIFIED = "quantified"
    BELOW_LLOQ = "below LLOQ (drawn at the LLOQ)"
    NOT_DETECTED = "not detected (drawn at its limit)"


_OPEN: dict[str, Any] = {"marker": "v", "markerfacecolor": "none", "linestyle": ""}
_LIMIT_MARKERS: dict[MarkKind, dict[str, Any]] = {
    MarkKind.BELOW_LLOQ: {
        **_OPEN, "markersize": 7, "markeredgewidth": 1.5, "markeredgecolor": style.BLACK,
    },
    MarkKind.NOT_DETECTED: {
        **_OPEN, "markersize": 5, "markeredgewidth": 0.9, "markeredgecolor": style.BLACK,
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One drawn point; a limit stands in for a value that lies below it."""

    day: float
    height: float
    low: float | None
    high: float | None
    kind: MarkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Decades:
    """The whole decades a log axis shows, from 10^bottom to 10^top."""

    bottom: int
    top: int

    @property
    def count(self) -> int:
        """How many decades there are."""
        return self.top - self.bottom

    @property
    def limits(self) -> tuple[float, float]:
        """The limits of the axis; room for the label of the peak stays above the top decade."""
        return 10.0**self.bottom, 10.0 ** (self.top + _HEADROOM * self.count)


def set_log_scale(axes: Axes) -> None:
    """Give an axis of values a log scale whose decades are written as everywhere else.

    matplotlib writes powers as mathematics, which carflow's text does not read.
    """
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: power_of_ten(round(math.log10(value))))
    )
    axes.yaxis.set_minor_formatter(NullFormatter())


def curve_marks(result: Result, curve: Curve) -> tuple[Mark, ...]:
    """Return what is drawn of a curve, in the order of days; missing values are left out."""
    quantities = {
        tube.sample_id: tube.quantity(curve.quantity)
        for tube in result.tube_results
        if tube.subject_id == curve.subject_id
    }
    found = (_mark(point, quantities.get(point.sample_id)) for point in curve.points)
    return tuple(sorted((mark for mark in found if mark), key=lambda mark: mark.day))


def _mark(point: Point, quantity: Quantity | None) -> Mark | None:
    if not point.is_measured:
        return None
    measure = point.measure
    if point.state is State.QUANT and measure.value is not None:
        return Mark(
            day=point.day,
            height=measure.value,
            low=measure.low,
            high=measure.high,
            kind=MarkKind.QUANTIFIED,
        )
    below_lloq = point.state is State.DET_BLQ
    limit = None if quantity is None else quantity.lloq if below_lloq else quantity.lod
    known = [found for found in (limit, measure.high, measure.value) if found is not None]
    kind = MarkKind.BELOW_LLOQ if below_lloq else MarkKind.NOT_DETECTED
    return Mark(day=point.day, height=next(iter(known), 0.0), low=None, high=None, kind=kind)


def shared_decades(*series: Sequence[Mark]) -> tuple[Decades, ...]:
    """Return the decades of several log axes: each holds its series, all have the same count.

    An axis that needs fewer decades gets the missing ones at its lower end, so no curve is
    stretched or shifted to meet another.

    Examples
    --------
    >>> low = Mark(day=1, height=20, low=None, high=None, kind=MarkKind.QUANTIFIED)
    >>> high = Mark(day=7, height=5e5, low=None, high=None, kind=MarkKind.QUANTIFIED)
    >>> [decades.limits[0] for decades in shared_decades([low], [low, high])]
    [0.001, 10.0]
    """
    own = [_decades(marks) for marks in series]
    count = max(decades.count for decades in own)
    return tuple(Decades(bottom=one.top - count, top=one.top) for one in own)


def _decades(marks: Sequence[Mark]) -> Decades:
    # a lower limit may be as good as zero and must not decide the axis
    heights = [mark.height for mark in marks if mark.height > 0]
    tops = [mark.high for mark in marks if mark.high is not None and mark.high > 0]
    if not heights:
        return Decades(bottom=-1, top=0)
    bottom = math.floor(math.log10(min(heights)))
    top = max(math.ceil(math.log10(max(heights))), bottom + 1)
    # the headroom may hold the end of an interval, never a value
    if math.log10(max(heights + tops)) > top + _HEADROOM * (top - bottom):
        top += 1
    return Decades(bottom=bottom, top=top)


def percent_limits(marks: Sequence[Mark]) -> tuple[float, float]:
    """Return the limits of a percent axis: 0 to 100, or to a round number if all is below 20.

    Examples
    --------
    >>> percent_limits([Mark(day=7, height=1.2, low=1.0, high=1.4, kind=MarkKind.QUANTIFIED)])
    (0.0, 2.0)
    """
    highest = max((mark.high or mark.height for mark in marks), default=100.0)
    full = 100.0 if highest >= 20 else next(top for top in (1, 2, 5, 10, 20) if highest <= top)
    # the label of the peak stands above the highest value
    return 0.0, full * (1.0 if highest <= 0.84 * full else 1.16)


def draw_curve(axes: Axes, marks: Sequence[Mark], looks: style.SeriesStyle) -> None:
    """Draw line, intervals and marks; the limits of the axes must be set."""
    bottom = axes.get_ylim()[0]
    for days, heights in _joined(marks):
        axes.plot(days, heights, color=looks.colour, linestyle=looks.line, linewidth=1.6, zorder=3)
    for mark in marks:
        height = max(mark.height, bottom)
        axes.plot([mark.day], [height], **_marker(mark, looks), zorder=4, clip_on=False)
        if mark.low is not None and mark.high is not None:
            axes.errorbar(
                [mark.day],
                [height],
                yerr=[[height - max(mark.low, bottom)], [mark.high - height]],
                ecolor=looks.colour,
                elinewidth=1.0,
                capsize=2.5,
                fmt="none",
                zorder=3,
            )


def _joined(marks: Sequence[Mark]) -> list[tuple[list[float], list[float]]]:
    """Return the pieces of line between neighbouring quantified values after the infusion."""
    return [
        ([left.day, right.day], [left.height, right.height])
        for left, right in pairwise(marks)
        if left.day >= 0 and {left.kind, right.kind} == {MarkKind.QUANTIFIED}
    ]


def _marker(mark: Mark, looks: style.SeriesStyle) -> dict[str, Any]:
    if mark.kind is MarkKind.QUANTIFIED:
        return {
            "marker": looks.marker,
            "markersize": looks.size,
            "color": looks.colour,
            "linestyle": "",
        }
    return _LIMIT_MARKERS[mark.kind] | {"markeredgecolor": looks.colour}


def legend_handles(
    series: Iterable[tuple[str, Sequence[Mark], style.SeriesStyle]],
) -> list[Line2D]:
    """Return what a legend must explain: each curve, and each kind of limit that is drawn."""
    handles: list[Line2D] = []
    limits: dict[MarkKind, Line2D] = {}
    for label, marks, looks in series:
        handles.append(
            Line2D(
                [], [], color=looks.colour, linestyle=looks.line, marker=looks.marker,
                markersize=looks.size, linewidth=1.6, label=label,
            )
        )  # fmt: skip
        for mark in marks:
            if mark.kind is not MarkKind.QUANTIFIED:
                shape = _LIMIT_MARKERS[mark.kind]
                limits[mark.kind] = Line2D([], [], **shape, label=str(mark.kind))
    return [*handles, *limits.values()]


def draw_bracket(axes: Axes, peak: Peak, looks: style.SeriesStyle) -> BarLabel | None:
    """Draw the days between which the peak lies as a bar through the highest value.

    Returns the label, to be moved by `labels.settle_labels`; None where there is no peak.
    """
    if peak.day.value is None or peak.height.value is None:
        return None
    height = max(peak.height.value, axes.get_ylim()[0])
    left, right = axes.get_xlim()
    start, stop = max(peak.bracket[0], left), min(peak.bracket[1], right)
    axes.plot([start, stop], [height, height], color=looks.colour, linewidth=1.1, zorder=2.5)
    for day, end, arrow in ((start, peak.bracket[0], "<"), (stop, peak.bracket[1], ">")):
        cap = "|" if day == end else arrow
        axes.plot(
            [day], [height], marker=cap, markersize=8, color=looks.colour, zorder=2.5, clip_on=False
        )
    words = f"highest on day {day_number(peak.day.value)}; bracket {day_range(*peak.bracket)}"
    return write_bar_label(axes, (start, stop, height), words, colour=looks.colour)
