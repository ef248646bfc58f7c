"""Whether a data set holds the events of another one again, in other numbers.

List mode files of Beckman Coulter hold a tube twice: as FCS 2.0 with 10 bits and as FCS 3.0 with
20. Counted together they would double every count. The evidence is in the events: of two data
sets with the same number of events, columns of one are columns of the other without their lowest
bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from carflow.fcs.layout import Column
    from carflow.fcs.sample import Sample

_ENOUGH_COLUMNS = 2
_ENOUGH_VALUES = 3
_SHARE = 0.999


def holds_same_events(first: Sample, second: Sample) -> bool:
    """Return whether at least two columns (or all) of the first stand in the second again."""
    if first.n_events != second.n_events or not first.size:
        return False
    with np.errstate(all="ignore"):
        return _enough_columns(first, second)


def _enough_columns(first: Sample, second: Sample) -> bool:
    telling = [
        column
        for column in first.layout.columns
        if len(np.unique(first.values(column))) >= min(_ENOUGH_VALUES, first.size)
    ]
    again = sum(_stands_in(first.values(column), column, second) for column in telling)
    return bool(telling) and again >= min(_ENOUGH_COLUMNS, len(telling))


def _stands_in(values: np.ndarray, column: Column, other: Sample) -> bool:
    for candidate in other.layout.columns:
        theirs = other.values(candidate)
        for finer in {1.0, _ratio(candidate, column)} - {0.0}:
            if np.mean(np.floor(theirs / finer) == values) >= _SHARE:
                return True
    return False


def _ratio(finer: Column, coarser: Column) -> float:
    """Return how many steps of the finer scale make one of the coarser, 0.0 if unknown."""
    if not coarser.parameter.range_max or not np.isfinite(finer.parameter.range_max):
        return 0.0
    return float(finer.parameter.range_max / coarser.parameter.range_max)
