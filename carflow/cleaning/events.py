"""Which single events to believe: finite values, and values at the top of the detector.

Nothing is cut here; masks and counts only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from carflow.fcs.block import Stored


def finite_events(columns: Sequence[Stored]) -> NDArray[np.bool_]:
    """Tell for each event whether all its values are numbers.

    Parameters
    ----------
    columns : sequence of (m,) arrays
        One or more channels of m events.

    Returns
    -------
    (m,) array of bool

    Examples
    --------
    >>> finite_events(np.array([[1.0, np.nan, 3.0], [1.0, 2.0, np.inf]]))
    array([ True, False, False])
    """
    finite = np.isfinite(columns[0])
    for column in columns[1:]:
        finite &= np.isfinite(column)
    return finite


def top_of(range_max: float) -> float:
    """Return where the upper margin of a channel begins: ``range - 1``; inf where it has none.

    Parameters
    ----------
    range_max : float
        $PnR as a scale value; one that is not above 1 has no margin.

    Examples
    --------
    >>> top_of(1024.0), top_of(1.0)
    (1023.0, inf)
    """
    return range_max - 1.0 if range_max > 1.0 else math.inf


def saturated_count(column: Stored, range_max: float) -> int:
    """Count the events on the upper margin of a channel, ``x ≥ range - 1``.

    Parameters
    ----------
    column : (m,) array
        Values as acquired (not compensated).
    range_max : float
        $PnR of the channel, in the same units.

    Returns
    -------
    int
        Non-finite values are not counted.

    Examples
    --------
    >>> saturated_count(np.array([10.0, 1023.0, 1024.0]), 1024.0)
    2
    """
    reached = (column >= np.float64(top_of(range_max))) & np.isfinite(column)
    return int(np.count_nonzero(reached))
