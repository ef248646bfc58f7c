"""Cells per µL of blood: by beads, by a blood count, by the acquired volume.

Every method turns one event into cells/µL (`Basis`); the same lines then make value, interval,
limits and state of it.

Decisions
---------
- A blood count is only ever multiplied with the share of the same population: leukocytes with
  CD45+, lymphocytes with the lymphocyte gate, CD3+ with CD3+.
- PBMC hold lymphocytes and monocytes: their CD45+ cells are multiplied with the sum of both
  counts, if the sheet states that the preparation kept both equally, and never with WBC.
- A blood count known only as "below" gives no value but an upper limit: the upper end of the
  interval at the limit itself. A blood count of 0 is rounded, not empty, and gives neither.
- `dilution` is that of the blood before it was pipetted into the tube; it multiplies beads and
  volume alike. Without volumes in the sheet the volumetric count is per µL of the acquired
  sample (times the dilution, if there is one).
- The pipetting CV enters wherever a pipetted volume of blood does.

References
----------
Bead formula, "(events / bead events) * final bead concentration": doi 10.1177/1849454418766966.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from carflow.gating.strategy import AssayLimits, Role
from carflow.measure import IntervalKind, Measure, State
from carflow.quantify.intervals import (
    Interval,
    count_ratio,
    garwood,
    share_interval_lognormal,
    widened,
)
from carflow.quantify.limits import CUSTOMARY, Variation, event_state
from carflow.quantify.quantity import Quantity
from carflow.reasons import Reason
from carflow.study.model import LabValue, Preparation
from carflow.units import Unit, per_ul_from_1e9_per_l

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carflow.quantify.counts import TubeCounts
    from carflow.study.model import Tube


class Volume(Protocol):
    """An acquired volume: µL, or the reason it is unknown."""

    @property
    def ul(self) -> float | None:
        """The acquired volume [µL]."""

    @property
    def reason(self) -> Reason:
        """Why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a laboratory states beside the sheet's row; all of it may be absent.

    Parameters
    ----------
    lloq_cells_per_ul : float, optional
        A validated limit of quantification of CAR T cells [1/µL]; with the events' own limit,
        the greater of both holds.
    mononuclear_1e9_l : LabValue, optional
        Lymphocytes plus monocytes [10⁹/L]. Giving it states that the tube holds PBMC, prepared
        with equal recovery of both.
    car_limits : AssayLimits, optional
        Event limits of CAR+ events where a background raised them.
    """

    lloq_cells_per_ul: float | None = None
    mononuclear_1e9_l: LabValue | None = None
    car_limits: AssayLimits | None = None


NOTHING_STATED = Stated()


def stated_of(tube: Tube, limits: AssayLimits) -> Stated:
    """Return what sheet and assay state of a tube; the sheet's own limit goes before the assay's.

    Lymphocytes and monocytes are only added up where the sheet calls the tube PBMC.
    """
    is_pbmc = tube.preparation is Preparation.PBMC
    return Stated(
        lloq_cells_per_ul=tube.lloq_cells_per_ul or limits.lloq_cells_per_ul,
        mononuclear_1e9_l=tube.mononuclear_1e9_l if is_pbmc else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What turns the events of one tube into cells/µL by one method.

    `spread` is the counting interval of a number of events, in events; `relative_variance`
    the sum of the squared CVs of this method. `is_share` says that the events are part of the
    denominator's, `is_upper_limit` that the blood count is known only as "below".
    """

    cells_per_ul_per_event: float
    spread: Callable[[int], Interval]
    relative_variance: float
    n_denominator: int | None = None
    is_share: bool = False
    is_upper_limit: bool = False


