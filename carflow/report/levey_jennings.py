"""Levey-Jennings charts of process controls: every run against its frozen baseline.

One small multiple for each thing that is charted, in spreads from the centre, so that all share
one axis; the centre and the spread themselves stand in the title. A run that breaks a rule has a
colour and a mark of its own and its rules beside it.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from matplotlib.ticker import MaxNLocator

from carflow.qc.control_charts import Rule
from carflow.report import style

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from carflow.qc.baselines import Chart

MOST_CHARTS = 10  # of one picture, so that it fits on a page
_COLUMNS = 2
_WIDTH_IN, _LEFT_IN, _RIGHT_IN, _GAP_IN = 7.4, 0.5, 0.15, 0.45
_PANEL_IN, _TITLE_IN, _TICKS_IN, _NOTE_IN = 1.25, 0.3, 0.3, 0.42
_SHOWN_SD = 4.5
_LETTER_OF_AXIS = 0.021  # width of a letter, of the axis
_NOTE = (
    "Runs in the order of acquisition [SD from the frozen centre]; bands: 2 and 3 SD. "
    "Triangle: 1-2s alone, a warning; square: any other Westgard rule, a failure. Runs beyond "
    "4.5 SD are drawn at the edge."
)


def charts_figure(charts: Sequence[Chart]) -> Figure:
    """Return the charts as one figure.

    Raises
    ------
    ValueError
        If there is no chart.
    """
    if not charts:
        raise ValueError("there is no chart to draw")
    rows = -(-len(charts) // _COLUMNS)
    row_in = _TITLE_IN + _PANEL_IN + _TICKS_IN
    width_in = (_WIDTH_IN - _LEFT_IN - _RIGHT_IN - _GAP_IN) / _COLUMNS
    height_in = rows * row_in + _NOTE_IN
    with style.drawing():
        figure = style.new_figure(_WIDTH_IN, height_in)
        for place, chart in enumerate(charts):
            left = _LEFT_IN + (place % _COLUMNS) * (width_in + _GAP_IN)
            top = height_in - (place // _COLUMNS) * row_in - _TITLE_IN
            box = (left, top - _PANEL_IN, width_in, _PANEL_IN)
            _draw(style.place_axes(figure, box), chart)
        note = style.wrapped(_NOTE, _WIDTH_IN - _LEFT_IN - _RIGHT_IN)
        style.write_note(figure, (_LEFT_IN, _NOTE_IN - 0.04), note)
    return figure


def _draw(axes: Axes, chart: Chart) -> None:
    baseline = chart.baseline
    for width, alpha in ((3.0, 0.25), (2.0, 0.45)):
        axes.axhspan(-width, width, color=style.PALE, alpha=alpha, linewidth=0, zorder=0)
    axes.axhline(0.0, color=style.GREY, linewidth=0.8, zorder=1)
    numbers = range(1, len(chart.runs) + 1)
    shown = [max(-_SHOWN_SD, min(_SHOWN_SD, run.z)) for run in chart.runs]
    axes.plot(numbers, shown, color=style.GREY, linewidth=0.8, zorder=2)
    for number, height, run in zip(numbers, shown, chart.runs, strict=True):
        colour, marker = _look(run.rules)
        axes.plot([number], [height], marker=marker, color=colour, markersize=4.5, zorder=3)
    _name_rules(axes, chart)
    axes.set_ylim(-_SHOWN_SD - 0.5, _SHOWN_SD + 2.3)
    axes.set_yticks([-3, -2, 0, 2, 3])
    axes.set_xlim(0.3, len(chart.runs) + 0.7)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.tick_params(labelsize=style.SMALL)
    axes.set_ylabel("SD", labelpad=0, fontsize=style.SMALL)
    lot = f", lot {baseline.lot}" if baseline.lot else ""
    axes.set_title(
        f"{baseline.material}{lot}: {_plain(baseline.centre, 4)} ± {_plain(baseline.spread, 2)}",
        loc="left", fontsize=style.PLAIN, pad=4,
    )  # fmt: skip
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _plain(number: float, digits: int) -> str:
    """Return a number with some significant digits and without an exponent."""
    return f"{float(f'{number:.{digits}g}'):,g}"


def _look(rules: Sequence[Rule]) -> tuple[str, str]:
    if not rules:
        return style.BLUE, "o"
    return (style.ORANGE, "^") if tuple(rules) == (Rule.ONE_2S,) else (style.VERMILLION, "s")


def _name_rules(axes: Axes, chart: Chart) -> None:
    """Write above each row of broken runs which rules they break; two rows of words at most."""
    free = [0.0, 0.0]
    per_letter = _LETTER_OF_AXIS * (len(chart.runs) + 0.4)
    for first, rules in _rows_of_broken_runs(chart):
        words = " ".join(rules)
        width = per_letter * len(words)
        right = first + width > len(chart.runs) + 0.7
        begin = first - width if right else first
        line = next((place for place, at in enumerate(free) if at <= begin), 0)
        free[line] = begin + width
        axes.annotate(
            words, (first, _SHOWN_SD + 0.5 + 1.2 * line), ha="right" if right else "left",
            va="center", fontsize=style.SMALL, color=style.BLACK,
        )  # fmt: skip


def _rows_of_broken_runs(chart: Chart) -> Iterator[tuple[int, tuple[Rule, ...]]]:
    """Yield the number of the first run of each row of failures, and all rules they break."""
    numbered = enumerate((_grave(run.rules) for run in chart.runs), start=1)
    for broken, row in groupby(numbered, key=lambda pair: bool(pair[1])):
        runs = list(row)
        if broken:
            rules = {rule for _, some in runs for rule in some}
            yield runs[0][0], tuple(rule for rule in Rule if rule in rules)


def _grave(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule is not Rule.ONE_2S)
