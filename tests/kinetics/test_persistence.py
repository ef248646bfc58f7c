from __future__ import annotations

import math

import pytest

from carflow.kinetics.nca import nca
from carflow.kinetics.persistence import lost_between, persistence
from carflow.kinetics.series import read_series
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


def test_the_loss_lies_between_the_last_sample_with_cells_and_the_next() -> None:
    samples = read_series([7, 28, 60, 90, 180, 360], [9, 1, 0, 0.2, 0, 0]).samples

    assert lost_between(samples) == (90, 180)
    assert lost_between(samples[:2]) == (28, math.inf)
    assert lost_between(read_series([7, 28], [0, 0]).samples) is None


def test_persistence_over_patients_is_an_interval_censored_estimate() -> None:
    found = persistence(
        [
            ([7, 28, 90], [9, 1, 0]),
            ([7, 28, 90], [5, 1, 0]),
            ([7, 28, 90, 180], [5, 2, 1, "ND"]),
            ([7, 28, 90, 180], [5, 2, 1, 0.5]),
            ([7, 28], [0, "BLQ"]),
            ([7, 28], [0, 0]),
        ]
    )

    assert (found.n_lost, found.n_still, found.n_never) == (3, 2, 1)
    assert found.estimate is not None
    # by hand: each p is its own patients and p times the one who may belong anywhere, over five
    assert found.estimate.intervals == ((28, 90), (90, 180), (180, math.inf))
    assert found.estimate.masses == pytest.approx((0.5, 0.25, 0.25))


def test_nobody_with_cells_has_no_estimate() -> None:
    found = persistence([([7, 28], [0, 0])])

    assert (found.n_never, found.estimate, found.median) == (1, None, None)
