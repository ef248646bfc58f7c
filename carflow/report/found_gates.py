"""The gates that found themselves: each on the density that led to it, tube by tube.

One row for each gate, one column for each tube in the order of days, controls last; a row has
one axis, so that a gate that wanders over the time course is seen. A cut that a whole batch
shares is drawn once, on the density of its controls. The densities come from the lock in the
result; events are long gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import FixedLocator, NullFormatter

from carflow.gating.estimates import Estimate, Method
from carflow.gating.lock import FrozenGate, Lock
from carflow.gating.scales import Identity, Scale
from carflow.gating.template import parse_template
from carflow.report import style
from carflow.report.wording import day_number
from carflow.result.pictures import axis_of
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from carflow.result.run import Result
    from carflow.result.sample import SampleResult

MOST_COLUMNS = 9
_LEFT_IN, _RIGHT_IN, _GAP_IN = 1.28, 0.12, 0.1
_CELL_IN, _ROW_IN, _TICKS_IN = 1.0, 0.46, 0.38
_TITLE_IN, _HEADING_IN, _LEGEND_IN = 0.4, 0.3, 0.44
_TINY = 6.0
_LEAST = 1e-4  # of the highest density, where a tail is shown
_LEAST_APART = 0.24  # of a cell's width, between two labels of an axis
_FOUND, _FELL_BACK, _BY_HAND = style.BLUE, style.VERMILLION, style.PURPLE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """One gate of one tube: where it lies on the axis of its density, and how it came there.

    `place` is a scale coordinate, `linear` the intensity or ratio it stands for; a gate with an
    end on this axis has `upper`, too.
    """

    gate: FrozenGate
    place: float | None
    linear: float | None
    keeps_above: bool
    by_hand: bool
    upper: float | None = None

    @property
    def colour(self) -> str:
        """Of its line."""
        if self.by_hand:
            return _BY_HAND
        return _FELL_BACK if self.gate.fallback else _FOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One gate of the template in all tubes; `shared` if one gate serves them all."""

    population: str
    axis: str
    scale: Scale
    edges: tuple[float, float]
    cells: tuple[_Cell | None, ...]
    shared: bool


def found_gates_figure(result: Result, subject_id: str) -> Figure | None:
    """Return the found gates of one subject, None where none were found in its tubes."""
    tubes = sorted(
        (one for one in result.tube_results if one.subject_id == subject_id),
        key=lambda one: (not one.sample_type.on_curve, one.day),
    )
    blocks = []
    for lock in result.provenance.locks:
        known = [one for one in tubes if lock.gates and lock.tube(one.sample_id)]
        for start in range(0, len(known), MOST_COLUMNS):
            columns = known[start : start + MOST_COLUMNS]
            blocks.append((columns, tuple(_rows(lock, columns))))
    if not blocks:
        return None
    with style.drawing():
        return _drawn(blocks, subject_id)


def draw_found_gate(
    axes: Axes, gate: FrozenGate, scale: Scale, *, edges: tuple[float, float] | None = None
) -> Axes:
    """Draw one gate on the density that led to it, and return the axes.

    Parameters
    ----------
    axes : Axes
        Where to draw.
    gate : FrozenGate
        From a lock.
    scale : Scale
        The scale the density was looked at on.
    edges : (float, float), optional
        Ends of the axis in scale coordinates; those of the density where absent.
    """
    cell = _cell(gate, scale, gate, by_hand=False)
    trace = gate.trace
    ends = edges or ((trace.low, trace.high) if trace else scale.axis)
    _draw_cell(axes, cell, scale, ends)
    return axes


def _rows(lock: Lock, tubes: Sequence[SampleResult]) -> Iterator[_Row]:
    strategy = parse_template(lock.template)
    for estimate in strategy.estimates:
        population = strategy.find(estimate.population)
        singlets = estimate.method is Method.SINGLETS
        scale = Identity() if singlets else estimate.scale or population.dimensions[0].scale
        cells = tuple(_of_tube(lock, estimate, tube, scale) for tube in tubes)
        traces = [one.gate.trace for one in cells if one is not None and one.gate.trace]
        if not traces:
            continue
        yield _Row(
            population=estimate.population,
            axis=traces[0].axis,
            scale=scale,
            edges=_edges(cells),
            cells=cells,
            shared=len({id(one.gate) for one in cells if one is not None}) == 1,
        )


