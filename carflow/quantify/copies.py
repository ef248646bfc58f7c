"""The gene copies of the sheet as quantities: per µg, per genome, per CAR+ cell, cells per µL.

Copies count against all nucleated cells of the extract, so they are set against the same cells:
those of whole blood (CD45+ of the tube, WBC) or of PBMC (CD45+ of a PBMC tube, lymphocytes and
monocytes). Which of the two it was, the sheet has to say.

Decision: a tube without stated preparation is whole blood, as for absolute counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.gating.strategy import Role
from carflow.measure import Measure, State
from carflow.quantify.gene_copies import (
    cells_per_ul_from_copies,
    copies_per_car_cell,
    copies_per_genome,
)
from carflow.quantify.quantity import Quantity
from carflow.reasons import Reason
from carflow.study.model import LabValue, Preparation
from carflow.units import Unit, per_ul_from_1e9_per_l

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from carflow.quantify.counts import TubeCounts
    from carflow.study.model import Tube

METHOD = "qpcr"


def copy_quantities(tube: Tube, counts: TubeCounts | None) -> Iterator[Quantity]:
    """Yield the gene copies of a tube in every unit, missing ones with their reason.

    Parameters
    ----------
    tube : Tube
        Its row: copies, source of the DNA, blood counts, vector copies of the product.
    counts : TubeCounts, optional
        Events by role; None where the tube could not be gated.

    Examples
    --------
    >>> from pathlib import Path
    >>> from carflow.quantify.counts import TubeCounts
    >>> from carflow.study.model import SampleType, Tube
    >>> tube = Tube(sample_id="S1", subject_id="P1", day=12, sample_type=SampleType.PATIENT,
    ...     path=Path("a.fcs"), row=2, copies_per_ug=LabValue(24_000), wbc_1e9_l=LabValue(2.1),
    ...     gdna_source=Preparation.BLOOD, vcn_product=1.2, car_pct_product=40.0)
    >>> events = TubeCounts(counts={Role.CD45: 100_000, Role.CAR: 5_280})
    >>> for quantity in copy_quantities(tube, events):
    ...     print(quantity.name, quantity.measure)
    copies_per_ug 24000 copies/µg
    copies_per_genome 0.1584 copies/genome
    copies_per_car_cell 3 copies/cell
    car_per_ul_qpcr 110.88 cells/µL
    """
    reported = gene_copies(tube)
    yield reported
    yield Quantity(
        name="copies_per_genome",
        method=METHOD,
        measure=_scaled(reported.measure, Unit.COPIES_PER_GENOME, copies_per_genome),
    )
    yield _per_car_cell(tube, counts, reported.measure)
    yield _cells(tube, reported.measure)


def gene_copies(tube: Tube) -> Quantity:
    """Return the gene copies of the sheet, without interval: neither counts nor CV are known.

    "Below 50" is not a number of copies: it is a missing value with the upper limit 50 and the
    reason LAB_BELOW_LIMIT, which curves treat as below the limit of quantification.

    Examples
    --------
    >>> from pathlib import Path
    >>> from carflow.study.model import LabValue, SampleType, Tube
    >>> tube = Tube(sample_id="S1", subject_id="P1", day=60, sample_type=SampleType.PATIENT,
    ...     path=Path("day60.fcs"), row=2, copies_per_ug=LabValue(50, below=True))
    >>> copies = gene_copies(tube)
    >>> print(copies.measure.high, copies.measure)
    50 not available: reported by the laboratory only as below its limit
    """
    reported = tube.copies_per_ug
    unit = Unit.COPIES_PER_UG
    lloq = None
    if reported is None:
        measure = Measure.missing(unit, Reason.NOT_SAMPLED, state=State.MISSING)
    elif reported.below:
        lloq = reported.value or None  # a word such as ND names no limit
        measure = Measure(unit=unit, high=lloq, state=State.NE, reason=Reason.LAB_BELOW_LIMIT)
    elif reported.value == 0:
        measure = Measure(unit=unit, value=0.0, state=State.ND, reason=Reason.LAB_ZERO)
    else:
        measure = Measure(unit=unit, value=reported.value, reason=Reason.NO_COUNTS)
    return Quantity(name="copies_per_ug", method=METHOD, measure=measure, lloq=lloq)


def _scaled(copies: Measure, unit: Unit, convert: Callable[[float], float]) -> Measure:
    """Return copies/µg in another unit; an upper limit stays one."""
    if copies.value is None:
        high = None if copies.high is None else convert(copies.high)
        return Measure(unit=unit, high=high, state=copies.state, reason=copies.reason)
    return Measure(unit=unit, value=convert(copies.value), state=copies.state, reason=copies.reason)


def _per_car_cell(tube: Tube, counts: TubeCounts | None, copies: Measure) -> Quantity:
    events = None if counts is None else counts.of(Role.CAR)
    of = None if counts is None else counts.of(Role.CD45)
    reason = _why_not_per_cell(tube, events, of, copies)
    unit = Unit.COPIES_PER_CELL
    if reason or not events or not of:
        measure = Measure.missing(unit, reason, state=_absent(copies))
    else:
        share = events / of
        measure = _scaled(copies, unit, lambda per_ug: copies_per_genome(per_ug) / share)
    return Quantity(
        name="copies_per_car_cell",
        method=METHOD,
        measure=measure,
        n_numerator=events,
        n_denominator=of,
    )


def _why_not_per_cell(tube: Tube, events: int | None, of: int | None, copies: Measure) -> Reason:
    if copies.state is not State.QUANT:
        return copies.reason
    if not tube.gdna_source:
        return Reason.NO_GDNA_SOURCE
    if tube.gdna_source is not (tube.preparation or Preparation.BLOOD):
        return Reason.NOT_PREPARED
    if events is None or of is None:
        return Reason.NO_POPULATION
    if of == 0:
        return Reason.ZERO_PARENT
    return Reason.NOT_DETECTED if events == 0 else Reason.NONE


def _cells(tube: Tube, copies: Measure) -> Quantity:
    unit = Unit.CELLS_PER_UL
    nucleated = _nucleated(tube)
    vector = tube.vcn_product, tube.car_pct_product
    if copies.value is None and copies.high is None:
        measure = Measure.missing(unit, copies.reason, state=copies.state)
    elif not tube.gdna_source:
        measure = Measure.missing(unit, Reason.NO_GDNA_SOURCE)
    elif vector[0] is None or vector[1] is None:
        measure = Measure.missing(unit, Reason.NO_VCN)
    elif nucleated is None:
        measure = Measure.missing(unit, Reason.NO_CBC)
    elif nucleated.below or nucleated.value <= 0:
        measure = Measure.missing(unit, Reason.CBC_BELOW_LIMIT)
    else:
        per_ul = per_ul_from_1e9_per_l(nucleated.value)
        per_cell = copies_per_car_cell(vector[0], vector[1] / 100.0)
        measure = _scaled(
            copies,
            unit,
            lambda per_ug: cells_per_ul_from_copies(per_ug, per_ul, per_cell).value or 0.0,
        )
    return Quantity(name="car_per_ul_qpcr", method=METHOD, measure=measure)


def _nucleated(tube: Tube) -> LabValue | None:
    """Return the blood count of the cells in the extract [10⁹/L]."""
    is_pbmc = tube.gdna_source is Preparation.PBMC
    return tube.mononuclear_1e9_l if is_pbmc else tube.wbc_1e9_l


def _absent(copies: Measure) -> State:
    return copies.state if copies.state is State.MISSING else State.NE
