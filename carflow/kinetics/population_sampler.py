"""The posterior of the population model drawn by NumPyro's No-U-Turn sampler.

Needs the extra ``bayes`` (NumPyro and JAX), which is loaded by the first fit and by nothing else.

Decisions
---------
- The density is told to NumPyro as one function of two vectors, and a block of steps is compiled
  as one program, which serves warm-up and draws alike: most of the time of a small fit is its
  compilation.
- Patients and visits are filled up to a few sizes (8, 12, 16, 24, 32 …), so that the next quantity
  or cohort of about that size needs no compilation. What fills up has no values; its deviates are
  standard normal and touch nothing else.
- A chain's first step begins without knowing the slope where it stands, which would have to be
  compiled for that alone. It belongs to the warm-up, of which nothing is kept.
- Two chains, one begun with a sharp turn and one with a rounded, so that R-hat shows where both are
  possible: begun alike, both agreed on wrong days in weekly samples of slow turns. One after the
  other: on a laptop's processor JAX runs several at a time more slowly, and two chains cut in
  halves are four sequences for R-hat to compare.
- Each chain has a map of its own, drawn anew where a first block of its steps has led it. A chain
  that kept the map of its start took twice as many steps, diverged, and had good fits refused.
- Single precision, as JAX has it: the steps of the sampler correct for rounding.

References
----------
Hoffman MD, Gelman A. The No-U-Turn sampler. J Mach Learn Res 2014;15:1593-1623. Phan D et al.
NumPyro. arXiv:1912.11554.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from carflow.kinetics.population_map import Directions, cohort_of, directions_around, own_values
from carflow.kinetics.population_model import (
    ABSENT,
    BELOW,
    MEASURED,
    PERSONAL,
    Numbers,
    PopulationData,
    expected,
    variance,
)
from carflow.kinetics.population_start import starts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHAINS, BLOCK = 2, 250
_MOST_DOUBLINGS = 7
_FIRST_STEP = 0.05  # small, lest the first steps throw a chain to another turn
_START_ENERGY = 1e6  # of the first step, whose slope is not known: anything is better


class Effort(NamedTuple):
    """How many draws a chain makes, in blocks, and how often a step shall be accepted."""

    blocks: int
    acceptance: float


class Draws(NamedTuple):
    """What the chains drew: (chains, draws, …) each.

    Attributes
    ----------
    own_log_day : array, (chains, draws, patients)
        ln of every patient's peak day.
    cohort : array, (chains, draws, 14)
        Standard normal deviates of the cohort, in the order of `COHORT`.
    divergences : int
        Among all draws.
    """

    own_log_day: Numbers
    cohort: Numbers
    divergences: int


class Told(NamedTuple):
    """What the density needs besides the deviates: values, map, and who is a patient."""

    days: Any
    logs: Any
    deviations: Any
    kinds: Any
    typical_height: Any
    is_patient: Any
    directions: Directions


def sampled(
    data: PopulationData, effort: Effort, *, seed: int, after: Draws | None = None
) -> Draws:
    """Return draws of the posterior, after a warm-up.

    Parameters
    ----------
    data : PopulationData
        What the model is fitted to.
    effort : Effort
        The length of the chains.
    seed : int
        Of the random numbers.
    after : Draws, optional
        An earlier attempt: these chains begin where its were.
    """
    import jax

    first, second = jax.random.split(jax.random.PRNGKey(seed))
    if after is None:
        starts = _whereabouts(next(_blocks(data, starts_of(data), effort.acceptance, first))[1])
    else:
        starts = _whereabouts(after.cohort)
    blocks = _blocks(data, starts, effort.acceptance, second)
    next(blocks)  # warm-up
    drawn = [next(blocks) for _ in range(effort.blocks)]
    own_log_day, cohort, diverging = (
        np.concatenate(one, axis=1) for one in zip(*drawn, strict=True)
    )
    return Draws(
        own_log_day=own_log_day[:, :, : len(data.names)],
        cohort=cohort,
        divergences=int(diverging.sum()),
    )


def _whereabouts(cohort: Numbers) -> Numbers:
    """Return the mean of the second half of each chain, (chains, 14)."""
    found: Numbers = cohort[:, cohort.shape[1] // 2 :].mean(axis=1)
    return found


def _blocks(
    data: PopulationData, starts: Numbers, acceptance: float, key: Any
) -> Iterator[list[Numbers]]:
    """Yield one block after another of chains that begin there, each along a map of its own.

    Each is (own_log_day, cohort, diverging); steps adapt in the first.
    """
    import jax

    of_chains = [told_of(data, directions_around(data, one)) for one in starts]
    told = of_chains[0]._replace(
        directions=jax.tree.map(lambda *one: np.stack(one), *(one.directions for one in of_chains))
    )
    start = {
        "cohort": starts.astype(np.float32),
        "own": np.zeros((CHAINS, len(PERSONAL) * len(told.is_patient)), dtype=np.float32),
    }
    begin, block = _chains()
    at = begin(jax.random.split(key, CHAINS), start, told, acceptance)
    while True:
        at, drawn = block(at, told, acceptance)
        yield [np.asarray(one, dtype=np.float64) for one in drawn]


def told_of(data: PopulationData, directions: Directions) -> Told:
    """Return what the density needs, in single precision, filled up to a common size."""
    patients, visits = data.logs.shape
    more, wider = _filled(patients) - patients, _filled(visits) - visits

    def table(values: Numbers, filling: float) -> Any:
        filled = np.pad(values, ((0, more), (0, wider)), constant_values=filling)
        return filled.astype(np.float32)

    def last(values: Numbers) -> Any:
        filled = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, more)])
        return filled.astype(np.float32)

    centre = last(directions.centre)
    centre[:, patients:] = directions.typical[:, None]
    return Told(
        days=table(data.days, 1.0),
        logs=table(data.logs, 0.0),
        deviations=table(data.deviations, 0.0),
        kinds=np.pad(data.kinds, ((0, more), (0, wider)), constant_values=ABSENT),
        typical_height=np.float32(data.typical_height),
        is_patient=np.arange(patients + more) < patients,
        directions=Directions(
            centre,
            *(last(one) for one in directions[1:5]),
            *(np.asarray(one, dtype=np.float32) for one in directions[5:]),
        ),
    )


def _filled(count: int) -> int:
    """Return the next of 8, 12, 16, 24, 32, 48 and so on."""
    power = 8
    while power < count:
        if 3 * power // 2 >= count:
            return 3 * power // 2
        power *= 2
    return power


def log_density(cohort_deviates: Any, own_deviates: Any, told: Told) -> Any:
    """Return the logarithm of the posterior density but for a constant.

    Parameters
    ----------
    cohort_deviates : array, (14,)
        Standard normal before the data.
    own_deviates : array, (5 * patients,)
        What `own_values` makes the patients' own values of.
    told : Told
        Values and map.
    """
    import jax.numpy as jnp
    from jax.scipy.special import log_ndtr

    cohort = cohort_of(cohort_deviates, told.typical_height, arrays=jnp)
    deviates = own_deviates.reshape(len(PERSONAL), -1)
    own, widening = own_values(deviates, cohort, told.directions, arrays=jnp)
    away = own - cohort.typical[:, None]
    away = away.at[1].add(-cohort.growth_with_day * away[0])
    away = away / jnp.exp(cohort.log_spreads)[:, None]
    among = -0.5 * away**2 - cohort.log_spreads[:, None] + widening
    prior = jnp.where(told.is_patient, among, -0.5 * deviates**2).sum()
    curve = expected(told.days, own, cohort.log_sharpness, cohort.power, arrays=jnp)
    spread2 = variance(told.deviations, own[3][:, None] - curve, cohort.misfit, cohort.misfit_below)
    far = (told.logs - curve) / jnp.sqrt(spread2)
    measured = -0.5 * far**2 - 0.5 * jnp.log(spread2)
    below = jnp.where(told.kinds == BELOW, log_ndtr(far), 0.0)
    values = jnp.where(told.kinds == MEASURED, measured, below).sum()
    return values + prior - 0.5 * (cohort_deviates**2).sum()


@functools.cache
def _chains() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return what begins the chains and what draws a block of each.

    JAX compiles one program of each for each size of the data.
    """
    import jax
    import jax.numpy as jnp
    from numpyro.infer import NUTS
    from numpyro.infer.util import ParamInfo

    def begun(key: Any, start: dict[str, Any], told: Told, acceptance: Any) -> tuple[Any, Any]:
        kernel = NUTS(
            potential_fn=lambda at: -log_density(at["cohort"], at["own"], told),
            target_accept_prob=acceptance,
            step_size=_FIRST_STEP,
            dense_mass=[("cohort",)],
            max_tree_depth=_MOST_DOUBLINGS,
        )
        flat = jax.tree.map(jnp.zeros_like, start)
        at = ParamInfo(start, jnp.float32(_START_ENERGY), flat)
        return kernel, kernel.init(key, BLOCK, at, (), {})

    def begin(keys: Any, starts: dict[str, Any], told: Told, acceptance: Any) -> Any:
        def first(one: Any) -> Any:
            key, start, directions = one
            return begun(key, start, told._replace(directions=directions), acceptance)[1]

        return jax.lax.map(first, (keys, starts, told.directions))

    def block(states: Any, told: Told, acceptance: Any) -> Any:
        def drawn(one: Any) -> Any:
            state, directions = one
            own_told = told._replace(directions=directions)
            # the kernel knows how to sample once it has begun; the state it begins with is not used
            kernel, _ = begun(state.rng_key, state.z, own_told, acceptance)

            def step(state: Any, _: Any) -> Any:
                state = kernel.sample(state, (), {})
                deviates = state.z["own"].reshape(len(PERSONAL), -1)
                cohort = cohort_of(state.z["cohort"], told.typical_height, arrays=jnp)
                own, _ = own_values(deviates, cohort, directions, arrays=jnp)
                return state, (own[0], state.z["cohort"], state.diverging)

            return jax.lax.scan(step, state, None, length=BLOCK)

        return jax.lax.map(drawn, (states, told.directions))

    return jax.jit(begin), jax.jit(block)
