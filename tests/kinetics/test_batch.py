from __future__ import annotations

import gc
import math
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.kinetics.auc import AucRule
from carflow.kinetics.batch import nca_by_curve
from carflow.kinetics.nca import NcaRules, nca
from carflow.reasons import Reason

DAYS = [0, 1, 4, 7, 10, 12, 14, 21, 28, 42, 60, 90]
TYPICAL = [0, 1, 9, 40, 70, 60, 40, 10, 5, 3, 2, 1]


def cohort(patients: int) -> tuple[list[str], list[float], list[float]]:
    """Long columns of three quantities of so many patients, twelve visits each."""
    random = np.random.default_rng(1)
    values = np.array(TYPICAL) * np.exp(0.4 * random.normal(size=(3 * patients, 12)))
    keys = [f"P{curve // 3}/{curve % 3}" for curve in range(3 * patients) for _ in DAYS]
    return keys, [float(day) for day in DAYS] * (3 * patients), values.ravel().tolist()


def test_each_curve_of_a_long_table_is_that_of_its_own_rows() -> None:
    keys, days, values = cohort(3)
    order = np.random.default_rng(2).permutation(len(keys))

    found = nca_by_curve(*([column[row] for row in order] for column in (keys, days, values)))

    assert set(found) == set(keys)
    for key, course in found.items():
        own = [row for row, one in enumerate(keys) if one == key]
        alone = nca([days[row] for row in own], [values[row] for row in own])
        assert course.parameters() == alone.parameters()


def test_columns_may_be_those_of_a_data_frame_or_single_values() -> None:
    frame = pd.DataFrame({"id": ["a", "a", "b"], "day": [7, 14, 7], "pct": [9.0, 3.0, None]})

    found = nca_by_curve(
        frame["id"], frame["day"], frame["pct"], lloq=[5.0, 5.0, 5.0], n_denominator=500, cv=0.1
    )

    assert found["a"].cmax.has_interval
    assert found["a"].tlast.value == 7
    assert found["b"].cmax.reason is Reason.NO_VALUES


def test_the_rules_are_those_of_every_curve() -> None:
    rules = NcaRules(auc=AucRule.LINEAR, window=(0.0, math.inf))

    found = nca_by_curve(["a"] * 3, [0, 1, 2], [0.0, 8.0, 4.0], rules=rules)

    assert found["a"].auc_last.value == 10.0


def test_a_faulty_curve_is_named() -> None:
    with pytest.raises(ValueError, match="b: day 7 comes twice"):
        nca_by_curve(["a", "b", "b"], [7, 7, 7], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="3 keys, but 2 values"):
        nca_by_curve(["a", "b", "b"], [7, 7, 7], [1.0, 2.0])


@given(
    st.lists(st.floats(0.01, 1e4), min_size=2, max_size=8), st.floats(0.1, 100),
    st.floats(min_value=0.01, max_value=400),
)  # fmt: skip
def test_shifting_days_shifts_the_peak_and_scaling_scales_heights_and_areas(
    values: list[float], factor: float, shift: float
) -> None:
    days = [1.0 + 3 * place for place in range(len(values))]
    keys = ["plain", "moved", "scaled"]
    found = nca_by_curve(
        [key for key in keys for _ in days],
        [*days, *(day + shift for day in days), *days],
        [*values, *values, *(factor * value for value in values)],
        rules=NcaRules(window=(0.0, math.inf), origin="none"),
    )

    plain, moved, scaled = (found[key] for key in keys)
    assert plain.tmax.value is not None
    assert moved.tmax.value == pytest.approx(plain.tmax.value + shift)
    assert moved.cmax == plain.cmax
    assert moved.auc_last.value == pytest.approx(plain.auc_last.value, rel=1e-6)
    assert scaled.tmax == plain.tmax
    assert scaled.cmax.value == pytest.approx(factor * (plain.cmax.value or 0.0))
    assert scaled.auc_last.value == pytest.approx(factor * (plain.auc_last.value or 0.0), rel=1e-9)


@pytest.mark.parametrize("searching", [True, False])
def test_the_search_for_cycles_is_left_as_it_was(searching: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if searching else gc.disable)()
        nca_by_curve(["P1"] * 3, [1, 7, 14], [1.0, 9.0, 4.0])
        assert gc.isenabled() is searching
        with pytest.raises(ValueError, match=r"."):
            nca_by_curve(["P1"] * 2, [1, 7], [1.0, "a cell"])  # type: ignore[list-item]  # refused
        assert gc.isenabled() is searching
    finally:
        (gc.enable if before else gc.disable)()


@pytest.mark.benchmark
def test_the_cost_of_a_patient_does_not_depend_on_their_number() -> None:
    cohort(1)
    cost = {}
    for patients in (10, 100, 1000):
        columns = cohort(patients)
        start = time.process_time()
        found = nca_by_curve(*columns)
        rows = [course.parameters() for course in found.values()]
        cost[patients] = (time.process_time() - start) / patients
        assert len(rows) == 3 * patients
    print({patients: f"{1e3 * one:.2f} ms" for patients, one in cost.items()})  # noqa: T201  # a benchmark's result

    assert cost[1000] < 3 * cost[10]
