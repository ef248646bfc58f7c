"""The one function that runs all checks over a batch, and what a check means in words.

Adding a check: a function in the room of its scope, an entry in `carflow.qc.register`, a test
that trips it and one that does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.errors import CarflowError
from carflow.findings import Finding, Severity
from carflow.qc.batch_checks import BATCH_CHECKS
from carflow.qc.brightness_checks import BRIGHTNESS_CHECKS
from carflow.qc.carry_over_checks import CARRY_OVER_CHECKS
from carflow.qc.control_checks import CONTROL_CHECKS
from carflow.qc.count_checks import COUNT_CHECKS
from carflow.qc.course_checks import COURSE_CHECKS
from carflow.qc.draw_checks import DRAW_CHECKS
from carflow.qc.origin_checks import ORIGIN_CHECKS
from carflow.qc.percentage_checks import PERCENTAGE_CHECKS
from carflow.qc.population_checks import POPULATION_CHECKS
from carflow.qc.register import CHECKS, Check
from carflow.qc.replicate_checks import REPLICATE_CHECKS
from carflow.qc.residual_checks import RESIDUAL_CHECKS
from carflow.qc.setting_checks import SETTING_CHECKS
from carflow.qc.study_checks import STUDY_CHECKS
from carflow.qc.time_checks import TIME_CHECKS
from carflow.qc.tube_checks import TUBE_CHECKS
from carflow.qc.usual import panel_groups
from carflow.thresholds import QcLimits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carflow.qc.summary import TubeSummary

__all__ = ("CHECKS", "Check", "check_batch", "explain")

_OF_A_TUBE = (*TUBE_CHECKS, *TIME_CHECKS, *POPULATION_CHECKS, *COUNT_CHECKS, *DRAW_CHECKS)
_OF_A_PANEL = (
    *BATCH_CHECKS,
    *SETTING_CHECKS,
    *PERCENTAGE_CHECKS,
    *BRIGHTNESS_CHECKS,
    *RESIDUAL_CHECKS,
    *REPLICATE_CHECKS,
    *CONTROL_CHECKS,
)
_OF_A_STUDY = (*STUDY_CHECKS, *ORIGIN_CHECKS, *COURSE_CHECKS, *CARRY_OVER_CHECKS)


def check_batch(
    summaries: Sequence[TubeSummary],
    failures: Sequence[tuple[str, str, str]] = (),
    limits: QcLimits | None = None,
) -> tuple[Finding, ...]:
    """Run every check and return the findings, gravest first, then in the order of the sheet.

    Parameters
    ----------
    summaries : sequence of TubeSummary
        The tubes that could be read, in any order.
    failures : sequence of (sample_id, code, sentence)
        The tubes that could not; each becomes a FAIL.
    limits : QcLimits, optional
        The defaults where absent.

    Returns
    -------
    tuple of Finding
        The same for any order of the input. Findings about the batch stand before those
        about a tube.
    """
    applied = limits or QcLimits()
    tubes = sorted(summaries, key=lambda tube: (tube.row, tube.sample_id))
    findings = [*_failed(failures), *_run(tubes, applied)]
    rows = {tube.sample_id: tube.row for tube in tubes}
    register = {check.id: number for number, check in enumerate(CHECKS)}
    return tuple(
        sorted(
            findings,
            key=lambda found: (
                found.severity.rank,
                rows.get(found.sample_id, -1),
                register[found.code],
                found.sample_id,
                found.message,
            ),
        )
    )


def explain(check_id: str) -> str:
    """Return what a check means and what to do about it, as text of three lines.

    Raises
    ------
    CarflowError
        If there is no such check.

    Examples
    --------
    >>> print(explain("QC-FORMAT"))
    QC-FORMAT: Same storage of numbers
    Data type or byte order differ: the file comes from another instrument or export.
    Export all tubes in the same way.
    """
    for check in CHECKS:
        if check.id == check_id.upper():
            return f"{check.id}: {check.title}\n{check.meaning}\n{check.remedy}"
    known = ", ".join(check.id for check in CHECKS)
    raise CarflowError("no check of that name", hint=f"there are: {known}", code="QC-UNKNOWN")


def _failed(failures: Sequence[tuple[str, str, str]]) -> Iterator[Finding]:
    for sample_id, code, sentence in failures:
        yield Finding(
            code="QC-TUBE-FAILED",
            severity=Severity.FAIL,
            message=f"{code}: {sentence}",
            sample_id=sample_id,
        )


def _run(tubes: Sequence[TubeSummary], limits: QcLimits) -> Iterator[Finding]:
    for tube in tubes:
        for check_tube in _OF_A_TUBE:
            yield from check_tube(tube, limits)
    for group in panel_groups(tubes):
        for check_group in _OF_A_PANEL:
            yield from check_group(group, limits)
    for check_study in _OF_A_STUDY:
        yield from check_study(tubes, limits)
