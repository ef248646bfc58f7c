"""The map along which the chains of the population model move, drawn around a cohort.

Each patient's own values are found as the most probable ones in that cohort (Levenberg and
Marquardt's steps). The curvature there says what the patient's samples know and what only the
cohort does. From it comes a straight-line map: the sampler moves standard normal deviates, and the
map makes of them values that

- have the patient's own spreads and correlations (peak day, height and growth hang together);
- follow the cohort's typical values, turn and spreads as far as the patient's samples leave open.

It changes no probability, since its volume is accounted for; it makes the steps of the sampler
long. Without it a fit takes some ten times as many, and along the map of another cohort (drawn for
a rounded turn, say, where the values want a sharp one) the deviates spread to five and more and the
chain hardly moves. Numbers only: the same code serves numpy and JAX.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import log_ndtr

from carflow.kinetics.population_model import (
    BELOW,
    MEASURED,
    PERSISTING_SPREAD,
    PERSONAL,
    PRIORS,
    Numbers,
    PopulationData,
    expected,
    power_of,
    sharpness_of,
    variance,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_STEPS, _MOST_STEP = 24, 1.5
_MORE_DAMPING, _DAMPING = 5.0, (1e-5, 1e4)
_DERIVATIVE_STEP = 0.01
_STEEPEST = 1e4


class Directions(NamedTuple):
    """The straight-line map from deviates to the patients' own values, patients last.

    Attributes
    ----------
    centre : array, (5, patients)
        The most probable own values.
    root : array, (5, 5, patients)
        Of each patient's covariance there (lower triangle).
    by_typical, by_turn : arrays, (5, 5, patients) and (5, 2, patients)
        How the own values follow the cohort's typical ones, and its `turn_of`.
    share : array, (5, patients)
        The part of the cohort's variance that the patient's samples leave open.
    typical, log_spreads, turn : arrays, (5,), (5,) and (2,)
        The cohort around which the map is drawn.
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


@np.errstate(all="ignore")  # curves far from the values; a step that leads there is not taken
def directions_around(data: PopulationData, deviates: Numbers) -> Directions:
    """Return the map drawn around a cohort.

    Parameters
    ----------
    data : PopulationData
        What the model is fitted to.
    deviates : array, (14,)
        The cohort, as for `cohort_of`.
    """
    cohort = cohort_of(deviates, data.typical_height)
    among = _among(cohort)

    def distances(values: Numbers) -> Numbers:
        return distances_from(data, values, cohort)

    own, damping = first_values(data), np.ones(len(data.names))
    for _ in range(_STEPS):
        own, damping, _ = stepped(distances, own, damping, among)
    slopes = _slopes(distances, own)
    covariance = np.linalg.inv(np.einsum("nvi,nvj->nij", slopes, slopes) + among.precision)
    pulled = np.einsum("nvi,nvs->nis", slopes, _slopes_by_turn(data, own, cohort))
    by_typical = covariance @ among.precision
    return Directions(
        centre=own.T,
        root=np.moveaxis(np.linalg.cholesky(covariance), 0, 2),
        by_typical=np.moveaxis(by_typical, 0, 2),
        by_turn=np.moveaxis(-covariance @ pulled, 0, 2),
        share=np.einsum("nii->in", by_typical),
        typical=cohort.typical,
        log_spreads=cohort.log_spreads,
        turn=turn_of(cohort.log_sharpness, cohort.power),
    )


class Among(NamedTuple):
    """How own values lie in their cohort: its typical values and the inverse of its covariance."""

    typical: Numbers
    precision: Numbers


def _among(cohort: Cohort) -> Among:
    apart = np.eye(len(PERSONAL))
    apart[1, 0] = -cohort.growth_with_day
    return Among(cohort.typical, apart.T @ np.diag(np.exp(-2.0 * cohort.log_spreads)) @ apart)


