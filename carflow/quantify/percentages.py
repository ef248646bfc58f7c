"""Shares, the CD4:CD8 ratio and the CAR intensity: quantities of the events alone.

Count first, percent second: every quantity here carries its two counts. Percentages are never
averaged and never taken of an empty denominator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.gating.strategy import AssayLimits, Role
from carflow.measure import IntervalKind, Measure, State
from carflow.quantify.intervals import count_ratio_lognormal, share_interval
from carflow.quantify.limits import event_state, sensitivity_reached
from carflow.quantify.quantity import Quantity
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carflow.quantify.counts import TubeCounts

METHOD = "flow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A percentage: which role of which."""

    name: str
    numerator: Role
    denominator: Role


SHARES = (
    Share(name="car_pct_cd3", numerator=Role.CAR, denominator=Role.CD3),
    Share(name="car_pct_lymph", numerator=Role.CAR, denominator=Role.LYMPHOCYTES),
    Share(name="car_pct_cd45", numerator=Role.CAR, denominator=Role.CD45),
    Share(name="cd3_pct_lymph", numerator=Role.CD3, denominator=Role.LYMPHOCYTES),
    Share(name="cd3_pct_cd45", numerator=Role.CD3, denominator=Role.CD45),
    Share(name="cd4_pct_cd3", numerator=Role.CD4, denominator=Role.CD3),
    Share(name="cd8_pct_cd3", numerator=Role.CD8, denominator=Role.CD3),
    Share(name="live_pct_cells", numerator=Role.LIVE, denominator=Role.CELLS),
)

_RATIOS = (
    ("cd4_cd8_ratio_car", Role.CAR_CD4, Role.CAR_CD8),
    ("cd4_cd8_ratio_car_negative", Role.CAR_NEGATIVE_CD4, Role.CAR_NEGATIVE_CD8),
)


def percentages(counts: TubeCounts, limits: AssayLimits) -> Iterator[Quantity]:
    """Yield every declared percentage of a tube, missing ones with their reason.

    The interval covers counting only: Wilson's, or Clopper–Pearson's with fewer than five
    events on either side. `lod` and `lloq` are those of this tube, ``100 * events / n``; above
    100 the tube could not have shown anything. A CAR+ share below the limit of detection, in
    a tube too small for the required sensitivity, is not evaluable: it has an upper limit.

    Examples
    --------
    >>> from carflow.quantify.counts import TubeCounts
    >>> tube = TubeCounts(counts={Role.CD3: 2000, Role.CAR: 250})
    >>> for quantity in percentages(tube, AssayLimits()):
    ...     if quantity.measure.value is not None:
    ...         print(quantity.name, quantity.measure)
    car_pct_cd3 12.5 % [11.1221, 14.0217]
    """
    for share in SHARES:
        yield _percentage(share, counts, limits)


def _percentage(share: Share, counts: TubeCounts, limits: AssayLimits) -> Quantity:
    events, of = counts.of(share.numerator), counts.of(share.denominator)
    reason = _share_reason(events, of, counts)
    if reason or events is None or of is None:
        return Quantity(
            name=share.name,
            method=METHOD,
            measure=Measure.missing(Unit.PERCENT, reason),
            n_numerator=events,
            n_denominator=of,
        )
    return Quantity(
        name=share.name,
        method=METHOD,
        measure=_share_measure(events, of, limits, is_car=share.numerator is Role.CAR),
        n_numerator=events,
        n_denominator=of,
        lod=100.0 * limits.lod_events / of,
        lloq=100.0 * limits.lloq_events / of,
    )


def _share_reason(events: int | None, of: int | None, counts: TubeCounts) -> Reason:
    """Return why a share does not exist, or NONE."""
    if events is None or of is None:
        return Reason.NO_POPULATION
    if of == 0:
        return Reason.ZERO_EVENTS if counts.n_events == 0 else Reason.ZERO_PARENT
    return Reason.NOT_NESTED if events > of else Reason.NONE


def _share_measure(events: int, of: int, limits: AssayLimits, *, is_car: bool) -> Measure:
    state, reason = event_state(events, limits)
    low, high = share_interval(events, of).times(100.0)
    if is_car and state is State.ND and not sensitivity_reached(of, limits):
        return Measure(
            unit=Unit.PERCENT,
            high=high,
            state=State.NE,
            reason=Reason.LOW_PARENT,
            ci_kind=IntervalKind.COUNTING,
        )
    return Measure(
        unit=Unit.PERCENT,
        value=100.0 * events / of,
        low=low,
        high=high,
        state=state,
        reason=reason,
        ci_kind=IntervalKind.COUNTING,
    )


def subset_ratios(counts: TubeCounts, limits: AssayLimits) -> Iterator[Quantity]:
    """Yield CD4:CD8 of CAR+ and of CAR− T cells, each with its log-normal interval.

    A ratio is not evaluable if either count lies below the limit of quantification.

    Examples
    --------
    >>> from carflow.quantify.counts import TubeCounts
    >>> tube = TubeCounts(counts={Role.CAR_CD4: 200, Role.CAR_CD8: 100})
    >>> print(next(subset_ratios(tube, AssayLimits())).measure)
    2 ratio [1.57318, 2.54261]
    """
    for name, above, below in _RATIOS:
        first, second = counts.of(above), counts.of(below)
        yield Quantity(
            name=name,
            method=METHOD,
            measure=_ratio_measure(first, second, limits),
            n_numerator=first,
            n_denominator=second,
        )


def _ratio_measure(first: int | None, second: int | None, limits: AssayLimits) -> Measure:
    if first is None or second is None:
        return Measure.missing(Unit.RATIO, Reason.NO_POPULATION)
    if min(first, second) < max(1, limits.lloq_events):
        return Measure.missing(Unit.RATIO, Reason.BELOW_LLOQ)
    low, high = count_ratio_lognormal(first, second)
    return Measure(
        unit=Unit.RATIO,
        value=first / second,
        low=low,
        high=high,
        ci_kind=IntervalKind.COUNTING,
    )


def car_intensity(counts: TubeCounts, limits: AssayLimits) -> Quantity:
    """Return the CAR MFI of CAR+ events; it has no interval, for want of the events.

    Below the limit of detection there is no population whose intensity could be told.

    Examples
    --------
    >>> from carflow.quantify.counts import TubeCounts
    >>> tube = TubeCounts(counts={Role.CAR: 12}, car_mfi=4800.0)
    >>> print(car_intensity(tube, AssayLimits()).measure)
    not available: fewer events than the limit of detection
    """
    events = counts.of(Role.CAR)
    return Quantity(
        name="car_mfi",
        method=METHOD,
        measure=_intensity_measure(events, counts.car_mfi, limits),
        n_numerator=events,
    )


def _intensity_measure(events: int | None, median: float | None, limits: AssayLimits) -> Measure:
    if events is None:
        return Measure.missing(Unit.INTENSITY, Reason.NO_POPULATION)
    state, reason = event_state(events, limits)
    if state is State.ND:
        return Measure.missing(Unit.INTENSITY, reason)
    if median is None:
        return Measure.missing(Unit.INTENSITY, Reason.NO_INTENSITY)
    return Measure(unit=Unit.INTENSITY, value=median, state=state, reason=reason)
