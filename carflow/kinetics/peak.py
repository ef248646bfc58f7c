"""The day of the highest measured value, and how much the sampling days leave open.

Rules, each tested
------------------
- The peak is looked for after half a day (before that, product left in the catheter) and up to
  day 28 (after that, re-expansion), both to be changed by `window`.
- Only quantified values can be the peak. Of equal values the first is taken.
- The bracket reaches from the measured sample before to the one after, below the limit or not.
  A sample before the window that is as high as the peak does not close it; the infusion does.
- First sample highest: EARLY_MAX, and the bracket begins at day 0. Last sample highest, or a
  higher one after the window: PEAK_NOT_REACHED, and the bracket is open to infinity.

The bracket is not a 95 % interval. It holds if the curve has one peak and measurement error
has not changed the order of the days. How far the error may have done so is told by `days95`:
every sample is drawn anew from its own interval, and the days on which the highest draw falls
are counted (`carflow.kinetics.peak_draws`, for one patient as for thousands). The random numbers
never come from the clock, so the same numbers give the same answer.

Why no modelled peak day: with five to seven samples it follows from the model more than from
the patient; it belongs beside its model's name, not here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from carflow.kinetics.peak_draws import day_probabilities
from carflow.kinetics.series import highest
from carflow.kinetics.spreads import read_measured
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from carflow.kinetics.columns import Cell, PerSample
    from carflow.kinetics.series import Sample, Series
    from carflow.measure import State

SEARCH_WINDOW = (0.5, 28.0)
NOTHING_KNOWN = (0.0, math.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The highest measured value, its day, and what the sampling leaves open.

    Parameters
    ----------
    day : Measure
        Day of the highest quantified value inside the window [d]. It has no interval: the
        bracket is none.
    height : Measure
        The value measured on that day, with the interval of that measurement. As the highest
        of several it is more likely too high than too low.
    bracket : tuple of float
        Days of the measured samples before and after; 0 and infinity where there is none.
    reason : Reason
        EARLY_MAX, PEAK_NOT_REACHED, or why there is no peak.
    probabilities : mapping of float to float
        How often each sampling day was the highest when every sample was drawn anew from its
        interval. Empty where a quantified sample has no interval.
    probability_reason : Reason
        Why `probabilities` is empty.
    """

    day: Measure
    height: Measure
    bracket: tuple[float, float] = NOTHING_KNOWN
    reason: Reason = Reason.NONE
    probabilities: Mapping[float, float] = field(default_factory=dict)
    probability_reason: Reason = Reason.NO_COUNTS

    @property
    def days95(self) -> dict[float, float]:
        """The fewest sampling days that together were the highest in 95 % of the draws."""
        chosen: dict[float, float] = {}
        for day, share in sorted(self.probabilities.items(), key=lambda item: (-item[1], item[0])):
            if sum(chosen.values()) >= 0.95 - 1e-12:
                break
            chosen[day] = share
        return dict(sorted(chosen.items()))

    def as_row(self) -> dict[str, str | float | dict[str, float] | None]:
        """Return the peak as one row of plain values; an open end of the bracket is None.

        Examples
        --------
        >>> row = estimate_peak([4, 7], [5.0, 9.0]).as_row()
        >>> row["day"], row["previous_day"], row["next_day"], row["reason"]
        (7.0, 4.0, None, 'PEAK_NOT_REACHED')
        """
        has_peak = self.day.value is not None
        return {
            "day": self.day.value,
            "height": self.height.value,
            "height_low": self.height.low,
            "height_high": self.height.high,
            "unit": str(self.height.unit),
            "previous_day": self.bracket[0] if has_peak else None,
            "next_day": self.bracket[1] if math.isfinite(self.bracket[1]) else None,
            "reason": str(self.reason),
            "days95": {f"{day:g}": share for day, share in self.days95.items()},
        }


