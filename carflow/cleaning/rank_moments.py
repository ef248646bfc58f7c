"""The course of a tube through time, bin by bin, in ranks: the same for every scale.

Every value is replaced by its mid-rank among all values of its channel, spread over -1 to 1,
and every bin by the means of the first three orthonormal Legendre polynomials of the ranks:
location, spread and skew. In a stable tube each of them is normal with variance 1/e for e
events in a bin, whatever the distribution of the channel, its scale, its gain or its
compensation: thresholds can be told in advance and no peak has to be found.

Decision: ranks are looked up by the upper 16 bits of a single-precision number, that is sign,
exponent and seven bits: steps of 0.8 % of the value at every brightness. A table over an even
grid would see the dim half of a channel as one value; sorting costs ten times as much.

Why values at the top of the range stay in: among ranks they are ties and disturb nothing, and
an air bubble that saturates every channel would vanish if they were left out. Values that are
no numbers have no rank and are left out of their channel.

References
----------
Legendre moments: Szegő G. Orthogonal Polynomials. AMS 1939. Mid-ranks: Lehmann EL.
Nonparametrics: statistical methods based on ranks. Holden-Day 1975.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.fcs.block import Stored


Keys = NDArray[np.uint16]
Features = NDArray[np.float64]

POLYNOMIALS = 3
_KEYS = 1 << 16
_NEGATIVE_ZERO, _INFINITE = 0x8000, 0x7F80
# keys of numbers in rising order: negative ones run backwards
_RISING = np.concatenate(
    [np.arange(_NEGATIVE_ZERO + _INFINITE - 1, _NEGATIVE_ZERO - 1, -1), np.arange(_INFINITE)]
)
# names of what is no light: clocks, numbers of events, results of sorting, widths of pulses
_NO_LIGHT = re.compile(
    r"time|hdr|event|index|number|classif|sort|width|\bid\b|_id$|[-. ]w$", re.IGNORECASE
)
_PULSE = re.compile(r"[-. ](a|h)$", re.IGNORECASE)


def judged_channels(channels: Sequence[str], *, time_channel: str | None = None) -> tuple[str, ...]:
    """Return the channels worth following through time, in the order of the file.

    Areas of scatter and fluorescence; a height stands in where a detector has no area. No
    width, no clock, no number of an event.

    Examples
    --------
    >>> judged_channels(("FSC-A", "FSC-H", "FSC-W", "FL1-H", "FL2", "HDR-T", "Time"))
    ('FSC-A', 'FL1-H', 'FL2')
    """
    light = [name for name in channels if name != time_channel and not _NO_LIGHT.search(name)]
    areas = {_PULSE.sub("", name).casefold() for name in light if _pulse(name) == "a"}
    return tuple(
        name
        for name in light
        if _pulse(name) != "h" or _PULSE.sub("", name).casefold() not in areas
    )


def _pulse(name: str) -> str:
    found = _PULSE.search(name)
    return found[1].casefold() if found else ""


def rank_keys(values: Stored) -> Keys:
    """Return what is kept of values to rank them: the upper half of a single-precision number.

    Parameters
    ----------
    values : (..., m) array
        Values of any scale.

    Examples
    --------
    >>> rank_keys(np.array([1.0, 1.001, 1.01])).tolist()
    [16256, 16256, 16257]
    """
    with np.errstate(over="ignore"):  # beyond single precision is beyond any detector
        single = np.ascontiguousarray(values, dtype="<f4")
    return single.view("<u2")[..., 1::2]


class Ranks:
    """The mid-ranks of one channel, looked up by key.

    Parameters
    ----------
    keys : (n,) array
        Of all events of the tube, in any order.

    Examples
    --------
    >>> keys = rank_keys(np.array([-5.0, 10.0, 10.0, 1e6]))
    >>> Ranks(keys).of(keys).tolist()
    [-0.75, 0.0, 0.0, 0.75]
    """

    __slots__ = ("_table", "is_constant", "n_without")

    def __init__(self, keys: Keys) -> None:
        counts = np.bincount(keys, minlength=_KEYS)
        counts[0] += counts[_NEGATIVE_ZERO]
        counts[_NEGATIVE_ZERO] = 0
        ordered = counts[_RISING]
        ranked = np.cumsum(ordered)
        total = int(ranked[-1])
        self.is_constant = int(np.count_nonzero(ordered)) < 2
        self.n_without = len(keys) - total  # without a rank, because they are no numbers
        table = np.zeros(_KEYS, dtype=np.float32)
        table[_RISING] = (2.0 * ranked - ordered) / max(total, 1) - 1.0
        table[_NEGATIVE_ZERO] = table[0]
        self._table = table

    def of(self, keys: Keys) -> NDArray[np.float32]:
        """Return mid-ranks from -1 to 1; 0 for what is no number."""
        # every key is in the table: wrapping spares the test of each
        return self._table.take(keys, mode="wrap")


def has_rank(keys: Keys) -> NDArray[np.bool_]:
    """Tell which values are numbers.

    Examples
    --------
    >>> has_rank(rank_keys(np.array([1.0, np.nan, -np.inf]))).tolist()
    [True, False, False]
    """
    ranked: NDArray[np.bool_] = (keys & np.uint16(_INFINITE)) != _INFINITE
    return ranked


def legendre(ranks: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the first three orthonormal Legendre polynomials, (3, n), of ranks from -1 to 1.

    Examples
    --------
    >>> legendre(np.array([1.0], dtype=np.float32)).round(3).ravel().tolist()
    [1.732, 2.236, 2.646]
    """
    u = ranks.astype(np.float64)
    return _polynomials(u, u * u, u * u * u)


