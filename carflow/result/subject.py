"""What a run found about one subject: curves, parameters, peaks, moved cuts, treatments."""

from __future__ import annotations

from dataclasses import dataclass

from carflow.kinetics.curve import Curve
from carflow.kinetics.cut_sensitivity import CutSensitivity
from carflow.kinetics.methods import MethodsCompared
from carflow.kinetics.subject import CurveKinetics
from carflow.study.model import Treatment


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectResult:
    """One subject: `kinetics` holds one entry for each of `curves`, in the same order.

    `comparisons` are those of flow and qPCR, and of the percentage with both.
    `cuts` tells of every curve that rests on CAR+ events how its peak moves with the CAR cut.
    """

    subject_id: str
    curves: tuple[Curve, ...] = ()
    kinetics: tuple[CurveKinetics, ...] = ()
    treatments: tuple[Treatment, ...] = ()
    comparisons: tuple[MethodsCompared, ...] = ()
    cuts: tuple[CutSensitivity, ...] = ()

    def kinetics_of(self, quantity: str) -> CurveKinetics | None:
        """Return the kinetics of one quantity, or None where it has no curve."""
        return next((found for found in self.kinetics if found.quantity == quantity), None)

    def curve_of(self, quantity: str) -> Curve | None:
        """Return the curve of one quantity, or None where there is none."""
        return next((found for found in self.curves if found.quantity == quantity), None)

    def cut_of(self, quantity: str) -> CutSensitivity | None:
        """Return how the peak of a quantity moves with the CAR cut, or None where it cannot."""
        return next((found for found in self.cuts if found.quantity == quantity), None)
