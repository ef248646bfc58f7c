"""The limits of a run: what its gate files state in their tables ``[qc]``, and else the defaults.

Decision: a run has one set of limits. Several gate files may all state the same, or one of them
all there is; two that contradict each other are refused, because checks of the whole sheet
(order of days, duplicates) belong to no panel and could follow neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.errors import GatesError
from carflow.thresholds import QcLimits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.gating.strategy import Strategy


def stated_limits(strategies: Sequence[Strategy]) -> QcLimits:
    """Return the limits that gate files state; what none of them names keeps its default.

    Parameters
    ----------
    strategies : sequence of Strategy
        The gates of a run.

    Raises
    ------
    GatesError
        If two of them state different numbers for one limit, or their numbers together
        contradict each other.

    Examples
    --------
    >>> stated_limits([]).events_fail
    5000
    """
    stated: dict[str, int | float] = {}
    stater: dict[str, str] = {}
    for strategy in strategies:
        for name, value in strategy.qc.items():
            if stated.setdefault(name, value) != value:
                raise GatesError(
                    f'the gates "{stater[name]}" and "{strategy.name}" state different limits: '
                    f"{name} is {stated[name]:g} and {value:g}",
                    hint="give both gate files the same table [qc], or leave it to one of them",
                )
            stater.setdefault(name, strategy.name)
    try:
        return QcLimits(**stated)  # type: ignore[arg-type]  # each was read as the kind of its limit
    except ValueError as error:
        raise GatesError(f"the limits of the gate files contradict each other: {error}") from None
