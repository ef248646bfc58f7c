"""What a number of events allows to say: detected, quantified, or neither.

The limits belong to the assay (`AssayLimits`, in the gate file). 20 events to detect and 50 to
quantify are customary, not universal; the laboratory's validation decides.

One rule serves every count, CAR+ or not: at 30 events a share of T cells is as uncertain as a
share of CAR T cells. Only the required sensitivity is a matter of CAR+ shares alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.measure import State
from carflow.reasons import Reason

if TYPE_CHECKING:
    from carflow.gating.strategy import AssayLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """How far the numbers beside the events vary, as coefficients of variation (fractions).

    `cv_cbc` belongs to the haematology analyser, and `cv_cbc_low` takes its place (where it is
    greater) for blood counts below `low_cbc_per_ul`, which analysers count and round poorly.
    `cv_bead_lot` belongs to the stated bead number, `cv_pipetting` to the pipetted blood. The
    variation between runs is the assay's own, `AssayLimits.cv_assay`.

    All defaults are customary numbers without a citable source; the laboratory's own replace
    them. `Variation()` states one CV for every blood count; `CUSTOMARY`, what is used where
    nothing is stated, has 20 % below 500 cells/µL.

    Raises
    ------
    ValueError
        If one is negative or not finite.
    """

    cv_cbc: float = 0.03
    cv_bead_lot: float = 0.0
    cv_pipetting: float = 0.0
    cv_cbc_low: float = 0.0
    low_cbc_per_ul: float = 500.0

    def __post_init__(self) -> None:
        for cv in (self.cv_cbc, self.cv_bead_lot, self.cv_pipetting, self.cv_cbc_low):
            if not 0.0 <= cv < math.inf:
                raise ValueError(f"a coefficient of variation is not negative, got {cv:g}")

    def cv_of_blood_count(self, cells_per_ul: float) -> float:
        """Return the CV of a blood count of this size.

        Examples
        --------
        >>> CUSTOMARY.cv_of_blood_count(2100.0), CUSTOMARY.cv_of_blood_count(50.0)
        (0.03, 0.2)
        """
        low = cells_per_ul < self.low_cbc_per_ul
        return max(self.cv_cbc, self.cv_cbc_low) if low else self.cv_cbc


CUSTOMARY = Variation(cv_cbc_low=0.20)


def variation_of(limits: AssayLimits) -> Variation:
    """Return the variation that an assay's settings state.

    Examples
    --------
    >>> from carflow.gating.strategy import AssayLimits
    >>> variation_of(AssayLimits()) == CUSTOMARY
    True
    """
    return Variation(
        cv_cbc=limits.cv_cbc,
        cv_cbc_low=limits.cv_cbc_low,
        cv_bead_lot=limits.cv_bead_lot,
        cv_pipetting=limits.cv_pipetting,
    )


def event_state(events: int, limits: AssayLimits) -> tuple[State, Reason]:
    """Return the state that a number of events in the numerator earns, with its reason.

    Examples
    --------
    >>> from carflow.gating.strategy import AssayLimits
    >>> for events in (0, 19, 49, 50):
    ...     state, reason = event_state(events, AssayLimits())
    ...     print(events, state, reason or "-")
    0 ND NOT_DETECTED
    19 ND BELOW_LOD
    49 DET_BLQ BELOW_LLOQ
    50 QUANT -
    """
    if events == 0:
        return State.ND, Reason.NOT_DETECTED
    if events < limits.lod_events:
        return State.ND, Reason.BELOW_LOD
    if events < limits.lloq_events:
        return State.DET_BLQ, Reason.BELOW_LLOQ
    return State.QUANT, Reason.NONE


def sensitivity_reached(denominator_events: int, limits: AssayLimits) -> bool:
    """Return whether a tube could have shown the smallest share the assay must find.

    Examples
    --------
    >>> from carflow.gating.strategy import AssayLimits
    >>> sensitivity_reached(500, AssayLimits(required_sensitivity_pct=0.1))
    False
    """
    required = limits.required_sensitivity_pct
    return required is None or 100.0 * limits.lod_events / denominator_events <= required
