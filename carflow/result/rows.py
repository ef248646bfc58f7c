"""A result as tidy rows: the columns of every table a run writes, and their cells.

CSV files, data frames and the workbook are all made from these rows, so they carry the same
numbers. Cells are text, int, float or None; nothing is rounded here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from carflow.kinetics.cohort_summary import AVERAGED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from carflow.findings import Finding
    from carflow.kinetics.cohort import GeometricMean
    from carflow.kinetics.cohort_summary import CohortSummary
    from carflow.kinetics.concordance import Concordance
    from carflow.kinetics.lag import PeakLag
    from carflow.kinetics.methods import MethodsCompared
    from carflow.kinetics.population_fit import PopulationPeaks
    from carflow.measure import Measure
    from carflow.result.sample import SampleResult
    from carflow.result.subject import SubjectResult

Cell = str | int | float | None
Row = dict[str, Cell]

QUANTITY_COLUMNS = (
    "subject_id", "day", "sample_id", "quantity", "method", "value", "unit", "ci_low", "ci_high",
    "ci_kind", "state", "reason", "n_numerator", "n_denominator", "lod", "lloq", "sample_type",
    "lob",
)  # fmt: skip
POPULATION_COLUMNS = ("sample_id", "population", "parent", "count", "pct_of_parent")
SUBJECT_COLUMNS = (
    "subject_id", "quantity", "parameter", "value", "unit", "ci_low", "ci_high", "ci_kind",
    "state", "reason",
)  # fmt: skip
COMPARISON_COLUMNS = (
    "subject_id", "first", "second", "parameter", "value", "unit", "ci_low", "ci_high", "state",
    "reason",
)  # fmt: skip
CUT_COLUMNS = (
    "subject_id", "day", "sample_id", "cut_shift_decades", "quantity", "method", "value", "unit",
    "ci_low", "ci_high", "ci_kind", "state", "reason", "n_numerator", "n_denominator",
)  # fmt: skip
_MEAN_CELLS = ("unit", "mean", "ci_low", "ci_high", "cv_pct", "n")
COHORT_COLUMNS = (
    "quantity", "group_column", "group", "n_patients", "n_peaks", "n_not_reached", "n_without",
    "median", "reason", "median_low", "median_high", "order_low", "order_high", "bounds_low",
    "bounds_high", "bounds95_low", "bounds95_high", "resolution_low", "resolution_high",
    "observed_low", "observed_high", "turnbull_low", "turnbull_high",
    *(f"{name}_{cell}" for name in AVERAGED for cell in _MEAN_CELLS),
)  # fmt: skip
POPULATION_PEAK_COLUMNS = (
    "quantity", "subject_id", "day", "day_low", "day_high", "reason", "n_quantified", "r_hat",
    "least_draws", "divergences",
)  # fmt: skip
FINDING_COLUMNS = ("severity", "code", "sample_id", "message", "value", "limit")
INTERVAL_COLUMNS = (
    "sample_id", "first_s", "last_s", "events", "pct_of_events", "removed", "channels",
)  # fmt: skip
FAILURE_COLUMNS = ("sample_id", "subject_id", "day", "code", "problem")


def measure_cells(measure: Measure) -> Row:
    """Return the cells of one measure; a missing number is an empty cell with its reason."""
    return {
        "value": measure.value,
        "unit": str(measure.unit),
        "ci_low": measure.low,
        "ci_high": measure.high,
        "ci_kind": str(measure.ci_kind),
        "state": str(measure.state),
        "reason": str(measure.reason),
    }


def quantity_rows(tubes: Iterable[SampleResult]) -> Iterator[Row]:
    """Yield one row for every quantity of every tube, failed tubes included."""
    for tube in tubes:
        for quantity in tube.quantities:
            yield {
                "subject_id": tube.subject_id,
                "day": tube.day,
                "sample_id": tube.sample_id,
                "quantity": quantity.name,
                "method": quantity.method,
                **measure_cells(quantity.measure),
                "n_numerator": quantity.n_numerator,
                "n_denominator": quantity.n_denominator,
                "lod": quantity.lod,
                "lloq": quantity.lloq,
                "sample_type": str(tube.sample_type),
                "lob": quantity.lob,
            }


def sample_columns(tubes: Iterable[SampleResult]) -> tuple[str, ...]:
    """Return the columns of the wide table: one for each quantity that has any value."""
    names = dict.fromkeys(
        quantity.name
        for tube in tubes
        for quantity in tube.quantities
        if quantity.measure.value is not None
    )
    return ("subject_id", "day", "sample_id", "sample_type", "visit_label", "gates", "status",
            "n_events", "n_removed", "n_nonfinite", *names)  # fmt: skip


def sample_rows(tubes: Iterable[SampleResult]) -> Iterator[Row]:
    """Yield one wide row for every tube; a quantity without a value is an empty cell."""
    for tube in tubes:
        yield {
            "subject_id": tube.subject_id,
            "day": tube.day,
            "sample_id": tube.sample_id,
            "sample_type": str(tube.sample_type),
            "visit_label": tube.visit_label,
            "gates": tube.gates_name,
            "status": "ok" if tube.failure is None else tube.failure.code,
            "n_events": tube.n_events,
            "n_removed": tube.n_removed,
            "n_nonfinite": tube.n_nonfinite,
            **{quantity.name: quantity.measure.value for quantity in tube.quantities},
        }


def population_rows(tubes: Iterable[SampleResult]) -> Iterator[Row]:
    """Yield one row for every population of every tube that was gated."""
    for tube in tubes:
        counts = {found.population: found.count for found in tube.populations}
        for found in tube.populations:
            believed = (tube.n_events or 0) - tube.n_removed - tube.n_nonfinite
            parent_count = counts.get(found.parent, believed)
            yield {
                "sample_id": tube.sample_id,
                "population": found.population,
                "parent": found.parent,
                "count": found.count,
                "pct_of_parent": 100.0 * found.count / parent_count if parent_count else None,
            }


def parameter_rows(
    curves: Mapping[tuple[str, str], Mapping[str, Measure]],
) -> Iterator[Row]:
    """Yield one row for every parameter of curves by subject and quantity."""
    for (subject_id, quantity), parameters in curves.items():
        start: Row = {"subject_id": subject_id, "quantity": quantity}
        yield from (
            start | {"parameter": name} | measure_cells(measure)
            for name, measure in parameters.items()
        )


def subject_rows(subjects: Iterable[SubjectResult]) -> Iterator[Row]:
    """Yield one row for every parameter of every curve, the bracket of the peak included.

    ``growth_4_7`` is the growth from day 4 to day 7: of a percentage, the difference of the
    growth of CAR+ and of the other cells, which is the slope of its log-odds.
    """
    for subject in subjects:
        for kinetics in subject.kinetics:
            start = {"subject_id": subject.subject_id, "quantity": kinetics.quantity}
            for name, measure in (*kinetics.parameters.items(), *kinetics.further.items()):
                yield {**start, "parameter": name, **measure_cells(measure)}
            for step in kinetics.growth:
                between = f"{step.start_day:g}_{step.end_day:g}"
                yield {**start, "parameter": f"growth_{between}", **measure_cells(step.rate)}
            peak = kinetics.peak
            if peak.day.value is None:
                continue
            for name, day in zip(("tmax_previous", "tmax_next"), peak.bracket, strict=True):
                yield {
                    **start,
                    "parameter": name,
                    "value": day if math.isfinite(day) else None,
                    "unit": "d",
                    "state": "QUANT" if math.isfinite(day) else "NE",
                    "reason": str(peak.reason),
                }
        yield from _cut_parameters(subject)


def _cut_parameters(subject: SubjectResult) -> Iterator[Row]:
    """Yield Cmax and Tmax with the CAR cut moved, named after the place of the cut."""
    for cut in subject.cuts:
        start = {"subject_id": subject.subject_id, "quantity": cut.quantity}
        for one in cut.shifted:
            place = "lower" if one.decades < 0 else "higher"
            for name, measure in (("cmax", one.cmax), ("tmax", one.tmax)):
                yield {**start, "parameter": f"{name}_cut_{place}", **measure_cells(measure)}


def cohort_rows(cohorts: Iterable[CohortSummary]) -> Iterator[Row]:
    """Yield one row for every cohort: time to peak [d], geometric means of heights and areas.

    An end at infinity is an empty cell.
    """
    for one in cohorts:
        yield {
            "quantity": one.quantity,
            "group_column": one.column,
            "group": one.group,
            **one.times.as_row(),
            **{
                f"{name}_{cell}": value
                for name, mean in one.means.items()
                for cell, value in zip(_MEAN_CELLS, _mean_cells(mean), strict=True)
            },
        }


def population_peak_rows(fitted: Iterable[PopulationPeaks]) -> Iterator[Row]:
    """Yield one row for every patient of every population model: the posterior of the peak day."""
    for found in fitted:
        for one in found.patients:
            yield {
                "quantity": found.quantity,
                "subject_id": one.subject_id,
                "day": one.day.value,
                "day_low": one.day.low,
                "day_high": one.day.high,
                "reason": str(one.day.reason),
                "n_quantified": one.n_quantified,
                "r_hat": found.r_hat,
                "least_draws": found.least_draws,
                "divergences": found.divergences,
            }


def _mean_cells(found: GeometricMean) -> tuple[Cell, ...]:
    mean = found.mean
    return str(mean.unit), mean.value, mean.low, mean.high, found.cv_pct, found.n


def cut_rows(tubes: Iterable[SampleResult]) -> Iterator[Row]:
    """Yield one row for every CAR+ quantity of every tube and each place of the moved CAR cut."""
    for tube in tubes:
        for shift in tube.cut_shifts:
            for quantity in shift.quantities:
                yield {
                    "subject_id": tube.subject_id,
                    "day": tube.day,
                    "sample_id": tube.sample_id,
                    "cut_shift_decades": shift.decades,
                    "quantity": quantity.name,
                    "method": quantity.method,
                    **measure_cells(quantity.measure),
                    "n_numerator": quantity.n_numerator,
                    "n_denominator": quantity.n_denominator,
                }


def interval_rows(tubes: Iterable[SampleResult]) -> Iterator[Row]:
    """Yield one row for every stretch of a tube whose signals are disturbed.

    `removed` says whether its events were left out ("yes") or only judged ("no"). Times are
    those of the file [s, ticks where it gives no seconds], empty where it holds no usable time.
    """
    for tube in tubes:
        if tube.stability is None:
            continue
        for one in tube.stability.removed:
            n_events = one.stop_event - one.first_event
            yield {
                "sample_id": tube.sample_id,
                "first_s": one.first_s,
                "last_s": one.last_s,
                "events": n_events,
                "pct_of_events": 100.0 * n_events / tube.stability.n_events,
                "removed": "yes" if tube.n_removed else "no",
                "channels": " ".join(one.channels),
            }


def comparison_rows(
    subjects: Iterable[SubjectResult], pooled: Iterable[MethodsCompared] = ()
) -> Iterator[Row]:
    """Yield one row for every number that two methods give together, subject by subject."""
    compared = [(one.subject_id, each) for one in subjects for each in one.comparisons]
    compared += [("", each) for each in pooled]
    for subject_id, each in compared:
        start: Row = {"subject_id": subject_id, "first": each.first, "second": each.second}
        numbers = [*_lag_cells(each.lag), *_agreement_cells(each.agreement)]
        yield from (start | {"parameter": name} | cells for name, cells in numbers)


def _lag_cells(lag: PeakLag | None) -> Iterator[tuple[str, Row]]:
    if lag is None:
        return
    yield "peak_lag", measure_cells(lag.observed)
    if lag.observed.value is not None:
        for name, day in zip(("peak_lag_least", "peak_lag_most"), lag.bracket, strict=True):
            yield name, _plain(day, "d")


def _agreement_cells(agreement: Concordance | None) -> Iterator[tuple[str, Row]]:
    if agreement is None:
        return
    table = agreement.table
    yield "quantified_by_both", _plain(table.both, "")
    yield "quantified_by_first_only", _plain(table.first_only, "")
    yield "quantified_by_second_only", _plain(table.second_only, "")
    yield "quantified_by_neither", _plain(table.neither, "")
    yield "agreement_at_limits", measure_cells(table.agreement)
    if agreement.log_ratio is not None:
        yield "ratio", measure_cells(agreement.log_ratio.ratio)
        for name, limit in zip(
            ("ratio_limit_low", "ratio_limit_high"), agreement.log_ratio.limits, strict=True
        ):
            yield name, _plain(limit, "ratio")
    lines = {"deming": agreement.deming, "passing_bablok": agreement.passing_bablok}
    for name, line in lines.items():
        if line is not None:
            yield f"{name}_slope", _plain(line.slope, "", line.slope_interval)
            yield f"{name}_intercept", _plain(line.intercept, "", line.intercept_interval)
    if agreement.spearman is not None:
        yield "spearman", _plain(agreement.spearman, "")


def _plain(value: float, unit: str, ends: tuple[float, float] | None = None) -> Row:
    """Return the cells of a plain number; an open end is an empty cell."""
    low, high = ends if ends is not None else (None, None)
    return {
        "value": _finite(value),
        "unit": unit,
        "ci_low": _finite(low),
        "ci_high": _finite(high),
        "state": "QUANT" if math.isfinite(value) else "NE",
        "reason": "",
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def finding_rows(findings: Iterable[Finding]) -> Iterator[Row]:
    """Yield one row for every finding, as sorted by the checks."""
    for finding in findings:
        yield {
            "severity": str(finding.severity),
            "code": finding.code,
            "sample_id": finding.sample_id,
            "message": finding.message,
            "value": finding.value,
            "limit": finding.limit,
        }


def failure_rows(tubes: Iterable[SampleResult]) -> Iterator[Row]:
    """Yield one row for every tube that has no result."""
    for tube in tubes:
        if tube.failure is not None:
            yield {
                "sample_id": tube.sample_id,
                "subject_id": tube.subject_id,
                "day": tube.day,
                "code": tube.failure.code,
                "problem": tube.failure.sentence,
            }
