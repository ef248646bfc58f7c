"""Two quantities of the same subjects side by side: which peaked first, and how well they agree.

Compared are the absolute count of CAR T cells and the gene copies, the cells that the copies
stand for and the counted ones, and the percentage with both. Percentages are compared in their
peaks only: they saturate, and a line through them means nothing.

Over all subjects the pairs are pooled. Several samples of one subject are alike, so the pooled
intervals are too narrow; the sentences say so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.kinetics.concordance import Concordance, concordance_of, paired
from carflow.kinetics.lag import PeakLag, peak_lag
from carflow.kinetics.series import series_of
from carflow.kinetics.treatments import signed
from carflow.quantify.declarations import DECLARATIONS
from carflow.units import Unit, significant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carflow.kinetics.concordance import LogRatio, Pair
    from carflow.kinetics.curve import Curve
    from carflow.kinetics.peak import Peak
    from carflow.kinetics.regression import MethodLine
    from carflow.kinetics.subject import CurveKinetics

COPIES = "copies_per_ug"
BY_COPIES = "car_per_ul_qpcr"
PERCENTAGE = "car_pct_cd3"
COUNTED = (
    "car_per_ul_beads", "car_per_ul_wbc", "car_per_ul_alc", "car_per_ul_cd3", "car_per_ul_pbmc",
    "car_per_ul_vol",
)  # fmt: skip
"""Absolute counts, the first of which that has a curve is compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodsCompared:
    """What two quantities say about each other.

    `lag` is that of the second peak after the first, None over several subjects; `agreement`
    None where one of the two is a percentage. Lines are ``log10(second)`` against
    ``log10(first)``, ratios first over second.
    """

    first: str
    second: str
    sentences: tuple[str, ...]
    lag: PeakLag | None = None
    agreement: Concordance | None = None


def compare_methods(
    curves: Sequence[Curve], kinetics: Sequence[CurveKinetics]
) -> tuple[MethodsCompared, ...]:
    """Return the comparisons of one subject's curves; none where only one method has a curve.

    Parameters
    ----------
    curves, kinetics : sequences
        The curves of one subject and what each says, in the same order.
    """
    known = {curve.quantity: curve for curve in curves}
    peaks = {one.quantity: one.peak for one in kinetics}
    return tuple(
        _compared(known[first], known[second], peaks[first], peaks[second])
        for first, second in _pairs_of(known)
    )


def _pairs_of(known: dict[str, Curve]) -> Iterator[tuple[str, str]]:
    counted = next((name for name in COUNTED if name in known), None)
    wanted = [(PERCENTAGE, COPIES)]
    if counted is not None:
        wanted = [(counted, COPIES), (counted, BY_COPIES), (PERCENTAGE, counted), *wanted]
    yield from (pair for pair in wanted if set(pair) <= set(known))


def _compared(first: Curve, second: Curve, one: Peak, other: Peak) -> MethodsCompared:
    lag = peak_lag(one, other)
    agreement = None
    if Unit.PERCENT not in {first.unit, second.unit}:
        agreement = concordance_of(paired(series_of(first), series_of(second)))
    return MethodsCompared(
        first=first.quantity,
        second=second.quantity,
        lag=lag,
        agreement=agreement,
        sentences=(
            *lag_sentences(lag, first.quantity, second.quantity),
            *agreement_sentences(agreement, first.quantity, second.quantity),
        ),
    )


def compare_pooled(subjects: Sequence[Sequence[Curve]]) -> tuple[MethodsCompared, ...]:
    """Return the agreement of counts and copies over the pairs of several subjects.

    Parameters
    ----------
    subjects : sequence of sequences of Curve
        The curves of each subject. With fewer than two that have both there is nothing to pool.
    """
    pooled: dict[tuple[str, str], list[tuple[Pair, ...]]] = {}
    for curves in subjects:
        known = {curve.quantity: curve for curve in curves}
        for first, second in _pairs_of(known):
            if PERCENTAGE not in {first, second}:
                pairs = paired(series_of(known[first]), series_of(known[second]))
                pooled.setdefault((first, second), []).append(pairs)
    found = []
    for (first, second), of_subjects in pooled.items():
        if len(of_subjects) > 1:
            agreement = concordance_of([pair for pairs in of_subjects for pair in pairs])
            told = agreement_sentences(agreement, first, second)
            caution = (
                f"These are the samples of {len(of_subjects)} subjects pooled; samples of one "
                "subject are alike, so the intervals are too narrow."
            )
            found.append(
                MethodsCompared(
                    first=first, second=second, agreement=agreement, sentences=(*told, caution)
                )
            )
    return tuple(found)


