from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from carflow.gating.strategy import Role
from carflow.measure import Measure, State
from carflow.quantify.copies import copy_quantities
from carflow.quantify.counts import TubeCounts
from carflow.reasons import Reason
from carflow.study.model import LabValue, Preparation, SampleType, Tube

TUBE = Tube(
    sample_id="S1", subject_id="P1", day=12.0, sample_type=SampleType.PATIENT,
    path=Path("a.fcs"), row=2, copies_per_ug=LabValue(24_000.0), wbc_1e9_l=LabValue(2.1),
    gdna_source=Preparation.BLOOD, vcn_product=1.2, car_pct_product=40.0,
)  # fmt: skip
COUNTS = TubeCounts(counts={Role.CD45: 100_000, Role.CAR: 5_280})


def found(tube: Tube, counts: TubeCounts | None = COUNTS) -> dict[str, Measure]:
    return {one.name: one.measure for one in copy_quantities(tube, counts)}


def test_copies_are_told_per_genome_per_car_cell_and_as_cells() -> None:
    measures = found(TUBE)

    assert measures["copies_per_genome"].value == pytest.approx(24_000 * 6.6e-6)
    assert measures["copies_per_car_cell"].value == pytest.approx(0.1584 / 0.0528)
    # 0.1584 copies per genome, 3 per CAR+ cell of the product, 2,100 leukocytes/µL
    assert measures["car_per_ul_qpcr"].value == pytest.approx(0.1584 / 3.0 * 2100)


def test_the_copies_of_pbmc_go_with_lymphocytes_and_monocytes() -> None:
    tube = replace(
        TUBE, gdna_source=Preparation.PBMC, preparation=Preparation.PBMC,
        alc_1e9_l=LabValue(0.4), amc_1e9_l=LabValue(0.2),
    )  # fmt: skip

    assert found(tube)["car_per_ul_qpcr"].value == pytest.approx(0.1584 / 3.0 * 600)
    assert found(tube)["copies_per_car_cell"].value == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("changes", "per_cell", "cells"),
    [
        ({"gdna_source": Preparation.UNSTATED}, Reason.NO_GDNA_SOURCE, Reason.NO_GDNA_SOURCE),
        ({"gdna_source": Preparation.PBMC}, Reason.NOT_PREPARED, Reason.NO_CBC),
        ({"vcn_product": None}, Reason.NONE, Reason.NO_VCN),
        ({"car_pct_product": None}, Reason.NONE, Reason.NO_VCN),
        ({"wbc_1e9_l": None}, Reason.NONE, Reason.NO_CBC),
        ({"wbc_1e9_l": LabValue(0.1, below=True)}, Reason.NONE, Reason.CBC_BELOW_LIMIT),
        ({"copies_per_ug": None}, Reason.NOT_SAMPLED, Reason.NOT_SAMPLED),
    ],
)
def test_what_is_not_stated_is_not_guessed(
    changes: dict[str, object], per_cell: Reason, cells: Reason
) -> None:
    measures = found(replace(TUBE, **changes))  # type: ignore[arg-type]  # fields of a tube

    for name, reason in (("copies_per_car_cell", per_cell), ("car_per_ul_qpcr", cells)):
        assert (measures[name].value is None) == bool(reason)
        if reason:
            assert measures[name].reason is reason


def test_copies_below_a_limit_are_upper_limits_and_never_zero() -> None:
    measures = found(replace(TUBE, copies_per_ug=LabValue(50.0, below=True)))

    assert measures["copies_per_genome"].value is None
    assert measures["copies_per_genome"].high == pytest.approx(3.3e-4)
    assert measures["car_per_ul_qpcr"].high == pytest.approx(3.3e-4 / 3.0 * 2100)
    assert {one.reason for one in measures.values()} == {Reason.LAB_BELOW_LIMIT}


def test_a_word_for_below_the_limit_names_no_limit() -> None:
    measures = found(replace(TUBE, copies_per_ug=LabValue(0.0, below=True)))

    assert {(one.value, one.high) for one in measures.values()} == {(None, None)}
    assert {one.reason for one in measures.values()} == {Reason.LAB_BELOW_LIMIT}


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        (None, Reason.NO_POPULATION),
        (TubeCounts(counts={Role.CAR: 10}), Reason.NO_POPULATION),
        (TubeCounts(counts={Role.CD45: 0, Role.CAR: 0}), Reason.ZERO_PARENT),
        (TubeCounts(counts={Role.CD45: 900, Role.CAR: 0}), Reason.NOT_DETECTED),
    ],
)
def test_copies_per_car_cell_need_car_cells(counts: TubeCounts | None, reason: Reason) -> None:
    measure = found(TUBE, counts)["copies_per_car_cell"]

    assert (measure.value, measure.state, measure.reason) == (None, State.NE, reason)
