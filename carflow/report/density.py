"""CD3 against CAR, tube by tube: density pictures with the gate, its percentage and its counts.

One small multiple for every tube in the order of days, controls last. A failed tube keeps its
place with its reason, so a gap is never mistaken for a day without a sample. The pictures come
from the small grids in the result; events are long gone. All panels share one scale of density.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import patheffects
from matplotlib.colors import LogNorm
from matplotlib.ticker import FixedLocator, NullFormatter

from carflow.report import style
from carflow.report.timecourse import PERCENTAGE, chosen_subject
from carflow.report.wording import count, day_number, number, superscript
from carflow.result.sample import GatePicture
from carflow.study.model import SampleType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from carflow.result.run import Result
    from carflow.result.sample import Axis, SampleResult, Tick

MOST_COLUMNS = 5
_LEFT_IN, _RIGHT_IN = 0.85, 0.95
_GAP_IN = 0.16
_TITLE_IN = 0.54
_TICKS_IN = 0.28
_X_LABEL_IN = 0.26
_HEADING_IN = 0.34
_NOTE_LINE_IN = 0.145
# below this many events a bin is a speck: occupied bins are drawn as dots instead
_DOTS_BELOW_EVENTS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One tube of the gate figure; without a picture `note` says why."""

    title: str
    picture: GatePicture | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """How the panels of a gate figure are laid out on a page of given width."""

    columns: int
    rows: int
    side_in: float
    gap_in: float
    shared: bool

    @property
    def row_in(self) -> float:
        """Height of one row [in]."""
        return self.side_in + _TITLE_IN + (0.08 if self.shared else _TICKS_IN + 0.2)


def gate_figure(result: Result, subject_id: str) -> Figure:
    """Return the density pictures of one subject behind its CAR+ percentage.

    Raises
    ------
    ValueError
        If the result has no such subject.
    """
    panels = gate_panels(result, subject_id)
    columns = min(len(panels), MOST_COLUMNS)
    width_in = max(3.6, _LEFT_IN + _RIGHT_IN + columns * 1.62 + (columns - 1) * _GAP_IN)
    with style.drawing():
        figure = style.new_figure(width_in, gate_height(panels, width_in))
        draw_gates(figure, panels, heading=f"Subject {subject_id}")
    return figure


def gate_panels(result: Result, subject_id: str) -> tuple[Panel, ...]:
    """Return one panel for every tube of a subject, in the order of days, controls last."""
    chosen_subject(result, subject_id)
    tubes = sorted(
        (tube for tube in result.tube_results if tube.subject_id == subject_id),
        key=lambda tube: (not tube.sample_type.on_curve, tube.day),
    )
    gate = _car_gate(tubes)
    return tuple(_panel(tube, gate) for tube in tubes)


def _car_gate(tubes: Sequence[SampleResult]) -> str:
    """Return the gate whose counts are those of the percentage, by its name."""
    votes: Counter[str] = Counter()
    for tube in tubes:
        quantity = tube.quantity(PERCENTAGE)
        if quantity is None or not quantity.n_numerator:
            continue
        counts = (quantity.n_numerator, quantity.n_denominator)
        votes.update(
            picture.gate
            for picture in tube.pictures
            if (picture.gate_count, picture.gate_parent_count) == counts
        )
    drawn = [picture.gate for tube in tubes for picture in tube.pictures]
    return votes.most_common(1)[0][0] if votes else next(iter(drawn), "")


def _panel(tube: SampleResult, gate: str) -> Panel:
    kind = "" if tube.sample_type is SampleType.PATIENT else f", {tube.sample_type}"
    title = f"Day {day_number(tube.day)}{kind}"
    if tube.failure is not None:
        return Panel(title=title, picture=None, note=f"No result: {tube.failure.sentence}")
    picture = next((found for found in tube.pictures if found.gate == gate), None)
    return Panel(title=title, picture=picture, note="" if picture else "No picture of this gate")


