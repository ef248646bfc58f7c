"""The printed table of cohorts: time to peak, heights and areas, one row for a curve and group.

A row says what the sentences of `kinetics.cohort_wording` say; what they warn of is told once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from carflow.kinetics.parameters import PARAMETERS
from carflow.report import wording
from carflow.report.subject_tables import Table, TableCell, TableRow, lettered
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.cohort import Cohort, GeometricMean, Span
    from carflow.kinetics.cohort_summary import CohortSummary

_COLUMNS = (
    "Curve", "Patients with a peak", "Observed median day", "95 % of observed medians",
    "True median, if every bracket holds", "True median, with sampling error (95 %)",
    "Turnbull's median",
)  # fmt: skip
_TOO_FEW = "needs six patients with a peak"


def cohort_table(summaries: Sequence[CohortSummary]) -> Table | None:
    """Return one row for every curve and group, None where there is no cohort.

    Parameters
    ----------
    summaries : sequence of CohortSummary
        Each curve of all subjects, its groups behind it.
    """
    if not summaries:
        return None
    averaged = list(summaries[0].means)
    means = [f"{PARAMETERS[name].label}: geometric mean" for name in averaged]
    return lettered(
        Table(
            caption="Days of the peak, heights and areas over patients. Medians are days since the"
            " infusion; in brackets the range of the observed days, or the 95 % interval of a"
            " geometric mean.",
            columns=(*_COLUMNS, *means),
            rows=tuple(_row(one) for one in summaries),
        )
    )


def _row(one: CohortSummary) -> TableRow:
    times = one.times
    group = f"{one.column} {one.group}" if one.column else "all subjects"
    return TableRow(
        cells=(
            TableCell(text=wording.label_of(one.quantity), note=group),
            _patients_cell(times),
            _days_cell(times.median_span, interval=_days(times.observed_range)),
            _days_cell(times.order_span, why=_TOO_FEW if times.n_peaks else ""),
            _days_cell(times.bounds),
            _days_cell(times.bounds95, why=_TOO_FEW if times.n_peaks else ""),
            _days_cell(None if times.turnbull is None else times.turnbull.median),
            *(_mean_cell(mean) for mean in one.means.values()),
        )
    )


def _patients_cell(times: Cohort) -> TableCell:
    later = f"{times.n_not_reached} not reached by the last sample" if times.n_not_reached else ""
    return TableCell(text=f"{times.n_peaks} of {times.n_patients}", note=later, kind="value")


def _days_cell(span: Span | None, *, interval: str = "", why: str = "") -> TableCell:
    if span is None:
        return TableCell(text=wording.MISSING, kind="value", why=why)
    return TableCell(text=_days(span), interval=f"[{interval}]" if interval else "", kind="value")


def _days(span: Span | None) -> str:
    if span is None:
        return ""
    return "after every last sample" if math.isinf(span[0]) else wording.day_range(*span)


def _mean_cell(found: GeometricMean) -> TableCell:
    mean = found.mean
    if mean.value is None:
        return TableCell(text=wording.MISSING, kind="value", why=mean.reason.meaning)
    ends = None if mean.low is None or mean.high is None else (mean.low, mean.high)
    note = [] if not mean.unit else [str(mean.unit)]
    note += (
        []
        if found.cv_pct is None
        else [f"CV\N{NO-BREAK SPACE}{found.cv_pct:.0f}\N{NO-BREAK SPACE}%"]
    )
    note += [f"of {found.n}"] if found.n_without else []
    return TableCell(
        text=significant(mean.value),
        interval="" if ends is None else f"[{', '.join(map(significant, ends))}]",
        note=", ".join(note),
        kind="value",
    )
