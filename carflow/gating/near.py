"""Linear values that are known well enough to decide about most events, and how to know the rest.

A comparison rarely needs the last digits. `Near` holds values in 32 bits, or in 64, with how far
they may be off; who meets an event closer to a bound than that asks for its exact value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carflow.fcs.block import Stored
from carflow.gating.scales import Values


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Linear values of some events.

    Parameters
    ----------
    values : (k,) array of float32 or float64
        Never written to.
    exact : callable
        Returns the exact values, float64, of the events with these numbers.
    slack : float
        No value is farther than this from the exact one; 0 where they are the same numbers.
    """

    values: Stored
    exact: Callable[[NDArray[np.intp]], Values]
    slack: float = 0.0


def near(values: Stored) -> Near:
    """Return exact values as they are.

    Examples
    --------
    >>> near(np.array([1.0, 2.5])).exact(np.array([1])).tolist()
    [2.5]
    """
    return Near(values, lambda numbers: values[numbers].astype(np.float64))
