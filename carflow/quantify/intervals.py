"""95 % intervals of counts, shares and ratios of counts, on plain numbers.

Decisions
---------
- Wilson for a share that is displayed; Clopper–Pearson where fewer than five events stand on
  either side, because Wilson's limits are too narrow there.
- A ratio of two counts (cells to beads) is exact at every size: given the sum, the first
  count is binomial. The log-normal form is kept for ratios of subsets, where it is the custom.
- Stated CVs widen an interval on the log scale (`widened`). For a log-normal interval that is
  the sum of the relative variances; for an exact one it keeps the exact limits at CV 0.
- ``scipy.special`` only: ``scipy.stats`` takes most of a second to import.

References
----------
Wilson EB. J Am Stat Assoc 1927; 22:209-212. Clopper CJ, Pearson ES. Biometrika 1934;
26:404-413. Garwood F. Biometrika 1936; 28:437-442.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy.special import betaincinv, gammaincinv

Z95 = 1.959963984540054  # the 97.5 % quantile of the normal distribution
_TAIL = 0.025
FEW_EVENTS = 5
FEW_EVENTS_LOGNORMAL = 30


class Interval(NamedTuple):
    """The two ends of a 95 % interval, in the unit of its estimate."""

    low: float
    high: float

    def times(self, factor: float) -> Interval:
        """Return the interval in another unit."""
        return Interval(self.low * factor, self.high * factor)


def wilson(events: int, of: int) -> Interval:
    """Return Wilson's score interval of a share, between 0 and 1.

    Raises
    ------
    ValueError
        If `of` is not positive or `events` does not lie between 0 and `of`.

    Examples
    --------
    >>> low, high = wilson(426, 10_000)
    >>> print(f"{low:.6f} {high:.6f}")
    0.038814 0.046737
    """
    _check_share(events, of)
    share, z2 = events / of, Z95**2
    centre = share + z2 / (2 * of)
    reach = Z95 * math.sqrt(share * (1 - share) / of + z2 / (4 * of**2))
    low, high = (centre - reach) / (1 + z2 / of), (centre + reach) / (1 + z2 / of)
    # rounding must not push an end past the share itself at 0 and 1
    return Interval(max(0.0, min(low, share)), min(1.0, max(high, share)))


def clopper_pearson(events: int, of: int) -> Interval:
    """Return the exact (Clopper–Pearson) interval of a share, between 0 and 1.

    Raises
    ------
    ValueError
        If `of` is not positive or `events` does not lie between 0 and `of`.

    Examples
    --------
    >>> print(f"{100 * clopper_pearson(0, 500).high:.3f} %")
    0.735 %
    """
    _check_share(events, of)
    low = float(betaincinv(events, of - events + 1, _TAIL)) if events > 0 else 0.0
    high = float(betaincinv(events + 1, of - events, 1 - _TAIL)) if events < of else 1.0
    return Interval(low, high)


def share_interval(events: int, of: int) -> Interval:
    """Return Wilson's interval, or the exact one with fewer than 5 events on either side.

    Examples
    --------
    >>> share_interval(1, 1) == clopper_pearson(1, 1)
    True
    >>> share_interval(50, 1000) == wilson(50, 1000)
    True
    """
    few = min(events, of - events) < FEW_EVENTS
    return clopper_pearson(events, of) if few else wilson(events, of)


def garwood(events: int) -> Interval:
    """Return Garwood's exact interval of a Poisson mean, in events.

    Raises
    ------
    ValueError
        If `events` is negative.

    Examples
    --------
    >>> print(f"{garwood(0).high:.3f}")
    3.689
    """
    if events < 0:
        raise ValueError(f"a count is not negative, got {events}")
    low = float(gammaincinv(events, _TAIL)) if events > 0 else 0.0
    return Interval(low, float(gammaincinv(events + 1, 1 - _TAIL)))


def count_ratio(events: int, reference_events: int) -> Interval:
    """Return the exact interval of the ratio of two independent Poisson counts.

    Given the sum of both, the first is binomial; the limits of its share are turned into
    limits of the ratio.

    Raises
    ------
    ValueError
        If `events` is negative or `reference_events` is not positive.

    Examples
    --------
    1250 cells against 8000 beads, 51,667 beads in 50 µL of blood:

    >>> low, high = count_ratio(1250, 8000).times(51_667 / 50)
    >>> print(f"{low:.3f} {high:.3f}")
    151.995 171.399
    """
    if reference_events <= 0:
        raise ValueError(f"a ratio needs reference events, got {reference_events}")
    low, high = clopper_pearson(events, events + reference_events)
    return Interval(low / (1 - low), high / (1 - high))


def count_ratio_lognormal(events: int, reference_events: int) -> Interval:
    """Return the log-normal interval of the ratio of two positive counts.

    Examples
    --------
    >>> low, high = count_ratio_lognormal(200, 100)
    >>> print(f"{low:.3f} {high:.3f}")
    1.573 2.543
    """
    if events <= 0 or reference_events <= 0:
        raise ValueError(f"both counts must be positive, got {events} and {reference_events}")
    return lognormal(events / reference_events, 1 / events + 1 / reference_events)


def lognormal(value: float, relative_variance: float) -> Interval:
    """Return ``value * exp(±1.96 * sqrt(relative_variance))`` for a positive value.

    Examples
    --------
    >>> low, high = lognormal(63.0, 0.03**2 + 0.97 / 5400)
    >>> print(f"{low:.1f} {high:.1f}")
    59.1 67.2
    """
    factor = math.exp(Z95 * math.sqrt(relative_variance))
    return Interval(value / factor, value * factor)


def share_interval_lognormal(events: int, of: int) -> Interval:
    """Return the log-normal interval of a share, or the exact one for small counts.

    With fewer than 30 events on either side the relative variance ``(1 - p) / events`` is a
    poor guide, so Clopper–Pearson takes its place.
    """
    if min(events, of - events) < FEW_EVENTS_LOGNORMAL:
        return clopper_pearson(events, of)
    share = events / of
    return lognormal(share, (1 - share) / events)


def widened(value: float, counting: Interval, relative_variance: float) -> Interval:
    """Return a counting interval widened by the relative variance of stated CVs.

    The distances of both ends from the value are added in quadrature on the log scale. At a
    value of 0 only the upper end moves.

    Examples
    --------
    >>> widened(10.0, Interval(8.0, 12.5), 0.0)
    Interval(low=8.0, high=12.5)
    >>> widened(0.0, Interval(0.0, 3.0), 0.0)
    Interval(low=0.0, high=3.0)
    """
    if relative_variance == 0:
        return counting
    reach = Z95 * math.sqrt(relative_variance)
    if value == 0:
        return Interval(0.0, counting.high * math.exp(reach))
    up = math.hypot(math.log(counting.high / value), reach)
    down = math.hypot(math.log(value / counting.low), reach)
    return Interval(value * math.exp(-down), value * math.exp(up))


def _check_share(events: int, of: int) -> None:
    if of <= 0 or not 0 <= events <= of:
        raise ValueError(f"a share needs 0 <= events <= of and of > 0, got {events} of {of}")
