from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from carflow.kinetics.nca import nca
from carflow.kinetics.tobit import CensoredLine, censored_line
from carflow.reasons import Reason

DAYS = [1.0, 2.0, 3.0, 5.0, 8.0, 12.0]


def found(x: list[float], y: list[float], below: list[bool]) -> CensoredLine:
    line = censored_line(x, y, below)
    assert line is not None
    return line


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=6, max_size=6))
def test_without_censoring_it_is_the_least_squares_line(y: list[float]) -> None:
    assume(np.ptp(y) > 1e-3)
    other = stats.linregress(DAYS, y)
    line = found(DAYS, y, [False] * 6)

    assert line.slope == pytest.approx(other.slope, rel=1e-6, abs=1e-8)
    assert line.intercept == pytest.approx(other.intercept, rel=1e-6, abs=1e-7)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=6, max_size=6), st.integers(1, 3))
def test_it_is_the_optimum_a_general_optimiser_finds(noise: list[float], count: int) -> None:
    y = [5 - 0.6 * day + error for day, error in zip(DAYS, noise, strict=True)]
    below = [at >= 6 - count for at in range(6)]
    limited = [max(value, -1.0) if low else value for value, low in zip(y, below, strict=True)]
    seen = np.polyfit(DAYS[: 6 - count], y[: 6 - count], 1)
    rest = np.polyval(seen, DAYS[: 6 - count]) - y[: 6 - count]
    assume(float((rest**2).mean()) > 1e-4)

    def loss(parameters: np.ndarray) -> float:
        start, slope, log_sigma = parameters
        z = (np.array(limited) - start - slope * np.array(DAYS)) / math.exp(log_sigma)
        total = sum(
            stats.norm.logcdf(one) if low else stats.norm.logpdf(one) - log_sigma
            for one, low in zip(z, below, strict=True)
        )
        return -float(total)

    line = found(DAYS, limited, below)
    ours = loss(np.array([line.intercept, line.slope, math.log(line.sigma)]))
    theirs = optimize.minimize(
        loss, [seen[1], seen[0], -1.0], method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 8000, "maxfev": 8000},
    )  # fmt: skip
    assert ours <= theirs.fun + 1e-7


def test_a_perfect_line_above_its_limits_is_that_line() -> None:
    line = found([0, 1, 2, 3], [6.0, 4.0, 2.0, 1.0], [False, False, False, True])

    assert (line.intercept, line.slope, line.sigma) == pytest.approx((6.0, -2.0, 0.0))


def test_a_limit_below_the_line_pulls_it_down() -> None:
    plain = found([0, 1, 2], [6.0, 4.1, 2.0], [False] * 3)
    pulled = found([0, 1, 2, 3], [6.0, 4.1, 2.0, -2.0], [False, False, False, True])

    assert pulled.slope < plain.slope


def test_too_few_measured_values_make_no_line() -> None:
    assert censored_line([0, 1, 2], [3.0, 2.0, 1.0], [False, False, True]) is None


def test_dropping_what_lies_below_flattens_a_decline_and_counting_it_does_not() -> None:
    rng = np.random.default_rng([5, 2026])  # one seed, named by the issue and the year
    days = np.array([0.5, 1, 2, 4, 6, 8, 10, 12, 14])
    rates: dict[str, list[float]] = {"winnonlin": [], "tobit": []}
    for _ in range(150):
        values = np.exp(4.0 - 0.35 * days + rng.normal(0, 0.5, len(days)))
        values[0] = 100.0
        for rule, column in rates.items():
            rate = nca(days, values, lloq=2.0, slope_rule=rule).lambda_z.value  # type: ignore[arg-type]  # one of the names
            if rate is not None:
                column.append(rate)

    assert np.median(rates["tobit"]) == pytest.approx(0.35, abs=0.02)
    assert np.median(rates["winnonlin"]) < np.median(rates["tobit"])


def test_the_option_by_name_counts_the_values_below_the_limit() -> None:
    days, values = [7, 10, 14, 21, 28, 35, 42], [80.0, 42.0, 21.0, 8.0, 2.0, 0.3, 0.2]
    plain = nca(days, values, lloq=1.0)
    counted = nca(days, values, lloq=1.0, slope_rule="tobit")

    assert plain.decline.line is not None
    assert counted.decline.line is not None
    assert (plain.decline.line.n_points, counted.decline.line.n_points) == (4, 6)
    assert counted.decline.line.last_day == 42
    assert counted.half_life.value == pytest.approx(math.log(2) / -counted.decline.line.slope)


def test_a_rising_tail_has_no_half_life_here_either() -> None:
    course = nca([1, 2, 3, 4], [9.0, 2.0, 3.0, 4.0], slope_rule="tobit")

    assert course.half_life.reason is Reason.NO_DECLINE


def test_a_value_below_an_unknown_limit_is_refused() -> None:
    with pytest.raises(
        ValueError,
        match=r"^a slope that counts values below the limit needs that limit on day 28: give lloq"
        r" for every value$",
    ):
        nca([7, 10, 14, 21, 28], [80.0, 42.0, 21.0, 8.0, 0.0], slope_rule="tobit")