def _of_tube(lock: Lock, estimate: Estimate, tube: SampleResult, scale: Scale) -> _Cell | None:
    known = lock.tube(tube.sample_id)
    if known is None:
        return None
    gates = lock.gates_of(sample_id=tube.sample_id, subject_id=tube.subject_id, batch=known.batch)
    gate = gates.get(estimate.population)
    if gate is None:
        return None
    own = [
        one for one in lock.overrides_of(tube.sample_id) if one.population == estimate.population
    ]
    return _cell(own[-1] if own else gate, scale, gate, by_hand=bool(own))


def _cell(placed: object, scale: Scale, gate: FrozenGate, *, by_hand: bool) -> _Cell:
    coordinates = getattr(placed, "coordinates", gate.coordinates)
    bound = coordinates.high if coordinates.low is None else coordinates.low
    if coordinates.vertices and gate.method == Method.BEADS:
        ends = [x for x, _ in coordinates.vertices]
        low, high = scale.forward(np.array([min(ends), max(ends)])).tolist()
        return _Cell(
            gate=gate, place=low, linear=min(ends), keeps_above=True, by_hand=by_hand, upper=high
        )
    if coordinates.vertices:
        # the first edge of the polygon is the line of the highest ratio
        x, y = coordinates.vertices[0]
        place = bound = x / y
    else:
        place = None if bound is None else float(scale.forward(np.array([bound]))[0])
    above = coordinates.low is not None
    return _Cell(gate=gate, place=place, linear=bound, keeps_above=above, by_hand=by_hand)


def _edges(cells: Sequence[_Cell | None]) -> tuple[float, float]:
    """Return the axis that holds every density and every gate of a row."""
    known = [one for one in cells if one is not None]
    traces = [one.gate.trace for one in known if one.gate.trace is not None]
    places = [at for one in known for at in (one.place, one.upper) if at is not None]
    low = min([*(one.low for one in traces), *places])
    high = max([*(one.high for one in traces), *places])
    margin = 0.03 * (high - low)
    return low - margin, high + margin


def _drawn(blocks: list[tuple[list[SampleResult], tuple[_Row, ...]]], subject_id: str) -> Figure:
    heights = [_TITLE_IN + len(rows) * (_ROW_IN + _TICKS_IN) for _, rows in blocks]
    columns = max(len(tubes) for tubes, _ in blocks)
    columns = max(columns, 5)  # the legend needs the room
    width = _LEFT_IN + columns * (_CELL_IN + _GAP_IN) + _RIGHT_IN
    total = _HEADING_IN + _LEGEND_IN + sum(heights)
    figure = style.new_figure(width, total)
    heading = f"Subject {subject_id}: gates as found, each on the density that led to it"
    style.write_note(figure, (0.1, total - 0.08), heading, size=style.LARGE, weight="bold")
    _draw_legend(figure, total - _HEADING_IN)
    top = total - _HEADING_IN - _LEGEND_IN
    for (tubes, rows), height in zip(blocks, heights, strict=True):
        _draw_block(figure, tubes, rows, top=top)
        top -= height
    return figure


def _draw_legend(figure: Figure, top_in: float) -> None:
    """Say what the lines mean, in words beside a piece of each."""
    axes = style.place_axes(figure, (0.1, top_in - 0.3, 6.4, 0.24))
    axes.set_axis_off()
    axes.set_xlim(0.0, 6.4)
    axes.set_ylim(0.0, 1.0)
    entries = (
        (0.0, _FOUND, "-", "found (q: quality, 0 to 1)"),
        (2.6, _FELL_BACK, "--", "not found: fallback"),
        (4.1, _BY_HAND, "-.", "set by hand"),
    )
    for left, colour, line, words in entries:
        axes.plot([left, left + 0.25], [0.5, 0.5], color=colour, linestyle=line, linewidth=1.4)
        axes.text(left + 0.32, 0.5, words, va="center", fontsize=style.SMALL)
    axes.fill_between([5.3, 5.55], 0.15, 0.85, color=style.SKY, alpha=0.45, linewidth=0)
    axes.text(5.62, 0.5, "inside the gate", va="center", fontsize=style.SMALL)


def _draw_block(
    figure: Figure, tubes: list[SampleResult], rows: tuple[_Row, ...], *, top: float
) -> None:
    for number, tube in enumerate(tubes):
        left = _LEFT_IN + number * (_CELL_IN + _GAP_IN)
        style.write_note(figure, (left, top - 0.1), _title(tube), weight="bold")
    bottom = top - _TITLE_IN
    for row in rows:
        bottom -= _ROW_IN
        words = f"{row.population}\n{row.axis}"
        style.write_note(figure, (0.1, bottom + _ROW_IN - 0.05), words)
        if row.shared:
            width = len(tubes) * (_CELL_IN + _GAP_IN) - _GAP_IN
            _draw_shared(figure, row, (_LEFT_IN, bottom, width, _ROW_IN))
        else:
            _draw_row(figure, row, bottom)
        bottom -= _TICKS_IN


