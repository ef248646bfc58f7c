from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.quantify.intervals import (
    Interval,
    clopper_pearson,
    count_ratio,
    count_ratio_lognormal,
    garwood,
    lognormal,
    share_interval,
    share_interval_lognormal,
    widened,
    wilson,
)

# k, n, Wilson, Clopper-Pearson, Garwood: computed with scipy 1.17.1 (scipy.stats), not by carflow
PROPORTIONS = [
    (0, 1000, 0, 0.00382675848556, 0, 0.00368208389664, 0, 3.68887945411),
    (0, 50000, 0, 7.6823274145e-05, 0, 7.37748675821e-05, 0, 3.68887945411),
    (1, 100000, 1.76524773038e-06, 5.66470965904e-05, 2.53178427439e-07, 5.57151603443e-05,
     0.0253178079843, 5.57164339094),
    (5, 100000, 2.13571944684e-05, 0.000117052076803, 1.62350568169e-05, 0.000116679430081,
     1.62348639012, 11.6683320793),
    (13, 26000, 0.00029223793814, 0.000855340925081, 0.00026625494556, 0.000854863456273,
     6.921952491, 22.2303959182),
    (20, 100000, 0.00012947884947, 0.000308918897868, 0.000122169339395, 0.000308866962825,
     12.2165195854, 30.8883779027),
    (20, 10000, 0.00129511171254, 0.00308735066465, 0.00122206662084, 0.00308715598892,
     12.2165195854, 30.8883779027),
    (22, 44000, 0.000330230825376, 0.000756980137, 0.000313373025545, 0.000756908728142,
     13.7872828722, 33.3082643871),
    (50, 50000, 0.00075866356247, 0.00131800606513, 0.000742307547306, 0.00131816543615,
     37.1109637375, 65.9187666643),
    (50, 500000, 7.58592437958e-05, 0.000131822078247, 7.42228099318e-05, 0.000131835434442,
     37.1109637375, 65.9187666643),
    (100, 100000, 0.000822337969721, 0.00121599831664, 0.000813711682035, 0.00121613639565,
     81.3639912509, 121.626793792),
    (426, 10000, 0.038814288129, 0.0467369935805, 0.0387255289635, 0.046743610287,
     386.502119773, 468.439328696),
    (6994, 10000, 0.690338023552, 0.708308837898, 0.690306056295, 0.708377685727,
     6831.03714065, 7159.86886353),
    (1, 1, 0.206549314377, 1, 0.025, 1, 0.0253178079843, 5.57164339094),
    (0, 1, 0, 0.793450685623, 0, 0.975, 0, 3.68887945411),
]  # fmt: skip


@pytest.mark.parametrize("row", PROPORTIONS)
def test_limits_agree_with_the_reference_table(row: tuple[float, ...]) -> None:
    events, of = int(row[0]), int(row[1])

    assert wilson(events, of) == pytest.approx(row[2:4], rel=1e-10, abs=1e-18)
    assert clopper_pearson(events, of) == pytest.approx(row[4:6], rel=1e-10)
    assert garwood(events) == pytest.approx(row[6:8], rel=1e-10)


# worked numbers, 51,667 beads in 50 µL of blood; 0 and 3 cells hold for 8000 beads counted
@pytest.mark.parametrize(
    ("cells", "beads", "value", "low", "high"),
    [
        (1250, 8000, 161.459, 151.995, 171.399),
        (0, 8000, 0.0, 0.0, 0.477),
        (3, 8000, 0.388, 0.080, 1.133),
        (20, 2000, 10.333, 6.298, 16.003),
    ],
)
def test_cells_against_beads_by_the_exact_conditional_interval(
    cells: int, beads: int, value: float, low: float, high: float
) -> None:
    cells_per_ul = 51_667 / 50

    assert cells / beads * cells_per_ul == pytest.approx(value, abs=5e-4)
    assert count_ratio(cells, beads).times(cells_per_ul) == pytest.approx((low, high), abs=5e-4)


