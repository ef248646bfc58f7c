"""The fit in NumPyro against a twin in plain numbers, and what it makes of a small cohort."""

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
from carflow.kinetics.population_model import (
    BELOW,
    MEASURED,
    PERSISTING_SD,
    PERSONAL,
    PRIORS,
    PopulationData,
    population_data,
)
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


# --- the twin: loops and `math` -------------------------------------------------------------------


def normal(x: float, centre: float, scale: float) -> float:
    return -0.5 * ((x - centre) / scale) ** 2 - math.log(scale) - 0.5 * math.log(2 * math.pi)


def slow_log_density(data: PopulationData, whole: dict[str, float], z: np.ndarray) -> float:
    """The joint log density of the model in its constrained parameters."""
    total = 0.0
    for name, (centre, scale) in PRIORS.items():
        if centre is None:
            total += normal(whole[name], 0.0, scale) + math.log(2)
        else:
            shift = data.typical_height if name == "height" else 0.0
            total += normal(whole[name], centre + shift, scale)
    total += sum(normal(float(one), 0.0, 1.0) for one in z.ravel())
    for patient in range(len(data.names)):
        own = {
            name: whole[name] + whole.get(f"{name}_sd", PERSISTING_SD) * float(z[place][patient])
            for place, name in enumerate(PERSONAL)
        }
        for visit in range(data.days.shape[1]):
            kind = data.kinds[patient][visit]
            if kind not in {MEASURED, BELOW}:
                continue
            at = slow_curve(float(data.days[patient][visit]), own, math.exp(whole["log_sharpness"]))
            spread = math.hypot(float(data.deviations[patient][visit]), whole["misfit"])
            distance = (float(data.logs[patient][visit]) - at) / spread
            if kind == MEASURED:
                total += normal(distance, 0.0, 1.0) - math.log(spread)
            else:
                total += math.log(0.5 * math.erfc(-distance / math.sqrt(2)))
    return total


def slow_curve(day: float, own: dict[str, float], sharpness: float) -> float:
    since = day - math.exp(own["log_day"])
    growth, decline = math.exp(own["log_growth"]), math.exp(own["log_decline"])
    persisting = 1 / (1 + math.exp(-own["logit_persisting"]))
    turn = decline / (growth + decline) * math.exp(-sharpness * growth * since)
    turn += growth / (growth + decline) * math.exp(sharpness * decline * since)
    kept = persisting * math.exp(min(0.0, growth * since))
    return own["height"] + math.log((1 - persisting) * turn ** (-1 / sharpness) + kept)


@needs_bayes
def test_the_log_density_is_that_of_the_slow_twin() -> None:
    from numpyro.infer.util import log_density

    data = population_data(cohort(6)[0])
    assert isinstance(data, PopulationData)
    assert (data.kinds == BELOW).any()
    random = np.random.default_rng(8)
    for _ in range(5):
        whole = {
            name: abs(random.normal(0.3, 0.1)) + 0.05
            if centre is None
            else random.normal(centre, 0.2)
            for name, (centre, _) in PRIORS.items()
        }
        whole["height"] += data.typical_height
        z = random.normal(0.0, 0.4, (len(PERSONAL), 6))
        arguments: tuple[Any, ...] = (
            data.days, data.logs, data.deviations, data.kinds, data.typical_height,
        )  # fmt: skip
        found, _ = log_density(
            population_fit._model, arguments, {}, {**whole, "deviates": z}
        )  # the model has no other door

        assert float(found) == pytest.approx(slow_log_density(data, whole, z), rel=2e-4)


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
    assert found.divergences <= 12
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


def test_a_fit_that_does_not_settle_is_repeated_and_then_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    efforts = []

    def unsettled(data: PopulationData, effort: object) -> object:
        efforts.append(effort)
        draws = {"own_log_day": np.zeros((2, 5, len(data.names))), "log_day": np.zeros((2, 5))}
        return population_fit._Fit(draws, r_hat=math.nan, least_draws=900.0, divergences=0)

    monkeypatch.setattr(population_fit, "require_bayes", lambda: None)
    monkeypatch.setattr(population_fit, "_fitted", unsettled)
    patients, _ = cohort(6)
    found = population_of(patients)

    assert efforts == list(population_fit._EFFORTS)
    assert found.reason is Reason.NOT_CONVERGED
    assert found.typical_day.reason.meaning == "the fit did not settle, so its answer is not shown"
    assert {one.day.value for one in found.patients} == {None}


@pytest.mark.parametrize(("misfit", "known"), [(0.31, True), (0.51, False)])
def test_curves_that_cannot_follow_the_values_are_refused(
    monkeypatch: pytest.MonkeyPatch, misfit: float, known: bool
) -> None:
    patients, _ = cohort(6)
    if not known:
        bare = [replace(one, low=None, high=None) for one in patients["P00"].samples]
        patients = dict.fromkeys("ABCDEF", Series(samples=tuple(bare)))

    def far(data: PopulationData, _: object) -> object:
        draws = {
            "own_log_day": np.full((2, 500, len(data.names)), 2.0),
            **{name: np.full((2, 500), misfit) for name in PRIORS},
        }
        return population_fit._Fit(draws, r_hat=1.0, least_draws=900.0, divergences=0)

    monkeypatch.setattr(population_fit, "require_bayes", lambda: None)
    monkeypatch.setattr(population_fit, "_fitted", far)
    assert population_of(patients).reason is Reason.MODEL_MISFIT

    monkeypatch.setattr(population_fit, "MOST_MISFIT", misfit)
    monkeypatch.setattr(population_fit, "MOST_MISFIT_WITH_ERROR", misfit)
    assert population_of(patients).reason is Reason.NONE


@pytest.mark.parametrize(
    ("r_hat", "least_draws", "divergences", "is_believed"),
    [
        (1.05, 100.0, 10, True),
        (1.051, 100.0, 10, False),
        (1.05, 99.9, 10, False),
        (1.05, 100.0, 11, False),
    ],
)
def test_a_fit_is_believed_by_stated_limits(
    r_hat: float, least_draws: float, divergences: int, is_believed: bool
) -> None:
    draws = {"log_day": np.zeros((2, 500))}
    fit = population_fit._Fit(draws, r_hat, least_draws, divergences)

    assert fit.is_believed is is_believed


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
