"""Every check beside the fixture that trips it; one sound batch passes all of them.

`TRIPS` is the table of the checks: a check that is added without a line here fails.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pytest

from carflow.cleaning.flow_rate import FlowRate
from carflow.cleaning.residual_spillover import ResidualSlope
from carflow.cleaning.stability import RemovedInterval, Stability
from carflow.cleaning.time_order import Gap, TimeOrder, TimeState
from carflow.findings import Finding, Severity
from carflow.gating.compensation import CompensationState
from carflow.gating.drawn_cells import EarlyCells
from carflow.gating.lock import Coordinates, FrozenGate, Lock, LockedTube, Override
from carflow.gating.strategy import Role
from carflow.qc.baselines import check_charts
from carflow.qc.checks import CHECKS, check_batch
from carflow.qc.control_charts import Baseline
from carflow.qc.cut_checks import PeakDays, check_car_cut
from carflow.qc.gate_checks import LockedSample, check_frozen_gates
from carflow.qc.origin import Origin, hash_of_name
from carflow.qc.summary import TubeSummary
from carflow.qc.waivers import Waiver, apply_waivers
from carflow.study.model import SampleType
from carflow.thresholds import QcLimits

BEGIN = datetime(2001, 3, 5, 10, 0, 0)  # noqa: DTZ001  # FCS has no time zone
RATE = FlowRate(
    median_per_s=400.0, lowest_per_s=390.0, highest_per_s=410.0, unusual_pct=0.0, unusual_s=(),
    trace_s=(), trace_per_s=(),
)  # fmt: skip
STEADY = Stability(
    n_events=25_000,
    time=TimeOrder(state=TimeState.ORDERED, span=60.0),
    channels=("FITC-A", "APC-A"),
    drift_points={"FITC-A": 1.0, "APC-A": 2.0},
    rate=RATE,
)
STRETCH = RemovedInterval(
    first_event=0, stop_event=9_000, first_s=0.0, last_s=20.0, channels=("APC-A",)
)
BASELINE = Baseline(
    material="bead MFI", instrument="one cytometer", lot="L1", centre=100.0, spread=2.0, n_runs=20
)
ENDED = Waiver(
    check="QC-BEADS", sample_id="P01-D1", reason="old lot", who="QA", until=date(2001, 1, 1)
)
GRAVE = {Severity.WARN, Severity.FAIL}


GATE = FrozenGate(
    population="CD3+", batch="b", sample_id="P01-D1", coordinates=Coordinates(low=1234.5),
    method="valley", scope="sample", reason="the valley between two populations", quality=0.8,
    n_events=9_000,
)  # fmt: skip
CUT = FrozenGate(
    population="CAR+", batch="b", coordinates=Coordinates(low=451.0), method="control_percentile",
    scope="batch", reason="the 99.9th percentile of the controls", n_events=20_000,
    donors=("fmo",), percentile=99.9,
)  # fmt: skip
GATED = [f"P0{subject}-D{day}" for subject in (1, 2) for day in (1, 4, 7)]
LOCK = Lock(
    name="t", panel_id="p", template="", template_sha256="", versions={}, sheet_sha256="",
    tubes=tuple(
        LockedTube(sample_id=one, subject_id=one[:3], batch="b", sha256="a") for one in GATED
    ),
    gates=(*(replace(GATE, sample_id=one) for one in GATED), CUT),
)  # fmt: skip
LOCKED = tuple(
    LockedSample(sample_id=one, subject_id=one[:3], batch="b", sha256="a") for one in GATED
)
BY_HAND = Override(
    population="CD3+", coordinates=Coordinates(low=900.0), reason="a dim lot", sample_id="P01-D1"
)


def lock_with(gate: FrozenGate, *, fallback: str) -> Lock:
    """Return the lock with one gate that was not found."""
    lost = replace(gate, fallback=fallback, quality=None)
    return LOCK.with_gates(tuple(lost if one == gate else one for one in LOCK.gates))


def first_locked(**changes: str) -> tuple[LockedSample, ...]:
    """Return the tubes of the lock with the first one changed."""
    return (replace(LOCKED[0], **changes), *LOCKED[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What the checks see."""

    tubes: tuple[TubeSummary, ...]
    failures: tuple[tuple[str, str, str], ...] = ()
    moved_peak: float = 7.0
    waivers: tuple[Waiver, ...] = ()
    lock: Lock = LOCK
    locked: tuple[LockedSample, ...] = LOCKED

    def findings(self) -> tuple[Finding, ...]:
        found = check_batch(self.tubes, self.failures)
        moved = {-0.1: 7.0, 0.1: self.moved_peak}
        peaks = [PeakDays(label="CAR+ of CD3+", day=7.0, moved=moved)]
        found = (*found, *check_car_cut("P01", peaks), *check_charts(self.tubes, [BASELINE]))
        found = (*found, *check_frozen_gates(self.lock, self.locked, QcLimits()))
        return apply_waivers(found, self.waivers, today=BEGIN.date()).findings


