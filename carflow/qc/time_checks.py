"""Checks of a tube's course through time: stability, drift, order, gaps, flow rate.

The course is taken while the events are in hand (`carflow.cleaning.time_record`); here it is only
judged. Unless the gate file asks for it, nothing is removed from a tube's numbers: the stretches
that are not to be believed are told, and who reads the findings decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.cleaning.stability import MOST_LEFT_OUT_PCT
from carflow.cleaning.time_order import TimeState
from carflow.findings import Finding, Severity
from carflow.qc.limits import Above
from carflow.qc.telling import finding_of
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carflow.cleaning.stability import RemovedInterval, Stability
    from carflow.qc.summary import TubeSummary
    from carflow.thresholds import QcLimits

_TOLD_INTERVALS = 5
_FEW_EVENTS = 10_000


def check_stability(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge the share of events in stretches where the signals are not those of the tube."""
    stability = tube.stability
    if stability is None or tube.n_events == 0:
        return ()
    allowed = Above(limits.unstable_warn_pct, limits.unstable_fail_pct, unit="%")
    removed_pct = stability.removed_pct
    if removed_pct is None:
        return (_not_judged(tube, "QC-TIME-STABILITY", stability),)
    severity = allowed.severity(removed_pct)
    if stability.removed:
        message = (
            f"{significant(removed_pct)} % of the events lie in stretches with other signals than "
            f"the rest ({_stretches(stability.removed)}), seen in {_labels(tube, stability)}: they "
            f"{'were left out' if tube.n_removed else 'stay in the numbers'}."
        )
        if removed_pct > MOST_LEFT_OUT_PCT:
            message += f" More than {MOST_LEFT_OUT_PCT:g} % of a tube are never left out."
    else:
        message = f"The signals of {len(stability.channels)} channels are steady."
        if tube.n_events < _FEW_EVENTS:
            message += f" Of {tube.n_events:,} events hardly any stretch below 100 can be told."
    if stability.suspect_pct > limits.suspect_warn_pct:
        severity = Severity.WARN if severity is Severity.PASS else severity
        message += (
            f" In {significant(stability.suspect_pct)} % of the tube they depart a little, too "
            "little to name a stretch."
        )
    return (
        finding_of(tube, "QC-TIME-STABILITY", severity, message, value=removed_pct, limit=allowed),
    )


def check_drift(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge how far a channel's usual signal moved from one end of the tube to the other."""
    stability = tube.stability
    if stability is None or tube.n_events == 0:
        return ()
    if not stability.drift_points:
        return (_not_judged(tube, "QC-TIME-DRIFT", stability),)
    allowed = Above(limits.drift_warn_points, unit="points")
    channel, points = max(stability.drift_points.items(), key=lambda item: item[1])
    message = (
        f"The largest drift is that of {tube.channel_label(channel)}: its mean rank moved by "
        f"{significant(points)} percentage points."
    )
    severity = allowed.severity(points)
    return (finding_of(tube, "QC-TIME-DRIFT", severity, message, value=points, limit=allowed),)


_ORDER_WORDS = {
    TimeState.SHUFFLED: "Time jumps back {backsteps:,} times: the events are not in the order "
    "in which they were acquired.",
    TimeState.RESTARTED: "The clock began again {restarts} times: the tube was acquired in "
    "several parts.",
    TimeState.COARSE: "The ticks of Time are too coarse to follow the tube.",
    TimeState.ABSENT: "The file holds no time of its events.",
}


def check_time_order(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge whether Time runs forward through the file."""
    del limits  # an order is kept or not
    if tube.stability is None or tube.n_events == 0:
        return ()
    time = tube.stability.time
    if time.state is TimeState.ORDERED:
        message = "Time never runs backwards."
        return (finding_of(tube, "QC-TIME-ORDER", Severity.PASS, message),)
    words = _ORDER_WORDS[time.state].format(backsteps=time.n_backsteps, restarts=time.n_restarts)
    grave = time.state in {TimeState.SHUFFLED, TimeState.RESTARTED}
    severity = Severity.WARN if grave else Severity.INFO
    return (finding_of(tube, "QC-TIME-ORDER", severity, words),)


def check_gaps(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Tell pauses of the acquisition; one beside a disturbed stretch fails."""
    del limits  # a gap is there or not
    stability = tube.stability
    if stability is None or stability.rate is None:
        return ()
    gaps = stability.time.gaps
    if not gaps:
        return (finding_of(tube, "QC-TIME-GAP", Severity.PASS, "The acquisition never paused."),)
    begin = stability.time.begin  # gaps are told from the first event on, intervals are not
    longest = max(gaps, key=lambda gap: gap.length_s)
    beside = any(
        one.first_s is not None
        and one.last_s is not None
        and one.first_s - 1.0 <= begin + gap.begin_s + gap.length_s
        and begin + gap.begin_s <= one.last_s + 1.0
        for one in stability.removed
        for gap in gaps
    )
    message = (
        f"The acquisition paused {len(gaps)} times, at most for {significant(longest.length_s)} s"
        + (", and the signals beside a pause are disturbed." if beside else ".")
    )
    severity = Severity.FAIL if beside else Severity.WARN
    return (finding_of(tube, "QC-TIME-GAP", severity, message),)


def check_flow_rate(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Judge how steadily events arrived; a percentage does not depend on it, a volume may."""
    if tube.stability is None or tube.stability.rate is None:
        return ()
    rate = tube.stability.rate
    allowed = Above(limits.unusual_rate_warn_pct, unit="%")
    severity = allowed.severity(rate.unusual_pct)
    message = f"{significant(rate.median_per_s, 4)} events arrived in a usual second"
    if severity is not Severity.PASS:
        message += (
            f", but {significant(rate.unusual_pct)} % of the time between "
            f"{significant(rate.lowest_per_s)} and {significant(rate.highest_per_s)}: counts by "
            "acquired volume may be wrong"
        )
    return (
        finding_of(
            tube, "QC-FLOW-RATE", severity, f"{message}.", value=rate.unusual_pct, limit=allowed
        ),
    )


TIME_CHECKS: tuple[Callable[[TubeSummary, QcLimits], tuple[Finding, ...]], ...] = (
    check_stability,
    check_drift,
    check_time_order,
    check_gaps,
    check_flow_rate,
)


def _not_judged(tube: TubeSummary, code: str, stability: Stability) -> Finding:
    why = stability.not_judged or "too little of the tube is undisturbed"
    message = f"Not judged through time: {why}."
    return finding_of(tube, code, Severity.INFO, message)


def _labels(tube: TubeSummary, stability: Stability) -> str:
    return ", ".join(tube.channel_label(channel) for channel in stability.blamed_channels)


def _stretches(removed: Sequence[RemovedInterval]) -> str:
    """Return the stretches in seconds, or in events where seconds are not known."""
    told = [
        f"events {one.first_event:,} to {one.stop_event:,}"
        if one.first_s is None or one.last_s is None
        else f"{one.first_s:.1f} to {one.last_s:.1f} s"
        for one in removed[:_TOLD_INTERVALS]
    ]
    more = len(removed) - len(told)
    return ", ".join(told) + (f" and {more} more" if more > 0 else "")
