from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.gating.strategy import AssayLimits, Role
from carflow.measure import IntervalKind, State
from carflow.quantify.absolute import NOTHING_STATED, Stated, absolute_counts
from carflow.quantify.counts import TubeCounts
from carflow.quantify.limits import CUSTOMARY, Variation
from carflow.reasons import Reason
from carflow.study.model import LabValue, SampleType, Tube

if TYPE_CHECKING:
    from carflow.quantify.quantity import Quantity

COUNTING_ONLY = AssayLimits(cv_assay=0.0)


@dataclass(frozen=True)
class Acquired:
    ul: float | None = None
    reason: Reason = Reason.NO_VOLUME


def tube(**columns: Any) -> Tube:
    return Tube(
        sample_id="S1", subject_id="P1", day=7.0, sample_type=SampleType.PATIENT,
        path=Path("day07.fcs"), row=2, **columns,
    )  # fmt: skip


def absolute(
    name: str,
    counts: dict[Role, int],
    row: Tube,
    *,
    volume: Acquired | None = None,
    limits: AssayLimits = COUNTING_ONLY,
    variation: Variation | None = None,
    kept: float = 1.0,
    stated: Stated = NOTHING_STATED,
) -> Quantity:
    found = absolute_counts(
        TubeCounts(counts=counts, retained_time_fraction=kept),
        row,
        volume=volume or Acquired(),
        limits=limits,
        variation=variation or Variation(),
        stated=stated,
    )
    return next(quantity for quantity in found if quantity.name == name)


def test_beads_give_the_worked_count_and_interval() -> None:
    row = tube(beads_per_tube=51_667.0, blood_ul=50.0)

    quantity = absolute("car_per_ul_beads", {Role.CAR: 1250, Role.BEADS: 8000}, row)

    measure = quantity.measure
    assert measure.value == pytest.approx(161.459375)
    assert (measure.low, measure.high) == pytest.approx((151.995, 171.399), abs=5e-4)
    assert measure.ci_kind is IntervalKind.COUNTING
    assert (quantity.n_numerator, quantity.n_denominator) == (1250, 8000)
    # one event is 0.129 cells/µL: 20 events 2.58, 50 events 6.46
    assert quantity.lod == pytest.approx(2.58, abs=5e-3)
    assert quantity.lloq == pytest.approx(6.46, abs=5e-3)
    assert quantity.method == "beads"


def test_no_cell_against_beads_is_zero_with_an_upper_limit() -> None:
    row = tube(beads_added_ul=50.0, bead_conc_per_ul=1033.34, blood_ul=50.0)

    measure = absolute("car_per_ul_beads", {Role.CAR: 0, Role.BEADS: 8000}, row).measure

    assert measure.value == 0.0
    assert measure.high == pytest.approx(0.477, abs=5e-4)
    assert measure.state is State.ND


def test_a_diluted_blood_counts_up() -> None:
    plain = tube(beads_per_tube=50_000.0, blood_ul=50.0)
    diluted = tube(beads_per_tube=50_000.0, blood_ul=50.0, dilution=5.0)
    counts = {Role.CAR: 400, Role.BEADS: 2000}

    assert absolute("car_per_ul_beads", counts, plain).measure.value == pytest.approx(200.0)
    assert absolute("car_per_ul_beads", counts, diluted).measure.value == pytest.approx(1000.0)


@pytest.mark.parametrize(
    ("counts", "columns", "reason"),
    [
        ({Role.CAR: 9, Role.BEADS: 9}, {"blood_ul": 50.0}, Reason.NO_BEADS),
        ({Role.CAR: 9, Role.BEADS: 0}, {"beads_per_tube": 9.0, "blood_ul": 50.0}, Reason.NO_BEADS),
        ({Role.CAR: 9}, {"beads_per_tube": 9.0, "blood_ul": 50.0}, Reason.NO_POPULATION),
        ({Role.BEADS: 9}, {"beads_per_tube": 9.0, "blood_ul": 50.0}, Reason.NO_POPULATION),
        ({Role.CAR: 9, Role.BEADS: 9}, {"beads_per_tube": 9.0}, Reason.NO_BLOOD_VOLUME),
    ],
)
def test_a_bead_count_says_what_it_lacks(
    counts: dict[Role, int], columns: dict[str, float], reason: Reason
) -> None:
    measure = absolute("car_per_ul_beads", counts, tube(**columns)).measure

    assert (measure.value, measure.reason) == (None, reason)


