import json
import re
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.findings import Severity
from carflow.qc.limits import Above, Below, Within, gravest
from carflow.thresholds import QcLimits

number = st.floats(min_value=0, max_value=1e9)


def test_the_limits_go_into_json_and_back() -> None:
    limits = QcLimits(voltage_fail_v=25.0)

    assert QcLimits(**json.loads(json.dumps(asdict(limits)))) == limits


def test_every_default_is_a_plain_number() -> None:
    assert all(type(value) in (int, float) for value in asdict(QcLimits()).values())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"events_fail": -1}, "events_fail has to be a number from 0 upwards, got -1"),
        (
            {"saturation_fail_pct": float("nan")},
            "saturation_fail_pct has to be a number from 0 upwards, got nan",
        ),
        (
            {"cd3_events_warn": 100},
            "cd3_events_warn 100 and cd3_events_fail 500: a check has to warn before it fails",
        ),
        (
            {"voltage_warn_v": 11.0},
            "voltage_warn_v 11.0 and voltage_fail_v 10.0: a check has to warn before it fails",
        ),
    ],
)
def test_limits_that_contradict_themselves_are_refused(
    changes: dict[str, float], sentence: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        QcLimits(**changes)  # type: ignore[arg-type]  # the table names fields of QcLimits


@given(value=number, more=number, warn=number, fail=number)
def test_more_events_are_never_worse(value: float, more: float, warn: float, fail: float) -> None:
    enough = Below(max(warn, fail), min(warn, fail))

    assert enough.severity(value + more).rank >= enough.severity(value).rank


@given(value=number, more=number, warn=number, fail=number)
def test_a_larger_share_is_never_better(
    value: float, more: float, warn: float, fail: float
) -> None:
    allowed = Above(min(warn, fail), max(warn, fail))

    assert allowed.severity(value + more).rank <= allowed.severity(value).rank


def test_a_value_on_its_limit_is_still_allowed() -> None:
    assert Below(20, 5).severity(20) is Severity.PASS
    assert Below(20, 5).severity(5) is Severity.WARN
    assert Above(1, 5).severity(1) is Severity.PASS
    assert Above(1, 5).severity(5) is Severity.WARN


def test_without_a_second_limit_nothing_fails() -> None:
    assert Above(1.0).severity(1e300) is Severity.WARN
    assert str(Above(1.0, unit="d")) == "warn > 1 d"


def test_the_gravest_of_nothing_is_a_pass() -> None:
    assert gravest([]) is Severity.PASS
    assert gravest([Severity.INFO, Severity.FAIL, Severity.WARN]) is Severity.FAIL


def test_a_check_may_fail_without_warning_first() -> None:
    strict = QcLimits(events_warn=5_000, voltage_warn_v=10.0)

    assert (strict.events_fail, strict.voltage_fail_v) == (5_000, 10.0)


def test_viability_warns_before_it_fails_from_above() -> None:
    with pytest.raises(
        ValueError, match=r"viability_warn_pct 40[.]0 and viability_fail_pct 50[.]0"
    ):
        QcLimits(viability_warn_pct=40.0)


@pytest.mark.parametrize("name", ["t_sum", "events_per_s", "count_ratio"])
def test_the_low_end_of_a_range_is_below_its_high_end(name: str) -> None:
    names = [one for one in asdict(QcLimits()) if one.startswith(name)]
    low, high = (one for end in ("_low", "_high") for one in names if end in one)

    with pytest.raises(ValueError, match=rf"{low} 7[.]0 is not below {high} 7[.]0"):
        QcLimits(**{low: 7.0, high: 7.0})  # type: ignore[arg-type]  # the names are fields of QcLimits


def test_the_ends_of_a_range_are_allowed() -> None:
    range_ = Within(85.0, 105.0, unit="%")

    assert [range_.severity(value) for value in (84.9, 85.0, 105.0, 105.1)] == [
        Severity.WARN,
        Severity.PASS,
        Severity.PASS,
        Severity.WARN,
    ]
    assert str(range_) == "warn outside 85 to 105 %"