def absolute_counts(
    counts: TubeCounts,
    tube: Tube,
    *,
    volume: Volume,
    limits: AssayLimits,
    variation: Variation = CUSTOMARY,
    stated: Stated = NOTHING_STATED,
) -> Iterator[Quantity]:
    """Yield every declared absolute count of a tube, missing ones with their reason.

    Parameters
    ----------
    counts : TubeCounts
        Events by role; beads counted inside the same time gate as the cells.
    tube : Tube
        Its row of the sheet: beads, volumes, blood counts.
    volume : Volume
        The acquired volume the file states.
    limits : AssayLimits
        Event limits and the CV between runs.
    variation : Variation
        CVs of blood count, bead lot and pipetting.
    stated : Stated
        A limit in cells/µL, and the blood count of PBMC.

    Examples
    --------
    >>> from pathlib import Path
    >>> from types import SimpleNamespace
    >>> from carflow.quantify.counts import TubeCounts
    >>> from carflow.study.model import SampleType, Tube
    >>> tube = Tube(sample_id="S1", subject_id="P1", day=7, sample_type=SampleType.PATIENT,
    ...     path=Path("day07.fcs"), row=2, beads_per_tube=51_667, blood_ul=50)
    >>> events = TubeCounts(counts={Role.CAR: 1250, Role.BEADS: 8000})
    >>> unknown = SimpleNamespace(ul=None, reason=Reason.NO_VOLUME)
    >>> limits = AssayLimits(cv_assay=0.0)
    >>> print(next(absolute_counts(events, tube, volume=unknown, limits=limits)).measure)
    161.459 cells/µL [151.995, 171.399]
    """
    shared = (counts, variation)
    is_pbmc = stated.mononuclear_1e9_l is not None or tube.preparation is Preparation.PBMC
    bases = {
        "beads": bead_basis(counts, tube, variation),
        "wbc": Reason.NOT_PREPARED if is_pbmc else _by_count(tube.wbc_1e9_l, Role.CD45, *shared),
        "alc": _by_count(tube.alc_1e9_l, Role.LYMPHOCYTES, *shared),
        "cd3": blood_count_basis(tube.cd3_per_ul, Role.CD3, *shared),
        "pbmc": _by_count(stated.mononuclear_1e9_l, Role.CD45, *shared),
        "vol": volume_basis(counts, tube, volume, variation),
    }
    cells = Role.CELLS if counts.of(Role.CELLS) is not None else Role.LIVE
    rows = (
        ("car", Role.CAR, ("beads", "wbc", "alc", "cd3", "pbmc", "vol")),
        ("cd3", Role.CD3, ("beads", "wbc", "alc", "vol")),
        ("cells", cells, ("beads", "vol")),
    )
    for start, role, methods in rows:
        is_car = role is Role.CAR
        own = (stated.car_limits or limits) if is_car else limits
        least = stated.lloq_cells_per_ul if is_car else None
        for method in methods:
            name = f"{start}_per_ul_{method}"
            yield _limited(_absolute(name, counts.of(role), bases[method], own), least)


def bead_basis(counts: TubeCounts, tube: Tube, variation: Variation) -> Basis | Reason:
    """Return ``beads in the tube / (bead events * blood volume) * dilution`` per event."""
    beads, events = tube.beads_in_tube, counts.of(Role.BEADS)
    if beads is None or beads <= 0:
        return Reason.NO_BEADS
    if events is None:
        return Reason.NO_POPULATION
    if events == 0:
        return Reason.NO_BEADS
    if tube.blood_ul is None or tube.blood_ul <= 0:
        return Reason.NO_BLOOD_VOLUME
    return Basis(
        cells_per_ul_per_event=beads / (events * tube.blood_ul) * _dilution(tube),
        spread=lambda cells: count_ratio(cells, events).times(events),
        relative_variance=variation.cv_bead_lot**2 + variation.cv_pipetting**2,
        n_denominator=events,
    )


def blood_count_basis(
    blood_count: LabValue | None, role: Role, counts: TubeCounts, variation: Variation
) -> Basis | Reason:
    """Return ``blood count [1/µL] / events of the same population`` per event."""
    of = counts.of(role)
    if blood_count is None:
        return Reason.NO_CBC
    if blood_count.value <= 0:
        return Reason.CBC_BELOW_LIMIT
    if of is None:
        return Reason.NO_POPULATION
    if of == 0:
        return Reason.ZERO_EVENTS if counts.n_events == 0 else Reason.ZERO_PARENT
    return Basis(
        cells_per_ul_per_event=blood_count.value / of,
        spread=lambda cells: share_interval_lognormal(cells, of).times(of),
        relative_variance=variation.cv_of_blood_count(blood_count.value) ** 2,
        n_denominator=of,
        is_share=True,
        is_upper_limit=blood_count.below,
    )


