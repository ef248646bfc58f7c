"""When a fit is believed, and what it makes of a small cohort."""

import math
import sys
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from carflow.errors import AnalysisError
from carflow.kinetics import population_fit
from carflow.kinetics.population_fit import (
    PopulationPeaks,
    population_of,
    population_peak,
    require_bayes,
    seed_of,
)
from carflow.kinetics.population_map import cohort_of
from carflow.kinetics.population_model import PRIORS, PopulationData, population_data
from carflow.kinetics.population_sampler import Draws
from carflow.kinetics.series import Series, read_series
from carflow.reasons import Reason

needs_bayes = pytest.mark.skipif(
    find_spec("numpyro") is None, reason="the extra bayes (NumPyro) is not installed"
)
DAYS = (1.0, 4.0, 7.0, 12.0, 14.0, 21.0, 28.0)
LLOQ, CV = 24.0, 0.2


def cohort(n: int, seed: int = 3) -> tuple[dict[str, Series], np.ndarray]:
    """Sharp growth and decline, with the true days of the peaks."""
    random = np.random.default_rng(seed)
    true_days = 9.3 * np.exp(0.3 * random.standard_normal(n))
    patients = {}
    for number, top in enumerate(true_days):
        since = np.array(DAYS) - top
        log = 10 + 0.8 * random.standard_normal() + np.where(since < 0, 0.9 * since, -0.2 * since)
        values = np.exp(log + CV * random.standard_normal(len(DAYS)))
        below = values < LLOQ
        patients[f"P{number:02d}"] = read_series(
            list(DAYS),
            list(np.where(below, 0.0, values)),
            states=["ND" if one else "QUANT" for one in below],
            lows=list(np.where(below, 0.0, values * math.exp(-1.96 * CV))),
            highs=list(np.where(below, LLOQ, values * math.exp(1.96 * CV))),
        )
    return patients, true_days


@pytest.fixture(scope="module")
def fitted() -> tuple[PopulationPeaks, np.ndarray]:
    patients, true_days = cohort(12)
    return population_of(patients, quantity="q"), true_days


@needs_bayes
@pytest.mark.slow
def test_peak_days_are_found_more_closely_than_by_the_highest_sample(
    fitted: tuple[PopulationPeaks, np.ndarray],
) -> None:
    found, true_days = fitted
    medians = np.array([one.day.value for one in found.patients], dtype=float)
    highest = []
    for series in cohort(12)[0].values():
        top = max(series.samples, key=lambda sample: sample.value)
        highest.append(top.day)

    assert not found.reason
    assert np.abs(medians - true_days).mean() < 0.5 * np.abs(highest - true_days).mean()
    assert found.quantity == "q"
    assert found.r_hat is not None
    assert found.r_hat <= 1.05
    assert found.divergences <= 60  # of 8,000 draws, which this cohort needs; 80 would be refused
    assert [one.n_quantified >= 2 for one in found.patients] == [True] * 12


@needs_bayes
@pytest.mark.slow
def test_the_probabilities_of_days_sum_to_one_and_agree_with_the_interval(
    fitted: tuple[PopulationPeaks, np.ndarray],
) -> None:
    for one in fitted[0].patients:
        assert one.day.low is not None
        assert one.day.high is not None
        assert sum(one.probabilities.values()) == pytest.approx(1.0, abs=0.02)
        inside = sum(
            share
            for day, share in one.probabilities.items()
            if one.day.low - 0.5 <= day <= one.day.high + 0.5
        )
        assert inside >= 0.94


def fit_of(
    patients: int, *, r_hats: float = 1.0, effective: float = 900.0, divergences: int = 0,
    cohort_r_hat: float = 1.0, misfit: float = 0.05, misfit_below: float = 0.01,
) -> population_fit._Fit:  # fmt: skip
    """Return a fit of 1,000 draws with such diagnostics."""
    at = {"log_misfit": math.log(misfit), "log_misfit_below": math.log(misfit_below)}
    deviates = [(at.get(name, one.centre) - one.centre) / one.scale for name, one in PRIORS.items()]
    cohort = np.tile(deviates, (2, 500, 1))
    draws = Draws(np.full((2, 500, patients), 2.0), cohort, divergences)
    return population_fit._Fit(
        draws, cohort_of(np.moveaxis(cohort, 2, 0), 10.0), np.full(patients, r_hats),
        np.full(patients, effective), cohort_r_hat,
    )  # fmt: skip


def told(monkeypatch: pytest.MonkeyPatch, *fits: population_fit._Fit) -> list[object]:
    """Let these be the fits; return a list that will hold the efforts asked for."""
    efforts: list[object] = []
    left = list(fits)

    def fitted(_: object, effort: object, *_before: object) -> population_fit._Fit:
        efforts.append(effort)
        return left.pop(0)

    monkeypatch.setattr(population_fit, "require_bayes", lambda: None)
    monkeypatch.setattr(population_fit, "_fitted", fitted)
    return efforts


