"""The posterior of every patient's peak day under the population model, sampled by NUTS.

Needs the extra ``bayes`` (NumPyro and JAX), which is loaded by the first fit and by nothing else.
The random numbers are seeded from the data, so the same data give the same answer; patients go in
alphabetical order, so the order of rows does not matter either.

A fit is shown only if its chains agree about all that is shown: R-hat at most 1.05 for every peak
day, the typical one and the sharpness, 100 effective draws for every peak day, at most one
divergence in a hundred draws. One that fails is repeated with three times the draws and smaller
steps, then refused.

Nor is a fit shown whose curves cannot follow the values: where the misfit that all patients share
is above 0.3 in ln C (0.5 where the errors of the values are unknown and part of it). Curves whose
growth slows long before the peak are told apart by it: in simulations theirs was 0.6, and below 0.1
for sharp and rounded turns.

Why two chains, one after the other: on a laptop's processor JAX runs several chains at a time more
slowly than in turn, and two chains cut in halves are four sequences for R-hat to compare.

References
----------
Hoffman MD, Gelman A. The No-U-Turn sampler. J Mach Learn Res 2014;15:1593-1623. Phan D et al.
NumPyro. arXiv:1912.11554.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from carflow.errors import AnalysisError
from carflow.kinetics.population_model import (
    BELOW,
    MEASURED,
    PERSISTING_SD,
    PERSONAL,
    PRIORS,
    Numbers,
    PopulationData,
    expected,
    population_data,
)
from carflow.kinetics.spreads import series_by_key
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.columns import PerSample
    from carflow.kinetics.series import Series

MOST_R_HAT, LEAST_DRAWS, MOST_DIVERGENT = 1.05, 100.0, 0.01
MOST_MISFIT, MOST_MISFIT_WITH_ERROR = 0.3, 0.5
_CHAINS = 2
_SHOWN = ("own_log_day", "log_day", "log_sharpness")


class _Effort(NamedTuple):
    warmup: int
    draws: int
    acceptance: float


_EFFORTS = (_Effort(500, 500, 0.9), _Effort(1000, 1500, 0.95))


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientPeak:
    """The posterior of one patient's peak day.

    Parameters
    ----------
    subject_id : str
        Who.
    day : Measure
        The median with the 2.5th and 97.5th percentile [d], or why there is none.
    probabilities : mapping of float to float
        The probability of each whole day (from half a day before to half a day after it).
    n_quantified : int
        How many quantified values the patient gave.
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
    """The draws of a fit, (chains, draws, …) each, and what tells whether to believe them."""

    draws: Mapping[str, Numbers]
    r_hat: float
    least_draws: float
    divergences: int

    @property
    def is_believed(self) -> bool:
        count = self.draws["log_day"].size
        return (
            self.r_hat <= MOST_R_HAT
            and self.least_draws >= LEAST_DRAWS
            and self.divergences <= MOST_DIVERGENT * count
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
    if isinstance(data, Reason):
        return replace(_refused(patients, data), quantity=quantity)
    require_bayes()
    fit = _fitted(data, _EFFORTS[0])
    if not fit.is_believed:
        fit = _fitted(data, _EFFORTS[1])
    found = _posterior(patients, data, fit)
    return replace(
        found,
        quantity=quantity,
        r_hat=fit.r_hat,
        least_draws=fit.least_draws,
        divergences=fit.divergences,
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
    if not fit.is_believed:
        return _refused(patients, Reason.NOT_CONVERGED)
    if float(np.median(fit.draws["misfit"])) > most_misfit(data):
        return _refused(patients, Reason.MODEL_MISFIT)
    days = np.exp(fit.draws["own_log_day"]).reshape(-1, len(data.names))
    known = {
        name: _patient(name, days[:, place], int((data.kinds[place] == MEASURED).sum()))
        for place, name in enumerate(data.names)
    }
    absent = {name: _without_day(name, reason) for name, reason in data.left_out.items()}
    return PopulationPeaks(
        patients=tuple((known | absent)[name] for name in sorted(patients)),
        typical_day=_measure(np.exp(fit.draws["log_day"]), Unit.DAY),
        sharpness=_measure(np.exp(fit.draws["log_sharpness"]), Unit.NONE),
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


def _patient(name: str, days: Numbers, n_quantified: int) -> PatientPeak:
    whole, counts = np.unique(np.round(days), return_counts=True)
    shares = {
        float(day): float(count) / days.size
        for day, count in zip(whole, counts, strict=True)
        if count >= 0.001 * days.size
    }
    return PatientPeak(
        subject_id=name,
        day=_measure(days, Unit.DAY),
        probabilities=shares,
        n_quantified=n_quantified,
    )


def _measure(draws: Numbers, unit: Unit) -> Measure:
    low, middle, high = np.quantile(draws, [0.025, 0.5, 0.975])
    return Measure(unit=unit, value=float(middle), low=float(low), high=float(high))


def _fitted(data: PopulationData, effort: _Effort) -> _Fit:
    """Return the draws of the posterior; JAX and NumPyro are loaded here."""
    import jax
    from numpyro.diagnostics import effective_sample_size, split_gelman_rubin
    from numpyro.infer import MCMC, NUTS, init_to_value

    kernel = NUTS(
        _model,
        target_accept_prob=effort.acceptance,
        init_strategy=init_to_value(values=_start(data)),
        max_tree_depth=8,
    )
    sampler = MCMC(
        kernel,
        num_warmup=effort.warmup,
        num_samples=effort.draws,
        num_chains=_CHAINS,
        chain_method="sequential",
        progress_bar=False,
    )
    sampler.run(
        jax.random.PRNGKey(seed_of(data)),
        data.days, data.logs, data.deviations, data.kinds, data.typical_height,
        extra_fields=("diverging",),
    )  # fmt: skip
    draws = {
        name: np.asarray(values, dtype=np.float64)
        for name, values in sampler.get_samples(group_by_chain=True).items()
        if name != "deviates"
    }
    with np.errstate(all="ignore"):  # of a chain that never moved both are no number
        r_hat = max(float(np.max(split_gelman_rubin(draws[name]))) for name in _SHOWN)
        least_draws = float(np.min(effective_sample_size(draws["own_log_day"])))
    return _Fit(
        draws=draws,
        r_hat=r_hat,
        least_draws=least_draws,
        divergences=int(np.sum(np.asarray(sampler.get_extra_fields()["diverging"]))),
    )


def seed_of(data: PopulationData) -> int:
    """Return a seed that depends on the data alone; names of patients do not enter."""
    told = hashlib.sha256()
    for table in (data.days, data.logs, data.deviations, data.kinds):
        told.update(np.ascontiguousarray(table, dtype=np.float64).tobytes())
    return int.from_bytes(told.digest()[:4], "big")


def _start(data: PopulationData) -> dict[str, Any]:
    """Return where the chains begin: typical patients, all alike."""
    centres = {
        name: prior.centre if prior.centre is not None else prior.scale / 2
        for name, prior in PRIORS.items()
    }
    centres["height"] = data.typical_height
    return {**centres, "deviates": np.zeros((len(PERSONAL), len(data.names)))}


def _model(
    days: Numbers, logs: Numbers, deviations: Numbers, kinds: Numbers, typical_height: float
) -> None:
    """Tell NumPyro the model of `population_model`; its twin in numpy is in the tests."""
    import jax.numpy as jnp
    import numpyro
    from jax.scipy.special import log_ndtr
    from numpyro import distributions as dist

    whole: dict[str, Any] = {}
    for name, (centre, scale) in PRIORS.items():
        if centre is None:
            prior = dist.HalfNormal(scale)
        else:
            prior = dist.Normal(centre + (typical_height if name == "height" else 0.0), scale)
        whole[name] = numpyro.sample(name, prior)
    shape = [len(PERSONAL), len(logs)]
    deviates = numpyro.sample("deviates", dist.Normal(0.0, 1.0).expand(shape).to_event(2))
    own = {
        name: (whole[name] + whole.get(f"{name}_sd", PERSISTING_SD) * deviates[place])[:, None]
        for place, name in enumerate(PERSONAL)
    }
    numpyro.deterministic("own_log_day", own["log_day"][:, 0])
    curve = expected(days, own, whole["log_sharpness"], arrays=jnp)
    spread = jnp.sqrt(jnp.square(jnp.asarray(deviations)) + whole["misfit"] ** 2)
    distance = (logs - curve) / spread
    measured = -0.5 * distance**2 - jnp.log(spread) - 0.5 * math.log(2 * math.pi)
    likelihood = jnp.where(
        kinds == MEASURED, measured, jnp.where(kinds == BELOW, log_ndtr(distance), 0.0)
    )
    numpyro.factor("samples", likelihood.sum())
