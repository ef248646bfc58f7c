"""The units carflow reports in, and the only conversions between them.

Plain numbers carry their unit in their name (``blood_ul``, ``cells_per_ul``); reported
numbers carry it as `Unit`. There is no unit library: a dozen units do not pay for one.
"""

from __future__ import annotations

from enum import StrEnum


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
