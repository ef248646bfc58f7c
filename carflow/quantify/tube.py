"""All quantities of one tube: every declared one, in the order of the tables, always present.

What a tube cannot give is a missing measure with its reason, so that a table has the same rows
for every tube and nothing falls silent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.measure import Measure, State
from carflow.quantify.absolute import absolute_counts
from carflow.quantify.declarations import DECLARATIONS
from carflow.quantify.limits import CUSTOMARY, Variation
from carflow.quantify.percentages import METHOD, car_intensity, percentages, subset_ratios
from carflow.quantify.quantity import Quantity
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carflow.gating.strategy import AssayLimits
    from carflow.quantify.absolute import Volume
    from carflow.quantify.counts import TubeCounts
    from carflow.study.model import Tube


def quantify_tube(
    counts: TubeCounts,
    tube: Tube,
    volume: Volume,
    limits: AssayLimits,
    *,
    variation: Variation = CUSTOMARY,
) -> tuple[Quantity, ...]:
    """Return every declared quantity of one tube.

    Parameters
    ----------
    counts : TubeCounts
        Events by role, CAR MFI, and the share of time the time gate kept.
    tube : Tube
        The row of the sheet. A row with an `exclude_reason` gives EXCLUDED throughout.
    volume : Volume
        The volume the file states, or the reason there is none.
    limits : AssayLimits
        Event limits, required sensitivity and CV between runs of the assay.
    variation : Variation
        CVs of blood count, bead lot and pipetting.

    Returns
    -------
    tuple of Quantity
        One for each entry of `DECLARATIONS`, in that order; missing ones say why.

    Examples
    --------
    >>> from pathlib import Path
    >>> from types import SimpleNamespace
    >>> from carflow.gating.strategy import AssayLimits, Role
    >>> from carflow.quantify.counts import TubeCounts
    >>> from carflow.study.model import SampleType, Tube
    >>> tube = Tube(sample_id="S1", subject_id="P1", day=7, sample_type=SampleType.PATIENT,
    ...     path=Path("day07.fcs"), row=2)
    >>> counts = TubeCounts(counts={Role.CD3: 2000, Role.CAR: 250})
    >>> unknown = SimpleNamespace(ul=None, reason=Reason.NO_VOLUME)
    >>> found = quantify_tube(counts, tube, unknown, AssayLimits())
    >>> print(found[0].name, found[0].measure)
    car_pct_cd3 12.5 % [11.1221, 14.0217]
    >>> print(found[-1].name, found[-1].measure)
    copies_per_ug not available: no sample, or the laboratory reported none
    """
    if tube.exclude_reason:
        return unquantified(tube, Reason.EXCLUDED_BY_USER)
    return _in_order(
        (
            *percentages(counts, limits),
            *subset_ratios(counts, limits),
            car_intensity(counts, limits),
            *absolute_counts(counts, tube, volume=volume, limits=limits, variation=variation),
            gene_copies(tube),
        )
    )


def unquantified(tube: Tube, reason: Reason) -> tuple[Quantity, ...]:
    """Return every declared quantity of a tube that could not be read, or was left out.

    Gene copies come from the sheet and survive a failed file, but not an excluded row.

    Examples
    --------
    >>> from pathlib import Path
    >>> from carflow.study.model import LabValue, SampleType, Tube
    >>> tube = Tube(sample_id="S1", subject_id="P1", day=7, sample_type=SampleType.PATIENT,
    ...     path=Path("day07.fcs"), row=2, copies_per_ug=LabValue(24_000))
    >>> found = unquantified(tube, Reason.TUBE_FAILED)
    >>> print(found[0].measure, "|", found[-1].measure)
    not available: the tube could not be read or gated | 24000 copies/µg
    """
    excluded = bool(tube.exclude_reason) or reason is Reason.EXCLUDED_BY_USER
    state = State.EXCLUDED if excluded else State.NE
    why = Reason.EXCLUDED_BY_USER if excluded else reason
    missing = {
        name: Quantity(
            name=name,
            method=_method(name),
            measure=Measure.missing(declared.unit, why, state=state),
        )
        for name, declared in DECLARATIONS.items()
    }
    if not excluded:
        missing["copies_per_ug"] = gene_copies(tube)
    return _in_order(missing.values())


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
        lloq = reported.value
        measure = Measure(
            unit=unit, high=reported.value, state=State.NE, reason=Reason.LAB_BELOW_LIMIT
        )
    elif reported.value == 0:
        measure = Measure(unit=unit, value=0.0, state=State.ND, reason=Reason.LAB_ZERO)
    else:
        measure = Measure(unit=unit, value=reported.value, reason=Reason.NO_COUNTS)
    return Quantity(
        name="copies_per_ug", method=_method("copies_per_ug"), measure=measure, lloq=lloq
    )


def _method(name: str) -> str:
    """Return the method a quantity's name carries."""
    if name == "copies_per_ug":
        return "qpcr"
    return name.rpartition("_")[2] if "_per_ul_" in name else METHOD


def _in_order(quantities: Iterable[Quantity]) -> tuple[Quantity, ...]:
    found = {quantity.name: quantity for quantity in quantities}
    return tuple(found[name] for name in DECLARATIONS)
