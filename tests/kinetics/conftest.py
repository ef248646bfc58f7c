"""Patients whose values lie exactly on curves of the population model."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from carflow.kinetics.population_model import PopulationData, expected

ExactPatients = Callable[..., tuple[PopulationData, np.ndarray]]


@pytest.fixture
def exact_patients() -> ExactPatients:
    """Return a function that gives data and the patients' own values, (5, patients)."""

    def exact(
        patients: int, *, sharpness: float, seed: int = 5
    ) -> tuple[PopulationData, np.ndarray]:
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

    return exact