def estimate_peak(  # noqa: PLR0913  # a public door for plain arrays: each keyword is one column
    days: Sequence[float],
    values: Sequence[Cell],
    *,
    lows: Sequence[float | None] | None = None,
    highs: Sequence[float | None] | None = None,
    states: Sequence[State | str] | None = None,
    lloq: PerSample = None,
    n_denominator: PerSample = None,
    cv: PerSample = None,
    unit: Unit = Unit.NONE,
    window: tuple[float, float] = SEARCH_WINDOW,
) -> Peak:
    """Return the peak of plain arrays of days and values.

    Parameters
    ----------
    days, values : sequences, (n,)
        Time since the infusion [d], each day once; values of 0 or more, None or NaN where
        there is no sample.
    lows, highs : sequences, (n,), optional
        95 % intervals of the values; without them no day has a probability (`NO_COUNTS`).
    states : sequence of State, (n,), optional
        QUANT, DET_BLQ, ND and so on; without it, 0 and what is below `lloq` is not quantified.
    lloq : float or sequence of float, optional
        Limit of quantification, in the unit of the values; one for all, or one for each.
    n_denominator : int or sequence of int, optional
        Events of the denominator where the values are percentages [%]: makes their intervals.
    cv : float or sequence of float, optional
        Coefficient of variation of the values, as a fraction: makes or widens intervals.
    unit : Unit
        The unit of the values, for the measures returned.
    window : tuple of float
        The peak is looked for after the first and up to the second day.

    Returns
    -------
    Peak
        Without a quantified value in the window its measures are missing, with the reason.

    Raises
    ------
    ValueError
        If the columns are no such arrays.

    Examples
    --------
    >>> peak = estimate_peak([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33])
    >>> peak.day.value, peak.bracket, peak.days95
    (12.0, (7.0, 14.0), {})
    >>> estimate_peak([4, 7, 12], [0.0, 0.0, 0.0]).reason.meaning
    'every value lies below the limit of quantification'
    """
    series = read_measured(
        days,
        values,
        lloq=lloq,
        states=states,
        lows=lows,
        highs=highs,
        n_denominator=n_denominator,
        cv=cv,
    )
    return peak_of(series, unit=unit, window=window)


def peak_of(
    series: Series, *, unit: Unit = Unit.NONE, window: tuple[float, float] = SEARCH_WINDOW
) -> Peak:
    """Return the peak of a series; `estimate_peak` tells the rules."""
    if not window[0] < window[1]:
        raise ValueError(f"a window has a beginning and a later end, got {window}")
    inside = series.within(window)
    top = highest(inside)
    if top is None:
        return _no_peak(_why_no_peak(series), unit)
    bracket, reason = _bracket(top, series)
    probabilities = _day_probabilities(inside)
    return Peak(
        day=Measure(unit=Unit.DAY, value=top.day, reason=reason),
        height=_height(top, unit, reason),
        bracket=bracket,
        reason=reason,
        probabilities=probabilities,
        probability_reason=Reason.NONE if probabilities else Reason.NO_COUNTS,
    )


def _no_peak(reason: Reason, unit: Unit) -> Peak:
    return Peak(
        day=Measure.missing(Unit.DAY, reason),
        height=Measure.missing(unit, reason),
        reason=reason,
        probability_reason=reason,
    )


def _why_no_peak(series: Series) -> Reason:
    after = series.after_infusion
    if not after:
        return Reason.NO_VALUES
    return Reason.OUTSIDE_WINDOW if highest(after) else Reason.ALL_BLQ


def _height(top: Sample, unit: Unit, reason: Reason) -> Measure:
    if top.low is None or top.high is None:
        return Measure(unit=unit, value=top.value, reason=reason or Reason.NO_COUNTS)
    return Measure(
        unit=unit,
        value=top.value,
        low=top.low,
        high=top.high,
        reason=reason,
        ci_kind=top.ci_kind,
    )


def _bracket(top: Sample, series: Series) -> tuple[tuple[float, float], Reason]:
    """Return the measured days around the highest sample, and whether a side is open."""
    after = series.after_infusion
    earlier = [sample for sample in after if sample.day < top.day]
    later = [sample for sample in after if sample.day > top.day]
    previous_day = _nearest(reversed(earlier), lambda value: value < top.value)
    next_day = _nearest(later, lambda value: value <= top.value)
    bracket = (
        0.0 if previous_day is None else previous_day,
        math.inf if next_day is None else next_day,
    )
    if next_day is None:
        return bracket, Reason.PEAK_NOT_REACHED
    return bracket, Reason.EARLY_MAX if previous_day is None else Reason.NONE


def _nearest(outward: Iterable[Sample], closes: Callable[[float], bool]) -> float | None:
    """Return the day of the first sample that closes a side, None where a higher one stands.

    Few events can make a high percentage: one that is not quantified is passed over.
    """
    for sample in outward:
        if closes(sample.value):
            return sample.day
        if sample.quantified:
            return None
    return None


def _day_probabilities(samples: Sequence[Sample]) -> dict[float, float]:
    """Return how often each day holds the highest of newly drawn values; empty if unknown."""
    if any(one.quantified and not _has_spread(one) for one in samples):
        return {}
    uncertain = [one for one in samples if one.high is not None and one.high > 0]
    if not uncertain:
        return {}
    columns = np.array([(one.value, one.low or 0.0, one.high or 0.0) for one in uncertain]).T
    values, lows, highs = columns[:, np.newaxis, :]
    shares = day_probabilities(values, lows, highs)[0]
    return {one.day: float(share) for one, share in zip(uncertain, shares, strict=True) if share}


def _has_spread(sample: Sample) -> bool:
    return sample.low is not None and sample.low > 0 and sample.high is not None
