"""Checks of the tubes that show where CAR begins: FMO, untransduced and pre-infusion tubes.

Their size is judged for all controls of a panel together, because a cut is set on all of them;
their background for each, because one bad control is enough to move the cut. Whether a panel
has a control at all is told in `carflow.qc.batch_checks`.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.gating.strategy import Role
from carflow.qc.limits import Above, Below
from carflow.qc.telling import finding_of
from carflow.qc.usual import CONTROLS
from carflow.study.model import SampleType
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carflow.qc.summary import TubeSummary
    from carflow.thresholds import QcLimits

    Group = Sequence[TubeSummary]

_CHANCE = 0.05


def check_control_size(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge the CD3+ events of all controls of a panel together; none without a control."""
    controls = [tube for tube in _controls(group) if Role.CD3 in tube.counts]
    if not controls:
        return ()
    enough = Below(limits.control_events_warn, limits.control_events_fail)
    total = sum(tube.counts[Role.CD3] for tube in controls)
    severity = enough.severity(total)
    tubes = "the control" if len(controls) == 1 else f"{len(controls)} controls"
    ending = {
        Severity.WARN: f", fewer than {enough.warn:,}: too few for a cut at the 99.9th percentile",
        Severity.FAIL: f", fewer than {enough.fail:,}: too few to tell where CAR begins",
    }.get(severity, "")
    names = ", ".join(tube.sample_id for tube in controls)
    return (
        Finding(
            code="QC-CONTROL-SIZE",
            severity=severity,
            message=f"{total:,} CD3+ events in {tubes} ({names}){ending}.",
            value=float(total),
            limit=str(enough),
        ),
    )


