"""What the population model says of a cohort and of one patient, in sentences.

A modelled day never stands without its model, nor an interval without what is known of its
coverage. The shares quoted are those of `tests/kinetics/test_population_coverage.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from carflow.kinetics.population_fit import PatientPeak, PopulationPeaks

CAUTION = (
    "not to be read as 95 %: such intervals held the true day of 98 to 99 % of simulated patients"
    " with sharp or rounded turns; slow turns were tried on few, real patients on none"
)


def population_sentences(found: PopulationPeaks) -> tuple[str, ...]:
    """Return what was fitted, to whom, and what its intervals are worth.

    Examples
    --------
    >>> from carflow.kinetics.population_fit import population_of
    >>> from carflow.kinetics.series import read_series
    >>> few = population_of({"P1": read_series([7, 12], [45.0, 70.0])})
    >>> print(*population_sentences(few))  # doctest: +NORMALIZE_WHITESPACE
    No population model is shown: fewer than six patients with two quantified values: no
    population to learn from.
    """
    if found.reason:
        settled = "" if found.r_hat is None else f" (R-hat {found.r_hat:.2f})"
        return (f"No population model is shown: {found.reason.meaning}{settled}.",)
    fitted = [one for one in found.patients if one.day.value is not None]
    left_out = len(found.patients) - len(fitted)
    without = f"; {left_out} left out for want of values" if left_out else ""
    day, turn = found.typical_day, found.sharpness
    who = f"learned from {len(fitted)} patients{without}"
    return (
        (
            f"Population model of growth, turn and decline, {who}: the typical peak is on day"
            f" {day.value:.1f} (posterior interval {day.low:.1f} to {day.high:.1f}, not to be"
            f" read as 95 %), the turn has the sharpness {turn.value:.1f} ({turn.low:.1f} to"
            f" {turn.high:.1f}; 1 is rounded, above 5 sharp). R-hat {found.r_hat:.3f}, at least"
            f" {found.least_draws:.0f} effective draws, {found.divergences} divergences."
        ),
    )


def patient_sentences(patient: PatientPeak) -> tuple[str, ...]:
    """Return the posterior of one patient's peak day.

    Examples
    --------
    >>> from carflow.kinetics.population_fit import PatientPeak
    >>> from carflow.measure import Measure
    >>> from carflow.units import Unit
    >>> day = Measure(unit=Unit.DAY, value=9.31, low=8.14, high=10.8)
    >>> shares = {8.0: 0.1, 9.0: 0.6, 10.0: 0.25, 11.0: 0.05}
    >>> one = PatientPeak(subject_id="P1", day=day, probabilities=shares, n_quantified=5)
    >>> print(*patient_sentences(one))  # doctest: +NORMALIZE_WHITESPACE
    Under the population model the peak was on day 9.3 (posterior interval 8.1 to 10.8, not to be
    read as 95 %: such intervals held the true day of 98 to 99 % of simulated patients with sharp or
    rounded turns; slow turns were tried on few, real patients on none); most likely day 9 (60 %).
    """
    day = patient.day
    if day.value is None or not patient.probabilities:
        return (f"The population model names no day: {day.reason.meaning}.",)
    best = max(patient.probabilities, key=lambda one: patient.probabilities[one])
    share = 100 * patient.probabilities[best]
    return (
        (
            f"Under the population model the peak was on day {day.value:.1f} (posterior interval"
            f" {day.low:.1f} to {day.high:.1f}, {CAUTION}); most likely day {best:g}"
            f" ({share:.0f} %)."
        ),
    )
