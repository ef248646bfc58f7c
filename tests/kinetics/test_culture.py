from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.kinetics.culture import culture
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

DAYS = [0.0, 2.0, 5.0, 8.0]


def test_doublings_run_from_what_was_kept_to_what_is_counted_next() -> None:
    found = culture(DAYS, [1e6, 4e6, 16e6, 8e6], kept=[1, 0.5, 0.25, None])

    assert [step.doublings.value for step in found.steps] == pytest.approx([2.0, 3.0, 1.0])
    assert found.cumulative_doublings == pytest.approx((0.0, 2.0, 5.0, 6.0))
    assert found.fold == pytest.approx(64.0)
    assert (found.fastest.start_day, found.fastest.end_day) == (0.0, 2.0)
    assert found.most_cells_between == (2.0, 8.0)


@given(
    st.lists(st.floats(1e3, 1e8), min_size=4, max_size=4),
    st.lists(st.floats(0.05, 1.0), min_size=4, max_size=4),
)
def test_throwing_cells_away_does_not_change_the_doublings(
    cells: list[float], kept: list[float]
) -> None:
    whole = culture(DAYS, cells)
    taken, left = [], 1.0
    for count, share in zip(cells, kept, strict=True):
        taken.append(count * left)
        left *= share

    assert culture(DAYS, taken, kept=kept).doublings == pytest.approx(whole.doublings, abs=1e-9)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_the_change_of_the_odds_is_the_difference_of_doublings(first: float, last: float) -> None:
    positive = culture([0, 7], [1e6 * first, 5e7 * last]).doublings
    negative = culture([0, 7], [1e6 * (1 - first), 5e7 * (1 - last)]).doublings
    odds = math.log2(last / (1 - last)) - math.log2(first / (1 - first))

    assert positive - negative == pytest.approx(odds, abs=1e-9)


# specific growth rate [1/h] and doubling time [h]: J Biol Eng 2019, 10.1186/s13036-019-0167-2,
# table 1; the printed rates are rounded, so the times agree within 1.5 %
@pytest.mark.parametrize(
    ("per_hour", "hours"), [(0.030, 23.2), (0.041, 17.1), (0.053, 13.0), (0.007, 99.5)]
)
def test_published_rates_give_their_doubling_times(per_hour: float, hours: float) -> None:
    cells = [1e6 * math.exp(per_hour * 24 * day) for day in (0, 3)]
    found = culture([0, 3], cells).fastest

    assert found.rate.value == pytest.approx(per_hour * 24)
    assert found.doubling_time.value == pytest.approx(hours / 24, rel=0.015)


def test_a_falling_culture_has_no_doubling_time() -> None:
    assert culture([0, 3], [4e6, 1e6]).fastest.doubling_time == Measure.missing(
        Unit.DAY, Reason.NO_GROWTH
    )


@pytest.mark.parametrize(
    ("days", "cells", "kept", "message"),
    [
        ([0], [1e6], None, "growth needs at least 2 counts, got 1"),
        ([0, 3], [1e6], None, "2 days, but 1 counts and 2 shares kept"),
        ([3, 0], [1e6, 2e6], None, "days of a culture rise, got 0 after 3"),
        ([0, 3], [0, 2e6], None, "the cells counted on day 0 lie above 0, got 0.0"),
        ([0, 3], [None, 2e6], None, "the cells counted on day 0 lie above 0, got None"),
        ([0, 3], [1e6, 2e6], [0, 1], "the share kept on day 0 lies above 0 and up to 1, got 0.0"),
        ([0, 3], [1e6, 2e6], [1, 2], "the share kept on day 3 lies above 0 and up to 1, got 2.0"),
    ],
)
def test_what_is_no_culture_is_refused(days: Any, cells: Any, kept: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole sentence is compared
        culture(days, cells, kept=kept)
    assert str(caught.value) == message
