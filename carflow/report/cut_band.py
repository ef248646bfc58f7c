"""A curve with the CAR cut as applied, and the band between the cuts a tenth of a decade off.

The band is not an interval: it says what another place of the cut would have given, and nothing
of chance. Values that are not quantified at one of the cuts have no band.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.measure import State
from carflow.report import style
from carflow.report.curves import set_log_scale
from carflow.report.day_axis import mark_days
from carflow.report.timecourse import PERCENTAGE, chosen_subject, looks_of, series_of
from carflow.units import Unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from carflow.kinetics.curve import Curve
    from carflow.kinetics.cut_sensitivity import ShiftedPeak
    from carflow.result.run import Result

_MARKERS = {True: "v", False: "^"}


def plot_cut_band(
    result: Result,
    ax: Axes | None = None,
    *,
    subject_id: str | None = None,
    quantity: str = PERCENTAGE,
) -> Axes:
    """Draw one curve with the band between the CAR cut moved down and up.

    Parameters
    ----------
    result, ax, subject_id, quantity
        As of `carflow.report.expansion.plot_expansion`.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        If there is no such subject or curve, or its CAR cut was not moved.
    """
    subject = chosen_subject(result, subject_id)
    series = series_of(result, subject, quantity, looks_of(quantity))
    cut, curve = subject.cut_of(quantity), subject.curve_of(quantity)
    if series is None or curve is None or cut is None or not cut.shifted:
        raise ValueError(f"no curve of {quantity} with a moved CAR cut")
    with style.drawing():
        if ax is None:
            ax = style.place_axes(style.new_figure(6.4, 3.3), (0.85, 0.6, 5.35, 2.35))
        looks = series.looks
        own = quantified(curve)
        ax.plot(list(own), list(own.values()), color=looks.colour, marker="o",
                markersize=3.5, linewidth=1.5, zorder=3, label="CAR cut as applied")  # fmt: skip
        for one in cut.shifted:
            _draw_shifted(ax, one)
        _fill(ax, [quantified(one.curve) for one in cut.shifted], looks.colour)
        _finish(ax, curve, series.label)
    return ax


def quantified(curve: Curve) -> dict[float, float]:
    """Return the quantified values of a curve after the infusion, by day."""
    return {
        point.day: point.measure.value
        for point in curve.points
        if point.measure.value is not None
        if point.measure.state is State.QUANT and point.day > 0
    }


def _draw_shifted(ax: Axes, one: ShiftedPeak) -> None:
    values = quantified(one.curve)
    lower = one.decades < 0
    ax.plot(
        list(values), list(values.values()), linestyle="", marker=_MARKERS[not lower],
        markersize=7, markerfacecolor="none", markeredgecolor=style.BLACK, zorder=4,
        label=f"cut {abs(one.decades):g} decade {'lower' if lower else 'higher'}",
    )  # fmt: skip


def _fill(ax: Axes, sides: list[dict[float, float]], colour: str) -> None:
    days = sorted(set.intersection(*(set(side) for side in sides)))
    lows, highs = ([pick(side[day] for side in sides) for day in days] for pick in (min, max))
    ax.fill_between(days, lows, highs, color=colour, alpha=0.25, linewidth=0, zorder=2)


def _finish(ax: Axes, curve: Curve, label: str) -> None:
    if curve.unit is Unit.PERCENT:
        ax.set_ylim(bottom=0.0)
    else:
        set_log_scale(ax)
    days = [point.day for point in curve.points]
    ax.set_xlim(min(0.0, *days) - 1, max(days) + 1)
    mark_days(ax, days)
    ax.set_xlabel("Days since infusion")
    ax.set_ylabel(label)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    ax.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, frameon=False, borderpad=0.1,
        fontsize=style.SMALL, columnspacing=1.4,
    )  # fmt: skip
