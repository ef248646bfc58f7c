"""Some events of a data set, read when it is opened, so that its values can be looked at.

Up to 16 blocks of neighbouring events from the first to the last one: enough to see a wrong byte
order, a shift or a clock that does not fit, at a cost that does not grow with the file. A tube of
up to 20,000 events (fewer with many channels) is looked at whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carflow.fcs.decode import fits_float32, scale_in_place
from carflow.fcs.layout import Column, Layout
from carflow.fcs.records import adjacent, unmasked
from carflow.fcs.source import fill

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import FileIO

_MOST_VALUES = 160_000
_MOST_EVENTS = 10_000
_FEWEST_EVENTS = 2_000
_BLOCKS = 16
_WIDTHS = {1: 1, 2: 2, 3: 8, 4: 4, 5: 8, 6: 8, 7: 8, 8: 8}  # bytes of a number in memory


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

    def scaled_rows(self, columns: Sequence[Column]) -> np.ndarray:
        """Return the scale values of k columns, rounded to 32 bits, (k, m)."""
        rows = np.empty((len(columns), self.size), dtype=np.float32)
        for row, column in zip(rows, columns, strict=True):
            is_plain = column.kind == "f" and fits_float32(column)
            row[:] = self.stored(column) if is_plain else self.scaled(column)
        return rows

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
    tables = _empty_tables(layout, len(starts) * length)
    pieces = list(_pieces(tables))
    # one block after the other: fresh memory costs more than all that is done with it
    block = np.empty(length * record, dtype=np.uint8)
    for turn, start in enumerate(starts):
        stream.seek(begin + start * record)
        fill(stream, block.data)
        for numbers, columns in pieces:
            here = slice(turn * length, (turn + 1) * length)
            numbers[:, here] = unmasked(block, layout, columns, length)
    return Sample(
        layout=layout,
        n_events=n_events,
        tables=tables,
        block_begins=tuple(turn * length for turn in range(len(starts))),
    )


def _pieces(tables: tuple[Table, ...]) -> Iterator[tuple[np.ndarray, list[Column]]]:
    """Yield columns that stand side by side, and their rows of the tables."""
    for table in tables:
        row = 0
        for columns in adjacent(table.columns):
            yield table.numbers[row : row + len(columns)], columns
            row += len(columns)


def _empty_tables(layout: Layout, events: int) -> tuple[Table, ...]:
    """Return room for the numbers of some events, the columns of one kind and width together."""
    alike: dict[tuple[str, int], list[Column]] = {}
    for column in layout.columns:
        alike.setdefault((column.kind, column.width), []).append(column)
    return tuple(
        Table(tuple(columns), np.empty((len(columns), events), dtype=f"{kind}{_WIDTHS[width]}"))
        for (kind, width), columns in alike.items()
    )
