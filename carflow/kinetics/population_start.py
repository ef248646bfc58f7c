"""Where the chains of the population model begin, and along which directions they move.

Each patient's own values are found as the most probable ones under a guess of the cohort, which is
improved on the way (Levenberg and Marquardt's steps; the cohort's centres and spreads follow those
of its patients). The curvature there says what the patient's samples know and what only the cohort
does. From it comes a straight-line map: the sampler moves standard normal deviates, and the map
makes of them values that

- have the patient's own spreads and correlations (peak day, height and growth hang together);
- follow the cohort's typical values, turn and spreads as far as the patient's samples leave open.

It changes no probability, since its volume is accounted for; it makes the steps of the sampler
long. Without it a fit takes some ten times as many (measured: `population_fit`). Numbers only: the
same code serves numpy and JAX.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import log_ndtr

from carflow.kinetics.population_model import (
    BELOW,
    COHORT,
    MEASURED,
    PERSISTING_SPREAD,
    PERSONAL,
    PRIORS,
    Numbers,
    PopulationData,
    expected,
    power_of,
    sharpness_of,
    slowing_of,
    variance,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_SHARPNESSES, _POWERS = (0.1, 0.5, 2.0, 12.0), (1.0, 0.0, -2.0)
_COHORTS, _STEPS_PER_COHORT, _MOST_STEP = 4, 4, 1.5
_MORE_DAMPING, _DAMPING = 5.0, (1e-5, 1e4)
_FIRST_SPREADS = np.array([0.3, 0.4, 0.5, 1.0, PERSISTING_SPREAD])
_PERSONS_IN_GUESS = 4  # what the first guess of spreads counts for, in patients
_LEAST_SPREAD, _MOST_SPREAD = 0.08, 2.0
_MISFITS = math.exp(PRIORS["log_misfit"].centre), math.exp(PRIORS["log_misfit_below"].centre)
_DERIVATIVE_STEP = 0.01


class Directions(NamedTuple):
    """The straight-line map from deviates to the patients' own values, patients last.

    Attributes
    ----------
    centre : array, (5, patients)
        The own values at the start.
    root : array, (5, 5, patients)
        Of each patient's covariance there (lower triangle).
    by_typical, by_turn : arrays, (5, 5, patients) and (5, 2, patients)
        How the own values follow the cohort's typical ones, and its `turn_of`.
    share : array, (5, patients)
        The part of the cohort's variance that the patient's samples leave open.
    typical, log_spreads, turn : arrays, (5,), (5,) and (2,)
        The cohort at the start.
    """

    centre: Any
    root: Any
    by_typical: Any
    by_turn: Any
    share: Any
    typical: Any
    log_spreads: Any
    turn: Any


class Cohort(NamedTuple):
    """A cohort's parameters as the patients meet them."""

    typical: Any
    log_spreads: Any
    growth_with_day: Any
    log_sharpness: Any
    power: Any
    misfit: Any
    misfit_below: Any


def cohort_of(deviates: Any, typical_height: Any, *, arrays: Any = np) -> Cohort:
    """Return the cohort's parameters from standard normal deviates, in the order of `COHORT`.

    Examples
    --------
    >>> at_centre = cohort_of(np.zeros(14), 9.0)
    >>> np.exp(at_centre.typical[:3]).round(1).tolist(), float(at_centre.typical[3])
    ([10.0, 0.7, 0.2], 9.0)
    """
    named = {
        name: prior.centre + prior.scale * deviates[place]
        for place, (name, prior) in enumerate(PRIORS.items())
    }
    named["height"] = named["height"] + typical_height
    spreads = [named[f"log_{name.removeprefix('log_')}_spread"] for name in PERSONAL[:4]]
    return Cohort(
        typical=arrays.stack([named[name] for name in PERSONAL]),
        log_spreads=arrays.stack([*spreads, math.log(PERSISTING_SPREAD) + 0.0 * spreads[0]]),
        growth_with_day=named["growth_with_day"],
        log_sharpness=sharpness_of(named["log_sharpness"], arrays=arrays),
        power=power_of(named["log_slowing"], arrays=arrays),
        misfit=arrays.exp(named["log_misfit"]),
        misfit_below=arrays.exp(named["log_misfit_below"]),
    )


