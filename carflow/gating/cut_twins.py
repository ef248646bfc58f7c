"""The CAR gate a tenth of a decade lower and higher, counted in the same pass as the gate itself.

A cut drawn by eye is a choice, and what depends on it should be told. Each twin is a sibling of
the CAR population under the same parent, with its lower bound on the CAR axis moved by a factor
of 10^±0.1 in linear intensity; every other bound stays. Nothing is counted here.

Why siblings and not a second pass: a comparison of the T cells with one more number costs next
to nothing, reading and compensating a tube again costs as much as the first time.

Why no polygons and ellipses: an outline has no single cut that could be moved; how to move all
of it would be a second choice beside the one that is examined.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from carflow.gating.gated import Counts, Gated
from carflow.gating.shapes import Interval, Quadrant, Rectangle
from carflow.gating.strategy import Population, Role, Strategy
from carflow.reasons import Reason

CUT_SHIFTS = (-0.1, 0.1)
"""How far the cut is moved [decades of linear intensity]."""

_Cut = Interval | Rectangle | Quadrant


@dataclass(frozen=True, slots=True, kw_only=True)
class CutTwins:
    """Gates with the twins of the CAR population.

    Parameters
    ----------
    original : Strategy
        The gates as given.
    strategy : Strategy
        The same with the twins behind all other populations.
    names : mapping of float to str
        The short name of each twin, by its shift [decades].
    """

    original: Strategy
    strategy: Strategy
    names: Mapping[float, str]

    def parted(self, gated: Gated) -> tuple[Gated, Mapping[float, int]]:
        """Return what the original gates would have left behind, and the events of each twin.

        Parameters
        ----------
        gated : Gated
            A tube gated with `strategy`.
        """
        own = {name: gated.counts[name] for name in self.original.short_names()}
        events = {shift: gated.counts[name] for shift, name in self.names.items()}
        return replace(gated, strategy=self.original, counts=Counts(self.original, own)), events


def cut_twins(strategy: Strategy, marker: str | None) -> CutTwins | Reason:
    """Return the gates with a twin of the CAR population for each of `CUT_SHIFTS`.

    Parameters
    ----------
    strategy : Strategy
        The gates.
    marker : str or None
        The axis of the CAR population that tells CAR+ cells, if it can be told.

    Returns
    -------
    CutTwins or Reason
        NO_POPULATION without a CAR population, NO_CUT where it has no lower bound of its own
        on that axis, CUT_NOT_POSITIVE where the bound is not above 0.

    Examples
    --------
    >>> from carflow.gating.scales import Identity
    >>> from carflow.gating.strategy import Dimension
    >>> car = Population(name="CAR+", path=("CAR+",), shape=Interval(low=1000.0),
    ...     dimensions=(Dimension(name="CAR", scale=Identity(), compensated=True),))
    >>> gates = Strategy(name="g", populations=(car,), roles={Role.CAR: "CAR+"})
    >>> twins = cut_twins(gates, "CAR")
    >>> [f"{twins.strategy.find(name).shape.low:.0f}" for name in twins.names.values()]
    ['794', '1259']
    """
    population = strategy.role(Role.CAR)
    if population is None:
        return Reason.NO_POPULATION
    axes = [place for place, axis in enumerate(population.dimensions) if axis.name == marker]
    shape = population.shape
    if len(axes) != 1 or population.outside or not isinstance(shape, _Cut):
        return Reason.NO_CUT
    axis = axes[0]
    low, high = shape.bounds[axis]
    if math.isinf(low) or population.dimensions[axis].ratio is not None:
        return Reason.NO_CUT
    moved = _moved(population, axis)
    if moved is None:
        return Reason.CUT_NOT_POSITIVE
    if any(bound >= high for bound in moved.values()):
        return Reason.NO_CUT
    twins = {
        shift: _twin(strategy, population, _with_low(shape, axis, bound), shift)
        for shift, bound in moved.items()
    }
    whole = replace(strategy, populations=(*strategy.populations, *twins.values()))
    names = {shift: whole.short_name(twin) for shift, twin in twins.items()}
    return CutTwins(original=strategy, strategy=whole, names=names)


def _moved(population: Population, axis: int) -> dict[float, float] | None:
    """Return the moved bound for each shift, in scale coordinates; None where it is not above 0."""
    scale = population.dimensions[axis].scale
    low = population.shape.bounds[axis][0] if isinstance(population.shape, _Cut) else math.nan
    linear = float(scale.inverse(np.array([low]))[0])
    if not 0.0 < linear < math.inf:
        return None
    factors = np.array([10.0**shift for shift in CUT_SHIFTS])
    bounds = scale.forward(linear * factors)
    return dict(zip(CUT_SHIFTS, bounds.tolist(), strict=True))


def _with_low(shape: _Cut, axis: int, low: float) -> _Cut:
    if isinstance(shape, Interval):
        return replace(shape, low=low)
    lows = tuple(low if place == axis else one for place, one in enumerate(shape.lows))
    return replace(shape, lows=lows)


def _twin(strategy: Strategy, population: Population, shape: _Cut, shift: float) -> Population:
    """Return the population with another shape, under a name that no population has."""
    name = f"{population.name}, cut {shift:+g} decade"
    while any(name in one.path for one in strategy.populations):
        name += "'"
    return replace(population, name=name, path=(*population.parent, name), shape=shape)
