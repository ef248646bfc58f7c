"""Checks of a tube's percentages against those of the other tubes of its panel.

Which percentage is right nobody knows beforehand; one that stands alone among the tubes of a
panel is worth a look. Spread is robust (median and MAD), so that the odd tube does not excuse
itself, and never counts as less than a point, so that a very even batch stays quiet; percentages
that change with the blood (lymphocytes, T cells) are given more room than those of the staining
(singlets, viable events).
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.gating.strategy import Role
from carflow.qc.limits import Above
from carflow.qc.usual import SAME_MATERIAL, some_of, tubes_of
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from carflow.qc.summary import TubeSummary
    from carflow.thresholds import QcLimits

    Group = Sequence[TubeSummary]

# from the outside in: an odd percentage further in is often the consequence of one further out
_COMPARED = (Role.SINGLETS, Role.CELLS, Role.LIVE, Role.CD45, Role.LYMPHOCYTES, Role.CD3)
_OF_THE_STAINING = {Role.SINGLETS, Role.LIVE}
_SD_OF_MAD = 1.4826


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """What is usual for one percentage in a panel."""

    name: str
    centre: float
    spread: float
    shares: Mapping[str, float]

    def z(self, sample_id: str) -> float:
        return abs(self.shares[sample_id] - self.centre) / self.spread


def check_percentages(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare singlets, cells, viable, CD45+, lymphocytes and CD3+, each as % of its parent.

    Untransduced and healthy tubes are left out: other material has other percentages.
    """
    tubes = [tube for tube in group if tube.sample_type in SAME_MATERIAL]
    if not any(tube.population(role) for tube in tubes for role in _COMPARED):
        return ()
    usual = [*_usual(tubes, limits)]
    if not usual:
        message = (
            f"Percentages of {tubes_of(group)} could not be compared: fewer than "
            f"{limits.batch_tubes_least} have {limits.denominator_events_least:,} events in a "
            "denominator."
        )
        return (Finding(code="QC-PERCENTAGE", severity=Severity.INFO, message=message),)
    return tuple(_finding(tube.sample_id, usual, limits) for tube in tubes)


PERCENTAGE_CHECKS: tuple[Callable[[Group, QcLimits], tuple[Finding, ...]], ...] = (
    check_percentages,
)


def _usual(tubes: Group, limits: QcLimits) -> Iterator[_Share]:
    for role in _COMPARED:
        found = [(tube.sample_id, tube.population(role)) for tube in tubes]
        shares = {
            sample_id: 100.0 * one.count / one.parent_count
            for sample_id, one in found
            if one is not None and one.parent_count >= limits.denominator_events_least
        }
        if len(shares) < limits.batch_tubes_least:
            continue
        centre = statistics.median(shares.values())
        least = (
            limits.batch_spread_least_points
            if role in _OF_THE_STAINING
            else limits.blood_spread_least_points
        )
        mad = statistics.median(abs(share - centre) for share in shares.values())
        yield _Share(
            name=next(one.name for _, one in found if one is not None),
            centre=centre,
            spread=max(_SD_OF_MAD * mad, least),
            shares=shares,
        )


def _finding(sample_id: str, usual: Sequence[_Share], limits: QcLimits) -> Finding:
    allowed = Above(limits.batch_z_warn)
    own = [share for share in usual if sample_id in share.shares]
    if not own:
        return Finding(
            code="QC-PERCENTAGE",
            severity=Severity.INFO,
            message="Too few events in every denominator to compare the percentages.",
            sample_id=sample_id,
        )
    odd = [one for one in own if allowed.severity(one.z(sample_id)) is Severity.WARN]
    told = [
        f'"{one.name}" is {significant(one.shares[sample_id])} % of its parent instead of '
        f"{significant(one.centre)} % (robust z {one.z(sample_id):.1f})"
        for one in odd
    ]
    return Finding(
        code="QC-PERCENTAGE",
        severity=Severity.WARN if odd else Severity.PASS,
        message=f"Unlike the other tubes of the panel: {some_of(told, '; ')}."
        if odd
        else f"As usual in the panel: {', '.join(one.name for one in own)}.",
        sample_id=sample_id,
        value=max(one.z(sample_id) for one in own),
        limit=str(allowed),
    )
