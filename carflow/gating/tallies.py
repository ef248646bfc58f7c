"""What is gathered while chunks pass: counts, bits of masks, medians, densities, time spans.

Each tally sees the rows of one chunk at a time and gives the same answer for any chunk size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carflow.gating.gated import Density

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carflow.fcs.block import Stored
    from carflow.gating.rows import Rows
    from carflow.gating.scales import Scale, Values
    from carflow.gating.shapes import Membership
    from carflow.gating.sources import Source
    from carflow.gating.strategy import Plot

BINS = 128


class MaskTally:
    """One bit for each event of the file; chunks are multiples of eight events long."""

    __slots__ = ("packed",)

    def __init__(self, n_events: int) -> None:
        self.packed: NDArray[np.uint8] = np.zeros((n_events + 7) // 8, dtype=np.uint8)

    def add(self, members: Membership, at: int | NDArray[np.intp]) -> None:
        """Set the bits of the chunk (m,) that begins at an event, or of the events of numbers."""
        if isinstance(at, int):
            self.put(np.packbits(members), start=at)
        else:
            numbers = at[members]
            bits = (0x80 >> (numbers & 7)).astype(np.uint8)
            np.bitwise_or.at(self.packed, numbers >> 3, bits)

    def put(self, bits: NDArray[np.uint8], *, start: int) -> None:
        """Set the bits of the chunk that begins at event `start`, the first event highest."""
        self.packed[start // 8 : start // 8 + len(bits)] = bits


class MedianTally:
    """The linear values of one marker in one population.

    An exact median needs the values; they are those of a small population.
    """

    __slots__ = ("_pieces", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self._pieces: list[Values] = []

    def add(self, rows: Rows) -> None:
        """Keep a copy of the values: the chunk's memory is used again."""
        values = rows.linear(self.source)
        self._pieces.append(values[np.isfinite(values)])

    def centre_and_spread(self) -> tuple[float, float] | None:
        """Return the median and 1.4826 times the median absolute deviation; None without events."""
        values = np.concatenate(self._pieces) if self._pieces else np.empty(0)
        if not values.size:
            return None
        median = float(np.median(values))
        values -= median
        np.abs(values, out=values)
        return median, float(1.4826 * np.median(values, overwrite_input=True))


class DensityTally:
    """The two-dimensional histogram behind one plot."""

    __slots__ = ("_cells", "_edges", "_plot", "_x", "_y")

    def __init__(self, plot: Plot, x: Source, y: Source) -> None:
        self._plot = plot
        self._x, self._y = x, y
        self._edges = linear_edges(plot.x.scale), linear_edges(plot.y.scale)
        self._cells: NDArray[np.intp] = np.zeros(BINS * BINS, dtype=np.intp)

    def add(self, rows: Rows) -> None:
        """Count the events of a block."""
        x, y = rows.linear(self._x), rows.linear(self._y)
        finite = np.isfinite(x) & np.isfinite(y)
        if not finite.all():
            x, y = x[finite], y[finite]
        cells = _bins(y, self._plot.y.scale, self._edges[1]) * BINS
        cells += _bins(x, self._plot.x.scale, self._edges[0])
        self._cells += np.bincount(cells, minlength=BINS * BINS)

    def density(self) -> Density:
        """Return the histogram as a frozen value."""
        plot = self._plot
        return Density(
            population=plot.population,
            gate=plot.gate,
            x_name=plot.x.name,
            y_name=plot.y.name,
            x_scale=plot.x.scale,
            y_scale=plot.y.scale,
            x_edges=plot.x.scale.axis,
            y_edges=plot.y.scale.axis,
            bins=BINS,
            counts=tuple(self._cells.tolist()),
        )


class SpanTally:
    """The first and the last time of some events, whatever their order in the file."""

    __slots__ = ("_channel", "_first", "_last")

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._first, self._last = np.inf, -np.inf

    def add(self, rows: Rows) -> None:
        """Widen the span by the events of a chunk."""
        self.add_times(rows.raw(self._channel))

    def add_times(self, times: Stored) -> None:
        """Widen the span by some times; what is no number is left out."""
        times = times[np.isfinite(times)]
        if times.size:
            self._first = min(self._first, float(times.min()))
            self._last = max(self._last, float(times.max()))

    @property
    def span_s(self) -> tuple[float, float] | None:
        """(first, last) in seconds, None without events."""
        return (self._first, self._last) if self._first <= self._last else None


def linear_edges(scale: Scale) -> Values | None:
    """Return the linear values between the bins of an axis, None where they do not rise.

    Finding a value among them costs a tenth of a logicle.

    Examples
    --------
    >>> from carflow.gating.scales import Logicle
    >>> edges = linear_edges(Logicle(t=262144, w=0.5, m=4.5, a=0))
    >>> len(edges), bool((np.diff(edges) > 0).all())
    (127, True)
    """
    low, high = scale.axis
    with np.errstate(over="ignore", invalid="ignore"):
        edges = scale.inverse(np.linspace(low, high, BINS + 1)[1:-1])
    rising = scale.kind != "bounded" and np.isfinite(edges).all() and (np.diff(edges) > 0).all()
    return edges if rising else None


def _bins(linear: Values, scale: Scale, edges: Values | None) -> NDArray[np.intp]:
    """Return the bins of finite linear values; what lies beyond the axis is in its last bin."""
    if edges is not None:
        return np.searchsorted(edges, linear, side="right")
    low, high = scale.axis
    places = (scale.forward(linear) - low) * (BINS / (high - low))
    return np.clip(np.nan_to_num(places), 0.0, BINS - 1.0).astype(np.intp)
