"""How well a stain separates: robust spread, stain index, resolution, and MESF calibration.

All on linear, compensated values; a mean or a spread of transformed values has no unit.

Decision: a calibration is never extended beyond its brightest bead, where the detector may no
longer be linear.

References
----------
Resolution: legend of Blood BLD2021010858 figure 3. The limits of a good calibration (slope 0.95
to 1.05, residuals below 5 %) are quoted from memory; they are settings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAD_TO_SD = 1.4826
FEWEST_BEADS = 4


class Brightness(NamedTuple):
    """Median and robust SD of one channel [a.u.]; None where there is no event."""

    median: float | None
    rsd: float | None


def brightness(values: NDArray[np.float64]) -> Brightness:
    """Return median and ``1.4826 * MAD`` of linear compensated values.

    Parameters
    ----------
    values : array of float, (n,)
        One channel of one population.

    Examples
    --------
    >>> brightness(np.array([1.0, 2.0, 3.0, 4.0, 100.0]))
    Brightness(median=3.0, rsd=1.4826)
    """
    if values.size == 0:
        return Brightness(None, None)
    median = float(np.median(values))
    return Brightness(median, MAD_TO_SD * float(np.median(np.abs(values - median))))


def stain_index(positive_median: float | None, negative: Brightness) -> Measure:
    """Return ``(median+ − median−) / (2 · rSD−)``, or why there is none.

    Examples
    --------
    >>> print(stain_index(5200.0, Brightness(200.0, 100.0)))
    25 ratio
    """
    if positive_median is None or negative.median is None:
        return Measure.missing(Unit.RATIO, Reason.NO_INTENSITY)
    if not negative.rsd:
        return Measure.missing(Unit.RATIO, Reason.NO_SPREAD)
    return Measure(
        unit=Unit.RATIO,
        value=(positive_median - negative.median) / (2 * negative.rsd),
        reason=Reason.NO_COUNTS,
    )


def resolution(stained: Brightness, control: Brightness) -> Measure:
    """Return ``(median − median of the control) / (rSD + rSD of the control)``.

    Examples
    --------
    >>> print(resolution(Brightness(1200.0, 300.0), Brightness(200.0, 100.0)))
    2.5 ratio
    """
    if stained.median is None or control.median is None:
        return Measure.missing(Unit.RATIO, Reason.NO_INTENSITY)
    spread = (stained.rsd or 0.0) + (control.rsd or 0.0)
    if stained.rsd is None or control.rsd is None or spread == 0:
        return Measure.missing(Unit.RATIO, Reason.NO_SPREAD)
    return Measure(
        unit=Unit.RATIO,
        value=(stained.median - control.median) / spread,
        reason=Reason.NO_COUNTS,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MesfCalibration:
    """``log10(MESF) = intercept + slope * log10(MFI)``, for one detector setting and day.

    `worst_residual_pct` is the largest distance of a bead from the line in % of its MESF.
    """

    intercept: float
    slope: float
    worst_residual_pct: float
    brightest_mfi: float

    def is_sound(self, *, slope_within: float = 0.05, residual_pct: float = 5.0) -> bool:
        """Return whether the line is as straight and as steep as a linear detector gives."""
        return (
            abs(self.slope - 1) <= slope_within + 1e-12 and self.worst_residual_pct <= residual_pct
        )

    def mesf(self, mfi: float) -> Measure:
        """Return the MESF of an intensity, up to that of the brightest bead."""
        if mfi > self.brightest_mfi:
            return Measure.missing(Unit.MESF, Reason.BEYOND_BEADS)
        if mfi <= 0:
            return Measure.missing(Unit.MESF, Reason.NO_LOGARITHM)
        value = 10 ** (self.intercept + self.slope * math.log10(mfi))
        return Measure(unit=Unit.MESF, value=value, reason=Reason.NO_COUNTS)

    def mesf_above(self, mfi: float, blank_mfi: float) -> Measure:
        """Return the MESF of an intensity minus that of a blank (FMO); not above it, none."""
        bright, blank = self.mesf(mfi), self.mesf(blank_mfi)
        if bright.value is None or blank.value is None:
            return bright if bright.value is None else blank
        if bright.value <= blank.value:
            return Measure.missing(Unit.MESF, Reason.NOT_ABOVE_CONTROL)
        return Measure(unit=Unit.MESF, value=bright.value - blank.value, reason=Reason.NO_COUNTS)


def calibrate_mesf(bead_mfi: Sequence[float], bead_mesf: Sequence[float]) -> MesfCalibration:
    """Return the least-squares line through at least four calibration beads.

    Raises
    ------
    ValueError
        For fewer beads, columns of different length, equal or non-positive intensities.

    Examples
    --------
    >>> line = calibrate_mesf([100, 1000, 10_000, 50_000], [500, 5000, 50_000, 250_000])
    >>> round(line.slope, 6), round(line.mesf(2000.0).value), line.mesf(60_000.0).reason.meaning
    (1.0, 10000, 'brighter than the brightest calibration bead')
    """
    if len(bead_mfi) != len(bead_mesf) or len(bead_mfi) < FEWEST_BEADS:
        raise ValueError(
            f"at least {FEWEST_BEADS} beads with both numbers are needed, got {len(bead_mfi)} MFI "
            f"and {len(bead_mesf)} MESF"
        )
    if min(*bead_mfi, *bead_mesf) <= 0 or min(bead_mfi) == max(bead_mfi):
        raise ValueError("intensities and MESF of beads are positive and differ")
    x, y = np.log10(np.asarray(bead_mfi)), np.log10(np.asarray(bead_mesf))
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum())
    intercept = float(y.mean() - slope * x.mean())
    residuals = np.abs(10 ** (intercept + slope * x - y) - 1)
    return MesfCalibration(
        intercept=intercept,
        slope=slope,
        worst_residual_pct=100 * float(residuals.max()),
        brightest_mfi=float(max(bead_mfi)),
    )
