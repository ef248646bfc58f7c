from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.measure import State
from carflow.quantify.gene_copies import (
    car_share_of_nucleated,
    cells_per_ul_from_copies,
    copies_per_car_cell,
    copies_per_cell,
    copies_per_droplet,
    copies_per_genome,
    droplet_concentration,
    transduced_share,
)
from carflow.reasons import Reason


@pytest.mark.parametrize(("copies", "per_genome"), [(50, 3.3e-4), (24_000, 0.158), (48_692, 0.321)])
def test_copies_per_genome_at_6_6_pg(copies: float, per_genome: float) -> None:
    assert copies_per_genome(copies) == pytest.approx(per_genome, rel=5e-3)


def test_a_laboratory_may_weigh_a_genome_otherwise() -> None:
    assert copies_per_genome(1e6, pg_per_genome=6.0) == pytest.approx(6.0)


def test_a_product_of_1_2_copies_at_40_percent_has_3_in_each_car_cell() -> None:
    assert copies_per_car_cell(1.2, 0.40) == pytest.approx(3.0)
    assert transduced_share(0.51) == pytest.approx(0.40, abs=5e-3)


def test_droplets_give_the_worked_concentration() -> None:
    assert copies_per_droplet(3000, 15_000) == pytest.approx(0.2231, abs=5e-5)
    assert droplet_concentration(3000, 15_000).value == pytest.approx(262.5, abs=0.05)


def test_no_positive_droplet_has_an_upper_limit() -> None:
    measure = droplet_concentration(0, 15_000)

    assert (measure.value, measure.low, measure.state) == (0.0, 0.0, State.ND)
    assert measure.high == pytest.approx(3.689 / 15_000 / 0.85e-3, rel=1e-3)


def test_copies_per_cell_are_twice_the_ratio_to_the_reference() -> None:
    measure = copies_per_cell((3000, 15_000), (6000, 15_000))

    assert measure.value == pytest.approx(2 * math.log(0.8) / math.log(0.6))
    assert copies_per_cell((0, 15_000), (6000, 15_000)).state is State.ND
    assert copies_per_cell((30, 15_000), (0, 15_000)).reason is Reason.ZERO_PARENT


def test_cells_per_ul_follow_from_copies_and_the_blood_count() -> None:
    measure = cells_per_ul_from_copies(24_000, 2100.0, 3.0, cv=0.2)

    assert car_share_of_nucleated(24_000, 3.0) == pytest.approx(0.0528)
    assert measure.value == pytest.approx(110.88)
    assert measure.low == pytest.approx(110.88 * math.exp(-1.96 * 0.2), rel=1e-4)
    assert cells_per_ul_from_copies(24_000, 2100.0, 3.0).reason is Reason.NO_COUNTS
    assert cells_per_ul_from_copies(0, 2100.0, 3.0).state is State.ND


@given(st.integers(0, 19_999), st.integers(20_000, 40_000))
def test_the_interval_holds_the_concentration(positive: int, droplets: int) -> None:
    measure = droplet_concentration(positive, droplets)

    assert measure.low is not None
    assert measure.high is not None
    assert measure.value is not None
    assert measure.low <= measure.value <= measure.high


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: droplet_concentration(15_000, 15_000),
            "droplets need 0 <= positive < all, got 15000 of 15000: dilute if all are",
        ),
        (
            lambda: copies_per_car_cell(1.2, 0.0),
            "a share lies above 0 and up to 1, got 0.0",
        ),
        (
            lambda: copies_per_genome(-1.0),
            "a number of 0 or more is needed, got -1.0",
        ),
        (
            lambda: car_share_of_nucleated(10.0, 0.0),
            "a number above 0 is needed, got 0.0",
        ),
    ],
)
def test_impossible_numbers_are_refused(call: object, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        call()  # type: ignore[operator]  # each case is a call

    assert str(caught.value) == message
