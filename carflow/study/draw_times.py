"""Hours between the times of a row: when blood was drawn, counted, and acquired.

Only differences leave this module: a date of a visit is personal data, and the days since the
infusion are told by the column ``day`` alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.study.cells import is_missing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carflow.study.rows import Row

TIME_COLUMNS = ("collection_datetime", "cbc_datetime", "acquisition_datetime")
_FORMS = ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%Y/%m/%d %H:%M", "%d-%b-%Y %H:%M")
_MOST_ROWS_NAMED = 10


def parse_time(text: str) -> datetime | None:
    """Return a date with its time of day, None where the text is no such thing.

    Day and month that could be exchanged (``03/05/2024``) are not read, and a date without a
    time of day tells no hours.

    Examples
    --------
    >>> parse_time("2001-03-05 14:30") == parse_time("05.03.2001 14:30")
    True
    >>> parse_time("03/05/2001 14:30") is None, parse_time("2001-03-05") is None
    (True, True)
    """
    try:
        return datetime.fromisoformat(text) if ":" in text else None
    except ValueError:
        pass
    for form in _FORMS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  # local times of one laboratory
        except ValueError:
            continue
    return None


def hours_between(cells: Mapping[str, str], start: str, end: str) -> float | None:
    """Return the hours from one time of a row to another, None where one is not known.

    Examples
    --------
    >>> row = {"drawn": "2001-03-05 08:30", "counted": "2001-03-05 11:00"}
    >>> hours_between(row, "drawn", "counted")
    2.5
    """
    first, second = (parse_time(cells.get(name, "").strip()) for name in (start, end))
    if first is None or second is None or (first.tzinfo is None) != (second.tzinfo is None):
        return None
    return (second - first).total_seconds() / 3600


def unread_times(rows: Sequence[Row]) -> list[Finding]:
    """Return a warning for each column of times with cells that could not be read."""
    findings = []
    for name in TIME_COLUMNS:
        unread = [
            row.number
            for row in rows
            if not is_missing(text := row.cells.get(name, "").strip()) and parse_time(text) is None
        ]
        if unread:
            named = ", ".join(map(str, unread[:_MOST_ROWS_NAMED]))
            more = (
                f" and {len(unread) - _MOST_ROWS_NAMED} more"
                if len(unread) > _MOST_ROWS_NAMED
                else ""
            )
            findings.append(
                Finding(
                    code="SHEET-TIME-UNREAD",
                    severity=Severity.WARN,
                    message=f'the column "{name}" has no date with a time of day in'
                    f" {'row' if len(unread) == 1 else 'rows'} {named}{more}:"
                    " write it as 2001-03-05 14:30",
                    value=len(unread),
                )
            )
    return findings
