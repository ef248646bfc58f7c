"""The peak of a table's curve with the sentences that tell it; nothing new is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from carflow.kinetics.cohort import cohort_of, geometric_mean
from carflow.kinetics.cohort_summary import NO_GROUP
from carflow.kinetics.cohort_wording import cohort_sentences, geometric_sentence
from carflow.kinetics.peak import Peak, estimate_peak
from carflow.kinetics.peak_draws import span_of_days
from carflow.kinetics.peak_passed import peak_passed
from carflow.kinetics.peak_shape import peak_shape
from carflow.kinetics.peak_wording import passed_sentences, shape_sentences, span_sentences
from carflow.kinetics.series import read_series
from carflow.kinetics.wording import peak_sentences
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.study.value_table import Series


class ToldPeak(NamedTuple):
    """A peak and what there is to say about it."""

    peak: Peak
    sentences: tuple[str, ...]


def told_peak(values: Series, *, today: float | None = None) -> ToldPeak:
    """Return the peak of one curve of a table, with its sentences.

    Parameters
    ----------
    values : Series
        Days, values, states and limits as the table gives them.
    today : float, optional
        The day until which a patient who is still followed was watched; adds how probable it
        is that the peak has passed.
    """
    unit = Unit.PERCENT if values.is_percentage else Unit.NONE
    peak = estimate_peak(
        values.days,
        values.values,
        lows=values.lows,
        highs=values.highs,
        states=values.states,
        lloq=values.below,
        n_denominator=values.n_denominators or None,
        unit=unit,
    )
    series = read_series(
        values.days,
        values.values,
        lloq=values.below,
        states=values.states,
        lows=values.lows,
        highs=values.highs,
    )
    sentences = [*peak_sentences(peak, values.quantity)]
    if peak.days95:
        sentences += span_sentences(peak, span_of_days(series, peak.days95))
    sentences += shape_sentences(peak_shape(series, peak))
    if today is not None:
        sentences += passed_sentences(peak_passed(series, peak, today=today, unit=unit))
    return ToldPeak(peak, tuple(sentences))


def cohort_told(peaks: Sequence[Peak]) -> tuple[str, ...]:
    """Return the time to peak and the height of a cohort in sentences.

    Examples
    --------
    >>> peaks = [estimate_peak([7, 12, 14], values) for values in ([4, 45, 24], [9, 20, 8])]
    >>> print(cohort_told(peaks)[-1])
    Cmax: geometric mean 30 (95 % interval 0.174 to 5.18e+03), geometric CV 62 %, 2 patients.
    """
    heights = geometric_mean([peak.height for peak in peaks], unit=peaks[0].height.unit)
    return (*cohort_sentences(cohort_of(peaks)), geometric_sentence(heights, "Cmax"))


def cohorts_told(
    told: Sequence[tuple[Series, Peak]], *, column: str = ""
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the sentences of all patients of a table and of each group, under their names.

    Parameters
    ----------
    told : sequence of (Series, Peak)
        One curve for each subject; with several curves of a subject, or one subject, there is
        no cohort.
    column : str
        The column that the groups come from.
    """
    if not len({one.subject_id for one, _ in told}) == len(told) > 1:
        return ()
    found = [("Cohort", cohort_told([peak for _, peak in told]))]
    for group in sorted({one.group for one, _ in told}) if column else ():
        name = f"Cohort, {column} {group or NO_GROUP}"
        found.append((name, cohort_told([peak for one, peak in told if one.group == group])))
    return tuple(found)
