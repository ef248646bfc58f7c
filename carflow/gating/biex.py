"""FlowJo's biexponential axis: a table of 4097 points with straight lines between them.

Its maker never published it; FlowKit knows it, and is imported when the table is first asked
for. It is no scale of Gating-ML. Beyond its ends every value is at the end.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

_Values = NDArray[np.float64]

_BIEX_TOP = 4096.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Biex:
    """FlowJo's biexponential, from 0 to 4096.

    Examples
    --------
    >>> Biex(negative=0.0, width=-10.0, positive=4.41854, t=262144.000029).axis
    (0.0, 4096.0)
    """

    negative: float
    width: float
    positive: float
    t: float
    kind: Literal["biex"] = "biex"

    def __post_init__(self) -> None:
        known = 0.0 <= self.negative < 100.0 and 0.0 < self.positive < 100.0
        if not (known and -math.inf < self.width < 0.0 < self.t < math.inf):
            raise ValueError(
                f"a FlowJo biexponential has no negative ({self.negative:g}), width "
                f"({self.width:g}), positive ({self.positive:g}) and top ({self.t:g}) like these"
            )

    @property
    def axis(self) -> tuple[float, float]:
        """Lower and upper end of a plot's axis, in scale coordinates."""
        return 0.0, _BIEX_TOP

    def forward(self, values: _Values) -> _Values:
        """Return scale coordinates of linear values; NaN for non-finite ones."""
        linear, scaled = _biex_table(self)
        there = np.asarray(values, dtype=np.float64)
        return np.where(np.isfinite(there), np.interp(there, linear, scaled), np.nan)

    def inverse(self, values: _Values) -> _Values:
        """Return the linear values of scale coordinates; infinities stay infinite."""
        linear, scaled = _biex_table(self)
        places = np.asarray(values, dtype=np.float64)
        return np.where(np.isfinite(places), np.interp(places, scaled, linear), places)


@lru_cache(maxsize=64)
def _biex_table(scale: Biex) -> tuple[_Values, _Values]:
    """Return the points between which FlowJo draws straight lines, linear and scaled."""
    with warnings.catch_warnings():
        # FlowKit's own imports warn about what their authors have yet to change
        warnings.simplefilter("ignore", DeprecationWarning)
        import flowkit
    table = flowkit.transforms.WSPBiexTransform(
        negative=scale.negative, width=scale.width, positive=scale.positive, max_value=scale.t
    )
    places = np.linspace(0.0, _BIEX_TOP, 4097)
    linear = np.asarray(table.inverse(places), dtype=np.float64)
    if not (np.isfinite(linear).all() and (np.diff(linear) > 0.0).all()):
        raise ValueError("a FlowJo biexponential of these parameters does not rise")
    return linear, places