Change = Callable[[Batch], Batch]


def on_first(**changes: object) -> Change:
    """Return a change of the first patient's tube."""

    def change(batch: Batch) -> Batch:
        first, *rest = batch.tubes
        return replace(batch, tubes=(replace(first, **changes), *rest))  # type: ignore[arg-type]  # fields of TubeSummary

    return change


def counted(**counts: int) -> Change:
    """Return a change of counts of the first tube, in its populations, too."""

    def change(batch: Batch) -> Batch:
        first, *rest = batch.tubes
        new = {Role(name): count for name, count in counts.items()}
        populations = tuple(
            replace(
                one,
                count=new.get(one.roles[0], one.count),
                parent_count=new.get(Role(one.parent), one.parent_count)
                if one.parent
                else one.parent_count,
            )
            for one in first.populations
        )
        tube = replace(first, counts={**first.counts, **new}, populations=populations)
        return replace(batch, tubes=(tube, *rest))

    return change


def course_of(**changes: object) -> Change:
    """Return a change of the first tube's course through time."""
    return on_first(stability=replace(STEADY, **changes))  # type: ignore[arg-type]  # fields of Stability


def without(*kinds: SampleType) -> Change:
    return lambda batch: replace(
        batch, tubes=tuple(one for one in batch.tubes if one.sample_type not in kinds)
    )


def each(of: SampleType, **changes: object) -> Change:
    """Return a change of every tube of a kind."""
    return lambda batch: replace(
        batch,
        tubes=tuple(
            replace(one, **changes) if one.sample_type is of else one  # type: ignore[arg-type]  # fields of TubeSummary
            for one in batch.tubes
        ),
    )


def twin(**changes: object) -> Change:
    """Return a change that adds a second tube like the first."""

    def change(batch: Batch) -> Batch:
        first = batch.tubes[0]
        changed = {"sample_id": "twin", "row": 99, **changes}
        return replace(batch, tubes=(*batch.tubes, replace(first, **changed)))  # type: ignore[arg-type]  # fields of TubeSummary

    return change


def like_another(batch: Batch) -> Batch:
    """Give the tube of the middle day of one subject the T cells of another subject."""
    middle = batch.tubes[1]
    other = {**middle.counts, Role.CD4: 1_500, Role.CD8: 7_300}
    far = {"P02": {**middle.counts, Role.CD4: 1_500, Role.CD8: 7_300}}
    tubes = tuple(
        replace(one, counts=other)
        if one is middle
        else replace(one, counts=far.get(one.subject_id, one.counts))
        for one in batch.tubes
    )
    return replace(batch, tubes=tubes)


def drop_middle(batch: Batch) -> Batch:
    return replace(batch, tubes=(batch.tubes[0], *batch.tubes[2:]))


def reader_warning(batch: Batch) -> Batch:
    found = Finding(code="FCS-ODD", severity=Severity.WARN, message="odd")
    return on_first(reader_findings=(found,))(batch)


