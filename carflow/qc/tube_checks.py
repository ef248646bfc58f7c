"""Checks that look at one tube alone; comparisons of tubes are in the next rooms.

Every check is a function of a summary and the limits and returns findings: PASS with value
and limit where it was done and nothing was wrong, INFO with the reason where it could not be
done, none at all where nobody expects it (no bead check without a bead number).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.gating.compensation import CompensationState
from carflow.gating.strategy import Role
from carflow.qc.limits import Above, Below, gravest
from carflow.qc.telling import finding_of
from carflow.study.model import SampleType
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Callable

    from carflow.qc.summary import MatrixSummary, TubeSummary
    from carflow.thresholds import QcLimits


def check_reader(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Carry the findings of the FCS reader through, each with its own code in front."""
    del limits  # what the reader noticed is there or not
    noticed = [found for found in tube.reader_findings if found.severity is not Severity.PASS]
    if not noticed:
        message = "The reader found nothing unusual in the file."
        return (finding_of(tube, "QC-READER", Severity.PASS, message),)
    return tuple(
        finding_of(tube, "QC-READER", found.severity, f"{found.code}: {found.message}")
        for found in noticed
    )


def check_events(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge the number of events; a tube of beads only is left out."""
    if tube.sample_type is SampleType.BEAD_QC:
        return ()
    if tube.n_events == 0:
        return (
            Finding(
                code="QC-EVENTS",
                severity=Severity.FAIL,
                message="The file holds no event.",
                sample_id=tube.sample_id,
                value=0.0,
                limit=str(Below(limits.events_warn, limits.events_fail)),
            ),
        )
    count = _Count(
        code="QC-EVENTS",
        number=tube.n_events,
        noun="events",
        when_few="percentages of rare cells will be uncertain",
        when_too_few="too few to judge the tube",
    )
    return (_judge(tube, count, Below(limits.events_warn, limits.events_fail)),)


def check_time_gate(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Say where a time gate could not be applied; tubes without one are left out."""
    del limits  # the gate was applied or not
    if not tube.skipped:
        return ()
    message = (
        f"The time of this tube cannot be used, so every event passed {_named(tube.skipped)}; "
        "a disturbed start or end of the acquisition is still in its numbers."
    )
    return (finding_of(tube, "QC-TIME-GATE", Severity.WARN, message),)


def _named(populations: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in populations)
    return f"the gate {names}" if len(populations) == 1 else f"the gates {names}"


def check_nonfinite(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge the share of events that hold a value which is not a number."""
    if tube.n_nonfinite is None or tube.n_events == 0:
        return ()
    allowed = Above(limits.nonfinite_warn_pct, limits.nonfinite_fail_pct, unit="%")
    share_pct = 100.0 * tube.n_nonfinite / tube.n_events
    if tube.n_nonfinite:
        message = (
            f"{tube.n_nonfinite:,} of {tube.n_events:,} events ({significant(share_pct)} %) hold a "
            "value that is not a number; they are in no population."
        )
    else:
        message = "Every event holds numbers only."
    return (
        finding_of(
            tube,
            "QC-NONFINITE",
            allowed.severity(share_pct),
            message,
            value=share_pct,
            limit=allowed,
        ),
    )


def check_cd3_events(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge the number of CD3+ events, the denominator of the CAR+ percentage."""
    if tube.sample_type is SampleType.BEAD_QC or not {Role.CD3, Role.CAR} & set(tube.counts):
        return ()
    if Role.CD3 not in tube.counts:
        message = "The gates name no CD3+ population: its size could not be checked."
        return (finding_of(tube, "QC-CD3-EVENTS", Severity.INFO, message),)
    count = _Count(
        code="QC-CD3-EVENTS",
        number=tube.counts[Role.CD3],
        noun="CD3+ events",
        when_few="a low CAR+ percentage of CD3+ will be uncertain",
        when_too_few="too few T cells for a CAR+ percentage of CD3+",
    )
    return (_judge(tube, count, Below(limits.cd3_events_warn, limits.cd3_events_fail)),)


def check_beads(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge the number of bead events where the sheet asks for a count by beads."""
    if tube.beads_in_tube is None or not tube.gates_name:
        return ()
    if Role.BEADS not in tube.counts:
        message = (
            "The sheet gives a bead number, but the gates name no bead population: "
            "the beads could not be checked."
        )
        return (finding_of(tube, "QC-BEADS", Severity.INFO, message),)
    count = _Count(
        code="QC-BEADS",
        number=tube.counts[Role.BEADS],
        noun="bead events",
        when_few="the count per µL will be uncertain",
        when_too_few="too few for a count per µL",
    )
    return (_judge(tube, count, Below(limits.bead_events_warn, limits.bead_events_fail)),)


def check_saturation(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge the events at the upper end of each channel's range, the worst channel first."""
    shares = {
        name: 100.0 * share for name, share in tube.saturated.items() if name != tube.time_channel
    }
    if not shares:
        message = "Saturation could not be checked: no share of saturated events is known."
        return (finding_of(tube, "QC-SATURATION", Severity.INFO, message),)
    allowed = {name: _saturation_limit(tube, name, limits) for name in shares}
    judged = {name: allowed[name].severity(share) for name, share in shares.items()}
    order = sorted(shares, key=lambda name: (judged[name].rank, -shares[name], name))
    exceeded = [name for name in order if judged[name] is not Severity.PASS]
    if exceeded:
        channels = ", ".join(
            f"{tube.channel_label(name)} {significant(shares[name])} % "
            f"(limit {allowed[name].warn:g} %)"
            for name in exceeded
        )
        message = f"Events at the upper end of the range, of unknown brightness: {channels}."
    else:
        label = tube.channel_label(order[0])
        message = (
            f"At most {significant(shares[order[0]])} % of the events are saturated ({label})."
        )
    return (
        finding_of(
            tube,
            "QC-SATURATION",
            gravest(judged.values()),
            message,
            value=shares[order[0]],
            limit=allowed[order[0]],
        ),
    )


def check_matrix(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge whether there is a spillover matrix where the gates want one, and its numbers."""
    if tube.compensation in {CompensationState.NOT_ASKED, CompensationState.ALREADY}:
        return ()
    if tube.sample_type is SampleType.BEAD_QC:  # beads are charted as acquired
        return ()
    present = _matrix_present(tube)
    if tube.matrix is None or tube.matrix.is_identity:
        return (present,)
    return (
        present,
        _matrix_condition(tube, tube.matrix, limits),
        *_matrix_coefficients(tube, tube.matrix, limits),
    )


TUBE_CHECKS: tuple[Callable[[TubeSummary, QcLimits], tuple[Finding, ...]], ...] = (
    check_reader,
    check_events,
    check_time_gate,
    check_nonfinite,
    check_cd3_events,
    check_beads,
    check_saturation,
    check_matrix,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """A number of events and what it means that there are few."""

    code: str
    number: int
    noun: str
    when_few: str
    when_too_few: str


def _judge(tube: TubeSummary, count: _Count, enough: Below) -> Finding:
    severity = enough.severity(count.number)
    ending = {
        Severity.WARN: f", fewer than {enough.warn:,}: {count.when_few}",
        Severity.FAIL: f", fewer than {enough.fail:,}: {count.when_too_few}",
    }.get(severity, "")
    return finding_of(
        tube,
        count.code,
        severity,
        f"{count.number:,} {count.noun}{ending}.",
        value=float(count.number),
        limit=enough,
    )


def _saturation_limit(tube: TubeSummary, channel: str, limits: QcLimits) -> Above:
    if channel in tube.target_channels:
        return Above(limits.target_saturation_warn_pct, limits.target_saturation_fail_pct, unit="%")
    return Above(limits.saturation_warn_pct, limits.saturation_fail_pct, unit="%")


def _matrix_present(tube: TubeSummary) -> Finding:
    code = "QC-MATRIX-MISSING"
    if tube.matrix is None and tube.compensation is None:
        message = "No usable spillover matrix; without gates it is not known whether one is needed."
        return finding_of(tube, code, Severity.INFO, message)
    if tube.matrix is None:
        message = (
            "The gates ask for compensation, but the file holds no usable spillover matrix: "
            "the populations were gated uncompensated."
        )
        return finding_of(tube, code, Severity.FAIL, message)
    if tube.matrix.is_identity:
        message = (
            "The spillover matrix compensates nothing (identity): either the values were "
            "compensated before export, or no compensation was set up."
        )
        return finding_of(tube, code, Severity.WARN, message)
    if tube.uncovered:
        missing = ", ".join(tube.channel_label(channel) for channel in tube.uncovered)
        message = f"The spillover matrix leaves out {missing}: gated uncompensated."
        return finding_of(tube, code, Severity.WARN, message)
    message = f"The file holds a spillover matrix of {len(tube.matrix.channels)} channels."
    return finding_of(tube, code, Severity.PASS, message)


def _matrix_condition(tube: TubeSummary, matrix: MatrixSummary, limits: QcLimits) -> Finding:
    allowed = Above(limits.condition_number_warn, limits.condition_number_fail)
    number = matrix.condition_number
    severity = allowed.severity(number)
    message = {
        Severity.PASS: f"The condition number of the spillover matrix is {significant(number)}.",
        Severity.WARN: (
            f"The condition number of the spillover matrix is {significant(number)}, more than "
            f"{allowed.warn:g}: compensation enlarges every error."
        ),
        Severity.FAIL: (
            f"The condition number of the spillover matrix is above {allowed.fail:g}: "
            "it cannot be inverted reliably."
        ),
    }[severity]
    return finding_of(
        tube,
        "QC-MATRIX-CONDITION",
        severity,
        message,
        value=number if math.isfinite(number) else None,
        limit=allowed,
    )


def _matrix_coefficients(
    tube: TubeSummary, matrix: MatrixSummary, limits: QcLimits
) -> tuple[Finding, ...]:
    cells = [
        (value, tube.channel_label(dye), tube.channel_label(detector))
        for dye, row in zip(matrix.channels, matrix.rows, strict=True)
        for detector, value in zip(matrix.channels, row, strict=True)
        if dye != detector and math.isfinite(value)
    ]
    if not cells:
        return ()
    value, dye, detector = max(cells)
    allowed = Above(limits.spillover_warn)
    severity = allowed.severity(value)
    ending = (
        f", more than {allowed.warn:g}: the dye would be brighter there than in its own detector"
        if severity is Severity.WARN
        else ""
    )
    return (
        finding_of(
            tube,
            "QC-MATRIX-VALUES",
            severity,
            f"The largest spillover is {significant(value)}, from {dye} into {detector}{ending}.",
            value=value,
            limit=allowed,
        ),
    )