def gate_height(panels: Sequence[Panel], width_in: float) -> float:
    """Return the height a gate figure needs [in]."""
    grid = _grid(panels, width_in)
    pictures = [panel.picture for panel in panels if panel.picture]
    lines = _note(pictures, width_in).count("\n") + 1
    below = (_TICKS_IN if grid.shared else 0.0) + _X_LABEL_IN + lines * _NOTE_LINE_IN + 0.1
    return _HEADING_IN + grid.rows * grid.row_in + below


def _grid(panels: Sequence[Panel], width_in: float) -> Grid:
    pictures = [panel.picture for panel in panels if panel.picture]
    spans = {(one.x.name, one.x.low, one.x.high, one.y.name, one.y.low, one.y.high)
             for one in pictures}  # fmt: skip
    columns = min(len(panels), MOST_COLUMNS)
    gap_in = _GAP_IN if len(spans) <= 1 else 0.6
    room_in = width_in - _LEFT_IN - _RIGHT_IN - (columns - 1) * gap_in
    return Grid(
        columns=columns,
        rows=-(-len(panels) // columns),
        side_in=min(1.75, room_in / columns),
        gap_in=gap_in,
        shared=len(spans) <= 1,
    )


def draw_gates(figure: Figure, panels: Sequence[Panel], *, heading: str) -> None:
    """Draw the panels at the top of a figure, over its whole width."""
    width_in, height_in = (float(side) for side in figure.get_size_inches())
    grid = _grid(panels, width_in)
    pictures = [panel.picture for panel in panels if panel.picture]
    densest = max((max(one.counts, default=0) for one in pictures), default=1)
    scale = LogNorm(1, max(10, densest))
    top_in = height_in - _HEADING_IN
    for place, panel in enumerate(panels):
        row, column = divmod(place, grid.columns)
        left = _LEFT_IN + column * (grid.side_in + grid.gap_in)
        bottom = top_in - row * grid.row_in - _TITLE_IN - grid.side_in
        axes = style.place_axes(figure, (left, bottom, grid.side_in, grid.side_in))
        _draw_panel(axes, panel, scale)
        if grid.shared and panel.picture:
            _hide_inner_labels(axes, panels, place, grid.columns)
        elif panel.picture:
            axes.set_xlabel(f"{panel.picture.x.name} (a.u.)", fontsize=style.SMALL, labelpad=1)
            axes.set_ylabel(f"{panel.picture.y.name} (a.u.)", fontsize=style.SMALL, labelpad=1)
    style.write_note(figure, (0.25, height_in - 0.08), heading, size=style.LARGE, weight="bold")
    bottom_in = top_in - grid.rows * grid.row_in
    _draw_frame(figure, grid, pictures, bottom_in=bottom_in, scale=scale)


def _hide_inner_labels(axes: Axes, panels: Sequence[Panel], place: int, columns: int) -> None:
    """Keep tick labels only where no panel with the same axis lies left or below."""
    row_start = place - place % columns
    below = panels[place + columns :: columns]
    axes.tick_params(
        labelleft=not any(panel.picture for panel in panels[row_start:place]),
        labelbottom=not any(panel.picture for panel in below),
    )


def _draw_frame(
    figure: Figure,
    grid: Grid,
    pictures: Sequence[GatePicture],
    *,
    bottom_in: float,
    scale: LogNorm,
) -> None:
    """Draw what the panels share: axis names, scale of density, and the note below."""
    if not pictures:
        return
    width_in, height_in = (float(side) for side in figure.get_size_inches())
    inner_in = grid.columns * grid.side_in + (grid.columns - 1) * grid.gap_in
    first = pictures[0]
    if grid.shared:
        middle_in = bottom_in + grid.rows * grid.row_in / 2 - _TITLE_IN / 2
        figure.text(
            (_LEFT_IN + inner_in / 2) / width_in, (bottom_in - _TICKS_IN + 0.1) / height_in,
            _axis_words(first.x.name), ha="center", va="top", fontsize=style.PLAIN,
        )  # fmt: skip
        figure.text(
            0.2 / width_in, middle_in / height_in, _axis_words(first.y.name),
            ha="left", va="center", rotation=90, fontsize=style.PLAIN,
        )  # fmt: skip
    bar_bottom = bottom_in + 0.08 + (0 if grid.shared else _TICKS_IN + 0.12)
    bar = style.place_axes(
        figure, (_LEFT_IN + inner_in + 0.2, bar_bottom, 0.11, min(1.2, grid.side_in))
    )
    _draw_density_scale(bar, scale)
    style.write_note(
        figure,
        (0.25, bottom_in - (_TICKS_IN if grid.shared else 0.0) - _X_LABEL_IN + 0.08),
        _note(pictures, width_in),
    )


def _note(pictures: Sequence[GatePicture], width_in: float) -> str:
    """Return what a reader must know to read the panels, in lines that fit the figure."""
    if not pictures:
        return ""
    first = pictures[0]
    shown = ", ".join(sorted({_spoken(one.population) for one in pictures}))
    note = (
        f"Events shown: {shown}. Outline: gate {first.gate}; percentage and counts are those of "
        f"{first.gate} among {_spoken(first.gate_parent)}."
    )
    return style.wrapped(note, width_in - 0.5)


def _draw_density_scale(axes: Axes, scale: LogNorm) -> None:
    steps = np.geomspace(scale.vmin or 1, scale.vmax or 10, 128)[:, None]
    axes.imshow(
        steps, aspect="auto", origin="lower", cmap=style.DENSITY_MAP, norm=scale,
        extent=(0, 1, 0, float(np.log10(scale.vmax or 10))),
    )  # fmt: skip
    decades = range(int(np.log10(scale.vmax or 10)) + 1)
    axes.set_yticks(list(decades), [f"{10**power:,d}" for power in decades])
    axes.yaxis.tick_right()
    axes.tick_params(labelsize=style.SMALL, length=2)
    axes.set_xticks([])
    axes.set_title("events\nper bin", fontsize=style.SMALL, pad=7, loc="left")


def _draw_panel(axes: Axes, panel: Panel, scale: LogNorm) -> None:
    axes.set_title(_title(panel), fontsize=style.SMALL, pad=4, linespacing=1.3)
    axes.annotate(
        panel.title, (0.5, 1.0), xycoords="axes fraction", xytext=(0, 27),
        textcoords="offset points", ha="center", va="baseline",
        fontsize=style.PLAIN, fontweight="bold",
    )  # fmt: skip
    if panel.picture is None:
        _draw_empty(axes, panel.note)
        return
    picture = panel.picture
    axes.set_xlim(picture.x.low, picture.x.high)
    axes.set_ylim(picture.y.low, picture.y.high)
    _draw_events(axes, picture, scale)
    edge = [patheffects.withStroke(linewidth=2.6, foreground="white")]
    across, along = zip(*picture.outline, strict=True) if picture.outline else ((), ())
    if across:
        axes.plot(
            [*across, across[0]], [*along, along[0]], color=style.VERMILLION, linewidth=1.3,
            path_effects=edge, zorder=4,
        )  # fmt: skip
    _set_ticks(axes, picture.x, picture.y)


def _title(panel: Panel) -> str:
    """Return percentage and counts; the counts stand under it because a percentage hides them."""
    picture = panel.picture
    if picture is None:
        return ""
    counts = f"{count(picture.gate_count)} / {count(picture.gate_parent_count)}"
    if not picture.gate_parent_count:
        return f"no {picture.gate_parent} event".replace("  ", " ") + f"\n{counts}"
    percent = number(100.0 * picture.gate_count / picture.gate_parent_count, 2)
    return f"{percent} % of {_spoken(picture.gate_parent)}\n{counts}"


def _spoken(population: str) -> str:
    """Return a population's name; the one without a name is all events."""
    return population or "all events"


def _axis_words(name: str) -> str:
    """Return what an axis shows: scatter, time or fluorescence of a marker."""
    kind = name.upper()
    if kind.startswith(("FSC", "SSC", "FS ", "SS ")):
        return f"{name} (scatter, a.u.)"
    return f"{name} (s)" if kind == "TIME" else f"{name} (fluorescence, a.u.)"


def _draw_empty(axes: Axes, note: str) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_linestyle((0, (3, 3)))
        spine.set_color(style.GREY)
    side_in = axes.get_window_extent().width / axes.figure.dpi
    lines = style.wrapped(note, side_in * 0.92, size=7.0).splitlines()
    shown = lines if len(lines) <= 9 else [*lines[:8], lines[8].rstrip(".,") + " …"]
    axes.text(
        0.5, 0.5, "\n".join(shown), transform=axes.transAxes, ha="center", va="center",
        fontsize=7.0, color=style.BLACK,
    )  # fmt: skip


def _draw_events(axes: Axes, picture: GatePicture, scale: LogNorm) -> None:
    counts = np.asarray(picture.counts, dtype=float).reshape(picture.bins, picture.bins)
    if counts.sum() < _DOTS_BELOW_EVENTS:
        _draw_dots(axes, picture, counts, scale)
        return
    axes.imshow(
        np.ma.masked_equal(counts, 0), origin="lower", aspect="auto", interpolation="nearest",
        extent=(picture.x.low, picture.x.high, picture.y.low, picture.y.high),
        cmap=style.DENSITY_MAP, norm=scale, zorder=2,
    )  # fmt: skip


def _draw_dots(axes: Axes, picture: GatePicture, counts: np.ndarray, scale: LogNorm) -> None:
    """Draw every occupied bin as a dot, large enough to be seen alone."""
    rows, columns = np.nonzero(counts)
    width = (picture.x.high - picture.x.low) / picture.bins
    height = (picture.y.high - picture.y.low) / picture.bins
    order = np.argsort(counts[rows, columns], kind="stable")
    axes.scatter(
        picture.x.low + (columns[order] + 0.5) * width,
        picture.y.low + (rows[order] + 0.5) * height,
        c=counts[rows, columns][order], s=4.5, linewidths=0, marker="o",
        cmap=style.DENSITY_MAP, norm=scale, zorder=2,
    )  # fmt: skip


def _set_ticks(axes: Axes, x: Axis, y: Axis) -> None:
    side_points = axes.get_window_extent().width / axes.figure.dpi * 72
    for axis, shown, along in ((axes.xaxis, x, True), (axes.yaxis, y, False)):
        labelled = _with_room(shown, side_points, along=along)
        axis.set_major_locator(FixedLocator([tick.position for tick in labelled]))
        axis.set_ticklabels([superscript(tick.label) for tick in labelled])
        minor = [tick.position for tick in shown.ticks if tick not in labelled]
        axis.set_minor_locator(FixedLocator(minor))
        axis.set_minor_formatter(NullFormatter())
    axes.tick_params(labelsize=style.SMALL, length=3, pad=2)
    axes.tick_params(which="minor", length=1.6)


def _with_room(axis: Axis, side_points: float, *, along: bool) -> list[Tick]:
    """Return the labelled ticks whose labels do not touch, from the upper end on."""
    kept: list[Tick] = []
    per_unit = side_points / (axis.high - axis.low)
    for tick in sorted((tick for tick in axis.ticks if tick.label), key=_position, reverse=True):
        letters = len(superscript(tick.label)) if along else 1.4
        before = len(superscript(kept[-1].label)) if along and kept else letters
        needed = 0.6 * style.SMALL * (letters + before) / 2 + 1
        if not kept or (kept[-1].position - tick.position) * per_unit >= needed:
            kept.append(tick)
    return kept[::-1]


def _position(tick: Tick) -> float:
    return tick.position
