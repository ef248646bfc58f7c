"""A dilution series: whether counts per µL fall as the sample was diluted.

The line is drawn through ``log2(count)`` against ``log2(dilution)``; a count that is
proportional to what is in the tube has the slope −1.

Decisions
---------
- Least squares without weights: pipetting makes the residuals, not counting, and it is alike in
  every tube. What counting alone allows is carried along for the picture.
- Two things bend such a line, and both can be stated, neither is fitted. Events that are not of
  the sample (of the diluent, of noise near the threshold) do not dilute and flatten it: gate
  them out, or give the blank. Particles that pass while another is measured are lost at high
  rates and flatten it from the top: give the dead time of the instrument (`lost_share`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from carflow.measure import Measure
from carflow.quantify.intervals import Interval
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEWEST_TUBES = 3
EXACT_SLOPE = -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DilutionLine:
    """The line of a dilution series, with the counts it was drawn through.

    `dilutions` are factors (1 is undiluted), `per_ul` the counts after what was stated was taken
    off, `lows` and `highs` their intervals (empty where none were given). `slope` is the change
    of ``log2(count)`` for each doubling of the dilution.
    """

    dilutions: tuple[float, ...]
    per_ul: tuple[float, ...]
    slope: Measure
    intercept: float
    r_squared: float
    residual_sd: float
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()

    @property
    def fold_per_twofold(self) -> float:
        """By which factor the count falls when the dilution doubles; 2 is exact."""
        return math.exp2(-(self.slope.value or 0.0))

    @property
    def is_proportional(self) -> bool:
        """Whether the interval of the slope holds −1."""
        low, high = self.slope.low, self.slope.high
        return low is not None and high is not None and low <= EXACT_SLOPE <= high

    def expected_per_ul(self, dilution: float) -> float:
        """Return the count of the line at a dilution [1/µL]."""
        return math.exp2(self.intercept + (self.slope.value or 0.0) * math.log2(dilution))

    def interval_per_ul(self, dilution: float) -> Interval:
        """Return the 95 % interval of the line at a dilution [1/µL]."""
        steps = np.log2(self.dilutions)
        spread = float(((steps - steps.mean()) ** 2).sum())
        away = (math.log2(dilution) - float(steps.mean())) ** 2
        reach = float(stdtrit(len(steps) - 2, 0.975)) * self.residual_sd
        reach *= math.sqrt(1 / len(steps) + away / spread)
        centre = self.expected_per_ul(dilution)
        return Interval(centre * 2.0**-reach, centre * 2.0**reach)

    @property
    def residuals_pct(self) -> tuple[float, ...]:
        """How far each count lies from the line, in % of the line."""
        return tuple(
            100.0 * (count / self.expected_per_ul(dilution) - 1.0)
            for dilution, count in zip(self.dilutions, self.per_ul, strict=True)
        )


def dilution_line(
    dilutions: Sequence[float],
    per_ul: Sequence[float],
    *,
    lows: Sequence[float] | None = None,
    highs: Sequence[float] | None = None,
    blank_per_ul: float = 0.0,
    lost_shares: Sequence[float] | None = None,
) -> DilutionLine:
    """Return the line through the counts of a dilution series.

    Parameters
    ----------
    dilutions : sequence of float, (n,)
        Dilution factors above 0, such as 1, 2, 4; at least three tubes, two of them different.
    per_ul : sequence of float, (n,)
        Counts as measured, not multiplied by the dilution [1/µL], above 0.
    lows, highs : sequences of float, (n,), optional
        Intervals of the counts, for the picture; both or neither.
    blank_per_ul : float
        What the diluent alone shows in the same gate [1/µL]; taken off every count.
    lost_shares : sequence of float, (n,), optional
        The share of particles each tube lost to coincidence (`lost_share`).

    Raises
    ------
    ValueError
        For fewer tubes, columns of different length, or a count not above the blank.

    Examples
    --------
    >>> line = dilution_line([1, 2, 4, 8], [800.0, 410.0, 198.0, 101.0])
    >>> print(f"{line.slope.value:.3f} {line.fold_per_twofold:.3f} {line.is_proportional}")
    -1.001 2.001 True
    """
    steps, counts = _columns(dilutions, per_ul)
    kept = 1.0 - _shares(lost_shares, len(counts))
    counts = (counts - blank_per_ul) / kept
    if not (counts > 0).all():
        raise ValueError(
            f"a count of a dilution series lies above that of the blank, {blank_per_ul:g}/µL"
        )
    ends = [_ends(column, len(counts)) for column in (lows, highs)]
    if len(ends[0]) != len(ends[1]):
        raise ValueError("an interval has two ends: give lows and highs, or neither")
    y = np.log2(counts)
    spread = float(((steps - steps.mean()) ** 2).sum())
    slope = float(((steps - steps.mean()) * (y - y.mean())).sum()) / spread
    intercept = float(y.mean()) - slope * float(steps.mean())
    rest = y - intercept - slope * steps
    residual_sd = math.sqrt(float((rest**2).sum()) / (len(steps) - 2))
    reach = float(stdtrit(len(steps) - 2, 0.975)) * residual_sd / math.sqrt(spread)
    return DilutionLine(
        dilutions=tuple(float(2.0**step) for step in steps),
        per_ul=tuple(counts.tolist()),
        slope=Measure(unit=Unit.NONE, value=slope, low=slope - reach, high=slope + reach),
        intercept=intercept,
        r_squared=_r_squared(rest, y),
        residual_sd=residual_sd,
        lows=tuple(((ends[0] - blank_per_ul) / kept[: len(ends[0])]).tolist()),
        highs=tuple(((ends[1] - blank_per_ul) / kept[: len(ends[1])]).tolist()),
    )


def _r_squared(rest: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the share of the spread of `y` that the line explains; 0 where nothing spreads."""
    total = float(((y - y.mean()) ** 2).sum())
    rounding = len(y) * (4.0 * np.finfo(np.float64).eps * float(np.abs(y).max())) ** 2
    return 0.0 if total <= rounding else max(0.0, 1.0 - float((rest**2).sum()) / total)


