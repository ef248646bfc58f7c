from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from carflow.quantify.dilution import dilution_line, lost_share

FACTORS = [1.0, 2.0, 4.0, 8.0, 16.0]


def test_exact_halving_has_the_slope_of_minus_one() -> None:
    line = dilution_line(FACTORS, [1600.0, 800.0, 400.0, 200.0, 100.0])

    assert line.slope.value == pytest.approx(-1.0)
    assert line.fold_per_twofold == pytest.approx(2.0)
    assert line.r_squared == pytest.approx(1.0)
    assert line.residuals_pct == pytest.approx([0.0] * 5, abs=1e-9)


@given(
    st.lists(st.floats(min_value=10.0, max_value=1e5), min_size=5, max_size=5),
    st.permutations(range(5)),
)
def test_line_and_interval_are_those_of_a_second_program(
    counts: list[float], order: list[int]
) -> None:
    if np.ptp(np.log2(counts)) < 1e-6:  # rounding, of which two programs make two things
        return
    line = dilution_line([FACTORS[at] for at in order], [counts[at] for at in order])

    other = stats.linregress(np.log2(FACTORS), np.log2(counts))
    reach = stats.t.ppf(0.975, 3) * other.stderr
    assert line.slope.value == pytest.approx(other.slope, rel=1e-9, abs=1e-12)
    assert line.slope.low == pytest.approx(other.slope - reach, rel=1e-6, abs=1e-9)
    assert line.intercept == pytest.approx(other.intercept, rel=1e-9, abs=1e-9)
    assert line.r_squared == pytest.approx(other.rvalue**2, abs=1e-9)


def test_counts_that_differ_by_rounding_have_nothing_to_explain() -> None:
    line = dilution_line(FACTORS, [10.0, 10.0, 10.0, 10.0, 10.000000000000002])

    assert line.r_squared == 0.0
    assert line.slope.value == pytest.approx(0.0, abs=1e-12)


def test_the_interval_of_the_line_is_narrowest_in_the_middle() -> None:
    line = dilution_line(FACTORS, [1500.0, 830.0, 390.0, 205.0, 98.0])

    widths = [high / low for low, high in map(line.interval_per_ul, FACTORS)]

    assert widths[2] == min(widths)
    assert all(
        low <= line.expected_per_ul(factor) <= high
        for factor, (low, high) in zip(FACTORS, map(line.interval_per_ul, FACTORS), strict=True)
    )


def test_what_does_not_dilute_flattens_the_line_until_the_blank_is_given() -> None:
    counts = [1600.0 / factor + 50.0 for factor in FACTORS]

    assert dilution_line(FACTORS, counts).fold_per_twofold < 1.9
    assert dilution_line(FACTORS, counts, blank_per_ul=50.0).slope.value == pytest.approx(-1.0)


def test_losses_at_high_rates_flatten_the_line_until_the_dead_time_is_given() -> None:
    true = [160_000.0 / factor for factor in FACTORS]
    seen = [count / (1 + count * 7e-6) for count in true]  # one second, 1 µL
    lost = [lost_share(round(events), 1.0, dead_time_s=7e-6) for events in seen]

    line = dilution_line(FACTORS, seen, lost_shares=lost)

    assert dilution_line(FACTORS, seen).fold_per_twofold < 1.9
    assert line.slope.value == pytest.approx(-1.0, abs=1e-4)
    assert line.per_ul == pytest.approx(true, rel=1e-4)


@pytest.mark.parametrize(
    ("factors", "counts", "kwargs", "message"),
    [
        ([1, 2], [8.0, 4.0], {}, ("a dilution series needs at least 3 tubes with dilution and"
         " count, got 2 and 2")),
        ([1, 2, 4], [8.0, 4.0], {}, ("a dilution series needs at least 3 tubes with dilution and"
         " count, got 3 and 2")),
        ([1, 0, 4], [8.0, 4.0, 2.0], {}, ("dilutions are finite factors above 0, and counts are"
         " finite")),
        ([1, 2, 4], [8.0, math.nan, 2.0], {}, ("dilutions are finite factors above 0, and counts"
         " are finite")),
        ([2, 2, 2], [8.0, 4.0, 2.0], {}, "all tubes have the same dilution: there is no line"),
        ([1, 2, 4], [8.0, 4.0, 2.0], {"blank_per_ul": 2.0}, ("a count of a dilution series lies"
         " above that of the blank, 2/µL")),
        ([1, 2, 4], [8.0, 4.0, 2.0], {"lows": [7.0, 3.0, 1.0]}, ("an interval has two ends: give"
         " lows and highs, or neither")),
        ([1, 2, 4], [8.0, 4.0, 2.0], {"lows": [7.0]}, "3 tubes, but 1 ends of intervals"),
        ([1, 2, 4], [8.0, 4.0, 2.0], {"lost_shares": [0.1]}, ("3 tubes need as many lost shares"
         " of 0 up to 1")),
    ],
)  # fmt: skip
def test_a_series_that_is_none_is_refused(
    factors: list[float], counts: list[float], kwargs: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        dilution_line(factors, counts, **kwargs)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("seconds", "dead_time_s", "message"),
    [
        (0.0, 1e-6, "a duration lies above 0, got 0 s and 1e-06 s"),
        (1.0, 1e-3, "a dead time of 0.001 s leaves no time for so many events"),
    ],
)
def test_a_dead_time_leaves_time(seconds: float, dead_time_s: float, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        lost_share(2000, seconds, dead_time_s=dead_time_s)
