"""One curve of one subject, analysed: parameters, peak and sentences as one small value.

`parameters` are those a page shows. The others stand in `further`: among them λz and half-life,
which on a course of 28 days describe the contraction and beside the word "half-life" would be
taken for the persistence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from carflow.kinetics.growth import GrowthStep, growth_steps
from carflow.kinetics.nca import DEFAULT_RULES, nca_by_rules
from carflow.kinetics.peak import Peak
from carflow.kinetics.peak_draws import span_of_days
from carflow.kinetics.peak_model import model_peak
from carflow.kinetics.peak_shape import peak_shape
from carflow.kinetics.peak_wording import model_sentences, shape_sentences, span_sentences
from carflow.kinetics.series import Series, series_of
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

_FURTHER = (
    "tmax_last_tie", "tfirst", "tlag", "t_bql", "t_bql_confirmed", "lambda_z", "half_life",
    "expansion_rate", "expansion_rate_at_least", "doubling_time", "fold_first", "fold_nadir",
    "fold_dose",
    "population_doublings", "contraction_rate", "contraction_half_life",
)  # fmt: skip
_LATE_AREAS = {"auc_0_84": 84.0, "auc_0_180": 180.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveKinetics:
    """What one curve says.

    `parameters` by name, in the order of the tables, and `further` ones likewise. `growth` is
    the growth from each quantified sample to the next: of a percentage, the difference of the
    growth of CAR+ and of the other cells. `modelled` are sentences about the day of the peak
    under named models; they stand apart from what was measured.
    """

    subject_id: str
    quantity: str
    unit: Unit
    parameters: Mapping[str, Measure]
    peak: Peak
    sentences: tuple[str, ...]
    further: Mapping[str, Measure] = field(default_factory=dict)
    growth: tuple[GrowthStep, ...] = ()
    modelled: tuple[str, ...] = ()


def analyse_curve(
    curve: Curve,
    treatments: Iterable[Treatment] = (),
    references: Iterable[ReferenceTmax] = (),
    *,
    start_per_ul: float | None = None,
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
    start_per_ul : float, optional
        Cells/µL if the whole dose stayed in the blood, for the fold over the dose.

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
    rules = replace(DEFAULT_RULES, start_value=start_per_ul)
    found = nca_by_rules(series, unit=curve.unit, rules=rules)
    peak = found.peak
    every = found.parameters()
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
        further={name: every[name] for name in _FURTHER}
        | {name: found.auc(0.0, last_day) for name, last_day in _LATE_AREAS.items()},
        growth=growth_steps(series, unit=curve.unit),
        modelled=_modelled(series, peak, curve.unit),
        peak=peak,
        sentences=(
            *peak_sentences(peak, curve.quantity),
            *(span_sentences(peak, span_of_days(series, peak.days95)) if peak.days95 else ()),
            *shape_sentences(peak_shape(series, peak)),
            *treatment_sentences(peak, runs),
            *fall_sentences(peak, series.samples, runs),
            *reference_sentences(references),
        ),
    )


def _modelled(series: Series, peak: Peak, unit: Unit) -> tuple[str, ...]:
    """Return what models say of the day of the peak; nothing where there is no peak."""
    if peak.day.value is None:
        return ()
    return model_sentences(model_peak(series, peak, unit=unit))
