"""Stored numbers of the wanted columns, picked out of blocks of whole records.

Here records are read and cut into numbers; nothing is scaled, and no file is opened.

Why the bits are copied first: the columns of a record lie far apart in memory, and picking them
is what costs time. Side by side they are masked, turned into the byte order of the machine and
widened to float64 while they are in the cache. All columns go in one call of numpy, because
threads wait for each other between calls. Where there is compiled code, it does all of it in one
pass, in registers, and reads the file, a few hundred records at a time: what was read lies in a
cache that holds no more.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carflow.compiled.loading import address, library
from carflow.fcs.source import fill

if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import FileIO

    from carflow.fcs.layout import Column, Layout

_NATIVE_WIDTHS = (1, 2, 4, 8)
# the bytes of a block and the numbers picked out of it stay in the processor's cache together
_BLOCK_BYTES, _COMPILED_BLOCK_BYTES = 3 << 18, 1 << 17
_WINDOW_BYTES = 16  # of a record, from which several columns are taken at once
_WINDOW = np.dtype(
    [("offset", "i8"), ("width", "i4"), ("is_alone", "i4"), ("first", "i4"), ("count", "i4")]
)
_MEMBER = np.dtype(
    [("place", "i4"), ("row", "i4"), ("mask", "u8"), ("is_float", "i4"), ("is_turned", "i4")]
)


class Picker:
    """Picks columns out of blocks of records, in memory of its own that is used again.

    Parameters
    ----------
    layout : Layout
        How a record is stored.
    columns : sequence of Column
        The k columns wanted.
    events : int
        How many records are read at a time at most; `events` of the picker is how many are.

    Examples
    --------
    >>> from carflow.fcs.layout import Column, Layout
    >>> from carflow.fcs.parameters import Parameter
    >>> channel = Parameter(number=1, name="FL1-A", marker="", bits=8, range_max=256.0)
    >>> columns = tuple(
    ...     Column(offset=place, width=1, kind="u", mask=None, parameter=channel)
    ...     for place in range(2))
    >>> picker = Picker(
    ...     Layout(record_bytes=2, little_endian=True, columns=columns), [columns[1]], events=3)
    >>> picker.buffer[:] = bytes([1, 2, 3, 4, 5, 6])
    >>> values = np.empty((1, 3))
    >>> picker.pick(values)
    >>> values.tolist()
    [[2.0, 4.0, 6.0]]
    """

    def __init__(self, layout: Layout, columns: Sequence[Column], *, events: int) -> None:
        self.layout = layout
        self._columns = tuple(columns)
        self._compiled = _Compiled.of(layout, columns)
        self._others = [row for row, one in enumerate(columns) if not _is_plain(one, layout)]
        self._reads_itself = self._compiled is not None and not self._others
        most = _COMPILED_BLOCK_BYTES if self._reads_itself else _BLOCK_BYTES
        self.events = max(1, min(events, most // layout.record_bytes))
        self._raw = np.empty(self.events * layout.record_bytes, dtype=np.uint8)
        alike: dict[str, list[int]] = {}
        for row, column in enumerate(columns):
            if _is_plain(column, layout):
                alike.setdefault(_dtype(layout, column), []).append(row)
        self._alike = [self._together(rows, dtype) for dtype, rows in alike.items()]

    @property
    def buffer(self) -> memoryview:
        """Where the bytes of up to `events` records are put before they are picked."""
        return self._raw.data

    def read(self, stream: FileIO, out: np.ndarray) -> None:
        """Write the stored numbers of the next records of a stream to a (k, m) array.

        Raises
        ------
        FcsError
            FCS-CHANGED if it ends before they do.
        """
        done = 0
        if self._compiled is not None and self._reads_itself and _has_long_rows(out):
            done = self._compiled.read(stream, self._raw, out)
        for start in range(done, out.shape[1], self.events):
            part = out[:, start : start + self.events]
            fill(stream, self.buffer[: part.shape[1] * self.layout.record_bytes])
            self.pick(part)

    def pick(self, out: np.ndarray) -> None:
        """Write the stored numbers of the first records in the buffer to a (k, m) array."""
        events = out.shape[1]
        if self._compiled is not None and _has_long_rows(out):
            self._compiled.pick(self._raw, out)
        else:
            for alike in self._alike:
                alike.pick(out)
        block = self._raw[: events * self.layout.record_bytes]
        for row in self._others:
            out[row] = _stored(block, self.layout, self._columns[row], events)

    def _together(self, rows: list[int], dtype: str) -> _Alike:
        columns = [self._columns[row] for row in rows]
        width = columns[0].width
        return _Alike(
            rows=rows,
            records=self._raw.view(f"u{width}").reshape(self.events, -1),
            places=[column.offset // width for column in columns],
            masks=_masks(columns, dtype),
            dtype=np.dtype(dtype),
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Alike:
    """Columns of one width, kind and byte order.

    `records` is the buffer as a table of their bits, `places` where they stand in it, `masks`
    (g, 1) the bits that belong to a value, None where all do, `dtype` what the bits mean.
    """

    rows: list[int]
    records: np.ndarray
    places: list[int]
    masks: np.ndarray | None
    dtype: np.dtype[np.generic]

    def pick(self, out: np.ndarray) -> None:
        """Write the stored numbers of the first records in the buffer to their rows of `out`."""
        bits = self.records[: out.shape[1], self.places].T
        if self.masks is not None:
            bits &= self.masks
        if len(bits) == len(out):  # all rows in their order, which is written without a look-up
            out[...] = bits.view(self.dtype)
        else:
            out[self.rows] = bits.view(self.dtype)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Compiled:
    """The plain columns as `carflow/compiled/pick.c` knows them."""

    library: ctypes.CDLL
    record_bytes: int
    windows: np.ndarray
    members: np.ndarray

    @classmethod
    def of(cls, layout: Layout, columns: Sequence[Column]) -> _Compiled | None:
        """Return the columns that are plain, grouped by where they stand; None without it."""
        compiled = library()
        if compiled is None:
            return None
        windows: dict[tuple[int, int, bool], list[int]] = {}
        for row, column in enumerate(columns):
            if _is_plain(column, layout):
                windows.setdefault(_window(column, layout.record_bytes), []).append(row)
        table: list[tuple[int, int, bool, int, int]] = []
        members: list[tuple[int, int, int, bool, bool]] = []
        for (offset, width, is_alone), rows in windows.items():
            table.append((offset, width, is_alone, len(members), len(rows)))
            for row in rows:
                one = columns[row]
                mask = 2 ** (8 * width) - 1 if one.mask is None else one.mask
                place = (one.offset - offset) // width
                members.append((place, row, mask, one.kind == "f", layout.is_turned))
        return cls(
            library=compiled,
            record_bytes=layout.record_bytes,
            windows=np.array(table, dtype=_WINDOW),
            members=np.array(members, dtype=_MEMBER),
        )

    def pick(self, records: np.ndarray, out: np.ndarray) -> None:
        """Write the stored numbers of the first records to a (k, m) array of long rows."""
        self.library.pick(
            address(records),
            ctypes.c_int64(self.record_bytes),
            ctypes.c_int64(out.shape[1]),
            *self._tables(),
            *_rows(out),
        )

    def read(self, stream: FileIO, buffer: np.ndarray, out: np.ndarray) -> int:
        """Do so with the next records of a stream, as far as they can be read; return how far.

        The stream stands behind them then. The buffer holds what is read at a time.
        """
        begin = stream.tell()
        n_read: int = self.library.pick_read(
            ctypes.c_int32(stream.fileno()),
            ctypes.c_int64(begin),
            address(buffer),
            ctypes.c_int64(len(buffer) // self.record_bytes),
            ctypes.c_int64(self.record_bytes),
            ctypes.c_int64(out.shape[1]),
            *self._tables(),
            *_rows(out),
        )
        stream.seek(begin + n_read * self.record_bytes)
        return n_read

    def _tables(self) -> tuple[ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]:
        windows = ctypes.c_int64(len(self.windows))
        return address(self.windows), windows, address(self.members)


def _has_long_rows(out: np.ndarray) -> bool:
    """Tell whether the values of a row lie side by side."""
    return out.strides[1] == out.itemsize


def _rows(out: np.ndarray) -> tuple[ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]:
    """Return where rows begin, how many values apart, and the size of one [bytes]."""
    stride = ctypes.c_int64(out.strides[0] // out.itemsize)
    return address(out), stride, ctypes.c_int64(out.itemsize)


def _window(column: Column, record_bytes: int) -> tuple[int, int, bool]:
    """Return where the window of a column begins, its width, and whether it stands alone there."""
    begin = min(column.offset - column.offset % _WINDOW_BYTES, record_bytes - _WINDOW_BYTES)
    is_alone = begin < 0 or (column.offset - begin) % column.width != 0
    return (column.offset if is_alone else begin), column.width, is_alone


def _is_plain(column: Column, layout: Layout) -> bool:
    """Whether the record is a row of numbers of this width, and one of them is the value."""
    return (
        column.width in _NATIVE_WIDTHS
        and column.high is None
        and not column.offset % column.width
        and not layout.record_bytes % column.width
    )


def _dtype(layout: Layout, column: Column) -> str:
    return f"{'<' if layout.little_endian else '>'}{column.kind}{column.width}"


def _masks(columns: list[Column], dtype: str) -> np.ndarray | None:
    """Return the masks in the byte order of the file, so that bits are cut before they turn."""
    if all(column.mask is None for column in columns):
        return None
    width = np.dtype(dtype).itemsize
    every = 2 ** (8 * width) - 1
    masks = [[every if column.mask is None else column.mask] for column in columns]
    return np.array(masks, dtype=dtype).view(f"u{width}")


def _stored(block: np.ndarray, layout: Layout, column: Column, events: int) -> np.ndarray:
    """Return the (events,) numbers of a column that is put together from pieces."""
    values: np.ndarray = unmasked(block, layout, [column], events)[0]
    if column.mask is not None:
        values = values & values.dtype.type(column.mask)
    if column.high is None or column.period is None:
        return values
    high = _stored(block, layout, column.high, events)
    whole: np.ndarray = values + high * column.period
    return whole


def unmasked(
    block: np.ndarray, layout: Layout, columns: Sequence[Column], events: int
) -> np.ndarray:
    """Return the numbers of neighbours with all their bits, (k, events), as a view where possible.

    Parameters
    ----------
    block : (b,) array of uint8
        The bytes of the records.
    columns : sequence of Column
        k columns of one kind and width that stand side by side; see `adjacent`.
    """
    first = columns[0]
    if first.width in _NATIVE_WIDTHS and events:
        numbers: np.ndarray = np.ndarray(
            (len(columns), events),
            dtype=_dtype(layout, first),
            buffer=block.data,
            offset=first.offset,
            strides=(first.width, layout.record_bytes),
        )
    else:
        numbers = np.stack([_odd_width(block, layout, column, events) for column in columns])
    return numbers


def adjacent(columns: Sequence[Column]) -> list[list[Column]]:
    """Return columns in groups of one kind and width that stand side by side in a record."""
    groups: list[list[Column]] = []
    for column in columns:
        last = groups[-1][-1] if groups else column
        is_next = column.offset == last.offset + last.width
        if is_next and (column.kind, column.width) == (last.kind, last.width):
            groups[-1].append(column)
        else:
            groups.append([column])
    return groups


def _odd_width(block: np.ndarray, layout: Layout, column: Column, events: int) -> np.ndarray:
    """Put integers of 3, 5, 6 or 7 bytes together."""
    records = block.reshape(events, layout.record_bytes)
    stored = records[:, column.offset : column.offset + column.width]
    values = np.zeros(events, dtype=np.uint64)
    places = range(column.width)
    for place in reversed(places) if layout.little_endian else places:
        values = (values << np.uint64(8)) | stored[:, place]
    return values
