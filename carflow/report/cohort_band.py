"""The curves of a cohort with the band of the middle patients, and one patient drawn over it.

Decisions. The band is of measured values: on each day (rounded to a whole one) on which at least
five patients and half of all were sampled, the 10th to 90th percentile and the median of what
was measured. A value below its limit counts as lower than every quantified one, so a percentile
that falls among those is drawn at the foot of the axis, as are those values of the one patient
(open marks); the picture says so under the axis. Nothing is interpolated and nothing is
averaged: between the days the band is joined by straight lines for the eye alone.

The band is of patients, not an interval for any of them nor for their median.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.measure import State
from carflow.quantify.declarations import DECLARATIONS, spoken_unit
from carflow.report import style
from carflow.report.curves import set_log_scale
from carflow.report.cut_band import quantified
from carflow.report.day_axis import mark_days
from carflow.report.timecourse import PERCENTAGE, looks_of
from carflow.report.wording import label_of
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from matplotlib.axes import Axes

    from carflow.kinetics.curve import Curve
    from carflow.result.run import Result

LEAST_OF_A_DAY = 5
_LOW, _MIDDLE, _HIGH = 0.1, 0.5, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class BandDay:
    """One day of the band: its percentiles, minus infinity below every quantified value."""

    day: float
    low: float
    middle: float
    high: float
    n: int


def band_days(curves: Sequence[Curve]) -> tuple[BandDay, ...]:
    """Return the days on which enough patients were measured, with their percentiles.

    Examples
    --------
    >>> from carflow.kinetics.curve import Curve, Point
    >>> from carflow.measure import Measure
    >>> curves = [Curve(subject_id=f"P{n}", quantity="car_pct_cd3", unit=Unit.PERCENT,
    ...     points=(Point(day=7.1, measure=Measure(unit=Unit.PERCENT, value=float(n))),))
    ...     for n in range(1, 6)]
    >>> [(one.day, one.low, one.middle, one.high, one.n) for one in band_days(curves)]
    [(7.0, 1.4, 3.0, 4.6, 5)]
    """
    by_day: dict[float, list[float]] = defaultdict(list)
    for curve in curves:
        for day, value in _values_by_day(curve).items():
            by_day[day].append(value)
    least = max(LEAST_OF_A_DAY, math.ceil(len(curves) / 2))
    return tuple(
        BandDay(
            day=day,
            low=percentile(values, _LOW),
            middle=percentile(values, _MIDDLE),
            high=percentile(values, _HIGH),
            n=len(values),
        )
        for day, values in sorted(by_day.items())
        if len(values) >= least
    )


def _values_by_day(curve: Curve) -> dict[float, float]:
    """Return one value for each whole day: the highest, minus infinity below the limit."""
    found: dict[float, float] = {}
    for point in curve.points:
        if point.day <= 0 or not point.is_measured:
            continue
        measure = point.measure
        is_number = measure.value is not None and measure.state is State.QUANT
        value = measure.value if is_number and measure.value is not None else -math.inf
        day = float(round(point.day))
        found[day] = max(value, found.get(day, -math.inf))
    return found


def percentile(values: Collection[float], share: float) -> float:
    """Return a percentile by linear interpolation of ranks; minus infinity stays that.

    Examples
    --------
    >>> percentile([1.0, 2.0, 4.0], 0.75), percentile([-math.inf, 2.0], 0.25)
    (3.0, -inf)
    """
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below, part = int(place), place - int(place)
    if part == 0.0:
        return ordered[below]
    if math.isinf(ordered[below]):
        return -math.inf
    return ordered[below] + part * (ordered[below + 1] - ordered[below])


def plot_cohort(
    result: Result,
    ax: Axes | None = None,
    *,
    quantity: str = PERCENTAGE,
    subject_id: str | None = None,
    group: str | None = None,
) -> Axes:
    """Draw the curves of a cohort, the band of its middle patients, and one patient over it.

    Parameters
    ----------
    result : Result
        What a run found.
    ax : matplotlib.axes.Axes, optional
        Where to draw; without it a new figure is made (``ax.figure``), unknown to pyplot.
    quantity : str, default "car_pct_cd3"
        Which curves; percentages are drawn on a linear axis, everything else on a log axis.
    subject_id : str, optional
        The patient drawn over the others; the band is of all, that patient included.
    group : str, optional
        Only the patients of this group of the sheet's column.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If fewer than two patients have such a curve, or the one named has none.
    """
    members = _members(result, quantity, group)
    curves = {
        subject.subject_id: curve
        for subject in result.subject_results
        if subject.subject_id in members
        if (curve := subject.curve_of(quantity)) is not None and quantified(curve)
    }
    if len(curves) < 2:
        raise ValueError(f"a cohort needs two curves of {quantity}, found {len(curves)}")
    if subject_id is not None and subject_id not in curves:
        raise ValueError(f"subject {subject_id!r} has no curve of {quantity} in this cohort")
    with style.drawing():
        if ax is None:
            ax = style.place_axes(style.new_figure(7.4, 3.8), (0.85, 0.6, 6.3, 2.75))
        lowest = min(min(quantified(curve).values()) for curve in curves.values())
        floor = 0.0 if DECLARATIONS[quantity].unit is Unit.PERCENT else lowest / 2
        _draw_others(ax, curves, subject_id)
        band = band_days(tuple(curves.values()))
        _draw_band(ax, band, floor)
        below: list[float] = []
        if subject_id is not None:
            _draw_one(ax, curves[subject_id], subject_id)
            below = _days_below(curves[subject_id])
            _draw_below(ax, below, floor)
        _finish(ax, quantity, floor)
        days = {day for curve in curves.values() for day in quantified(curve)}
        mark_days(ax, sorted(days | {one.day for one in band} | set(below)))
        if below or (len(band) > 1 and any(math.isinf(one.low) for one in band)):
            _tell_foot(ax)
    return ax


def _members(result: Result, quantity: str, group: str | None) -> Collection[str]:
    for one in result.cohorts:
        if one.quantity == quantity and one.group == (group or ""):
            return one.subject_ids
    if group:
        known = ", ".join(dict.fromkeys(one.group for one in result.cohorts if one.group))
        raise ValueError(f"no group {group!r} (groups: {known or 'none'})")
    return [subject.subject_id for subject in result.subject_results]


def _draw_others(ax: Axes, curves: dict[str, Curve], subject_id: str | None) -> None:
    others = len(curves) - (subject_id is not None)
    label = f"the {'other ' if subject_id is not None else ''}{others} patients"
    for name, curve in curves.items():
        if name == subject_id:
            continue
        values = quantified(curve)
        ax.plot(
            list(values), list(values.values()), color=style.GREY, linewidth=0.7, alpha=0.45,
            marker=".", markersize=2.5, zorder=2, label=label,
        )  # fmt: skip
        label = "_"


def _draw_band(ax: Axes, band: Sequence[BandDay], floor: float) -> None:
    if len(band) < 2:
        return
    days = [one.day for one in band]
    lows, middles, highs = (
        [max(floor, height) for height in heights]
        for heights in zip(*((one.low, one.middle, one.high) for one in band), strict=True)
    )
    ax.fill_between(
        days, lows, highs, color=style.SKY, alpha=0.3, linewidth=0, zorder=1,
        label="10th to 90th percentile of a day",
    )  # fmt: skip
    ax.plot(days, middles, color=style.BLUE, linewidth=1.6, zorder=3, label="median of a day")


def _draw_one(ax: Axes, curve: Curve, subject_id: str) -> None:
    values = quantified(curve)
    looks = looks_of(curve.quantity)
    ax.plot(
        list(values), list(values.values()), color=style.VERMILLION, linewidth=1.9,
        marker=looks.marker, markersize=5, markeredgecolor="white", zorder=4,
        label=f"patient {subject_id}",
    )  # fmt: skip


def _days_below(curve: Curve) -> list[float]:
    """Return the days after the infusion on which a patient was measured below the limit."""
    by_day = _values_by_day(curve)
    return [day for day, value in by_day.items() if math.isinf(value)]


def _draw_below(ax: Axes, days: Sequence[float], floor: float) -> None:
    ax.plot(
        days, [floor] * len(days), linestyle="", marker="o", markersize=5, markerfacecolor="white",
        markeredgecolor=style.VERMILLION, zorder=5, clip_on=False, label="_",
    )  # fmt: skip


def _tell_foot(ax: Axes) -> None:
    ax.annotate(
        "at the foot of the axis: below the limit", (1.0, 0.0), xycoords="axes fraction",
        xytext=(0.0, -32.0), textcoords="offset points", ha="right", va="center",
        fontsize=style.SMALL, color=style.GREY,
    )  # fmt: skip


def _finish(ax: Axes, quantity: str, floor: float) -> None:
    unit = DECLARATIONS[quantity].unit
    if unit is Unit.PERCENT:
        ax.set_ylim(bottom=0.0)
        ax.set_ylabel(f"{label_of(quantity)}, %")
    else:
        set_log_scale(ax)
        ax.set_ylim(bottom=floor)
        ax.set_ylabel(f"{label_of(quantity)}, {spoken_unit(quantity)}")
    ax.set_xlabel("Days since infusion")
    ax.set_xlim(left=min(0.0, ax.get_xlim()[0]))
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, frameon=False, borderpad=0.1,
        fontsize=style.SMALL, columnspacing=1.4,
    )  # fmt: skip
