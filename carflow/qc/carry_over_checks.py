"""Check of carry-over: CAR+ cells of the tube before in the first events of a tube.

What a line still holds comes first. The first fiftieth of a tube is compared with the rest of
the same tube, so that neither the gate nor the patient matters; an excess that chance would give
once in a thousand tubes is none. Events are gone by now: they were counted among drawn ones
(`carflow.gating.drawn_cells`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.gating.strategy import Role
from carflow.qc.limits import Above
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carflow.gating.drawn_cells import EarlyCells
    from carflow.qc.summary import TubeSummary
    from carflow.thresholds import QcLimits

_CHANCE = 0.001
_FEWEST_CELLS = 20  # T cells in the first events


def check_carry_over(tubes: Sequence[TubeSummary], limits: QcLimits) -> tuple[Finding, ...]:
    """Judge the first T cells of every tube that was run after another one on its cytometer.

    Tubes without a time of acquisition have none before them, and no finding.
    """
    cytometers: dict[str, list[TubeSummary]] = {}
    for tube in tubes:
        if tube.acquired_at is not None:
            cytometers.setdefault(tube.instrument_sha256, []).append(tube)
    found = []
    for several in cytometers.values():
        several.sort(key=lambda tube: (tube.acquired_at, tube.row))
        for before, tube in pairwise(several):
            if tube.early is not None and tube.acquired_at != before.acquired_at:
                found.append(_finding(tube, before, tube.early, limits))
    return tuple(found)


CARRY_OVER_CHECKS: tuple[Callable[[Sequence[TubeSummary], QcLimits], tuple[Finding, ...]], ...] = (
    check_carry_over,
)


def _finding(
    tube: TubeSummary, before: TubeSummary, early: EarlyCells, limits: QcLimits
) -> Finding:
    code = "QC-CARRY-OVER"
    if min(early.early_cd3, early.late_cd3) < _FEWEST_CELLS:
        message = f"Only {early.early_cd3:,} T cells in the first events: carry-over is not known."
        return Finding(code=code, severity=Severity.INFO, message=message, sample_id=tube.sample_id)
    first, rest = early.early_car / early.early_cd3, early.late_car / early.late_cd3
    previous = _car_share(before)
    allowed = Above(0.0, limits.carry_over_fail_pct, unit="% of the tube before")
    excess_pct = 100.0 * (first - rest) / previous if previous else 0.0
    severity = Severity.PASS
    if previous > rest and first > rest and _chance(early) < _CHANCE:
        severity = allowed.severity(excess_pct)
    ending = (
        f", {significant(excess_pct, 2)} % of what the tube before holds ({before.sample_id})"
        if severity is not Severity.PASS
        else ""
    )
    return Finding(
        code=code,
        severity=severity,
        message=f"{significant(100.0 * first, 2)} % of the first T cells are CAR+, "
        f"{significant(100.0 * rest, 2)} % of the others{ending}.",
        sample_id=tube.sample_id,
        value=max(0.0, excess_pct) if severity is not Severity.PASS else 0.0,
        limit=str(allowed),
    )


def _car_share(tube: TubeSummary) -> float:
    cd3 = tube.counts.get(Role.CD3, 0)
    return tube.counts.get(Role.CAR, 0) / cd3 if cd3 else 0.0


def _chance(early: EarlyCells) -> float:
    """Return how often chance puts that many of all CAR+ cells among the first T cells."""
    from scipy.special import bdtrc

    n_car = early.early_car + early.late_car
    share = early.early_cd3 / (early.early_cd3 + early.late_cd3)
    return float(bdtrc(early.early_car - 1, n_car, share)) if early.early_car else 1.0
