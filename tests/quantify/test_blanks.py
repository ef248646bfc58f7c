from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import pdtr

from carflow.gating.strategy import AssayLimits
from carflow.quantify.blanks import (
    denominator_needed,
    events_to_plan_for,
    limit_of_blank,
    limit_of_blank_events,
    limit_of_detection,
    limit_of_detection_events,
    raised_limits,
)

# smallest c with P(Pois(mu) > c) <= 0.05, smallest mean m with P(Pois(m) <= c) <= 0.05
TABLE = [
    (0, 0, 3.0), (0.5, 2, 6.3), (1, 3, 7.8), (2, 5, 10.5), (3, 6, 11.8), (5, 9, 15.7),
    (10, 15, 23.1), (20, 28, 38.4),
]  # fmt: skip


@pytest.mark.parametrize(("mean", "lob", "lod"), TABLE)
def test_limits_of_a_background_agree_with_the_table(mean: float, lob: int, lod: float) -> None:
    assert limit_of_blank_events(mean) == lob
    assert limit_of_detection_events(mean) == pytest.approx(lod, abs=0.05)


@given(st.floats(min_value=0, max_value=1e6))
def test_the_limit_of_blank_is_the_smallest_that_holds(mean: float) -> None:
    lob = limit_of_blank_events(mean)

    assert pdtr(lob, mean) >= 0.95 - 1e-9
    assert lob == 0 or pdtr(lob - 1, mean) < 0.95 + 1e-9


@given(st.floats(min_value=0, max_value=1e4))
def test_a_background_never_lowers_a_limit(mean: float) -> None:
    raised = raised_limits(AssayLimits(), mean)

    assert raised.lod_events >= 20
    assert raised.lloq_events >= max(50, raised.lod_events)


def test_events_are_planned_for_with_95_percent() -> None:
    planned = [events_to_plan_for(events) for events in (20, 50, 100)]

    assert planned == pytest.approx([27.9, 62.2, 117.0], abs=0.05)


@pytest.mark.parametrize(
    ("events", "share", "needed"),
    [(20, 1, 2000), (50, 1, 5000), (20, 0.1, 20_000), (100, 0.1, 100_000), (50, 0.01, 500_000)],
)
def test_the_denominator_for_a_share_is_known(events: int, share: float, needed: int) -> None:
    assert denominator_needed(events, share) == needed


def test_blank_values_give_limits_in_their_own_unit() -> None:
    blank = limit_of_blank([0.0, 0.1, 0.2])

    assert blank == pytest.approx(0.1 + 1.645 * 0.1)
    # 4 degrees of freedom: factor 1.645 / (1 - 1/16)
    low = limit_of_detection(blank, [[0.4, 0.5, 0.6], [0.3, 0.4, 0.5]])
    assert low == pytest.approx(blank + 1.645 / (1 - 1 / 16) * 0.1)


def test_what_gives_no_limit_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="a mean number of events is not negative, got -1"):
        limit_of_blank_events(-1)
    with pytest.raises(ValueError, match="a spread needs at least 2 values, got 1"):
        limit_of_blank([0.1])
    with pytest.raises(ValueError, match="replicates of at least one low sample are needed"):
        limit_of_detection(0.1, [[0.4], [0.3]])
    with pytest.raises(ValueError, match="at least one event is planned for, got 0"):
        events_to_plan_for(0)
    with pytest.raises(ValueError, match=r"a share lies in \(0, 100\] %, got 0"):
        denominator_needed(20, 0)
