"""Stored numbers to scale values: chunks read into one reused buffer, only the wanted columns.

Decision: no memory map. It is slower here than ``readinto`` of a reused buffer, and a file that
is cut short by somebody else meanwhile would kill the process instead of raising.
A counter of Time that begins again at 0 is continued here, because it needs the event before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carflow.fcs.codes import FcsCode, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import FileIO

    from carflow.fcs.layout import Column, Layout
    from carflow.fcs.parameters import Parameter

_NATIVE_WIDTHS = (1, 2, 4, 8)
# events scaled at a time: their bytes stay in the processor's cache while column after column
# is picked out of them
_BLOCK_BYTES = 1 << 18


def decode_columns(
    raw: np.ndarray, layout: Layout, columns: Sequence[Column], out: np.ndarray
) -> None:
    """Write the scale values of some columns of a block of records.

    Parameters
    ----------
    raw : (m * record_bytes,) array of uint8
        Whole records.
    layout : Layout
        How a record is stored.
    columns : sequence of Column
        The k columns wanted.
    out : (k, m) array of float64
        Receives the values.
    """
    with np.errstate(all="ignore"):  # not a number stays not a number, without a word here
        _decode(raw, layout, columns, out)


def _decode(raw: np.ndarray, layout: Layout, columns: Sequence[Column], out: np.ndarray) -> None:
    events = out.shape[1]
    step = max(1, _BLOCK_BYTES // layout.record_bytes)
    for start in range(0, events, step):
        stop = min(start + step, events)
        block = raw[start * layout.record_bytes : stop * layout.record_bytes]
        for row, column in enumerate(columns):
            out[row, start:stop] = _stored(block, layout, column, stop - start)
    for row, column in enumerate(columns):
        scale_in_place(out[row], column.parameter)


def _stored(block: np.ndarray, layout: Layout, column: Column, events: int) -> np.ndarray:
    """Return the (events,) stored numbers of one column, as a view where possible."""
    values = unmasked(block, layout, column, events)
    if column.mask is not None:
        values = values & values.dtype.type(column.mask)
    if column.high is None or column.period is None:
        return values
    high = _stored(block, layout, column.high, events)
    whole: np.ndarray = values + high * column.period
    return whole


def unmasked(block: np.ndarray, layout: Layout, column: Column, events: int) -> np.ndarray:
    """Return the (events,) numbers of one column with all their bits."""
    if column.width not in _NATIVE_WIDTHS or not events:
        return _odd_width(block, layout, column, events)
    order = "<" if layout.little_endian else ">"
    return np.ndarray(
        (events,),
        dtype=f"{order}{column.kind}{column.width}",
        buffer=block.data,
        offset=column.offset,
        strides=(layout.record_bytes,),
    )


def _odd_width(block: np.ndarray, layout: Layout, column: Column, events: int) -> np.ndarray:
    """Put integers of 3, 5, 6 or 7 bytes together."""
    records = block.reshape(events, layout.record_bytes)
    stored = records[:, column.offset : column.offset + column.width]
    values = np.zeros(events, dtype=np.uint64)
    places = range(column.width)
    for place in reversed(places) if layout.little_endian else places:
        values = (values << np.uint64(8)) | stored[:, place]
    return values


def scale_in_place(values: np.ndarray, parameter: Parameter) -> None:
    """Turn stored numbers of one channel into scale values.

    Examples
    --------
    >>> from carflow.fcs.parameters import Parameter
    >>> values = np.array([0.0, 512.0, 1024.0])
    >>> scale_in_place(values, Parameter(
    ...     number=1, name="FL1-H", marker="", bits=16, range_max=1024.0, decades=4.0))
    >>> values.tolist()
    [1.0, 100.0, 10000.0]
    """
    if parameter.decades:
        values *= parameter.decades
        values /= parameter.range_max
        np.power(10.0, values, out=values)
        values *= parameter.log_zero
    elif parameter.is_time:
        values *= parameter.timestep_s or 1.0
    elif parameter.gain != 1.0:
        values /= parameter.gain


def read_chunks(
    stream: FileIO, layout: Layout, columns: Sequence[Column], *, n_events: int, events: int
) -> Iterator[np.ndarray]:
    """Yield (k, m) arrays of scale values from a stream that stands at the first event.

    The arrays are C-contiguous float64; full chunks share one buffer, so a chunk that is kept
    must be copied.

    Raises
    ------
    FcsError
        FCS-CHANGED if the stream ends before the events do.
    """
    size = min(events, n_events)
    clocks = _clocks(columns)
    raw = np.empty(size * layout.record_bytes, dtype=np.uint8)
    out = np.empty((len(columns), size))
    for start in range(0, n_events, max(size, 1)):
        count = min(size, n_events - start)
        if count < size:
            out = np.empty((len(columns), count))
        part = raw[: count * layout.record_bytes]
        _fill(stream, part)
        decode_columns(part, layout, columns, out)
        for row, clock in clocks.items():
            clock.unwrap(out[row])
        yield out


def read_columns(
    stream: FileIO, layout: Layout, columns: Sequence[Column], out: np.ndarray, *, events: int
) -> None:
    """Write the scale values of whole columns, (k, n), from a stream at the first event.

    Raises
    ------
    FcsError
        FCS-CHANGED if the stream ends before the events do.
    """
    clocks = _clocks(columns)
    size = min(events, out.shape[1])
    raw = np.empty(size * layout.record_bytes, dtype=np.uint8)
    for start in range(0, out.shape[1], max(size, 1)):
        into = out[:, start : start + size]
        part = raw[: into.shape[1] * layout.record_bytes]
        _fill(stream, part)
        decode_columns(part, layout, columns, into)
        for row, clock in clocks.items():
            clock.unwrap(into[row])


def _clocks(columns: Sequence[Column]) -> dict[int, _Clock]:
    return {row: _Clock(column) for row, column in enumerate(columns) if _wraps(column)}


def _wraps(column: Column) -> bool:
    return column.period is not None and column.high is None


def wrapped(values: np.ndarray, before: float, period: float) -> np.ndarray:
    """Return where a counter began again: from its last tenth to its first tenth.

    Examples
    --------
    >>> wrapped(np.array([98.0, 3.0, 5.0]), 95.0, 100.0).tolist()
    [False, True, False]
    """
    previous = np.concatenate(([before], values[:-1]))
    fell: np.ndarray = (previous > 0.9 * period) & (values < 0.1 * period)
    return fell


class _Clock:
    """Continues a Time whose counter begins again at 0, from chunk to chunk."""

    def __init__(self, column: Column) -> None:
        self.period = (column.period or 0.0) * (column.parameter.timestep_s or 1.0)
        self.last = 0.0
        self.turns = 0

    def unwrap(self, values: np.ndarray) -> None:
        if not len(values):
            return
        turns = self.turns + np.cumsum(wrapped(values, self.last, self.period))
        self.last = float(values[-1])
        self.turns = int(turns[-1])
        values += turns * self.period


def _fill(stream: FileIO, part: np.ndarray) -> None:
    """Read exactly as many bytes as `part` holds."""
    view = part.data
    filled = 0
    while filled < len(view):
        count = stream.readinto(view[filled:])
        if not count:
            raise refusal(
                FcsCode.CHANGED,
                "the file became shorter while it was read: "
                f"{len(view) - filled} bytes are missing",
                "wait until it is written completely and run again",
            )
        filled += count
