from __future__ import annotations

import pytest

from carflow.quantify.decision import Verdict, against_limit


def test_few_events_decide_nothing() -> None:
    assert against_limit(1, 8, 10.0) is Verdict.UNDECIDED
    assert against_limit(0, 20, 10.0) is Verdict.UNDECIDED  # exact upper limit 16.8 %


def test_the_exact_interval_decides_and_not_wilsons() -> None:
    # 0 of 36: exact upper limit 9.74 %; 0 of 35: 10.00 %
    assert against_limit(0, 36, 10.0) is Verdict.BELOW
    assert against_limit(0, 34, 10.0) is Verdict.UNDECIDED
    assert against_limit(800, 1000, 75.0) is Verdict.ABOVE


def test_a_limit_is_a_percentage() -> None:
    with pytest.raises(ValueError, match="a limit lies between 0 and 100 %, got 120"):
        against_limit(1, 2, 120)
