"""Events of a file to scale values: blocks read into reused memory, only the wanted columns.

Decision: no memory map. It is slower here than ``readinto`` of a reused buffer, and a file that
is cut short by somebody else meanwhile would kill the process instead of raising.
A counter of Time that begins again at 0 is continued here, because it needs the event before.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from carflow.fcs.block import Block, Scaled
from carflow.fcs.records import Picker
from carflow.fcs.side_threads import MOST_THREADS, processors, side_by_side
from carflow.fcs.source import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from io import FileIO

    from numpy.typing import NDArray

    from carflow.fcs.block import Stored
    from carflow.fcs.layout import Column, Layout
    from carflow.fcs.parameters import Parameter

    Opened = Callable[[], AbstractContextManager[FileIO]]

# a file with fewer bytes of events is read before a second thread has begun
_WORTH_THREADS = 8 << 20
_SCALED_EVENTS = 32_768  # while their values are in the cache
_FLOAT32_BYTES, _MOST_WHOLE_FLOAT32 = 4, 2**24


def is_scaled(parameter: Parameter) -> bool:
    """Tell whether the scale values of a channel differ from the stored numbers.

    Examples
    --------
    >>> from carflow.fcs.parameters import Parameter
    >>> is_scaled(Parameter(number=1, name="FL1-A", marker="", bits=32, range_max=1024.0))
    False
    """
    if parameter.decades:
        return True
    return (parameter.timestep_s or 1.0) != 1.0 if parameter.is_time else parameter.gain != 1.0


def fits_float32(column: Column) -> bool:
    """Tell whether every scale value a channel can have is a number of 32 bits.

    Examples
    --------
    >>> from carflow.fcs.layout import Column
    >>> from carflow.fcs.parameters import Parameter
    >>> channel = Parameter(number=1, name="FL1-A", marker="", bits=32, range_max=2.0**18)
    >>> [fits_float32(Column(offset=0, width=4, kind="u", mask=mask, parameter=channel))
    ...  for mask in (2**18 - 1, None)]
    [True, False]
    """
    if is_scaled(column.parameter) or column.period is not None:
        return False
    if column.kind == "f":
        return column.width <= _FLOAT32_BYTES
    return (column.mask or 2 ** (8 * column.width) - 1) <= _MOST_WHOLE_FLOAT32


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
    picker = Picker(layout, columns, events=max(size, 1))
    out = np.empty((len(columns), size))
    for start in range(0, n_events, max(size, 1)):
        count = min(size, n_events - start)
        if count < size:
            out = np.empty((len(columns), count))
        _read(stream, picker, columns, out)
        for row, clock in clocks.items():
            clock.unwrap(out[row])
        yield out


def read_blocks(
    stream: FileIO, layout: Layout, columns: Mapping[str, Column], *, n_events: int, events: int
) -> Iterator[Block]:
    """Yield the events in blocks, from a stream that stands at the first event.

    Floats of 32 bits are not widened. The memory of a block is used again for the next one.

    Parameters
    ----------
    columns : mapping of str to Column
        The wanted columns by the name of their channel.

    Raises
    ------
    FcsError
        FCS-CHANGED if the stream ends before the events do.
    """
    if not _is_of_floats(layout):
        places = {name: place for place, name in enumerate(columns)}
        wanted = list(columns.values())
        chunks = read_chunks(stream, layout, wanted, n_events=n_events, events=events)
        yield from (Block(values, places) for values in chunks)
        return
    straight, scaled = _stored_and_scaled(layout, columns)
    clocks = {name: _Clock(column) for name, column in columns.items() if _wraps(column)}
    raw = np.empty((min(events, n_events), len(layout.columns)), dtype=np.float32)
    for start in range(0, n_events, max(len(raw), 1)):
        part = raw[: n_events - start]
        fill_records(stream, part, is_turned=layout.is_turned)
        others: dict[str, NDArray[np.float64] | Scaled] = dict(scaled)
        for name, clock in clocks.items():
            continued = scaled[name].made(part[:, scaled[name].place])
            clock.unwrap(continued)
            others[name] = continued
        yield Block(part.T, straight, others)


def record_block(layout: Layout, columns: Mapping[str, Column]) -> Block | None:
    """Return a block of no events, whose `of_records` makes blocks of records of floats.

    None where they are no floats of 32 bits, or where a clock is continued from event to event.

    Parameters
    ----------
    columns : mapping of str to Column
        The wanted columns by the name of their channel.
    """
    if not _is_of_floats(layout) or any(map(_wraps, columns.values())):
        return None
    none = np.empty((0, len(layout.columns)), dtype=np.float32)
    return Block(none.T, *_stored_and_scaled(layout, columns))


def fill_records(stream: FileIO, into: NDArray[np.float32], *, is_turned: bool) -> None:
    """Read the next records of floats of 32 bits, as many as there is room for, (m, c)."""
    fill(stream, into.reshape(-1).view(np.uint8).data)
    if is_turned:
        into.byteswap(inplace=True)


def _is_of_floats(layout: Layout) -> bool:
    return all((column.kind, column.width) == ("f", 4) for column in layout.columns)


def _stored_and_scaled(
    layout: Layout, columns: Mapping[str, Column]
) -> tuple[dict[str, int], dict[str, Scaled]]:
    """Return where in a record of floats channels stand: those used as stored, and all others."""
    places = {name: _place(layout, column) for name, column in columns.items()}
    scaled = {
        name: _scaled(places[name], column.parameter)
        for name, column in columns.items()
        if is_scaled(column.parameter) or _wraps(column)
    }
    straight = {name: place for name, place in places.items() if name not in scaled}
    return straight, scaled


def _scaled(place: int, parameter: Parameter) -> Scaled:
    """Return how the scale values of a channel of 32-bit floats are made."""

    def made(stored: Stored) -> NDArray[np.float64]:
        values = stored.astype(np.float64)
        with np.errstate(all="ignore"):  # not a number stays not a number, without a word here
            scale_in_place(values, parameter)
        return values

    factor = (parameter.timestep_s or 1.0) if parameter.is_time else 1.0 / parameter.gain
    return Scaled(place=place, factor=factor, made=made)


def _place(layout: Layout, column: Column) -> int:
    return next(place for place, own in enumerate(layout.columns) if own is column)


def read_columns(
    opened: Opened, layout: Layout, columns: Sequence[Column], out: np.ndarray, *, begin: int
) -> None:
    """Write the scale values of whole columns of a file to a (k, n) array.

    A large file is read by several threads, each a part of its events.

    Parameters
    ----------
    opened : callable
        Opens the file; every thread has a stream of its own.
    layout : Layout
        How a record is stored.
    columns : sequence of Column
        The k columns wanted.
    out : (k, n) array of float64, or float32 where it fits
        Receives the values of all n events.
    begin : int
        Where the first event stands in the file [bytes].

    Raises
    ------
    FcsError
        FCS-CHANGED if the file ends before the events do.
    """

    def read_part(part: slice) -> None:
        with opened() as stream:
            stream.seek(begin + part.start * layout.record_bytes)
            picker = Picker(layout, columns, events=max(part.stop - part.start, 1))
            _read(stream, picker, columns, out[:, part])

    side_by_side([partial(read_part, part) for part in _parts(out.shape[1], layout.record_bytes)])
    for row, clock in _clocks(columns).items():
        clock.unwrap(out[row])


def _parts(n_events: int, record_bytes: int) -> list[slice]:
    """Return the events of each thread."""
    count = min(MOST_THREADS, processors(), max(1, n_events * record_bytes // _WORTH_THREADS))
    ends = [n_events * turn // count for turn in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(ends)]


def _read(stream: FileIO, picker: Picker, columns: Sequence[Column], out: np.ndarray) -> None:
    """Write the scale values of the next events of a stream to a (k, m) array."""
    scaled = [(row, one.parameter) for row, one in enumerate(columns) if is_scaled(one.parameter)]
    with np.errstate(all="ignore"):  # not a number stays not a number, without a word here
        for start in range(0, out.shape[1], _SCALED_EVENTS):
            block = out[:, start : start + _SCALED_EVENTS]
            picker.read(stream, block)
            for row, parameter in scaled:
                scale_in_place(block[row], parameter)


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
