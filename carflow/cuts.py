"""What becomes of tubes and curves when the CAR cut is moved: the order of those steps.

The events of the moved cuts were counted with the gates' own (`carflow.gating.cut_twins`); from
there on each shift goes the way of the data once more, controls included. No number is computed
here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from carflow.gating.cut_twins import CUT_SHIFTS
from carflow.kinetics.cut_sensitivity import cut_sensitivity, not_movable
from carflow.qc.cut_checks import PeakDays
from carflow.quantify.absolute import stated_of
from carflow.quantify.background import CONTROL_ORDER, Background, background_of
from carflow.quantify.cut_shift import CUT_QUANTITIES, CutShift, cut_quantities, with_car_events
from carflow.quantify.declarations import DECLARATIONS
from carflow.quantify.limits import variation_of
from carflow.quantify.tube import quantify_tube
from carflow.reasons import Reason
from carflow.visits import VisitTube, merged_visits, subject_curve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.curve import Curve
    from carflow.kinetics.cut_sensitivity import CutSensitivity
    from carflow.quantify.counts import TubeCounts
    from carflow.quantify.quantity import Quantity
    from carflow.result.sample import SampleResult
    from carflow.result.subject import SubjectResult
    from carflow.study.model import Tube

    Visits = Mapping[tuple[str, float], tuple[Quantity, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CutTube:
    """A gated tube with the CAR+ events of each moved cut, or why there are none.

    `gates_name` tells which tubes were gated alike.
    """

    visit: VisitTube
    gates_name: str
    car_events: Mapping[float, int] | Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class CutStudy:
    """All tubes of a study with the cut moved.

    Parameters
    ----------
    shifts : mapping of str to tuple of CutShift
        The quantities of each tube, by sample.
    visits : mapping of float to mapping
        Visits of several tubes, for each shift.
    reasons : mapping of str to Reason
        Why the cut of a subject's tubes cannot be moved.
    """

    shifts: Mapping[str, tuple[CutShift, ...]]
    visits: Mapping[float, Visits]
    reasons: Mapping[str, Reason]


def move_cuts(tubes: Sequence[CutTube]) -> CutStudy:
    """Return the quantities of every tube and visit for each shift of the CAR cut."""
    shifts: dict[str, tuple[CutShift, ...]] = {}
    visits: dict[float, Visits] = {}
    for shift in CUT_SHIFTS:
        moved = _with_background([one for tube in tubes if (one := _moved(tube, shift))])
        for tube in moved:
            part = tube.visit.part
            found = quantify_tube(
                part.counts, part.tube, part.volume, tube.visit.limits,
                background=tube.visit.background, variation=variation_of(tube.visit.limits),
                stated=stated_of(part.tube, tube.visit.limits),
            )  # fmt: skip
            kept = CutShift(decades=shift, quantities=cut_quantities(found))
            sample_id = part.tube.sample_id
            shifts[sample_id] = (*shifts.get(sample_id, ()), kept)
        visits[shift] = merged_visits([tube.visit for tube in moved])
    reasons = {
        tube.visit.part.tube.subject_id: tube.car_events
        for tube in tubes
        if isinstance(tube.car_events, Reason)
    }
    return CutStudy(shifts=shifts, visits=visits, reasons=reasons)


def _moved(tube: CutTube, shift: float) -> CutTube | None:
    """Return a tube with the CAR+ events of one shift; None where the cut cannot be moved."""
    if isinstance(tube.car_events, Reason):
        return None
    part = tube.visit.part
    counts = with_car_events(part.counts, tube.car_events[shift])
    return replace(tube, visit=replace(tube.visit, part=replace(part, counts=counts)))


def _with_background(tubes: Sequence[CutTube]) -> list[CutTube]:
    """Return the tubes with the background of their controls, counted with the moved cut too."""
    by_gates: dict[str, list[tuple[Tube, TubeCounts]]] = {}
    for one in tubes:
        part = one.visit.part
        by_gates.setdefault(one.gates_name, []).append((part.tube, part.counts))
    return [
        replace(
            one,
            visit=replace(
                one.visit,
                background=_background(one.visit, by_gates[one.gates_name]),
            ),
        )
        for one in tubes
    ]


def _background(visit: VisitTube, counted: Sequence[tuple[Tube, TubeCounts]]) -> Background | None:
    """Return the background of a visit's tube by the same kind of control as with its own cut."""
    known = visit.background
    if known is None:
        return None
    others = tuple(kind for kind in CONTROL_ORDER if kind is not known.kind)
    found = background_of(visit.part.tube, counted, order=(known.kind, *others))
    return found and replace(
        found, sensitivity=known.sensitivity, lower_sensitivity=known.lower_sensitivity
    )


def with_cuts(
    subject: SubjectResult, results: Sequence[SampleResult], moved: CutStudy
) -> SubjectResult:
    """Return a subject with what the peaks of its curves owe to the place of the CAR cut.

    Curves that do not rest on CAR+ events have no such entry.
    """
    found: list[CutSensitivity] = []
    for kinetics in subject.kinetics:
        name = kinetics.quantity
        if name not in CUT_QUANTITIES:
            continue
        reason = moved.reasons.get(subject.subject_id)
        if reason is not None:
            found.append(not_movable(kinetics.peak, name, reason))
            continue
        curves = {
            shift: curve
            for shift in CUT_SHIFTS
            if (curve := _curve(results, subject.subject_id, name, moved, shift)) is not None
        }
        found.append(cut_sensitivity(kinetics.peak, name, curves))
    return replace(subject, cuts=tuple(found))


def _curve(
    results: Sequence[SampleResult], subject_id: str, name: str, moved: CutStudy, shift: float
) -> Curve | None:
    """Return a subject's curve with the cut moved by one shift."""
    shifted = [
        replace(one, quantities=shift_of.quantities)
        for one in results
        for shift_of in moved.shifts.get(one.sample_id, ())
        if shift_of.decades == shift
    ]
    return subject_curve(shifted, subject_id, name, visits=moved.visits[shift])


def peak_days(subject: SubjectResult) -> tuple[PeakDays, ...]:
    """Return the days of a subject's peaks with the cut as drawn and moved, for the checks.

    Curves without a peak are left out.
    """
    return tuple(
        PeakDays(
            label=DECLARATIONS[one.quantity].label,
            day=one.tmax.value,
            moved={shifted.decades: shifted.tmax.value for shifted in one.shifted},
            reason=one.reason,
        )
        for one in subject.cuts
        if one.tmax.value is not None
    )
