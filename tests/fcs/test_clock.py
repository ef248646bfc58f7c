"""Dates and times of FCS."""

from datetime import date, datetime, timedelta

import pytest

from carflow.fcs.clock import acquired_at, duration_s, parse_clock, parse_date


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:00:00", 0.0),
        (" 23:59:59 ", 86399.0),
        ("10:00:01.25", 36001.25),
        ("10:00:01:30", 36001.5),
        ("24:00:00", None),
        ("10:60:00", None),
        ("10:00:60", None),
        ("10:00:01:60", None),
        ("10:00", None),
        ("", None),
        ("١٠:٠٠:٠٠", None),
    ],
)
def test_times_of_day(text: str, seconds: float | None) -> None:
    assert parse_clock(text) == seconds


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("07-MAR-2021", date(2021, 3, 7)),
        ("7-mar-21", date(2021, 3, 7)),
        ("07-Mar-98", date(1998, 3, 7)),
        ("2021-MAR-07", date(2021, 3, 7)),
        ("2021-03-07", date(2021, 3, 7)),
        ("07 Mar 2021", date(2021, 3, 7)),
        ("03-07-2021", None),  # month or day first?
        ("30-FEB-2021", None),
        ("07-Mrz-2021", None),
        ("", None),
    ],
)
def test_dates_are_read_only_where_unambiguous(text: str, day: date | None) -> None:
    assert parse_date(text) == day


def test_a_tube_acquired_over_midnight_took_seconds_not_minus_a_day() -> None:
    assert duration_s("23:59:30", "00:01:00") == 90.0
    assert duration_s("10:00:00", "10:00:00") == 0.0
    assert duration_s("", "10:00:00") is None


def test_date_and_time_make_the_local_start() -> None:
    start = acquired_at("07-MAR-2021", "10:00:01.50")

    assert start == datetime.combine(date(2021, 3, 7), datetime.min.time()) + timedelta(
        hours=10, seconds=1.5
    )
    assert acquired_at("07-MAR-2021", "") is None
    assert acquired_at("", "10:00:00") is None
