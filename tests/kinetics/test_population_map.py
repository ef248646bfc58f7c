"""The map of the population model's chains, against slow derivatives of the same probability."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from carflow.kinetics.population_map import (
    Cohort,
    cohort_of,
    directions_around,
    distances_from,
    own_values,
)
from carflow.kinetics.population_model import BELOW, COHORT, PERSONAL, PRIORS, PopulationData

ExactPatients = Callable[..., tuple[PopulationData, np.ndarray]]
AT = {"log_sharpness": math.log(2.0), "growth_with_day": -0.8, "log_day_spread": math.log(0.2)}


def deviates_of(**values: float) -> np.ndarray:
    """Return the deviates of a cohort with these parameters, the rest at the prior's centre."""
    found = [(values.get(one, PRIORS[one].centre) - PRIORS[one].centre) for one in COHORT]
    return np.array(found) / [PRIORS[one].scale for one in COHORT]


def slow_cost(data: PopulationData, own: np.ndarray, cohort: Cohort) -> np.ndarray:
    """-2 ln of each patient's probability, the prior in plain sums."""
    day, growth, *rest = own
    away = [
        day - cohort.typical[0],
        growth - cohort.typical[1] - cohort.growth_with_day * (day - cohort.typical[0]),
        *(one - typical for one, typical in zip(rest, cohort.typical[2:], strict=True)),
    ]
    found: np.ndarray = (distances_from(data, own.T, cohort) ** 2).sum(axis=1)
    for one, log_spread in zip(away, cohort.log_spreads, strict=True):
        found += (one / math.exp(log_spread)) ** 2
    return found


def test_the_centre_of_the_map_is_the_most_probable_point(exact_patients: ExactPatients) -> None:
    data, _ = exact_patients(8, sharpness=2.0)
    data = replace(data, logs=data.logs + np.random.default_rng(4).normal(0, 0.2, data.logs.shape))
    deviates = deviates_of(**AT)
    cohort = cohort_of(deviates, data.typical_height)
    directions = directions_around(data, deviates)
    least = slow_cost(data, directions.centre, cohort)
    random = np.random.default_rng(7)
    for _ in range(50):
        aside = 0.3 * (directions.root * random.standard_normal((5, 8))[None]).sum(1)
        assert (slow_cost(data, directions.centre + aside, cohort) >= least - 1e-6).all()


def test_one_deviate_costs_one_unit_in_any_direction(exact_patients: ExactPatients) -> None:
    data, _ = exact_patients(8, sharpness=2.0)  # exact values: the curvature is that of the slopes
    deviates = deviates_of(**AT, log_day=math.log(9.0))
    cohort = cohort_of(deviates, data.typical_height)
    directions = directions_around(data, deviates)
    least, step = slow_cost(data, directions.centre, cohort), 0.05
    random = np.random.default_rng(2)
    for _ in range(20):
        way = random.standard_normal(5)
        way /= np.linalg.norm(way)
        aside = step * (directions.root * way[None, :, None]).sum(1)
        both = sum(slow_cost(data, directions.centre + sign * aside, cohort) for sign in (1, -1))
        assert (both - 2 * least) / (2 * step**2) == pytest.approx(np.ones(8), rel=0.25)


def test_without_deviates_the_map_gives_its_centre(exact_patients: ExactPatients) -> None:
    data, _ = exact_patients(8, sharpness=2.0)
    deviates = deviates_of(**AT)
    cohort = cohort_of(deviates, data.typical_height)
    directions = directions_around(data, deviates)
    own, widening = own_values(np.zeros((5, 8)), cohort, directions)

    assert own == pytest.approx(directions.centre, abs=1e-9)
    assert widening == pytest.approx(np.zeros((5, 8)), abs=1e-9)


def test_a_patient_without_samples_before_the_peak_follows_the_cohort_in_growth(
    exact_patients: ExactPatients,
) -> None:
    data, _ = exact_patients(8, sharpness=2.0)
    kinds = data.kinds.copy()
    kinds[0, :4] = 0
    few = replace(data, kinds=kinds)
    deviates = deviates_of(log_day=math.log(9.0), log_sharpness=math.log(2.0))
    cohort = cohort_of(deviates, few.typical_height)
    directions = directions_around(few, deviates)
    faster = cohort._replace(typical=cohort.typical + np.array([0, 0.5, 0, 0, 0]))
    moved = own_values(np.zeros((5, 8)), faster, directions)[0] - directions.centre

    assert directions.share[1, 0] > 0.9
    assert moved[1, 0] == pytest.approx(0.5, rel=0.1)
    assert np.abs(moved[1, 1:]).max() < 0.2


def test_a_map_is_drawn_for_a_patient_with_two_values_among_limits(
    exact_patients: ExactPatients,
) -> None:
    data, _ = exact_patients(8, sharpness=2.0)
    kinds = data.kinds.copy()
    kinds[0, [0, 1, 2, 5, 6, 7, 8, 9]] = BELOW
    deviates = deviates_of(**AT)
    directions = directions_around(replace(data, kinds=kinds), deviates)

    assert all(np.isfinite(one).all() for one in directions)


def test_a_map_can_be_drawn_around_any_cohort(exact_patients: ExactPatients) -> None:
    data, _ = exact_patients(8, sharpness=2.0)
    random = np.random.default_rng(3)
    wild = replace(data, logs=data.logs + random.normal(0.0, 30.0, data.logs.shape))
    for _ in range(60):  # of cohorts far beyond the priors: curves overflow there
        directions = directions_around(wild, random.normal(0.0, 3.0, len(COHORT)))
        assert all(np.isfinite(one).all() for one in directions)


def test_the_cohort_has_a_prior_for_everything_it_is_made_of() -> None:
    assert tuple(PRIORS)[:5] == PERSONAL
    assert len(PRIORS) == 14
