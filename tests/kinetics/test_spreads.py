from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.kinetics.nca import nca
from carflow.kinetics.peak import estimate_peak
from carflow.kinetics.spreads import percentage_interval, read_measured
from carflow.measure import IntervalKind
from carflow.quantify.intervals import share_interval
from carflow.reasons import Reason
from carflow.units import Unit

DAYS = [1, 4, 7, 12, 14]
PERCENT = [4.26, 12.33, 45.31, 69.94, 24.33]


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_a_percentage_with_its_denominator_has_the_interval_of_its_counts(
    counts: tuple[int, int],
) -> None:
    events, of = counts

    found = percentage_interval(100 * events / of, of)

    assert found == pytest.approx(share_interval(events, of).times(100.0), rel=1e-6, abs=1e-9)


def test_percentages_alone_have_a_day_a_bracket_and_areas_but_no_intervals() -> None:
    found, peak = nca(DAYS, PERCENT, unit=Unit.PERCENT), estimate_peak(DAYS, PERCENT)

    assert (peak.day.value, peak.bracket) == (12, (7, 14))
    assert peak.probability_reason is Reason.NO_COUNTS
    for measure in (found.cmax, found.auc_last, found.auc(1, 14), peak.height):
        assert not measure.has_interval
        assert measure.reason is Reason.NO_COUNTS


def test_a_denominator_or_a_cv_gives_them_their_intervals() -> None:
    counted = estimate_peak(DAYS, PERCENT, n_denominator=500)
    varied = estimate_peak(DAYS, PERCENT, cv=0.3)
    both = estimate_peak(DAYS, PERCENT, n_denominator=[500] * 5, cv=[0.1] * 5)

    assert counted.height.ci_kind is IntervalKind.COUNTING
    assert counted.height.low == pytest.approx(65.78, abs=0.01)
    assert varied.height.ci_kind is IntervalKind.TOTAL
    assert varied.height.low == pytest.approx(69.94 * math.exp(-1.96 * 0.3), rel=1e-4)
    assert counted.days95 == {12: 1.0}
    assert sorted(varied.days95) == [7, 12]
    assert both.height.low is not None
    assert both.height.low < counted.height.low  # type: ignore[operator]  # compared above
    assert both.height.ci_kind is IntervalKind.TOTAL


def test_a_zero_percentage_of_few_cells_has_an_upper_limit() -> None:
    first = read_measured([1, 7], [0.0, 5.0], n_denominator=500).samples[0]

    assert first.low == 0.0
    assert first.high == pytest.approx(0.735, abs=5e-4)
    assert read_measured([1], [0.0], cv=0.1).samples[0].high is None


def test_columns_of_a_data_frame_will_do_whatever_their_index() -> None:
    frame = pd.DataFrame({"id": ["a", "b", "b"], "day": [1, 7, 12], "value": [1.0, 9.0, pd.NA]})
    own = frame[frame["id"] == "b"]

    assert estimate_peak(own["day"], own["value"]).day.value == 7  # type: ignore[arg-type]  # frames are columns
    assert nca(own["day"], own["value"], lloq=own["value"]).cmax.value == 9.0  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"n_denominator": 0}, "a denominator is a number of events above 0, got 0"),
        ({"n_denominator": [500]}, "5 days, but 1 denominators"),
        ({"cv": -0.1}, "a coefficient of variation is not negative, got -0.1"),
        (
            {"cv": 0.1, "lows": PERCENT, "highs": PERCENT},
            "give intervals, or a denominator or CV to make them from, not both",
        ),
        ({"lloq": [0.5]}, "5 days, but 1 limits"),
    ],
)
def test_columns_that_do_not_fit_are_the_callers_mistake(
    columns: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        nca(DAYS, PERCENT, **columns)  # type: ignore[arg-type]  # wrong on purpose

    assert str(caught.value) == message


def test_a_word_in_place_of_a_value_has_no_interval_of_zero_events() -> None:
    samples = read_measured(
        [1, 4], [None, 0.0], states=["DET_BLQ", "ND"], n_denominator=500
    ).samples

    assert samples[0].high is None
    assert samples[1].high == pytest.approx(0.735, abs=5e-4)


def test_empty_columns_of_intervals_do_not_forbid_a_denominator() -> None:
    empty = [None] * 5

    found = nca(DAYS, PERCENT, lows=empty, highs=empty, n_denominator=500)

    assert found.cmax.has_interval


def test_counts_are_no_percentages() -> None:
    with pytest.raises(ValueError, match="a percentage lies between 0 and 100, got 140"):
        nca([7], [140.0], n_denominator=500)


def test_each_value_may_have_a_limit_of_its_own() -> None:
    samples = read_measured([1, 4, 7], [0.4, 0.4, 0.4], lloq=[0.5, 0.3, None]).samples

    assert [sample.quantified for sample in samples] == [False, True, True]
    assert [sample.limit for sample in samples] == [0.5, 0.3, None]
