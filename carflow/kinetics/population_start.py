"""Where the chains of the population model begin: cohorts found before any sampling.

For each of a few turns, sharp to slow, the patients' most probable values and a cohort that suits
them are improved in turns (steps and map are those of `population_map`; the cohort's centres and
spreads follow those of its patients). Numbers only; nothing is drawn here.
"""

from __future__ import annotations

import math
from itertools import product
from typing import NamedTuple

import numpy as np

from carflow.kinetics.population_map import (
    Among,
    Cohort,
    costs,
    distances_from,
    first_values,
    stepped,
)
from carflow.kinetics.population_model import (
    COHORT,
    PERSISTING_SPREAD,
    PERSONAL,
    PRIORS,
    Numbers,
    PopulationData,
    sharpness_of,
    slowing_of,
)

_SHARPNESSES, _POWERS = (0.1, 0.5, 2.0, 12.0), (1.0, 0.0, -2.0)
_COHORTS, _STEPS_PER_COHORT = 4, 4
_FIRST_SPREADS = np.array([0.3, 0.4, 0.5, 1.0, PERSISTING_SPREAD])
_PERSONS_IN_GUESS = 4  # what the first guess of spreads counts for, in patients
_LEAST_SPREAD, _MOST_SPREAD = 0.08, 2.0


class _Guess(NamedTuple):
    """A cohort that suits its patients' most probable values, under one turn."""

    typical: Numbers
    spreads: Numbers
    cost: float
    log_freely: float
    power: float


@np.errstate(all="ignore")  # as for the map
def starts_of(data: PopulationData) -> Numbers:
    """Return where each of two chains begins, (2, 14), the more probable one first.

    One begins at the most probable sharp turn and one at the most probable rounded turn: where the
    samples cannot tell the two, R-hat shall show it.

    Parameters
    ----------
    data : PopulationData
        What the model is fitted to.

    Returns
    -------
    array, (2, 14)
        The deviates of the cohort, as for `cohort_of`.
    """
    guesses = [_guess(data, math.log(k), p) for k, p in product(_SHARPNESSES, _POWERS)]
    kinds = [
        [one for one in guesses if (one.log_freely > 0.0) is is_sharp] for is_sharp in (True, False)
    ]
    best = sorted((min(kind, key=_cost) for kind in kinds), key=_cost)
    return np.array([_deviates(one, data.typical_height) for one in best])


def _cost(guess: _Guess) -> float:
    return guess.cost


def _deviates(guess: _Guess, typical_height: float) -> Numbers:
    """Return a guess of the cohort as standard normal deviates, in the order of `COHORT`."""
    at = {
        **dict(zip(PERSONAL, guess.typical, strict=True)),
        **{
            f"log_{name.removeprefix('log_')}_spread": math.log(spread)
            for name, spread in zip(PERSONAL[:4], guess.spreads[:4], strict=True)
        },
        "log_sharpness": guess.log_freely,
        "log_slowing": slowing_of(guess.power),
    }
    at["height"] -= typical_height
    return np.array(
        [
            (at.get(name, PRIORS[name].centre) - PRIORS[name].centre) / PRIORS[name].scale
            for name in COHORT
        ]
    )


def _guess(data: PopulationData, log_freely: float, power: float) -> _Guess:
    """Return a cohort that suits its patients' most probable values, for one turn."""
    typical = np.array([PRIORS[name].centre for name in PERSONAL])
    typical[3] += data.typical_height
    turn = Cohort(
        typical=typical,
        log_spreads=np.log(_FIRST_SPREADS),
        growth_with_day=0.0,
        log_sharpness=float(sharpness_of(np.array(log_freely))),
        power=power,
        misfit=math.exp(PRIORS["log_misfit"].centre),
        misfit_below=math.exp(PRIORS["log_misfit_below"].centre),
    )

    def distances(values: Numbers) -> Numbers:
        return distances_from(data, values, turn)

    own, spreads = first_values(data), _FIRST_SPREADS
    damping = np.ones(len(own))
    precision = np.empty((len(own), 5, 5))
    for _ in range(_COHORTS):
        among = Among(typical, np.diag(spreads**-2.0))
        for _ in range(_STEPS_PER_COHORT):
            own, damping, precision = stepped(distances, own, damping, among)
        covariance: Numbers = np.linalg.inv(precision).astype(np.float64, copy=False)
        typical, spreads = _cohort_around(own, covariance, typical, spreads)
    cost = costs(distances, own, Among(typical, np.diag(spreads**-2.0))).sum()
    cost += np.linalg.slogdet(precision)[1].sum() + 2 * len(own) * np.log(spreads).sum()
    for name, value in (("log_sharpness", log_freely), ("log_slowing", slowing_of(power))):
        cost += ((value - PRIORS[name].centre) / PRIORS[name].scale) ** 2
    return _Guess(typical, spreads, float(cost), log_freely, power)


def _cohort_around(
    own: Numbers, covariance: Numbers, typical: Numbers, spreads: Numbers
) -> tuple[Numbers, Numbers]:
    """Return the centre and spreads of the patients' values, drawn a little to the old ones."""
    patients, mean = len(own), own.mean(axis=0)
    squares = ((own - mean) ** 2 + np.einsum("nii->ni", covariance)).sum(axis=0)
    kept = _PERSONS_IN_GUESS * spreads**2
    unbound = np.sqrt((squares + kept) / (patients + _PERSONS_IN_GUESS))
    wider: Numbers = np.minimum(np.maximum(unbound, _LEAST_SPREAD), _MOST_SPREAD)
    wider[4] = PERSISTING_SPREAD
    return (patients * mean + 2 * typical) / (patients + 2), wider
