"""The visits of a study that have several tubes, each as one set of quantities.

Only the grouping lives here: which tubes belong to one visit of one subject. What may be summed,
and how, is told in `carflow.quantify.merging`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.gating.strategy import AssayLimits
from carflow.quantify.background import Background
from carflow.quantify.merging import TubePart, quantify_visit
from carflow.study.model import SampleType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.quantify.quantity import Quantity

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
        )
        for visit, several in by_visit.items()
        if len(several) > 1
    }
