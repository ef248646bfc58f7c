from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.gating.strategy import AssayLimits, Role
from carflow.measure import State
from carflow.quantify.counts import TubeCounts
from carflow.quantify.merging import (
    MergedTube,
    MergeKey,
    SummedVolume,
    TubePart,
    merged,
    quantify_visit,
)
from carflow.reasons import Reason
from carflow.study.model import LabValue, SampleType, Tube

if TYPE_CHECKING:
    from carflow.quantify.quantity import Quantity

KEY = MergeKey(panel_id="t", settings="400|450", gates_sha256="f0")
NO_ASSAY_CV = AssayLimits(cv_assay=0.0)


def part(
    name: str = "S1", *, car: int = 100, cd3: int = 1000, beads: int = 4000, ul: float = 40.0,
    kept: float = 1.0, key: MergeKey = KEY, **columns: Any,
) -> TubePart:  # fmt: skip
    row = Tube(
        sample_id=name, subject_id="P1", day=7.0, sample_type=SampleType.PATIENT,
        path=Path("a.fcs"), row=2, beads_per_tube=50_000.0, blood_ul=50.0, total_ul=500.0,
    )  # fmt: skip
    counts = {Role.CAR: car, Role.CD3: cd3, Role.BEADS: beads}
    return TubePart(
        key=key,
        tube=replace(row, **columns),
        counts=TubeCounts(counts=counts, retained_time_fraction=kept, n_events=10_000),
        volume=SummedVolume(ul=ul),
    )


def of_visit(*parts: TubePart) -> dict[str, Quantity]:
    return {one.name: one for one in quantify_visit(parts, NO_ASSAY_CV)}


def test_counts_are_summed_and_percentages_never_averaged() -> None:
    found = of_visit(part(car=10, cd3=100), part("S2", car=90, cd3=300))

    share = found["car_pct_cd3"]
    assert (share.n_numerator, share.n_denominator) == (100, 400)
    assert share.measure.value == 25.0  # the mean of 10 % and 30 % would be 20 %


def test_absolute_counts_pool_cells_over_beads_and_over_volume() -> None:
    found = of_visit(
        part(car=100, beads=4000, ul=40.0), part("S2", car=300, beads=6000, ul=60.0, kept=0.5)
    )

    assert found["car_per_ul_beads"].measure.value == pytest.approx(400 / 10_000 * 50_000 / 50)
    # 40 µL, and half of 60 µL, of blood thinned tenfold
    assert found["car_per_ul_vol"].measure.value == pytest.approx(400 / 70 * 10)


def test_a_single_tube_is_quantified_as_it_is() -> None:
    one = part()

    assert merged([one]) == MergedTube(counts=one.counts, tube=one.tube, volume=one.volume)


@pytest.mark.parametrize(
    "other",
    [
        part("S2", key=replace(KEY, panel_id="b")),
        part("S2", key=replace(KEY, settings="400|500")),
        part("S2", key=replace(KEY, gates_sha256="f1")),
        part("S2", key=replace(KEY, preparation="PBMC")),
        part("S2", blood_ul=100.0),
        part("S2", beads_per_tube=49_000.0),
        part("S2", wbc_1e9_l=LabValue(2.1)),
    ],
)
def test_tubes_that_differ_are_not_merged(other: TubePart) -> None:
    assert merged([part(), other]) is Reason.NOT_MERGED

    measure = of_visit(part(), other)["car_pct_cd3"].measure
    assert (measure.state, measure.reason) == (State.NE, Reason.NOT_MERGED)


def test_excluded_tubes_do_not_enter() -> None:
    alone = of_visit(part(car=10, cd3=100), part("S2", exclude_reason="clotted"))
    nothing = of_visit(part(exclude_reason="clotted"))

    assert alone["car_pct_cd3"].measure.value == 10.0
    assert nothing["car_pct_cd3"].measure.state is State.EXCLUDED


def test_one_tube_without_volume_leaves_the_visit_without() -> None:
    lost = replace(part("S2"), volume=SummedVolume(reason=Reason.VOLUME_UNIT))

    assert of_visit(part(), lost)["car_per_ul_vol"].measure.reason is Reason.VOLUME_UNIT


def test_gene_copies_of_one_row_stand_for_the_visit_and_two_different_ones_for_none() -> None:
    copies = LabValue(900.0)
    once = of_visit(part(copies_per_ug=copies), part("S2"))
    differing = of_visit(part(copies_per_ug=copies), part("S2", copies_per_ug=LabValue(50.0)))

    assert once["copies_per_ug"].measure.value == 900.0
    assert differing["copies_per_ug"].measure.value is None


def test_tubes_of_other_visits_are_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="tubes of one visit have one subject and one day"):
        merged([part(), part("S2", day=8.0)])
    with pytest.raises(ValueError, match="there is no tube to merge"):
        merged([])


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(900, 5000)), min_size=2, max_size=4))
def test_merging_is_one_larger_tube(tubes: list[tuple[int, int]]) -> None:
    split = of_visit(*(part(f"S{at}", car=car, cd3=cd3) for at, (car, cd3) in enumerate(tubes)))
    whole = of_visit(
        part(
            car=sum(car for car, _ in tubes), cd3=sum(cd3 for _, cd3 in tubes),
            beads=4000 * len(tubes), ul=40.0 * len(tubes),
        )
    )  # fmt: skip

    for name in ("car_pct_cd3", "car_per_ul_beads", "car_per_ul_vol"):
        assert split[name].measure == whole[name].measure
