"""$DATE, $BTIM and $ETIM: when a tube was acquired and how long it took.

FCS before 3.2 states no time zone: times are local to the cytometer and stay naive. The date-times
of FCS 3.2 may have one; it counts for the duration and is left out of the local time.

References
----------
FCS 3.1, sections 3.2.8 ($BTIM), 3.2.10 ($DATE), 3.2.13 ($ETIM); FCS 2.0 wrote fractions of a
second as 60ths behind a colon. FCS 3.2 ($BEGINDATETIME, $ENDDATETIME): ISO 8601.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6})|:([0-9]{1,2}))?")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[- ]([A-Za-z]{3})[- ]([0-9]{4}|[0-9]{2})")
_YEAR_FIRST = re.compile(r"([0-9]{4})[- ]([A-Za-z]{3}|[0-9]{2})[- ]([0-9]{1,2})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_S = 86_400.0


def parse_clock(text: str) -> float | None:
    """Return seconds after midnight, None where the text is no time of day.

    Read are ``hh:mm:ss``, ``hh:mm:ss.cc`` and ``hh:mm:ss:tt`` with tt in 60ths of a second.

    Examples
    --------
    >>> parse_clock("10:00:01"), parse_clock("10:00:01.25"), parse_clock("10:00:01:30")
    (36001.0, 36001.25, 36001.5)
    >>> parse_clock("25:00:00") is None
    True
    """
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None
    hours, minutes, seconds = int(found[1]), int(found[2]), int(found[3])
    sixtieths = int(found[5] or 0)
    if hours > 23 or minutes > 59 or seconds > 59 or sixtieths > 59:
        return None
    fraction = float(f"0.{found[4]}") if found[4] else sixtieths / 60.0
    return hours * 3600.0 + minutes * 60.0 + seconds + fraction


def parse_date(text: str) -> date | None:
    """Return a date written unambiguously, else None.

    Read are ``dd-mmm-yyyy``, ``dd-mmm-yy`` (years 1970 to 2069), ``yyyy-mmm-dd`` and
    ``yyyy-mm-dd``; a date of numbers with the year last could have day or month first.

    Examples
    --------
    >>> parse_date("07-MAR-2021"), parse_date("2021-Mar-07"), parse_date("03/07/2021")
    (datetime.date(2021, 3, 7), datetime.date(2021, 3, 7), None)
    """
    text = text.strip()
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year = found.groups()
    elif found := _YEAR_FIRST.fullmatch(text):
        year, month, day = found.groups()
    else:
        return None
    month_number = int(month) if month.isdigit() else _month(month)
    year_number = int(year)
    if year_number < 100:
        year_number += 2000 if year_number < 70 else 1900
    try:
        return date(year_number, month_number, int(day))
    except ValueError:
        return None


def _month(name: str) -> int:
    """Return 1 to 12, or 0 (no month) for a name that is not English."""
    name = name.casefold()
    return _MONTHS.index(name) + 1 if name in _MONTHS else 0


def acquired_at(date_text: str, begin_text: str) -> datetime | None:
    """Return the local time at which acquisition began, None if either part is unknown.

    Examples
    --------
    >>> acquired_at("07-MAR-2021", "10:00:01")
    datetime.datetime(2021, 3, 7, 10, 0, 1)
    """
    day, seconds = parse_date(date_text), parse_clock(begin_text)
    if day is None or seconds is None:
        return None
    return datetime.combine(day, time()) + timedelta(seconds=seconds)


def duration_s(begin_text: str, end_text: str) -> float | None:
    """Return the seconds from $BTIM to $ETIM, over midnight if the end is earlier.

    None if either is no time of day.

    Examples
    --------
    >>> duration_s("10:00:00", "10:02:30"), duration_s("23:59:50", "00:00:10")
    (150.0, 20.0)
    """
    begin, end = parse_clock(begin_text), parse_clock(end_text)
    if begin is None or end is None:
        return None
    return end - begin if end >= begin else end - begin + _DAY_S


def began_at(keywords: Mapping[str, str]) -> datetime | None:
    """Return the local time at which acquisition began, from $DATE and $BTIM or $BEGINDATETIME.

    Examples
    --------
    >>> began_at({"$BEGINDATETIME": "2021-03-07T10:00:01+01:00"})
    datetime.datetime(2021, 3, 7, 10, 0, 1)
    """
    stated = acquired_at(keywords.get("$DATE", ""), keywords.get("$BTIM", ""))
    if stated is not None:
        return stated
    begin = _date_time(keywords.get("$BEGINDATETIME", ""))
    return begin.replace(tzinfo=None) if begin else None


def lasted_s(keywords: Mapping[str, str]) -> float | None:
    """Return the seconds of acquisition, from $BTIM and $ETIM or the date-times of FCS 3.2.

    Examples
    --------
    >>> lasted_s({"$BTIM": "10:00:00", "$ETIM": "10:02:30"})
    150.0
    >>> lasted_s({"$BEGINDATETIME": "2021-03-07T10:00Z", "$ENDDATETIME": "2021-03-07T11:01+01:00"})
    60.0
    """
    seconds = duration_s(keywords.get("$BTIM", ""), keywords.get("$ETIM", ""))
    if seconds is not None:
        return seconds
    begin = _date_time(keywords.get("$BEGINDATETIME", ""))
    end = _date_time(keywords.get("$ENDDATETIME", ""))
    if begin is None or end is None or (begin.tzinfo is None) != (end.tzinfo is None):
        return None
    return (end - begin).total_seconds() if end >= begin else None


def _date_time(text: str) -> datetime | None:
    text = text.strip()
    if not text.isascii() or len(text) > 40:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
