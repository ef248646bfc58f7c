"""The density that is sampled against a twin in plain loops, and what fills up a small cohort."""

import math
from importlib.util import find_spec

import numpy as np
import pytest

from carflow.kinetics.population_map import cohort_of, directions_around, own_values
from carflow.kinetics.population_model import (
    BELOW,
    MEASURED,
    PERSONAL,
    PRIORS,
    PopulationData,
    population_data,
)
from carflow.kinetics.population_sampler import Effort, log_density, sampled, told_of
from carflow.kinetics.population_start import starts_of
from carflow.kinetics.series import read_series

needs_bayes = pytest.mark.skipif(
    find_spec("numpyro") is None, reason="the extra bayes (NumPyro) is not installed"
)


def data_of(patients: int, seed: int = 3) -> PopulationData:
    random = np.random.default_rng(seed)
    days = [1.0, 4.0, 7.0, 12.0, 14.0, 21.0, 28.0]
    series = {}
    for number in range(patients):
        since = np.array(days) - 9.3 * math.exp(0.3 * random.standard_normal())
        curve = 9 + 0.5 * random.standard_normal() + np.where(since < 0, 0.9 * since, -0.2 * since)
        values = np.exp(curve + 0.2 * random.standard_normal(7))
        low, high = values * math.exp(-0.4), values * math.exp(0.4)
        series[f"P{number}"] = read_series(
            days, list(values), lloq=24.0, lows=list(low), highs=list(high)
        )
    found = population_data(series)
    assert isinstance(found, PopulationData)
    return found


def normal(x: float, centre: float, scale: float) -> float:
    return -0.5 * ((x - centre) / scale) ** 2 - math.log(scale) - 0.5 * math.log(2 * math.pi)


def slow_curve(day: float, own: np.ndarray, sharpness: float, power: float) -> float:
    top, growth, decline = (math.exp(one) for one in own[:3])
    since, grown = day - top, growth * top * ((day / top) ** power - 1) / power
    persisting = 1 / (1 + math.exp(-own[4]))
    turn = decline / (growth + decline) * math.exp(-sharpness * grown)
    turn += growth / (growth + decline) * math.exp(sharpness * decline * since)
    kept = persisting * math.exp(min(0.0, grown))
    return float(own[3] + math.log((1 - persisting) * turn ** (-1 / sharpness) + kept))


def slow_density(data: PopulationData, deviates: np.ndarray, own: np.ndarray) -> float:
    """The joint log density of the cohort's deviates and the patients' own values."""
    whole = {
        name: one.centre + one.scale * float(deviate)
        for deviate, (name, one) in zip(deviates, PRIORS.items(), strict=True)
    }
    total = sum(normal(float(one), 0.0, 1.0) for one in deviates)
    whole["height"] += data.typical_height
    sharpness = 0.03 + 1 / (math.exp(-whole["log_sharpness"]) + 1 / 150)
    power = 1.1 - math.exp(whole["log_slowing"])
    for patient, values in enumerate(own.T):
        for name, value in zip(PERSONAL, values, strict=True):
            centre = whole[name]
            if name == "log_growth":
                centre += whole["growth_with_day"] * (values[0] - whole["log_day"])
            of = name.removeprefix("log_")
            log_spread = math.log(0.9) if of.startswith("logit") else whole[f"log_{of}_spread"]
            total += normal(float(value), centre, math.exp(log_spread))
        for visit, kind in enumerate(data.kinds[patient]):
            at = slow_curve(float(data.days[patient][visit]), values, sharpness, power)
            spread = math.sqrt(
                data.deviations[patient][visit] ** 2
                + math.exp(whole["log_misfit"]) ** 2
                + (math.exp(whole["log_misfit_below"]) * (values[3] - at)) ** 2
            )
            far = (data.logs[patient][visit] - at) / spread
            if kind == MEASURED:
                total += normal(far, 0.0, 1.0) - math.log(spread)
            elif kind == BELOW:
                total += math.log(0.5 * math.erfc(-far / math.sqrt(2)))
    return total


@needs_bayes
def test_the_density_is_that_of_the_slow_twin_times_the_volume_of_the_map() -> None:
    data = data_of(6)
    assert (data.kinds == BELOW).any()
    start = starts_of(data)[0]
    directions = directions_around(data, start)
    told = told_of(data, directions)
    random = np.random.default_rng(8)
    differences = []
    for _ in range(6):
        whole = start + random.normal(0.0, 0.3, len(start))
        deviates = random.normal(0.0, 0.4, (5, 6))
        cohort = cohort_of(whole, data.typical_height)
        own, _ = own_values(deviates, cohort, directions)
        volume = 0.0
        for patient in range(6):  # by finite differences
            columns = []
            for row in range(5):
                moved = deviates.copy()
                moved[row, patient] += 1e-4
                further = own_values(moved, cohort, directions)[0]
                columns.append((further - own)[:, patient] / 1e-4)
            volume += float(np.linalg.slogdet(np.array(columns))[1])
        filled = np.zeros((5, len(told.is_patient)))
        filled[:, :6] = deviates
        found = float(log_density(whole, filled.ravel(), told))
        differences.append(found - slow_density(data, whole, own) - volume)

    assert np.ptp(differences) < 0.02  # one constant, in single precision


@needs_bayes
def test_what_fills_up_a_cohort_does_not_touch_its_density() -> None:
    data = data_of(6)
    told = told_of(data, directions_around(data, starts_of(data)[0]))
    random = np.random.default_rng(1)
    whole, deviates = random.normal(0.0, 0.3, 14), random.normal(0.0, 0.4, (5, 8))
    other = deviates.copy()
    other[:, 6:] = 1.5
    by_filling = -0.5 * (other**2).sum() + 0.5 * (deviates**2).sum()

    assert told.logs.shape == (8, 8)
    first, second = (
        float(log_density(whole, one.astype(np.float32).ravel(), told)) for one in (deviates, other)
    )
    assert second - first == pytest.approx(by_filling, abs=0.01)


@pytest.mark.parametrize(("count", "filled"), [(1, 8), (8, 8), (9, 12), (13, 16), (33, 48)])
def test_sizes_are_few(count: int, filled: int) -> None:
    data = data_of(6)
    many = PopulationData(
        names=tuple(f"P{one}" for one in range(count)),
        **{
            name: np.resize(getattr(data, name), (count, 7))
            for name in ("days", "logs", "deviations", "kinds")
        },
        left_out={},
    )

    assert told_of(many, directions_around(many, np.zeros(14))).logs.shape == (filled, 8)


@needs_bayes
@pytest.mark.slow
def test_the_same_data_give_the_same_draws_and_another_attempt_begins_where_one_ended() -> None:
    data = data_of(6)
    effort = Effort(1, 0.9)
    first, again = (sampled(data, effort, seed=5) for _ in range(2))
    after = sampled(data, effort, seed=5, after=first)

    assert np.array_equal(first.own_log_day, again.own_log_day)
    assert not np.array_equal(first.own_log_day, after.own_log_day)
    assert first.own_log_day.shape == (2, 250, 6)
    assert first.cohort.shape == (2, 250, 14)
