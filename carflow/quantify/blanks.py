"""What blanks allow to detect: limits from the background of a tube, or from blank values.

Two forms. From *counts*: a tube in which `mean_blank_events` events are expected without any
CAR T cell. From *values*: replicates of blanks and of low samples, in any unit.

Decision: a fixed "20 events" fits a background of about ten events in the tube and no other, so
the limit of detection is the greater of the assay's own and the one its background sets.

References
----------
Count form: Poisson, alpha = beta = 5 %. Value form: the parametric limits usually quoted from
CLSI EP17, here from memory and not checked against its text; both factors are settings.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from scipy.special import gammainccinv, gammaincinv, pdtr, pdtrik

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.gating.strategy import AssayLimits

ERROR_RATE = 0.05
Z_ONE_SIDED = 1.645


def limit_of_blank_events(mean_blank_events: float, *, alpha: float = ERROR_RATE) -> int:
    """Return the events that background alone exceeds with probability `alpha` at most.

    Raises
    ------
    ValueError
        If the mean is negative or not finite.

    Examples
    --------
    >>> [limit_of_blank_events(mean) for mean in (0, 0.5, 1, 2, 3, 5, 10, 20)]
    [0, 2, 3, 5, 6, 9, 15, 28]
    """
    if not 0 <= mean_blank_events < math.inf:
        raise ValueError(f"a mean number of events is not negative, got {mean_blank_events}")
    if mean_blank_events == 0:
        return 0
    # the continuous inverse misses the step by one at most, to either side
    nearby = max(0, math.floor(float(pdtrik(1 - alpha, mean_blank_events))) - 1)
    while float(pdtr(nearby, mean_blank_events)) < 1 - alpha:
        nearby += 1
    return nearby


def limit_of_detection_events(
    mean_blank_events: float, *, alpha: float = ERROR_RATE, beta: float = ERROR_RATE
) -> float:
    """Return the mean events that stay at or below the limit of blank with probability `beta`.

    Examples
    --------
    >>> [round(limit_of_detection_events(mean), 1) for mean in (0, 0.5, 1, 2, 3, 5, 10, 20)]
    [3.0, 6.3, 7.8, 10.5, 11.8, 15.7, 23.1, 38.4]
    """
    blank = limit_of_blank_events(mean_blank_events, alpha=alpha)
    return float(gammainccinv(blank + 1, beta))


def raised_limits(limits: AssayLimits, mean_blank_events: float) -> AssayLimits:
    """Return the limits of a tube with background: never below the assay's own.

    Examples
    --------
    >>> from carflow.gating.strategy import AssayLimits
    >>> tube = raised_limits(AssayLimits(), 20.0)
    >>> tube.lod_events, tube.lloq_events
    (39, 50)
    """
    detected = math.ceil(limit_of_detection_events(mean_blank_events))
    lod = max(limits.lod_events, detected)
    return replace(limits, lod_events=lod, lloq_events=max(limits.lloq_events, lod))


def events_to_plan_for(at_least: int, *, probability: float = 0.95) -> float:
    """Return the expected events that give `at_least` events with the stated probability.

    Examples
    --------
    >>> [round(events_to_plan_for(events), 1) for events in (20, 50, 100)]
    [27.9, 62.2, 117.0]
    """
    if at_least < 1:
        raise ValueError(f"at least one event is planned for, got {at_least}")
    return float(gammaincinv(at_least, probability))


def denominator_needed(events: int, share_pct: float) -> int:
    """Return the events of the whole in which a share yields `events` on average.

    Examples
    --------
    >>> denominator_needed(50, 0.1)
    50000
    """
    if not 0 < share_pct <= 100:
        raise ValueError(f"a share lies in (0, 100] %, got {share_pct}")
    return math.ceil(round(100 * events / share_pct, 6))


def limit_of_blank(blanks: Sequence[float], *, factor: float = Z_ONE_SIDED) -> float:
    """Return ``mean + factor * SD`` of replicate blanks.

    Examples
    --------
    >>> round(limit_of_blank([0.0, 0.1, 0.2]), 4)
    0.2645
    """
    mean, spread = _mean_and_sd(blanks)
    return mean + factor * spread


def limit_of_detection(
    blank_limit: float,
    low_samples: Sequence[Sequence[float]],
    *,
    factor: float = Z_ONE_SIDED,
) -> float:
    """Return ``limit of blank + c * pooled SD`` of replicates of low samples.

    ``c = factor / (1 - 1 / (4 * (N - K)))`` for N values of K samples: a standard deviation of
    few values is on average too small.

    Examples
    --------
    >>> round(limit_of_detection(0.2645, [[0.4, 0.5, 0.6], [0.3, 0.4, 0.5]]), 4)
    0.44
    """
    freedom = sum(len(sample) - 1 for sample in low_samples)
    if freedom < 1:
        raise ValueError("replicates of at least one low sample are needed")
    squares = sum(
        _mean_and_sd(sample)[1] ** 2 * (len(sample) - 1)
        for sample in low_samples
        if len(sample) > 1
    )
    return blank_limit + factor / (1 - 1 / (4 * freedom)) * math.sqrt(squares / freedom)


def _mean_and_sd(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        raise ValueError(f"a spread needs at least 2 values, got {len(values)}")
    mean = math.fsum(values) / len(values)
    squares = math.fsum((value - mean) ** 2 for value in values)
    return mean, math.sqrt(squares / (len(values) - 1))
