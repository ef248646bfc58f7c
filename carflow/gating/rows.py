"""The events of one population in one block: a view that takes or computes columns on demand.

A column is computed at most once for each event: it is looked up in the ancestors before it
is compensated, and computed only for the events that are still here.

Decisions
---------
* Gates decide on `Near` values: as stored, or compensated by one product in 32 bits for all dyes
  at once, whose error has a bound. Only events within that error of a bound are computed exactly.
  The product's last bits differ between processors; a membership does not.
* Exact values are sums of detectors in the order of the matrix, in 64 bits; see `compensation`.
* Where a column is computed for several siblings, it is computed once for an ancestor that is
  not much larger; each sibling then picks its events out of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from carflow.gating.near import Near, near
from carflow.gating.scales import clipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from carflow.fcs.block import Block, Stored
    from carflow.gating.bounds import Bound
    from carflow.gating.dyes import Dyes, Product
    from carflow.gating.scales import Values
    from carflow.gating.shapes import Membership
    from carflow.gating.sources import Source
    from carflow.gating.strategy import Ratio

    _Exact = Callable[[NDArray[np.intp]], Values]

_WORTH_SHARING = 1.5  # times as many events as here
_NOWHERE = np.empty(0, dtype=np.intp)
_WIDE = 64  # events; see `_sum`


class Rows:
    """Some events of a block, in their order.

    Parameters
    ----------
    block : Block
        The events in memory.
    dyes : Dyes
        How all dyes of the gates are compensated in one product.
    numbers : (k,) array of int, optional
        Which events of the block these are; None for all.
    """

    __slots__ = (
        "_answers",
        "_block",
        "_columns",
        "_dyes",
        "_members",
        "_near",
        "_parent",
        "_product",
        "_stacks",
        "_where",
        "numbers",
    )

    def __init__(
        self, block: Block, dyes: Dyes, *, numbers: NDArray[np.intp] | None = None
    ) -> None:
        self._block = block
        self._dyes = dyes
        self.numbers = numbers
        self._members: Membership | None = None
        self._parent: Self | None = None
        self._where = _NOWHERE  # in the parent
        self._columns: dict[Source, Values] = {}
        self._near: dict[Source, Near] = {}
        self._product: Product | None = None
        self._answers: dict[tuple[Source, Bound], Membership] = {}
        self._stacks: dict[tuple[str, ...], Values] = {}

    def __len__(self) -> int:
        return self._block.n_events if self.numbers is None else len(self.numbers)

    @property
    def members(self) -> Membership:
        """Tell for each event of the block whether it is one of these, (m,)."""
        if self._members is None:
            everything = self.numbers is None
            self._members = np.full(self._block.n_events, everything, dtype=np.bool_)
            if not everything:
                self._members[self.numbers] = True
        return self._members

    def spread(self, inside: Membership | None) -> Membership:
        """Tell for each event of the block whether it is one of these and `inside` (k,), (m,)."""
        if inside is None:
            return self.members
        if self.numbers is None:
            return inside
        members = np.zeros(self._block.n_events, dtype=np.bool_)
        members[self.numbers] = inside
        return members

    def narrowed(self, inside: Membership) -> Self:
        """Return the events for which `inside` (k,) is true; all of them: the same view."""
        where = np.flatnonzero(inside)
        if len(where) == len(self):
            return self
        numbers = where if self.numbers is None else self.numbers.take(where)
        child = type(self)(self._block, self._dyes, numbers=numbers)
        child._parent, child._where = self, where
        return child

    def reached(self, source: Source, bound: Bound) -> Membership:
        """Tell for each event whether it reaches a bound, (k,); shared, so never write to it."""
        key = source, bound
        found = self._answers.get(key)
        if found is None:
            found = self._answer_above(key)
            if found is None:
                found = bound.reached(self.near(source))
            self._answers[key] = found
        return found

    def near(self, source: Source) -> Near:
        """Return linear values that gates may decide on, (k,)."""
        found = self._near.get(source)
        if found is None:
            found = self._near[source] = self._made_near(source)
        return found

    def raw(self, channel: str) -> Stored:
        """Return the values of a channel as acquired, (k,); never write to them."""
        column = self._block.column(channel)
        return column if self.numbers is None else column.take(self.numbers)

    def linear(self, source: Source) -> Values:
        """Return exact linear values, compensated where the source says so, (k,) of float64."""
        found = self._known(source)
        if found is not None:
            return found
        if self._parent is not None and len(self._parent) <= _WORTH_SHARING * len(self):
            column = self._parent.linear(source).take(self._where)
        else:
            column = self._made(source)
        self._columns[source] = column
        return column

    def _answer_above(self, key: tuple[Source, Bound]) -> Membership | None:
        if self._parent is None:
            return None
        above = self._parent._answers.get(key)
        return None if above is None else above.take(self._where)

    def _made_near(self, source: Source) -> Near:
        if source in self._dyes:
            found = self._compensated(source)
            if np.isfinite(found.slack):
                return found
        elif not source.weights and source.ratio is None:
            return near(self.raw(source.channel))
        return near(self.linear(source))

    def _compensated(self, source: Source) -> Near:
        """Return a dye, nearly, out of the product made for these events or for an ancestor."""
        if self._parent is not None and self._parent._has_product:
            above = self._parent.near(source)
            return Near(above.values.take(self._where), self._exactly(source), above.slack)
        if self._product is None:
            self._product = self._dyes.compensated(self._block, self.numbers)
        dyes = self._product
        return Near(dyes.values[source], self._exactly(source), dyes.slacks[source])

    @property
    def _has_product(self) -> bool:
        if self._product is not None:
            return True
        return self._parent is not None and self._parent._has_product

    def _exactly(self, source: Source) -> _Exact:
        """Return what computes a dye exactly; it does not refer to these rows, which would stay."""
        block, dyes, own = self._block, self._dyes, self.numbers

        def exact(places: NDArray[np.intp]) -> Values:
            numbers = places if own is None else own.take(places)
            return Rows(block, dyes, numbers=numbers).linear(source)

        return exact

    def _made(self, source: Source) -> Values:
        column = self._weighted(source)
        if source.ratio is None or source.over is None:
            return column
        over = source.over
        below = self.linear(over)
        return _quotient(source.ratio, column, below)

    def _weighted(self, source: Source) -> Values:
        if not source.weights:
            return np.asarray(self.raw(source.channel), dtype=np.float64)
        detectors, weights = zip(*source.weights, strict=True)
        return _sum(np.array(weights), self._stack(detectors))

    def _stack(self, detectors: tuple[str, ...]) -> Values:
        """Return the values of some channels as acquired, (d, k) of float64."""
        if detectors not in self._stacks:
            rows = self._block.rows(detectors, self.numbers)
            self._stacks[detectors] = np.ascontiguousarray(rows.T, dtype=np.float64)
        return self._stacks[detectors]

    def _known(self, source: Source) -> Values | None:
        """Return a column that this view or an ancestor has computed."""
        if source in self._columns:
            return self._columns[source]
        if self._parent is None:
            return None
        above = self._parent._known(source)
        if above is None:
            return None
        self._columns[source] = above.take(self._where)
        return self._columns[source]


def _sum(weights: Values, stack: Values) -> Values:
    """Return the sum of detectors (d, k) in the order of the matrix: the same bits for any k."""
    events = stack.shape[1]
    if events < _WIDE:
        # of fewer columns than weights, numpy would add up in another order
        stack = np.concatenate((stack, np.zeros((len(stack), _WIDE - events))), axis=1)
    total: Values = np.einsum("d,de->e", weights, stack)
    return total[:events]


def _quotient(ratio: Ratio, above: Values, below: Values) -> Values:
    """Return ``a (x - b) / (y - c)``; above every number where only the divisor is 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        quotient = ratio.a * ((above - ratio.b) / (below - ratio.c))
    return np.clip(clipped(quotient), ratio.low, ratio.high)
