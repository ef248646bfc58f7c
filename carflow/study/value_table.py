"""A table of days and values without any FCS file: the input of ``carflow peak``.

A word in place of a value (``BLQ``, ``ND``, ``-``) becomes a state, never a zero; what it may
be worth is for the kinetics to decide. Two shapes are read: columns ``day`` and ``value``, and
FlowJo's table of statistics (`carflow.study.flowjo_table`), each column of which is a series.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from carflow.errors import SheetError
from carflow.measure import State
from carflow.study.cells import parse_id
from carflow.study.flowjo_table import (
    Statistic,
    count_columns,
    statistic_of,
    without_summaries,
)
from carflow.study.groups import subject_groups
from carflow.study.readings import Reading, parse_value, without_percent_sign
from carflow.study.rows import Row, RowProblems, RowReader
from carflow.study.table import Table, missing_columns, scan_table, table_from_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

T = TypeVar("T")
_DAY_NAMES = ("day", "$day", "day:", "days", "study day", "day after infusion",
              "days since infusion")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The values of one subject in the order of days; all tuples have the same length.

    `subject_id` is empty where the table names none. `values` are None where the table gives a
    state instead of a number; `below` holds the limit of cells such as ``<0.5``; `lows` and
    `highs` are the ends of an interval where the table gives one. `quantity` is the heading of
    a FlowJo column, with `is_percentage`; `n_denominators` are the events its percentages are
    of, where the table counts them (then as many as days, else none). `group` is the value of
    the column the subjects are grouped by.
    """

    subject_id: str
    days: tuple[float, ...]
    values: tuple[float | None, ...]
    states: tuple[State, ...]
    below: tuple[float | None, ...]
    lows: tuple[float | None, ...]
    highs: tuple[float | None, ...]
    quantity: str = ""
    is_percentage: bool = False
    n_denominators: tuple[float | None, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    row: int
    subject_id: str
    day: float
    reading: Reading
    low: float | None = None
    high: float | None = None
    of: float | None = None


def read_series(
    source: str | Path,
    *,
    name: str = "table",
    days: Mapping[str, float] | None = None,
    group_by: str = "",
) -> tuple[Series, ...]:
    r"""Return one series for each subject, in the order of their first rows.

    Of a FlowJo table, one for each column of percentages or counts and each subject.

    Parameters
    ----------
    source : str or Path
        The text of a CSV table, or the path of a ``.csv`` or ``.xlsx`` file. Columns ``day``
        and ``value``, optionally ``subject_id``, ``low`` and ``high``; others are passed over.
        Or columns such as ``CD3+/CAR+ | Freq. of Parent`` with a column ``day``.
    name : str
        What messages call a table given as text.
    days : mapping of str to float, optional
        Day of each sample of a FlowJo table, by the name in its first column.
    group_by : str
        A column that holds one value for each subject, kept as `Series.group`.

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
    >>> table = "day,CD3+/CAR+ | Freq. of Parent,CD3+ | Count\n7,45.3 %,2000\n12,n/a,1500\n"
    >>> series, *_ = read_series(table)
    >>> series.quantity, series.values, series.n_denominators
    ('CD3+/CAR+ | Freq. of Parent', (45.3, None), (2000.0, 1500.0))
    """
    problems = RowProblems(source.name if isinstance(source, Path) else name)
    table = _table(source, problems)
    found = _all_series(table, problems, days or {})
    if not group_by:
        return found
    rows = [(row, row.cells.get("subject_id", "")) for row in table.rows]
    groups = subject_groups(table, rows, group_by, problems)
    problems.raise_if_any()
    return tuple(replace(one, group=groups.get(one.subject_id, "")) for one in found)


def _all_series(
    table: Table, problems: RowProblems, days: Mapping[str, float]
) -> tuple[Series, ...]:
    statistics = [found for one in table.columns if (found := statistic_of(table.written[one]))]
    if statistics and "value" not in table.columns:
        return _flowjo_series(table, statistics, problems, days)
    if {"depth", "statistic"} <= set(table.columns):
        raise SheetError(
            "this is FlowJo's outline of populations, one below the other",
            hint="export a table from the Table Editor: one row for each sample",
        ).at(problems.name)
    lacking = missing_columns(table, ("day", "value"), problems)
    points = [] if lacking else [_point(row, table, problems) for row in table.rows]
    _check_days(points, problems)
    problems.raise_if_any()
    return _by_subject(points, table)


def _by_subject(points: Sequence[_Point], table: Table) -> tuple[Series, ...]:
    if not points:
        raise SheetError("the table has no rows", hint="write one row for each day").at(table.name)
    subjects = dict.fromkeys(point.subject_id for point in points)
    return tuple(
        _series(subject, [point for point in points if point.subject_id == subject])
        for subject in subjects
    )


def _flowjo_series(
    table: Table,
    statistics: Sequence[Statistic],
    problems: RowProblems,
    days: Mapping[str, float],
) -> tuple[Series, ...]:
    """Return the series of every column of statistics of a FlowJo table."""
    rows = without_summaries(table.rows, table.columns[0])
    placed = [(row, _flowjo_place(row, table, problems, days)) for row in rows]
    counts = count_columns(statistics)
    found: list[Series] = []
    for number, statistic in enumerate(one for one in statistics if one.is_curve):
        whole = counts.get((statistic.whole or "\0").casefold())
        points = [
            _flowjo_point(row, place, statistic, whole, _Reader(row, table, problems))
            for row, place in placed
        ]
        if number == 0:
            _check_days(points, problems)
        problems.raise_if_any()
        found += (
            replace(
                one,
                quantity=statistic.name,
                is_percentage=statistic.is_percentage,
                n_denominators=one.n_denominators if whole is not None else (),
            )
            for one in _by_subject(points, table)
        )
    return tuple(found)


class _Reader(NamedTuple):
    """A row with all that reading one of its cells takes."""

    row: Row
    table: Table
    problems: RowProblems

    def number(self, column: str, parse: Callable[[str], T], *, instead: T) -> T:
        """Return a parsed cell of the row; a `` %`` behind it is passed over."""
        cells = {column: without_percent_sign(self.row.cells.get(column, ""))}
        reader = RowReader(replace(self.row, cells=cells), self.problems)
        return reader.optional(column, parse, instead=instead)


def _flowjo_place(
    row: Row, table: Table, problems: RowProblems, days: Mapping[str, float]
) -> tuple[str, float]:
    """Return subject and day of a row."""
    cells = RowReader(row, problems)
    subject = _subject_id(cells, table)
    sample = row.cells.get(table.columns[0], "")
    if sample in days:
        return subject, days[sample]
    day = next((name for name in _DAY_NAMES if name in table.columns), None)
    if day is not None:
        return subject, cells.required(
            day, table.numbers.day, instead=math.nan, hint="write the days since infusion"
        )
    cells.refuse(
        "no day is known for this sample",
        hint='add a column "day" with the days since infusion; names are not read',
    )
    return subject, math.nan


def _flowjo_point(
    row: Row, place: tuple[str, float], statistic: Statistic, whole: str | None, reader: _Reader
) -> _Point:
    numbers = reader.table.numbers
    missing = Reading(None, State.MISSING)
    reading = reader.number(
        statistic.name.casefold(), lambda text: parse_value(text, numbers), instead=missing
    )
    if statistic.is_percentage and (reading.value or 0.0) > 100:
        RowReader(reader.row, reader.problems).refuse(
            f"{reading.value:g} is no percentage",
            hint="export frequencies as they are, or rename the statistic",
            column=statistic.name.casefold(),
        )
    of = None
    if whole is not None:
        events = reader.number(whole, lambda text: parse_value(text, numbers), instead=missing)
        of = events.value or None
    return _Point(row=row.number, subject_id=place[0], day=place[1], reading=reading, of=of)


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
                hint="give one value for each subject and day"
                if point.subject_id
                else "name the subjects in a column subject_id, or give one value for each day",
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
        n_denominators=tuple(point.of for point in ordered)
        if any(point.of is not None for point in ordered)
        else (),
    )