def turn_of(log_sharpness: Any, power: Any, *, arrays: Any = np) -> Any:
    """Return 1/(1+k) and p: what curves follow in nearly straight lines, from sharp to blunt.

    Examples
    --------
    >>> turn_of(0.0, 1.0).tolist()
    [0.5, 1.0]
    """
    return arrays.stack([1.0 / (1.0 + arrays.exp(log_sharpness)), power + 0.0 * log_sharpness])


def own_values(
    deviates: Any, cohort: Cohort, directions: Directions, *, arrays: Any = np
) -> tuple[Any, Any]:
    """Return the patients' own values, and the logarithm of the map's volume but for a constant.

    Parameters
    ----------
    deviates : array, (5, patients)
        Near standard normal under the posterior.
    cohort : Cohort
        The cohort they belong to.
    directions : Directions
        The map.
    arrays : module
        numpy, or that of a sampler.
    """
    turn = turn_of(cohort.log_sharpness, cohort.power, arrays=arrays) - directions.turn
    widening = directions.share * (cohort.log_spreads - directions.log_spreads)[:, None]
    own = (
        directions.centre
        + ((cohort.typical - directions.typical)[None, :, None] * directions.by_typical).sum(1)
        + (turn[None, :, None] * directions.by_turn).sum(1)
        + arrays.exp(widening) * (directions.root * deviates[None]).sum(1)
    )
    return own, widening


class _Guess(NamedTuple):
    """The most probable own values, (patients, 5), under one turn, with their cohort."""

    own: Numbers
    typical: Numbers
    spreads: Numbers
    cost: float
    log_freely: float
    power: float

    @property
    def log_sharpness(self) -> float:
        return float(sharpness_of(np.array(self.log_freely)))


def start_of(data: PopulationData) -> tuple[tuple[Numbers, Directions], ...]:
    """Return where each of two chains begins, with its map, the more probable one first.

    One begins at the most probable sharp turn and one at the most probable rounded turn: where the
    samples cannot tell the two, R-hat shall show it.

    Parameters
    ----------
    data : PopulationData
        What the model is fitted to.

    Returns
    -------
    tuple of (array, Directions)
        The deviates of the cohort, (14,), and the map for the patients'.
    """
    guesses = [_guess(data, math.log(k), p) for k, p in product(_SHARPNESSES, _POWERS)]
    kinds = [
        [one for one in guesses if (one.log_freely > 0.0) is is_sharp] for is_sharp in (True, False)
    ]
    best = sorted((min(kind, key=_cost) for kind in kinds), key=_cost)
    return tuple((_deviates(one, data.typical_height), _directions(data, one)) for one in best)


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


def _directions(data: PopulationData, best: _Guess) -> Directions:
    def distances(own: Numbers) -> Numbers:
        return _distances(data, own, best.log_sharpness, best.power)

    slopes = _slopes(distances, best.own)
    known = np.einsum("nvi,nvj->nij", slopes, slopes)
    precision = best.spreads**-2.0
    covariance = _inverse(known + np.diag(precision))
    told = np.einsum("nij,nj->ni", known, best.own) + best.typical * precision
    pulled = np.einsum("nvi,nvs->nis", slopes, _slopes_by_turn(data, best))
    return Directions(
        centre=np.einsum("nij,nj->in", covariance, told),
        root=np.moveaxis(np.linalg.cholesky(covariance), 0, 2),
        by_typical=np.moveaxis(covariance * precision, 0, 2),
        by_turn=np.moveaxis(-covariance @ pulled, 0, 2),
        share=np.einsum("nii->in", covariance) * precision[:, None],
        typical=best.typical,
        log_spreads=np.log(best.spreads),
        turn=turn_of(np.array(best.log_sharpness), np.array(best.power)),
    )


def _slopes_by_turn(data: PopulationData, best: _Guess) -> Numbers:
    """Return how the distances change with the turn, (patients, visits, 2)."""
    bluntness = 1.0 / (1.0 + math.exp(best.log_sharpness))
    step = 0.05 * min(bluntness, 1.0 - bluntness)

    def by_bluntness(one: float) -> Numbers:
        return _distances(data, best.own, math.log(1.0 / one - 1.0), best.power)

    def by_power(one: float) -> Numbers:
        return _distances(data, best.own, best.log_sharpness, one)

    blunter = (by_bluntness(bluntness + step) - by_bluntness(bluntness - step)) / (2 * step)
    steadier = (by_power(best.power + 0.05) - by_power(best.power - 0.05)) / 0.1
    return np.stack([blunter, steadier], axis=2)


