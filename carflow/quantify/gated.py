"""What the quantities take from a gated tube: counts by role and the brightness of the CAR.

The last place that knows of gates; from here on there are plain numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.gating.strategy import Role
from carflow.quantify.counts import TubeCounts

if TYPE_CHECKING:
    from carflow.gating.gated import Gated
    from carflow.gating.strategy import Strategy


def car_marker(strategy: Strategy) -> str | None:
    """Return the marker that tells CAR+ cells: the CAR gate's axis that is not a CD3 gate's.

    None where no population plays the part, or where the axis cannot be told.
    """
    car, cd3 = strategy.role(Role.CAR), strategy.role(Role.CD3)
    if car is None:
        return None
    taken = {axis.name for axis in cd3.dimensions} if cd3 is not None else set()
    axes = [axis.name for axis in car.dimensions if axis.name not in taken]
    return axes[0] if len(axes) == 1 else None


def car_medians(strategy: Strategy) -> tuple[tuple[str, str], ...]:
    """Return the medians to ask of the engine, as (population, marker) pairs."""
    marker = car_marker(strategy)
    asked = (Role.CAR, Role.CAR_NEGATIVE, Role.CD3)
    return tuple(
        (strategy.roles[role], marker) for role in asked if marker and role in strategy.roles
    )


def tube_counts(gated: Gated) -> TubeCounts:
    """Return the counts of a gated tube by role."""
    strategy = gated.strategy
    marker = car_marker(strategy)
    return TubeCounts(
        counts={role: gated.counts[name] for role, name in strategy.roles.items()},
        car_mfi=_median(gated, Role.CAR, marker),
        car_negative_mfi=_median(gated, Role.CAR_NEGATIVE, marker),
        car_negative_rsd=_robust_sd(gated, Role.CAR_NEGATIVE, marker),
        cd3_car_median=_median(gated, Role.CD3, marker),
        cd3_car_rsd=_robust_sd(gated, Role.CD3, marker),
        retained_time_fraction=gated.retained_time_fraction,
        n_events=gated.n_events,
    )


def _median(gated: Gated, role: Role, marker: str | None) -> float | None:
    return gated.medians.get(_name(gated, role), {}).get(marker or "")


def _robust_sd(gated: Gated, role: Role, marker: str | None) -> float | None:
    return gated.robust_sds.get(_name(gated, role), {}).get(marker or "")


def _name(gated: Gated, role: Role) -> str:
    """Return the short name of the population with a role, "" where there is none."""
    population = gated.strategy.role(role)
    return "" if population is None else gated.strategy.short_name(population)
