"""What a curve says about its peak and about treatments, in sentences; no cause is named.

Every sentence keeps to what was measured. A day of the highest sample is not called the day of
the peak, a bracket is not called an interval, the order of a treatment and a peak is stated
only where the sampling days settle it, and a published median stays a fact about other people.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from carflow.kinetics.growth import growth_per_day
from carflow.kinetics.treatments import Onset, TreatmentRun, signed
from carflow.quantify.declarations import DECLARATIONS, spoken_unit
from carflow.reasons import Reason
from carflow.units import Unit, significant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carflow.kinetics.peak import Peak
    from carflow.kinetics.series import Sample
    from carflow.study.model import ReferenceTmax

_CONDITION = "If the curve has one peak and measurement error has not reordered the days"


def peak_sentences(peak: Peak, quantity: str) -> tuple[str, ...]:
    """Return what was the highest value and where the true peak lies, and on what condition.

    Examples
    --------
    >>> from carflow.kinetics.peak import estimate_peak
    >>> peak = estimate_peak([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33])
    >>> print(*peak_sentences(peak, "car_pct_cd3"))  # doctest: +NORMALIZE_WHITESPACE
    The highest measured value was 69.94 % of CD3+ on day 12.
    If the curve has one peak and measurement error has not reordered the days, the true peak
    lies between day 7 and day 14 (a bracket set by the sampling days, not a 95 % interval).
    """
    if peak.day.value is None or peak.height.value is None:
        return (_no_peak(peak.reason),)
    height = spoken_value(peak.height.value, quantity, peak.height.unit)
    top = f"The highest measured value was {height} on day {signed(peak.day.value)}."
    lower, upper = peak.bracket
    if math.isinf(upper):
        flag = "No later sample is lower, so the peak may not have been reached."
        after = f"the true peak lies after {_edge(lower)} (a bracket without a later end)"
        return top, flag, f"{_CONDITION}, {after}."
    between = (
        f"{_CONDITION}, the true peak lies between {_edge(lower)} and {_edge(upper)}"
        " (a bracket set by the sampling days, not a 95 % interval)."
    )
    if peak.reason is Reason.EARLY_MAX:
        return top, "No earlier sample is lower, so the peak may have come before it.", between
    return top, between


def _no_peak(reason: Reason) -> str:
    if reason is Reason.ALL_BLQ:
        return "No expansion was detected: every value lies below the limit of quantification."
    return f"No peak can be named: {reason.meaning}."


def _edge(day: float) -> str:
    return "the infusion (day 0)" if day == 0 else f"day {signed(day)}"


def _at(day: float) -> str:
    return f"{'at' if day == 0 else 'on'} {_edge(day)}"


def spoken_value(value: float, quantity: str, unit: Unit) -> str:
    """Return a value with the digits of its declaration and its unit in words.

    Examples
    --------
    >>> spoken_value(1756.694, "car_per_ul_wbc", Unit.CELLS_PER_UL)
    '1,756.69 cells/µL'
    """
    declared = DECLARATIONS.get(quantity)
    number = significant(value, 4) if declared is None else f"{value:,.{declared.digits}f}"
    return f"{number} {spoken_unit(quantity, unit)}".rstrip()


def treatment_sentences(peak: Peak, runs: Iterable[TreatmentRun]) -> tuple[str, ...]:
    """Return for each treatment whether it began before, inside or after the bracket.

    Treatments that ended before the infusion are left out, and so are all of them where there
    is no peak.

    Examples
    --------
    >>> from carflow.kinetics.peak import estimate_peak
    >>> peak = estimate_peak([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33])
    >>> steroid = TreatmentRun(drug="methylprednisolone", start_day=9, stop_day=13)
    >>> print(*treatment_sentences(peak, [steroid]))  # doctest: +NORMALIZE_WHITESPACE
    Treatment with methylprednisolone (day 9–13) began inside this bracket, so these data do
    not show whether it began before or after this patient's peak.
    """
    if peak.day.value is None:
        return ()
    return tuple(_onset_sentence(run, peak.bracket) for run in runs if run.stop_day >= 0)


def _onset_sentence(run: TreatmentRun, bracket: tuple[float, float]) -> str:
    began = f"Treatment with {run.drug} ({run.span}) began"
    match run.onset(bracket):
        case Onset.INSIDE:
            return (
                f"{began} inside this bracket, so these data do not show whether it began"
                " before or after this patient's peak."
            )
        case Onset.BEFORE:
            return (
                f"{began} on day {signed(run.start_day)}, before this bracket opened"
                f" {_at(bracket[0])}: on the same condition, before this patient's peak."
            )
        case Onset.AFTER:
            return (
                f"{began} on day {signed(run.start_day)}, after this bracket closed"
                f" {_at(bracket[1])}: on the same condition, after this patient's peak."
            )


def fall_sentences(
    peak: Peak, samples: Sequence[Sample], runs: Iterable[TreatmentRun]
) -> tuple[str, ...]:
    """Return which treatments the fall from the highest value to the next sample met.

    Examples
    --------
    >>> from carflow.kinetics.peak import peak_of
    >>> from carflow.kinetics.series import read_series
    >>> series = read_series([7, 12, 14], [45.31, 69.94, 24.33])
    >>> peak = peak_of(series, unit=Unit.PERCENT)
    >>> steroid = TreatmentRun(drug="methylprednisolone", start_day=9, stop_day=13)
    >>> print(*fall_sentences(peak, series.samples, [steroid]))  # doctest: +NORMALIZE_WHITESPACE
    The fall from day 12 to day 14 (relative growth −0.99/d) happened during or just after
    methylprednisolone; that is an order in time, not a cause.
    """
    pair = _fall(peak, samples)
    if pair is None:
        return ()
    top, after = pair
    drugs = dict.fromkeys(run.drug for run in runs if run.meets(top.day, after.day))
    if not drugs:
        return ()
    sentence = (
        f"The fall from day {signed(top.day)} to day {signed(after.day)}"
        f" ({_growth(top, after, peak.height.unit)}) happened during or just after"
        f" {_listed(tuple(drugs))}; that is an order in time, not a cause."
    )
    return (sentence,)


def _fall(peak: Peak, samples: Sequence[Sample]) -> tuple[Sample, Sample] | None:
    """Return the highest sample and the next one, if that is lower."""
    day = peak.day.value
    for top, after in pairwise(samples):
        if top.day == day and after.value < top.value:
            return top, after
    return None


def _growth(top: Sample, after: Sample, unit: Unit) -> str:
    if not after.quantified:
        return "to below the limit of quantification"
    slope = growth_per_day((top.day, top.value), (after.day, after.value), unit=unit)
    if slope is None:
        return "from 100 %"
    kind = "relative growth" if unit is Unit.PERCENT else "net growth"
    return f"{kind} {signed(slope, '.2f')}/d"


def _listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence.

    Examples
    --------
    >>> _listed(["tocilizumab", "anakinra", "dexamethasone"])
    'tocilizumab, anakinra and dexamethasone'
    """
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} and {words[-1]}"


def reference_sentences(references: Iterable[ReferenceTmax]) -> tuple[str, ...]:
    """Return each published time to peak, as what it is.

    Examples
    --------
    >>> from carflow.study.model import ReferenceTmax
    >>> published = ReferenceTmax(median_day=12, low_day=9, high_day=20, assay="qPCR", source="a")
    >>> print(*reference_sentences([published]))  # doctest: +NORMALIZE_WHITESPACE
    The published median time to peak (12 d, range 9–20 d, qPCR; a) describes other patients
    and is no evidence about this one.
    """
    return tuple(
        f"The published median time to peak ({_reference(one)}) describes other patients and is"
        " no evidence about this one."
        for one in references
    )


def _reference(reference: ReferenceTmax) -> str:
    span = ""
    if reference.low_day is not None and reference.high_day is not None:
        span = f", range {reference.low_day:g}–{reference.high_day:g} d"
    assay = f", {reference.assay}" if reference.assay else ""
    source = f"; {reference.source}" if reference.source else ""
    return f"{reference.median_day:g} d{span}{assay}{source}"
