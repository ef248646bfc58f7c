"""Whether the day of the peak holds when the CAR cut is drawn a little lower or higher.

The days come from the kinetics of the run; here they are only compared. One finding for each
subject, about the batch as a whole: it concerns a course, not a tube.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

_CODE = "QC-CAR-CUT"
_LIMIT = "the same day with the CAR cut 0.1 decade lower and higher"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakDays:
    """The day of the highest value of one curve, with the CAR cut as drawn and moved.

    Parameters
    ----------
    label : str
        What the curve is called.
    day : float
        With the cut as drawn [d].
    moved : mapping of float to float or None
        For each shift of the cut [decades]; None where no value is quantified any more.
    reason : Reason
        Why the cut could not be moved.
    """

    label: str
    day: float
    moved: Mapping[float, float | None]
    reason: Reason = Reason.NONE


def check_car_cut(subject_id: str, curves: Sequence[PeakDays]) -> tuple[Finding, ...]:
    """Find peaks whose day depends on the place of the CAR cut.

    Examples
    --------
    >>> curve = PeakDays(label="CAR+ of CD3+", day=12.0, moved={-0.1: 12.0, 0.1: 7.0})
    >>> print(*check_car_cut("P1", [curve]))  # doctest: +NORMALIZE_WHITESPACE
    warn QC-CAR-CUT: Subject P1: the day of the highest value depends on where the CAR cut is
    drawn: CAR+ of CD3+ on day 12 as drawn, day 12 with the cut 0.1 decade lower, day 7 with the
    cut 0.1 decade higher.
    """
    if not curves:
        return ()
    unmoved = next((one.reason for one in curves if one.reason), Reason.NONE)
    if unmoved:
        told = f"Subject {subject_id}: the CAR cut was not moved: {unmoved.meaning}."
        return (_finding(Severity.INFO, told),)
    flipped = [one for one in curves if any(day != one.day for day in one.moved.values())]
    if not flipped:
        told = (
            f"Subject {subject_id}: the day of the highest value of every curve stays with the CAR"
            " cut 0.1 decade lower and higher."
        )
        return (_finding(Severity.PASS, told),)
    days = "; ".join(_told(one) for one in flipped)
    told = (
        f"Subject {subject_id}: the day of the highest value depends on where the CAR cut is"
        f" drawn: {days}."
    )
    return (_finding(Severity.WARN, told, len(flipped)),)


def _told(curve: PeakDays) -> str:
    moved = [
        f"{'no quantified value' if day is None else f'day {day:g}'} with the cut"
        f" {abs(shift):g} decade {'lower' if shift < 0 else 'higher'}"
        for shift, day in sorted(curve.moved.items())
    ]
    return ", ".join((f"{curve.label} on day {curve.day:g} as drawn", *moved))


def _finding(severity: Severity, message: str, curves: int | None = None) -> Finding:
    return Finding(code=_CODE, severity=severity, message=message, value=curves, limit=_LIMIT)
