"""What is gathered while chunks pass: counts, bits of masks, medians, densities, time spans.

Each tally sees the rows of one chunk at a time and gives the same answer for any chunk size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carflow.gating.bins import BINS, axis_bins
from carflow.gating.gated import Density

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carflow.fcs.block import Stored
    from carflow.gating.rows import Rows
    from carflow.gating.scales import Values
    from carflow.gating.shapes import Membership
    from carflow.gating.sources import Source
    from carflow.gating.strategy import Plot


class MaskTally:
    """One bit for each event of the file.

    Parameters
    ----------
    packed : (ceil(n / 8),) array of uint8
        Where the bits of n events are gathered, the first event in the highest bit; all 0 as yet.
    """

    __slots__ = ("packed",)

    def __init__(self, packed: NDArray[np.uint8]) -> None:
        self.packed = packed

    def add(self, members: Membership, at: int | NDArray[np.intp]) -> None:
        """Set the bits of the chunk (m,) that begins at an event, or of the events of numbers."""
        if isinstance(at, int) and at % 8 == 0:
            bits = np.packbits(members)
            self.packed[at // 8 : at // 8 + len(bits)] = bits
            return
        numbers = np.flatnonzero(members) + at if isinstance(at, int) else at[members]
        np.bitwise_or.at(self.packed, numbers >> 3, (0x80 >> (numbers & 7)).astype(np.uint8))


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

    __slots__ = ("_bins", "_cells", "_plot", "_x", "_y")

    def __init__(self, plot: Plot, x: Source, y: Source) -> None:
        self._plot = plot
        self._x, self._y = x, y
        self._bins = axis_bins(plot.x.scale), axis_bins(plot.y.scale)
        self._cells: NDArray[np.intp] = np.zeros(BINS * BINS, dtype=np.intp)

    def add(self, rows: Rows) -> None:
        """Count the events of a block."""
        x, y = rows.linear(self._x), rows.linear(self._y)
        finite = np.isfinite(x) & np.isfinite(y)
        if not finite.all():
            x, y = x[finite], y[finite]
        across, up = self._bins
        cells = up.of(y) * BINS
        cells += across.of(x)
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
