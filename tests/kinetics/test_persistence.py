from __future__ import annotations

from carflow.kinetics.nca import nca
from carflow.reasons import Reason

DAYS = [1, 7, 14, 28, 60, 90, 120]


def test_one_value_below_the_limit_is_told_from_two_in_a_row() -> None:
    found = nca(DAYS, [0, 9, 2, 0, 1, 0, 0])

    assert (found.t_bql.value, found.t_bql_confirmed.value) == (28, 90)
    assert found.tlast.value == 60


def test_a_single_last_value_below_the_limit_is_not_confirmed() -> None:
    found = nca(DAYS, [0, 9, 2, 1, 1, 1, 0])

    assert found.t_bql.value == 120
    assert found.t_bql_confirmed.reason is Reason.NOT_CONFIRMED


def test_a_curve_that_ends_above_the_limit_still_persists() -> None:
    found = nca(DAYS, [0, 9, 2, 0, 1, 1, 1])

    assert found.t_bql.value == 28
    assert found.t_bql_confirmed.reason is Reason.STILL_DETECTED
    assert nca([7, 14], [9, 2]).t_bql.reason is Reason.STILL_DETECTED


def test_detection_begins_before_quantification() -> None:
    found = nca(DAYS, [0, 0.3, 9, 5, 2, 1, 1], lloq=0.5)

    assert found.tfirst.value == 7
    assert found.tlag.value == 7
    states = ["ND", "DET_BLQ", "QUANT", "QUANT", "QUANT", "QUANT", "QUANT"]
    assert nca(DAYS, [0.4, 0.3, 9, 5, 2, 1, 1], states=states).tfirst.value == 7


def test_a_curve_without_any_value_says_so() -> None:
    found = nca(DAYS, [0] * 7)

    assert {found.t_bql.reason, found.tfirst.reason, found.tlag.reason} == {Reason.ALL_BLQ}
    assert nca([], []).t_bql_confirmed.reason is Reason.NO_VALUES
    assert nca([], [], origin=False).auc_all.reason is Reason.NO_VALUES


def test_ties_have_a_first_and_a_last_day() -> None:
    found = nca([1, 4, 7, 12], [2.0, 9.0, 9.0, 1.0])

    assert (found.tmax.value, found.tmax_last_tie.value) == (4, 7)
