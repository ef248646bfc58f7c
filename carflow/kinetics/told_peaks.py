"""The peak of a table's curve with the sentences that tell it; nothing new is computed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from carflow.kinetics.cohort import cohort_of, geometric_mean
from carflow.kinetics.cohort_summary import NO_GROUP
from carflow.kinetics.cohort_wording import cohort_sentences, geometric_sentence
from carflow.kinetics.nca import nca_by_rules
from carflow.kinetics.parameters import PARAMETERS
from carflow.kinetics.peak import Peak, estimate_peak
from carflow.kinetics.peak_draws import span_of_days
from carflow.kinetics.peak_passed import peak_passed
from carflow.kinetics.peak_shape import peak_shape
from carflow.kinetics.peak_wording import passed_sentences, shape_sentences, span_sentences
from carflow.kinetics.population_fit import PatientPeak, PopulationPeaks, population_of
from carflow.kinetics.population_wording import patient_sentences, population_sentences
from carflow.kinetics.spreads import read_measured
from carflow.kinetics.wording import peak_sentences
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.series import Series as Measured
    from carflow.measure import Measure
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
    series = series_of_table(values)
    sentences = [*peak_sentences(peak, values.quantity)]
    if peak.days95:
        sentences += span_sentences(peak, span_of_days(series, peak.days95))
    sentences += shape_sentences(peak_shape(series, peak))
    if today is not None:
        sentences += passed_sentences(peak_passed(series, peak, today=today, unit=unit))
    return ToldPeak(peak, tuple(sentences))


def series_of_table(values: Series) -> Measured:
    """Return the samples of one curve of a table, with the intervals the table gives."""
    return read_measured(
        values.days,
        values.values,
        lloq=values.below,
        states=values.states,
        lows=values.lows,
        highs=values.highs,
        n_denominator=values.n_denominators or None,
    )


def population_told(table: Sequence[Series]) -> tuple[PopulationPeaks, ...]:
    """Return the population model of each quantity of a table.

    Raises
    ------
    AnalysisError
        If the extra ``bayes`` is not installed.
    """
    found: list[PopulationPeaks] = []
    for quantity in dict.fromkeys(one.quantity for one in table):
        alike = [one for one in table if one.quantity == quantity]
        unit = Unit.PERCENT if alike[0].is_percentage else Unit.NONE
        patients = {one.subject_id: series_of_table(one) for one in alike}
        found.append(population_of(patients, quantity=quantity, unit=unit))
    return tuple(found)


def cohort_told(told: Sequence[tuple[Series, Peak]]) -> tuple[str, ...]:
    """Return the time to peak, the heights and the areas of a cohort in sentences.

    Parameters
    ----------
    told : sequence of (Series, Peak)
        One curve for each subject.
    """
    peaks = [peak for _, peak in told]
    heights = geometric_mean([peak.height for peak in peaks], unit=peaks[0].height.unit)
    areas = [_area(values) for values, _ in told]
    return (
        *cohort_sentences(cohort_of(peaks)),
        geometric_sentence(heights, PARAMETERS["cmax"].label),
        geometric_sentence(geometric_mean(areas, unit=areas[0].unit), PARAMETERS["auc_0_28"].label),
    )


def _area(values: Series) -> Measure:
    """Return the area of the first 28 days, or why the samples do not give it."""
    unit = Unit.PERCENT if values.is_percentage else Unit.NONE
    return nca_by_rules(series_of_table(values), unit=unit).auc(0.0, 28.0)


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
    found = [("Cohort", cohort_told(told))]
    for group in sorted({one.group for one, _ in told}) if column else ():
        name = f"Cohort, {column} {group or NO_GROUP}"
        found.append((name, cohort_told([one for one in told if one[0].group == group])))
    return tuple(found)


def populations_told(fitted: Sequence[PopulationPeaks]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the sentences of each population model under the name of its quantity."""
    return tuple(
        (", ".join(filter(None, ("All patients", one.quantity))), population_sentences(one))
        for one in fitted
    )


def patient_told(values: Series, fitted: Sequence[PopulationPeaks]) -> tuple[str, ...]:
    """Return what the population model says of one curve; nothing where none was fitted."""
    patient = _patient_of(values, fitted)
    return () if patient is None else patient_sentences(patient)


def population_cells(
    values: Series, fitted: Sequence[PopulationPeaks]
) -> dict[str, dict[str, float | str | dict[str, float] | None]]:
    """Return the posterior of one curve as plain values; empty where none was fitted."""
    patient = _patient_of(values, fitted)
    if patient is None:
        return {}
    return {
        "population": {
            "day": patient.day.value,
            "day_low": patient.day.low,
            "day_high": patient.day.high,
            "reason": str(patient.day.reason),
            "probabilities": {f"{day:g}": share for day, share in patient.probabilities.items()},
        }
    }


def _patient_of(values: Series, fitted: Sequence[PopulationPeaks]) -> PatientPeak | None:
    found = next((one for one in fitted if one.quantity == values.quantity), None)
    return None if found is None or found.reason else found.of(values.subject_id)
