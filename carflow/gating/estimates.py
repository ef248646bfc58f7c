"""What a gate template says about a gate that is to be found in the events.

Only the question lives here, as a frozen value; `carflow.gating.estimators` answers it. The
coordinates drawn in the template stay the last resort.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from carflow.gating.scales import Scale

DEFAULT_CONTROLS = ("FMO", "untransduced", "pre-infusion")


class Method(StrEnum):
    """How a gate is found."""

    VALLEY = "valley"
    SINGLETS = "singlets"
    CONTROL_PERCENTILE = "control_percentile"
    MIXTURE = "mixture"
    BEADS = "beads"


class Scope(StrEnum):
    """Which tubes share a gate: none, those of a subject, of a batch, or reference tubes."""

    SAMPLE = "sample"
    SUBJECT = "subject"
    BATCH = "batch"
    REFERENCE = "reference"


class Choice(StrEnum):
    """Which of several valleys."""

    FIRST = "first"
    LAST = "last"
    DEEPEST = "deepest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How one population's gate is to be found.

    Parameters
    ----------
    population : str
        The population, by short name.
    method : Method
        How.
    scope : Scope
        Which tubes are looked at together and share what is found.
    on : str
        The population whose events are looked at: the parent, or an ancestor of it; "" for
        all events.
    side : "low", "high" or "polygon"
        What is found: one bound of an interval, or a polygon.
    scale : Scale, optional
        The scale the density is looked at on, where it is not that of the gate.
    low, high : float
        Linear intensities between which the bound must lie (for singlets: the range of areas
        that is looked at; for beads: that of both channels).
    min_events : int
        Fewest events to find anything in.
    min_quality : float
        Fewest quality, 0 to 1, of a valley.
    choice : Choice
        Which of several valleys.
    adjust : float
        Factor of the density's bandwidth.
    n_mad : float
        Singlets: how many median absolute deviations above the median ratio are single cells;
        beads: how many to either side are beads.
    percentile : float
        Control percentile: where in the controls the bound lies [%].
    dim : bool
        Control percentile: a dim reagent, with the 95th percentile counted beside the cut.
    controls : tuple of str
        Sample types that are looked at, for a control percentile and for a reference.

    Examples
    --------
    >>> Estimate(population="CD3+", method=Method.VALLEY, on="live").min_quality
    0.3
    """

    population: str
    method: Method
    scope: Scope = Scope.SAMPLE
    on: str = ""
    side: str = "low"
    scale: Scale | None = None
    low: float = -math.inf
    high: float = math.inf
    min_events: int = 500
    min_quality: float = 0.3
    choice: Choice = Choice.DEEPEST
    adjust: float = 1.0
    n_mad: float = 4.0
    percentile: float = 99.9
    dim: bool = False
    controls: tuple[str, ...] = DEFAULT_CONTROLS
