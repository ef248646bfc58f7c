"""All compensated dyes of the gates in one product of matrices, nearly, with the error's bound.

Decision: 32 bits, in pieces so small that the library behind numpy never starts threads for
them. The product is fast because its last bits do not matter: they depend on the processor,
and `slacks` says how far off they may be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carflow.gating.sources import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carflow.fcs.block import Block

_FEW_PRODUCTS = 200_000  # in one piece
_ROUNDING = 2.0**-23  # of a value of 32 bits, twice over
_SMALLEST = 2.0**-148  # twice what a value of 32 bits loses near 0
_SMALLEST_WEIGHT = 2.0**-126
_TOO_LARGE = 1e30  # sums of such numbers may leave the range of 32 bits
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """All dyes of some events, (k,) each, and how far the values of each may be off.

    A slack is infinite where numbers are too large for 32 bits, or are none.
    """

    values: Mapping[Source, NDArray[np.float32]]
    slacks: Mapping[Source, float]


class Dyes:
    """The sources that are sums of detectors, as one matrix.

    Parameters
    ----------
    sources : iterable of Source
        All sources of the gates; those without weights, and ratios, are not dyes.
    channels : sequence of str
        The channels of the tube, in its order.

    Attributes
    ----------
    all : tuple of Source
        The d dyes.
    detectors : tuple of str
        The k channels they are made of.
    weights : (d, k) array of float32
        What each detector adds to each dye.
    sizes : (k, d) array of float64
        The weights without their signs, a little larger, so that the rounding of a weight near 0
        is covered; infinite where 32 bits cannot hold one.
    """

    __slots__ = ("_events", "all", "detectors", "sizes", "weights")

    def __init__(self, sources: Iterable[Source], channels: Sequence[str]) -> None:
        unique = dict.fromkeys(sources)
        self.all = tuple(one for one in unique if one.weights and one.ratio is None)
        needed = {name for one in self.all for name, _ in one.weights}
        self.detectors = tuple(name for name in channels if name in needed)
        exact = np.zeros((len(self.detectors), len(self.all)))
        for place, one in enumerate(self.all):
            for name, weight in one.weights:
                exact[self.detectors.index(name), place] = weight
        with np.errstate(over="ignore"):
            self.weights = np.ascontiguousarray(exact.T, dtype=np.float32)
        sizes = np.abs(exact)
        self.sizes = np.where(sizes < _TOO_LARGE, sizes + _SMALLEST_WEIGHT, math.inf)
        self._events = max(64, _FEW_PRODUCTS // max(exact.size, 1))

    def __contains__(self, source: Source) -> bool:
        """Tell whether a source is one of them."""
        return source in self.all

    def compensated(self, block: Block, numbers: NDArray[np.intp] | None) -> Product:
        """Return all dyes of some events of a block."""
        rows = block.rows(self.detectors, numbers)
        values = np.empty((len(self.all), len(rows)), dtype=np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(rows), self._events):
                piece = rows[start : start + self._events].astype(np.float32, copy=False)
                np.matmul(self.weights, piece.T, out=values[:, start : start + self._events])
        return Product(
            dict(zip(self.all, values, strict=True)),
            self.slacks(block),
        )

    def slacks(self, block: Block) -> dict[Source, float]:
        """Return the bound of the rounding: of each weight, product and sum, and of the values.

        It holds for every event of the block, and is infinite where the product cannot be used.
        """
        largest = [max(map(abs, block.extremes(one))) for one in self.detectors]
        if not all(one <= _LARGEST for one in largest):  # weight 0 times infinite is no number
            return dict.fromkeys(self.all, math.inf)
        with np.errstate(invalid="ignore"):  # 0 times an infinite weight
            sums = np.array(largest) @ self.sizes
        roundings = (len(self.detectors) + 4) * _ROUNDING
        least = _SMALLEST * len(largest)
        return {
            one: float(roundings * total + least) if total < _TOO_LARGE else math.inf
            for one, total in zip(self.all, sums, strict=True)
        }
