"""What quantities are made from: the event counts of one tube, by role.

Events end one floor below; here are plain numbers only. Beads must have been counted inside
the same time gate as the cells, or the ratio of the two is not that of the tube.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from carflow.gating.strategy import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class TubeCounts:
    """The counts of one gated tube.

    Parameters
    ----------
    counts : mapping of Role to int
        Events of each role the gate file names; a role that is absent was not asked for.
    car_mfi : float, optional
        Median of the linear, compensated CAR channel over CAR+ events [a.u.].
    car_negative_mfi, car_negative_rsd : float, optional
        Median and robust SD (1.4826 × MAD) of the same channel over CAR− T cells [a.u.].
    cd3_car_median, cd3_car_rsd : float, optional
        The same over all CD3+ events, for the resolution against a control [a.u.].
    retained_time_fraction : float
        Share of the acquired time that the time gate kept, 0 to 1; scales the volume.
    n_events : int, optional
        Events in the file; 0 turns "no event in the denominator" into "the file holds no
        event".

    Raises
    ------
    ValueError
        If a count is negative or the time fraction is not a fraction.

    Examples
    --------
    >>> tube = TubeCounts(counts={Role.CD3: 2000, Role.CAR: 250})
    >>> tube.of(Role.CAR), tube.of(Role.BEADS)
    (250, None)
    """

    counts: Mapping[Role, int]
    car_mfi: float | None = None
    car_negative_mfi: float | None = None
    car_negative_rsd: float | None = None
    cd3_car_median: float | None = None
    cd3_car_rsd: float | None = None
    retained_time_fraction: float = 1.0
    n_events: int | None = None

    def __post_init__(self) -> None:
        for role, count in self.counts.items():
            if count < 0:
                raise ValueError(f"a count is not negative, got {count} for {role}")
        if not 0 <= self.retained_time_fraction <= 1:
            raise ValueError(f"not a fraction of time: {self.retained_time_fraction}")

    def of(self, role: Role) -> int | None:
        """Return the events of a role, or None where the gate file names none."""
        return self.counts.get(role)