def slope(value: float) -> ResidualSlope:
    return ResidualSlope(
        source="APC-A", target="PE-A", slope=value, standard_error=0.001, n_events=2_000
    )


def matrix_with(*, spill: float = 0.05, **changes: object) -> Change:
    """Return a change of the first tube's spillover matrix."""

    def change(batch: Batch) -> Batch:
        matrix = batch.tubes[0].matrix
        assert matrix is not None
        rest = matrix.rows[1:]
        rows = ((1.0, spill, 0.01), *rest)
        changed = replace(matrix, rows=rows, sha256=f"own {spill}", **changes)  # type: ignore[arg-type]  # fields of MatrixSummary
        return on_first(matrix=changed)(batch)

    return change


TRIPS: dict[str, Change] = {
    "QC-GROUP": lambda batch: replace(batch, tubes=batch.tubes[:1]),
    "QC-MATRIX-CONDITION": matrix_with(condition_number=60.0),
    "QC-MATRIX-VALUES": matrix_with(spill=1.2),
    "QC-MATRIX-DIFFERS": matrix_with(spill=0.08),
    "QC-TUBE-FAILED": lambda batch: replace(batch, failures=(("X", "FCS-TRUNCATED", "short"),)),
    "QC-DUPLICATE": twin(),
    "QC-SAME-ACQUISITION": twin(data_sha256="exported anew"),
    "QC-DATE-ORDER": on_first(acquired_at=BEGIN + timedelta(days=30)),
    "QC-DATE-GAP": on_first(acquired_at=BEGIN - timedelta(days=30)),
    "QC-READER": reader_warning,
    "QC-EVENTS": on_first(n_events=4_000),
    "QC-TIME-GATE": on_first(skipped=("time",)),
    "QC-TIME-STABILITY": course_of(removed=(STRETCH,)),
    "QC-TIME-DRIFT": course_of(drift_points={"APC-A": 30.0}),
    "QC-TIME-ORDER": course_of(time=TimeOrder(state=TimeState.SHUFFLED, n_backsteps=900)),
    "QC-TIME-GAP": course_of(
        time=TimeOrder(state=TimeState.ORDERED, gaps=(Gap(begin_s=9.0, length_s=4.0),))
    ),
    "QC-FLOW-RATE": course_of(rate=replace(RATE, unusual_pct=12.0)),
    "QC-NONFINITE": on_first(n_nonfinite=3),
    "QC-CD3-EVENTS": counted(cd3=400),
    "QC-BEADS": counted(beads=300),
    "QC-SATURATION": on_first(saturated={"APC-A": 0.03}),
    "QC-MATRIX-MISSING": on_first(matrix=None, compensation=CompensationState.NO_MATRIX),
    "QC-CONTROL-MISSING": without(SampleType.FMO, SampleType.PRE_INFUSION),
    "QC-PANEL": on_first(markers=("", "CD3", "CD8", "CAR", "")),
    "QC-FORMAT": on_first(datatype="I"),
    "QC-VOLTAGE": on_first(voltages=("300", "420", "540", "480", "")),
    "QC-RANGE": on_first(ranges=(262_144.0, 262_144.0, 1_024.0, 262_144.0, 9.0), datatype="I"),
    "QC-GAIN": on_first(gains=("", "2.0", "1.0", "1.0", "0.01")),
    "QC-AMPLIFICATION": on_first(amplifications=("0,0", "4,1", "0,0", "0,0", "0,0"), datatype="I"),
    "QC-VIABILITY": counted(live=9_000),
    "QC-EMPTY-GATE": counted(cd4=0),
    "QC-T-SUM": counted(cd4=500),
    "QC-CAR-EVENTS": counted(car=30),
    "QC-RATE": on_first(duration_s=0.1),
    "QC-COUNT-METHODS": on_first(per_ul={"cd3_per_ul_beads": 900.0, "cd3_per_ul_wbc": 90.0}),
    "QC-INSTRUMENT": on_first(instrument_sha256="another cytometer"),
    "QC-GATE-PANEL": lambda batch: replace(
        batch, tubes=tuple(replace(one, gates_panel="marrow") for one in batch.tubes)
    ),
    "QC-SOFTWARE": on_first(origin=Origin(software_sha256="the release before")),
    "QC-OPERATOR": on_first(origin=Origin(operator_sha256="another person")),
    "QC-LABEL": on_first(origin=Origin(labels={"TUBE NAME": hash_of_name("P02-D4")})),
    "QC-BRIGHTNESS": on_first(brightness={"CD3 of CD3+": 2_500.0}),
    "QC-BATCH-DRIFT": lambda batch: replace(
        batch,
        tubes=tuple(
            replace(one, brightness={"CD3 of CD3+": 2_500.0}) if one.batch == "later" else one
            for one in batch.tubes
        ),
    ),
    "QC-PERCENTAGE": counted(singlets=9_000),
    "QC-RESIDUAL": on_first(residuals=(slope(0.05),)),
    "QC-FAR-NEGATIVE": on_first(far_negative_pct={"APC-A": 3.0}),
    "QC-REPLICATES": twin(data_sha256="b", counts={Role.CAR: 900, Role.CD3: 9_000}),
    "QC-CARRY-OVER": lambda batch: replace(
        batch,
        tubes=(
            *batch.tubes[:1],
            replace(
                batch.tubes[1],
                early=EarlyCells(early_cd3=200, early_car=60, late_cd3=8_800, late_car=40),
            ),
            *batch.tubes[2:],
        ),
    ),
    "QC-CONTROL-SIZE": lambda batch: each(SampleType.FMO, counts={Role.CD3: 900, Role.CAR: 0})(
        without(SampleType.PRE_INFUSION)(batch)
    ),
    "QC-CONTROL-BACKGROUND": each(SampleType.FMO, counts={Role.CD3: 20_000, Role.CAR: 900}),
    "QC-CONTROL-PANEL": each(SampleType.FMO, panel_id="another"),
    "QC-CAR-NEGATIVE": on_first(car_negative_median=500.0),
    "QC-PRE-INFUSION": each(SampleType.PRE_INFUSION, counts={Role.CD3: 20_000, Role.CAR: 900}),
    "QC-VISIT-MISSING": drop_middle,
    "QC-SWAP": like_another,
    "QC-CHART": each(SampleType.BEAD_QC, control_values={"bead MFI": 120.0}),
    "QC-WAIVER": lambda batch: replace(counted(beads=300)(batch), waivers=(ENDED,)),
    "QC-CONTROL-CUT": lambda batch: replace(batch, lock=lock_with(CUT, fallback="template")),
    "QC-GATE-FALLBACK": lambda batch: replace(batch, lock=lock_with(GATE, fallback="template")),
    "QC-GATE-CHANGED": lambda batch: replace(batch, locked=first_locked(sha256="other")),
    "QC-GATE-MOVED": lambda batch: replace(
        batch,
        lock=LOCK.with_gates(
            (replace(GATE, coordinates=Coordinates(low=4_000.0)), *LOCK.gates[1:])
        ),
    ),
    "QC-GATE-LATE": lambda batch: replace(
        batch, locked=first_locked(sample_id="P09-D1", batch="of another cytometer")
    ),
    "QC-GATE-OVERRIDE": lambda batch: replace(batch, lock=replace(LOCK, overrides=(BY_HAND,))),
    "QC-CAR-CUT": lambda batch: replace(batch, moved_peak=4.0),
    "QC-CBC-TIME": on_first(cbc_hours_apart=30.0),
    "QC-TUBE-AGE": on_first(hours_to_acquisition=40.0),
}


