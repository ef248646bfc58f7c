"""A table of days and values without any FCS file: the input of ``carflow peak``.

A word in place of a value (``BLQ``, ``ND``, ``-``) becomes a state, never a zero; what it may
be worth is for the kinetics to decide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from carflow.errors import SheetError
from carflow.measure import State
from carflow.study.cells import NumberGrammar, parse_id, quoted
from carflow.study.rows import Row, RowProblems, RowReader
from carflow.study.table import Table, missing_columns, scan_table, table_from_text

if TYPE_CHECKING:
    from collections.abc import Iterable

_STATES = {
    **dict.fromkeys(("blq", "bloq", "bql", "<lloq", "<loq", "det_blq"), State.DET_BLQ),
    **dict.fromkeys(("nd", "bld", "blod", "bdl", "<lod", "not detected"), State.ND),
    **dict.fromkeys(("ne", "not evaluable"), State.NE),
    **dict.fromkeys(("", "-", "–", "—", "na", "n/a", "nan", "missing"), State.MISSING),
    **dict.fromkeys(("excluded",), State.EXCLUDED),
}


class Reading(NamedTuple):
    """What one cell says: a value or none, its state, and the limit it lies below, if stated."""

    value: float | None
    state: State
    below: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The values of one subject in the order of days; all tuples have the same length.

    `subject_id` is empty where the table names none. `values` are None where the table gives a
    state instead of a number; `below` holds the limit of cells such as ``<0.5``; `lows` and
    `highs` are the ends of an interval where the table gives one.
    """

    subject_id: str
    days: tuple[float, ...]
    values: tuple[float | None, ...]
    states: tuple[State, ...]
    below: tuple[float | None, ...]
    lows: tuple[float | None, ...]
    highs: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    row: int
    subject_id: str
    day: float
    reading: Reading
    low: float | None
    high: float | None


def read_series(source: str | Path, *, name: str = "table") -> tuple[Series, ...]:
    r"""Return one series for each subject, in the order of their first rows.

    Parameters
    ----------
    source : str or Path
        The text of a CSV table, or the path of a ``.csv`` or ``.xlsx`` file. Columns ``day``
        and ``value``, optionally ``subject_id``, ``low`` and ``high``; others are passed over.
    name : str
        What messages call a table given as text.

    Raises
    ------
    SheetError
        If the table cannot be read at all, or has no rows.
    Problems
        If rows cannot be used, or a subject has two values on one day; all together.

    Examples
    --------
    >>> series, = read_series("day,value\n7,45.3\n1,BLQ\n")
    >>> series.days, series.values, [str(state) for state in series.states]
    ((1.0, 7.0), (None, 45.3), ['DET_BLQ', 'QUANT'])
    """
    problems = RowProblems(source.name if isinstance(source, Path) else name)
    table = _table(source, problems)
    lacking = missing_columns(table, ("day", "value"), problems)
    points = [] if lacking else [_point(row, table, problems) for row in table.rows]
    _check_days(points, problems)
    problems.raise_if_any()
    if not points:
        raise SheetError("the table has no rows", hint="write one row for each day").at(table.name)
    subjects = dict.fromkeys(point.subject_id for point in points)
    return tuple(
        _series(subject, [point for point in points if point.subject_id == subject])
        for subject in subjects
    )


def parse_value(text: str, numbers: NumberGrammar) -> Reading:
    """Return the value and the state of one cell.

    Examples
    --------
    >>> parse_value("<0.5", NumberGrammar())
    Reading(value=None, state=<State.DET_BLQ: 'DET_BLQ'>, below=0.5)
    """
    word = " ".join(text.casefold().split()).replace("< ", "<")
    if word in _STATES:
        return Reading(None, _STATES[word])
    hint = "write a number, or one of BLQ, <0.5, ND, NE, NA"
    if word.startswith("<"):
        limit = numbers.number(word[1:], hint=hint)
        if limit <= 0:
            raise SheetError(f"{quoted(text)} names no limit above zero", hint=hint)
        return Reading(None, State.DET_BLQ, limit)
    value = numbers.number(text, hint=hint)
    if value < 0:
        raise SheetError(
            f"{quoted(text)} is negative", hint="write ND for nothing above background"
        )
    return Reading(value, State.QUANT if value > 0 else State.ND)


def _table(source: str | Path, problems: RowProblems) -> Table:
    if isinstance(source, Path):
        return scan_table(source, problems, text_columns=("subject_id",))
    try:
        return table_from_text(source, problems)
    except SheetError as error:
        raise error.at(problems.name) from None


def _point(row: Row, table: Table, problems: RowProblems) -> _Point:
    cells = RowReader(row, problems)
    day_hint = "write the days since infusion, for example 7"
    point = _Point(
        row=row.number,
        subject_id=_subject_id(cells, table),
        day=cells.required("day", table.numbers.day, instead=math.nan, hint=day_hint),
        reading=cells.optional(
            "value",
            lambda text: parse_value(text, table.numbers),
            instead=Reading(None, State.MISSING),
        ),
        low=cells.optional("low", table.numbers.number, instead=None),
        high=cells.optional("high", table.numbers.number, instead=None),
    )
    _check_interval(point, cells)
    return point


def _subject_id(cells: RowReader, table: Table) -> str:
    if "subject_id" not in table.columns:
        return ""
    return cells.required("subject_id", parse_id, instead="", hint="name the subject in every row")


def _check_interval(point: _Point, cells: RowReader) -> None:
    low, high, value = point.low, point.high, point.reading.value
    if (low is None) != (high is None):
        cells.refuse("an interval needs both low and high", hint="give both or neither")
    elif low is not None and high is not None and value is not None and not low <= value <= high:
        cells.refuse(f"the interval from {low:g} to {high:g} misses the value {value:g}")


def _check_days(points: Iterable[_Point], problems: RowProblems) -> None:
    first: dict[tuple[str, float], _Point] = {}
    for point in points:
        if math.isnan(point.day):
            continue  # a day that could not be read is reported already
        earlier = first.setdefault((point.subject_id, point.day), point)
        if earlier is not point:
            error = SheetError(
                f"day {point.day:g} already has a value in row {earlier.row}",
                hint="give one value for each subject and day",
            )
            problems.add(point.row, error)


def _series(subject_id: str, points: list[_Point]) -> Series:
    ordered = sorted(points, key=lambda point: point.day)
    return Series(
        subject_id=subject_id,
        days=tuple(point.day for point in ordered),
        values=tuple(point.reading.value for point in ordered),
        states=tuple(point.reading.state for point in ordered),
        below=tuple(point.reading.below for point in ordered),
        lows=tuple(point.low for point in ordered),
        highs=tuple(point.high for point in ordered),
    )
