"""One reported number: its value, unit, interval, state, and the reason where it is limited.

There is no bare NaN and no silent zero: 0 of 0 is a missing Measure with a reason, 0 of n is
a Measure of 0 with an upper limit and the state ND.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from carflow.reasons import Reason
from carflow.units import Unit


class State(StrEnum):
    """What kind of answer a number is (research use; the limits belong to the assay)."""

    QUANT = "QUANT"  # at or above the limit of quantification
    DET_BLQ = "DET_BLQ"  # detected, below the limit of quantification
    ND = "ND"  # not detected
    NE = "NE"  # not evaluable
    MISSING = "MISSING"  # not sampled
    EXCLUDED = "EXCLUDED"  # left out on purpose


class IntervalKind(StrEnum):
    """What a 95 % interval covers."""

    NONE = ""
    COUNTING = "counting"  # the counted events only
    TOTAL = "total"  # counting and the stated CVs of blood count, beads and assay


# no set: the hash of an enum member costs more than three comparisons
_WITH_VALUE = (State.QUANT, State.DET_BLQ, State.ND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number that knows its unit and its interval, or the reason there is none.

    Parameters
    ----------
    unit : Unit
        The unit of value, low and high.
    value : float, optional
        Finite; absent for NE, MISSING and EXCLUDED.
    low, high : float, optional
        The 95 % interval, both or neither, around the value. A Measure without value may
        have `high` alone: an upper limit.
    state : State
        QUANT, DET_BLQ and ND have a value; NE, MISSING and EXCLUDED have none.
    reason : Reason
        Needed for every state but QUANT.
    ci_kind : IntervalKind
        What the interval covers.

    Raises
    ------
    ValueError
        If the parts contradict each other.

    Examples
    --------
    >>> from carflow.units import Unit
    >>> print(Measure(unit=Unit.PERCENT, value=12.5, low=11.9, high=13.1))
    12.5 % [11.9, 13.1]
    >>> print(Measure.missing(Unit.PERCENT, Reason.ZERO_PARENT))
    not available: no event in the denominator
    """

    unit: Unit
    value: float | None = None
    low: float | None = None
    high: float | None = None
    state: State = State.QUANT
    reason: Reason = Reason.NONE
    ci_kind: IntervalKind = IntervalKind.NONE

    def __post_init__(self) -> None:
        if (self.value is not None) != (self.state in _WITH_VALUE):
            raise ValueError(f"state {self.state} does not go with value {self.value!r}")
        if self.state is not State.QUANT and not self.reason:
            raise ValueError(f"state {self.state} needs a reason")
        for number in (self.value, self.low, self.high):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"a Measure holds finite numbers, got {number!r}")
        self._check_interval()

    def _check_interval(self) -> None:
        if self.value is None:
            if self.low is not None:
                raise ValueError("a Measure without value has no lower limit")
            return
        if (self.low is None) != (self.high is None):
            raise ValueError("an interval has two ends")
        if self.low is None or self.high is None:
            return
        if not self.low <= self.value <= self.high:
            raise ValueError(f"interval [{self.low}, {self.high}] misses the value {self.value}")

    @classmethod
    def missing(cls, unit: Unit, reason: Reason, *, state: State = State.NE) -> Measure:
        """Return a Measure that says why there is no number."""
        return cls(unit=unit, state=state, reason=reason)

    @property
    def has_interval(self) -> bool:
        """Whether both ends of a 95 % interval are known."""
        return self.low is not None and self.high is not None

    def __str__(self) -> str:
        if self.value is None:
            return f"not available: {self.reason.meaning}"
        unit = f" {self.unit}" if self.unit else ""
        if not self.has_interval:
            return f"{self.value:g}{unit}"
        return f"{self.value:g}{unit} [{self.low:g}, {self.high:g}]"
