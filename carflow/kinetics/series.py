"""Days and values made ready for arithmetic: sorted, checked, each value quantified or not.

The states of a curve, or the values of plain arrays, become one thing here: measured samples
in order of day, each either quantified or below its limit. What was not measured is gone.
What becomes of values below the limit is decided by those who compute (`auc`, `peak`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from carflow.measure import IntervalKind, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.curve import Curve

_BELOW = {State.DET_BLQ, State.ND}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measured sample. Not quantified means below the limit; its value may then be 0."""

    day: float
    value: float
    quantified: bool
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
    lloq: float | None = None,
    states: Sequence[State | str] | None = None,
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
    lloq : float, optional
        A value below it is not quantified. 0 never is.
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
    count = len(days)
    columns = {"values": values, "states": states, "lows": lows, "highs": highs}
    for name, column in columns.items():
        if column is not None and len(column) != count:
            raise ValueError(f"{count} days, but {len(column)} {name}")
    read = [
        _sample(
            float(days[row]),
            _number(values, row),
            lloq=lloq,
            state=None if states is None else State(states[row]),
            interval=(_number(lows, row), _number(highs, row)),
        )
        for row in range(count)
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


def _number(column: Sequence[float | None] | None, row: int) -> float | None:
    """Return a cell as a float, None where it is empty, absent or NaN."""
    cell = None if column is None else column[row]
    if cell is None or math.isnan(cell):
        return None
    return float(cell)


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
    if value is not None and not 0 <= value < math.inf:
        raise ValueError(f"a value is 0 or more, got {value:g} on day {day:g}")
    if state is State.QUANT and value is None:
        raise ValueError(f"day {day:g} is called quantified, but has no value")
    is_below = state in _BELOW
    if (value is None and not is_below) or (state not in {None, State.QUANT} and not is_below):
        return None
    amount = value or 0.0
    quantified = not is_below and amount > 0 and (lloq is None or amount >= lloq)
    return Sample(day=day, value=amount, quantified=quantified, low=interval[0], high=interval[1])
