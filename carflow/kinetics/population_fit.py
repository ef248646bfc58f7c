"""The posterior of every patient's peak day under the population model, believed or refused.

The chains are drawn in `population_sampler`, which needs the extra ``bayes``. The random numbers
are seeded from the data, so the same data give the same answer; patients go in alphabetical order,
so the order of rows does not matter either.

A day is shown only if the chains agree about it: R-hat at most 1.05, and 100 effective draws. The
fit is shown only if that holds for nine of ten patients, R-hat is at most 1.05 for the typical day
and the turn, and at most one draw in a hundred diverged. A fit in which anything fails is repeated
from where it ended, first alike, then with four times the draws and smaller steps. What fails then
for the cohort gets eight times the draws and the smallest steps, which take a minute; for a patient
alone it is not worth that. What still fails is refused.

Every patient's posterior is widened by a quarter around its median (in ln day): one turn for all
and a growth without a change of speed are simpler than patients, and without it intervals held 88
to 98 % where they should hold 95. The factor was chosen on simulated cohorts and tried on others
(`tests/kinetics/test_population_coverage.py`).

Nor is a fit shown whose curves cannot follow the values: where the misfit that all patients share
is above 0.3 in ln C (0.5 where the errors of the values are unknown and part of it), or where the
share of the distance below the peak that they miss is above 0.08. Courses that begin with a lag and
then rise at once are told apart by it: in simulations theirs was 0.16 to 0.24, and at most 0.03 for
sharp, rounded and slowing turns.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from carflow.errors import AnalysisError
from carflow.kinetics.population_map import Cohort, cohort_of, turn_of
from carflow.kinetics.population_model import (
    MEASURED,
    Numbers,
    PopulationData,
    population_data,
    samples_of,
)
from carflow.kinetics.population_sampler import Draws, Effort, sampled
from carflow.kinetics.spreads import series_by_key
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from carflow.kinetics.columns import PerSample
    from carflow.kinetics.series import Series

MOST_R_HAT, LEAST_DRAWS, MOST_DIVERGENT = 1.05, 100.0, 0.01
MOST_MISFIT, MOST_MISFIT_WITH_ERROR, MOST_MISFIT_BELOW = 0.3, 0.5, 0.08
MOST_WITHHELD = 0.1
WIDENING = 1.25
_EFFORTS = (Effort(3, 0.9), Effort(3, 0.9), Effort(12, 0.95), Effort(24, 0.98))


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientPeak:
    """The posterior of one patient's peak day, widened by `WIDENING`.

    Parameters
    ----------
    subject_id : str
        Who.
    day : Measure
        The median with the 2.5th and 97.5th percentile [d], or why there is none.
    probabilities : mapping of float to float
        The probability of each whole day (from half a day before to half a day after it).
    n_quantified : int
        How many quantified values the patient gave, shown or not.
    """

    subject_id: str
    day: Measure
    probabilities: Mapping[float, float] = field(default_factory=dict)
    n_quantified: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationPeaks:
    """The peak days of a cohort under the population model.

    Parameters
    ----------
    quantity : str
        Which curves the model was fitted to.
    patients : tuple of PatientPeak
        Everyone, in alphabetical order; those left out with the reason.
    typical_day : Measure
        The cohort's typical peak day (the median of its distribution) [d].
    sharpness : Measure
        k of the model: large for a sharp switch, near 1 for a rounded one.
    r_hat, least_draws : float or None
        The worst R-hat, and the fewest effective draws of a peak day.
    divergences : int
        Among all draws.
    reason : Reason
        Why there is no posterior, if there is none.
    """

    quantity: str = ""
    patients: tuple[PatientPeak, ...]
    typical_day: Measure
    sharpness: Measure
    r_hat: float | None = None
    least_draws: float | None = None
    divergences: int = 0
    reason: Reason = Reason.NONE

    def of(self, subject_id: str) -> PatientPeak | None:
        """Return the posterior of one patient, or None where there is no such patient."""
        return next((one for one in self.patients if one.subject_id == subject_id), None)


class _Fit(NamedTuple):
    """The draws of a fit with the cohort they mean, and what tells whether to believe them.

    `r_hats` and `effective` are of each patient's peak day, `cohort_r_hat` is the worse of the
    typical day and the turn.
    """

    draws: Draws
    cohort: Cohort
    r_hats: Numbers
    effective: Numbers
    cohort_r_hat: float

    @property
    def settled(self) -> NDArray[np.bool_]:
        """Whose day may be shown, (patients,)."""
        return (self.r_hats <= MOST_R_HAT) & (self.effective >= LEAST_DRAWS)

    @property
    def is_believed(self) -> bool:
        chains, draws, _ = self.draws.own_log_day.shape
        return (
            self.cohort_r_hat <= MOST_R_HAT
            and float((~self.settled).mean()) <= MOST_WITHHELD
            and self.draws.divergences <= MOST_DIVERGENT * chains * draws
        )


def require_bayes() -> None:
    """Refuse in a sentence where the extra is not installed.

    Raises
    ------
    AnalysisError
        Without NumPyro.
    """
    if find_spec("numpyro") is None:
        raise AnalysisError(
            "the population model needs NumPyro, which is not installed",
            hint='install the extra: pip install "carflow[bayes]"',
            code="NO_BAYES",
        )


def population_of(
    patients: Mapping[str, Series], *, quantity: str = "", unit: Unit = Unit.NONE
) -> PopulationPeaks:
    """Return the posterior of every patient's peak day.

    Parameters
    ----------
    patients : mapping of str to Series
        The samples of each patient, of one quantity.
    quantity : str
        Its name, kept in the answer.
    unit : Unit
        PERCENT is fitted in log-odds, everything else in logarithms.

    Returns
    -------
    PopulationPeaks
        With a reason instead of days where there are too few patients, or the chains disagree.

    Raises
    ------
    AnalysisError
        If the extra ``bayes`` is not installed.
    """
    data = population_data(patients, unit=unit)
    found = _refused(patients, data) if isinstance(data, Reason) else _judged(patients, data)
    counts = {
        name: sum(one.quantified for one in samples_of(series)) for name, series in patients.items()
    }
    return replace(
        found,
        quantity=quantity,
        patients=tuple(replace(one, n_quantified=counts[one.subject_id]) for one in found.patients),
    )


def _judged(patients: Mapping[str, Series], data: PopulationData) -> PopulationPeaks:
    """Return a fit as far as it is believed, repeated where it is not."""
    require_bayes()
    fit = _fitted(data, _EFFORTS[0])
    for effort in _EFFORTS[1:]:
        enough = fit.is_believed and (effort is _EFFORTS[-1] or bool(fit.settled.all()))
        # curves that cannot follow the values do so no better the longer they are drawn
        if enough or _is_misfit(data, fit):
            break
        fit = _fitted(data, effort, fit)
    shown = fit.settled if fit.is_believed else np.ones_like(fit.settled)
    return replace(
        _posterior(patients, data, fit),
        r_hat=max(fit.cohort_r_hat, float(fit.r_hats[shown].max())),
        least_draws=float(fit.effective[shown].min()),
        divergences=fit.draws.divergences,
    )


def population_peak(  # noqa: PLR0913  # a public door for plain columns: one keyword each
    subjects: Sequence[str],
    days: Sequence[float],
    values: Sequence[float | None],
    *,
    lloq: PerSample = None,
    n_denominator: PerSample = None,
    cv: PerSample = None,
    unit: Unit = Unit.NONE,
) -> PopulationPeaks:
    """Return the posterior of every patient's peak day from the columns of a long table.

    Parameters
    ----------
    subjects, days, values : sequences, (n,)
        Whose value it is, time since the infusion [d], and the value.
    lloq, n_denominator, cv : number or sequence, optional
        As for `carflow.estimate_peak`. Without a denominator or a CV the measurement error is
        learned from the data together with the misfit.
    unit : Unit
        PERCENT is fitted in log-odds, everything else in logarithms.

    Raises
    ------
    ValueError
        If columns differ in length, or a curve cannot be read; the message names the subject.
    AnalysisError
        If the extra ``bayes`` is not installed.

    Examples
    --------
    >>> found = population_peak(["P1", "P1", "P2"], [7, 12, 7], [45.0, 70.0, 30.0])
    >>> print(found.typical_day)  # doctest: +NORMALIZE_WHITESPACE
    not available: fewer than six patients with two quantified values: no population to learn from
    """
    series = series_by_key(subjects, days, values, lloq=lloq, n_denominator=n_denominator, cv=cv)
    return population_of(series, unit=unit)


def _posterior(patients: Mapping[str, Series], data: PopulationData, fit: _Fit) -> PopulationPeaks:
    if _is_misfit(data, fit):
        return _refused(patients, Reason.MODEL_MISFIT)
    if not fit.is_believed:
        return _refused(patients, Reason.NOT_CONVERGED)
    cohort = fit.cohort
    days = np.exp(_widened(fit.draws.own_log_day.reshape(-1, len(data.names))))
    known = {
        name: _patient(name, days[:, place])
        for place, name in enumerate(data.names)
        if fit.settled[place]
    }
    unsettled = {
        name: _without_day(name, Reason.NOT_CONVERGED)
        for name, is_settled in zip(data.names, fit.settled, strict=True)
        if not is_settled
    }
    absent = {name: _without_day(name, reason) for name, reason in data.left_out.items()}
    return PopulationPeaks(
        patients=tuple((known | unsettled | absent)[name] for name in sorted(patients)),
        typical_day=_measure(np.exp(cohort.typical[0]), Unit.DAY),
        sharpness=_measure(np.exp(cohort.log_sharpness), Unit.NONE),
    )


def _widened(log_days: Numbers) -> Numbers:
    """Return draws, (draws, patients), a quarter further from each patient's median."""
    centre = np.median(log_days, axis=0)
    found: Numbers = centre + WIDENING * (log_days - centre)
    return found


