"""All quantities of one tube: every declared one, in the order of the tables, always present.

What a tube cannot give is a missing measure with its reason, so that a table has the same rows
for every tube and nothing falls silent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carflow.gating.strategy import Role
from carflow.measure import Measure, State
from carflow.quantify.absolute import NOTHING_STATED, Stated, absolute_counts
from carflow.quantify.background import Background, net_percentage
from carflow.quantify.blanks import limit_of_blank_events
from carflow.quantify.copies import copy_quantities
from carflow.quantify.declarations import CURVE_QUANTITIES, DECLARATIONS
from carflow.quantify.limits import CUSTOMARY, Variation
from carflow.quantify.percentages import (
    METHOD,
    car_intensity,
    log_odds,
    percentages,
    stain_quality,
    subset_ratios,
)
from carflow.quantify.quantity import Quantity
from carflow.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carflow.gating.strategy import AssayLimits
    from carflow.quantify.absolute import Volume
    from carflow.quantify.counts import TubeCounts
    from carflow.study.model import Tube


def quantify_tube(  # noqa: PLR0913  # each keyword is one thing stated beside the tube
    counts: TubeCounts,
    tube: Tube,
    volume: Volume,
    limits: AssayLimits,
    *,
    variation: Variation = CUSTOMARY,
    background: Background | None = None,
    stated: Stated = NOTHING_STATED,
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
    background : Background, optional
        The controls of this tube. They raise the limits of its CAR+ events and give the share
        that is left without background.
    stated : Stated
        A limit in cells/µL, and the blood count of PBMC.

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
    car_per_ul_qpcr not available: no sample, or the laboratory reported none
    """
    if tube.exclude_reason:
        return unquantified(tube, Reason.EXCLUDED_BY_USER)
    car_limits = limits if background is None else background.limits_of(counts, limits)
    found = (
        *percentages(counts, limits, car_limits=car_limits),
        net_percentage(counts, background, car_limits),
        net_percentage(counts, background, car_limits, role=Role.CAR_P95),
        log_odds(counts, car_limits),
        *subset_ratios(counts, limits),
        car_intensity(counts, car_limits),
        *stain_quality(counts, background, car_limits),
        *absolute_counts(
            counts,
            tube,
            volume=volume,
            limits=limits,
            variation=variation,
            stated=replace(stated, car_limits=car_limits),
        ),
        *copy_quantities(tube, counts),
    )
    return _in_order(_with_blank(one, counts, background, car_limits) for one in found)


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
    >>> print(found[0].measure, "|", found[-4].measure)
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
        told = (one for one in copy_quantities(tube, None) if one.name != "copies_per_car_cell")
        missing |= {one.name: one for one in told}
    return _in_order(missing.values())


def _with_blank(
    quantity: Quantity, counts: TubeCounts, background: Background | None, limits: AssayLimits
) -> Quantity:
    """Return a CAR+ share or count with the limit of blank of its tube, if there is a control."""
    cd3 = counts.of(Role.CD3)
    if background is None or cd3 is None or quantity.lod is None or limits.lod_events == 0:
        return quantity
    expected = background.mean_events(cd3)
    if expected is None or quantity.name not in CURVE_QUANTITIES:
        return quantity
    per_event = quantity.lod / limits.lod_events
    return replace(quantity, lob=limit_of_blank_events(expected) * per_event)


def _method(name: str) -> str:
    """Return the method a quantity's name carries."""
    if name.startswith("copies_per_"):
        return "qpcr"
    return name.rpartition("_")[2] if "_per_ul_" in name else METHOD


def _in_order(quantities: Iterable[Quantity]) -> tuple[Quantity, ...]:
    found = {quantity.name: quantity for quantity in quantities}
    return tuple(found[name] for name in DECLARATIONS)
