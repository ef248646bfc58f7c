"""Checks of one tube's populations: viability, empty gates, T cell subsets, CAR+ events, speed.

They need gates (the speed of acquisition alone does not); each gives no finding where the gate
file names no population for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.gating.strategy import Role
from carflow.qc.limits import Below, Within
from carflow.qc.telling import finding_of
from carflow.qc.usual import some_of
from carflow.study.model import SampleType
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Callable

    from carflow.gating.strategy import AssayLimits
    from carflow.qc.summary import PopulationEvents, TubeSummary
    from carflow.thresholds import QcLimits

# a tube without CAR cells, and one without beads, are as they should be
_MAY_BE_EMPTY = {
    *(Role.CAR, Role.CAR_CD4, Role.CAR_CD8, Role.BEADS),
    Role.CAR_P95,
}
_SUBSETS = (
    (Role.CD4, Role.CD8),
    (Role.CAR_CD4, Role.CAR_CD8, Role.CAR_NEGATIVE_CD4, Role.CAR_NEGATIVE_CD8),
)


def check_viability(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge the viable share of the cells, or of CD45+ where the live gate lies inside it."""
    live = tube.population(Role.LIVE)
    if live is None or tube.sample_type is SampleType.BEAD_QC:
        return ()
    # the innermost of the two that the live gate lies in, whatever gates stand between
    outer = next((role for role in (Role.CD45, Role.CELLS) if role in live.lineage), None)
    code = "QC-VIABILITY"
    if outer is None:
        message = (
            "The gate of viable events lies neither in a population of cells nor in CD45+: "
            "viability could not be checked."
        )
        return (finding_of(tube, code, Severity.INFO, message),)
    total = tube.counts.get(outer, 0)
    if total < limits.denominator_events_least:
        return (_too_few(tube, code, total, limits),)
    allowed = Below(limits.viability_warn_pct, limits.viability_fail_pct, unit="%")
    share_pct = 100.0 * live.count / total
    severity = allowed.severity(share_pct)
    whole = "cells" if outer is Role.CELLS else "CD45+ events"
    ending = {
        Severity.WARN: f", less than {allowed.warn:g} %: dead cells bind antibodies",
        Severity.FAIL: f", less than {allowed.fail:g} %: the tube says little about living cells",
    }.get(severity, "")
    return (
        finding_of(
            tube,
            code,
            severity,
            f"{share_pct:.1f} % of {total:,} {whole} are viable{ending}.",
            value=share_pct,
            limit=allowed,
        ),
    )