def _polynomials(first: Features, second: Features, third: Features) -> Features:
    """Return the polynomials of one rank, or their means from the mean powers of many."""
    return np.stack(
        [
            np.sqrt(3.0) * first,
            np.sqrt(5.0) * (3.0 * second - 1.0) / 2.0,
            np.sqrt(7.0) * (5.0 * third - 3.0 * first) / 2.0,
        ]
    )


def bin_moments(keys: Keys, ranks: Ranks, starts: NDArray[np.intp]) -> Features:
    """Return the mean polynomials of every bin, (3, N).

    Parameters
    ----------
    keys : (n,) array
        One channel, in the order of time.
    ranks : Ranks
        Of this channel.
    starts : (N,) array of int
        The first event of every bin; the first bin starts at 0.

    Returns
    -------
    (3, N) array
        0, as in a stable tube, for a bin without a number.
    """
    counts = np.diff(np.append(starts, len(keys))).astype(np.float64)
    if ranks.n_without:
        counts = np.add.reduceat(has_rank(keys), starts, dtype=np.float64)
    whole = np.maximum(counts, 1.0)
    u = ranks.of(keys)
    power = u.copy()
    means = []
    for _ in range(POLYNOMIALS):
        means.append(np.add.reduceat(power, starts) / whole)
        power *= u
    moments = _polynomials(*(np.asarray(mean, dtype=np.float64) for mean in means))
    moments[:, counts == 0.0] = 0.0
    return moments


def bin_starts(
    times: NDArray[np.float64] | None, n_events: int, *, size: int = 0
) -> NDArray[np.intp]:
    """Return the first event of every bin, (N,).

    At most 800 bins of at least 125 events (50 in small tubes). A bin ends where time goes on,
    so that intervals of time hold whole bins.

    Parameters
    ----------
    times : (n,) array or None
        Sorted; None cuts by the number of events alone.
    n_events : int
        All events.
    size : int
        Events in a bin, if not these.

    Examples
    --------
    >>> bin_starts(None, 400).tolist()
    [0, 50, 100, 150, 200, 250, 300, 350]
    >>> bin_starts(np.repeat(np.arange(4.0), 100), 400).tolist()
    [0, 100, 200, 300]
    """
    size = size or events_per_bin(n_events)
    wanted = np.arange(size, n_events - size // 2, size)
    if times is None:
        return np.concatenate([[0], wanted]).astype(np.intp)
    changes = np.flatnonzero(np.diff(times) > 0.0) + 1
    places = np.searchsorted(changes, wanted)
    cuts = np.unique(changes[places[places < len(changes)]])
    if len(cuts) and n_events - cuts[-1] < size / 2:
        cuts = cuts[:-1]
    return np.concatenate([[0], cuts]).astype(np.intp)


def events_per_bin(n_events: int) -> int:
    """Return the events a bin holds, unless one tick of time holds more."""
    return max(50 if n_events < 10_000 else 125, -(-n_events // 800))
