from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carflow.kinetics.peak import peak_of
from carflow.kinetics.peak_model import ModelledPeaks, ModelName, growth_scale, model_peak
from carflow.kinetics.series import Series, read_series
from carflow.reasons import Reason
from carflow.units import Unit

DAYS = [1.0, 4.0, 7.0, 12.0, 14.0, 21.0, 28.0]


def stein(days: list[float], day: float = 9.3) -> list[float]:
    """Return the typical patient of Stein 2019, with another day of the peak."""
    growth = math.log(3900) / 9.3
    return [
        24_000 * (math.exp(growth * (one - day)) if one < day else
        0.9921 * math.exp(-0.16 * (one - day)) + 0.0079 * math.exp(-0.0032 * (one - day)))
        for one in days
    ]  # fmt: skip


def measured(values: list[float], days: list[float] = DAYS, spread: float = 1.2) -> Series:
    return read_series(
        days, values, lows=[one / spread for one in values], highs=[one * spread for one in values]
    )


def modelled(series: Series, unit: Unit = Unit.NONE) -> ModelledPeaks:
    return model_peak(series, peak_of(series), unit=unit)


def test_the_typical_patient_of_stein_peaks_on_day_9_3_and_not_on_the_sampling_day() -> None:
    series = measured(stein(DAYS))
    found = modelled(series)

    assert peak_of(series).day.value == 12
    assert found.sharp.day.value == pytest.approx(9.3, abs=0.15)
    assert found.sharp.growth.value == pytest.approx(0.889, rel=0.03)
    assert found.sharp.decline.value == pytest.approx(0.15, rel=0.02)  # with the slow tail
    assert found.sharp.bend_days == 0
    assert found.rounded.bend_days is not None
    assert found.rounded.bend_days >= 1
    assert found.reason is Reason.NONE


def test_either_model_is_the_hull_of_both() -> None:
    found = modelled(measured(stein(DAYS)))

    assert found.either.low == min(found.sharp.day.low or 99, found.rounded.day.low or 99)
    assert found.either.high == max(found.sharp.day.high or 0, found.rounded.day.high or 0)
    assert found.sharp.day.value is not None
    assert found.rounded.day.value is not None
    assert found.either.value == (found.sharp.day.value + found.rounded.day.value) / 2


def test_models_that_leave_each_other_s_interval_disagree() -> None:
    dense = [float(day) for day in range(1, 22)]

    assert modelled(measured(stein(dense), dense, spread=1.05)).disagree
    assert not modelled(measured(stein(DAYS), spread=3.0)).disagree


def test_the_lower_aic_belongs_to_the_model_that_made_the_values() -> None:
    dense = [float(day) for day in range(1, 22)]
    found = modelled(measured(stein(dense), dense, spread=1.05))

    assert found.sharp.aic is not None
    assert found.rounded.aic is not None
    assert found.sharp.aic < found.rounded.aic - 2


@pytest.mark.parametrize(
    ("days", "values", "reason"),
    [
        ([4, 7, 12, 14], [1.0, 9.0, 5.0, 2.0], Reason.TOO_FEW_VALUES),
        ([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33], Reason.FEW_AROUND_PEAK),
        ([4, 7, 12, 14, 21], [1.0, 9.0, 5.0, 3.0, 2.0], Reason.FEW_AROUND_PEAK),
        ([1, 4, 7, 12, 40], [1.0, 3.0, 9.0, 5.0, 2.0], Reason.TOO_FEW_VALUES),
        ([1, 4, 7, 12], [0.0, 0.0, 0.0, 0.0], Reason.ALL_BLQ),
    ],
)
def test_too_few_values_or_too_few_around_the_highest_are_refused(
    days: list[float], values: list[float], reason: Reason
) -> None:
    found = modelled(read_series(days, values))

    assert found.reason is reason
    assert {one.day.reason for one in (found.sharp, found.rounded)} == {reason}
    assert found.either.value is None
    assert found.sharp.aic is None


def test_a_peak_modelled_outside_the_days_that_are_possible_is_refused() -> None:
    # a plateau that still rises, with errors said to be tiny: the highest value is on day 12 for
    # certain, and the lines through growth and decline cross before day 9
    series = measured([1.0, 60.0, 65.0, 70.0, 8.0, 1.0], [4.0, 7.0, 9.0, 12.0, 14.0, 17.0], 1.01)
    found = modelled(series)

    assert peak_of(series).bracket == (9, 14)
    assert found.sharp.day.reason is Reason.OUTSIDE_BRACKET
    assert found.rounded.day.value is not None
    assert found.reason is Reason.OUTSIDE_BRACKET


def test_without_intervals_of_the_values_the_day_has_none() -> None:
    found = modelled(read_series(DAYS, stein(DAYS)))

    assert found.sharp.day.value == pytest.approx(9.3, abs=0.15)
    assert not found.sharp.day.has_interval
    assert found.sharp.day.reason is Reason.NO_COUNTS
    assert (found.sharp.aic, found.either.has_interval, found.disagree) == (None, False, False)


def test_a_curve_that_misses_the_values_widens_the_interval() -> None:
    jagged = [
        one * factor for one, factor in zip(stein(DAYS), (1, 3, 1, 1, 2.5, 1, 1), strict=True)
    ]
    smooth, rough = modelled(measured(stein(DAYS))), modelled(measured(jagged))
    widths = [(one.either.high or 0) - (one.either.low or 0) for one in (smooth, rough)]

    assert widths[1] > widths[0]


def test_percentages_are_fitted_in_log_odds() -> None:
    series = measured([20.0, 50.0], [4.0, 7.0], spread=1.1)
    days, logs, deviations = growth_scale(series.samples, Unit.PERCENT)
    plain = growth_scale(series.samples, Unit.CELLS_PER_UL)

    assert days.tolist() == [4, 7]
    assert logs == pytest.approx([math.log(0.25), 0.0])
    assert plain[1] == pytest.approx([math.log(20), math.log(50)])
    # the delta method: d logit p = d ln p / (1 - p)
    assert deviations / plain[2] == pytest.approx([1 / 0.8, 1 / 0.5])


def test_a_percentage_of_100_has_no_log_odds_and_is_refused() -> None:
    found = modelled(read_series([1, 4, 7, 12, 14], [5, 40, 100, 60, 9.0]), Unit.PERCENT)

    assert found.reason is Reason.NO_LOGARITHM


@settings(max_examples=10, deadline=None)
@given(factor=st.floats(0.001, 1000), shift=st.integers(0, 5))
def test_scaling_values_changes_no_day_and_shifting_days_shifts(factor: float, shift: int) -> None:
    plain = modelled(measured(stein(DAYS)))
    values = [factor * one for one in stein(DAYS)]
    days = [day + shift for day in DAYS]
    moved_series = measured(values, days)
    moved = model_peak(moved_series, peak_of(moved_series, window=(0.5, 40)), window=(0.5, 40))

    for one, other in ((plain.sharp, moved.sharp), (plain.rounded, moved.rounded)):
        assert one.day.value is not None
        assert other.day.value == pytest.approx(one.day.value + shift, abs=1e-3)
        assert one.day.low is not None
        assert other.day.low == pytest.approx(one.day.low + shift, abs=1e-3)


def test_every_model_has_a_name_in_words() -> None:
    assert all(name.words for name in ModelName)
    assert np.unique([name.words for name in ModelName]).size == len(ModelName)