def test_a_dual_platform_count_gets_its_worked_interval() -> None:
    counting = share_interval_lognormal(5400, 180_000).times(2100)

    low, high = widened(63.0, counting, 0.03**2)

    assert (round(low, 1), round(high, 1)) == (59.1, 67.2)


def test_a_small_dual_platform_count_gets_its_worked_interval() -> None:
    # 40 of 1500 events, ALC 0.05 x 10^9/L with a CV of 20 %: 1.33 [0.81, 2.19]
    counting = share_interval_lognormal(40, 1500).times(50)

    low, high = widened(40 / 1500 * 50, counting, 0.20**2)

    assert (round(low, 2), round(high, 2)) == (0.81, 2.19)


def test_few_events_take_the_exact_interval_and_more_take_wilsons() -> None:
    assert share_interval(4, 1000) == clopper_pearson(4, 1000)
    assert share_interval(5, 1000) == wilson(5, 1000)
    assert share_interval(996, 1000) == clopper_pearson(996, 1000)
    assert share_interval(995, 1000) == wilson(995, 1000)


def test_the_lognormal_share_needs_thirty_events_on_either_side() -> None:
    assert share_interval_lognormal(29, 1000) == clopper_pearson(29, 1000)
    assert share_interval_lognormal(30, 1000) == lognormal(0.03, 0.97 / 30)
    assert share_interval_lognormal(971, 1000) == clopper_pearson(971, 1000)


def test_a_cv_widens_a_lognormal_interval_as_a_sum_of_variances() -> None:
    assert widened(10.0, lognormal(10.0, 0.01), 0.04) == pytest.approx(lognormal(10.0, 0.05))


def test_a_cv_moves_only_the_upper_end_at_zero() -> None:
    low, high = widened(0.0, Interval(0.0, 0.477), 0.01)

    assert low == 0.0
    assert high == pytest.approx(0.477 * math.exp(1.959963984540054 * 0.1))


@pytest.mark.parametrize(("events", "of"), [(0, 0), (-1, 10), (11, 10)])
def test_a_share_that_is_none_is_the_callers_mistake(events: int, of: int) -> None:
    for interval in (wilson, clopper_pearson):
        with pytest.raises(ValueError, match="a share needs 0 <= events <= of and of > 0"):
            interval(events, of)


def test_ratios_without_reference_events_are_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="a ratio needs reference events, got 0"):
        count_ratio(5, 0)
    with pytest.raises(ValueError, match="both counts must be positive, got 0 and 5"):
        count_ratio_lognormal(0, 5)
    with pytest.raises(ValueError, match="a count is not negative, got -1"):
        garwood(-1)


COUNTS = st.integers(min_value=0, max_value=10_000_000)


@given(events=COUNTS, others=COUNTS)
def test_intervals_of_a_share_contain_it_and_stay_in_zero_to_one(events: int, others: int) -> None:
    of = events + others
    if of == 0:
        return
    for interval in (wilson, clopper_pearson, share_interval):
        low, high = interval(events, of)
        assert 0.0 <= low <= events / of <= high <= 1.0


@given(events=COUNTS, beads=st.integers(min_value=1, max_value=1_000_000))
def test_the_interval_of_a_ratio_contains_it(events: int, beads: int) -> None:
    low, high = count_ratio(events, beads)

    assert low <= events / beads <= high


@given(
    events=st.integers(min_value=0, max_value=5000),
    beads=st.integers(min_value=1, max_value=5000),
    cv=st.floats(min_value=0, max_value=0.5),
)
def test_a_cv_never_narrows_an_interval(events: int, beads: int, cv: float) -> None:
    counting = count_ratio(events, beads)

    low, high = widened(events / beads, counting, cv**2)

    assert low <= counting.low * (1 + 1e-12)
    assert high >= counting.high * (1 - 1e-12)