def test_leukocytes_multiply_the_share_of_cd45() -> None:
    row = tube(wbc_1e9_l=LabValue(2.1))

    quantity = absolute("car_per_ul_wbc", {Role.CAR: 5400, Role.CD45: 180_000}, row)

    measure = quantity.measure
    assert measure.value == pytest.approx(63.0)
    assert measure.low is not None
    assert measure.high is not None
    assert (round(measure.low, 1), round(measure.high, 1)) == (59.1, 67.2)
    assert measure.ci_kind is IntervalKind.TOTAL
    assert quantity.method == "wbc"


def test_each_blood_count_meets_its_own_denominator() -> None:
    counts = {Role.CAR: 100, Role.CD3: 1000, Role.LYMPHOCYTES: 2000, Role.CD45: 10_000}
    row = tube(wbc_1e9_l=LabValue(5.0), alc_1e9_l=LabValue(1.0), cd3_per_ul=LabValue(500.0))

    values = {
        name: (found := absolute(name, counts, row)).measure.value and (
            round(found.measure.value, 9), found.n_denominator)
        for name in ("car_per_ul_wbc", "car_per_ul_alc", "car_per_ul_cd3", "cd3_per_ul_wbc",
                     "cd3_per_ul_alc")
    }  # fmt: skip

    assert values == {
        "car_per_ul_wbc": (50.0, 10_000),
        "car_per_ul_alc": (50.0, 2000),
        "car_per_ul_cd3": (50.0, 1000),
        "cd3_per_ul_wbc": (500.0, 10_000),
        "cd3_per_ul_alc": (500.0, 2000),
    }


def test_a_leukocyte_count_is_never_used_with_the_lymphocyte_gate() -> None:
    counts = {Role.CAR: 100, Role.CD3: 1000, Role.LYMPHOCYTES: 2000}
    row = tube(wbc_1e9_l=LabValue(5.0))

    assert absolute("car_per_ul_wbc", counts, row).measure.reason is Reason.NO_POPULATION
    assert absolute("car_per_ul_alc", counts, row).measure.reason is Reason.NO_CBC


def test_a_blood_count_known_only_as_below_gives_an_upper_limit() -> None:
    counts = {Role.CAR: 100, Role.LYMPHOCYTES: 1000}
    below = absolute("car_per_ul_alc", counts, tube(alc_1e9_l=LabValue(0.1, below=True))).measure
    at_the_limit = absolute("car_per_ul_alc", counts, tube(alc_1e9_l=LabValue(0.1))).measure

    assert below.value is None
    assert (below.state, below.reason) == (State.NE, Reason.CBC_BELOW_LIMIT)
    assert below.high == at_the_limit.high
    assert at_the_limit.value == pytest.approx(10.0)


def test_a_blood_count_of_zero_is_rounded_not_empty() -> None:
    row = tube(alc_1e9_l=LabValue(0.0))

    measure = absolute("car_per_ul_alc", {Role.CAR: 5, Role.LYMPHOCYTES: 50}, row).measure

    assert (measure.value, measure.high, measure.reason) == (None, None, Reason.CBC_BELOW_LIMIT)


def test_a_blood_count_needs_events_in_its_denominator() -> None:
    row = tube(wbc_1e9_l=LabValue(2.1))

    empty = absolute("car_per_ul_wbc", {Role.CAR: 0, Role.CD45: 0}, row)
    outside = absolute("car_per_ul_wbc", {Role.CAR: 9, Role.CD45: 5}, row)

    assert empty.measure.reason is Reason.ZERO_PARENT
    assert outside.measure.reason is Reason.NOT_NESTED


def test_beads_may_be_fewer_than_cells() -> None:
    row = tube(beads_per_tube=50_000.0, blood_ul=50.0)

    measure = absolute("car_per_ul_beads", {Role.CAR: 900, Role.BEADS: 300}, row).measure

    assert measure.value == pytest.approx(3000.0)


def test_the_volume_counts_by_what_the_time_gate_kept() -> None:
    row = tube(blood_ul=50.0, total_ul=500.0)

    whole = absolute("car_per_ul_vol", {Role.CAR: 100}, row, volume=Acquired(ul=20.0))
    half = absolute("car_per_ul_vol", {Role.CAR: 100}, row, volume=Acquired(ul=20.0), kept=0.5)

    assert whole.measure.value == pytest.approx(50.0)
    assert half.measure.value == pytest.approx(100.0)
    # Garwood: 100 events are 81.364 to 121.627
    assert (whole.measure.low, whole.measure.high) == pytest.approx((40.682, 60.813), abs=5e-4)
    assert whole.n_denominator is None


