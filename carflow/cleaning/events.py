"""Which single events to believe: finite values, and values at the top of the detector.

Nothing is cut here; masks and counts only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def finite_events(columns: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell for each event whether all its values are numbers.

    Parameters
    ----------
    columns : (k, m) array
        k channels of m events.

    Returns
    -------
    (m,) array of bool

    Examples
    --------
    >>> finite_events(np.array([[1.0, np.nan, 3.0], [1.0, 2.0, np.inf]]))
    array([ True, False, False])
    """
    finite = np.isfinite(columns)
    return np.asarray(finite.all(axis=0), dtype=np.bool_)


def saturated_counts(columns: NDArray[np.float64], ranges: Sequence[float]) -> NDArray[np.int64]:
    """Count for each channel the events on its upper margin, ``x ≥ range - 1``.

    Parameters
    ----------
    columns : (k, m) array
        k channels of m events, as acquired (not compensated).
    ranges : sequence of k float
        $PnR of each channel, in the same units; one that is not above 1 has no margin.

    Returns
    -------
    (k,) array of int
        Non-finite values are not counted.

    Examples
    --------
    >>> saturated_counts(np.array([[10.0, 1023.0, 1024.0]]), [1024.0])
    array([2])
    """
    tops = [top - 1.0 if top > 1.0 else np.inf for top in ranges]
    counted = [_at_least(column, top) for column, top in zip(columns, tops, strict=True)]
    return np.array(counted, dtype=np.int64)


def _at_least(column: NDArray[np.float64], top: float) -> int:
    """Count finite values from `top` on; most channels never get there, and one look shows it."""
    if not column.size or column.max() < top:
        return 0
    return int(np.count_nonzero((column >= top) & np.isfinite(column)))