@pytest.mark.parametrize(
    "unsettled",
    [
        {"cohort_r_hat": math.nan},
        {"cohort_r_hat": 1.051},
        {"r_hats": 1.051},
        {"r_hats": math.nan},
        {"effective": 99.9},
        {"divergences": 11},
    ],
)
def test_a_fit_that_does_not_settle_is_repeated_and_then_refused(
    monkeypatch: pytest.MonkeyPatch, unsettled: dict[str, Any]
) -> None:
    efforts = told(monkeypatch, *[fit_of(6, **unsettled)] * 4)
    found = population_of(cohort(6)[0])

    assert efforts == list(population_fit._EFFORTS)
    assert found.reason is Reason.NOT_CONVERGED
    assert found.typical_day.reason.meaning == "the fit did not settle, so its answer is not shown"
    assert {one.day.value for one in found.patients} == {None}
    assert min(one.n_quantified for one in found.patients) >= 2  # they gave values all the same


def test_a_fit_at_the_stated_limits_is_shown_without_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = fit_of(6, r_hats=1.05, effective=100.0, divergences=10, cohort_r_hat=1.05)
    efforts = told(monkeypatch, limits)
    found = population_of(cohort(6)[0])

    assert efforts == [population_fit._EFFORTS[0]]
    assert found.reason is Reason.NONE
    assert (found.r_hat, found.least_draws, found.divergences) == (1.05, 100.0, 10)


def test_a_posterior_is_a_quarter_wider_than_its_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    fit = fit_of(6)
    fit.draws.own_log_day[:] = np.linspace(1.5, 2.5, 1000).reshape(2, 500, 1)
    told(monkeypatch, fit)
    day = population_of(cohort(6)[0]).patients[0].day

    assert day.value == pytest.approx(math.exp(2.0))
    assert day.low == pytest.approx(math.exp(2.0 - 1.25 * 0.475), rel=1e-6)
    assert day.high == pytest.approx(math.exp(2.0 + 1.25 * 0.475), rel=1e-6)


def test_one_patient_whose_chains_disagree_is_withheld_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patients = cohort(10)[0]
    fit = fit_of(10)
    fit.effective[3] = 40.0
    efforts = told(monkeypatch, fit, fit, fit)
    found = population_of(patients)

    assert efforts == list(population_fit._EFFORTS[:3])  # it was tried, but not at any price
    assert [one.day.reason for one in found.patients if one.day.value is None] == [
        Reason.NOT_CONVERGED
    ]
    assert found.patients[3].day.value is None
    assert found.least_draws == 900.0  # of the days that are shown


@pytest.mark.parametrize(
    ("misfit", "misfit_below", "known"),
    [(0.31, 0.01, True), (0.51, 0.01, False), (0.1, 0.09, True)],
)
def test_curves_that_cannot_follow_the_values_are_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, misfit: float, misfit_below: float, known: bool
) -> None:
    patients, _ = cohort(6)
    if not known:
        bare = [replace(one, low=None, high=None) for one in patients["P00"].samples]
        patients = dict.fromkeys("ABCDEF", Series(samples=tuple(bare)))
    far = fit_of(6, misfit=misfit, misfit_below=misfit_below, r_hats=2.0)
    efforts = told(monkeypatch, far)

    assert population_of(patients).reason is Reason.MODEL_MISFIT
    assert len(efforts) == 1

    nearer = fit_of(6, misfit=misfit - 0.02, misfit_below=min(misfit_below, 0.07))
    told(monkeypatch, nearer)
    assert population_of(patients).reason is Reason.NONE


def test_the_seed_comes_from_the_data_and_not_from_names_or_order() -> None:
    patients, _ = cohort(6)
    first = population_data(patients)
    turned = population_data(dict(reversed(patients.items())))
    renamed = population_data({f"Q{name}": series for name, series in patients.items()})
    other = population_data(cohort(6, seed=4)[0])

    assert all(isinstance(one, PopulationData) for one in (first, turned, renamed, other))
    seeds = [seed_of(one) for one in (first, turned, renamed, other)]  # type: ignore[arg-type]  # checked the line above
    assert seeds[0] == seeds[1] == seeds[2] != seeds[3]


def test_too_few_patients_are_told_without_any_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(population_fit, "find_spec", lambda _: None)
    found = population_peak(["A", "A"], [7, 12], [4.0, 9.0])

    assert found.reason is Reason.FEW_FOR_POPULATION


def test_without_the_extra_a_sentence_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(population_fit, "find_spec", lambda _: None)
    with pytest.raises(AnalysisError) as caught:
        require_bayes()

    assert str(caught.value) == (
        "the population model needs NumPyro, which is not installed (install the extra: pip"
        ' install "carflow[bayes]")'
    )


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="3 subjects, but 2 days"):
        population_peak(["A", "A", "B"], [7, 12], [4.0, 9.0, 1.0])
    with pytest.raises(ValueError, match="A: day 7 comes twice"):
        population_peak(["A", "A", "B"], [7, 7, 9], [4.0, 9.0, 1.0])


def test_carflow_does_not_load_jax_before_a_fit() -> None:
    import subprocess

    program = (
        "import sys, carflow as cf\n"
        "cf.population_peak(['A', 'A'], [7, 12], [4.0, 9.0])\n"
        "print(sorted({'jax', 'numpyro', 'arviz'} & set(sys.modules)))\n"
    )
    ran = subprocess.run(  # noqa: S603  # our own program, in our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout.strip() == "[]"
