"""The protocol of the time QC: simulated blood, faults put in, truth known for every event.

Thresholds were chosen on seeds 0 to 9 and 100 to 109; the seeds here were not looked at before.
"""

from collections.abc import Iterator

import numpy as np
import pytest

from carflow.cleaning.stability import Stability, unstable_events
from carflow.cleaning.time_record import TimeRecord
from carflow.faults import Agreement, Fault, agreement, blood_recipe, spoil
from carflow.simulate import CHANNELS, TIMESTEP_S, simulate_tube

REMOVED = [
    Fault.CLOG, Fault.STEP, Fault.TAIL_STEP, Fault.SPIKES, Fault.START_UP, Fault.SURGE,
]  # fmt: skip
FOLLOWED = [name for name in CHANNELS if name not in {"FSC-H", "Time"}]


def followed(events: np.ndarray) -> Stability:
    columns = [CHANNELS.index(name) for name in FOLLOWED]
    record = TimeRecord(len(events), FOLLOWED, has_time=True, in_seconds=True)
    record.add(events[:, columns].T.astype(np.float64), events[:, -1] * TIMESTEP_S)
    return record.stability()


def outcomes(faults: list[Fault], seeds: range) -> Iterator[tuple[Fault, Agreement, Stability]]:
    for seed in seeds:
        tube = simulate_tube(blood_recipe(f"time QC {seed}"))
        for fault in faults:
            spoilt = spoil(tube, fault, seed=seed)
            stability = followed(spoilt.events)
            yield fault, agreement(spoilt.is_bad, unstable_events(stability)), stability


def mean_f1(found: list[tuple[Fault, Agreement, Stability]]) -> dict[Fault, float]:
    kinds = dict.fromkeys(fault for fault, _, _ in found)
    return {
        kind: float(np.mean([a.f1 for fault, a, _ in found if fault is kind])) for kind in kinds
    }


def test_each_fault_is_found_and_named_once() -> None:
    found = list(outcomes([*REMOVED, Fault.FAINT_STEP], range(300, 302)))

    for fault, f1 in mean_f1(found).items():
        assert f1 >= (0.5 if fault is Fault.START_UP else 0.85), fault
    assert max(agreed.false_removal_pct for _, agreed, _ in found) < 2.0


def test_clean_tubes_lose_nothing() -> None:
    found = list(outcomes([Fault.CLEAN], range(300, 303)))

    assert [stability.removed for _, _, stability in found] == [(), (), ()]


def test_a_drift_is_told_and_not_removed() -> None:
    (_, agreed, stability), (_, _, clean) = outcomes([Fault.DRIFT, Fault.CLEAN], range(300, 301))

    assert agreed.false_removal_pct == 0.0
    assert max(stability.drift_points.values()) > 7.0
    assert max(clean.drift_points.values()) < 2.0


@pytest.mark.slow
def test_the_whole_protocol() -> None:
    found = list(outcomes([*REMOVED, Fault.DRIFT, Fault.FAINT_STEP], range(200, 210)))
    clean = [agreed for _, agreed, _ in outcomes([Fault.CLEAN], range(200, 220))]
    by_kind = mean_f1(found)

    assert max(agreed.false_removal_pct for agreed in clean) < 0.5
    assert np.mean([by_kind[kind] for kind in REMOVED]) >= 0.89
    assert min(by_kind[kind] for kind in REMOVED if kind is not Fault.START_UP) >= 0.85
    assert by_kind[Fault.START_UP] >= 0.5
    assert by_kind[Fault.FAINT_STEP] >= 0.85
    drifts = [(agreed, s) for fault, agreed, s in found if fault is Fault.DRIFT]
    assert np.mean([agreed.false_removal_pct for agreed, _ in drifts]) < 0.5
    assert min(max(s.drift_points.values()) for _, s in drifts) > 5.0