def _is_misfit(data: PopulationData, fit: _Fit) -> bool:
    return (
        float(np.median(fit.cohort.misfit)) > most_misfit(data)
        or float(np.median(fit.cohort.misfit_below)) > MOST_MISFIT_BELOW
    )


def most_misfit(data: PopulationData) -> float:
    """Return how much misfit is let pass [ln C]: more where it holds the measurement error."""
    known = (data.deviations[data.kinds == MEASURED] > 0).mean() > 0.5
    return MOST_MISFIT if known else MOST_MISFIT_WITH_ERROR


def _refused(patients: Mapping[str, Series], reason: Reason) -> PopulationPeaks:
    return PopulationPeaks(
        patients=tuple(_without_day(name, reason) for name in sorted(patients)),
        typical_day=Measure.missing(Unit.DAY, reason),
        sharpness=Measure.missing(Unit.NONE, reason),
        reason=reason,
    )


def _without_day(name: str, reason: Reason) -> PatientPeak:
    return PatientPeak(subject_id=name, day=Measure.missing(Unit.DAY, reason))


def _patient(name: str, days: Numbers) -> PatientPeak:
    whole, counts = np.unique(np.round(days), return_counts=True)
    shares = {
        float(day): float(count) / days.size
        for day, count in zip(whole, counts, strict=True)
        if count >= 0.001 * days.size
    }
    return PatientPeak(subject_id=name, day=_measure(days, Unit.DAY), probabilities=shares)


