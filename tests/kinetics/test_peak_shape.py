from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.kinetics.peak import peak_of
from carflow.kinetics.peak_shape import PeakShape, peak_shape
from carflow.kinetics.series import read_series
from carflow.reasons import Reason


def shape_of(
    days: list[float], values: list[float], spread: float | None = 1.2, limit: float | None = None
) -> PeakShape:
    """Return the shape of values whose intervals reach `spread`-fold; 0 is below `limit`."""
    known = spread is not None
    series = read_series(
        days,
        values,
        lows=[one / (spread or 1) if known else None for one in values],
        highs=[(one * (spread or 1) if one else limit) if known else None for one in values],
    )
    return peak_shape(series, peak_of(series))


def test_adjacent_values_whose_ratio_may_be_1_are_a_plateau() -> None:
    shape = shape_of([4, 7, 9, 12, 14], [10.0, 60.0, 70.0, 65.0, 20.0])

    assert shape.plateau == (7, 12)
    assert shape.ties == ()


def test_a_ratio_that_excludes_1_is_no_plateau() -> None:
    # the interval of ln(70/50) = 0.336 reaches sqrt 2 * ln 1.2 = 0.258 at a spread of 1.2
    assert shape_of([4, 9, 12], [10.0, 50.0, 70.0]).plateau is None
    # and sqrt 2 * ln 1.3 = 0.371 at one of 1.3
    assert shape_of([4, 9, 12], [10.0, 50.0, 70.0], spread=1.3).plateau == (9, 12)


def test_a_plateau_ends_at_the_first_value_that_differs() -> None:
    assert shape_of([1, 4, 7, 12], [69.0, 5.0, 70.0, 20.0]).plateau is None


def test_exact_ties_are_told_without_intervals() -> None:
    shape = shape_of([4, 7, 12], [50.0, 50.0, 9.0], spread=None)

    assert shape.ties == (4, 7)
    assert (shape.plateau, shape.reason) == (None, Reason.NO_COUNTS)


@pytest.mark.parametrize(
    ("values", "spread", "found"),
    [
        ([10.0, 70.0, 20.0, 45.0], 1.2, True),  # 3.5-fold down, 2.25-fold up
        ([10.0, 70.0, 36.0, 90.0 / 1.3], 1.2, False),  # 1.94-fold down
        ([10.0, 70.0, 20.0, 39.0], 1.2, False),  # 1.95-fold up
        ([10.0, 70.0, 20.0, 45.0], 2.5, False),  # the intervals of the ratios include 1
    ],
)
def test_a_second_peak_needs_twofold_changes_whose_intervals_exclude_1(
    values: list[float], spread: float, found: bool
) -> None:
    shape = shape_of([4, 9, 14, 20], values, spread)

    assert bool(shape.second_peaks) == found


def test_a_second_peak_knows_its_trough_and_whether_it_was_seen_to_end() -> None:
    (rising,) = shape_of([4, 9, 14, 20], [10.0, 70.0, 20.0, 45.0]).second_peaks
    (ended,) = shape_of([4, 9, 14, 20, 27], [10.0, 70.0, 20.0, 45.0, 3.0]).second_peaks

    assert (rising.day, rising.trough_day, rising.is_last) == (20, 14, True)
    assert (ended.day, ended.trough_day, ended.is_last) == (20, 14, False)


def test_a_second_peak_may_come_before_the_highest_value() -> None:
    (early,) = shape_of([4, 7, 12, 20], [30.0, 5.0, 70.0, 9.0]).second_peaks

    assert (early.day, early.trough_day) == (4, 7)


def test_late_re_expansion_is_a_second_peak_and_not_the_peak() -> None:
    shape = shape_of([7, 12, 28, 330], [9.0, 70.0, 3.0, 200.0])

    assert [one.day for one in shape.second_peaks] == [330]


def test_a_curve_that_rises_beyond_the_window_has_no_second_peak() -> None:
    assert shape_of([7, 14, 28, 60], [1.0, 4.0, 20.0, 90.0]).second_peaks == ()


def test_a_fall_below_the_limit_counts_from_its_upper_limit() -> None:
    assert shape_of([7, 12, 14, 20], [9.0, 70.0, 0.0, 50.0], limit=5.0).second_peaks != ()
    # an upper limit that high supports no fall, and without one the sample is passed over
    assert shape_of([7, 12, 14, 20], [9.0, 70.0, 0.0, 50.0], limit=40.0).second_peaks == ()
    assert shape_of([7, 12, 14, 20], [9.0, 70.0, 0.0, 50.0]).second_peaks == ()


def test_a_value_before_the_window_as_high_as_the_peak_is_told() -> None:
    assert shape_of([0.0111, 7, 12, 14], [140.0, 5.0, 70.0, 20.0]).early_value == (0.0111, 140)
    assert shape_of([0.0111, 7, 12, 14], [14.0, 5.0, 70.0, 20.0]).early_value is None


def test_a_fall_from_the_first_day_is_infused_cells_and_no_second_peak() -> None:
    shape = shape_of([1, 4, 7, 12, 14], [40.0, 5.0, 30.0, 70.0, 20.0])

    assert shape.early_fall == (1, 4)
    assert shape.second_peaks == ()


def test_no_peak_has_no_shape() -> None:
    assert shape_of([4, 7], [0.0, 0.0]) == PeakShape(reason=Reason.ALL_BLQ)


COURSE = st.lists(st.floats(0.1, 100), min_size=2, max_size=8)


@given(values=COURSE, shift=st.integers(1, 9), power=st.integers(-3, 3))
def test_scaling_values_changes_no_day_and_shifting_days_shifts(
    values: list[float], shift: int, power: int
) -> None:
    days = [4.0 + 3 * row for row in range(len(values))]
    series = [
        read_series(
            [day + by for day in days],
            [factor * one for one in values],
            lows=[factor * one / 1.2 for one in values],
            highs=[factor * one * 1.2 for one in values],
        )
        for by, factor in ((0, 1.0), (shift, 2.0**power))
    ]
    plain, moved = (
        peak_shape(one, peak_of(one, window=(0.5, 60)), window=(0.5, 60)) for one in series
    )

    assert moved.ties == tuple(day + shift for day in plain.ties)
    assert moved.plateau == (
        None if plain.plateau is None else tuple(day + shift for day in plain.plateau)
    )
    assert [one.day for one in moved.second_peaks] == [
        one.day + shift for one in plain.second_peaks
    ]


@given(values=COURSE)
def test_the_highest_value_is_never_its_own_second_peak(values: list[float]) -> None:
    days = [4.0 + 3 * row for row in range(len(values))]
    shape = shape_of(days, values)
    highest = days[values.index(max(values))]

    assert highest not in [one.day for one in shape.second_peaks]
    assert all(one.value >= 2 * one.trough_value * 0.999 for one in shape.second_peaks)
