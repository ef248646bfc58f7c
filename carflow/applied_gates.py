"""Which gates a run applied to which tube, and what is to be said about those that were found.

Only the bookkeeping lives here: fitting is in `carflow.gate_fit`, the sentences are in
`carflow.qc.gate_checks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from carflow.gate_fit import batch_of, fit_gates
from carflow.gating.choice import gates_for
from carflow.gating.estimates import Method
from carflow.gating.freezing import frozen_for
from carflow.gating.label_light import Sensitivity
from carflow.gating.strategy import Role, Strategy
from carflow.provenance import AppliedGates
from carflow.qc.gate_checks import LockedSample, check_frozen_gates
from carflow.qc.stated_limits import stated_limits
from carflow.quantify.background import (
    CONTROL_ORDER,
    EVERY_CELL,
    Background,
    background_of,
)
from carflow.study.model import SampleType, Tube

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carflow.fcs.acquisition import Acquisition
    from carflow.findings import Finding
    from carflow.gating.gated import Gated
    from carflow.quantify.counts import TubeCounts
    from carflow.study.model import Study
    from carflow.thresholds import QcLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class TubeGates:
    """The gates one tube was gated with, and the tube as the lock's checks see it."""

    strategy: Strategy
    sample: LockedSample
    channels: Mapping[str, str]


def fitted(
    study: Study, gates: Strategy | Sequence[Strategy], *, jobs: int
) -> tuple[Strategy, ...]:
    """Return the gates, those that are to be found in the events as found in this study."""
    strategies = (gates,) if isinstance(gates, Strategy) else tuple(gates)
    for tube in study.tubes:  # a tube without gates is told before the work
        gates_of_tube(tube, strategies)
    return tuple(fit_gates(study, one, jobs=jobs) if one.estimates else one for one in strategies)


def gates_of_tube(tube: Tube, strategies: Sequence[Strategy]) -> Strategy | None:
    """Return the gates of a tube, see `carflow.gating.choice.gates_for`.

    The beads of a cytometer have none: they are looked at as acquired, whatever their panel.
    """
    if tube.sample_type is SampleType.BEAD_QC:
        return None
    return gates_for(tube.sample_id, tube.panel_id, strategies)


def own_gates(tube: Tube, acquisition: Acquisition, strategy: Strategy) -> Strategy:
    """Return the gates of one tube: its own where they are frozen, else those of all."""
    if strategy.lock is None:
        return strategy
    batch = batch_of(tube, acquisition)
    return frozen_for(strategy, sample_id=tube.sample_id, subject_id=tube.subject_id, batch=batch)


def tube_gates(tube: Tube, acquisition: Acquisition, gated: Gated) -> TubeGates:
    """Return what is kept of the gates of a tube."""
    return TubeGates(
        strategy=gated.strategy,
        sample=LockedSample(
            sample_id=tube.sample_id,
            subject_id=tube.subject_id,
            batch=batch_of(tube, acquisition) if gated.strategy.lock else "",
            sha256=acquisition.sha256,
        ),
        channels=dict(gated.channels),
    )


def background_for(
    tube: Tube, counted: Sequence[tuple[Tube, TubeCounts]], gates: TubeGates | None
) -> Background | None:
    """Return the background of a tube; see `carflow.quantify.background.background_of`.

    Where the cut was set on FMO tubes, these come first: a cut and what lies above it by
    mistake are of one kind. What the lock knows of a dim reagent's sensitivity goes with it,
    unless the cut was set by hand.
    """
    car = None if gates is None else gates.strategy.role(Role.CAR)
    if gates is None or car is None or gates.strategy.lock is None:
        return background_of(tube, counted)
    sample = gates.sample
    name = gates.strategy.short_name(car)
    frozen = gates.strategy.lock.gates_of(
        sample_id=sample.sample_id, subject_id=sample.subject_id, batch=sample.batch
    ).get(name)
    if frozen is None or frozen.method != Method.CONTROL_PERCENTILE:
        return background_of(tube, counted)
    by_id = {row.sample_id: row.sample_type for row, _ in counted}
    of_fmo = any(by_id.get(name) is SampleType.FMO for name in frozen.donors)
    others = tuple(kind for kind in CONTROL_ORDER if kind is not SampleType.FMO)
    order = (SampleType.FMO, *others) if of_fmo else CONTROL_ORDER
    found = background_of(tube, counted, order=order)
    by_hand = {one.population for one in gates.strategy.lock.overrides_of(sample.sample_id)}
    if found is None or name in by_hand:
        return found
    return replace(
        found,
        sensitivity=_known(frozen.sensitivity, frozen.sensitivity_error),
        lower_sensitivity=_known(frozen.lower_sensitivity, frozen.lower_sensitivity_error),
    )


def _known(share: float | None, error: float | None) -> Sensitivity:
    return EVERY_CELL if share is None else Sensitivity(share, error or 0.0)


def limits_for(strategies: Sequence[Strategy]) -> QcLimits:
    """Return the limits the gate files state, with the background that the cuts themselves allow.

    A cut at the 99.5th percentile of the controls leaves 0.5 % of them above it.
    """
    allowed = [
        100.0 - gate.percentile
        for one in strategies
        if one.lock is not None
        for gate in one.lock.gates
        if gate.percentile is not None
    ]
    limits = stated_limits(strategies)
    nominal = max([limits.nominal_background_pct, *(round(one, 6) for one in allowed)])
    return replace(limits, nominal_background_pct=nominal)


def gate_findings(tubes: Sequence[TubeGates], limits: QcLimits) -> Iterator[Finding]:
    """Yield what is to be said about the gates that were found, lock by lock."""
    locks = [one.strategy.lock for one in tubes if one.strategy.lock is not None]
    for lock in {id(one): one for one in locks}.values():
        samples = [one.sample for one in tubes if one.strategy.lock is lock]
        yield from check_frozen_gates(lock, samples, limits)


def applied(strategies: Sequence[Strategy], tubes: Sequence[TubeGates]) -> Iterator[AppliedGates]:
    """Yield the gates as applied, with the channels of their markers.

    Drawn gates are the same for all tubes, and the first tube tells their channels; found
    gates are told tube by tube.
    """
    for strategy in strategies:
        if strategy.lock is None:
            own = [one.channels for one in tubes if one.strategy is strategy]
            yield AppliedGates(strategy=strategy, channels=own[0] if own else {})
            continue
        for one in tubes:
            if one.strategy.lock is strategy.lock:
                yield AppliedGates(
                    strategy=one.strategy,
                    channels=one.channels,
                    sample_id=one.sample.sample_id,
                )
