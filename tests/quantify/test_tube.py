from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from carflow.gating.strategy import AssayLimits, Role
from carflow.measure import State
from carflow.quantify.absolute import Stated
from carflow.quantify.background import Background
from carflow.quantify.copies import gene_copies
from carflow.quantify.counts import TubeCounts
from carflow.quantify.declarations import DECLARATIONS
from carflow.quantify.tube import quantify_tube, unquantified
from carflow.reasons import Reason
from carflow.study.model import LabValue, Preparation, SampleType, Tube

TUBE = Tube(
    sample_id="S1", subject_id="P1", day=7.0, sample_type=SampleType.PATIENT,
    path=Path("day07.fcs"), row=2, beads_per_tube=50_000.0, blood_ul=50.0, total_ul=500.0,
    wbc_1e9_l=LabValue(2.1), alc_1e9_l=LabValue(0.4), cd3_per_ul=LabValue(210.0),
    copies_per_ug=LabValue(24_000.0), gdna_source=Preparation.BLOOD, vcn_product=1.2,
    car_pct_product=40.0,
)  # fmt: skip
COUNTS = TubeCounts(counts=dict.fromkeys(Role, 1000), car_mfi=5200.0)


@dataclass(frozen=True)
class Acquired:
    ul: float | None = 40.0
    reason: Reason = Reason.NONE


def test_a_full_tube_gives_every_quantity_a_value() -> None:
    counts = dict.fromkeys(Role, 3000) | {Role.CAR: 1000, Role.CAR_CD4: 600, Role.CAR_CD8: 400}
    full = TubeCounts(
        counts=counts, car_mfi=5200.0, car_negative_mfi=200.0, car_negative_rsd=100.0,
        cd3_car_median=1200.0, cd3_car_rsd=300.0,
    )  # fmt: skip
    control = replace(full, counts=counts | {Role.CAR: 1, Role.CAR_P95: 150})

    quantities = quantify_tube(
        full, TUBE, Acquired(), AssayLimits(),
        background=Background.of([control], SampleType.FMO),
    )  # fmt: skip
    of_pbmc = quantify_tube(
        full, TUBE, Acquired(), AssayLimits(), stated=Stated(mononuclear_1e9_l=LabValue(0.6))
    )

    assert [quantity.name for quantity in quantities] == list(DECLARATIONS)
    assert {q.name for q in quantities if q.measure.value is None} == {"car_per_ul_pbmc"}
    assert {q.name for q in of_pbmc if q.measure.value is None} == {
        "car_net_pct_cd3", "car_net_p95_pct_cd3", "car_resolution",
        "car_per_ul_wbc", "cd3_per_ul_wbc",
    }  # fmt: skip


def test_an_empty_tube_keeps_every_row_with_a_reason() -> None:
    bare = Tube(
        sample_id="S1", subject_id="P1", day=7.0, sample_type=SampleType.PATIENT,
        path=Path("day07.fcs"), row=2,
    )  # fmt: skip

    quantities = quantify_tube(
        TubeCounts(counts={}), bare, Acquired(ul=None, reason=Reason.NO_VOLUME), AssayLimits()
    )

    assert [quantity.name for quantity in quantities] == list(DECLARATIONS)
    assert all(quantity.measure.reason for quantity in quantities)


def test_an_excluded_row_gives_nothing_whatever_was_counted() -> None:
    quantities = quantify_tube(
        COUNTS, replace(TUBE, exclude_reason="clotted"), Acquired(), AssayLimits()
    )

    assert {quantity.measure.state for quantity in quantities} == {State.EXCLUDED}
    assert {quantity.measure.reason for quantity in quantities} == {Reason.EXCLUDED_BY_USER}


def test_a_failed_tube_keeps_its_rows_methods_and_gene_copies() -> None:
    failed = unquantified(TUBE, Reason.TUBE_FAILED)
    good = quantify_tube(COUNTS, TUBE, Acquired(), AssayLimits())

    assert [(q.name, q.method) for q in failed] == [(q.name, q.method) for q in good]
    of_sheet = {"copies_per_ug", "copies_per_genome", "car_per_ul_qpcr"}
    reasons = {q.measure.reason for q in failed if q.name not in of_sheet}
    assert reasons == {Reason.TUBE_FAILED}
    assert next(q for q in failed if q.name == "copies_per_ug").measure.value == 24_000.0


def test_gene_copies_keep_what_the_laboratory_said() -> None:
    plain = gene_copies(TUBE)
    below = gene_copies(replace(TUBE, copies_per_ug=LabValue(50.0, below=True)))
    zero = gene_copies(replace(TUBE, copies_per_ug=LabValue(0.0)))
    absent = gene_copies(replace(TUBE, copies_per_ug=None))

    assert (plain.measure.value, plain.measure.reason) == (24_000.0, Reason.NO_COUNTS)
    assert (below.measure.value, below.measure.high, below.lloq) == (None, 50.0, 50.0)
    assert below.measure.reason is Reason.LAB_BELOW_LIMIT
    assert (zero.measure.state, zero.measure.reason) == (State.ND, Reason.LAB_ZERO)
    assert (absent.measure.state, absent.measure.reason) == (State.MISSING, Reason.NOT_SAMPLED)


@given(st.dictionaries(st.sampled_from(Role), st.integers(min_value=0, max_value=10**6)))
def test_no_set_of_counts_breaks_a_tube(counts: dict[Role, int]) -> None:
    quantities = quantify_tube(TubeCounts(counts=counts), TUBE, Acquired(), AssayLimits())

    assert [quantity.name for quantity in quantities] == list(DECLARATIONS)
    for quantity in quantities:
        assert quantity.measure.unit is DECLARATIONS[quantity.name].unit