def lost_share(events: int, seconds: float, *, dead_time_s: float) -> float:
    """Return the share of particles that passed while another one was being measured.

    An instrument that sees nothing for `dead_time_s` after each event is blind for the share
    ``events / seconds * dead_time_s`` of the time. The shortest gap between two events of a file
    bounds the dead time from above.

    Raises
    ------
    ValueError
        If the duration is not positive, or the instrument would be blind all the time.

    Examples
    --------
    >>> round(lost_share(20_000, 4.4133, dead_time_s=7e-6), 4)
    0.0317
    """
    if not seconds > 0 or not dead_time_s >= 0:
        raise ValueError(f"a duration lies above 0, got {seconds:g} s and {dead_time_s:g} s")
    share = events / seconds * dead_time_s
    if share >= 1:
        raise ValueError(f"a dead time of {dead_time_s:g} s leaves no time for so many events")
    return share


def _columns(
    dilutions: Sequence[float], per_ul: Sequence[float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    factors, counts = np.asarray(dilutions, dtype=float), np.asarray(per_ul, dtype=float)
    if factors.ndim != 1 or factors.shape != counts.shape or len(factors) < FEWEST_TUBES:
        raise ValueError(
            f"a dilution series needs at least {FEWEST_TUBES} tubes with dilution and count, got "
            f"{factors.size} and {counts.size}"
        )
    if not (np.isfinite(counts).all() and np.isfinite(factors).all() and (factors > 0).all()):
        raise ValueError("dilutions are finite factors above 0, and counts are finite")
    if np.ptp(factors) == 0:
        raise ValueError("all tubes have the same dilution: there is no line")
    return np.log2(factors), counts


def _shares(lost: Sequence[float] | None, count: int) -> NDArray[np.float64]:
    shares = np.zeros(count) if lost is None else np.asarray(lost, dtype=float)
    if shares.shape != (count,) or not ((shares >= 0) & (shares < 1)).all():
        raise ValueError(f"{count} tubes need as many lost shares of 0 up to 1")
    return shares


def _ends(column: Sequence[float] | None, count: int) -> NDArray[np.float64]:
    ends = np.asarray([] if column is None else column, dtype=float)
    if column is not None and ends.shape != (count,):
        raise ValueError(f"{count} tubes, but {ends.size} ends of intervals")
    return ends
