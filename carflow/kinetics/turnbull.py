"""The distribution of times that are known only to lie in intervals (Turnbull 1976).

The non-parametric maximum-likelihood estimate puts its mass on the *maximal intersections* of the
intervals: stretches that begin at a left end and end at the next right end. How the mass lies
inside such a stretch the data do not say, so a quantile is itself an interval.

The masses come from the EM algorithm of Turnbull (self-consistency)::

    p_j <- mean over i of  a_ij p_j / sum over k of a_ik p_k

(a_ij is 1 where stretch j lies in interval i), each step followed by one of a constrained Newton
method (Wang 2007): where a stretch has no mass, EM alone takes thousands of steps to say so. It
stops when no other distribution can have a log-likelihood higher by `TOLERANCE`: what is left is
at most n (max_j d_j - 1), with d_j the mean over i of a_ij / sum over k of a_ik p_k.

Why not a library: the one at hand calls its own fit experimental, and this is one page.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

TOLERANCE = 1e-7  # of the log-likelihood
_MOST_STEPS = 1_000
_CLOSED_LEFT, _RIGHT, _OPEN_LEFT = 0, 1, 2  # the order of ends that have the same value

_End = tuple[float, int]
Masses = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnbull:
    """The NPMLE: stretches in order, and the mass of each.

    Parameters
    ----------
    intervals : tuple of (float, float)
        The maximal intersections; the last may end at infinity.
    masses : tuple of float
        The probability of each; they sum to 1.
    n : int
        How many observations it rests on.
    gap : float
        No other distribution has a log-likelihood higher by more than this.
    """

    intervals: tuple[tuple[float, float], ...]
    masses: tuple[float, ...]
    n: int
    gap: float

    def quantile(self, share: float) -> tuple[float, float]:
        """Return the earliest and the latest time that can be this quantile.

        Parameters
        ----------
        share : float
            Between 0 and 1, both excluded; 0.5 is the median.

        Examples
        --------
        >>> fitted = turnbull([0, 2, 2], [1, 3, 3])
        >>> fitted.quantile(0.5)
        (2.0, 3.0)
        """
        if not 0 < share < 1:
            raise ValueError(f"a quantile lies between 0 and 1, got {share:g}")
        reached = np.cumsum(self.masses)
        first = int(np.searchsorted(reached, share - 1e-9))
        last = int(np.searchsorted(reached, share + 1e-9))
        ends = len(self.intervals) - 1
        return self.intervals[min(first, ends)][0], self.intervals[min(last, ends)][1]

    @property
    def median(self) -> tuple[float, float]:
        """The earliest and the latest time that can be the median."""
        return self.quantile(0.5)


def turnbull(lefts: Sequence[float], rights: Sequence[float], *, closed: bool = False) -> Turnbull:
    """Return the non-parametric maximum-likelihood estimate of interval-censored times.

    Parameters
    ----------
    lefts, rights : sequences of float, (n,)
        The ends of the intervals; a right end may be infinite. Equal ends are an exact time.
    closed : bool
        Whether an interval holds its left end. By default it does not: (left, right].

    Returns
    -------
    Turnbull

    Raises
    ------
    ValueError
        For no interval, columns of different length, or an interval that ends before it begins.

    References
    ----------
    Turnbull BW. J R Stat Soc B 1976;38:290–295. Peto R. Appl Stat 1973;22:86–91.
    Wang Y. J R Stat Soc B 2007;69:185–198.

    Examples
    --------
    >>> fitted = turnbull([0, 4, 2, 0, 2, 5], [1, 6, 6, 3, 4, 7], closed=True)
    >>> fitted.intervals
    ((0.0, 1.0), (2.0, 3.0), (4.0, 4.0), (5.0, 6.0))
    >>> [round(mass, 4) for mass in fitted.masses]
    [0.25, 0.25, 0.125, 0.375]
    """
    spans = _checked(lefts, rights)
    begins = [_begin(left, right, closed=closed) for left, right in spans]
    ends = [(right, _RIGHT) for _, right in spans]
    stretches = _maximal_intersections(begins, ends)
    inside = np.array(
        [
            [begin <= first and last <= end for first, last in stretches]
            for begin, end in zip(begins, ends, strict=True)
        ],
        dtype=float,
    )
    masses, gap = _fitted(inside)
    return Turnbull(
        intervals=tuple((first[0], last[0]) for first, last in stretches),
        masses=tuple(float(mass) for mass in masses),
        n=len(spans),
        gap=gap,
    )


def _checked(lefts: Sequence[float], rights: Sequence[float]) -> list[tuple[float, float]]:
    if len(lefts) != len(rights):
        raise ValueError(f"{len(lefts)} left ends, but {len(rights)} right ends")
    if not len(lefts):
        raise ValueError("no interval to estimate from")
    spans = [(float(left), float(right)) for left, right in zip(lefts, rights, strict=True)]
    for left, right in spans:
        if not left <= right or not math.isfinite(left):
            raise ValueError(f"an interval begins at a finite time and ends later: {left}, {right}")
    return spans


def _begin(left: float, right: float, *, closed: bool) -> _End:
    """Return where an interval begins; an exact time holds itself."""
    return left, _CLOSED_LEFT if closed or left == right else _OPEN_LEFT


def _maximal_intersections(begins: list[_End], ends: list[_End]) -> list[tuple[_End, _End]]:
    """Return every begin that is followed by an end, with that end, in order."""
    marks = sorted({*begins, *ends})
    return [
        (first, second)
        for first, second in pairwise(marks)
        if first[1] != _RIGHT and second[1] == _RIGHT
    ]


def _fitted(
    inside: NDArray[np.float64],
) -> tuple[Masses, float]:
    """Return the masses of the stretches by EM, and how far the likelihood may be from its top."""
    observations, stretches = inside.shape
    masses = np.full(stretches, 1.0 / stretches)
    gap = math.inf
    for _ in range(_MOST_STEPS):
        pull = (inside / (inside @ masses)[:, None]).mean(axis=0)
        gap = observations * (float(pull.max()) - 1.0)
        if gap < TOLERANCE:
            break
        masses = _newton(inside, masses * pull)
    return masses / masses.sum(), max(gap, 0.0)


def _newton(
    inside: NDArray[np.float64],
    masses: Masses,
) -> Masses:
    """Return masses no less likely: towards the top of the quadratic that fits the likelihood.

    That top is the p >= 0, summing to 1, which brings every sum_j a_ij p_j / (a_i p_now) nearest
    to 2. The sum is held by a row of large weight.
    """
    from scipy.optimize import nnls

    held = 1e4
    slopes = inside / (inside @ masses)[:, None]
    rows = np.vstack([slopes, np.full(len(masses), held)])
    target, _ = nnls(rows, np.append(np.full(len(inside), 2.0), held))
    step = target / target.sum() - masses
    now = np.log(inside @ masses).sum()
    for halvings in range(12):
        tried: Masses = np.maximum(masses + step / 2**halvings, 0.0)
        reached = inside @ tried
        if (reached > 0).all() and np.log(reached).sum() >= now:
            return tried
    return masses