@pytest.fixture
def sound(make_tube: Callable[..., TubeSummary]) -> Batch:
    """Four courses of three days, two controls of the gate, and a process control."""
    common: dict[str, object] = {
        "stability": STEADY,
        "gains": ("", "1.0", "1.0", "1.0", "0.01"),
        "amplifications": ("0,0", "0,0", "0,0", "0,0", "0,0"),
        "datatype": "F",
        "early": EarlyCells(early_cd3=180, early_car=80, late_cd3=8_820, late_car=3_920),
        "far_negative_pct": {"APC-A": 0.1},
        "cbc_hours_apart": 1.0,
        "hours_to_acquisition": 5.0,
    }
    tubes = [
        make_tube(
            f"P0{subject}-D{day}",
            subject_id=f"P0{subject}",
            day=float(day),
            row=10 * subject + place,
            acquired_at=BEGIN + timedelta(days=day, minutes=20 * subject),
            ranges=(262_144.0,) * 4 + (60.0,),
            batch="later" if (subject, day) > (2, 4) else "first",
            **common,
        )
        for subject in (1, 2, 3, 4)
        for place, day in enumerate((1, 4, 7))
    ]
    controls = {
        SampleType.FMO: BEGIN + timedelta(days=7, hours=2),
        SampleType.PRE_INFUSION: BEGIN - timedelta(days=1),
        SampleType.BEAD_QC: BEGIN + timedelta(days=7, hours=3),
    }
    tubes += [
        make_tube(
            f"{kind}",
            subject_id="P01",
            day=-1.0 if kind is SampleType.PRE_INFUSION else 7.0,
            row=50 + row,
            sample_type=kind,
            acquired_at=at,
            ranges=(262_144.0,) * 4 + (60.0,),
            batch="first",
            **{
                **common,
                "early": EarlyCells(early_cd3=180, early_car=0, late_cd3=8_820, late_car=2),
            },
        )
        for row, (kind, at) in enumerate(controls.items())
    ]
    few = {Role.CD3: 20_000, Role.CAR: 4, Role.CD4: 11_000, Role.CD8: 8_000}
    tubes = [
        one if one.sample_type is SampleType.PATIENT else replace(one, counts={**one.counts, **few})
        for one in tubes
    ]
    tubes[-1] = replace(tubes[-1], control_lot="L1", control_values={"bead MFI": 101.0}, early=None)
    return Batch(tubes=tuple(tubes))