def test_without_volumes_in_the_sheet_the_count_is_that_of_the_acquired_sample() -> None:
    plain = absolute("cells_per_ul_vol", {Role.LIVE: 100}, tube(), volume=Acquired(ul=20.0))
    diluted = absolute(
        "cells_per_ul_vol", {Role.LIVE: 100}, tube(dilution=10.0), volume=Acquired(ul=20.0)
    )

    assert plain.measure.value == pytest.approx(5.0)
    assert diluted.measure.value == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("columns", "volume", "kept", "reason"),
    [
        ({}, Acquired(reason=Reason.VOLUME_UNIT), 1.0, Reason.VOLUME_UNIT),
        ({}, Acquired(reason=Reason.NONE), 1.0, Reason.NO_VOLUME),
        ({}, Acquired(ul=0.0), 1.0, Reason.NO_VOLUME),
        ({}, Acquired(ul=20.0), 0.0, Reason.NO_VOLUME),
        ({"blood_ul": 50.0}, Acquired(ul=20.0), 1.0, Reason.NO_TOTAL_VOLUME),
        ({"total_ul": 500.0}, Acquired(ul=20.0), 1.0, Reason.NO_BLOOD_VOLUME),
    ],
)
def test_a_volumetric_count_says_what_it_lacks(
    columns: dict[str, float], volume: Acquired, kept: float, reason: Reason
) -> None:
    quantity = absolute(
        "car_per_ul_vol", {Role.CAR: 100}, tube(**columns), volume=volume, kept=kept
    )

    assert (quantity.measure.value, quantity.measure.reason) == (None, reason)


def test_all_cells_are_counted_where_the_gates_name_them_else_the_viable_ones() -> None:
    row = tube(beads_per_tube=1000.0, blood_ul=10.0)
    counts = {Role.LIVE: 50, Role.BEADS: 1000}

    assert absolute("cells_per_ul_beads", counts, row).measure.value == pytest.approx(5.0)
    counts[Role.CELLS] = 80
    assert absolute("cells_per_ul_beads", counts, row).measure.value == pytest.approx(8.0)


def test_every_stated_cv_makes_a_total_interval_wider() -> None:
    row = tube(beads_per_tube=51_667.0, blood_ul=50.0)
    counts = {Role.CAR: 1250, Role.BEADS: 8000}
    plain = absolute("car_per_ul_beads", counts, row).measure
    variations = (
        {"limits": AssayLimits(cv_assay=0.1)},
        {"variation": Variation(cv_bead_lot=0.03)},
        {"variation": Variation(cv_pipetting=0.02)},
    )
    assert plain.high is not None

    for changed in variations:
        wider = absolute("car_per_ul_beads", counts, row, **changed).measure
        assert wider.high is not None
        assert wider.high > plain.high
        assert wider.ci_kind is IntervalKind.TOTAL


def test_the_cv_of_the_blood_count_does_not_touch_the_beads() -> None:
    row = tube(beads_per_tube=51_667.0, blood_ul=50.0)

    measure = absolute(
        "car_per_ul_beads", {Role.CAR: 9, Role.BEADS: 9}, row, variation=Variation(cv_cbc=0.2)
    ).measure

    assert measure.ci_kind is IntervalKind.COUNTING


@given(
    car=st.integers(min_value=0, max_value=100_000),
    more=st.integers(min_value=0, max_value=100_000),
    beads=st.integers(min_value=1, max_value=100_000),
    cv=st.floats(min_value=0.0, max_value=0.4),
)
def test_every_interval_contains_its_count(car: int, more: int, beads: int, cv: float) -> None:
    row = tube(
        beads_per_tube=50_000.0, blood_ul=50.0, total_ul=400.0, wbc_1e9_l=LabValue(3.3),
        cd3_per_ul=LabValue(700.0),
    )  # fmt: skip
    found = absolute_counts(
        TubeCounts(counts={Role.CAR: car, Role.CD45: car + more, Role.BEADS: beads}),
        row,
        volume=Acquired(ul=31.7),
        limits=AssayLimits(cv_assay=cv),
        variation=Variation(cv_pipetting=cv / 3),
    )

    for quantity in found:
        measure = quantity.measure
        if measure.value is None:
            assert measure.reason
        else:
            assert measure.low is not None
            assert measure.high is not None
            assert 0.0 <= measure.low <= measure.value <= measure.high


