from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, gmean

from carflow.kinetics.cohort import (
    cohort,
    cohort_of,
    geometric_mean,
    middle,
    order_interval,
    order_rank,
)
from carflow.kinetics.peak import estimate_peak
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

INF = math.inf
NOT_REACHED = (14.0, INF)


@pytest.mark.parametrize("n", [*range(1, 41), 100, 251])
def test_the_rank_is_the_largest_that_leaves_2_5_percent_on_each_side(n: int) -> None:
    allowed = [k for k in range(1, n + 1) if binom.cdf(k - 1, n, 0.5) <= 0.025]

    assert order_rank(n) == max(allowed, default=0)


def test_thirty_two_patients_have_the_ranks_10_and_23() -> None:
    days = list(range(1, 33))

    assert order_interval(days, days) == (10, 23)


def test_below_six_patients_there_is_no_95_percent_interval() -> None:
    five = cohort([7, 9, 11, 12, 14], [(4, 9), (7, 11), (9, 12), (11, 14), (12, 21)])

    assert (five.median.value, five.median.has_interval) == (11, False)
    assert five.median.reason is Reason.FEW_PATIENTS
    assert (five.order_span, five.bounds95) == (None, None)
    assert five.bounds == (9, 12)


def test_forty_percent_not_reached_still_give_a_median() -> None:
    found = cohort([7, 9, 12, 14, 14], [(4, 9), (7, 12), (9, 14), NOT_REACHED, NOT_REACHED])

    assert (found.n_not_reached, found.median.value) == (2, 12)
    assert found.median_span == (12, 12)
    assert found.bounds == (9, 14)


def test_sixty_percent_not_reached_give_a_lower_bound() -> None:
    days, brackets = [7.0, 9.0, 14.0, 14.0, 14.0], [(4.0, 9.0), (7.0, 12.0), *[NOT_REACHED] * 3]
    found = cohort(days, brackets)

    assert (found.median.value, found.median.reason) == (None, Reason.MEDIAN_OPEN)
    assert found.median_span == (14, INF)
    assert found.bounds == (14, INF)


def test_a_patient_lost_early_leaves_the_median_between_two_days() -> None:
    # lost on day 4 with the peak to come: it may lie before or after the others
    found = cohort([4, 9, 12], [(1, INF), (7, 12), (9, 14)])

    assert found.median_span == (9, 12)
    assert found.median.reason is Reason.MEDIAN_OPEN


def test_an_interval_that_is_open_upwards_is_not_printed_as_a_number() -> None:
    days = [7.0, 9.0, 9.0, 12.0, 12.0, 14.0]
    brackets = [(4.0, 9.0), (7.0, 12.0), (7.0, 12.0), (9.0, 14.0), (9.0, 14.0), NOT_REACHED]
    found = cohort(days, brackets)

    assert found.order_span == (7, INF)
    assert (found.median.value, found.median.high) == (10.5, None)
    assert found.median.reason is Reason.PEAK_NOT_REACHED
    assert found.bounds95 == (4, INF)


def test_a_reason_counts_as_later_even_if_the_bracket_has_an_end() -> None:
    found = cohort([7, 9], [(4, 9), (7, 28)], reasons=["", Reason.PEAK_NOT_REACHED])

    assert (found.n_not_reached, found.bounds) == (1, (5.5, INF))


def test_patients_without_expansion_are_counted_apart() -> None:
    peaks = [
        estimate_peak([4, 7, 12], values)
        for values in ([1.0, 9.0, 2.0], [0.0, 0.0, 0.0], [1.0, 5.0, 8.0])
    ]
    found = cohort_of(peaks)

    assert (found.n_patients, found.n_peaks, found.n_not_reached, found.n_without) == (3, 2, 1, 1)


def test_a_cohort_without_a_peak_says_so() -> None:
    found = cohort([None, math.nan], [(0, INF), (0, INF)])

    assert (found.n_without, found.median.reason) == (2, Reason.NO_VALUES)
    assert (found.median_span, found.bounds, found.turnbull) == (None, None, None)


def test_the_resolution_is_that_of_the_gaps_around_the_median() -> None:
    found = cohort([12, 12, 12], [(7, 14), (9, 14), (11, 21)])

    assert found.resolution == (1, 9)


def test_turnbull_rests_on_the_brackets() -> None:
    found = cohort([7, 9, 12], [(4, 9), (7, 12), (9, 14)])

    assert found.turnbull is not None
    assert found.turnbull.n == 3
    assert found.turnbull.median == (7, 12)


