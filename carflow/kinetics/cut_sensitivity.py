"""How height and day of the peak move when the CAR cut moves, as values and in one sentence.

A cut is drawn by a person. A day that another person, drawing it a tenth of a decade lower,
would not have found is a statement about the cut as much as about the patient.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from carflow.kinetics.curve import Curve
from carflow.kinetics.peak import NOTHING_KNOWN, peak_of
from carflow.kinetics.series import series_of
from carflow.kinetics.treatments import signed
from carflow.kinetics.wording import spoken_value
from carflow.measure import Measure
from carflow.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carflow.kinetics.peak import Peak


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftedPeak:
    """The curve and its observed peak with the CAR cut moved by `decades`.

    Missing measures say why.
    """

    decades: float
    curve: Curve
    cmax: Measure
    tmax: Measure
    bracket: tuple[float, float] = NOTHING_KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class CutSensitivity:
    """What one curve's peak owes to the place of the CAR cut.

    Parameters
    ----------
    quantity : str
        The curve.
    tmax : Measure
        The day of the highest value with the cut as drawn [d].
    shifted : tuple of ShiftedPeak
        The same with the cut moved, the lowest cut first; empty where it cannot be moved.
    reason : Reason
        Why it cannot.
    sentences : tuple of str
        What there is to say.
    """

    quantity: str
    tmax: Measure
    shifted: tuple[ShiftedPeak, ...] = ()
    reason: Reason = Reason.NONE
    sentences: tuple[str, ...] = ()

    @property
    def moves_day(self) -> bool:
        """Whether a moved cut gives another day of the highest value, or none at all."""
        return any(one.tmax.value != self.tmax.value for one in self.shifted)


def cut_sensitivity(peak: Peak, quantity: str, curves: Mapping[float, Curve]) -> CutSensitivity:
    """Return the peak of a curve beside those with the cut moved.

    Parameters
    ----------
    peak : Peak
        With the cut as drawn.
    quantity : str
        The name of the curve.
    curves : mapping of float to Curve
        The curve for each shift of the cut [decades].

    Examples
    --------
    >>> from carflow.kinetics.curve import Curve, Point
    >>> from carflow.units import Unit
    >>> def curve(*values):
    ...     return Curve(subject_id="P1", quantity="car_pct_cd3", unit=Unit.PERCENT,
    ...         points=tuple(Point(day=day, measure=Measure(unit=Unit.PERCENT, value=value))
    ...             for day, value in zip((4.0, 7.0, 12.0), values, strict=True)))
    >>> drawn = peak_of(series_of(curve(5.0, 50.0, 45.0)), unit=Unit.PERCENT)
    >>> found = cut_sensitivity(drawn, "car_pct_cd3",
    ...     {-0.1: curve(6.0, 55.0, 57.0), 0.1: curve(4.0, 44.0, 30.0)})
    >>> print(*found.sentences)  # doctest: +NORMALIZE_WHITESPACE
    With the CAR cut 0.1 decade lower the highest value is 57.00 % of CD3+ on day 12, and 0.1
    decade higher 44.00 % of CD3+ on day 7: its day depends on where the cut is drawn.
    """
    shifted = tuple(_shifted(shift, curve) for shift, curve in sorted(curves.items()))
    found = CutSensitivity(quantity=quantity, tmax=peak.day, shifted=shifted)
    if peak.day.value is None or not shifted:
        return found
    parts = [
        f"{abs(one.decades):g} decade {'lower' if one.decades < 0 else 'higher'}"
        f"{'' if place else ' the highest value is'} {_spoken(one, quantity)}"
        for place, one in enumerate(shifted)
    ]
    depends = "depends on where the cut is drawn" if found.moves_day else "does not move with it"
    sentence = f"With the CAR cut {', and '.join(parts)}: its day {depends}."
    return replace(found, sentences=(sentence,))


def not_movable(peak: Peak, quantity: str, reason: Reason) -> CutSensitivity:
    """Return that the cut cannot be moved, and why.

    Examples
    --------
    >>> from carflow.kinetics.peak import estimate_peak
    >>> peak = estimate_peak([4, 7], [5, 9])
    >>> print(*not_movable(peak, "car_pct_cd3", Reason.NO_CUT).sentences)
    ... # doctest: +NORMALIZE_WHITESPACE
    How far this depends on the CAR cut is not told: the CAR gate is no plain cut on the CAR axis
    that could be moved.
    """
    told = f"How far this depends on the CAR cut is not told: {reason.meaning}."
    sentences = () if peak.day.value is None else (told,)
    return CutSensitivity(quantity=quantity, tmax=peak.day, reason=reason, sentences=sentences)


def _shifted(shift: float, curve: Curve) -> ShiftedPeak:
    found = peak_of(series_of(curve), unit=curve.unit)
    return ShiftedPeak(
        decades=shift, curve=curve, cmax=found.height, tmax=found.day, bracket=found.bracket
    )


def _spoken(one: ShiftedPeak, quantity: str) -> str:
    if one.tmax.value is None or one.cmax.value is None:
        return f"missing ({one.tmax.reason.meaning})"
    height = spoken_value(one.cmax.value, quantity, one.cmax.unit)
    return f"{height} on day {signed(one.tmax.value)}"