def volume_basis(
    counts: TubeCounts, tube: Tube, volume: Volume, variation: Variation
) -> Basis | Reason:
    """Return ``1 / acquired volume * total volume / blood volume * dilution`` per event."""
    if volume.ul is None:
        return volume.reason or Reason.NO_VOLUME
    acquired_ul = volume.ul * counts.retained_time_fraction
    if acquired_ul <= 0:
        return Reason.NO_VOLUME
    if tube.blood_ul is not None and tube.total_ul is None:
        return Reason.NO_TOTAL_VOLUME
    if tube.blood_ul is None and tube.total_ul is not None:
        return Reason.NO_BLOOD_VOLUME
    thinned = 1.0
    if tube.blood_ul is not None and tube.total_ul is not None:
        thinned = tube.total_ul / tube.blood_ul
    pipetting = variation.cv_pipetting**2 if tube.blood_ul is not None else 0.0
    return Basis(
        cells_per_ul_per_event=thinned * _dilution(tube) / acquired_ul,
        spread=garwood,
        relative_variance=pipetting,
    )


def _absolute(
    name: str, events: int | None, basis: Basis | Reason, limits: AssayLimits
) -> Quantity:
    method = name.rpartition("_")[2]
    of = basis.n_denominator if isinstance(basis, Basis) else None
    reason = _absolute_reason(events, of, basis)
    if reason or events is None or isinstance(basis, Reason):
        measure = Measure.missing(Unit.CELLS_PER_UL, reason)
        return Quantity(
            name=name, method=method, measure=measure, n_numerator=events, n_denominator=of
        )
    return Quantity(
        name=name,
        method=method,
        measure=_concentration(events, basis, limits),
        n_numerator=events,
        n_denominator=of,
        lod=limits.lod_events * basis.cells_per_ul_per_event,
        lloq=limits.lloq_events * basis.cells_per_ul_per_event,
    )


def _absolute_reason(events: int | None, of: int | None, basis: Basis | Reason) -> Reason:
    """Return why a count does not exist, or NONE."""
    if events is None:
        return Reason.NO_POPULATION
    if isinstance(basis, Reason):
        return basis
    if basis.is_share and of is not None and events > of:
        return Reason.NOT_NESTED
    return Reason.NONE


def _concentration(events: int, basis: Basis, limits: AssayLimits) -> Measure:
    factor = basis.cells_per_ul_per_event
    value = events * factor
    counting = basis.spread(events).times(factor)
    relative_variance = basis.relative_variance + limits.cv_assay**2
    low, high = widened(value, counting, relative_variance)
    kind = IntervalKind.TOTAL if relative_variance > 0 else IntervalKind.COUNTING
    if basis.is_upper_limit:
        return Measure(
            unit=Unit.CELLS_PER_UL,
            high=high,
            state=State.NE,
            reason=Reason.CBC_BELOW_LIMIT,
            ci_kind=kind,
        )
    state, reason = event_state(events, limits)
    return Measure(
        unit=Unit.CELLS_PER_UL,
        value=value,
        low=min(low, value),
        high=max(high, value),
        state=state,
        reason=reason,
        ci_kind=kind,
    )


def _limited(quantity: Quantity, lloq_cells_per_ul: float | None) -> Quantity:
    """Return a count that is quantified only from the validated concentration on."""
    if lloq_cells_per_ul is None or quantity.lloq is None or quantity.lloq >= lloq_cells_per_ul:
        return quantity
    measure, value = quantity.measure, quantity.measure.value
    if measure.state is State.QUANT and value is not None and value < lloq_cells_per_ul:
        measure = replace(measure, state=State.DET_BLQ, reason=Reason.BELOW_LLOQ)
    return replace(quantity, measure=measure, lloq=lloq_cells_per_ul)


def _by_count(
    blood_count_1e9_l: LabValue | None, role: Role, counts: TubeCounts, variation: Variation
) -> Basis | Reason:
    return blood_count_basis(_per_ul(blood_count_1e9_l), role, counts, variation)


def _per_ul(blood_count_1e9_l: LabValue | None) -> LabValue | None:
    if blood_count_1e9_l is None:
        return None
    return replace(blood_count_1e9_l, value=per_ul_from_1e9_per_l(blood_count_1e9_l.value))


def _dilution(tube: Tube) -> float:
    return tube.dilution if tube.dilution is not None else 1.0
