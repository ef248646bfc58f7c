"""What was given to a subject and when: bars in a strip above the curves, shading through them.

A treatment day is drawn as the whole day around it (± 0.5 d), so a single dose is a bar too.
The strip shows what happened after day −1; earlier treatments stand in the page's table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.report import style
from carflow.report.wording import day_number, day_range

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

    from carflow.study.model import ReferenceTmax, Treatment

ROW_IN = 0.21
_HALF_DAY = 0.5
_DOSE_SIZE = 6.5
_BAR_THICKNESS = 0.74


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Days of one dose, first and last day included."""

    start_day: float
    stop_day: float
    dose: str
    dose_unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugRow:
    """One drug: its runs of equal dose, and the spans of days without a gap."""

    drug: str
    runs: tuple[Run, ...]
    spans: tuple[tuple[float, float], ...]


def drug_rows(treatments: Sequence[Treatment]) -> tuple[DrugRow, ...]:
    """Return one row for each drug given after day −1, in the order of first days.

    Examples
    --------
    >>> from carflow.study.model import Treatment
    >>> given = [
    ...     Treatment(subject_id="P", drug="A", start_day=9, stop_day=11, dose="80"),
    ...     Treatment(subject_id="P", drug="A", start_day=12, stop_day=12, dose="60"),
    ... ]
    >>> [row.spans for row in drug_rows(given)]
    [((9, 12),)]
    """
    shown = sorted(
        (given for given in treatments if given.stop_day > -1),
        key=lambda given: (given.start_day, given.stop_day, given.drug),
    )
    return tuple(
        _row(drug, [given for given in shown if given.drug == drug])
        for drug in dict.fromkeys(given.drug for given in shown)
    )


def _row(drug: str, given: Sequence[Treatment]) -> DrugRow:
    runs: list[Run] = []
    spans: list[tuple[float, float]] = []
    for one in given:
        follows = bool(spans) and one.start_day - spans[-1][1] <= 1
        if follows:
            spans[-1] = (spans[-1][0], max(spans[-1][1], one.stop_day))
        else:
            spans.append((one.start_day, one.stop_day))
        same_dose = bool(runs) and (runs[-1].dose, runs[-1].dose_unit) == (one.dose, one.dose_unit)
        start = runs.pop().start_day if follows and same_dose else one.start_day
        runs.append(
            Run(start_day=start, stop_day=one.stop_day, dose=one.dose, dose_unit=one.dose_unit)
        )
    return DrugRow(drug=drug, runs=tuple(runs), spans=tuple(spans))


def colour_of(place: int) -> str:
    """Return the colour of the drug in that row."""
    return style.TREATMENT_COLOURS[place % len(style.TREATMENT_COLOURS)]


def shade(axes: Axes, rows: Sequence[DrugRow]) -> None:
    """Shade the days of treatment lightly through a panel.

    A drug given for more than half of the shown time is not shaded: it would set nothing apart.
    """
    left, right = axes.get_xlim()
    for place, row in enumerate(rows):
        for start, stop in _visible(row.spans, (left, right)):
            if stop - start <= (right - left) / 2:
                axes.axvspan(start, stop, color=colour_of(place), alpha=0.22, linewidth=0, zorder=0)


def _visible(
    spans: Sequence[tuple[float, float]], limits: tuple[float, float]
) -> list[tuple[float, float]]:
    """Return spans as drawn: half a day wider on both sides, cut at the axis."""
    wide = [(max(a - _HALF_DAY, limits[0]), min(b + _HALF_DAY, limits[1])) for a, b in spans]
    return [(start, stop) for start, stop in wide if start < stop]


def strip_height(rows: Sequence[DrugRow], references: Sequence[ReferenceTmax]) -> float:
    """Return the height of the strip [in]: a published time to peak takes two rows."""
    return ROW_IN * (1 + len(rows) + 2 * len(references))


def draw_strip(axes: Axes, rows: Sequence[DrugRow], references: Sequence[ReferenceTmax]) -> None:
    """Draw infusion, drugs and published times to peak, one below the other.

    The limits of the days must be set, and the height be `strip_height`.
    """
    axes.set_ylim(1 + len(rows) + 2 * len(references), 0)
    axes.set_axis_off()
    axes.axvline(0, color=style.GREY, linewidth=0.8, linestyle=":", zorder=0)
    axes.plot([0], [0.5], marker="v", markersize=6, color=style.BLACK, clip_on=False)
    _write_beside(axes, (0, 0), 0.5, "infusion (day 0)")
    for place, row in enumerate(rows):
        _draw_drug(axes, row, 1.5 + place, colour_of(place))
    for place, reference in enumerate(references):
        _draw_reference(axes, reference, 1.5 + len(rows) + 2 * place)