def first_values(data: PopulationData) -> Numbers:
    """Return own values, (patients, 5), of patients who peak a little before their highest sample.

    In all else they are typical.
    """
    own = np.tile([PRIORS[name].centre for name in PERSONAL], (len(data.names), 1))
    tops = np.where(data.kinds == MEASURED, data.logs, -np.inf)
    own[:, 0] = np.log(data.days[np.arange(len(tops)), tops.argmax(axis=1)]) - 0.1
    own[:, 3] = tops.max(axis=1)
    return own


def distances_from(data: PopulationData, own: Numbers, cohort: Cohort) -> Numbers:
    """Return numbers whose squares are -2 ln of each value's probability, (patients, visits)."""
    curve = expected(data.days, own.T, cohort.log_sharpness, cohort.power)
    below_peak = own[:, 3:4] - curve
    spread = np.sqrt(variance(data.deviations, below_peak, cohort.misfit, cohort.misfit_below))
    far = (data.logs - curve) / spread
    below = -np.sqrt(-2.0 * log_ndtr(far))
    return np.where(data.kinds == MEASURED, far, np.where(data.kinds == BELOW, below, 0.0))


def _slopes_by_turn(data: PopulationData, own: Numbers, cohort: Cohort) -> Numbers:
    """Return how the distances change with the turn, (patients, visits, 2)."""
    bluntness, power = turn_of(cohort.log_sharpness, cohort.power)
    step = 0.05 * min(bluntness, 1.0 - bluntness)

    def by_bluntness(one: float) -> Numbers:
        return distances_from(data, own, cohort._replace(log_sharpness=math.log(1.0 / one - 1.0)))

    def by_power(one: float) -> Numbers:
        return distances_from(data, own, cohort._replace(power=one))

    blunter = (by_bluntness(bluntness + step) - by_bluntness(bluntness - step)) / (2 * step)
    steadier = (by_power(power + 0.05) - by_power(power - 0.05)) / 0.1
    return _bounded(np.stack([blunter, steadier], axis=2))


def _slopes(distances: Callable[[Numbers], Numbers], own: Numbers) -> Numbers:
    """Return the derivatives of the distances, (patients, visits, 5)."""
    columns = [
        (distances(own + step) - distances(own - step)) / (2 * _DERIVATIVE_STEP)
        for step in _DERIVATIVE_STEP * np.eye(len(PERSONAL))
    ]
    return _bounded(np.stack(columns, axis=2))


def _bounded(slopes: Numbers) -> Numbers:
    """Return slopes that leave a covariance positive; where none can be computed, flat ones."""
    return np.clip(np.nan_to_num(slopes, posinf=0.0, neginf=0.0), -_STEEPEST, _STEEPEST)


def costs(distances: Callable[[Numbers], Numbers], own: Numbers, among: Among) -> Numbers:
    """Return -2 ln of each patient's probability but for a constant, (patients,)."""
    away = own - among.typical
    found: Numbers = (distances(own) ** 2).sum(axis=1)
    found += np.einsum("ni,ij,nj->n", away, among.precision, away)
    return found


def stepped(
    distances: Callable[[Numbers], Numbers], own: Numbers, damping: Numbers, among: Among
) -> tuple[Numbers, Numbers, Numbers]:
    """Return own values and damping after a step of each patient, and the curvature before it."""
    slopes = _slopes(distances, own)
    precision = np.einsum("nvi,nvj->nij", slopes, slopes) + among.precision
    uphill = np.einsum("nvi,nv->ni", slopes, distances(own))
    uphill += (own - among.typical) @ among.precision
    damped = precision * (1.0 + damping[:, None, None] * np.eye(len(PERSONAL)))
    step = np.linalg.solve(damped, uphill[:, :, None])[:, :, 0]
    tried = own - np.clip(step, -_MOST_STEP, _MOST_STEP)
    better = costs(distances, tried, among) < costs(distances, own, among)
    damping = np.where(better, damping / _MORE_DAMPING, damping * _MORE_DAMPING)
    damping = np.clip(damping, *_DAMPING)
    return np.where(better[:, None], tried, own), damping, precision
