"""Some events of a data set, read when it is opened, so that its values can be looked at.

Up to 16 blocks of neighbouring events from the first to the last one: enough to see a wrong byte
order, a shift or a clock that does not fit, at a cost that does not grow with the file. A tube of
up to 20,000 events (fewer with many channels) is looked at whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carflow.fcs.decode import fill, scale_in_place
from carflow.fcs.layout import Column, Layout
from carflow.fcs.records import unmasked

if TYPE_CHECKING:
    from io import FileIO

_MOST_VALUES = 160_000
_MOST_EVENTS = 10_000
_FEWEST_EVENTS = 2_000
_BLOCKS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The (k, m) stored numbers of k columns of one kind and width, for one look at all of them."""

    columns: tuple[Column, ...]
    numbers: np.ndarray

    def named(self, which: np.ndarray) -> list[str]:
        """Return the names of some channels, chosen by a (k,) array of bool."""
        return [self.columns[row].parameter.name for row in np.flatnonzero(which)]

    def masked(self, most: int | None = None) -> np.ndarray:
        """Return the (k, m) values without bits that do not belong to them, or their first."""
        numbers = self.numbers[:, :most]
        return numbers & self.masks() if self.columns[0].kind == "u" else numbers

    def masks(self) -> np.ndarray:
        """Return the bits of integers that belong to a value, (k, 1)."""
        width = self.numbers.dtype
        every = np.iinfo(width).max
        masks = [every if column.mask is None else column.mask for column in self.columns]
        return np.array(masks, dtype=width)[:, np.newaxis]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sample:
    """The stored numbers of sampled events.

    Parameters
    ----------
    layout : Layout
        How an event is stored.
    n_events : int
        Events of the whole data set.
    tables : tuple of Table
        All stored bits of all columns, neither masked nor scaled.
    block_begins : tuple of int
        Where in these arrays a block of neighbouring events begins; the first is 0.
    """

    layout: Layout
    n_events: int
    tables: tuple[Table, ...]
    block_begins: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of sampled events (m)."""
        return self.tables[0].numbers.shape[1] if self.tables else 0

    def stored(self, column: Column) -> np.ndarray:
        """Return the (m,) stored numbers of one of the layout's columns."""
        return next(
            table.numbers[row]
            for table in self.tables
            for row, own in enumerate(table.columns)
            if own is column
        )

    def values(self, column: Column) -> np.ndarray:
        """Return the (m,) values of a column as float64, masked but not scaled."""
        numbers = self.stored(column)
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
    blocks = np.empty((len(starts), length * record), dtype=np.uint8)
    for start, block in zip(starts, blocks, strict=True):
        stream.seek(begin + start * record)
        fill(stream, block.data)
    raw, events = blocks.reshape(-1), len(starts) * length
    alike: dict[tuple[str, int], list[Column]] = {}
    for column in layout.columns:
        alike.setdefault((column.kind, column.width), []).append(column)
    return Sample(
        layout=layout,
        n_events=n_events,
        tables=tuple(
            Table(tuple(columns), np.array([unmasked(raw, layout, one, events) for one in columns]))
            for columns in alike.values()
        ),
        block_begins=tuple(turn * length for turn in range(len(starts))),
    )
