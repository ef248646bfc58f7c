"""The shape around the peak: ties, plateaus, second peaks, and early values that are none.

All of it rests on ratios of samples. A value's spread on the log scale is that of its own 95 %
interval, and the interval of a ratio adds two of them; a plateau is a ratio whose interval
includes 1, a fall or a rise is a ratio of at least two whose interval does not. Where a value has
no interval, neither can be said (`NO_COUNTS`), only exact ties.

A value below the limit stands at its upper limit: a fall is then at least so deep. One without an
upper limit is passed over, for in the middle of a curve it is often a failed sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.kinetics.peak import SEARCH_WINDOW
from carflow.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carflow.kinetics.peak import Peak
    from carflow.kinetics.series import Sample, Series

FOLD = 2.0
EARLY_UNTIL_DAY = 3.0  # a first sample until then may show infused cells
_LOG_FOLD = math.log(FOLD)
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondPeak:
    """A local maximum beside the highest value, with a supported fall and rise between them.

    Parameters
    ----------
    day, value : float
        Of the local maximum.
    trough_day, trough_value : float
        Of the lowest sample between it and its neighbouring peak.
    is_last : bool
        Whether no supported fall follows it: the curve may still be rising.
    """

    day: float
    value: float
    trough_day: float
    trough_value: float
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakShape:
    """What the samples around the highest one look like.

    Parameters
    ----------
    ties : tuple of float
        Days that share the highest value, if more than one.
    plateau : (float, float) or None
        First and last of the neighbouring sampling days whose values cannot be told from the
        highest.
    second_peaks : tuple of SecondPeak
        In order of day.
    early_value : (float, float) or None
        Day and value of a sample before the search window that is as high as the peak: product
        left in the catheter more likely than expansion.
    early_fall : (float, float) or None
        Days of a first sample, not later than day 3, and of the trough between it and a later
        rise: cells that were infused more likely than cells that grew. It is no second peak.
    reason : Reason
        Why plateaus and second peaks could not be looked for.
    """

    ties: tuple[float, ...] = ()
    plateau: tuple[float, float] | None = None
    second_peaks: tuple[SecondPeak, ...] = ()
    early_value: tuple[float, float] | None = None
    early_fall: tuple[float, float] | None = None
    reason: Reason = Reason.NONE


def peak_shape(
    series: Series, peak: Peak, *, window: tuple[float, float] = SEARCH_WINDOW
) -> PeakShape:
    """Return ties, plateau, second peaks and early values of a curve.

    Parameters
    ----------
    series : Series
        The samples of the curve.
    peak : Peak
        Its observed peak, of the same window.
    window : tuple of float
        Where the peak was looked for. Second peaks are looked for after its first day, without
        an end.

    Examples
    --------
    >>> from carflow.kinetics.peak import peak_of
    >>> from carflow.kinetics.series import read_series
    >>> values = [12.0, 66.0, 70.0, 24.0, 60.0]
    >>> series = read_series([4, 9, 12, 16, 40], values,
    ...     lows=[0.8 * one for one in values], highs=[1.25 * one for one in values])
    >>> shape = peak_shape(series, peak_of(series))
    >>> shape.plateau, [second.day for second in shape.second_peaks]
    ((9.0, 12.0), [40.0])
    """
    if peak.day.value is None or peak.height.value is None:
        return PeakShape(reason=peak.reason)
    inside = [one for one in series.within(window) if one.quantified]
    ties = tuple(one.day for one in inside if one.value == peak.height.value)
    early = [one for one in series.after_infusion if one.day <= window[0]]
    highest_early = max(early, key=lambda one: one.value, default=None)
    is_high = highest_early is not None and highest_early.value >= peak.height.value
    known = all(_deviation(one) is not None for one in inside)
    after = series.within((window[0], math.inf))
    turns = _turning_points(after) if known else []
    early_fall = _early_fall(turns, after)
    infused = early_fall[0] if early_fall else None
    return PeakShape(
        ties=ties if len(ties) > 1 else (),
        plateau=_plateau(inside, peak.day.value) if known else None,
        second_peaks=tuple(
            one for one in _second_peaks(turns, peak.day.value) if one.day != infused
        ),
        early_value=(highest_early.day, highest_early.value) if highest_early and is_high else None,
        early_fall=early_fall,
        reason=Reason.NONE if known else Reason.NO_COUNTS,
    )


def _deviation(sample: Sample) -> float | None:
    """Return a sample's standard deviation on the log scale; 0 of one below its limit."""
    if not sample.quantified:
        return 0.0
    if not sample.low or not sample.high:
        return None
    return math.log(sample.high / sample.low) / (2 * _Z95)


