"""Days and values made ready for arithmetic: sorted, checked, each value quantified or not.

The states of a curve, or the values of plain arrays, become one thing here: measured samples
in order of day, each either quantified or below its limit. What was not measured is gone.
What becomes of values below the limit is decided by those who compute (`auc`, `peak`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from carflow.measure import IntervalKind, State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import SupportsFloat

    from carflow.kinetics.curve import Curve

_BELOW = (State.DET_BLQ, State.ND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measured sample. Not quantified means below the limit; its value may then be 0.

    `detected` tells "detected, below the limit" from "not detected"; `limit` is the limit of
    quantification of this sample, where it is known.
    """

    day: float
    value: float
    quantified: bool
    detected: bool = True
    limit: float | None = None
    low: float | None = None
    high: float | None = None
    ci_kind: IntervalKind = IntervalKind.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Measured samples in order of day."""

    samples: tuple[Sample, ...]

    @property
    def after_infusion(self) -> tuple[Sample, ...]:
        """The samples after day 0: those a peak is looked for in."""
        return tuple(sample for sample in self.samples if sample.day > 0)

    @property
    def from_infusion(self) -> tuple[Sample, ...]:
        """The samples from day 0 on: those an area is made of."""
        return tuple(sample for sample in self.samples if sample.day >= 0)

    def within(self, window: tuple[float, float]) -> tuple[Sample, ...]:
        """Return the samples after the window's first day, up to its last."""
        after, until = window
        return tuple(sample for sample in self.samples if after < sample.day <= until)


def highest(samples: Sequence[Sample]) -> Sample | None:
    """Return the first of the highest quantified samples, or None if none is quantified."""
    quantified = [sample for sample in samples if sample.quantified]
    return max(quantified, key=lambda sample: sample.value, default=None)


def read_series(
    days: Sequence[float],
    values: Sequence[float | None],
    *,
    lloq: float | Sequence[float | None] | None = None,
    states: Sequence[State | str | None] | None = None,
    lows: Sequence[float | None] | None = None,
    highs: Sequence[float | None] | None = None,
) -> Series:
    """Return plain arrays as a series.

    Parameters
    ----------
    days : sequence of float, (n,)
        Time since the infusion [d], in any order, each once.
    values : sequence of float, (n,)
        0 or more; None or NaN is a missing sample.
    lloq : float or sequence of float, optional
        A value below it is not quantified. 0 never is. One for all samples, or one for each.
    states : sequence of State, (n,), optional
        QUANT is quantified, DET_BLQ and ND are below the limit, all others are missing.
    lows, highs : sequences of float, (n,), optional
        95 % intervals; None or NaN where there is none.

    Raises
    ------
    ValueError
        For columns of different length, a day that is not finite or comes twice, a negative
        or infinite value, or a quantified sample without a value.

    Examples
    --------
    >>> series = read_series([7, 1, 4], [45.3, 0.0, None])
    >>> [(sample.day, sample.value, sample.quantified) for sample in series.samples]
    [(1.0, 0.0, False), (7.0, 45.3, True)]
    """
    limits = lloq if isinstance(lloq, Iterable) else [lloq] * len(days)
    columns = {
        "values": values, "states": states, "lows": lows, "highs": highs, "limits": limits,
    }  # fmt: skip
    for name, column in columns.items():
        if column is not None and len(column) != len(days):
            raise ValueError(f"{len(days)} days, but {len(column)} {name}")
    absent = [None] * len(days)
    rows = zip(
        days, values, states if states is not None else absent, limits,
        lows if lows is not None else absent, highs if highs is not None else absent,
        strict=True,
    )  # fmt: skip
    read = [
        _sample(
            day_number(day),
            number(value),
            lloq=number(limit),
            state=None if state is None else _state(state),
            interval=(number(low), number(high)),
        )
        for day, value, state, limit, low, high in rows
    ]
    ordered = tuple(sorted((one for one in read if one is not None), key=lambda one: one.day))
    for earlier, later in pairwise(ordered):
        if earlier.day == later.day:
            raise ValueError(f"day {later.day:g} comes twice")
    return Series(samples=ordered)


def series_of(curve: Curve) -> Series:
    """Return the measured points of a curve, with their intervals."""
    measures = [point.measure for point in curve.points]
    series = read_series(
        [point.day for point in curve.points],
        [measure.value for measure in measures],
        states=[point.state for point in curve.points],
        lows=[measure.low for measure in measures],
        highs=[measure.high for measure in measures],
    )
    kinds = {point.day: point.measure.ci_kind for point in curve.points}
    return Series(
        samples=tuple(replace(sample, ci_kind=kinds[sample.day]) for sample in series.samples)
    )


def number(cell: SupportsFloat | None) -> float | None:
    """Return a cell of a column as a float, None where it is empty: None, NaN, or pandas' NA.

    Examples
    --------
    >>> number(7), number(None), number(math.nan)
    (7.0, None, None)
    """
    if cell is None:
        return None
    if type(cell) is float:
        return None if math.isnan(cell) else cell
    try:
        plain = math.nan if str(cell) == "<NA>" else float(cell)
    except (TypeError, ValueError):
        raise ValueError(f"a value is a number or empty, got {cell!r}") from None
    return None if math.isnan(plain) else plain


def _state(cell: State | str) -> State:
    try:
        return State(cell)
    except ValueError:
        raise ValueError(f"{cell!r} is no state (there are: {', '.join(State)})") from None


def day_number(cell: SupportsFloat | None) -> float:
    """Return a cell of a column of days as a float.

    Raises
    ------
    ValueError
        If it is empty or no number: a date or a label such as ``D7`` is none.

    Examples
    --------
    >>> day_number(7)
    7.0
    """
    try:
        return float(cell)  # type: ignore[arg-type]  # what is no number is refused
    except (TypeError, ValueError):
        raise ValueError(f"a day is the number of days since the infusion, got {cell!r}") from None


def _sample(
    day: float,
    value: float | None,
    *,
    lloq: float | None,
    state: State | None,
    interval: tuple[float | None, float | None],
) -> Sample | None:
    """Return a measured sample, or None for a missing one."""
    if not math.isfinite(day):
        raise ValueError(f"a day is a finite number, got {day}")
    is_below = state is not None and state in _BELOW
    if is_below and value is not None:
        value = max(0.0, value)  # a share net of background may lie below 0
    if value is not None and not 0 <= value < math.inf:
        raise ValueError(f"a value is 0 or more, got {value:g} on day {day:g}")
    if state is State.QUANT and value is None:
        raise ValueError(f"day {day:g} is called quantified, but has no value")
    is_open = state is None or state is State.QUANT
    if not is_below and (value is None or not is_open):
        return None
    amount = value or 0.0
    quantified = not is_below and amount > 0 and (lloq is None or amount >= lloq)
    return Sample(
        day=day,
        value=amount,
        quantified=quantified,
        detected=state is not State.ND and (state is not None or amount > 0),
        limit=lloq,
        low=interval[0],
        high=interval[1],
    )
