"""The picture of a dilution series: counts against dilution, the line, and what it leaves over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from carflow.report import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from carflow.quantify.dilution import DilutionLine

_COLOURS = (style.BLUE, style.VERMILLION, style.GREEN, style.GREY)
_MARKERS = ("o", "s", "D", "^")
_WIDTH_IN, _HEIGHT_IN = 6.2, 5.4


def plot_dilution(lines: DilutionLine | Mapping[str, DilutionLine], ax: Axes | None = None) -> Axes:
    """Draw dilution series on logarithmic axes, with the residuals in a panel below.

    Parameters
    ----------
    lines : DilutionLine or mapping of str to DilutionLine
        From `carflow.dilution_line`; of several, each under the name it is told apart by.
    ax : matplotlib.axes.Axes, optional
        Where to draw; its lower part is given to the residuals (``ax.figure.axes[-1]``).
        Without it a new figure is made (``ax.figure``), unknown to pyplot.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the counts.

    Raises
    ------
    ValueError
        If there is no line.
    """
    named = lines if isinstance(lines, Mapping) else {"": lines}
    if not named:
        raise ValueError("there is no dilution line to draw")
    with style.drawing():
        if ax is None:
            figure = style.new_figure(_WIDTH_IN, _HEIGHT_IN)
            ax = style.place_axes(figure, (0.85, 0.6, _WIDTH_IN - 1.1, _HEIGHT_IN - 0.85))
        below = _panel_below(ax)
        for place, (name, line) in enumerate(named.items()):
            looks = {
                "color": _COLOURS[place % len(_COLOURS)],
                "marker": _MARKERS[place % len(_MARKERS)],
            }
            _draw_counts(ax, line, name, looks)
            _draw_residuals(below, line, looks)
        _finish(ax, below, list(named.values()))
    return ax


def _panel_below(ax: Axes) -> Axes:
    """Return new axes in the lower part of the given ones, which make room for them."""
    box = ax.get_position()
    low = ax.figure.add_axes((box.x0, box.y0, box.width, 0.27 * box.height))
    ax.set_position((box.x0, box.y0 + 0.33 * box.height, box.width, 0.67 * box.height))
    return low


def _draw_counts(ax: Axes, line: DilutionLine, name: str, looks: dict[str, Any]) -> None:
    ends = min(line.dilutions), max(line.dilutions)
    steps = np.geomspace(*ends, 60)
    band = np.array([line.interval_per_ul(float(step)) for step in steps])
    ax.fill_between(steps, band[:, 0], band[:, 1], color=looks["color"], alpha=0.18, linewidth=0)
    ax.plot(
        steps, [line.expected_per_ul(float(step)) for step in steps], color=looks["color"],
        linewidth=1.2,
    )  # fmt: skip
    ax.plot(
        line.dilutions, line.per_ul, linestyle="none", markersize=5.5, markeredgecolor="white",
        label=_told(name, line), zorder=3, **looks,
    )  # fmt: skip
    if line.lows:
        ax.vlines(line.dilutions, line.lows, line.highs, color=looks["color"], linewidth=1.0)


def _told(name: str, line: DilutionLine) -> str:
    slope = line.slope
    numbers = f"slope {slope.value:.3f} [{slope.low:.3f}, {slope.high:.3f}]".replace("-", "−")
    numbers += f", R² {line.r_squared:.4f}"
    return f"{name}: {numbers}" if name else numbers


def _draw_residuals(below: Axes, line: DilutionLine, looks: dict[str, Any]) -> None:
    below.plot(
        line.dilutions, line.residuals_pct, linewidth=0.8, markersize=5.0,
        markeredgecolor="white", **looks,
    )  # fmt: skip


def _finish(ax: Axes, below: Axes, lines: list[DilutionLine]) -> None:
    factors = sorted({dilution for line in lines for dilution in line.dilutions})
    margin = (factors[-1] / factors[0]) ** 0.05
    for axes in (ax, below):
        axes.set_xscale("log", base=2)
        axes.set_xlim(factors[0] / margin, factors[-1] * margin)
        axes.set_xticks(factors)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.tick_params(labelbottom=False)
    ax.set_ylabel("Counted per µL of the tube")
    ax.legend(loc="lower left", frameon=False, fontsize=style.SMALL)
    reach = 1.2 * max(5.0, *(abs(one) for line in lines for one in line.residuals_pct))
    below.set_ylim(-reach, reach)
    below.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)
    below.set_ylabel("Off the line, %")
    below.set_xlabel("Dilution factor (slope −1: the count halves when the dilution doubles)")
