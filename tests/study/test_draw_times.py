from __future__ import annotations

import pytest

from carflow.study.draw_times import hours_between, parse_time, unread_times
from carflow.study.rows import Row

DRAWN = "collection_datetime"


@pytest.mark.parametrize(
    ("drawn", "counted", "hours"),
    [
        ("2001-03-05 08:30", "2001-03-05 11:00", 2.5),
        ("2001-03-05T23:30:00", "2001-03-06 00:30", 1.0),
        ("05.03.2001 08:00", "2001/03/04 08:00", -24.0),
        ("05-Mar-2001 08:00", "2001-03-05 08:00", 0.0),
        ("2001-03-05 08:00", "", None),
        ("2001-03-05", "2001-03-05 08:00", None),
        ("2001-03-05 08:00+01:00", "2001-03-05 08:00", None),
        ("03/05/2001 08:00", "2001-03-05 08:00", None),
    ],
)
def test_hours_are_told_only_between_two_times(
    drawn: str, counted: str, hours: float | None
) -> None:
    assert hours_between({"a": drawn, "b": counted}, "a", "b") == hours


def test_a_time_in_summer_time_and_one_in_winter_are_as_far_apart_as_they_are() -> None:
    cells = {"a": "2001-03-25 00:30+01:00", "b": "2001-03-25 03:30+02:00"}

    assert hours_between(cells, "a", "b") == 2.0


def test_times_that_cannot_be_read_are_one_finding_for_their_column() -> None:
    texts = ["2001-03-05 08:00", "03/05/2001 08:00", "", "yesterday", "n/a"]
    rows = [Row(number=at, cells={DRAWN: text}) for at, text in enumerate(texts, start=2)]

    (finding,) = unread_times(rows)

    assert finding.code == "SHEET-TIME-UNREAD"
    assert finding.message == (
        'the column "collection_datetime" has no date with a time of day in rows 3, 5: write it'
        " as 2001-03-05 14:30"
    )


def test_no_time_is_read_out_of_words() -> None:
    assert [parse_time(text) for text in ("noon", "8:30", "", "31.02.2001 08:00")] == [None] * 4
