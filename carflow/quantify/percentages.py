"""Shares, the CD4:CD8 ratio and the CAR intensity: quantities of the events alone.

Count first, percent second: every quantity here carries its two counts. Percentages are never
averaged and never taken of an empty denominator.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.gating.strategy import AssayLimits, Role
from carflow.measure import IntervalKind, Measure, State
from carflow.quantify.intervals import Z95, count_ratio_lognormal, share_interval
from carflow.quantify.limits import event_state, sensitivity_reached
from carflow.quantify.quantity import Quantity
from carflow.quantify.staining import Brightness, resolution, stain_index
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from carflow.quantify.background import Background
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
    Share(name="car_pct_live", numerator=Role.CAR, denominator=Role.LIVE),
    Share(name="cd3_pct_lymph", numerator=Role.CD3, denominator=Role.LYMPHOCYTES),
    Share(name="cd3_pct_cd45", numerator=Role.CD3, denominator=Role.CD45),
    Share(name="cd3_pct_live", numerator=Role.CD3, denominator=Role.LIVE),
    Share(name="cd4_pct_cd3", numerator=Role.CD4, denominator=Role.CD3),
    Share(name="cd8_pct_cd3", numerator=Role.CD8, denominator=Role.CD3),
    Share(name="cd4_pct_car", numerator=Role.CAR_CD4, denominator=Role.CAR),
    Share(name="cd8_pct_car", numerator=Role.CAR_CD8, denominator=Role.CAR),
    Share(name="car_pct_cd4", numerator=Role.CAR_CD4, denominator=Role.CD4),
    Share(name="car_pct_cd8", numerator=Role.CAR_CD8, denominator=Role.CD8),
    Share(name="live_pct_cells", numerator=Role.LIVE, denominator=Role.CELLS),
)

_RATIOS = (
    ("cd4_cd8_ratio_car", Role.CAR_CD4, Role.CAR_CD8),
    ("cd4_cd8_ratio_car_negative", Role.CAR_NEGATIVE_CD4, Role.CAR_NEGATIVE_CD8),
    ("cd4_cd8_ratio_cd3", Role.CD4, Role.CD8),
)


def percentages(
    counts: TubeCounts, limits: AssayLimits, *, car_limits: AssayLimits | None = None
) -> Iterator[Quantity]:
    """Yield every declared percentage of a tube, missing ones with their reason.

    The interval covers counting only: Wilson's, or Clopper–Pearson's with fewer than five
    events on either side. `lod` and `lloq` are those of this tube, ``100 * events / n``; above
    100 the tube could not have shown anything. `car_limits` are those of CAR+ events, raised by
    a background (`carflow.quantify.background`). A CAR+ share below the limit of detection, in
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
        is_car = share.numerator is Role.CAR
        yield _percentage(share, counts, (car_limits or limits) if is_car else limits)


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
    """Yield CD4:CD8 of CAR+, CAR− and all T cells, each with its log-normal interval.

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


def log_odds(counts: TubeCounts, limits: AssayLimits) -> Quantity:
    """Return ``ln(CAR+ / CAR−)`` of the CD3+ events, with its counting interval.

    Its change per day is the net growth of CAR+ T cells minus that of CAR− T cells, whatever
    else happened to the blood; a percentage cannot say that, because it saturates.

    Examples
    --------
    >>> from carflow.quantify.counts import TubeCounts
    >>> tube = TubeCounts(counts={Role.CD3: 10_000, Role.CAR: 426})
    >>> print(log_odds(tube, AssayLimits()).measure)
    -3.11237 ln odds [-3.20942, -3.01532]
    """
    events, of = counts.of(Role.CAR), counts.of(Role.CD3)
    reason = _share_reason(events, of, counts)
    if reason or events is None or of is None:
        measure = Measure.missing(Unit.LOG_ODDS, reason)
    elif events in {0, of}:
        measure = Measure.missing(Unit.LOG_ODDS, Reason.NO_LOGARITHM)
    else:
        state, why = event_state(min(events, of - events), limits)
        value = math.log(events / (of - events))
        reach = Z95 * math.sqrt(1 / events + 1 / (of - events))
        measure = Measure(
            unit=Unit.LOG_ODDS,
            value=value,
            low=value - reach,
            high=value + reach,
            state=state,
            reason=why,
            ci_kind=IntervalKind.COUNTING,
        )
    return Quantity(
        name="car_log_odds_cd3",
        method=METHOD,
        measure=measure,
        n_numerator=events,
        n_denominator=of,
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


def stain_quality(
    counts: TubeCounts, background: Background | None, limits: AssayLimits
) -> Iterator[Quantity]:
    """Yield the intensity of CAR− T cells, the stain index, and the resolution from a control.

    Below the limit of detection there is no CAR+ population that could be set apart.
    """
    events = counts.of(Role.CAR)
    bright = _intensity_measure(events, counts.car_mfi, limits)
    negative = Brightness(counts.car_negative_mfi, counts.car_negative_rsd)
    index = (
        Measure.missing(Unit.RATIO, bright.reason)
        if bright.value is None
        else stain_index(bright.value, negative)
    )
    whole = Brightness(counts.cd3_car_median, counts.cd3_car_rsd)
    apart = (
        Measure.missing(Unit.RATIO, Reason.NO_CONTROL)
        if background is None
        else resolution(whole, Brightness(background.car_median, background.car_rsd))
    )
    dim = (
        Measure.missing(Unit.INTENSITY, Reason.NO_INTENSITY)
        if negative.median is None
        else Measure(unit=Unit.INTENSITY, value=negative.median)
    )
    for name, measure, of in (
        ("car_negative_mfi", dim, counts.of(Role.CAR_NEGATIVE)),
        ("car_stain_index", index, events),
        ("car_resolution", apart, counts.of(Role.CD3)),
    ):
        yield Quantity(name=name, method=METHOD, measure=measure, n_numerator=of)


def _intensity_measure(events: int | None, median: float | None, limits: AssayLimits) -> Measure:
    if events is None:
        return Measure.missing(Unit.INTENSITY, Reason.NO_POPULATION)
    state, reason = event_state(events, limits)
    if state is State.ND:
        return Measure.missing(Unit.INTENSITY, reason)
    if median is None:
        return Measure.missing(Unit.INTENSITY, Reason.NO_INTENSITY)
    return Measure(unit=Unit.INTENSITY, value=median, state=state, reason=reason)
