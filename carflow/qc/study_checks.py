"""Checks over the whole sheet: the same tube twice, order of days, controls of no tube.

Dates are compared here and nowhere else, and no sentence says one: a date is personal data.
Days apart are not.

Decision: a later day acquired earlier fails only when it is half a day or more earlier
(`QcLimits.reversed_fail_days`). Frozen samples of a whole course are thawed and run together
in any order; they warn, because the dates say nothing about their days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.qc.limits import Above
from carflow.qc.telling import finding_of
from carflow.qc.usual import CONTROLS
from carflow.study.model import SampleType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from carflow.qc.summary import TubeSummary
    from carflow.thresholds import QcLimits

_SECONDS_PER_DAY = 86_400.0


def check_duplicates(tubes: Sequence[TubeSummary], limits: QcLimits) -> tuple[Finding, ...]:
    """Find tubes whose events are byte for byte those of another tube.

    Both are named and both fail: which of the two rows names the wrong file is not known.
    Tubes without events are left out; they are all alike.
    """
    del limits  # events are the same or not
    same: dict[str, list[TubeSummary]] = {}
    for tube in tubes:
        if tube.n_events > 0:
            same.setdefault(tube.data_sha256, []).append(tube)
    return tuple(
        _duplicate_finding(tube, [other for other in twins if other is not tube])
        for twins in same.values()
        for tube in twins
    )


def check_same_acquisition(tubes: Sequence[TubeSummary], limits: QcLimits) -> tuple[Finding, ...]:
    """Find tubes with other bytes, but the start, length and cytometer of another tube.

    One acquisition that was exported twice, say with and without compensation, passes for two
    tubes. Tubes without a time of acquisition or without events are left out, and so are those
    that are byte for byte the same.
    """
    del limits  # time and number of events are the same or not
    alike: dict[tuple[object, ...], list[TubeSummary]] = {}
    for tube in tubes:
        if tube.acquired_at is not None and tube.n_events > 0:
            key = (tube.acquired_at, tube.n_events, tube.instrument_sha256)
            alike.setdefault(key, []).append(tube)
    return tuple(
        _same_acquisition_finding(
            tube, [other for other in twins if other.data_sha256 != tube.data_sha256]
        )
        for twins in alike.values()
        for tube in twins
    )


def check_control_panel(tubes: Sequence[TubeSummary], limits: QcLimits) -> tuple[Finding, ...]:
    """Find controls under a panel, or gates, of no patient's tube."""
    del limits  # a panel is the same or not
    followed = {
        (tube.panel_id, tube.gates_name) for tube in tubes if tube.sample_type is SampleType.PATIENT
    }
    if not followed:
        return ()
    controls = [tube for tube in tubes if tube.sample_type in CONTROLS]
    return tuple(
        _control_panel_finding(tube, (tube.panel_id, tube.gates_name) in followed)
        for tube in controls
    )


def check_date_order(tubes: Sequence[TubeSummary], limits: QcLimits) -> tuple[Finding, ...]:
    """Compare the days of each subject with the order in which its tubes were acquired.

    Only tubes on the subject's curve count; controls may be run at any time. Each tube is
    compared with the one of the day before it that has a date.
    """
    return tuple(
        finding for course in _courses(tubes) for finding in _course_findings(course, limits)
    )


STUDY_CHECKS: tuple[Callable[[Sequence[TubeSummary], QcLimits], tuple[Finding, ...]], ...] = (
    check_duplicates,
    check_same_acquisition,
    check_control_panel,
    check_date_order,
)


def _duplicate_finding(tube: TubeSummary, twins: Sequence[TubeSummary]) -> Finding:
    if not twins:
        severity = Severity.PASS
        message = "No other tube holds the same events."
    else:
        severity = Severity.FAIL
        named = ", ".join(twin.sample_id for twin in twins)
        message = (
            f"{tube.sample_id} holds exactly the events of {named}: one file stands in the "
            "sheet under several sample ids."
        )
    return finding_of(
        tube, "QC-DUPLICATE", severity, message, value=float(len(twins)), limit="fail > 0"
    )


