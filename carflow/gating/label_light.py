"""How many positive cells lie below a cut, told by the brightness of those above it.

A cell shows its own light and that of its label; a control shows the first alone. What a tube
has above the cut beyond its own control are its positive cells. Their brightness there tells how
bright the label is (log-normal), and so how many cells are too dim for the cut.

Decisions
---------
* Each tube is compared with its own control: other gain or more light of the cells themselves on
  that day changes both alike.
* Only events above the cut are looked at. Below it the control's own cells decide, and those are
  never quite like the positive cells: activated cells glow more. Taking what exceeds the 95th
  percentile of the control for all positive cells told 2 to 3 % too many above the cut.
* What lies below the cut is an assumption about the shape of the label's light. Where one
  log-normal does not describe all of it, the dimmer part alone is described.
* Sensitivities of a lower cut are not told by the shape: the tubes must hold as many positive
  cells by either cut.

References
----------
Cohen AC. Estimating the mean and variance of normal populations from singly truncated samples.
Ann Math Stat 1950; 21:557-569.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtr

from carflow.gating.density import Values

if TYPE_CHECKING:
    from collections.abc import Sequence

INFORMATIVE = 0.05
"""The share of positive cells from which on a tube tells how bright they are."""

_LEAST_POSITIVE = 500  # positive cells above the cut, of all tubes together
_BINS = 24
_OWN_LIGHT = 32  # brightnesses that stand for the cells' own light
_PARTS = (1.0, 0.6, 0.4, 0.3)  # of the positive cells, from the cut on, that are described
_MOST_MISFIT = 1.8  # of chi² per degree of freedom
_LEAST_SHARE = 0.5  # more than half of the cells below the cut are not made up for
_STEP = 1e-3


class Pair(NamedTuple):
    """Linear brightness of the cells of a tube, (n,), and of its control, (m,)."""

    sample: Values
    control: Values


class Sensitivity(NamedTuple):
    """The share of positive cells above a cut, 0 to 1, with its standard error."""

    share: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Positive:
    """The positive cells of tubes in bins of brightness above a cut.

    Parameters
    ----------
    edges : (k + 1,) array
        Linear; the last one may be inf.
    counts, variances : (k,) array
        Events of all tubes that their controls do not explain.
    weights : (t,) array
        Their sum in each tube.
    own_light : list of (q,) arrays
        Brightness of each tube's control, evenly drawn.
    unlabelled : (t, k + 1) array
        The share of each control above every edge.
    """

    edges: Values
    counts: Values
    variances: Values
    weights: Values
    own_light: list[Values]
    unlabelled: Values

    def expected(self, light: Values) -> Values:
        """Return the counts expected of a log-normal label: log median and log of its log SD."""
        per_tube = [_above(self.edges, own, light) for own in self.own_light]
        shares = -np.diff(np.array(per_tube) - self.unlabelled, axis=1)
        totals = np.maximum(shares.sum(axis=1), 1e-9)
        expected: Values = (self.weights / totals) @ shares
        return expected

    def deviations(self, light: Values) -> Values:
        """Return counts less those expected, in standard errors."""
        deviations: Values = (self.counts - self.expected(light)) / np.sqrt(self.variances)
        return deviations

    def share_above(self, cut: float, light: Values) -> float:
        """Return the share of positive cells above a cut, over the tubes."""
        shares = [_above(np.array([cut]), own, light)[0] for own in self.own_light]
        return float(np.average(shares, weights=self.weights))


def sensitivity_of(pairs: Sequence[Pair], cut: float) -> Sensitivity | None:
    """Return the share of positive cells that lie above a cut.

    Parameters
    ----------
    pairs : sequence of Pair
        Tubes with their controls; those with less than a twentieth of positive cells are
        passed over.
    cut : float
        Linear.

    Returns
    -------
    Sensitivity or None
        None where it cannot be known: fewer than 500 positive cells above the cut, or less
        than half of all above it.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> own, control = rng.normal(100, 80, (2, 8000))
    >>> own[:4000] += rng.lognormal(7.0, 0.9, 4000)
    >>> truth = np.mean(own[:4000] >= 350.0)
    >>> found = sensitivity_of([Pair(own, control)], 350.0)
    >>> bool(abs(found.share - truth) < 2 * found.error), round(found.error, 3)
    (True, 0.004)
    """
    known = [one for one in pairs if _net(one, cut) >= INFORMATIVE]
    if sum(_net(one, cut) * one.sample.size for one in known) < _LEAST_POSITIVE:
        return None
    best: tuple[float, Sensitivity] | None = None
    for part in _PARTS:
        positive = _positive(known, cut, part)
        misfit, found = _described(positive, cut)
        if best is None or misfit < best[0]:
            best = misfit, found
        if misfit <= _MOST_MISFIT:
            best = misfit, found
            break
    return best[1] if best is not None and best[1].share >= _LEAST_SHARE else None


def lower_sensitivity(
    pairs: Sequence[Pair], cut: float, lower: float, known: Sensitivity
) -> Sensitivity | None:
    """Return the sensitivity of a lower cut by which tubes hold as many positive cells.

    Parameters
    ----------
    pairs : sequence of Pair
        As for `sensitivity_of`.
    cut, lower : float
        Linear.
    known : Sensitivity
        Of `cut`.

    Returns
    -------
    Sensitivity or None
        None where no share up to 1.1 makes both agree: the controls are none. Slightly above 1
        is possible where positive cells have more light of their own than the control's.
    """
    used = [one for one in pairs if _net(one, cut) >= INFORMATIVE]
    sizes = np.array([one.sample.size for one in used], dtype=np.float64)
    p, b = np.array([[_shares(one, place) for one in used] for place in (cut, lower)]).transpose(
        2, 0, 1
    )
    total = float(sizes @ ((p[0] - b[0]) / (known.share - b[0])))
    low, high = max(float(b[1].max()), 0.3) + 1e-6, 1.1
    if not _total(high, p[1], b[1], sizes) <= total <= _total(low, p[1], b[1], sizes):
        return None
    for _ in range(50):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _total(middle, p[1], b[1], sizes) > total else (low, middle)
    controls = np.array([one.control.size for one in used], dtype=np.float64)
    between = p[1] - p[0] + (b[1] - b[0]) * sizes / controls
    counting = math.sqrt(float(sizes @ between)) / float(sizes @ (p[1] - b[1]))
    error = low * math.hypot(counting, known.error / known.share)
    return Sensitivity(low, error)


def _total(share: float, p: Values, b: Values, sizes: Values) -> float:
    return float(sizes @ ((p - b) / (share - b)))


def _net(pair: Pair, cut: float) -> float:
    p, b = _shares(pair, cut)
    return p - b


def _shares(pair: Pair, cut: float) -> tuple[float, float]:
    return float(np.mean(pair.sample >= cut)), float(np.mean(pair.control >= cut))


def _positive(pairs: Sequence[Pair], cut: float, part: float) -> _Positive:
    """Return the positive cells from the cut on, to a share `part` of them."""
    above = np.concatenate([one.sample[one.sample >= cut] for one in pairs])
    edges = np.quantile(above, np.linspace(0.0, part, _BINS + 1))
    edges[0] = cut
    edges[-1] = edges[-1] if part < 1.0 else math.inf
    samples = np.array([_counts_above(one.sample, edges) for one in pairs])
    controls = np.array([_counts_above(one.control, edges) for one in pairs])
    ratios = np.array([one.sample.size / one.control.size for one in pairs])
    seen, empty = -np.diff(samples, axis=1), -np.diff(controls, axis=1)
    net = seen - ratios[:, np.newaxis] * empty
    evenly = (np.arange(_OWN_LIGHT) + 0.5) / _OWN_LIGHT
    return _Positive(
        edges=edges,
        counts=net.sum(axis=0),
        variances=np.maximum(seen.sum(axis=0) + ratios**2 @ empty, 1.0),
        weights=net.sum(axis=1),
        own_light=[np.quantile(one.control, evenly) for one in pairs],
        unlabelled=controls / np.array([[one.control.size] for one in pairs]),
    )


def _counts_above(values: Values, edges: Values) -> Values:
    counts: Values = values.size - np.searchsorted(np.sort(values), edges).astype(np.float64)
    return counts


def _above(edges: Values, own_light: Values, light: Values) -> Values:
    """Return the share of labelled cells above each edge."""
    needed = edges[:, np.newaxis] - own_light
    with np.errstate(divide="ignore"):
        logs = np.log(np.maximum(needed, 0.0))
    shares: Values = ndtr((light[0] - logs) / math.exp(light[1])).mean(axis=1)
    return shares


def _described(positive: _Positive, cut: float) -> tuple[float, Sensitivity]:
    """Return chi² per degree of freedom of the best log-normal, and the share above the cut."""
    from scipy.optimize import least_squares

    middle = float(positive.edges[_BINS // 2] - np.median(positive.own_light[0]))
    start = np.array([math.log(max(middle, 1.0)), math.log(0.8)])
    lowest, highest = start - np.array([3.0, 2.5]), start + np.array([3.0, 1.5])
    found = least_squares(positive.deviations, start, bounds=(lowest, highest))
    misfit = 2.0 * float(found.cost) / (_BINS - len(start) - 1)
    steps = np.eye(len(start)) * _STEP
    slope = np.array(
        [
            positive.share_above(cut, found.x + step) - positive.share_above(cut, found.x - step)
            for step in steps
        ]
    ) / (2.0 * _STEP)
    jacobian = np.asarray(found.jac, dtype=np.float64)
    variance = float(slope @ np.linalg.pinv(jacobian.T @ jacobian) @ slope)
    error = math.sqrt(variance * max(1.0, misfit))
    return misfit, Sensitivity(positive.share_above(cut, found.x), error)
