"""The events of one population in one chunk: a view that takes or computes columns on demand.

A column is computed at most once for each event: it is looked up in the ancestors before it
is compensated or scaled, and computed only for the events that are still here.

Decision: where a column is computed for several siblings, it is computed once for an ancestor
that is not much larger; each sibling then picks its events out of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from carflow.gating.scales import clipped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from carflow.gating.scales import Scale, Values
    from carflow.gating.shapes import Membership
    from carflow.gating.sources import Source
    from carflow.gating.strategy import Ratio

_Key = tuple["Source | str", "Scale | None"]

_WORTH_SHARING = 1.5  # times as many events as here
_WIDE = 64  # events; see `Rows._weighted`


class Rows:
    """Some events of a chunk, in their order.

    Parameters
    ----------
    block : (c, m) array
        The columns of the whole chunk; never written to.
    places : mapping of str to int
        Which column is which channel.
    numbers : (k,) array of int, optional
        Which events of the chunk these are; None for all.
    """

    __slots__ = (
        "_block",
        "_chunk_events",
        "_columns",
        "_members",
        "_parent",
        "_places",
        "_stacks",
        "_where",
        "numbers",
    )

    def __init__(
        self,
        block: Values,
        places: Mapping[str, int],
        *,
        numbers: NDArray[np.intp] | None = None,
    ) -> None:
        self._block = block
        self._places = places
        self._chunk_events = block.shape[1]
        self.numbers = numbers
        self._members: Membership | None = None
        self._parent: Self | None = None
        self._where: NDArray[np.intp] | None = None
        self._columns: dict[_Key, Values] = {}
        self._stacks: dict[tuple[str, ...], Values] = {}

    def __len__(self) -> int:
        return self._chunk_events if self.numbers is None else len(self.numbers)

    @property
    def members(self) -> Membership:
        """Tell for each event of the chunk whether it is one of these, (m,)."""
        if self._members is None:
            everything = self.numbers is None
            self._members = np.full(self._chunk_events, everything, dtype=np.bool_)
            if not everything:
                self._members[self.numbers] = True
        return self._members

    def spread(self, inside: Membership | None) -> Membership:
        """Tell for each event of the chunk whether it is one of these and `inside` (k,), (m,)."""
        if inside is None:
            return self.members
        if self.numbers is None:
            return inside
        members = np.zeros(self._chunk_events, dtype=np.bool_)
        members[self.numbers] = inside
        return members

    def narrowed(self, inside: Membership) -> Self:
        """Return the events for which `inside` (k,) is true; all of them: the same view."""
        where = np.flatnonzero(inside)
        if len(where) == len(self):
            return self
        numbers = where if self.numbers is None else self.numbers[where]
        child = type(self)(self._block, self._places, numbers=numbers)
        child._parent, child._where = self, where
        return child

    def raw(self, channel: str) -> Values:
        """Return the values of a channel as acquired, (k,); never write to them."""
        column: Values = self._block[self._places[channel]]
        if self.numbers is None:
            return column
        if (channel, None) not in self._columns:
            self._columns[channel, None] = column[self.numbers]
        return self._columns[channel, None]

    def linear(self, source: Source) -> Values:
        """Return linear values, compensated where the source says so, (k,)."""
        if not source.weights and source.ratio is None:
            return self.raw(source.channel)
        found = self._known((source, None))
        if found is not None:
            return found
        if self._parent is not None and len(self._parent) <= _WORTH_SHARING * len(self):
            column = self._parent.linear(source)[self._where]
        else:
            column = self._made(source)
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

    def _made(self, source: Source) -> Values:
        column = self._weighted(source)
        if source.ratio is None or source.over is None:
            return column
        over = source.over
        below = self.linear(over)
        return _quotient(source.ratio, column, below)

    def _weighted(self, source: Source) -> Values:
        """Return the sum of detectors in the order of the matrix: the same bits for any rows."""
        if not source.weights:
            return self.raw(source.channel)
        detectors, weights = zip(*source.weights, strict=True)
        stack = self._stack(detectors)
        events = stack.shape[1]
        if events < _WIDE:
            # of fewer columns than weights, numpy would add up in another order
            stack = np.pad(stack, ((0, 0), (0, _WIDE - events)))
        total: Values = np.einsum("d,de->e", np.array(weights), stack)
        return total[:events]

    def _stack(self, detectors: tuple[str, ...]) -> Values:
        """Return the values of some channels as acquired, (d, k)."""
        if detectors not in self._stacks:
            places = [self._places[one] for one in detectors]
            first, last = places[0], places[-1]
            if places == list(range(first, last + 1)):
                stack = self._block[first : last + 1]
            else:
                stack = self._block[places]
            self._stacks[detectors] = (
                stack if self.numbers is None else stack.take(self.numbers, axis=1)
            )
        return self._stacks[detectors]

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


def _quotient(ratio: Ratio, above: Values, below: Values) -> Values:
    """Return ``a (x - b) / (y - c)``; above every number where only the divisor is 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        quotient = ratio.a * ((above - ratio.b) / (below - ratio.c))
    return np.clip(clipped(quotient), ratio.low, ratio.high)
