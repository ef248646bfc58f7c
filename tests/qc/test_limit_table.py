from dataclasses import asdict

import pytest

from carflow.errors import GatesError, Problems
from carflow.qc.limit_table import limits_from_table
from carflow.qc.limits import QcLimits


def test_an_empty_table_leaves_the_defaults() -> None:
    assert limits_from_table({}) == QcLimits()


def test_named_limits_are_taken_and_a_whole_number_may_stand_for_a_number() -> None:
    limits = limits_from_table({"events_fail": 1_000, "voltage_fail_v": 5})

    assert (limits.events_fail, limits.voltage_fail_v) == (1_000, 5.0)
    assert isinstance(limits.voltage_fail_v, float)


def test_every_limit_can_be_written_and_read_back() -> None:
    assert limits_from_table(asdict(QcLimits())) == QcLimits()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"event_warn": 1}, 'qc: unknown key "event_warn" (did you mean "events_warn"?)'),
        ({"events_warn": 1.5}, "qc: events_warn: must be a whole number, found 1.5"),
        ({"events_warn": True}, "qc: events_warn: must be a whole number, found true"),
        ({"voltage_fail_v": "5 V"}, 'qc: voltage_fail_v: must be a number, found "5 V"'),
        ({"voltage_fail_v": {}}, "qc: voltage_fail_v: must be a number, found a table"),
        ({"voltage_fail_v": [1]}, "qc: voltage_fail_v: must be a number, found a list"),
        (
            {"events_fail": 30_000},
            "qc: events_warn 20000 and events_fail 30000: a check has to warn before it fails",
        ),
        (
            {"voltage_fail_v": float("nan")},
            "qc: voltage_fail_v has to be a number from 0 upwards, got nan",
        ),
    ],
)
def test_a_limit_that_cannot_be_used_is_refused(table: dict[str, object], message: str) -> None:
    with pytest.raises(GatesError) as caught:
        limits_from_table(table)

    assert str(caught.value) == message


def test_all_that_is_wrong_is_told_together() -> None:
    with pytest.raises(Problems) as caught:
        limits_from_table({"events_warn": "many", "volts": 1})

    assert str(caught.value).splitlines() == [
        "gates: 2 problems",
        '  qc: events_warn: must be a whole number, found "many"',
        f'  qc: unknown key "volts" (known: {", ".join(asdict(QcLimits()))})',
    ]
