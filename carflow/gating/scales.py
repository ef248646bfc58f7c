"""How an intensity becomes a place on an axis: the scales of Gating-ML 2.0, and no gates.

A scale maps linear (compensated) intensities to *scale coordinates* and back. All gates hold
scale coordinates; all reported intensities are linear.

Decisions
---------
* `Identity` is a scale of its own and not ``Linear(a=0)``: scatter gates are drawn, written
  and compared in the numbers of the file, and a division by `t` would move their edges.
* A value at or below 0 has no logarithm, but it is *below* every positive value. `Log` puts
  it at minus infinity, so that the cells of a quadrant still hold every event (FlowKit puts
  it nowhere).
* Logicle and hyperlog come from FlowUtils' C code, which answers -1 for what it cannot solve
  (NaN, infinities, 1e300, and now and then a number from 1e19 on). Here NaN and infinities come
  out as NaN, values are clipped at ±1e30, far outside every detector, and what the code gives up
  on is found by halving. A logicle without a linear region is an asinh, and computed as one: the
  code is wrong within 1e-14 of its top from 0.
* The bounds of a Gating-ML transformation are a scale around a scale, `Bounded`: what lies
  beyond is at the bound, so that it is inside a gate that holds the bound.

References
----------
Spidlen J et al. Gating-ML 2.0, ISAC 2013, section 6. Moore WA, Parks DR. Update for the
logicle data scale. Cytometry A 2012; 81A:273-277.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from carflow.gating.biex import Biex

Values = NDArray[np.float64]
_Curve = Callable[..., object]

_LN10 = math.log(10.0)
FARTHEST = 1e30
_LAST = float(np.finfo(np.float64).max)
_UNSOLVED = -1.0  # FlowUtils' answer
_HALVED_FROM, _HALVINGS = 1e4, 78
_LOGICLE_AXIS = (-0.1, 1.05)  # negatives spread by compensation stay in view


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Values as they are; `t` is only the top of the axis in a plot.

    Examples
    --------
    >>> Identity().forward(np.array([1500.0]))
    array([1500.])
    """

    t: float = 262144.0
    kind: Literal["identity"] = "identity"

    def __post_init__(self) -> None:
        _check_top(self.t)

    @property
    def axis(self) -> tuple[float, float]:
        """Lower and upper end of a plot's axis, in scale coordinates."""
        return 0.0, self.t

    def forward(self, values: Values) -> Values:
        """Return the values; non-finite ones become NaN."""
        return _finite_or_nan(values)

    def inverse(self, values: Values) -> Values:
        """Return the values."""
        return np.asarray(values, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """Gating-ML ``flin``: ``(x + A) / (T + A)``.

    Examples
    --------
    >>> Linear(t=1000, a=0).forward(np.array([250.0]))
    array([0.25])
    """

    t: float
    a: float
    kind: Literal["linear"] = "linear"

    def __post_init__(self) -> None:
        _check_top(self.t)
        if not 0.0 <= self.a <= self.t:
            raise ValueError(f"a is {self.a:g}; a linear scale needs 0 ≤ a ≤ t ({self.t:g})")

    @property
    def axis(self) -> tuple[float, float]:
        """Lower and upper end of a plot's axis, in scale coordinates."""
        return 0.0, 1.0

    def forward(self, values: Values) -> Values:
        """Return scale coordinates of linear values; NaN for non-finite ones."""
        return (_finite_or_nan(values) + self.a) / (self.t + self.a)

    def inverse(self, values: Values) -> Values:
        """Return the linear values of scale coordinates."""
        return np.asarray(values, dtype=np.float64) * (self.t + self.a) - self.a


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Gating-ML ``flog``: ``log10(x / T) / M + 1``; minus infinity at and below 0.

    Examples
    --------
    >>> Log(t=1000, m=3).forward(np.array([1000.0, 1.0, 0.0]))
    array([  1.,   0., -inf])
    """

    t: float
    m: float
    kind: Literal["log"] = "log"

    def __post_init__(self) -> None:
        _check_top(self.t)
        _check_decades(self.m)

    @property
    def axis(self) -> tuple[float, float]:
        """Lower and upper end of a plot's axis, in scale coordinates."""
        return 0.0, 1.0

    def forward(self, values: Values) -> Values:
        """Return scale coordinates of linear values; NaN for non-finite ones."""
        linear = _finite_or_nan(values)
        share = linear / self.t
        logged = np.where(np.isnan(linear), np.nan, -np.inf)
        np.log10(share, out=logged, where=share > 0.0)
        return logged / self.m + 1.0

    def inverse(self, values: Values) -> Values:
        """Return the linear values of scale coordinates."""
        exponents = (np.asarray(values, dtype=np.float64) - 1.0) * self.m
        return np.power(10.0, exponents) * self.t


@dataclass(frozen=True, slots=True, kw_only=True)
class Asinh:
    """Gating-ML ``fasinh``: ``(asinh(x sinh(M ln10) / T) + A ln10) / ((M + A) ln10)``.

    Examples
    --------
    >>> Asinh(t=1000, m=4, a=1).forward(np.array([1000.0, 0.0]))
    array([1. , 0.2])
    """

    t: float
    m: float
    a: float
    kind: Literal["asinh"] = "asinh"

    def __post_init__(self) -> None:
        _check_top(self.t)
        _check_decades(self.m)
        if not 0.0 <= self.a <= self.m:
            raise ValueError(f"a is {self.a:g}; an asinh scale needs 0 ≤ a ≤ m ({self.m:g})")

    @property
    def axis(self) -> tuple[float, float]:
        """Lower and upper end of a plot's axis, in scale coordinates."""
        return _LOGICLE_AXIS

    def forward(self, values: Values) -> Values:
        """Return scale coordinates of linear values; NaN for non-finite ones."""
        scaled = np.arcsinh(_finite_or_nan(values) * (math.sinh(self.m * _LN10) / self.t))
        return (scaled + self.a * _LN10) / ((self.m + self.a) * _LN10)

    def inverse(self, values: Values) -> Values:
        """Return the linear values of scale coordinates."""
        scaled = np.asarray(values, dtype=np.float64) * ((self.m + self.a) * _LN10)
        return np.sinh(scaled - self.a * _LN10) * (self.t / math.sinh(self.m * _LN10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Logicle:
    """Gating-ML ``logicle``: logarithmic above, linear around 0, negatives in view.

    Parameters
    ----------
    t : float
        Top of the scale (maps to 1), above 0.
    w : float
        Decades of the linear region, from 0 to ``m / 2``.
    m : float
        Decades of the whole scale, above 0.
    a : float
        Additional decades of negative values, from ``-w`` to ``m - 2 w``.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> scale = Logicle(t=262144, w=0.5, m=4.5, a=0)
    >>> scale.forward(np.array([262144.0, 0.0, np.inf])).round(4)
    array([1.    , 0.1111,    nan])
    """

    t: float
    w: float
    m: float
    a: float
    kind: Literal["logicle"] = "logicle"

    def __post_init__(self) -> None:
        _check_log_like(self.kind, self.t, self.w, self.m, self.a)

    @property
    def axis(self) -> tuple[float, float]:
        """Lower and upper end of a plot's axis, in scale coordinates."""
        return _LOGICLE_AXIS

    def forward(self, values: Values) -> Values:
        """Return scale coordinates of linear values; NaN for non-finite ones."""
        from flowutils import logicle_c

        if self.w == 0.0:
            linear = np.clip(_finite_or_nan(values), -FARTHEST, FARTHEST)
            return Asinh(t=self.t, m=self.m, a=self.a).forward(linear)
        parameters = self.t, self.w, self.m, self.a
        return _solved(logicle_c.logicle_scale, logicle_c.logicle_inverse, parameters, values)

    def inverse(self, values: Values) -> Values:
        """Return the linear values of scale coordinates; infinities stay infinite."""
        from flowutils import logicle_c

        if self.w == 0.0:
            return Asinh(t=self.t, m=self.m, a=self.a).inverse(values)
        return _unsolved(logicle_c.logicle_inverse, (self.t, self.w, self.m, self.a), values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyperlog:
    """Gating-ML ``hyperlog``: as `Logicle`, with another curve around 0; `w` is above 0.

    References
    ----------
    Bagwell CB. Hyperlog: a flexible log-like transform for negative, zero, and positive
    valued data. Cytometry A 2005; 64A:34-42.

    Examples
    --------
    >>> Hyperlog(t=10000, w=1, m=4.5, a=0).forward(np.array([10000.0, 0.0])).round(4)
    array([1.    , 0.2222])
    """

    t: float
    w: float
    m: float
    a: float
    kind: Literal["hyperlog"] = "hyperlog"

    def __post_init__(self) -> None:
        _check_log_like(self.kind, self.t, self.w, self.m, self.a)
        if self.w == 0.0:
            raise ValueError("w is 0; a hyperlog scale needs w above 0")

    @property
    def axis(self) -> tuple[float, float]:
        """Lower and upper end of a plot's axis, in scale coordinates."""
        return _LOGICLE_AXIS

    def forward(self, values: Values) -> Values:
        """Return scale coordinates of linear values; NaN for non-finite ones."""
        from flowutils import logicle_c

        parameters = self.t, self.w, self.m, self.a
        return _solved(logicle_c.hyperlog_scale, logicle_c.hyperlog_inverse, parameters, values)

    def inverse(self, values: Values) -> Values:
        """Return the linear values of scale coordinates; infinities stay infinite."""
        from flowutils import logicle_c

        return _unsolved(logicle_c.hyperlog_inverse, (self.t, self.w, self.m, self.a), values)


Unbounded = Identity | Linear | Log | Asinh | Logicle | Hyperlog


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounded:
    """A scale whose coordinates end at `low` and `high` (``boundMin``, ``boundMax``).

    Examples
    --------
    >>> Bounded(scale=Linear(t=1000, a=0), high=0.5).forward(np.array([250.0, 900.0]))
    array([0.25, 0.5 ])
    """

    scale: Unbounded
    low: float = -math.inf
    high: float = math.inf
    kind: Literal["bounded"] = "bounded"

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(
                f"the lower bound of the scale ({self.low:g}) is above the upper ({self.high:g})"
            )

    @property
    def axis(self) -> tuple[float, float]:
        """Lower and upper end of a plot's axis, in scale coordinates."""
        return self.scale.axis

    def forward(self, values: Values) -> Values:
        """Return scale coordinates of linear values; NaN for non-finite ones."""
        return np.clip(self.scale.forward(values), self.low, self.high)

    def inverse(self, values: Values) -> Values:
        """Return the linear values of scale coordinates, as if there were no bounds."""
        return self.scale.inverse(values)


Scale = Unbounded | Biex | Bounded


def clipped(values: Values) -> Values:
    """Return values with infinities at the last finite numbers; NaN stays.

    A ratio may be infinite, and it is then above (or below) every bound.
    """
    return np.clip(values, -_LAST, _LAST)


def _solved(
    curve: _Curve, inverse: _Curve, parameters: tuple[float, ...], values: Values
) -> Values:
    linear = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(linear).ravel()
    # FlowUtils works in place
    scaled = np.asarray(curve(*parameters, np.clip(linear, -FARTHEST, FARTHEST).ravel()))
    unsolved = np.flatnonzero((scaled == _UNSOLVED) & finite)
    if unsolved.size:
        solvable = np.clip(linear.ravel()[unsolved], -FARTHEST, FARTHEST)
        scaled[unsolved] = _halved(inverse, parameters, solvable)
    scaled[~finite] = np.nan
    return scaled.reshape(linear.shape)


def _halved(inverse: _Curve, parameters: tuple[float, ...], values: Values) -> Values:
    """Return the least scale coordinates whose linear values are not below some values."""
    low, high = np.full(len(values), -_HALVED_FROM), np.full(len(values), _HALVED_FROM)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        below = np.asarray(inverse(*parameters, middle.copy())) < values
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high


def _unsolved(curve: _Curve, parameters: tuple[float, ...], values: Values) -> Values:
    scaled = np.asarray(values, dtype=np.float64)
    linear = np.asarray(curve(*parameters, scaled.ravel().copy()))
    return np.where(np.isfinite(scaled), linear.reshape(scaled.shape), scaled)


def _finite_or_nan(values: Values) -> Values:
    array = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(array)
    return array if finite.all() else np.where(finite, array, np.nan)


def _check_top(t: float) -> None:
    if not 0.0 < t < math.inf:
        raise ValueError(f"t is {t:g}; the top of a scale is a number above 0")


def _check_decades(m: float) -> None:
    if not 0.0 < m <= 100.0:
        raise ValueError(f"m is {m:g}; a scale has more than 0 and at most 100 decades")


def _check_log_like(kind: str, t: float, w: float, m: float, a: float) -> None:
    _check_top(t)
    _check_decades(m)
    if not 0.0 <= w <= m / 2.0:
        raise ValueError(f"w is {w:g}; a {kind} scale needs 0 ≤ w ≤ m / 2 ({m / 2:g})")
    if not -w <= a <= m - 2.0 * w:
        raise ValueError(
            f"a is {a:g}; a {kind} scale needs -w ({-w:g}) ≤ a ≤ m - 2 w ({m - 2 * w:g})"
        )
