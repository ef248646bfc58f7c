"""Growth of cells in culture: doublings between counts, with splits and samples taken out.

What is thrown away at a split did not die: doublings are counted from what was kept after one
count to what is counted next, and summed. There is no Cmax here and no Tmax: a culture is split
before it could fall, so its "peak" is the stretch of fastest growth, or that of most cells.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from carflow.kinetics.columns import column
from carflow.kinetics.growth import doubling_time
from carflow.kinetics.series import day_number, number
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class CultureStep:
    """The growth from one count to the next: doublings, and the specific growth rate [1/d]."""

    start_day: float
    end_day: float
    doublings: Measure
    rate: Measure

    @property
    def doubling_time(self) -> Measure:
        """``ln 2 / rate`` [d], where the cells grew."""
        return doubling_time(self.rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Culture:
    """What the counts of one culture say.

    `cumulative_doublings` holds the doublings from the first count to each one, `fold` the
    expansion as if nothing had been taken out, ``2 ** doublings``. `fastest` is the step with
    the highest rate, `most_cells_between` the counts around the highest one.
    """

    days: tuple[float, ...]
    cells: tuple[float, ...]
    steps: tuple[CultureStep, ...]
    cumulative_doublings: tuple[float, ...]
    most_cells_between: tuple[float, float]

    @property
    def doublings(self) -> float:
        """Doublings from the first count to the last."""
        return self.cumulative_doublings[-1]

    @property
    def fold(self) -> float:
        """Expansion from the first count to the last, corrected for all that was taken out."""
        return math.exp2(self.doublings)

    @property
    def fastest(self) -> CultureStep:
        """The first of the steps with the highest growth rate."""
        return max(self.steps, key=lambda step: step.rate.value or -math.inf)


def culture(
    days: Sequence[float],
    cells: Sequence[float],
    *,
    kept: Sequence[float | None] | None = None,
) -> Culture:
    """Return the growth of a culture from its counts.

    Parameters
    ----------
    days : sequence of float, (n,)
        Days of culture, in order, at least two.
    cells : sequence of float, (n,)
        Viable cells in the whole culture, counted *before* that day's split or sampling; of
        one kind, for example CAR+ T cells.
    kept : sequence of float, (n,), optional
        The share carried on after each count, above 0 and up to 1; None keeps all.

    Raises
    ------
    ValueError
        For fewer counts, days out of order, cells that are not above 0, or another share.

    Examples
    --------
    Half of the cells are taken out on day 4:

    >>> found = culture([0, 4, 8], [1e6, 8e6, 16e6], kept=[1, 0.5, 1])
    >>> found.cumulative_doublings, found.fold
    ((0.0, 3.0, 5.0), 32.0)
    >>> print(found.fastest.doubling_time)
    1.33333 d
    """
    when = [day_number(day) for day in column(days, "days")]
    counts = [number(cell) for cell in column(cells, "cells")]
    shares = [1.0] * len(when) if kept is None else [number(one) for one in column(kept, "kept")]
    _check(when, counts, shares)
    sure = [count or 0.0 for count in counts]
    after = [count * (share or 1.0) for count, share in zip(sure, shares, strict=True)]
    steps = tuple(
        _step((when[at], after[at]), (when[at + 1], sure[at + 1])) for at in range(len(when) - 1)
    )
    top = max(range(len(sure)), key=lambda at: sure[at])
    return Culture(
        days=tuple(when),
        cells=tuple(sure),
        steps=steps,
        cumulative_doublings=tuple(
            accumulate((step.doublings.value or 0.0 for step in steps), initial=0.0)
        ),
        most_cells_between=(when[max(0, top - 1)], when[min(len(when) - 1, top + 1)]),
    )


def _step(start: tuple[float, float], end: tuple[float, float]) -> CultureStep:
    grown = math.log(end[1] / start[1])
    return CultureStep(
        start_day=start[0],
        end_day=end[0],
        doublings=Measure(unit=Unit.DOUBLINGS, value=grown / math.log(2), reason=Reason.NO_COUNTS),
        rate=Measure(unit=Unit.PER_DAY, value=grown / (end[0] - start[0]), reason=Reason.NO_COUNTS),
    )


def _check(
    days: Sequence[float], cells: Sequence[float | None], kept: Sequence[float | None]
) -> None:
    if not len(days) == len(cells) == len(kept):
        raise ValueError(f"{len(days)} days, but {len(cells)} counts and {len(kept)} shares kept")
    if len(days) < 2:
        raise ValueError(f"growth needs at least 2 counts, got {len(days)}")
    for earlier, later in pairwise(days):
        if not earlier < later:
            raise ValueError(f"days of a culture rise, got {later:g} after {earlier:g}")
    for day, count, share in zip(days, cells, kept, strict=True):
        if count is None or not 0 < count < math.inf:
            raise ValueError(f"the cells counted on day {day:g} lie above 0, got {count}")
        if share is not None and not 0 < share <= 1:
            raise ValueError(f"the share kept on day {day:g} lies above 0 and up to 1, got {share}")