def _log_ratio(first: Sample, second: Sample) -> tuple[float, float]:
    """Return ln(first / second) and half the width of its 95 % interval."""
    spread = math.hypot(_deviation(first) or 0.0, _deviation(second) or 0.0)
    return math.log(_height(first) / _height(second)), _Z95 * spread


def _height(sample: Sample) -> float:
    return sample.value if sample.quantified else (sample.high or 0.0)


def _is_above(higher: Sample, lower: Sample) -> bool:
    """Return whether one sample is supported to be at least twofold above another."""
    ratio, reach = _log_ratio(higher, lower)
    return higher.quantified and ratio >= _LOG_FOLD - 1e-12 and ratio - reach > 0


def _plateau(samples: Sequence[Sample], top_day: float) -> tuple[float, float] | None:
    """Return the run of days around the highest whose values cannot be told from it."""
    top = next(place for place, one in enumerate(samples) if one.day == top_day)
    before = _indistinct(samples[top], reversed(samples[:top]))
    after = _indistinct(samples[top], samples[top + 1 :])
    first, last = (before or [top_day])[-1], (after or [top_day])[-1]
    return (first, last) if first < last else None


def _indistinct(top: Sample, outward: Iterable[Sample]) -> list[float]:
    """Return the days from the top outward, up to the first value that can be told from it."""
    days: list[float] = []
    for sample in outward:
        ratio, reach = _log_ratio(top, sample)
        if ratio - reach > 0:
            break
        days.append(sample.day)
    return days


def _turning_points(samples: Sequence[Sample]) -> list[Sample]:
    """Return maxima and minima in turn, each confirmed by a twofold change after it.

    The first of the list is a maximum and so is every second; the last is not confirmed.
    """
    stated = [one for one in samples if _height(one) > 0 and _deviation(one) is not None]
    turns: list[Sample] = []
    candidate: Sample | None = None
    is_rising = True
    for sample in stated:
        if candidate is None or _height(sample) == _height(candidate):
            candidate = candidate or sample
        elif (_height(sample) > _height(candidate)) == is_rising:
            candidate = sample
        elif _is_above(*((candidate, sample) if is_rising else (sample, candidate))):
            turns.append(candidate)
            candidate, is_rising = sample, not is_rising
    return [*turns, candidate] if candidate is not None else []


def _second_peaks(turns: Sequence[Sample], top_day: float) -> tuple[SecondPeak, ...]:
    """Return the maxima other than the highest, each with the trough that parts it from that."""
    found = []
    for place in range(0, len(turns), 2):
        maximum = turns[place]
        begin = turns[place - 1].day if place else -math.inf
        end = turns[place + 1].day if place + 1 < len(turns) else math.inf
        if begin < top_day < end or not maximum.quantified:
            continue
        trough = turns[place - 1 if maximum.day > top_day else place + 1]
        found.append(
            SecondPeak(
                day=maximum.day,
                value=maximum.value,
                trough_day=trough.day,
                trough_value=_height(trough),
                is_last=place == len(turns) - 1,
            )
        )
    return tuple(found)


def _early_fall(turns: Sequence[Sample], samples: Sequence[Sample]) -> tuple[float, float] | None:
    """Return the days of a first sample soon after the infusion and of the trough after it."""
    if len(turns) < 3 or turns[0].day != samples[0].day or turns[0].day > EARLY_UNTIL_DAY:
        return None
    return turns[0].day, turns[1].day
