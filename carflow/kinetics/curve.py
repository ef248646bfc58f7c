"""One quantity of one subject over days: the points, and nothing computed from them.

Decision: two samples of one day are not averaged here and none is picked; where only one of
them could be evaluated, it is taken, and otherwise the day has no value and says why.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from carflow.errors import AnalysisError
from carflow.measure import Measure, State
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable

_MEASURED = {State.QUANT, State.DET_BLQ, State.ND}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One measurement; `day` is the time since the infusion in days."""

    day: float
    measure: Measure
    sample_id: str = ""

    @property
    def state(self) -> State:
        """The state as a curve sees it: "below its limit" of a laboratory is not detected."""
        if self.measure.reason is Reason.LAB_BELOW_LIMIT:
            return State.ND
        return self.measure.state

    @property
    def is_measured(self) -> bool:
        """Whether something was found out: a value, or that it lies below a limit."""
        return self.state in _MEASURED


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The points of one quantity of one subject, by day, one for each day.

    Raises
    ------
    AnalysisError
        If two points have the same day; `Curve.of_samples` settles that first.
    ValueError
        If a day is not finite or a point has another unit than the curve.

    Examples
    --------
    >>> later = Point(day=7.0, measure=Measure(unit=Unit.PERCENT, value=45.31))
    >>> first = Point(day=1.0, measure=Measure(unit=Unit.PERCENT, value=4.26))
    >>> curve = Curve(subject_id="P1", quantity="car_pct_cd3", unit=Unit.PERCENT,
    ...     points=(later, first))
    >>> [point.day for point in curve.points]
    [1.0, 7.0]
    """

    subject_id: str
    quantity: str
    unit: Unit
    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        for point in self.points:
            if not math.isfinite(point.day):
                raise ValueError(f"a day is a finite number, got {point.day}")
            if point.measure.unit is not self.unit:
                raise ValueError(f"a point in {point.measure.unit} on a curve in {self.unit}")
        object.__setattr__(self, "points", tuple(sorted(self.points, key=_day)))
        for day, twins in groupby(self.points, key=_day):
            names = [twin.sample_id for twin in twins]
            if len(names) > 1:
                raise AnalysisError(
                    f"{self.quantity} has {len(names)} samples on day {day:g} ({', '.join(names)})",
                    hint="leave all but one of them out",
                    code="CURVE-SAME-DAY",
                ).at(f"subject {self.subject_id}")

    @classmethod
    def of_samples(
        cls, subject_id: str, quantity: str, *, unit: Unit, points: Iterable[Point]
    ) -> Curve:
        """Return the curve of samples of which several may be of one day.

        Of several samples of a day the only one that was measured is taken; if more than one
        was, the day is not evaluable (`Reason.SAME_DAY`).

        Examples
        --------
        >>> twins = [Point(day=7.0, measure=Measure(unit=Unit.PERCENT, value=value))
        ...     for value in (45.0, 46.0)]
        >>> curve = Curve.of_samples("P1", "car_pct_cd3", unit=Unit.PERCENT, points=twins)
        >>> print(curve.points[0].measure)
        not available: several samples of one day, which are not merged
        """
        ordered = sorted(points, key=_day)
        settled = tuple(_settled(tuple(twins)) for _, twins in groupby(ordered, key=_day))
        return cls(subject_id=subject_id, quantity=quantity, unit=unit, points=settled)


def _day(point: Point) -> float:
    return point.day


def _settled(twins: tuple[Point, ...]) -> Point:
    """Return the one point that stands for the samples of a day."""
    measured = [point for point in twins if point.is_measured]
    if len(measured) <= 1:
        return (measured or list(twins))[0]
    return Point(
        day=twins[0].day,
        measure=Measure.missing(twins[0].measure.unit, Reason.SAME_DAY),
        sample_id=" ".join(point.sample_id for point in measured),
    )
