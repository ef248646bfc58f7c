"""The events of one population in one block, told apart by a mask while they are most of the rows.

Decision: picking events out of columns costs more than testing a few too many. Only when fewer
than three quarters of the rows are left, they become `Rows` of their own, and never in a block of
a few, whose columns and answers are then made once for all populations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from carflow.gating.rows import Rows
    from carflow.gating.shapes import Membership

_WORTH_PICKING = 0.75  # of the rows
_FEW = 1_000  # rows; numpy takes as long for fewer


class Selection:
    """Some of the rows of a block.

    Parameters
    ----------
    rows : Rows
        Rows that hold all these events, and perhaps others.
    kept : (k,) array of bool, optional
        Which of the rows these are; None for all.
    """

    __slots__ = ("_count", "_picked", "kept", "rows")

    def __init__(self, rows: Rows, kept: Membership | None = None) -> None:
        self.rows = rows
        self.kept = kept
        self._count = len(rows) if kept is None else int(np.count_nonzero(kept))
        self._picked: Rows | None = None

    def __len__(self) -> int:
        return self._count

    @property
    def members(self) -> Membership:
        """Tell for each event of the block whether it is one of these, (m,)."""
        return self.rows.spread(self.kept)

    def picked(self) -> Rows:
        """Return rows that hold these events and no others."""
        if self._picked is None:
            self._picked = self.rows if self.kept is None else self.rows.narrowed(self.kept)
        return self._picked

    def within(self, inside: Membership, *, pick: bool) -> Self:
        """Return those of these events that pass a test.

        Parameters
        ----------
        inside : (k,) array of bool
            The answer for each of the rows; never written to.
        pick : bool
            Whether more will be asked of them, so that picking them is worth it.
        """
        kept = inside if self.kept is None else inside & self.kept
        chosen = type(self)(self.rows, kept)
        if len(chosen) == len(self):
            return self
        is_worth = len(self.rows) > _FEW and len(chosen) < _WORTH_PICKING * len(self.rows)
        if pick and is_worth:
            return type(self)(chosen.picked())
        return chosen