@pytest.mark.parametrize(
    ("days", "brackets", "message"),
    [
        ([7, 9], [(4, 9)], "2 days, but 1 brackets"),
        ([7], [(9, 12)], "day 7 lies outside its bracket, 9 to 12"),
    ],
)
def test_what_is_no_cohort_is_said(
    days: list[float], brackets: list[tuple[float, float]], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        cohort(days, brackets)


def test_a_row_holds_nothing_that_json_cannot_say() -> None:
    for found in (cohort([7, 14], [(4, 9), NOT_REACHED]), cohort([None], [(0, INF)])):
        row = found.as_row()
        assert json.loads(json.dumps(row, allow_nan=False)) == row


GAPS = st.tuples(st.integers(1, 28), st.integers(1, 9), st.integers(1, 9) | st.just(INF))


@given(rows=st.lists(GAPS, min_size=1, max_size=20), shift=st.integers(0, 9))
def test_bounds_hold_the_median_and_shifting_days_shifts_all(
    rows: list[tuple[int, int, float]], shift: int
) -> None:
    days = [float(day) for day, _, _ in rows]
    brackets = [(day - before, day + after) for day, before, after in rows]
    plain = cohort(days, brackets)
    moved = cohort(
        [day + shift for day in days], [(left + shift, right + shift) for left, right in brackets]
    )

    assert plain.bounds is not None
    assert plain.median_span is not None
    assert plain.bounds[0] <= plain.median_span[0] <= plain.median_span[1] <= plain.bounds[1]
    assert moved.bounds == (plain.bounds[0] + shift, plain.bounds[1] + shift)
    if plain.bounds95 is not None:
        assert plain.bounds95[0] <= plain.bounds[0] <= plain.bounds[1] <= plain.bounds95[1]
    assert plain.bounds[0] == np.median([left for left, _ in brackets])


@given(values=st.lists(st.floats(-50, 50), min_size=1, max_size=9))
def test_the_middle_of_finite_values_is_numpy_s_median(values: list[float]) -> None:
    assert middle(values) == pytest.approx(np.median(values))


def measures(*values: float | None, unit: Unit = Unit.CELLS_PER_UL) -> list[Measure]:
    return [
        Measure.missing(unit, Reason.WINDOW_NOT_COVERED)
        if value is None
        else Measure(unit=unit, value=value)
        for value in values
    ]


def test_the_geometric_mean_and_its_cv_and_interval() -> None:
    found = geometric_mean(measures(12.0, 30.0, 55.0, 200.0, None), unit=Unit.CELLS_PER_UL)
    logs = np.log([12, 30, 55, 200])

    assert found.mean.value == pytest.approx(gmean([12, 30, 55, 200]))
    assert found.cv_pct == pytest.approx(100 * math.sqrt(math.exp(logs.var(ddof=1)) - 1))
    # Student's t with 3 degrees of freedom: 3.182446
    assert found.mean.high == pytest.approx(math.exp(logs.mean() + 3.182446 * logs.std(ddof=1) / 2))
    assert (found.n, found.n_without) == (4, 1)


def test_the_summary_of_theoph_published_by_pknca() -> None:
    # Cmax of the 12 subjects of Theoph; PKNCA vignette v02: 8.65 [17.0]
    cmax = [10.5, 8.33, 8.2, 8.6, 11.4, 6.44, 7.09, 7.56, 9.03, 10.21, 8.0, 9.75]
    found = geometric_mean(measures(*cmax, unit=Unit.NONE), unit=Unit.NONE)

    assert found.mean.value == pytest.approx(8.65, abs=0.005)
    assert found.cv_pct == pytest.approx(17.0, abs=0.05)


def test_one_value_has_no_cv_and_none_has_no_mean() -> None:
    one = geometric_mean(measures(5.0), unit=Unit.CELLS_PER_UL)
    none = geometric_mean(measures(0.0, None), unit=Unit.CELLS_PER_UL)

    assert one.mean.value == pytest.approx(5.0)
    assert (one.cv_pct, one.mean.has_interval) == (None, False)
    assert (none.mean.reason, none.n, none.n_without) == (Reason.NO_VALUES, 0, 2)


def test_a_mean_that_nobody_has_gives_the_reason_that_all_share() -> None:
    short = Measure.missing(Unit.CELLS_PER_UL, Reason.WINDOW_NOT_COVERED)
    other = Measure.missing(Unit.CELLS_PER_UL, Reason.ALL_BLQ)

    def reason(*found: Measure) -> Reason:
        return geometric_mean(found, unit=Unit.CELLS_PER_UL).mean.reason

    assert reason(short, short) is Reason.WINDOW_NOT_COVERED
    assert reason(short, other) is Reason.NO_VALUES


def test_a_mean_of_two_units_is_refused() -> None:
    with pytest.raises(ValueError, match="a mean in % has no place for a value in cells/µL"):
        geometric_mean(measures(5.0), unit=Unit.PERCENT)
