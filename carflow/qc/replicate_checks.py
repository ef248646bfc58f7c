"""Check of tubes that should say the same: replicates of one visit of one subject.

Replicates are patients' tubes of one subject, day and panel with the same gates. Their CV is
compared with what the laboratory allows, but only where it is more than counting explains: two
tubes of ten CAR+ events each differ by chance.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.gating.strategy import Role
from carflow.qc.limits import Above, gravest
from carflow.study.model import SampleType
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from carflow.qc.summary import TubeSummary
    from carflow.thresholds import QcLimits

    Group = Sequence[TubeSummary]

_COUNTS = {"cd3_per_ul_beads": "T cells/µL by beads", "car_per_ul_beads": "CAR T cells/µL by beads"}
_CHANCE = 2.0  # times the CV that counting alone gives


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """One number in all replicates: its name, its CV [%], and the CV of counting alone [%]."""

    name: str
    cv_pct: float
    chance_pct: float


def check_replicates(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge the CV of CAR+ percentage, T cell percentage and counts among replicates."""
    visits: dict[tuple[str, float], list[TubeSummary]] = {}
    for tube in group:
        if tube.sample_type is SampleType.PATIENT:
            visits.setdefault((tube.subject_id, tube.day), []).append(tube)
    return tuple(
        finding
        for several in visits.values()
        if len(several) > 1
        for finding in _findings(several, limits)
    )


REPLICATE_CHECKS: tuple[Callable[[Group, QcLimits], tuple[Finding, ...]], ...] = (check_replicates,)


def _findings(several: Group, limits: QcLimits) -> Iterator[Finding]:
    allowed = Above(limits.replicate_cv_warn_pct, limits.replicate_cv_fail_pct, unit="%")
    compared = [one for one in _compared(several) if one is not None]
    if not compared:
        return
    judged = [(_severity(one, allowed), one) for one in compared]
    judged.sort(key=lambda pair: (pair[0].rank, -pair[1].cv_pct))
    severity = gravest(one for one, _ in judged)
    worst = judged[0][1]
    names = ", ".join(tube.sample_id for tube in several)
    ending = ": more than counting explains" if severity is not Severity.PASS else ""
    for tube in several:
        yield Finding(
            code="QC-REPLICATES",
            severity=severity,
            message=f"Among the replicates {names} the largest CV is that of {worst.name}, "
            f"{significant(worst.cv_pct, 2)} % ({significant(worst.chance_pct, 2)} % by counting "
            f"alone){ending}.",
            sample_id=tube.sample_id,
            value=worst.cv_pct,
            limit=str(allowed),
        )


def _severity(one: _Compared, allowed: Above) -> Severity:
    return Severity.PASS if one.cv_pct <= _CHANCE * one.chance_pct else allowed.severity(one.cv_pct)


def _compared(several: Group) -> Iterator[_Compared | None]:
    yield _share(several, Role.CAR, Role.CD3, "% CAR+ of CD3+")
    yield _share(several, Role.CD3, Role.CD45, "% CD3+ of CD45+")
    for name, words in _COUNTS.items():
        values = [tube.per_ul.get(name, 0.0) for tube in several]
        events = [tube.counts.get(_role_of(name), 0) for tube in several]
        beads = [tube.counts.get(Role.BEADS, 0) for tube in several]
        if min(*values, *events, *beads) > 0:
            chance = [1.0 / cells + 1.0 / bead for cells, bead in zip(events, beads, strict=True)]
            yield _of(words, values, chance)


def _role_of(count: str) -> Role:
    return Role.CAR if count.startswith("car") else Role.CD3


def _share(several: Group, part: Role, whole: Role, name: str) -> _Compared | None:
    pairs = [(tube.counts.get(part, 0), tube.counts.get(whole, 0)) for tube in several]
    if any(inside == 0 or total == 0 for inside, total in pairs):
        return None
    values = [inside / total for inside, total in pairs]
    return _of(name, values, [max(0.0, 1.0 / i - 1.0 / n) for i, n in pairs])


def _of(name: str, values: Sequence[float], variances: Sequence[float]) -> _Compared:
    """Return the CV of some values, and that of their counting by its relative variances."""
    return _Compared(
        name=name,
        cv_pct=100.0 * statistics.stdev(values) / statistics.fmean(values),
        chance_pct=100.0 * math.sqrt(statistics.fmean(variances)),
    )
