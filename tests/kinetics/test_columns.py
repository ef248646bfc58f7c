"""Columns as a notebook has them, through the public doors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from carflow.kinetics.nca import nca
from carflow.kinetics.peak import estimate_peak
from carflow.measure import State

DAYS = [1, 4, 7, 12, 14]
VALUES = [4.26, 12.33, 45.31, 69.94, 24.33]
GAP = [4.26, None, 45.31, 69.94, 24.33]


@pytest.mark.parametrize(
    ("days", "values"),
    [
        (DAYS, VALUES),
        (tuple(DAYS), tuple(VALUES)),
        (np.array(DAYS), np.array(VALUES)),
        (np.array(DAYS, dtype=np.int8), np.array(VALUES, dtype=object)),
        (pd.Series(DAYS, index=list("edcba")), pd.Series(VALUES)),
        (DAYS[::-1], VALUES[::-1]),
        (iter(DAYS), iter(VALUES)),
        (DAYS, [str(value) for value in VALUES]),
        ([str(day) for day in DAYS], VALUES),
    ],
)
def test_every_kind_of_column_is_the_same_curve(days: Any, values: Any) -> None:
    days = list(days) if hasattr(days, "__next__") else days
    found = nca(days, values)

    assert (found.tmax.value, found.cmax.value) == (12.0, 69.94)
    assert found.auc_last.value == nca(DAYS, VALUES).auc_last.value


@pytest.mark.parametrize(
    "values",
    [
        GAP,
        [math.nan if value is None else value for value in GAP],
        pd.Series(GAP, dtype="Float64"),
        np.ma.array(np.array(VALUES), mask=np.array([0, 1, 0, 0, 0], dtype=bool)),
        ["4.26", "NA", "45.31", "69.94", "24.33"],
        [4.26, "-", 45.31, 69.94, 24.33],
    ],
)
def test_every_kind_of_gap_is_a_missing_sample(values: Any) -> None:
    assert [one.day for one in nca(DAYS, values).series.samples] == [1, 7, 12, 14]
    assert estimate_peak(DAYS, values).bracket == (7, 14)


def test_words_of_a_laboratory_are_states_and_never_zeros() -> None:
    told: Any = ["<0.5", "BLQ", 45.31, 69.94, "ND"]
    found = nca(DAYS, told)
    samples = found.series.samples

    assert [one.quantified for one in samples] == [False, False, True, True, False]
    assert [one.detected for one in samples] == [True, True, True, True, False]
    assert [one.limit for one in samples] == [0.5, None, None, None, None]
    assert found.auc_last.value == nca(DAYS, [0.0, 0.0, 45.31, 69.94, 0.0]).auc_last.value


def test_given_states_and_limits_go_before_words() -> None:
    values: Any = ["<0.5", *VALUES[1:]]
    states: Any = [State.ND, None, None, None, None]
    found = nca(DAYS, values, states=states, lloq=2.0)

    assert not found.series.samples[0].detected
    assert found.series.samples[0].limit == 2.0


@pytest.mark.parametrize(
    ("days", "values", "message"),
    [
        ([1, 1, 4], [1, 2, 3], "day 1 comes twice"),
        (["D1", "D4"], [1, 2], "a day is the number of days since the infusion, got 'D1'"),
        ([1, None], [1, 2], "a day is the number of days since the infusion, got None"),
        ([1, math.nan], [1, 2], "a day is a finite number, got nan"),
        (1, 2, "days are one column of cells, got 1"),
        ("14", "12", "days are one column of cells, got '14'"),
        (np.eye(2), np.eye(2), "days are one column of cells, got something of 2 dimensions"),
        ([1, 4], pd.DataFrame({"value": [1, 2]}), ("values are one column of cells, got something"
         " of 2 dimensions")),
        (pd.to_timedelta([1, 4], unit="D"), [1, 2], ("days are plain numbers, got dates or"
         " durations")),
        ([1, 4], [1, "high"], ("a value is a number or empty: \"high\" is not a number (write a"
         " number, or one of BLQ, <0.5, ND, NE, NA)")),
        ([1, 4], [1, "1,5"], ("a value is a number or empty: \"1,5\" has a comma (write a decimal"
         " point and no thousands sign)")),
        ([1, 4], [1, 2, 3], "2 days, but 3 values"),
    ],
)  # fmt: skip
def test_what_is_no_column_gets_a_sentence(days: Any, values: Any, message: str) -> None:
    for door in (nca, estimate_peak):
        with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole sentence is compared
            door(days, values)
        assert str(caught.value) == message
