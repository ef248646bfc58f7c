from dataclasses import replace

from carflow.findings import Severity
from carflow.gating.lock import (
    BATCH_MEDIAN,
    OTHER_BATCH,
    TEMPLATE,
    Coordinates,
    FrozenGate,
    Lock,
    LockedTube,
)
from carflow.qc.gate_checks import LockedSample, check_frozen_gates
from carflow.thresholds import QcLimits

GATE = FrozenGate(
    population="CD3+", batch="b", sample_id="S1", coordinates=Coordinates(low=1234.5),
    method="valley", scope="sample", reason="the valley between two populations", quality=0.8,
    n_events=9_000,
)  # fmt: skip
CUT = FrozenGate(
    population="CAR+", batch="b", coordinates=Coordinates(low=451.0), method="control_percentile",
    scope="batch", reason="the 99.9th percentile of the controls", n_events=20_000,
    donors=("F1", "F2"), percentile=99.9,
)  # fmt: skip
LOCK = Lock(
    name="t", panel_id="p", template="", template_sha256="", versions={}, sheet_sha256="",
    tubes=(LockedTube(sample_id="S1", subject_id="P", batch="b", sha256="a"),),
    gates=(GATE, CUT),
)  # fmt: skip
SAMPLE = LockedSample(sample_id="S1", subject_id="P", batch="b", sha256="a")
LIMITS = QcLimits()


def messages(lock: Lock, sample: LockedSample = SAMPLE) -> dict[str, tuple[Severity, str]]:
    return {
        one.code: (one.severity, one.message) for one in check_frozen_gates(lock, [sample], LIMITS)
    }


def test_found_gates_pass_with_the_least_certain_one() -> None:
    assert messages(LOCK) == {
        "QC-CONTROL-CUT": (
            Severity.PASS,
            "CAR+ from 451, the 99.9th percentile of 20,000 events of 2 controls (F1, F2).",
        ),
        "QC-GATE-FALLBACK": (
            Severity.PASS,
            "1 gate found in the events, the least certain CD3+ (quality 0.80).",
        ),
    }


def test_each_fallback_is_told_with_its_reason() -> None:
    reason = "300 events, fewer than 500"
    endings = {
        BATCH_MEDIAN: "the median of the batch",
        OTHER_BATCH: "the gate of another batch",
        TEMPLATE: "the gate drawn in the template",
    }
    for fallback, words in endings.items():
        lost = replace(GATE, fallback=fallback, reason=reason, quality=None)
        severity, message = messages(replace(LOCK, gates=(lost,)))["QC-GATE-FALLBACK"]
        assert severity is Severity.WARN
        assert message == f"CD3+ was not found: {reason}. Taken was {words} (from 1,234.5)."


def test_a_cut_on_few_events_warns() -> None:
    few = replace(
        CUT,
        n_events=4_000,
        percentile=99.5,
        reason="the 99.5th percentile of the controls, for too few events for the 99.9th",
    )

    severity, message = messages(replace(LOCK, gates=(few,)))["QC-CONTROL-CUT"]
    assert severity is Severity.WARN
    assert message == (
        "CAR+ from 451, the 99.5th percentile of 4,000 events of 2 controls (F1, F2): too few for "
        "the percentile the template asks for."
    )


def test_a_tube_of_the_batch_that_came_late_is_told() -> None:
    late = replace(SAMPLE, sample_id="S9")

    assert messages(LOCK, late)["QC-GATE-LATE"][0] is Severity.INFO
    assert messages(LOCK, replace(late, batch="c"))["QC-GATE-LATE"][0] is Severity.WARN


def test_another_file_under_the_same_name_warns() -> None:
    assert messages(LOCK, replace(SAMPLE, sha256="z"))["QC-GATE-CHANGED"][0] is Severity.WARN


def test_a_lock_without_found_gates_says_nothing() -> None:
    assert check_frozen_gates(replace(LOCK, gates=(), tubes=()), [SAMPLE], LIMITS) == ()


def _found_at(*places: float) -> tuple[Lock, list[LockedSample]]:
    gates = [
        replace(GATE, sample_id=f"S{number}", coordinates=Coordinates(low=place))
        for number, place in enumerate(places, start=1)
    ]
    samples = [replace(SAMPLE, sample_id=one.sample_id) for one in gates]
    return replace(LOCK, gates=tuple(gates)), samples


def test_a_gate_found_far_from_those_of_its_batch_warns() -> None:
    lock, samples = _found_at(1_000.0, 1_100.0, 900.0, 1_000.0, 2_100.0)

    found = [one for one in check_frozen_gates(lock, samples, LIMITS) if "MOVED" in one.code]

    assert [one.severity for one in found] == [*[Severity.PASS] * 4, Severity.WARN]
    assert found[-1].message == (
        "Found far from where it is usual in the batch: CD3+ at 2.1 times the usual; the other "
        "cells of this tube moved as well, or the gate found another valley."
    )
    assert found[0].message == "Found where it is usual in the batch: CD3+."
    assert found[-1].limit == "warn > 0.3 decades"


def test_a_gate_that_fell_back_does_not_tell_what_is_usual() -> None:
    lock, samples = _found_at(1_000.0, 1_100.0, 900.0, 1_000.0, 2_100.0)
    lost = tuple(replace(one, fallback=BATCH_MEDIAN) for one in lock.gates[:1])

    found = check_frozen_gates(replace(lock, gates=(*lost, *lock.gates[1:])), samples, LIMITS)

    # four gates that were found are fewer than the five that tell what is usual
    assert "QC-GATE-MOVED" not in {one.code for one in found}
