"""The verdict of each tube, each subject and the batch, and when a script is to stop.

What a verdict means
--------------------
FAIL, WARN
    A check failed or warned, and nobody waived it.
PASS
    Checks were done, and none warned or failed.
NA
    Nothing can be said: no check was done on it, or what was found is waived and nothing else
    passed. NA is never a pass.

A check that could not be done (INFO) does not lower a verdict, because a laboratory without
beads is not at fault for the bead check; but it is counted beside it (`n_not_done`), and a tube
with nothing but such checks is NA. A subject is as its worst tube and a batch as its worst
subject, in the order FAIL, WARN, NA, PASS: a batch passes only if every tube does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.qc.limits import gravest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carflow.qc.waivers import Waiver


class Verdict(StrEnum):
    """What is to be thought of a tube, a subject or a batch."""

    FAIL = "fail"
    WARN = "warn"
    NA = "na"
    PASS = "pass"  # noqa: S105  # a verdict, not a password

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return tuple(Verdict).index(self)


class FailOn(StrEnum):
    """From which verdict on a script is to stop."""

    WARN = "warn"
    FAIL = "fail"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict with the checks behind it, each counted once at its gravest finding.

    Parameters
    ----------
    name : str
        Sample id, subject id, or "batch".
    n_passed, n_warned, n_failed, n_not_done, n_waived : int
        Checks of a tube, or of all tubes of a subject together.
    """

    name: str
    verdict: Verdict
    n_passed: int = 0
    n_warned: int = 0
    n_failed: int = 0
    n_not_done: int = 0
    n_waived: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """The judgements of all tubes and subjects, in the order of the sheet, and of the batch."""

    tubes: tuple[Judgement, ...]
    subjects: tuple[Judgement, ...]
    batch: Judgement


def verdict_of(
    findings: Sequence[Finding], waived: Mapping[Finding, Waiver] | None = None
) -> Verdict:
    """Return the verdict of some findings taken together.

    Examples
    --------
    >>> few = Finding(code="QC-BEADS", severity=Severity.WARN, message="412 bead events")
    >>> str(verdict_of([few])), str(verdict_of([]))
    ('warn', 'na')
    """
    return _judge("", findings, waived or {}).verdict


def verdicts(
    findings: Sequence[Finding],
    tubes: Mapping[str, str],
    *,
    waived: Mapping[Finding, Waiver] | None = None,
) -> Verdicts:
    """Return the verdict of every tube, subject and of the batch.

    Parameters
    ----------
    findings : sequence of Finding
        Of all checks, in any order.
    tubes : Mapping[str, str]
        Sample id to subject id of every row of the sheet, in its order; a tube without any
        finding is NA.
    waived : Mapping[Finding, Waiver], optional
        From `carflow.qc.waivers.apply_waivers`.

    Examples
    --------
    >>> passed = Finding(code="QC-EVENTS", severity=Severity.PASS, message="", sample_id="S1")
    >>> found = verdicts([passed], {"S1": "P1", "S2": "P1"})
    >>> [str(one.verdict) for one in found.tubes], str(found.batch.verdict)
    (['pass', 'na'], 'na')
    """
    let_stand = waived or {}
    by_tube: dict[str, list[Finding]] = {sample_id: [] for sample_id in tubes}
    of_batch: list[Finding] = []
    for one in findings:
        by_tube.get(one.sample_id, of_batch).append(one)
    judged = {name: _judge(name, some, let_stand) for name, some in by_tube.items()}
    subjects = tuple(
        _worst(subject, [judged[name] for name in tubes if tubes[name] == subject])
        for subject in dict.fromkeys(tubes.values())
    )
    own = _judge("batch", of_batch, let_stand)
    # what could not be done for the batch as a whole says nothing against its tubes
    batch = _worst("batch", (*subjects, own))
    if subjects and own.verdict is Verdict.NA:
        batch = replace(batch, verdict=_worst("batch", subjects).verdict)
    return Verdicts(tubes=tuple(judged.values()), subjects=subjects, batch=batch)


def stops(verdict: Verdict, fail_on: FailOn = FailOn.FAIL) -> bool:
    """Return whether a script is to stop at this verdict.

    NA stops nothing by itself: what could not be checked is told in the report. What could not
    be *read* is a FAIL (QC-TUBE-FAILED).

    Examples
    --------
    >>> stops(Verdict.WARN), stops(Verdict.WARN, FailOn.WARN), stops(Verdict.FAIL, FailOn.NEVER)
    (False, True, False)
    """
    if fail_on is FailOn.NEVER:
        return False
    return verdict.rank <= Verdict(fail_on.value).rank


def _judge(name: str, findings: Sequence[Finding], waived: Mapping[Finding, Waiver]) -> Judgement:
    checks: dict[str, list[Finding]] = {}
    for one in findings:
        checks.setdefault(one.code, []).append(one)
    graves = [_grave(some, waived) for some in checks.values()]
    n_passed = graves.count(Severity.PASS)
    n_warned, n_failed = graves.count(Severity.WARN), graves.count(Severity.FAIL)
    verdict = Verdict.PASS if n_passed else Verdict.NA
    if n_failed or n_warned:
        verdict = Verdict.FAIL if n_failed else Verdict.WARN
    return Judgement(
        name=name,
        verdict=verdict,
        n_passed=n_passed,
        n_warned=n_warned,
        n_failed=n_failed,
        n_not_done=graves.count(Severity.INFO),
        n_waived=sum(one in waived for one in findings),
    )


def _grave(findings: Sequence[Finding], waived: Mapping[Finding, Waiver]) -> Severity | None:
    """Return how grave a check is without what was waived, None if that leaves no answer."""
    severity = gravest(one.severity for one in findings if one not in waived)
    some_waived = any(one in waived for one in findings)
    return None if some_waived and severity is Severity.PASS else severity


def _worst(name: str, parts: Sequence[Judgement]) -> Judgement:
    worst = min((one.verdict for one in parts), key=lambda one: one.rank, default=Verdict.NA)
    return Judgement(
        name=name,
        verdict=worst,
        n_passed=sum(one.n_passed for one in parts),
        n_warned=sum(one.n_warned for one in parts),
        n_failed=sum(one.n_failed for one in parts),
        n_not_done=sum(one.n_not_done for one in parts),
        n_waived=sum(one.n_waived for one in parts),
    )
