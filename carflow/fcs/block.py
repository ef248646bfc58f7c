"""`Block`: some neighbouring events of a tube in memory, column by column, as scale values.

Nothing is computed from values here but their extremes; no file is opened.

Decision: values of 32 bits stay values of 32 bits. Most files hold such floats, widening them
costs more than every comparison that follows, and a comparison needs no more digits than the
file has. Whoever computes with them widens what it needs. For the same reason a channel with a
scale of its own is scaled when somebody asks for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Stored = NDArray[np.float32] | NDArray[np.float64]

_TOGETHER = 64  # events; extremes of neighbours are found first, in long rows


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scaled:
    """A channel whose scale values are made of a column of the table.

    Parameters
    ----------
    place : int
        Which row of the table.
    factor : float
        The scale values are the stored numbers times this, but for rounding.
    made : callable
        Returns the (m,) scale values of (m,) stored numbers, which it does not write to.
    """

    place: int
    factor: float
    made: Callable[[Stored], NDArray[np.float64]]


class Block:
    """Some events in the order of the file.

    Parameters
    ----------
    table : (c, m) array of float32 or float64
        Columns of m events; never written to.
    places : mapping of str to int
        Which row of the table is which channel.
    scaled : mapping of str to (m,) array of float64, or `Scaled`, optional
        Channels whose scale values are not in the table.

    Examples
    --------
    >>> block = Block(np.array([[1.0, 2.0], [30.0, 40.0]]), {"FL1-A": 0, "FL2-A": 1})
    >>> block.n_events, block.column("FL2-A").tolist(), block.extremes("FL2-A")
    (2, [30.0, 40.0], (30.0, 40.0))
    """

    __slots__ = ("_columns", "_extremes", "_places", "_scaled", "_table", "n_columns", "n_events")

    def __init__(
        self,
        table: Stored,
        places: Mapping[str, int],
        scaled: Mapping[str, NDArray[np.float64] | Scaled] | None = None,
    ) -> None:
        self.n_columns, self.n_events = table.shape
        self._table = table
        self._places = places
        self._columns: dict[str, Stored] = {}
        self._scaled: dict[str, Scaled] = {}
        for channel, one in (scaled or {}).items():
            if isinstance(one, Scaled):
                self._scaled[channel] = one
            else:
                self._columns[channel] = one
        self._extremes: list[tuple[float, float]] | None = None

    def column(self, channel: str) -> Stored:
        """Return the scale values of a channel, (m,), side by side in memory; never write them."""
        found = self._columns.get(channel)
        if found is None:
            found = self._columns[channel] = self._made(channel)
        return found

    def _made(self, channel: str) -> Stored:
        scaled = self._scaled.get(channel)
        if scaled is None:
            return np.ascontiguousarray(self._table[self._places[channel]])
        return scaled.made(self._table[scaled.place])

    @property
    def records(self) -> NDArray[np.float32] | None:
        """The table as the file holds it, (m, c) numbers of 32 bits; None if it is another."""
        events = self._table.T
        if events.dtype != np.float32 or not (events.flags.c_contiguous and events.flags.aligned):
            return None
        return np.asarray(events, dtype=np.float32)

    def stored(self, channel: str) -> tuple[int, float] | None:
        """Return which row of the table times which factor a channel is, but for rounding.

        None for a channel that is not made of the table; a factor of 1 means the same numbers.
        """
        scaled = self._scaled.get(channel)
        if scaled is not None:
            return scaled.place, scaled.factor
        place = self._places.get(channel)
        return None if place is None else (place, 1.0)

    def of_records(self, records: NDArray[np.float32]) -> Self:
        """Return a block of other events with the same columns.

        Parameters
        ----------
        records : (k, c) array of float32
            Their numbers, laid out as `records` of this block.
        """
        return type(self)(records.T, self._places, self._scaled)

    def rows(self, channels: Sequence[str], numbers: NDArray[np.intp] | None) -> Stored:
        """Return some events as rows, (k, d): the values of d channels as the table holds them.

        Parameters
        ----------
        channels : sequence of str
            Channels of the table.
        numbers : (k,) array of int, optional
            Which events; None for all.
        """
        places = [self._places.get(channel, -1) for channel in channels]
        events = self._table.T
        if not events.flags.c_contiguous or min(places, default=0) < 0:
            return self._stacked(channels, numbers).T
        if numbers is not None:
            events = events.take(numbers, axis=0)
        first, last = places[0], places[-1]
        if places == list(range(first, last + 1)):
            return events[:, first : last + 1]
        return events[:, places]

    def _stacked(self, channels: Sequence[str], numbers: NDArray[np.intp] | None) -> Stored:
        columns = [self.column(channel) for channel in channels]
        if numbers is not None:
            columns = [column.take(numbers) for column in columns]
        stacked: NDArray[np.float64] = np.array(columns, dtype=np.float64)
        return stacked

    def extremes(self, channel: str) -> tuple[float, float]:
        """Return the lowest and the highest value of a channel; not a number if one is not."""
        if channel not in self._places:
            column = self.column(channel)
            with np.errstate(invalid="ignore"):
                return float(column.min()), float(column.max())
        if self._extremes is None:
            low, high = _extremes(self._table)
            self._extremes = list(zip(low.tolist(), high.tolist(), strict=True))
        return self._extremes[self._places[channel]]

    def is_finite(self, channel: str) -> bool:
        """Tell whether all values of a channel are numbers."""
        low, high = self.extremes(channel)
        return math.isfinite(low) and math.isfinite(high)


def _extremes(table: Stored) -> tuple[Stored, Stored]:
    """Return the lowest and highest value of each row of a table that has columns, (c,)."""
    events = table.T
    with np.errstate(invalid="ignore"):
        if not events.flags.c_contiguous or len(events) < _TOGETHER:
            return table.min(axis=1), table.max(axis=1)
        whole = len(events) - len(events) % _TOGETHER
        # one reduction over long rows of neighbours, then one over what is left
        long = events[:whole].reshape(-1, _TOGETHER * events.shape[1])
        rest = events[whole:].reshape(-1)
        low = np.concatenate((long.min(axis=0), rest)).reshape(-1, events.shape[1])
        high = np.concatenate((long.max(axis=0), rest)).reshape(-1, events.shape[1])
        return low.min(axis=0), high.max(axis=0)