def _same_acquisition_finding(tube: TubeSummary, twins: Sequence[TubeSummary]) -> Finding:
    message = "No other tube began at the same time with the same number of events."
    if twins:
        named = ", ".join(twin.sample_id for twin in twins)
        message = (
            f"Acquired at the same time, with the same number of events, as {named}: one "
            "acquisition that was exported twice."
        )
    return finding_of(
        tube,
        "QC-SAME-ACQUISITION",
        Severity.WARN if twins else Severity.PASS,
        message,
        value=float(len(twins)),
        limit="warn > 0",
    )


def _control_panel_finding(tube: TubeSummary, shared: bool) -> Finding:
    message = "The control has panel and gates of a patient's tube."
    if not shared:
        message = (
            "No patient's tube has the panel and gates of this control: it is compared with none."
        )
    return finding_of(
        tube,
        "QC-CONTROL-PANEL",
        Severity.PASS if shared else Severity.WARN,
        message,
        limit="panel of a patient's tube",
    )


def _courses(tubes: Sequence[TubeSummary]) -> Iterator[list[TubeSummary]]:
    """Yield the tubes on each subject's curve by day, for subjects with at least two days."""
    by_subject: dict[str, list[TubeSummary]] = {}
    for tube in tubes:
        if tube.sample_type.on_curve:
            by_subject.setdefault(tube.subject_id, []).append(tube)
    for course in by_subject.values():
        if len({tube.day for tube in course}) > 1:
            yield sorted(course, key=lambda tube: (tube.day, tube.row))


def _course_findings(course: Sequence[TubeSummary], limits: QcLimits) -> Iterator[Finding]:
    for tube in course:
        if tube.acquired_at is None:
            message = "The file states no time of acquisition: its day could not be checked."
            yield finding_of(tube, "QC-DATE-ORDER", Severity.INFO, message)
    dated = [(tube, tube.acquired_at) for tube in course if tube.acquired_at is not None]
    for later, acquired in dated:
        before = [(tube, time) for tube, time in dated if tube.day < later.day]
        if before:
            earlier, time = before[-1]
            elapsed = (acquired - time).total_seconds() / _SECONDS_PER_DAY
            yield from _pair_findings(earlier, later, elapsed, limits=limits)


def _pair_findings(
    earlier: TubeSummary, later: TubeSummary, elapsed: float, *, limits: QcLimits
) -> Iterator[Finding]:
    order = _order_finding(
        earlier, later, elapsed, allowed=Above(0.0, limits.reversed_fail_days, unit="d")
    )
    yield order
    if order.severity is Severity.PASS:
        yield _gap_finding(earlier, later, elapsed, allowed=Above(limits.gap_warn_days, unit="d"))


def _order_finding(
    earlier: TubeSummary, later: TubeSummary, elapsed: float, *, allowed: Above
) -> Finding:
    too_early = max(-elapsed, 0.0)
    message = (
        f"Acquired {_span(too_early)} before {earlier.sample_id} although its day is later "
        f"({later.day:g} against {earlier.day:g})."
        if too_early > 0
        else f"Acquired after {earlier.sample_id}, in the order of their days."
    )
    return finding_of(
        later, "QC-DATE-ORDER", allowed.severity(too_early), message, value=too_early, limit=allowed
    )


def _gap_finding(
    earlier: TubeSummary, later: TubeSummary, elapsed: float, *, allowed: Above
) -> Finding:
    days = later.day - earlier.day
    difference = abs(days - elapsed)
    message = (
        f"{days:.6g} days after {earlier.sample_id} in the sheet, {elapsed:.1f} days by the "
        "times of acquisition"
    )
    severity = allowed.severity(difference)
    if severity is Severity.WARN:
        message += ": a wrong day or file, or samples that were stored"
    return finding_of(
        later, "QC-DATE-GAP", severity, f"{message}.", value=difference, limit=allowed
    )


def _span(days: float) -> str:
    """Return a length of time in hours below one day, in days from there on."""
    return f"{days:.1f} days" if days >= 1 else f"{24 * days:.1f} hours"