def lag_sentences(lag: PeakLag, first: str, second: str) -> tuple[str, ...]:
    """Return which of two peaks was sampled first, and whether the brackets settle it.

    Examples
    --------
    >>> from carflow.kinetics.peak import estimate_peak
    >>> days = [1, 4, 7, 12, 14, 21]
    >>> lag = peak_lag(estimate_peak(days, [1, 9, 50, 20, 15, 1]),
    ...     estimate_peak(days, [1, 2, 20, 70, 24, 4]))
    >>> told = lag_sentences(lag, "copies_per_ug", "car_per_ul_beads")
    >>> print(*told)  # doctest: +NORMALIZE_WHITESPACE
    The highest CAR T cells (beads) were sampled 5 days after the highest CAR gene copies. By both
    brackets the difference lies between −5 and 10 days, so the samples do not show which came
    first.
    """
    days = lag.observed.value
    if days is None:
        return ()
    one, other = _label(first), _label(second)
    if days == 0:
        said = f"The highest {other} and the highest {one} were sampled on the same day."
    else:
        noun = "day" if abs(days) == 1 else "days"
        order = "after" if days > 0 else "before"
        said = f"The highest {other} were sampled {abs(days):g} {noun} {order} the highest {one}."
    end = "so the samples do not show which came first"
    if lag.is_settled:
        earlier = one if lag.bracket[0] > 0 else other
        end = f"so the peak of {earlier} came first, if each curve has one"
    return (said, f"By both brackets the difference {_span(lag)}, {end}.")


def _span(lag: PeakLag) -> str:
    low, high = lag.bracket
    beyond = "(a peak may lie beyond the last sample)"
    if math.isinf(low) and math.isinf(high):
        return f"is open {beyond}"
    if math.isinf(low):
        return f"lies below {signed(high)} days {beyond}"
    if math.isinf(high):
        return f"lies above {signed(low)} days {beyond}"
    return f"lies between {signed(low)} and {signed(high)} days"


def agreement_sentences(agreement: Concordance | None, first: str, second: str) -> tuple[str, ...]:
    """Return how often both methods quantified, and how they go together where both did."""
    if agreement is None:
        return ()
    table = agreement.table
    count = table.both + table.first_only + table.second_only + table.neither
    noun = "sample" if count == 1 else "samples"
    one, other = _label(first), _label(second)
    counted = (
        f"Of {count} {noun} measured both ways, {table.both} were quantified by both, "
        f"{table.first_only} as {one} only, {table.second_only} as {other} only, "
        f"{table.neither} by neither."
    )
    if agreement.log_ratio is None or agreement.passing_bablok is None:
        return (counted, "That is too few to say how the two go together.")
    same = DECLARATIONS[first].unit is DECLARATIONS[second].unit
    return (
        counted,
        *_together(agreement, agreement.log_ratio, agreement.passing_bablok, same=same),
    )


def _together(
    agreement: Concordance, ratio: LogRatio, line: MethodLine, *, same: bool
) -> Iterator[str]:
    low, high = line.slope_interval
    yield (
        f"Rank correlation {_number(agreement.spearman or 0.0)}; slope on logarithmic scales "
        f"(Passing–Bablok) {_number(line.slope)}, 95 % interval {_number(low)} to {_number(high)}; "
        "1 means that they rise and fall by the same factor."
    )
    measure, (least, most) = ratio.ratio, ratio.limits
    if measure.value is None or measure.low is None or measure.high is None:
        return
    spread = most / measure.value
    told = (
        f"Of single samples 95 % lie within a factor of {significant(spread)} of their mean ratio"
    )
    if same:  # with another unit the ratio itself says nothing
        told += (
            f", which is {_number(measure.value)} (95 % interval {_number(measure.low)} to "
            f"{_number(measure.high)}; limits of agreement {_number(least)} to {_number(most)})"
        )
    yield told + "."


def _label(quantity: str) -> str:
    return DECLARATIONS[quantity].label


def _number(value: float) -> str:
    return significant(value).replace("-", "\N{MINUS SIGN}").replace("inf", "infinity")
