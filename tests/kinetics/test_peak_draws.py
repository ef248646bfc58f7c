from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from carflow.kinetics.peak import estimate_peak
from carflow.kinetics.peak_draws import Numbers, day_probabilities, span_of_days
from carflow.kinetics.series import read_series

PUBLISHED = np.array([[4.26, 12.33, 45.31, 69.94, 24.33]])
Z95 = 1.959963984540054


def integrated(values: Numbers, deviation: float) -> Numbers:
    """Return P(day k is highest) by integration over the height of the highest value."""
    x = np.linspace(np.log(values.min()) - 8, np.log(values.max()) + 8, 20_001)
    z = (x - np.log(values)[:, None]) / deviation
    density = np.exp(-0.5 * z**2) / (deviation * math.sqrt(2 * math.pi))
    below = ndtr(z)
    product = np.prod(below, axis=0) / np.maximum(below, 1e-300)
    shares: Numbers = (density * product).sum(axis=1) * (x[1] - x[0])
    return shares


@pytest.mark.parametrize("cv", [0.1, 0.4, 0.8])
def test_the_draws_agree_with_the_integral(cv: float) -> None:
    drawn = day_probabilities(
        PUBLISHED, PUBLISHED * math.exp(-Z95 * cv), PUBLISHED * math.exp(Z95 * cv), draws=20_000
    )

    assert drawn[0] == pytest.approx(integrated(PUBLISHED[0], cv), abs=0.012)


def test_the_draws_agree_with_those_of_one_peak() -> None:
    course = [float(one) for one in PUBLISHED[0]]
    lows, highs = [one / 2 for one in course], [one * 2 for one in course]
    one = estimate_peak([1, 4, 7, 12, 14], course, lows=lows, highs=highs)
    many = day_probabilities(PUBLISHED, PUBLISHED / 2, PUBLISHED * 2)

    assert many[0, 2] == pytest.approx(one.probabilities[7], abs=1e-12)
    assert many[0, 3] == pytest.approx(one.probabilities[12], abs=1e-12)


def test_a_patient_alone_and_among_others_has_the_same_answer() -> None:
    random = np.random.default_rng(1)
    values = random.uniform(1, 100, (50, 8))
    values[random.uniform(size=values.shape) < 0.3] = np.nan
    together = day_probabilities(values, values / 2, values * 2)

    for row in range(50):
        one = values[[row]]
        assert (day_probabilities(one, one / 2, one * 2) == together[[row]]).all()


def test_a_missed_visit_changes_nothing_for_the_others() -> None:
    gap = np.array([[4.0, np.nan, 45.0, 70.0]])
    packed = np.array([[4.0, 45.0, 70.0]])

    found = day_probabilities(gap, gap / 3, gap * 3)
    assert found[0, 1] == 0
    assert (
        found[0, [0, 2, 3]].tolist()
        == day_probabilities(packed, packed / 3, packed * 3)[0].tolist()
    )


def test_a_sample_below_the_limit_may_be_the_highest_up_to_its_limit() -> None:
    # uniform below 20: above about 2 in nine of ten draws
    values, lows, highs = np.array([[0.0, 2.0]]), np.array([[0.0, 1.8]]), np.array([[20.0, 2.2]])

    assert day_probabilities(values, lows, highs)[0] == pytest.approx([0.9, 0.1], abs=0.02)


def test_a_row_without_a_value_above_0_has_no_probability() -> None:
    values = np.array([[np.nan, np.nan], [0.0, 0.0]])

    assert day_probabilities(values, values, values).tolist() == [[0, 0], [0, 0]]


def test_tables_of_other_shapes_are_refused() -> None:
    message = r"values, lows and highs are tables of one shape, got \(1, 5\), \(1, 4\) and \(1, 5\)"
    with pytest.raises(ValueError, match=message):
        day_probabilities(PUBLISHED, PUBLISHED[:, 1:], PUBLISHED)


@given(
    values=st.lists(st.floats(min_value=0.1, max_value=100), min_size=1, max_size=8),
    factor=st.sampled_from([0.25, 2.0, 8.0]),
)
def test_scaling_values_changes_no_probability(values: list[float], factor: float) -> None:
    row = np.array([values])
    plain = day_probabilities(row, row / 2, row * 2, draws=200)
    scaled = day_probabilities(factor * row, factor * row / 2, factor * row * 2, draws=200)

    assert plain.sum() == pytest.approx(1)
    assert scaled == pytest.approx(plain, abs=0.01)


def test_the_span_of_days_is_the_union_of_their_brackets() -> None:
    series = read_series([-1, 1, 4, 7, 12, 14], [0, 4, 12, None, 70, 24])

    assert span_of_days(series, [12]) == (4, 14)
    assert span_of_days(series, [1]) == (0, 4)
    assert span_of_days(series, [4, 14]) == (1, math.inf)
    with pytest.raises(ValueError, match="no day to span"):
        span_of_days(series, [])