def _draw_row(figure: Figure, row: _Row, bottom: float) -> None:
    for number, cell in enumerate(row.cells):
        if cell is not None:
            left = _LEFT_IN + number * (_CELL_IN + _GAP_IN)
            axes = style.place_axes(figure, (left, bottom, _CELL_IN, _ROW_IN))
            _draw_cell(axes, cell, row.scale, row.edges)


def _draw_shared(figure: Figure, row: _Row, box: tuple[float, float, float, float]) -> None:
    cell = next(one for one in row.cells if one is not None)
    axes = style.place_axes(figure, box)
    _draw_cell(axes, cell, row.scale, row.edges)
    gate = cell.gate
    told = 4 if gate.sensitivity is None else 1  # one line is all there is
    donors = ", ".join(gate.donors[:told]) + (" …" if len(gate.donors) > told else "")
    words = f"one gate for all tubes: {gate.reason} (height: log density)"
    words += f"; {gate.n_events:,} events of {donors}" if donors else ""
    if gate.sensitivity is not None:
        error = 100.0 * (gate.sensitivity_error or 0.0)
        words += f"; {100.0 * gate.sensitivity:.1f} ± {error:.1f} % of CAR+ above"
    axes.text(0.999, 1.02, words, transform=axes.transAxes, ha="right", fontsize=_TINY)


def _draw_cell(axes: Axes, cell: _Cell, scale: Scale, edges: tuple[float, float]) -> None:
    trace = cell.gate.trace
    low, high = edges
    if trace is not None:
        places = np.linspace(trace.low, trace.high, len(trace.heights))
        heights = np.array(trace.heights)
        if cell.gate.method == Method.CONTROL_PERCENTILE:
            # what matters of a control is its tail
            heights = np.maximum(np.log10(np.maximum(heights, _LEAST)) / 4.0 + 1.0, 0.0)
        axes.fill_between(places, 0.0, heights, color=style.PALE, linewidth=0)
        axes.plot(places, heights, color=style.GREY, linewidth=0.7)
    if cell.place is not None:
        upper = high if cell.upper is None else cell.upper
        first, last = (cell.place, upper) if cell.keeps_above else (low, cell.place)
        axes.axvspan(first, last, color=style.SKY, alpha=0.22, linewidth=0)
        fixed = "-." if cell.by_hand else "--" if cell.gate.fallback else "-"
        for at in (cell.place, cell.upper):
            if at is not None:
                axes.axvline(at, color=cell.colour, linestyle=fixed, linewidth=1.3)
    axes.set_xlim(low, high)
    axes.set_ylim(0.0, 1.1)
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
    _label_axis(axes, scale, edges)
    axes.text(
        0.0, 1.02, _words(cell), transform=axes.transAxes, va="bottom", fontsize=_TINY,
        color=style.BLACK if cell.colour == _FOUND else cell.colour,
    )  # fmt: skip


def _label_axis(axes: Axes, scale: Scale, edges: tuple[float, float]) -> None:
    """Label round linear values, as many as there is room for; the rest are bare ticks."""
    ticks = axis_of("", scale, edges).ticks
    labelled: list[tuple[float, str]] = []
    width_in = axes.get_position().width * float(axes.figure.get_size_inches()[0])  # type: ignore[union-attr]  # axes in a figure
    apart = _LEAST_APART * (edges[1] - edges[0]) * min(1.0, _CELL_IN / max(width_in, 1e-9))
    for tick in sorted(ticks, key=lambda one: -one.position):
        if tick.label and all(abs(tick.position - other) >= apart for other, _ in labelled):
            labelled.append((tick.position, tick.label))
    axes.xaxis.set_major_locator(FixedLocator([at for at, _ in labelled]))
    axes.set_xticklabels([label for _, label in labelled], fontsize=_TINY)
    axes.xaxis.set_minor_locator(FixedLocator([one.position for one in ticks]))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", which="major", length=2.5, pad=1.0)
    axes.tick_params(axis="x", which="minor", length=1.2)


def _words(cell: _Cell) -> str:
    where = "" if cell.linear is None else significant(cell.linear)
    if cell.by_hand:
        return f"{where}  by hand"
    if cell.gate.fallback:
        return f"{where}  {cell.gate.fallback}"
    quality = "" if cell.gate.quality is None else f"   q {cell.gate.quality:.2f}"
    return where + quality


def _title(tube: SampleResult) -> str:
    day = f"day {day_number(tube.day)}"
    return day if tube.sample_type.on_curve else f"{tube.sample_type}, {day}"