def check_empty_gates(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Find populations without an event whose parent has many; CAR+ and beads may be empty.

    Only populations with a role are judged: double-negative T cells may well be missing. In an
    FMO tube one stain is missing on purpose, so an empty population is told and not judged.
    """
    judged = [
        found
        for found in tube.populations
        if found.roles
        and found.parent_count >= limits.denominator_events_least
        and not _MAY_BE_EMPTY & set(found.lineage)
    ]
    if not judged or tube.sample_type is SampleType.BEAD_QC:
        return ()
    empty = [found for found in judged if found.count == 0]
    if empty:
        told = some_of([_empty_sentence(found) for found in empty], "; ")
        message = f"A gate holds no event: {told}."
        severity = Severity.WARN
        if tube.sample_type is SampleType.FMO:
            severity, message = Severity.INFO, f"{message[:-1]}; an FMO tube lacks a stain."
    else:
        message = f"Each of {len(judged)} populations with a large parent holds events."
        severity = Severity.PASS
    return (
        finding_of(
            tube,
            "QC-EMPTY-GATE",
            severity,
            message,
            value=float(len(empty)),
            limit=f"warn > 0 of {limits.denominator_events_least:,} or more",
        ),
    )


def check_t_sum(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge CD4+ and CD8+ together as a share of CD3+; FMO tubes are left out."""
    roles = next((some for some in _SUBSETS if set(some) <= set(tube.counts)), None)
    if roles is None or Role.CD3 not in tube.counts or tube.sample_type is SampleType.FMO:
        return ()
    total = tube.counts[Role.CD3]
    if total < limits.denominator_events_least:
        return (_too_few(tube, "QC-T-SUM", total, limits),)
    allowed = Within(limits.t_sum_low_pct, limits.t_sum_high_pct, unit="%")
    share_pct = 100.0 * sum(tube.counts[role] for role in roles) / total
    severity = allowed.severity(share_pct)
    ending = ""
    if severity is Severity.WARN and share_pct < allowed.low:
        ending = ": a CD4 or CD8 gate cuts T cells off, or many are double negative"
    elif severity is Severity.WARN:
        ending = ": the CD4 and CD8 gates overlap, or are not gates of CD3+"
    return (
        finding_of(
            tube,
            "QC-T-SUM",
            severity,
            f"CD4+ and CD8+ together are {share_pct:.1f} % of CD3+{ending}.",
            value=share_pct,
            limit=allowed,
        ),
    )


def check_car_events(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge whether CAR+ events, or their absence, carry a number; tubes of patients only.

    Without a required sensitivity in the gate file, nobody has said how many T cells make
    "not detected" an answer: then that is told and not judged.
    """
    del limits  # the limits of detection belong to the assay and stand in the gate file
    assay, car = tube.assay, tube.counts.get(Role.CAR)
    if assay is None or car is None or tube.sample_type is not SampleType.PATIENT:
        return ()
    if car >= assay.lloq_events:
        severity, message = Severity.PASS, f"{car:,} CAR+ events, enough to quantify."
    elif car >= assay.lod_events:
        severity = Severity.WARN
        message = (
            f"{car:,} CAR+ events: detected, but fewer than the {assay.lloq_events:,} needed "
            "to quantify."
        )
    else:
        severity, message = _undetected(car, tube.counts.get(Role.CD3), assay)
    return (
        finding_of(
            tube,
            "QC-CAR-EVENTS",
            severity,
            message,
            value=float(car),
            limit=f"warn < {assay.lloq_events:,}",
        ),
    )


def check_rate(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge the events acquired in a second, from the times that the file states."""
    if tube.n_events == 0:
        return ()
    if not tube.duration_s or tube.duration_s < 0:
        message = "The file states no acquisition time: its event rate could not be checked."
        return (finding_of(tube, "QC-RATE", Severity.INFO, message),)
    allowed = Within(limits.events_per_s_low, limits.events_per_s_high, unit="1/s")
    rate = tube.n_events / tube.duration_s
    shown = f"{rate:,.0f}" if rate >= 100.0 else significant(rate, 4)
    severity = allowed.severity(rate)
    ending = ""
    if severity is Severity.WARN and rate < allowed.low:
        ending = ": a clog, a pause, or an export of a part of the events"
    elif severity is Severity.WARN:
        ending = ": more than a cytometer counts; the times or the events are not of this tube"
    return (
        Finding(
            code="QC-RATE",
            severity=severity,
            message=f"{tube.n_events:,} events in {significant(tube.duration_s, 4)} s are {shown} "
            f"a second{ending}.",
            sample_id=tube.sample_id,
            value=rate,
            limit=str(allowed),
        ),
    )


POPULATION_CHECKS: tuple[Callable[[TubeSummary, QcLimits], tuple[Finding, ...]], ...] = (
    check_viability,
    check_empty_gates,
    check_t_sum,
    check_car_events,
    check_rate,
)


def _undetected(car: int, n_cd3: int | None, assay: AssayLimits) -> tuple[Severity, str]:
    begin = f"{car:,} CAR+ events, fewer than the {assay.lod_events:,} needed to detect"
    if not n_cd3:
        return Severity.WARN, f"{begin}, and no CD3+ event among which they could have been."
    reached_pct = 100.0 * assay.lod_events / n_cd3
    among = (
        f"{begin}: among {n_cd3:,} CD3+ events {significant(reached_pct, 2)} % could have been seen"
    )
    required = assay.required_sensitivity_pct
    if required is None:
        return Severity.INFO, f"{among}; the gates state no required sensitivity to hold it to."
    if reached_pct <= required:
        return Severity.PASS, f"{among}, the required {required:g} % or less."
    return Severity.WARN, f"{among}, not the required {required:g} %."


def _empty_sentence(found: PopulationEvents) -> str:
    parent = f'"{found.parent}"' if found.parent else "the file"
    return f'"{found.name}" of {found.parent_count:,} events in {parent}'


def _too_few(tube: TubeSummary, code: str, total: int, limits: QcLimits) -> Finding:
    message = (
        f"Only {total:,} events in the denominator, fewer than "
        f"{limits.denominator_events_least:,}: the share was not judged."
    )
    return finding_of(tube, code, Severity.INFO, message)