def check_background(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge the CAR+ share of CD3+ in each control against the nominal background.

    An excess that chance would give in one of twenty tubes of that size is none.
    """
    allowed = Above(limits.background_ratio_warn, limits.background_ratio_fail)
    return tuple(
        _background_finding(tube, allowed, limits)
        for tube in _controls(group)
        if {Role.CAR, Role.CD3} <= set(tube.counts)
    )


def check_negatives(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare the brightness of CAR-negative T cells with that of the controls.

    A fixed cut lies elsewhere among negatives that have become brighter, as activated cells do.
    """
    reference = [
        tube.car_negative_median
        for tube in _controls(group)
        if tube.car_negative_median is not None
    ]
    tubes = [tube for tube in group if tube.sample_type is SampleType.PATIENT]
    tubes = [tube for tube in tubes if tube.car_negative_median is not None]
    if not reference or not tubes:
        return ()
    allowed = Above(limits.negative_shift_warn_pct, limits.negative_shift_fail_pct, unit="%")
    centre = statistics.median(reference)
    return tuple(_negative_finding(tube, centre, allowed, limits) for tube in tubes)


def check_pre_infusion(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Fail a tube from before the infusion that holds CAR T cells: a swap, or background.

    The limit of detection is that of the assay, or that of the nominal background where this
    is higher (McCloskey et al., Cytometry B 100:42, 2021).
    """
    found = []
    for tube in group:
        car, n_cd3 = tube.counts.get(Role.CAR), tube.counts.get(Role.CD3)
        if tube.sample_type is not SampleType.PRE_INFUSION or car is None or n_cd3 is None:
            continue
        background = limits.nominal_background_pct / 100.0 * n_cd3
        lod = max(float(tube.assay.lod_events if tube.assay else 0), detection_limit(background))
        positive = car > lod
        ending = ": another day's file, or background that is not background" if positive else ""
        found.append(
            Finding(
                code="QC-PRE-INFUSION",
                severity=Severity.FAIL if positive else Severity.PASS,
                message=f"{car:,} CAR+ of {n_cd3:,} CD3+ events before the infusion, "
                f"{'above' if positive else 'not above'} the limit of detection "
                f"({significant(lod)} events){ending}.",
                sample_id=tube.sample_id,
                value=float(car),
                limit=f"fail > {significant(lod)}",
            )
        )
    return tuple(found)


CONTROL_CHECKS: tuple[Callable[[Group, QcLimits], tuple[Finding, ...]], ...] = (
    check_control_size,
    check_background,
    check_negatives,
    check_pre_infusion,
)


def detection_limit(background_events: float) -> float:
    """Return the smallest mean number of events that is told from the background, at 5 %.

    Parameters
    ----------
    background_events : float
        Events expected in a blank of the same size.

    Returns
    -------
    float
        The mean that lies above the limit of blank in 95 of 100 tubes; the limit of blank is
        exceeded by 5 of 100 blanks. Both by the Poisson distribution.

    Examples
    --------
    >>> [round(detection_limit(events), 1) for events in (0, 0.5, 1, 2, 5, 10, 20)]
    [3.0, 6.3, 7.8, 10.5, 15.7, 23.1, 38.4]
    """
    from scipy.special import gammainccinv, pdtrc

    blank = math.floor(background_events)
    while background_events > 0 and pdtrc(blank, background_events) > _CHANCE:
        blank += 1
    return float(gammainccinv(blank + 1, _CHANCE))


def _controls(group: Group) -> list[TubeSummary]:
    return [tube for tube in group if tube.sample_type in CONTROLS]


def _background_finding(tube: TubeSummary, allowed: Above, limits: QcLimits) -> Finding:
    from scipy.special import pdtrc

    car, n_cd3 = tube.counts[Role.CAR], tube.counts[Role.CD3]
    limit = f"of {limits.nominal_background_pct:g} %: {allowed}"
    if n_cd3 < limits.denominator_events_least:
        return finding_of(
            tube,
            "QC-CONTROL-BACKGROUND",
            Severity.INFO,
            f"Only {n_cd3:,} CD3+ events in the control: its background was not judged.",
            limit=limit,
        )
    expected = limits.nominal_background_pct / 100.0 * n_cd3
    ratio = car / expected if expected else (math.inf if car else 0.0)
    severity = allowed.severity(ratio)
    by_chance = car > 0 and float(pdtrc(car - 1, expected)) >= _CHANCE
    ending = ""
    if severity is not Severity.PASS and by_chance:
        severity, ending = Severity.PASS, ", which chance can give"
    elif severity is not Severity.PASS:
        ending = ": the cut lies too low, or the control is none"
    return Finding(
        code="QC-CONTROL-BACKGROUND",
        severity=severity,
        message=f"{significant(100.0 * car / n_cd3, 2)} % CAR+ of {n_cd3:,} CD3+ events in the "
        f"control, nominal {limits.nominal_background_pct:g} %{ending}.",
        sample_id=tube.sample_id,
        value=ratio if math.isfinite(ratio) else None,
        limit=limit,
    )


def _negative_finding(
    tube: TubeSummary, centre: float, allowed: Above, limits: QcLimits
) -> Finding:
    code = "QC-CAR-NEGATIVE"
    n_negative = tube.counts.get(Role.CAR_NEGATIVE, 0)
    median, cut = tube.car_negative_median, tube.car_cut
    if median is None or cut is None or cut <= centre:
        message = "The CAR gate has no lower end above the controls: a shift could not be judged."
        return Finding(code=code, severity=Severity.INFO, message=message, sample_id=tube.sample_id)
    if n_negative < limits.denominator_events_least:
        message = f"Only {n_negative:,} CAR-negative T cells: their brightness was not judged."
        return Finding(code=code, severity=Severity.INFO, message=message, sample_id=tube.sample_id)
    shift_pct = 100.0 * (median - centre) / (cut - centre)
    severity = allowed.severity(abs(shift_pct))
    ending = ""
    if severity is not Severity.PASS:
        way = "rises by itself" if shift_pct > 0 else "falls by itself"
        ending = f": the CAR+ percentage {way}, and the controls do not show it"
    return Finding(
        code=code,
        severity=severity,
        message=f"The CAR-negative T cells lie at {significant(median, 4)}, those of the controls "
        f"at {significant(centre, 4)}: {significant(abs(shift_pct), 2)} % of the way "
        f"{'to' if shift_pct >= 0 else 'away from'} the CAR cut at {significant(cut, 4)}{ending}.",
        sample_id=tube.sample_id,
        value=shift_pct,
        limit=str(allowed),
    )