def _distances(data: PopulationData, own: Numbers, log_sharpness: float, power: float) -> Numbers:
    """Return numbers whose squares are -2 ln of each value's probability, (patients, visits)."""
    curve = expected(data.days, own.T, log_sharpness, power)
    spread = np.sqrt(variance(data.deviations, own[:, 3:4] - curve, *_MISFITS))
    far = (data.logs - curve) / spread
    below = -np.sqrt(-2.0 * log_ndtr(far))
    return np.where(data.kinds == MEASURED, far, np.where(data.kinds == BELOW, below, 0.0))


def _slopes(distances: Callable[[Numbers], Numbers], own: Numbers) -> Numbers:
    """Return the derivatives of the distances, (patients, visits, 5)."""
    columns = [
        (distances(own + step) - distances(own - step)) / (2 * _DERIVATIVE_STEP)
        for step in _DERIVATIVE_STEP * np.eye(len(PERSONAL))
    ]
    return np.stack(columns, axis=2)


def _guess(data: PopulationData, log_freely: float, power: float) -> _Guess:
    """Return the patients' most probable values and a cohort that suits them, for one turn."""
    log_sharpness = float(sharpness_of(np.array(log_freely)))

    def distances(values: Numbers) -> Numbers:
        return _distances(data, values, log_sharpness, power)

    own, typical = _first_values(data)
    spreads, damping = _FIRST_SPREADS, np.ones(len(own))
    precision = np.empty((len(own), 5, 5))
    for _ in range(_COHORTS):
        for _ in range(_STEPS_PER_COHORT):
            own, damping, precision = _stepped(distances, own, damping, (typical, spreads))
        typical, spreads = _cohort_around(own, _inverse(precision), typical, spreads)
    cost = _costs(distances, own, (typical, spreads)).sum()
    cost += np.linalg.slogdet(precision)[1].sum() + 2 * len(own) * np.log(spreads).sum()
    for name, value in (("log_sharpness", log_freely), ("log_slowing", slowing_of(power))):
        cost += ((value - PRIORS[name].centre) / PRIORS[name].scale) ** 2
    return _Guess(own, typical, spreads, float(cost), log_freely, power)


def _first_values(data: PopulationData) -> tuple[Numbers, Numbers]:
    """Return typical patients who peak a little before their highest sample."""
    typical = np.array([PRIORS[name].centre for name in PERSONAL])
    typical[3] += data.typical_height
    tops = np.where(data.kinds == MEASURED, data.logs, -np.inf)
    own = np.tile(typical, (len(tops), 1))
    own[:, 0] = np.log(data.days[np.arange(len(tops)), tops.argmax(axis=1)]) - 0.1
    own[:, 3] = tops.max(axis=1)
    return own, typical


def _costs(
    distances: Callable[[Numbers], Numbers], own: Numbers, cohort: tuple[Numbers, Numbers]
) -> Numbers:
    """Return -2 ln of each patient's probability but for a constant, (patients,)."""
    typical, spreads = cohort
    found: Numbers = (distances(own) ** 2).sum(axis=1) + (((own - typical) / spreads) ** 2).sum(
        axis=1
    )
    return found


def _stepped(
    distances: Callable[[Numbers], Numbers],
    own: Numbers,
    damping: Numbers,
    cohort: tuple[Numbers, Numbers],
) -> tuple[Numbers, Numbers, Numbers]:
    """Return own values and damping after a step of each patient, and the curvature before it."""
    typical, spreads = cohort
    slopes = _slopes(distances, own)
    precision = np.einsum("nvi,nvj->nij", slopes, slopes) + np.diag(spreads**-2.0)
    uphill = np.einsum("nvi,nv->ni", slopes, distances(own)) + (own - typical) / spreads**2
    damped = precision * (1.0 + damping[:, None, None] * np.eye(len(PERSONAL)))
    step = np.linalg.solve(damped, uphill[:, :, None])[:, :, 0]
    tried = own - np.clip(step, -_MOST_STEP, _MOST_STEP)
    with np.errstate(all="ignore"):  # a step too far is not taken
        better = _costs(distances, tried, cohort) < _costs(distances, own, cohort)
    damping = np.where(better, damping / _MORE_DAMPING, damping * _MORE_DAMPING)
    damping = np.clip(damping, *_DAMPING)
    return np.where(better[:, None], tried, own), damping, precision


def _inverse(matrices: Numbers) -> Numbers:
    return np.asarray(np.linalg.inv(matrices), dtype=np.float64)


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
