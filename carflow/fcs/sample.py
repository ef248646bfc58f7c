"""Some events of a data set, read when it is opened, so that its values can be looked at.

Up to 16 blocks of neighbouring events from the first to the last one: enough to see a wrong byte
order, a shift or a clock that does not fit, at a cost that does not grow with the file. A tube of
up to 20,000 events (fewer with many channels) is looked at whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carflow.fcs.decode import scale_in_place
from carflow.fcs.layout import Layout
from carflow.fcs.records import unmasked
from carflow.fcs.source import read_at

if TYPE_CHECKING:
    from io import FileIO

    from carflow.fcs.layout import Column

_MOST_VALUES = 160_000
_MOST_EVENTS = 10_000
_FEWEST_EVENTS = 2_000
_BLOCKS = 16


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sample:
    """The stored numbers of sampled events.

    Parameters
    ----------
    layout : Layout
        How an event is stored.
    n_events : int
        Events of the whole data set.
    numbers : tuple of (m,) arrays
        One for each column: all stored bits, neither masked nor scaled.
    block_begins : tuple of int
        Where in these arrays a block of neighbouring events begins; the first is 0.
    """

    layout: Layout
    n_events: int
    numbers: tuple[np.ndarray, ...]
    block_begins: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of sampled events (m)."""
        return len(self.numbers[0]) if self.numbers else 0

    def stored(self, column: Column) -> np.ndarray:
        """Return the (m,) stored numbers of one of the layout's columns."""
        pairs = zip(self.layout.columns, self.numbers, strict=True)
        return next(numbers for own, numbers in pairs if own is column)

    def values(self, column: Column, most: int | None = None) -> np.ndarray:
        """Return the (m,) values of a column as float64, masked but not scaled, or the first."""
        numbers = self.stored(column)[:most]
        if column.mask is not None:
            numbers = numbers & numbers.dtype.type(column.mask)
        return numbers.astype(np.float64)

    def scaled(self, column: Column) -> np.ndarray:
        """Return the (m,) scale values of a column."""
        values = self.values(column)
        scale_in_place(values, column.parameter)
        return values

    def pairs(self) -> np.ndarray:
        """Return for each event but the first whether the one before it is its neighbour."""
        neighbours = np.ones(max(self.size - 1, 0), dtype=bool)
        neighbours[[begin - 1 for begin in self.block_begins[1:]]] = False
        return neighbours


def take_sample(stream: FileIO, begin: int, n_events: int, layout: Layout) -> Sample:
    """Read a sample of the events that begin at a byte of a file."""
    record = layout.record_bytes
    wanted = max(_FEWEST_EVENTS, min(_MOST_EVENTS, _MOST_VALUES // len(layout.columns)))
    if n_events <= wanted:
        starts, length = [0], n_events
    else:
        length = wanted // _BLOCKS
        starts = [turn * (n_events - length) // (_BLOCKS - 1) for turn in range(_BLOCKS)]
    content = b"".join(read_at(stream, begin + start * record, length * record) for start in starts)
    raw = np.frombuffer(content, dtype=np.uint8)
    events = len(raw) // record
    # side by side in memory, since every look at them goes over all
    numbers = tuple(
        np.ascontiguousarray(unmasked(raw, layout, column, events)) for column in layout.columns
    )
    return Sample(
        layout=layout,
        n_events=n_events,
        numbers=numbers,
        block_begins=tuple(turn * length for turn in range(len(starts))),
    )