def _measure(draws: Numbers, unit: Unit) -> Measure:
    low, middle, high = np.quantile(draws, [0.025, 0.5, 0.975])
    return Measure(unit=unit, value=float(middle), low=float(low), high=float(high))


def _fitted(data: PopulationData, effort: Effort, before: _Fit | None = None) -> _Fit:
    """Return the draws of the posterior and how well the chains agree."""
    draws = sampled(data, effort, seed=seed_of(data), after=before.draws if before else None)
    from numpyro.diagnostics import effective_sample_size, split_gelman_rubin

    cohort = cohort_of(np.moveaxis(draws.cohort, 2, 0), data.typical_height)
    turn = turn_of(cohort.log_sharpness, cohort.power)[0]
    with np.errstate(all="ignore"):  # of a chain that never moved both are no number
        r_hats = np.asarray(split_gelman_rubin(draws.own_log_day))
        effective = np.asarray(effective_sample_size(draws.own_log_day))
        shared = [float(split_gelman_rubin(one)) for one in (cohort.typical[0], turn)]
    worst = math.nan if any(map(math.isnan, shared)) else max(shared)
    return _Fit(draws, cohort, r_hats=r_hats, effective=effective, cohort_r_hat=worst)


def seed_of(data: PopulationData) -> int:
    """Return a seed that depends on the data alone; names of patients do not enter."""
    told = hashlib.sha256()
    for table in (data.days, data.logs, data.deviations, data.kinds):
        told.update(np.ascontiguousarray(table, dtype=np.float64).tobytes())
    return int.from_bytes(told.digest()[:4], "big")
