"""The course that most of a tube follows: level where it is stable, sloping where it drifts.

A tube is compared with this course and not with one level: a laser that fades, cells that sink,
a rate that falls move every tube a little from start to end. That is told as drift; leaving
half of a tube out for it would be wrong. What leaves the course faster than a drift is a fault.

Method: walk through blocks of one percent of the tube and let the course follow them, at a
limited speed, only while no feature is far away; behind a jump it stands still until the
signals come back. Walk so from nine places in both directions and keep the walk that had to
stand still least: that one began in the undisturbed part. The course lags three blocks behind,
so that a fast slope is seen as a departure before the course has learnt it.

Why not a line or a smooth curve fitted with robust weights: it has to be stiff for a tail that
jumped, and then it misses a drift in half of the tube; where it bends, it follows the jump.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Features = NDArray[np.float64]

_BLOCKS = 100
_FEWEST_BINS = 3  # in a block
_PLACES = 9
# what the course takes over of the difference to the next block; its fastest, in a whole tube
_TAKEN_OVER, _FASTEST = 0.5, 4.0
_LAG = 3
_FAR, _FAR_SD = 0.14, 5.0
_NEAR, _FAR_OF_THREE_SD = 0.06, 4.0
_SLOPE, _MOST_SLOPE = 6.0, 0.25


def usual_course(features: Features, noise: Features) -> Features:
    """Return the usual value of every feature in every bin.

    Parameters
    ----------
    features : (m, N) array
        Along time, N at least 3.
    noise : (m,) array
        Standard deviation of each feature in a stable tube.

    Returns
    -------
    (m, N) array

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> jumps = rng.normal(0.0, 0.05, (1, 600)) + np.where(np.arange(600) < 400, 0.0, 1.0)
    >>> bool(np.abs(usual_course(jumps, np.array([0.05]))).max() < 0.1)
    True
    """
    n_bins = features.shape[1]
    size = max(_FEWEST_BINS, round(n_bins / _BLOCKS))
    starts = np.arange(0, max(n_bins - size + 1, 1), size)
    widths = np.diff(np.append(starts, n_bins))
    blocks = (np.add.reduceat(features, starts, axis=1) / widths).T
    walk = _Walk(blocks, noise / np.sqrt(size))
    course = walk.best()
    middles = starts + (widths - 1) / 2.0
    bins = np.arange(n_bins)
    return np.array([np.interp(bins, middles, one) for one in course.T])


class _Walk:
    """Walks from several places over blocks, (B, m), all at once."""

    def __init__(self, blocks: Features, noise: Features) -> None:
        self.blocks = blocks
        n_blocks = len(blocks)
        # the fewer blocks a tube has, the more a drift differs from one to the next
        slope = min(_SLOPE / n_blocks, _MOST_SLOPE)
        self.far = np.maximum(_FAR + slope, _FAR_SD * noise)
        self.far_of_three = np.maximum(_NEAR + slope, _FAR_OF_THREE_SD * noise / np.sqrt(3.0))
        self.speed = _FASTEST / n_blocks
        places = np.linspace(0, n_blocks - 1, _PLACES + 2)[1:-1]
        self.places = np.unique(places.round().astype(np.intp))
        padded = np.pad(blocks, ((2, 2), (0, 0)), mode="edge")
        threes = (padded[:-2] + padded[1:-1] + padded[2:]) / 3.0
        self.ahead, self.behind = threes[2:], threes[:-2]

    def best(self) -> Features:
        """Return the course, (B, m), of the walk that stood still least."""
        n_blocks, n_features = self.blocks.shape
        course = np.empty((len(self.places), n_blocks, n_features))
        stood = np.zeros((len(self.places), n_blocks), dtype=np.bool_)
        self._go(range(n_blocks), self.ahead, 1, (course, stood))
        self._go(range(n_blocks - 1, -1, -1), self.behind, -1, (course, stood))
        best: Features = course[int(stood.sum(axis=1).argmin())]
        return best

    def _go(
        self,
        numbers: Iterable[int],
        three: Features,
        direction: int,
        out: tuple[Features, NDArray[np.bool_]],
    ) -> None:
        course, stood = out
        level = np.array(
            [np.median(self.blocks[max(0, at - 2) : at + 3], axis=0) for at in self.places]
        )
        past = [level] * (_LAG + 1)
        for at in numbers:
            begun = direction * (at - self.places) >= 0
            difference = self.blocks[at] - level
            away = np.abs(difference) > self.far
            away |= np.abs(three[at] - level) > self.far_of_three
            still = away.any(axis=1)
            step = np.clip(_TAKEN_OVER * difference, -self.speed, self.speed)
            level = level + np.where((begun & ~still)[:, np.newaxis], step, 0.0)
            past = [*past[1:], level]
            course[begun, at] = past[0][begun]
            stood[begun, at] = still[begun]