# the bead row of the worked numbers, each with the bead events it was computed from
@pytest.mark.parametrize(
    ("cells", "beads", "value", "low", "high"),
    [
        (0, 8000, 0.0, 0.0, 0.477), (3, 8000, 0.388, 0.080, 1.133), (20, 2000, 10.33, 6.30, 16.00),
        # the same three cell counts against 2,000 beads, from scipy's beta quantiles
        (0, 2000, 0.0, 0.0, 1.9077), (3, 2000, 1.5500, 0.31938, 4.53632),
    ],
)  # fmt: skip
def test_few_cells_against_beads_have_exact_intervals(
    cells: int, beads: int, value: float, low: float, high: float
) -> None:
    row = tube(beads_per_tube=51_667.0, blood_ul=50.0)

    measure = absolute("car_per_ul_beads", {Role.CAR: cells, Role.BEADS: beads}, row).measure

    assert measure.value == pytest.approx(value, abs=5e-3)
    assert (measure.low, measure.high) == pytest.approx((low, high), abs=5e-3)


def test_the_worked_dual_platform_count_has_its_interval() -> None:
    row = tube(wbc_1e9_l=LabValue(2.1))

    measure = absolute("car_per_ul_wbc", {Role.CAR: 5400, Role.CD45: 180_000}, row).measure

    assert measure.value == pytest.approx(63.0)
    assert (measure.low, measure.high) == pytest.approx((59.1, 67.2), abs=0.05)
    assert measure.ci_kind is IntervalKind.TOTAL


def test_pbmc_go_with_lymphocytes_plus_monocytes_and_never_with_leukocytes() -> None:
    row = tube(wbc_1e9_l=LabValue(2.1), alc_1e9_l=LabValue(0.4))
    counts = {Role.CAR: 300, Role.CD45: 10_000, Role.LYMPHOCYTES: 8000}
    of_pbmc = Stated(mononuclear_1e9_l=LabValue(0.6))

    assert absolute("car_per_ul_pbmc", counts, row, stated=of_pbmc).measure.value == 18.0
    refused = absolute("car_per_ul_wbc", counts, row, stated=of_pbmc).measure
    assert refused.reason is Reason.NOT_PREPARED
    assert absolute("car_per_ul_pbmc", counts, row).measure.reason is Reason.NO_CBC


def test_a_validated_concentration_may_be_the_higher_limit() -> None:
    row = tube(beads_per_tube=50_000.0, blood_ul=50.0)
    counts = {Role.CAR: 60, Role.BEADS: 50_000}

    plain = absolute("car_per_ul_beads", counts, row)
    higher = absolute("car_per_ul_beads", counts, row, stated=Stated(lloq_cells_per_ul=5.0))
    lower = absolute("car_per_ul_beads", counts, row, stated=Stated(lloq_cells_per_ul=0.5))

    assert plain.measure.value == pytest.approx(1.2)
    assert plain.measure.state is State.QUANT
    assert (higher.measure.state, higher.measure.reason) == (State.DET_BLQ, Reason.BELOW_LLOQ)
    assert (higher.lloq, lower.lloq) == (5.0, plain.lloq)
    assert lower.measure == plain.measure


def test_a_low_blood_count_is_as_uncertain_as_analysers_are_there() -> None:
    counts = {Role.CAR: 40, Role.LYMPHOCYTES: 1500}
    low, usual = tube(alc_1e9_l=LabValue(0.05)), tube(alc_1e9_l=LabValue(0.9))

    measure = absolute("car_per_ul_alc", counts, low, variation=CUSTOMARY).measure

    assert measure.value == pytest.approx(1.33, abs=5e-3)
    assert (measure.low, measure.high) == pytest.approx((0.81, 2.19), abs=5e-3)
    stated = absolute("car_per_ul_alc", counts, usual, variation=CUSTOMARY)
    assert stated == absolute("car_per_ul_alc", counts, usual, variation=Variation())


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.floats(0.01, 100))
def test_counts_by_one_method_scale_with_their_basis(cells: int, beads: int, factor: float) -> None:
    counts = {Role.CAR: cells, Role.BEADS: beads}
    plain = absolute("car_per_ul_beads", counts, tube(beads_per_tube=1000.0, blood_ul=50.0))
    more = absolute("car_per_ul_beads", counts, tube(beads_per_tube=1000 * factor, blood_ul=50.0))

    assert plain.measure.value is not None
    assert more.measure.value == pytest.approx(plain.measure.value * factor)
    assert more.measure.high == pytest.approx((plain.measure.high or 0.0) * factor)
