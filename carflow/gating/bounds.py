"""Bounds on one axis, decided on linear values: the same answer without scaling the events.

Scales are monotone, so ``scale(x) >= bound`` is ``x >= inverse(bound)`` for every event that
is not within rounding of the bound. Those few are scaled and compared as the specification
says. A comparison costs a thousandth of a logicle.

Decision: the guard is wide on purpose. FlowUtils' logicle is not monotone in its last bits;
several crossings were seen within 4e-9 of a bound, never beyond.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from carflow.gating.biex import Biex
from carflow.gating.scales import FARTHEST, Bounded, Scale, Unbounded

if TYPE_CHECKING:
    from carflow.fcs.block import Stored
    from carflow.gating.near import Near
    from carflow.gating.scales import Values
    from carflow.gating.shapes import Membership

_RELATIVE_GUARD = 1e-8
_GUARD_OF_TOP = 1e-14  # around 0 a scale is as exact as its top
_INFINITE = np.float32(np.inf)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Bound:
    """One scale coordinate with its linear counterpart: what is at least there.

    There is one object for each (see `linear_bounds`), compared by identity.

    Parameters
    ----------
    scale : Unbounded or Biex
        The scale of the axis, without bounds of its own.
    at : float
        The coordinate on the scale.
    linear : float
        The linear value there; infinite for an open end.
    """

    scale: Unbounded | Biex
    at: float
    linear: float

    @property
    def is_open(self) -> bool:
        """Whether every number reaches it."""
        return self.linear == -math.inf

    @property
    def guard(self) -> float:
        """How near a linear value must come for its scale coordinate to decide."""
        if self.scale.kind == "identity" or math.isinf(self.linear):
            return 0.0
        return _RELATIVE_GUARD * (1.0 + abs(self.linear)) + _GUARD_OF_TOP * self.scale.t

    def reached(self, near: Near) -> Membership:
        """Tell for each value whether its scale coordinate is at least the bound."""
        guard = near.slack + self.guard
        if guard == 0.0 or math.isinf(self.linear):
            return np.asarray(near.values >= _not_below(self.linear, near.values))
        surely = np.asarray(near.values >= _not_below(self.linear + guard, near.values))
        perhaps = near.values >= _not_below(self.linear - guard, near.values)
        if np.count_nonzero(surely) != np.count_nonzero(perhaps):
            doubtful = np.flatnonzero(surely != perhaps)
            surely[doubtful] = self._reached_by(near.exact(doubtful))
        return surely

    def _reached_by(self, linear: Values) -> Membership:
        if self.scale.kind == "identity":
            return linear >= self.linear
        return self.scale.forward(linear) >= self.at


def _not_below(bound: float, values: Stored) -> np.floating:
    """Return the least number of the kind of some values that is not below a bound."""
    return _short(bound) if values.dtype == np.float32 else np.float64(bound)


@lru_cache(maxsize=4096)
def _short(bound: float) -> np.float32:
    with np.errstate(over="ignore"):
        least = np.float32(bound)
    return np.nextafter(least, _INFINITE) if float(least) < bound else least


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearBounds:
    """A (low, high) pair of scale coordinates with its linear counterpart: [low, high).

    Examples
    --------
    >>> from carflow.gating.near import near
    >>> from carflow.gating.scales import Logicle
    >>> import numpy as np
    >>> scale = Logicle(t=262144, w=0.5, m=4.5, a=0)
    >>> low = float(scale.forward(np.array([1000.0]))[0])
    >>> bounds = linear_bounds(scale, low, math.inf)
    >>> bounds.contains(near(np.array([999.0, 1000.0, 1001.0])))
    array([False,  True,  True])
    """

    low: Bound
    high: Bound

    def contains(self, values: Near) -> Membership:
        """Tell for each value whether its scale coordinate is in [low, high)."""
        inside = self.low.reached(values)
        if self.high.linear < math.inf:
            inside &= ~self.high.reached(values)
        return inside


@lru_cache(maxsize=4096)
def linear_bounds(scale: Scale, low: float, high: float) -> LinearBounds:
    """Return the bounds of one dimension, mapped through the inverse of its scale.

    Where a scale ends (`Bounded`, or a FlowJo biexponential), what lies beyond is at its end:
    a bound at or below the lower end, or above the upper one, is none.

    Examples
    --------
    >>> from carflow.gating.near import near
    >>> from carflow.gating.scales import Linear
    >>> ending = Bounded(scale=Linear(t=100, a=0), high=0.5)
    >>> linear_bounds(ending, 0.25, 0.75).contains(near(np.array([20.0, 30.0, 99.0])))
    array([False,  True,  True])
    """
    low, high = (_beyond(bound, *_ends(scale)) for bound in (low, high))
    if isinstance(scale, Bounded):
        scale = scale.scale
    with np.errstate(over="ignore", invalid="ignore"):
        linear_low, linear_high = scale.inverse(np.array([low, high])).tolist()
    # an open end stays open, also where the scale itself ends (a logarithm at 0)
    return LinearBounds(
        low=_bound(scale, low, linear_low if math.isfinite(low) else low),
        high=_bound(scale, high, linear_high if math.isfinite(high) else high),
    )


@lru_cache(maxsize=4096)
def _bound(scale: Unbounded | Biex, at: float, linear: float) -> Bound:
    return Bound(scale=scale, at=at, linear=linear)


def _ends(scale: Scale) -> tuple[float, float]:
    if isinstance(scale, Bounded):
        first, last = _ends(scale.scale)
        return max(first, scale.low), min(last, scale.high)
    if scale.kind in {"logicle", "hyperlog"}:  # what is farther comes out at the last place
        low, high = scale.forward(np.array([-FARTHEST, FARTHEST])).tolist()
        return low, high
    return scale.axis if scale.kind == "biex" else (-math.inf, math.inf)


def _beyond(bound: float, first: float, last: float) -> float:
    """Return a bound, infinite where every (or no) coordinate from first to last reaches it."""
    if bound <= first:
        return -math.inf
    return math.inf if bound > last else bound