def _draw_drug(axes: Axes, row: DrugRow, height: float, colour: str) -> None:
    limits = axes.get_xlim()
    spans = _visible(row.spans, limits)
    if not spans:
        return
    doses_fit = all(_dose_fits(axes, run) for run in row.runs)
    words = _drug_label(row, doses_shown=doses_fit)
    beside = _write_beside(axes, (spans[0][0], spans[-1][1]), height, words)
    if not beside:
        words = _drug_label(row, doses_shown=False)
        _write_within(axes, (spans[0][0], spans[-1][1]), height, words)
    for run in row.runs:
        for start, stop in _visible([(run.start_day, run.stop_day)], limits):
            axes.barh(
                height, stop - start, left=start, height=_BAR_THICKNESS,
                color=colour, edgecolor="white", linewidth=0.8,
            )  # fmt: skip
            if doses_fit and beside:
                axes.text(
                    (start + stop) / 2, height, run.dose,
                    ha="center", va="center_baseline", fontsize=_DOSE_SIZE,
                )  # fmt: skip


def _dose_fits(axes: Axes, run: Run) -> bool:
    start, stop = (
        axes.transData.transform((day, 0.0))[0]
        for day in (run.start_day - _HALF_DAY, run.stop_day + _HALF_DAY)
    )
    room_points = (stop - start) * 72 / axes.figure.dpi
    return bool(run.dose) and bool(0.65 * _DOSE_SIZE * len(run.dose) < room_points)


def _drug_label(row: DrugRow, *, doses_shown: bool) -> str:
    units = list(dict.fromkeys(run.dose_unit for run in row.runs if run.dose))
    if doses_shown and len(units) == 1:
        return f"{row.drug} ({units[0]})" if units[0] else row.drug
    spoken = [f"{run.dose} {run.dose_unit}".strip() for run in row.runs if run.dose]
    return f"{row.drug} {', '.join(dict.fromkeys(spoken))}".rstrip()


def _draw_reference(axes: Axes, reference: ReferenceTmax, height: float) -> None:
    low = reference.median_day if reference.low_day is None else reference.low_day
    high = reference.median_day if reference.high_day is None else reference.high_day
    left, right = axes.get_xlim()
    start, stop = max(low, left), min(high, right)
    axes.plot([start, stop], [height + 1, height + 1], color=style.GREY, linewidth=1)
    axes.plot(
        [reference.median_day], [height + 1], marker="d", markersize=6,
        markerfacecolor="white", markeredgecolor=style.GREY,
    )  # fmt: skip
    spread = "" if low == high else f" ({day_range(low, high)})"
    assay = f", {reference.assay}" if reference.assay else ""
    words = (
        f"published median time to peak {day_number(reference.median_day)} d{spread}{assay}, "
        f"other patients: {reference.source}"
    )
    _write_within(axes, (start, stop), height + 0.15, words)


def _write_beside(axes: Axes, span: tuple[float, float], height: float, words: str) -> bool:
    """Write words to the right of a span, else to its left; write nothing if neither fits."""
    frame = axes.get_window_extent()
    for day, shift, side in ((span[1], 6, "left"), (span[0], -6, "right")):
        text = axes.annotate(
            words, (day, height), xytext=(shift, 0), textcoords="offset points",
            ha=side, va="center_baseline", fontsize=style.SMALL,
        )  # fmt: skip
        if _inside(text.get_window_extent(), frame):
            return True
        text.remove()
    return False


def _write_within(axes: Axes, span: tuple[float, float], height: float, words: str) -> None:
    """Write words from the start of a span on; moved to the left, then cut, if it is too long."""
    text = axes.annotate(
        words, (span[0], height), xytext=(3, 0), textcoords="offset points",
        ha="left", va="center_baseline", fontsize=style.SMALL, zorder=5,
    )  # fmt: skip
    frame = axes.get_window_extent()
    if not _inside(text.get_window_extent(), frame):
        text.set_horizontalalignment("right")
        text.xy = (axes.get_xlim()[1], height)
        text.set_position((-1, 0))
    while len(words) > 12 and not _inside(text.get_window_extent(), frame):
        words = words[:-2]
        text.set_text(words.rstrip(" ,:") + "…")


def _inside(box: Bbox, frame: Bbox) -> bool:
    return bool(box.x0 >= frame.x0 - 1 and box.x1 <= frame.x1 + 1)
