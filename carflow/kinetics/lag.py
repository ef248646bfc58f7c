"""How far apart two peaks of one subject lie: of a percentage and a count, of flow and qPCR.

Both days are sampling days, so their difference is known no better than both brackets allow:
it lies between the earliest of one minus the latest of the other and the reverse. That span is
a bracket, not a 95 % interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.measure import Measure
from carflow.units import Unit

if TYPE_CHECKING:
    from carflow.kinetics.peak import Peak


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakLag:
    """The second peak's day minus the first's.

    `bracket` holds the lag on the conditions of both brackets; its ends may be infinite.
    `is_settled` says whether they settle which of the two came first.
    """

    observed: Measure
    bracket: tuple[float, float]

    @property
    def is_settled(self) -> bool:
        """Whether the bracket excludes a lag of 0."""
        return self.bracket[0] > 0 or self.bracket[1] < 0


def peak_lag(first: Peak, second: Peak) -> PeakLag:
    """Return how many days after the first peak the second one was observed.

    Examples
    --------
    >>> from carflow.kinetics.peak import estimate_peak
    >>> days = [1, 4, 7, 12, 14, 21]
    >>> copies = estimate_peak(days, [10, 900, 5000, 2000, 1500, 100])
    >>> cells = estimate_peak(days, [0.1, 1, 20, 70, 24, 4])
    >>> lag = peak_lag(copies, cells)
    >>> print(lag.observed, lag.bracket, lag.is_settled)
    5 d (-5.0, 10.0) False
    """
    if first.day.value is None or second.day.value is None:
        reason = first.day.reason if first.day.value is None else second.day.reason
        return PeakLag(
            observed=Measure.missing(Unit.DAY, reason), bracket=(float("-inf"), float("inf"))
        )
    return PeakLag(
        observed=Measure(
            unit=Unit.DAY,
            value=second.day.value - first.day.value,
            reason=second.reason or first.reason,
        ),
        bracket=(second.bracket[0] - first.bracket[1], second.bracket[1] - first.bracket[0]),
    )