# what a sound batch has no finding of: they are told only where there is something to tell
_ONLY_WHEN_ODD = {
    "QC-TUBE-FAILED", "QC-WAIVER", "QC-REPLICATES", "QC-TIME-GATE", "QC-AMPLIFICATION",
    "QC-GATE-CHANGED", "QC-GATE-LATE", "QC-GATE-OVERRIDE",
}  # fmt: skip


def test_a_sound_batch_passes_every_check(sound: Batch) -> None:
    found = sound.findings()

    assert [str(one) for one in found if one.severity is not Severity.PASS] == []
    assert {one.code for one in found} == {one.id for one in CHECKS} - _ONLY_WHEN_ODD


def test_every_check_has_its_fixture() -> None:
    assert set(TRIPS) == {one.id for one in CHECKS}


# a lone tube is not at fault, nor is another person, or a gate set by hand with a reason
_NEVER_GRAVE = {"QC-GROUP", "QC-GATE-OVERRIDE", "QC-OPERATOR"}


@pytest.mark.parametrize("check", sorted(TRIPS))
def test_a_fixture_trips_its_check(sound: Batch, check: str) -> None:
    tripped = {one.severity for one in TRIPS[check](sound).findings() if one.code == check}

    assert tripped & (GRAVE if check not in _NEVER_GRAVE else {Severity.INFO})


def test_equal_replicates_pass(sound: Batch) -> None:
    found = twin(data_sha256="b", acquired_at=BEGIN + timedelta(days=1, hours=1))(sound).findings()

    assert {one.severity for one in found if one.code == "QC-REPLICATES"} == {Severity.PASS}
