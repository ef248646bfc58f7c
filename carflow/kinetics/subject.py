"""One curve of one subject, analysed: parameters, peak and sentences as one small value.

λz and half-life are left out on purpose: on a course of 28 days they describe the contraction,
and beside the word "half-life" a reader would take them for the persistence. `nca` has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.kinetics.nca import nca_of
from carflow.kinetics.peak import Peak, peak_of
from carflow.kinetics.series import series_of
from carflow.kinetics.treatments import merged_runs
from carflow.kinetics.wording import (
    fall_sentences,
    peak_sentences,
    reference_sentences,
    treatment_sentences,
)
from carflow.measure import Measure
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carflow.kinetics.curve import Curve
    from carflow.study.model import ReferenceTmax, Treatment


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveKinetics:
    """What one curve says; `parameters` by name, in the order of the tables."""

    subject_id: str
    quantity: str
    unit: Unit
    parameters: Mapping[str, Measure]
    peak: Peak
    sentences: tuple[str, ...]


def analyse_curve(
    curve: Curve,
    treatments: Iterable[Treatment] = (),
    references: Iterable[ReferenceTmax] = (),
) -> CurveKinetics:
    """Return parameters, peak and sentences of one curve.

    Parameters
    ----------
    curve : Curve
        One quantity of one subject.
    treatments : iterable of Treatment
        Treatments of a study; those of other subjects are passed over.
    references : iterable of ReferenceTmax
        Published times to peak.

    Examples
    --------
    >>> from carflow.kinetics.curve import Curve, Point
    >>> course = zip((1, 4, 7, 12, 14), (4.26, 12.33, 45.31, 69.94, 24.33), strict=True)
    >>> points = tuple(Point(day=float(day), measure=Measure(unit=Unit.PERCENT, value=value))
    ...     for day, value in course)
    >>> found = analyse_curve(Curve(subject_id="P1", quantity="car_pct_cd3", unit=Unit.PERCENT,
    ...     points=points))
    >>> print(found.parameters["tmax"], found.peak.bracket)
    12 d (7.0, 14.0)
    >>> print(found.parameters["auc_0_28"])
    not available: the samples do not cover the whole window
    """
    series = series_of(curve)
    found = nca_of(series, unit=curve.unit)
    peak = peak_of(series, unit=curve.unit)
    runs = merged_runs(row for row in treatments if row.subject_id == curve.subject_id)
    return CurveKinetics(
        subject_id=curve.subject_id,
        quantity=curve.quantity,
        unit=curve.unit,
        parameters={
            "cmax": found.cmax,
            "tmax": found.tmax,
            "cmax_global": found.cmax_global,
            "tmax_global": found.tmax_global,
            "clast": found.clast,
            "tlast": found.tlast,
            "auc_0_28": found.auc(0.0, 28.0),
            "auc_last": found.auc_last,
            "auc_all": found.auc_all,
        },
        peak=peak,
        sentences=(
            *peak_sentences(peak, curve.quantity),
            *treatment_sentences(peak, runs),
            *fall_sentences(peak, series.samples, runs),
            *reference_sentences(references),
        ),
    )
