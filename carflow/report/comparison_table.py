"""The printed table of two quantities side by side: lag of the peaks, pairs, line, agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.report import wording
from carflow.report.subject_tables import Table, TableCell, TableRow, lettered
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.concordance import Concordance
    from carflow.kinetics.lag import PeakLag
    from carflow.kinetics.methods import MethodsCompared
    from carflow.quantify.intervals import Interval

_COLUMNS = (
    "First", "Second", "Second peak later by, days", "Pairs: both", "First only", "Second only",
    "Neither", "Rank correlation", "Log–log slope", "Ratio first / second", "95 % of ratios",
)  # fmt: skip


def comparison_table(compared: Sequence[MethodsCompared]) -> Table | None:
    """Return one row for every comparison, None where there is none."""
    if not compared:
        return None
    return lettered(
        Table(
            caption="Two quantities side by side. Lag: difference of the sampled days, in brackets "
            "what both brackets allow (no 95 % interval). Log–log slope by Passing–Bablok and "
            "geometric mean of the ratios, each with its 95 % interval.",
            columns=_COLUMNS,
            rows=tuple(_row(one) for one in compared),
        )
    )


def _row(one: MethodsCompared) -> TableRow:
    return TableRow(
        cells=(
            TableCell(text=wording.label_of(one.first)),
            TableCell(text=wording.label_of(one.second)),
            _lag_cell(one.lag),
            *_agreement_cells(one.agreement),
        )
    )


def _lag_cell(lag: PeakLag | None) -> TableCell:
    if lag is None:
        return TableCell(text=wording.MISSING, kind="value")
    if lag.observed.value is None:
        return TableCell(text=wording.MISSING, kind="value", why=lag.observed.reason.meaning)
    return TableCell(
        text=wording.day_number(lag.observed.value),
        interval=f"[{_number(lag.bracket[0])}, {_number(lag.bracket[1])}]",
        kind="value",
    )


def _agreement_cells(agreement: Concordance | None) -> tuple[TableCell, ...]:
    if agreement is None:
        missing = TableCell(
            text=wording.MISSING,
            kind="value",
            why="a percentage saturates: only peaks are compared",
        )
        return (missing,) * (len(_COLUMNS) - 3)
    table = agreement.table
    counts = (table.both, table.first_only, table.second_only, table.neither)
    pairs = tuple(TableCell(text=wording.count(number), kind="number") for number in counts)
    line, ratio = agreement.passing_bablok, agreement.log_ratio
    if line is None or ratio is None or agreement.spearman is None or ratio.ratio.value is None:
        why = agreement.reason.meaning
        return (*pairs, *(TableCell(text=wording.MISSING, kind="value", why=why),) * 4)
    mean = ratio.ratio
    return (
        *pairs,
        TableCell(text=_number(agreement.spearman), kind="value"),
        TableCell(text=_number(line.slope), interval=_ends(line.slope_interval), kind="value"),
        TableCell(
            text=_number(ratio.ratio.value),
            interval=""
            if mean.low is None
            else f"[{_number(mean.low)}, {_number(mean.high or 0)}]",
            kind="value",
        ),
        TableCell(
            text=f"{_number(ratio.limits.low)} to {_number(ratio.limits.high)}", kind="value"
        ),
    )


def _ends(ends: Interval) -> str:
    return f"[{_number(ends.low)}, {_number(ends.high)}]"


def _number(value: float) -> str:
    return significant(value).replace("-", "\N{MINUS SIGN}").replace("inf", "∞")
