from dataclasses import replace
from pathlib import Path

import carflow as cf
from carflow.applied_gates import TubeGates, background_for
from carflow.gating.label_light import Sensitivity
from carflow.gating.lock import Coordinates, FrozenGate, Lock, LockedTube, Override
from carflow.gating.strategy import Role
from carflow.qc.gate_checks import LockedSample
from carflow.quantify.background import EVERY_CELL, Background
from carflow.quantify.counts import TubeCounts
from carflow.study.model import SampleType, Tube


def row(sample_id: str, kind: SampleType) -> Tube:
    return Tube(
        sample_id=sample_id, subject_id="P", day=7.0, sample_type=kind, path=Path("x.fcs"), row=2
    )


COUNTED = [
    (row("F", SampleType.FMO), TubeCounts(counts={Role.CD3: 5_000, Role.CAR: 25})),
    (row("S", SampleType.PATIENT), TubeCounts(counts={Role.CD3: 5_000, Role.CAR: 2_000})),
]


def background(*overrides: Override, told: bool = True) -> Background:
    gates = cf.read_gates("car_t_blood_auto")
    cut = FrozenGate(
        population="CAR+", batch="b", coordinates=Coordinates(low=400.0), donors=("F",),
        method="control_percentile", scope="batch",
    )  # fmt: skip
    if told:
        cut = replace(
            cut,
            sensitivity=0.95,
            sensitivity_error=0.002,
            lower_sensitivity=0.98,
            lower_sensitivity_error=0.006,
        )
    lock = Lock(
        name="g", panel_id="", template="", template_sha256="", versions={}, sheet_sha256="",
        tubes=(LockedTube(sample_id="S", subject_id="P", batch="b", sha256=""),),
        gates=(cut,), overrides=overrides,
    )  # fmt: skip
    sample = LockedSample(sample_id="S", subject_id="P", batch="b", sha256="")
    applied = TubeGates(strategy=replace(gates, lock=lock), sample=sample, channels={})
    found = background_for(COUNTED[1][0], COUNTED, applied)
    assert found is not None
    return found


def test_what_the_lock_knows_of_a_dim_reagent_goes_with_its_background() -> None:
    found = background()

    assert found.sensitivity == Sensitivity(0.95, 0.002)
    assert found.sensitivity_of(Role.CAR_P95) == Sensitivity(0.98, 0.006)
    assert background(told=False).sensitivity == EVERY_CELL


def test_of_a_cut_set_by_hand_the_sensitivity_is_not_known() -> None:
    by_hand = Override(
        population="CAR+", coordinates=Coordinates(low=900.0), reason="seen on the dot plot"
    )
    other = Override(population="CD3+", coordinates=Coordinates(low=900.0), reason="dim CD3")

    assert background(by_hand).sensitivity == EVERY_CELL
    assert background(other).sensitivity == Sensitivity(0.95, 0.002)
