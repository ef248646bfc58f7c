"""The events of one population in one chunk: a view that takes or computes columns on demand.

A column is computed at most once for each event: it is looked up in the ancestors before it
is compensated or scaled, and computed only for the events that are still here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from carflow.gating.compensation import Compensation
    from carflow.gating.plan import Source
    from carflow.gating.scales import Scale, Values
    from carflow.gating.shapes import Membership

_Key = tuple["Source", "Scale | None"]


class Rows:
    """Some events of a chunk, in their order.

    Parameters
    ----------
    raw : mapping of str to (m,) array
        The columns of the whole chunk; never written to.
    compensation : Compensation
        How compensated columns are made.
    numbers : (k,) array of int, optional
        Which events of the chunk these are; None for all.
    """

    __slots__ = ("_columns", "_compensation", "_length", "_parent", "_raw", "_where", "numbers")

    def __init__(
        self,
        raw: Mapping[str, Values],
        compensation: Compensation,
        *,
        length: int,
        numbers: NDArray[np.intp] | None = None,
    ) -> None:
        self._raw = raw
        self._compensation = compensation
        self._length = length
        self.numbers = numbers
        self._parent: Self | None = None
        self._where: NDArray[np.intp] | None = None
        self._columns: dict[_Key, Values] = {}

    def __len__(self) -> int:
        return self._length

    def narrowed(self, inside: Membership) -> Self:
        """Return the events for which `inside` (k,) is true."""
        where = np.flatnonzero(inside)
        numbers = where if self.numbers is None else self.numbers[where]
        child = type(self)(self._raw, self._compensation, length=len(where), numbers=numbers)
        child._parent, child._where = self, where
        return child

    def raw(self, channel: str) -> Values:
        """Return the values of a channel as acquired, (k,)."""
        column = self._raw[channel]
        return column if self.numbers is None else column[self.numbers]

    def linear(self, source: Source) -> Values:
        """Return linear values, compensated where the source says so, (k,)."""
        found = self._known((source, None))
        if found is not None:
            return found
        if source.compensated:
            column = self._compensation.column(source.channel, self.raw)
        else:
            column = self.raw(source.channel)
        self._columns[source, None] = column
        return column

    def scaled(self, source: Source, scale: Scale) -> Values:
        """Return scale coordinates, (k,)."""
        if scale.kind == "identity":
            return self.linear(source)
        found = self._known((source, scale))
        if found is not None:
            return found
        column = scale.forward(self.linear(source))
        self._columns[source, scale] = column
        return column

    def _known(self, key: _Key) -> Values | None:
        """Return a column that this view or an ancestor has computed."""
        if key in self._columns:
            return self._columns[key]
        if self._parent is None:
            return None
        above = self._parent._known(key)
        if above is None:
            return None
        self._columns[key] = above[self._where]
        return self._columns[key]
