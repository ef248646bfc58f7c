"""From tubes to visits, from visits to the curves of a subject.

Only the grouping lives here: which tubes belong to one visit, which visits to one curve. What
may be summed, and how, is told in `carflow.quantify.merging`; what a curve says, in
`carflow.kinetics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.gating.strategy import AssayLimits
from carflow.kinetics.curve import Curve, Point
from carflow.kinetics.expansion import theoretical_start_per_ul
from carflow.kinetics.methods import compare_methods
from carflow.kinetics.subject import analyse_curve
from carflow.quantify.absolute import stated_of
from carflow.quantify.background import Background
from carflow.quantify.declarations import CURVE_QUANTITIES, DECLARATIONS
from carflow.quantify.limits import variation_of
from carflow.quantify.merging import TubePart, quantify_visit
from carflow.result.subject import SubjectResult
from carflow.study.model import SampleType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carflow.quantify.quantity import Quantity
    from carflow.result.sample import SampleResult
    from carflow.study.model import Study

    Visits = Mapping[tuple[str, float], tuple[Quantity, ...]]

Visit = tuple[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitTube:
    """One gated tube of a patient, ready to be summed with others of its visit."""

    part: TubePart
    limits: AssayLimits
    background: Background | None


def merged_visits(tubes: Sequence[VisitTube]) -> dict[Visit, tuple[Quantity, ...]]:
    """Return the quantities of every visit with more than one tube, by subject and day.

    Percentages are never averaged: counts are summed where panel, settings, gates and
    preparation agree, and otherwise the visit is not evaluable.
    """
    by_visit: dict[Visit, list[VisitTube]] = {}
    for one in tubes:
        row = one.part.tube
        if row.sample_type is SampleType.PATIENT and not row.exclude_reason:
            by_visit.setdefault((row.subject_id, row.day), []).append(one)
    return {
        visit: quantify_visit(
            [one.part for one in several],
            several[0].limits,
            background=several[0].background,
            variation=variation_of(several[0].limits),
            stated=stated_of(several[0].part.tube, several[0].limits),
        )
        for visit, several in by_visit.items()
        if len(several) > 1
    }


def subject_result(
    study: Study, results: tuple[SampleResult, ...], subject_id: str, *, visits: Visits
) -> SubjectResult:
    """Return the curves of one subject, analysed."""
    start = _start_per_ul(study, subject_id)
    treatments = tuple(one for one in study.treatments if one.subject_id == subject_id)
    curves = tuple(
        curve
        for name in CURVE_QUANTITIES
        if (curve := subject_curve(results, subject_id, name, visits=visits)) is not None
    )
    kinetics = tuple(
        analyse_curve(curve, treatments, study.references, start_per_ul=start) for curve in curves
    )
    return SubjectResult(
        subject_id=subject_id,
        curves=curves,
        kinetics=kinetics,
        comparisons=compare_methods(curves, kinetics),
        treatments=treatments,
    )


def _start_per_ul(study: Study, subject_id: str) -> float | None:
    """Return the theoretical count on day 0 from dose and weight, if a row of it has both."""
    for tube in study.tubes:
        if tube.subject_id == subject_id and tube.dose_cells and tube.weight_kg:
            return theoretical_start_per_ul(tube.dose_cells, weight_kg=tube.weight_kg)
    return None


def subject_curve(
    results: Sequence[SampleResult],
    subject_id: str,
    name: str,
    *,
    visits: Mapping[Visit, tuple[Quantity, ...]],
) -> Curve | None:
    """Return a subject's curve of one quantity, or None where no tube measured it.

    A visit of several tubes is one point, made from their summed counts.
    """
    points = [
        Point(day=result.day, measure=quantity.measure, sample_id=result.sample_id)
        for result in results
        if result.subject_id == subject_id and result.sample_type.on_curve
        if (subject_id, result.day) not in visits
        if (quantity := result.quantity(name)) is not None
    ]
    points += [
        Point(day=day, measure=quantity.measure, sample_id="visit of several tubes")
        for (subject, day), quantities in visits.items()
        if subject == subject_id
        for quantity in quantities
        if quantity.name == name
    ]
    if not any(point.is_measured for point in points):
        return None
    return Curve.of_samples(subject_id, name, unit=DECLARATIONS[name].unit, points=points)
