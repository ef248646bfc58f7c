"""When CAR T cells are first found, and when they are no longer found.

Decision: one value below the limit after the peak may be a poor sample. It is reported as
`t_bql`; persistence ends with the first of two in a row (`t_bql_confirmed`). A curve that ends
above the limit says STILL_DETECTED, never a day.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.series import Sample


def first_detected(samples: Sequence[Sample], nothing: Reason) -> Measure:
    """Return the first day after the infusion on which anything was detected.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> course = read_series([1, 4, 7], [0.0, 0.3, 9.0], lloq=0.5)
    >>> print(first_detected(course.samples, Reason.ALL_BLQ))
    4 d
    """
    day = next((one.day for one in samples if one.detected), None)
    return _day(day, nothing)


def below_after_peak(
    samples: Sequence[Sample], top: Sample | None, nothing: Reason, *, confirmed: bool = False
) -> Measure:
    """Return the first day below the limit after the peak, or the first of two in a row.

    Examples
    --------
    >>> from carflow.kinetics.series import highest, read_series
    >>> course = read_series([7, 14, 28, 60, 90, 120], [9, 2, 0, 1, 0, 0]).samples
    >>> print(below_after_peak(course, highest(course), Reason.ALL_BLQ))
    28 d
    >>> print(below_after_peak(course, highest(course), Reason.ALL_BLQ, confirmed=True))
    90 d
    """
    if top is None:
        return Measure.missing(Unit.DAY, nothing)
    after = [sample for sample in samples if sample.day > top.day]
    single = next((one.day for one in after if not one.quantified), None)
    if single is None:
        return Measure.missing(Unit.DAY, Reason.STILL_DETECTED)
    if not confirmed:
        return _day(single, nothing)
    pairs = (one.day for one, two in pairwise(after) if not (one.quantified or two.quantified))
    still = Reason.STILL_DETECTED if after[-1].quantified else Reason.NOT_CONFIRMED
    return _day(next(pairs, None), still)


def last_below_before(samples: Sequence[Sample]) -> float:
    """Return the day of the last sample before the first quantified one, 0 where it is first.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> last_below_before(read_series([0, 1, 4, 7], [0, 0, 0, 9]).samples)
    4.0
    """
    lag = 0.0
    for sample in samples:
        if sample.quantified:
            break
        lag = sample.day
    return lag


def _day(day: float | None, nothing: Reason) -> Measure:
    if day is None:
        return Measure.missing(Unit.DAY, nothing)
    return Measure(unit=Unit.DAY, value=day)
