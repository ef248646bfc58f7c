import math

import numpy as np
import pytest

from carflow.kinetics.population_model import PERSONAL, PRIORS, PopulationData, expected
from carflow.kinetics.population_start import cohort_of, own_values, start_of


def exact(patients: int, *, sharpness: float, seed: int = 5) -> tuple[PopulationData, np.ndarray]:
    """Return values that lie on curves of the model, with the patients' own values."""
    random = np.random.default_rng(seed)
    typical = np.array([math.log(9.0), math.log(0.8), math.log(0.2), 10.0, -5.0])
    spreads = np.array([0.25, 0.2, 0.2, 0.8, 0.2])
    own = typical[:, None] + spreads[:, None] * random.standard_normal((5, patients))
    days = np.tile([1.0, 3, 5, 7, 9, 11, 14, 17, 21, 28], (patients, 1))
    data = PopulationData(
        names=tuple(f"P{one:02d}" for one in range(patients)), days=days,
        logs=expected(days, own, math.log(sharpness)), deviations=np.full(days.shape, 0.1),
        kinds=np.ones(days.shape, dtype=np.int64), left_out={},
    )  # fmt: skip
    return data, own


@pytest.mark.parametrize("sharpness", [0.5, 2.0, 12.0])
def test_exact_curves_are_found_again_before_any_sampling(sharpness: float) -> None:
    data, own = exact(12, sharpness=sharpness)
    (start, directions), _ = start_of(data)
    cohort = cohort_of(start, data.typical_height)

    assert math.exp(cohort.log_sharpness) == pytest.approx(sharpness, rel=0.1)
    assert cohort.power == pytest.approx(1.0)
    assert np.abs(directions.centre[0] - own[0]).max() < 0.08
    assert np.abs(directions.centre[3] - own[3]).max() < 0.1


@pytest.mark.parametrize("sharpness", [0.2, 20.0])
def test_one_chain_begins_with_a_sharp_turn_and_one_with_a_rounded(sharpness: float) -> None:
    data, _ = exact(8, sharpness=sharpness)
    first, second = (cohort_of(one, data.typical_height).log_sharpness for one, _ in start_of(data))

    assert bool(first > 0) is (sharpness > 1)  # the better one stands first
    assert bool(second > 0) is not bool(first > 0)


def test_without_deviates_the_map_gives_its_centre() -> None:
    data, _ = exact(8, sharpness=2.0)
    (start, directions), _ = start_of(data)
    cohort = cohort_of(start, data.typical_height)
    own, widening = own_values(np.zeros((5, 8)), cohort, directions)

    assert own == pytest.approx(directions.centre, abs=1e-6)
    assert widening == pytest.approx(np.zeros((5, 8)), abs=1e-9)


def test_a_patient_without_samples_before_the_peak_follows_the_cohort_in_growth() -> None:
    data, _ = exact(8, sharpness=2.0)
    kinds = data.kinds.copy()
    kinds[0, :4] = 0
    few = PopulationData(
        names=data.names, days=data.days, logs=data.logs, deviations=data.deviations, kinds=kinds,
        left_out={},
    )  # fmt: skip
    (start, directions), _ = start_of(few)
    cohort = cohort_of(start, few.typical_height)
    faster = cohort._replace(typical=cohort.typical + np.array([0, 0.5, 0, 0, 0]))
    moved = own_values(np.zeros((5, 8)), faster, directions)[0] - directions.centre

    assert directions.share[1, 0] > 0.9
    assert moved[1, 0] == pytest.approx(0.5, rel=0.1)
    assert np.abs(moved[1, 1:]).max() < 0.2


def test_the_cohort_has_a_prior_for_everything_it_is_made_of() -> None:
    assert tuple(PRIORS)[:5] == PERSONAL
    assert len(PRIORS) == 14
