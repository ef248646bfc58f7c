"""Whether a departure came at once or slowly: a fault is left out, a drift is told and stays in.

One question only, put to each end of a departure: is a short ramp the better description of what
the signals did there, or a long one? The answer does not depend on the size of the tube, nor on
the shape of a drift: one that begins late, ends early or runs in a curve is a long ramp, too.

Decisions
---------
* Short is up to 9 % of the tube, long from 16 % on: the flank of a clog is 8 % at most, a stream
  that settles takes as long; a laser that fades takes longer than either.
* A ramp has to lie within the tube: of one that is cut off at its end, nobody can tell how long
  it would have been, and a stream that settles in the first events would be called a drift.
* In doubt it is a drift: to leave half of a tube out for nothing is worse than to leave in what
  a finding tells.
* What comes and goes within a fifth of the tube is no drift, however its flanks run.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Answers = NDArray[np.float64]
Flags = NDArray[np.bool_]

_SHORT = (0.0, 0.03, 0.06, 0.09)
_LONG = (0.16, 0.22, 0.3, 0.45, 0.65, 0.9, 1.0)
_BRIEF = 0.2
_RETURNED = 0.5  # of the height of a departure may be left behind it
_BESIDE = 0.5  # of its length is looked at on either side
_CLEARLY = 10.0  # twice the logarithm of the likelihood ratio: 150 to 1
_OF_WHOLE = 0.6  # of how far it is from the rest of the tube, it must be from its neighbours
_SEEN = 0.5  # of what is looked at, for a level to be known
_POINTS = 100  # a tube is looked at in so many parts
_FINE, _COARSE = 150, 50  # places of a short and of a long ramp


def came_at_once(answers: Answers, begin: int, end: int, others: Flags) -> bool:
    """Tell whether the signals left their level at once, and came back so.

    Parameters
    ----------
    answers : (N,) array
        The response of every bin of a tube to the pattern of the departure, with unit variance.
    begin, end : int
        Its bins, half-open. An end of the tube is no end of the departure.
    others : (N,) array of bool
        Bins of other departures; what lies behind them is not looked at.

    Examples
    --------
    >>> at = np.arange(200)
    >>> jump, slope = np.where(at < 150, 0.0, 5.0), np.clip(at - 100.0, 0.0, 80.0) / 16.0
    >>> nothing = np.zeros(200, dtype=bool)
    >>> came_at_once(jump, 150, 200, nothing), came_at_once(slope, 150, 200, nothing)
    (True, False)
    """
    n_bins = len(answers)
    if _came_and_went(answers, begin, end, others):
        return True
    middle = (begin + end) // 2
    ends = []
    if end < n_bins:
        inner = 0 if begin == 0 else min(middle, end - 1)
        stop = _free(others, end, n_bins, 1)
        ends.append(answers[inner:stop])
    if begin > 0:
        inner = n_bins if end == n_bins else max(middle, begin) + 1
        start = _free(others, begin - 1, -1, -1) + 1
        ends.append(answers[start:inner][::-1])
    return all(_is_short(one, n_bins) for one in ends)


def _came_and_went(answers: Answers, begin: int, end: int, others: Flags) -> bool:
    """Tell whether a departure is brief, and the tube beside it as it is elsewhere."""
    if begin == 0 or end == len(answers) or end - begin > _BRIEF * len(answers):
        return False
    reach = max(3, round(_BESIDE * (end - begin)))
    before = answers[max(0, begin - reach) : begin][~others[max(0, begin - reach) : begin]]
    after = answers[end : end + reach][~others[end : end + reach]]
    if min(len(before), len(after)) < _SEEN * reach:
        return False
    elsewhere = ~others
    elsewhere[begin:end] = False
    left, right, inside = (float(one.mean()) for one in (before, after, answers[begin:end]))
    height = inside - (left + right) / 2.0
    whole = inside - float(answers[elsewhere].mean())
    returned = abs(right - left) <= _RETURNED * abs(height)
    return returned and height * whole >= _OF_WHOLE * whole**2


def _free(others: Flags, start: int, stop: int, step: int) -> int:
    """Return the first bin from `start` on that belongs to another departure, or `stop`."""
    taken = np.flatnonzero(others[start : None if stop < 0 else stop : step])
    return start + step * int(taken[0]) if len(taken) else stop


def _is_short(answers: Answers, n_bins: int) -> bool:
    """Tell whether a short ramp explains clearly more than a long one, seen from inside out."""
    width = max(1, min(n_bins // _POINTS, len(answers) // 2))
    whole = len(answers) // width * width
    points = answers[:whole].reshape(-1, width).mean(axis=1)
    centred, n_whole = points - points.mean(), n_bins / width
    short = max(_explained(centred, length * n_whole, _FINE) for length in _SHORT)
    long = max(_explained(centred, length * n_whole, _COARSE) for length in _LONG)
    return width * (short - long) > _CLEARLY


def _explained(centred: Answers, length: float, places: int) -> float:
    """Return the sum of squares that the best ramp of a length explains; 0 if it does not fit."""
    n = len(centred)
    if length > n:
        return 0.0
    middles = np.arange(length / 2.0, n - length / 2.0 + 1e-9, max(0.5, n / places))
    away = np.arange(n) + 0.5 - middles[:, np.newaxis]
    ramps = np.clip(away / max(length, 1e-6) + 0.5, 0.0, 1.0)
    ramps -= ramps.mean(axis=1, keepdims=True)
    squares = np.einsum("ij,ij->i", ramps, ramps)
    gained = (ramps @ centred) ** 2 / np.maximum(squares, 1e-12)
    return float(gained.max())
