"""Growth between two samples."""

from __future__ import annotations

import math

from carflow.units import Unit


def growth_per_day(
    earlier: tuple[float, float], later: tuple[float, float], *, unit: Unit
) -> float | None:
    """Return the slope of a curve between two samples [1/d], on the scale where it means growth.

    For a count that is the slope of ``ln(value)``: its net growth. For a percentage it is the
    slope of the log-odds ``ln(p / (100 - p))``: the net growth of the cells counted in it minus
    that of the other cells of the denominator. A percentage saturates, so its own "doubling
    time" is no doubling time of cells.

    Parameters
    ----------
    earlier, later : tuple of float
        Day and value.
    unit : Unit
        The unit of the values; PERCENT takes the log-odds.

    Returns
    -------
    float or None
        None where a value has no logarithm: 0, or 100 %.

    Examples
    --------
    >>> print(f"{growth_per_day((12, 69.94), (14, 24.33), unit=Unit.PERCENT):.4f}")
    -0.9896
    """
    first, second = (_logarithm(value, unit) for _, value in (earlier, later))
    if first is None or second is None:
        return None
    return (second - first) / (later[0] - earlier[0])


def _logarithm(value: float, unit: Unit) -> float | None:
    if value <= 0 or (unit is Unit.PERCENT and value >= 100):
        return None
    return math.log(value / (100 - value)) if unit is Unit.PERCENT else math.log(value)
