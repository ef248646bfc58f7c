import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.gating.scales import Asinh, Hyperlog, Identity, Linear, Log, Logicle, Scale

SCALES: list[Scale] = [
    Identity(),
    Linear(t=10000.0, a=500.0),
    Log(t=10000.0, m=5.0),
    Asinh(t=10000.0, m=4.5, a=1.0),
    Logicle(t=262144.0, w=0.5, m=4.5, a=0.0),
    Logicle(t=1000.0, w=1.0, m=4.0, a=0.5),
    Logicle(t=262144.0, w=0.0, m=4.5, a=0.0),
    Hyperlog(t=262144.0, w=0.5, m=4.5, a=0.0),
]
values = st.floats(-1e6, 1e6)


@pytest.mark.parametrize("scale", SCALES)
@given(linear=st.floats(1e-3, 1e6))
def test_the_inverse_leads_back(scale: Scale, linear: float) -> None:
    there = scale.forward(np.array([linear]))
    assert scale.inverse(there)[0] == pytest.approx(linear, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("scale", SCALES)
@given(pair=st.tuples(values, values).filter(lambda two: abs(two[0] - two[1]) > 1e-6))
def test_scales_rise(scale: Scale, pair: tuple[float, float]) -> None:
    low, high = scale.forward(np.array(sorted(pair))).tolist()
    assert low < high or low == high == -math.inf


@pytest.mark.parametrize("scale", SCALES)
def test_what_is_no_number_stays_no_number(scale: Scale) -> None:
    scaled = scale.forward(np.array([np.nan, np.inf, -np.inf, 100.0]))
    assert np.isnan(scaled).tolist() == [True, True, True, False]


@pytest.mark.parametrize("scale", SCALES)
def test_the_input_is_not_written_to_and_empty_is_fine(scale: Scale) -> None:
    linear = np.array([1.0, 10.0, np.nan])
    scale.forward(linear)
    assert linear[:2].tolist() == [1.0, 10.0]
    assert scale.forward(np.empty(0)).shape == (0,)


@pytest.mark.parametrize("w", [0.5, 0.0])
def test_huge_values_are_at_the_top_of_a_logicle_not_at_minus_one(w: float) -> None:
    huge = np.array([1.7976931348623157e308, -1.7976931348623157e308])
    scaled = Logicle(t=262144.0, w=w, m=4.5, a=0.0).forward(huge)
    assert scaled[0] > 1.0
    assert scaled[1] < -1.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    "scale",
    [
        Hyperlog(t=1.0, w=0.5, m=4.5, a=0.0),
        Hyperlog(t=262144.0, w=0.5, m=4.5, a=0.0),
        Logicle(t=262144.0, w=0.5, m=4.5, a=0.0),
        Hyperlog(t=1e6, w=0.015, m=0.03, a=0.0),
    ],
)
def test_no_large_value_is_given_up(scale: Scale, sign: float) -> None:
    large = sign * 10.0 ** np.arange(15.0, 29.9, 0.0075)
    scaled = scale.forward(large)
    assert (sign * np.diff(scaled) > 0.0).all()
    assert scale.inverse(scaled) == pytest.approx(large, rel=1e-9)


@pytest.mark.parametrize("linear", [0.0, 1e-10, -1e-10, 2e-9, 1e-6, -3.0, 500.0, 262144.0])
def test_a_logicle_without_a_linear_region_is_an_asinh(linear: float) -> None:
    t, m, a = 262144.0, 4.5, 1.0
    scaled = Logicle(t=t, w=0.0, m=m, a=a).forward(np.array([linear]))[0]
    decade = math.log(10.0)
    asinh = math.asinh(linear * math.sinh(m * decade) / t)
    assert scaled == pytest.approx((asinh + a * decade) / ((m + a) * decade), rel=1e-14)


def test_a_value_without_a_logarithm_is_below_every_other() -> None:
    scaled = Log(t=1000.0, m=3.0).forward(np.array([0.0, -5.0, 1e-300]))
    assert scaled[:2].tolist() == [-math.inf, -math.inf]
    assert math.isfinite(scaled[2])


# Gating-ML 2.0, section 6: the formulas written out once more with `math`
@pytest.mark.parametrize(
    ("scale", "formula"),
    [
        (Linear(t=1000.0, a=100.0), lambda x: (x + 100.0) / 1100.0),
        (Log(t=1000.0, m=4.0), lambda x: math.log10(x / 1000.0) / 4.0 + 1.0),
        (
            Asinh(t=1000.0, m=4.0, a=1.0),
            lambda x: (
                (math.asinh(x * math.sinh(4.0 * math.log(10)) / 1000.0) + math.log(10))
                / (5.0 * math.log(10))
            ),
        ),
    ],
)
@pytest.mark.parametrize("linear", [0.5, 1.0, 37.0, 1000.0, 5000.0])
def test_formulas_of_the_standard(
    scale: Scale, formula: Callable[[float], float], linear: float
) -> None:
    assert scale.forward(np.array([linear]))[0] == pytest.approx(formula(linear), rel=1e-12)


# Gating-ML 2.0, section 6.4: the top is 1, zero lies at (w + a) / (m + a), and the scale is
# antisymmetric about its zero; with it the decades above have a length of 1 / (m + a)
def test_landmarks_of_the_logicle() -> None:
    scale = Logicle(t=1000.0, w=1.0, m=4.0, a=1.0)
    top, zero = scale.forward(np.array([1000.0, 0.0]))
    above, below = scale.forward(np.array([50.0, -50.0]))
    assert top == pytest.approx(1.0, abs=1e-12)
    assert zero == pytest.approx(0.4, abs=1e-12)
    assert above - zero == pytest.approx(zero - below, abs=1e-12)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Identity(t=0.0), "t is 0; the top of a scale is a number above 0"),
        (lambda: Linear(t=10.0, a=11.0), "a is 11; a linear scale needs 0 ≤ a ≤ t (10)"),
        (lambda: Log(t=10.0, m=0.0), "m is 0; a scale has more than 0 and at most 100 decades"),
        (lambda: Asinh(t=9.0, m=2.0, a=3.0), "a is 3; an asinh scale needs 0 ≤ a ≤ m (2)"),
        (
            lambda: Logicle(t=9.0, w=3.0, m=4.0, a=0.0),
            "w is 3; a logicle scale needs 0 ≤ w ≤ m / 2 (2)",
        ),
        (
            lambda: Logicle(t=9.0, w=1.0, m=4.0, a=2.5),
            "a is 2.5; a logicle scale needs -w (-1) ≤ a ≤ m - 2 w (2)",
        ),
        (lambda: Log(t=math.nan, m=1.0), "t is nan; the top of a scale is a number above 0"),
    ],
)
def test_impossible_parameters_are_refused(build: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        build()
