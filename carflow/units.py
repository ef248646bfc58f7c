"""The units carflow reports in, the only conversions between them, and numbers in sentences.

Plain numbers carry their unit in their name (``blood_ul``, ``cells_per_ul``); reported
numbers carry it as `Unit`. There is no unit library: a dozen units do not pay for one.
"""

from __future__ import annotations

import math
from enum import StrEnum

_LEAST_WITHOUT_POWER = 1e-4


class Unit(StrEnum):
    """A unit as it is printed."""

    NONE = ""
    PERCENT = "%"
    CELLS_PER_UL = "cells/µL"
    COPIES_PER_UG = "copies/µg"
    COPIES_PER_GENOME = "copies/genome"
    COPIES_PER_CELL = "copies/cell"
    COPIES_PER_UL = "copies/µL"
    INTENSITY = "a.u."
    MESF = "MESF"
    RATIO = "ratio"
    DAY = "d"
    PER_DAY = "1/d"
    PERCENT_DAY = "%·d"
    CELLS_DAY_PER_UL = "cells·d/µL"
    COPIES_DAY_PER_UG = "copies·d/µg"
    VALUE_DAY = "value·d"
    DOUBLINGS = "doublings"
    LOG_ODDS = "ln odds"


_OVER_TIME = {
    Unit.PERCENT: Unit.PERCENT_DAY,
    Unit.CELLS_PER_UL: Unit.CELLS_DAY_PER_UL,
    Unit.COPIES_PER_UG: Unit.COPIES_DAY_PER_UG,
}


def area_unit(unit: Unit) -> Unit:
    """Return the unit of an area under a curve of `unit` against days.

    Examples
    --------
    >>> str(area_unit(Unit.PERCENT))
    '%·d'
    """
    return _OVER_TIME.get(unit, Unit.VALUE_DAY)


def per_ul_from_1e9_per_l(value_1e9_per_l: float) -> float:
    """Convert a haematology count [10⁹/L] to cells/µL.

    Examples
    --------
    >>> per_ul_from_1e9_per_l(2.1)
    2100.0
    """
    return value_1e9_per_l * 1000.0


def ul_from_nl(volume_nl: float) -> float:
    """Convert nanolitres to microlitres.

    Examples
    --------
    >>> ul_from_nl(10666.0)
    10.666
    """
    return volume_nl / 1000.0


def significant(value: float, digits: int = 3) -> str:
    """Return a number for a sentence: some significant digits, and no power of ten if it is large.

    Examples
    --------
    >>> significant(0.12345), significant(1163.2), significant(99.96, 2), significant(-20.0)
    ('0.123', '1,160', '100', '-20')
    >>> significant(1e-7), significant(float("inf"))
    ('1e-07', 'inf')
    """
    if not math.isfinite(value) or abs(value) < _LEAST_WITHOUT_POWER:
        return f"{value:.{digits}g}"
    rounded = float(f"{value:.{digits}g}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    text = f"{rounded:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text
