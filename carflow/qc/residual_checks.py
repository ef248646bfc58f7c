"""Checks of compensation among T cells: what it left between channels, and what it overdid.

The slopes are estimated where the T cells are, in `carflow.cleaning.residual_spillover`; here
they are judged. A large slope that a panel shares may be biology (a marker that grows with
another) or the matrix of the batch, and warns; one that a tube has alone is its own error, and
fails. With fewer than three tubes the two cannot be told apart, and it warns: in sound tubes of
public data some pairs lie above 0.02.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.qc.limits import Above, gravest
from carflow.qc.telling import finding_of
from carflow.qc.usual import some_of
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from carflow.cleaning.residual_spillover import ResidualSlope
    from carflow.qc.summary import TubeSummary
    from carflow.thresholds import QcLimits

    Group = Sequence[TubeSummary]
    Pair = tuple[str, str]


def check_residuals(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge the slopes of each tube against 0, and against those of its panel."""
    tubes = [tube for tube in group if tube.residuals]
    usual = _usual_slopes(tubes)
    return tuple(_finding(tube, usual, limits) for tube in tubes)


def check_far_negatives(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge the T cells far below the negatives of a channel, the worst channel of each tube."""
    return tuple(_far_finding(tube, limits) for tube in group if tube.far_negative_pct)


RESIDUAL_CHECKS: tuple[Callable[[Group, QcLimits], tuple[Finding, ...]], ...] = (
    check_residuals,
    check_far_negatives,
)


def _usual_slopes(tubes: Group) -> dict[Pair, float]:
    """Return the median slope of every pair that three tubes or more can tell."""
    slopes: dict[Pair, list[float]] = {}
    for tube in tubes:
        for one in tube.residuals:
            slopes.setdefault((one.source, one.target), []).append(one.slope)
    return {pair: statistics.median(some) for pair, some in slopes.items() if len(some) > 2}


def _finding(tube: TubeSummary, usual: Mapping[Pair, float], limits: QcLimits) -> Finding:
    allowed = Above(limits.residual_warn, limits.residual_fail)
    judged = [(_severity(one, usual, limits), one) for one in tube.residuals]
    judged.sort(key=lambda pair: (pair[0].rank, -abs(pair[1].slope), pair[1].source))
    odd = [one for severity, one in judged if severity is not Severity.PASS]
    severity = gravest(severity for severity, _ in judged)
    if odd:
        told = some_of([_sentence(tube, one) for one in odd], "; ")
        message = f"Compensation left light of one dye in another: {told}."
    else:
        message = f"Compensation left nothing in {len(judged)} pairs of channels."
    return finding_of(
        tube, "QC-RESIDUAL", severity, message, value=judged[0][1].slope, limit=allowed
    )


def _far_finding(tube: TubeSummary, limits: QcLimits) -> Finding:
    allowed = Above(limits.far_negative_warn_pct, limits.far_negative_fail_pct, unit="%")
    channel, share_pct = max(tube.far_negative_pct.items(), key=lambda pair: pair[1])
    severity = allowed.severity(share_pct)
    ending = ": compensated too much" if severity is not Severity.PASS else ""
    return Finding(
        code="QC-FAR-NEGATIVE",
        severity=severity,
        message=f"At most {significant(share_pct, 2)} % of the T cells lie far below the negatives "
        f"of a channel, {tube.channel_label(channel)}{ending}.",
        sample_id=tube.sample_id,
        value=share_pct,
        limit=str(allowed),
    )


def _severity(one: ResidualSlope, usual: Mapping[Pair, float], limits: QcLimits) -> Severity:
    if abs(one.z) < limits.residual_z_least:
        return Severity.PASS
    severity = Above(limits.residual_warn, limits.residual_fail).severity(abs(one.slope))
    if severity is not Severity.FAIL:
        return severity
    expected = usual.get((one.source, one.target), one.slope)
    return Severity.FAIL if abs(one.slope - expected) > limits.residual_fail else Severity.WARN


def _sentence(tube: TubeSummary, one: ResidualSlope) -> str:
    source, target = tube.channel_label(one.source), tube.channel_label(one.target)
    return f"{100.0 * one.slope:+.2g} % of {source} in {target}"
