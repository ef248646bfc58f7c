import math
from collections.abc import Callable

import numpy as np
import pytest

from carflow.kinetics.population_map import cohort_of, directions_around
from carflow.kinetics.population_model import PopulationData
from carflow.kinetics.population_start import starts_of

ExactPatients = Callable[..., tuple[PopulationData, np.ndarray]]


@pytest.mark.parametrize("sharpness", [0.5, 2.0, 12.0])
def test_exact_curves_are_found_again_before_any_sampling(
    exact_patients: ExactPatients, sharpness: float
) -> None:
    data, own = exact_patients(12, sharpness=sharpness)
    start = starts_of(data)[0]
    cohort, directions = cohort_of(start, data.typical_height), directions_around(data, start)

    assert math.exp(cohort.log_sharpness) == pytest.approx(sharpness, rel=0.1)
    assert cohort.power == pytest.approx(1.0)
    assert np.abs(directions.centre[0] - own[0]).max() < 0.08
    assert np.abs(directions.centre[3] - own[3]).max() < 0.1


@pytest.mark.parametrize("sharpness", [0.2, 20.0])
def test_one_chain_begins_with_a_sharp_turn_and_one_with_a_rounded(
    exact_patients: ExactPatients, sharpness: float
) -> None:
    data, _ = exact_patients(8, sharpness=sharpness)
    first, second = (cohort_of(one, data.typical_height).log_sharpness for one in starts_of(data))

    assert bool(first > 0) is (sharpness > 1)  # the better one stands first
    assert bool(second > 0) is not bool(first > 0)
