"""The axis of days: which days carry a label, so that no two labels touch.

Nothing is drawn here but ticks, their labels and the line at the infusion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import FixedLocator, NullFormatter

from carflow.report import style
from carflow.report.wording import day_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes


def mark_days(axes: Axes, days: Sequence[float], *, first: Iterable[float] = ()) -> None:
    """Give an axis, whose limits are set, a long tick where a label fits and a short one elsewhere.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Its x axis counts days since the infusion.
    days : sequence of float
        Where there are samples.
    first : iterable of float
        Days whose labels go before those of others; the infusion comes next.
    """
    shown = _labelled_days(axes, (*first, 0.0, *days))
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.set_xticks(shown, [day_number(day) for day in shown])
    axes.xaxis.set_minor_locator(FixedLocator([day for day in days if day not in shown]))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", which="major", length=5)
    axes.tick_params(axis="x", which="minor", length=3)
    axes.axvline(0, color=style.GREY, linewidth=0.8, linestyle=":", zorder=1)


def _labelled_days(axes: Axes, wanted: Iterable[float]) -> list[float]:
    ends = axes.transData.transform([(0, 0), (1, 0)])
    points_per_day = (ends[1][0] - ends[0][0]) * 72 / axes.figure.dpi
    shown: list[float] = []
    for day in wanted:
        if all(abs(day - one) * points_per_day > _label_gap(day, one) for one in shown):
            shown.append(day)
    return sorted(shown)


def _label_gap(day: float, other: float) -> float:
    """Return how far apart two labels must be [points]: half of both and a little air."""
    letters = len(day_number(day)) + len(day_number(other))
    return 0.62 * style.PLAIN * letters / 2 + 3.0
