"""What is gathered while chunks pass: counts, bits of masks, medians, densities, time spans.

Each tally sees the rows of one chunk at a time and gives the same answer for any chunk size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carflow.gating.gated import Density

if TYPE_CHECKING:
    from numpy.typing import NDArray

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

    def add(self, members: Membership, *, start: int) -> None:
        """Set the bits of the chunk (m,) that begins at event `start`."""
        self.packed[start // 8 : (start + len(members) + 7) // 8] = np.packbits(members)


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

    @property
    def median(self) -> float | None:
        """The median, None without events."""
        values = self._values()
        return float(np.median(values)) if values.size else None

    @property
    def robust_sd(self) -> float | None:
        """1.4826 times the median absolute deviation, None without events."""
        values = self._values()
        if not values.size:
            return None
        return float(1.4826 * np.median(np.abs(values - np.median(values))))

    def _values(self) -> Values:
        return np.concatenate(self._pieces) if self._pieces else np.empty(0)


class DensityTally:
    """The two-dimensional histogram behind one plot."""

    __slots__ = ("_cells", "_plot", "_x", "_y")

    def __init__(self, plot: Plot, x: Source, y: Source) -> None:
        self._plot = plot
        self._x, self._y = x, y
        self._cells: NDArray[np.intp] = np.zeros(BINS * BINS, dtype=np.intp)

    def add(self, rows: Rows) -> None:
        """Count the events of a chunk."""
        x = rows.scaled(self._x, self._plot.x.scale)
        y = rows.scaled(self._y, self._plot.y.scale)
        shown = ~(np.isnan(x) | np.isnan(y))
        cells = _bins(y[shown], self._plot.y.scale) * BINS + _bins(x[shown], self._plot.x.scale)
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
        times = rows.raw(self._channel)
        times = times[np.isfinite(times)]
        if times.size:
            self._first = min(self._first, float(times.min()))
            self._last = max(self._last, float(times.max()))

    @property
    def span_s(self) -> tuple[float, float] | None:
        """(first, last) in seconds, None without events."""
        return (self._first, self._last) if self._first <= self._last else None


def _bins(values: Values, scale: Scale) -> NDArray[np.intp]:
    low, high = scale.axis
    places = (values - low) * (BINS / (high - low))
    return np.clip(places, 0.0, BINS - 1.0).astype(np.intp)
