"""Checks of gates that were found in the events: which were not found, moved, or set by hand.

They look at the lock and at who was gated by it, not at any event.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.gating.estimates import Method
from carflow.gating.lock import BATCH_MEDIAN, OTHER_BATCH
from carflow.qc.limits import Above
from carflow.qc.usual import some_of
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from carflow.gating.lock import Coordinates, FrozenGate, Lock
    from carflow.thresholds import QcLimits

_INSTEAD = {
    BATCH_MEDIAN: "the median of the batch",
    OTHER_BATCH: "the gate of another batch",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedSample:
    """A tube that was gated by a lock: its batch and its file as they are now."""

    sample_id: str
    subject_id: str
    batch: str
    sha256: str


def check_frozen_gates(
    lock: Lock, samples: Sequence[LockedSample], limits: QcLimits
) -> tuple[Finding, ...]:
    """Return what is to be said about the gates of a lock and the tubes gated by it.

    Parameters
    ----------
    lock : Lock
        The gates.
    samples : sequence of LockedSample
        In the order of the sheet.
    limits : QcLimits
        How far a gate may lie from those of its batch.
    """
    return (
        *_cuts(lock),
        *_overrides(lock),
        *(found for sample in samples for found in _of_sample(lock, sample)),
        *_moved(lock, samples, limits),
    )


def _cuts(lock: Lock) -> Iterator[Finding]:
    """Yield one finding for each cut that is set on controls."""
    for gate in lock.gates:
        if gate.method != Method.CONTROL_PERCENTILE or gate.sample_id:
            continue
        cut = coordinates_words(gate.coordinates)
        if gate.fallback:
            yield Finding(
                code="QC-CONTROL-CUT",
                severity=Severity.WARN,
                message=f"{gate.population} {cut}: {_instead(gate)}, because {gate.reason}.",
            )
            continue
        asked = f"the {gate.percentile:g}th percentile of {gate.n_events:,} events"
        lesser = "too few events" in gate.reason
        ending = ": too few for the percentile the template asks for" if lesser else ""
        yield Finding(
            code="QC-CONTROL-CUT",
            severity=Severity.WARN if lesser else Severity.PASS,
            message=f"{gate.population} {cut}, {asked} of {len(gate.donors)} controls "
            f"({', '.join(gate.donors)}){ending}.",
            value=float(gate.n_events),
        )


def _overrides(lock: Lock) -> Iterator[Finding]:
    for override in lock.overrides:
        yield Finding(
            code="QC-GATE-OVERRIDE",
            severity=Severity.INFO,
            message=f"{override.population} was set by hand, "
            f"{coordinates_words(override.coordinates)}: {override.reason.rstrip('.')}.",
            sample_id=override.sample_id,
        )


def _of_sample(lock: Lock, sample: LockedSample) -> Iterator[Finding]:
    gates = lock.gates_of(
        sample_id=sample.sample_id, subject_id=sample.subject_id, batch=sample.batch
    )
    by_hand = {one.population for one in lock.overrides_of(sample.sample_id)}
    known = lock.tube(sample.sample_id)
    if known is None and gates:
        yield _late(lock, sample)
    elif known is not None and known.sha256 != sample.sha256:
        yield Finding(
            code="QC-GATE-CHANGED",
            severity=Severity.WARN,
            message="The file is not the one its gates were found in: the gates stayed, the "
            "events are others.",
            sample_id=sample.sample_id,
        )
    own = [one for one in gates.values() if one.sample_id or one.subject_id]
    lost = [one for one in own if one.fallback and one.population not in by_hand]
    for gate in lost:
        yield Finding(
            code="QC-GATE-FALLBACK",
            severity=Severity.WARN,
            message=f"{gate.population} was not found: {gate.reason}. Taken was "
            f"{_instead(gate)} ({coordinates_words(gate.coordinates)}).",
            sample_id=sample.sample_id,
            value=float(gate.n_events),
        )
    judged = [one for one in own if one.quality is not None and not one.fallback]
    if judged and not lost:
        poorest = min(judged, key=lambda one: one.quality or 0.0)
        yield Finding(
            code="QC-GATE-FALLBACK",
            severity=Severity.PASS,
            message=f"{len(own)} gate{'s' * (len(own) > 1)} found in the events, the least "
            f"certain {poorest.population} "
            f"(quality {poorest.quality:.2f}).",
            sample_id=sample.sample_id,
            value=poorest.quality,
        )


def _moved(lock: Lock, samples: Sequence[LockedSample], limits: QcLimits) -> Iterator[Finding]:
    """Yield one finding for each tube with gates of its own: how far they lie from the usual."""
    allowed = Above(limits.gate_shift_warn_decades, unit="decades")
    places: dict[tuple[str, str], dict[str, float]] = {}
    for gate in lock.gates:
        place = _place(gate)
        if gate.sample_id and place is not None:
            places.setdefault((gate.batch, gate.population), {})[gate.sample_id] = place
    for sample in samples:
        shifts = {
            population: found[sample.sample_id] - statistics.median(found.values())
            for (batch, population), found in places.items()
            if batch == sample.batch
            and sample.sample_id in found
            and len(found) >= limits.batch_tubes_least
        }
        if shifts:
            yield _moved_finding(sample.sample_id, shifts, allowed)


def _moved_finding(sample_id: str, shifts: Mapping[str, float], allowed: Above) -> Finding:
    odd = [name for name, shift in shifts.items() if allowed.severity(abs(shift)) is Severity.WARN]
    told = [f"{name} at {significant(10.0 ** shifts[name])} times the usual" for name in odd]
    message = f"Found where it is usual in the batch: {', '.join(shifts)}."
    if odd:
        message = (
            f"Found far from where it is usual in the batch: {some_of(told, '; ')}; the other "
            "cells of this tube moved as well, or the gate found another valley."
        )
    return Finding(
        code="QC-GATE-MOVED",
        severity=Severity.WARN if odd else Severity.PASS,
        message=message,
        sample_id=sample_id,
        value=max(map(abs, shifts.values())),
        limit=str(allowed),
    )


def _place(gate: FrozenGate) -> float | None:
    """Return log10 of where a gate was found, None where it was not or where it is no bound."""
    bound = gate.coordinates.high if gate.coordinates.low is None else gate.coordinates.low
    if gate.fallback or bound is None or bound <= 0.0:
        return None
    return math.log10(bound)


def _late(lock: Lock, sample: LockedSample) -> Finding:
    if sample.batch in lock.batches():
        return Finding(
            code="QC-GATE-LATE",
            severity=Severity.INFO,
            message="The gates were frozen without this tube: it has those of its batch.",
            sample_id=sample.sample_id,
        )
    return Finding(
        code="QC-GATE-LATE",
        severity=Severity.WARN,
        message="The gates were frozen without this tube, and no batch of the lock has its "
        "cytometer, voltages and reagent: it has the gates of the largest batch.",
        sample_id=sample.sample_id,
    )


def _instead(gate: FrozenGate) -> str:
    return _INSTEAD.get(gate.fallback, "the gate drawn in the template")


def coordinates_words(coordinates: Coordinates) -> str:
    """Return coordinates in words.

    Examples
    --------
    >>> from carflow.gating.lock import Coordinates
    >>> coordinates_words(Coordinates(low=451.142))
    'from 451.142'
    """
    if coordinates.vertices:
        return f"a polygon of {len(coordinates.vertices)} corners"
    parts = [f"from {coordinates.low:,.6g}"] if coordinates.low is not None else []
    parts += [f"up to {coordinates.high:,.6g}"] if coordinates.high is not None else []
    return " ".join(parts)
