"""When CAR T cells are first found, and when they are no longer found.

Decision: one value below the limit after the peak may be a poor sample. It is reported as
`t_bql`; persistence ends with the first of two in a row (`t_bql_confirmed`). A curve that ends
above the limit says STILL_DETECTED, never a day. Over several patients the day of loss is
interval-censored, between the last sample with cells and the next one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from carflow.kinetics.spreads import read_measured
from carflow.kinetics.turnbull import Turnbull, turnbull
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carflow.kinetics.columns import Cell
    from carflow.kinetics.series import Sample, Series

    Columns = tuple[Sequence[float], Sequence[Cell]]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Persistence:
    """How long cells were found over several patients.

    `n_lost` patients were no longer positive in their last samples, `n_still` were, `n_never`
    had no positive sample and are in no estimate. `estimate` is the NPMLE of the day of loss,
    None where nobody was ever positive. Death, relapse or another infusion end a course: leave
    out what was sampled after them.
    """

    n_lost: int
    n_still: int
    n_never: int
    estimate: Turnbull | None

    @property
    def median(self) -> tuple[float, float] | None:
        """The earliest and the latest day that can be the median; infinity where most persist."""
        return None if self.estimate is None else self.estimate.median


def lost_between(samples: Sequence[Sample]) -> tuple[float, float] | None:
    """Return the days between which the last of the cells were found, None where none ever were.

    From the last day with anything detected to the next one; infinity where there is none.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> lost_between(read_series([7, 28, 60, 90, 180], [9, 1, 0, 0.2, 0]).samples)
    (90.0, 180.0)
    """
    found = [one.day for one in samples if one.detected and one.day > 0]
    if not found:
        return None
    return found[-1], next((one.day for one in samples if one.day > found[-1]), math.inf)


def persistence(courses: Iterable[Series | Columns]) -> Persistence:
    """Return how long cells were found over several patients.

    Parameters
    ----------
    courses : iterable of Series, or of (days, values)
        One for each patient; 0 and words such as ``ND`` are not detected.

    Raises
    ------
    ValueError
        If a course cannot be read.

    Examples
    --------
    >>> found = persistence([([7, 28, 90], [9, 1, 0]), ([7, 28, 90], [5, 2, 1])])
    >>> found.n_lost, found.n_still, found.estimate.intervals
    (1, 1, ((28.0, 90.0), (90.0, inf)))
    """
    spans = [
        lost_between((read_measured(*one) if isinstance(one, tuple) else one).samples)
        for one in courses
    ]
    known = [span for span in spans if span is not None]
    return Persistence(
        n_lost=sum(math.isfinite(end) for _, end in known),
        n_still=sum(math.isinf(end) for _, end in known),
        n_never=len(spans) - len(known),
        estimate=turnbull(*zip(*known, strict=True)) if known else None,
    )
