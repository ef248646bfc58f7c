"""Events per second along the acquisition: looked at and told, never a reason to leave events out.

A rate matters for counts by volume, hardly for percentages and counts by beads; it also says
where to look when the signals changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

_BLOCKS = 40
_HALF_WINDOW = 10  # blocks: half of the tube is looked at for the usual rate
_LIMIT_SD = 6.0
_LEAST_CHANGE = float(np.log(1.5))
_MOST_POINTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRate:
    """Rates of a tube.

    Parameters
    ----------
    median_per_s, lowest_per_s, highest_per_s : float
        Of all bins [events/s].
    unusual_pct : float
        Events acquired at a rate that left the usual course [% of events].
    unusual_s : tuple of (float, float)
        When that was [s from the first event].
    trace_s, trace_per_s : tuple of float
        At most 200 points: middle of a stretch of time [s], its rate [events/s].
    """

    median_per_s: float
    lowest_per_s: float
    highest_per_s: float
    unusual_pct: float
    unusual_s: tuple[tuple[float, float], ...]
    trace_s: tuple[float, ...]
    trace_per_s: tuple[float, ...]


def flow_rate(times_s: Values, starts: NDArray[np.intp]) -> FlowRate | None:
    """Return the rates of a tube, None where time stands still.

    Parameters
    ----------
    times_s : (n,) array
        Sorted [s].
    starts : (N,) array of int
        The first event of every bin.

    Examples
    --------
    >>> even = np.arange(2_000) / 100.0
    >>> found = flow_rate(even, np.arange(0, 2_000, 100))
    >>> found.median_per_s, found.unusual_pct
    (100.0, 0.0)
    """
    counts = np.diff(np.append(starts, len(times_s))).astype(np.float64)
    edges = np.append(times_s[starts], _end(times_s)) - times_s[0]
    lengths = np.diff(edges)
    if len(lengths) < 2 or not (lengths > 0.0).all():
        return None
    rates = counts / lengths
    unusual = _unusual(np.log(rates), counts)
    trace_s, trace_per_s = _trace(edges, counts)
    return FlowRate(
        median_per_s=_rounded(float(np.median(rates))),
        lowest_per_s=_rounded(float(rates.min())),
        highest_per_s=_rounded(float(rates.max())),
        unusual_pct=100.0 * float(counts[unusual].sum()) / len(times_s),
        unusual_s=tuple(
            (_rounded(float(edges[i])), _rounded(float(edges[j]))) for i, j in runs_of(unusual)
        ),
        trace_s=trace_s,
        trace_per_s=trace_per_s,
    )


def runs_of(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the runs of True as half-open ranges.

    Examples
    --------
    >>> runs_of(np.array([True, True, False, True]))
    [(0, 2), (3, 4)]
    """
    steps = np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))
    begins, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    return [(int(i), int(j)) for i, j in zip(begins, ends, strict=True)]


def _end(times_s: Values) -> float:
    """Return when the last bin ends: one mean wait after the last event."""
    span = float(times_s[-1] - times_s[0])
    return float(times_s[-1]) + span / max(len(times_s) - 1, 1)


def _unusual(logs: Values, counts: Values) -> NDArray[np.bool_]:
    steps = np.diff(logs)
    spread = 1.4826 * float(np.median(np.abs(steps - np.median(steps)))) / np.sqrt(2.0)
    noise = max(1.0 / np.sqrt(float(counts.mean())), spread)
    away = np.abs(logs - _usual_course(logs))
    return np.asarray(away > max(_LIMIT_SD * noise, _LEAST_CHANGE), dtype=np.bool_)


def _usual_course(logs: Values) -> Values:
    """Return the running median over half of the tube: a tube that empties slows down."""
    parts = np.array_split(logs, min(_BLOCKS, len(logs)))
    medians = np.array([np.median(part) for part in parts])
    middles = np.cumsum([len(part) for part in parts]) - np.array([len(p) for p in parts]) / 2 - 0.5
    course = [
        np.median(medians[max(0, at - _HALF_WINDOW) : at + _HALF_WINDOW + 1])
        for at in range(len(medians))
    ]
    usual: Values = np.interp(np.arange(len(logs)), middles, course)
    return usual


def _trace(edges: Values, counts: Values) -> tuple[tuple[float, ...], tuple[float, ...]]:
    step = -(-len(counts) // _MOST_POINTS)
    begins = np.arange(0, len(counts), step)
    bounds = np.append(edges[begins], edges[-1])
    rates = np.add.reduceat(counts, begins) / np.diff(bounds)
    middles = (bounds[:-1] + bounds[1:]) / 2.0
    return tuple(map(_rounded, middles.tolist())), tuple(map(_rounded, rates.tolist()))


def _rounded(value: float) -> float:
    """Return six significant digits: more would only make result.json longer."""
    return float(f"{value:.6g}")
