"""The quantities of a tube as they would be with the CAR cut moved: counts in, quantities out.

Only what rests on the CAR+ events and is followed over days is kept. The background of a control
is counted with the same moved cut, for a cut that lets in more cells lets in more of both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from carflow.gating.strategy import Role
from carflow.quantify.declarations import CURVE_QUANTITIES
from carflow.quantify.quantity import Quantity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carflow.quantify.counts import TubeCounts

CUT_QUANTITIES = tuple(name for name in CURVE_QUANTITIES if name.startswith("car_"))
"""Quantities over days that move with the CAR cut; gene copies do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutShift:
    """What a tube would have given with the CAR cut moved by `decades` of linear intensity."""

    decades: float
    quantities: tuple[Quantity, ...]


def with_car_events(counts: TubeCounts, car_events: int) -> TubeCounts:
    """Return the counts of a tube with another number of CAR+ events.

    Examples
    --------
    >>> from carflow.quantify.counts import TubeCounts
    >>> with_car_events(TubeCounts(counts={Role.CD3: 100, Role.CAR: 7}), 9).of(Role.CAR)
    9
    """
    return replace(counts, counts={**counts.counts, Role.CAR: car_events})


def cut_quantities(quantities: Iterable[Quantity]) -> tuple[Quantity, ...]:
    """Return those of a tube's quantities that move with the cut and have a value or a limit."""
    return tuple(
        one
        for one in quantities
        if one.name in CUT_QUANTITIES
        if one.measure.value is not None or one.measure.high is not None
    )
