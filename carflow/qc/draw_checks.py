"""Checks of the times around a draw: the blood count's, and that until the tube was acquired.

The hours come from the sheet; without both times there is nothing to check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.qc.limits import Above
from carflow.qc.telling import finding_of
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Callable

    from carflow.qc.summary import TubeSummary
    from carflow.thresholds import QcLimits


def check_blood_count_time(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare the draw of the blood count with that of the tube."""
    if tube.cbc_hours_apart is None:
        return ()
    hours = abs(tube.cbc_hours_apart)
    allowed = Above(limits.cbc_hours_warn, limits.cbc_hours_fail, unit="h")
    when = "after" if tube.cbc_hours_apart > 0 else "before"
    severity = allowed.severity(hours)
    told = (
        f"The blood count was drawn {significant(hours)} h {when} the tube"
        if hours
        else ("Blood count and tube were drawn together")
    )
    ending = (
        "."
        if severity is Severity.PASS
        else ": counts by WBC, ALC and CD3 are those of another time."
    )
    return (finding_of(tube, "QC-CBC-TIME", severity, told + ending, value=hours, limit=allowed),)


def check_tube_age(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare the acquisition with the draw: CAR+ percentages fall in stored blood."""
    hours = tube.hours_to_acquisition
    if hours is None:
        return ()
    allowed = Above(limits.tube_age_warn_h, unit="h")
    severity = Severity.WARN if hours < 0 else allowed.severity(hours)
    if hours < 0:
        message = (
            f"The tube was acquired {significant(-hours)} h before it was drawn: check both times."
        )
    else:
        message = f"The tube was acquired {significant(hours)} h after it was drawn"
        message += "." if severity is Severity.PASS else ": CAR+ percentages fall in stored blood."
    return (finding_of(tube, "QC-TUBE-AGE", severity, message, value=hours, limit=allowed),)


DRAW_CHECKS: tuple[Callable[[TubeSummary, QcLimits], tuple[Finding, ...]], ...] = (
    check_blood_count_time,
    check_tube_age,
)
