"""Results built by hand: the model case, and subjects with everything that can be odd."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from carflow.findings import Finding, Severity
from carflow.kinetics.curve import Curve, Point
from carflow.kinetics.subject import analyse_curve
from carflow.measure import IntervalKind, Measure, State
from carflow.quantify.quantity import Quantity
from carflow.reasons import Reason
from carflow.result.run import GatesUsed, ManifestRow, Provenance, Result
from carflow.result.sample import (
    Axis,
    Failure,
    GatePicture,
    PopulationCount,
    SampleResult,
    Tick,
)
from carflow.result.subject import SubjectResult
from carflow.study.model import ReferenceTmax, SampleType, Treatment
from carflow.units import Unit

ODD_NAME = "<b>$P1&</b>"
CD3_EVENTS = 10_000
BINS = 64
PUBLISHED = ReferenceTmax(
    median_day=9.0, low_day=5.0, high_day=21.0, assay="qPCR", source="invented, for this test"
)

# day: CAR+ of CD3+ [%] (days 1 to 14 of a published case report, the others invented), cells/µL,
# copies/µg
MODEL_COURSE = {
    -1.0: (0.05, 0.2, 200.0),
    1.0: (4.26, 2.1, 900.0),
    4.0: (12.33, 14.0, 6_500.0),
    7.0: (45.31, 310.0, 61_000.0),
    12.0: (69.94, 980.0, 120_000.0),
    14.0: (24.33, 420.0, 70_000.0),
    21.0: (9.10, 80.0, 21_000.0),
    28.0: (3.20, 22.0, 8_000.0),
}


def position(value: float) -> float:
    """A logicle-like place of a linear value on an axis from 0 to 1."""
    return 0.25 + 0.75 * math.asinh(value / 300.0) / math.asinh(262_144 / 300.0)


def axis(name: str) -> Axis:
    ticks = [Tick(position=position(0.0), label="0")]
    for sign, exponent in ((-1, 3), (1, 3), (1, 4), (1, 5)):
        shown = f"{'-' if sign < 0 else ''}10^{exponent}"
        ticks.append(Tick(position=position(sign * 10.0**exponent), label=shown))
        ticks += [Tick(position=position(sign * digit * 10.0**exponent)) for digit in range(2, 10)]
    inside = tuple(tick for tick in ticks if 0.0 <= tick.position <= 1.0)
    return Axis(name=name, low=0.0, high=1.0, ticks=inside)


def picture(car: int, cd3: int, seed: int) -> GatePicture:
    rng = np.random.default_rng(seed)
    clouds = [
        rng.normal((0.30, 0.28), (0.05, 0.05), (cd3 // 2, 2)),
        rng.normal((0.78, 0.30), (0.035, 0.05), (cd3 - car, 2)),
        rng.normal((0.78, 0.72), (0.035, 0.06), (car, 2)),
    ]
    x, y = np.concatenate(clouds).T
    counts, _, _ = np.histogram2d(y, x, bins=BINS, range=((0, 1), (0, 1)))
    return GatePicture(
        population="lymphocytes",
        x=axis("CD3"),
        y=axis("CAR"),
        bins=BINS,
        counts=tuple(int(cell) for cell in counts.ravel()),
        gate="CAR+",
        gate_parent="CD3+",
        gate_count=car,
        gate_parent_count=cd3,
        outline=((0.62, 0.52), (1.0, 0.52), (1.0, 1.0), (0.62, 1.0)),
    )


def quantity(
    name: str,
    value: float,
    *,
    unit: Unit = Unit.PERCENT,
    state: State = State.QUANT,
    reason: Reason = Reason.NONE,
    spread: float = 0.12,
) -> Quantity:
    percent = unit is Unit.PERCENT
    counts = (round(value * CD3_EVENTS / 100), CD3_EVENTS) if percent else (None, None)
    exact = 100 * counts[0] / CD3_EVENTS if counts[0] is not None else value
    half = 196 * math.sqrt(exact / 100 * (1 - exact / 100) / CD3_EVENTS) if percent else 0.0
    interval = unit is not Unit.COPIES_PER_UG
    return Quantity(
        name=name,
        method="Wilson" if percent else "beads" if interval else "qPCR",
        measure=Measure(
            unit=unit,
            value=exact,
            low=max(0.0, exact - half if percent else exact * (1 - spread)) if interval else None,
            high=(exact + half if percent else exact * (1 + spread)) if interval else None,
            state=state,
            reason=reason,
            ci_kind=(IntervalKind.COUNTING if percent else IntervalKind.TOTAL)
            if interval
            else IntervalKind.NONE,
        ),
        n_numerator=counts[0],
        n_denominator=counts[1],
        lod=0.2 if percent else None,
        lloq=0.5 if percent else None,
    )


def missing(name: str, unit: Unit, reason: Reason) -> Quantity:
    return Quantity(name=name, method="", measure=Measure.missing(unit, reason))


def tube(
    subject_id: str,
    day: float,
    *,
    sample_type: SampleType = SampleType.PATIENT,
    quantities: Sequence[Quantity] = (),
    pictured: bool = True,
    failure: Failure | None = None,
) -> SampleResult:
    sample_id = f"{subject_id}-d{day:g}-{sample_type}"
    percent = next((one for one in quantities if one.name == "car_pct_cd3"), None)
    car = percent.n_numerator if percent and percent.n_numerator is not None else 0
    gated = failure is None
    return SampleResult(
        sample_id=sample_id,
        subject_id=subject_id,
        day=day,
        sample_type=sample_type,
        gates_name="car_t_blood",
        n_events=25_000 if gated else None,
        populations=(
            PopulationCount(population="lymphocytes", parent="", count=15_000),
            PopulationCount(population="CD3+", parent="lymphocytes", count=CD3_EVENTS),
            PopulationCount(population="CAR+", parent="CD3+", count=car),
        )
        if gated
        else (),
        quantities=tuple(quantities),
        pictures=(picture(car, CD3_EVENTS, seed=int(day) + 40),) if pictured and gated else (),
        failure=failure,
    )


def curve(subject_id: str, name: str, unit: Unit, tubes: Sequence[SampleResult]) -> Curve:
    points = tuple(
        Point(day=one.day, measure=found.measure, sample_id=one.sample_id)
        for one in tubes
        if one.sample_type.on_curve and (found := one.quantity(name)) is not None
    )
    return Curve(subject_id=subject_id, quantity=name, unit=unit, points=points)


def steroids(subject_id: str) -> tuple[Treatment, ...]:
    runs = ((9, 11, "80"), (12, 12, "60"), (13, 13, "40"))
    return (
        Treatment(
            subject_id=subject_id, drug="fludarabine", start_day=-6, stop_day=-4, dose="20",
            dose_unit="mg",
        ),
        *(
            Treatment(
                subject_id=subject_id, drug="methylprednisolone", start_day=start,
                stop_day=stop, dose=dose, dose_unit="mg",
            )
            for start, stop, dose in runs
        ),
    )  # fmt: skip


def model_tubes(subject_id: str) -> tuple[SampleResult, ...]:
    tubes = []
    for day, (percent, cells, copies) in MODEL_COURSE.items():
        before = day < 0
        share = (
            quantity("car_pct_cd3", percent, state=State.ND, reason=Reason.BELOW_LOD)
            if before
            else quantity("car_pct_cd3", percent)
        )
        tubes.append(
            tube(
                subject_id,
                day,
                sample_type=SampleType.PRE_INFUSION if before else SampleType.PATIENT,
                quantities=(
                    share,
                    quantity("car_per_ul_beads", cells, unit=Unit.CELLS_PER_UL),
                    missing("car_per_ul_vol", Unit.CELLS_PER_UL, Reason.NO_VOLUME),
                    quantity("copies_per_ug", copies, unit=Unit.COPIES_PER_UG),
                ),
            )
        )
    control = tube(
        subject_id, 12.0, sample_type=SampleType.FMO, quantities=(quantity("car_pct_cd3", 0.04),)
    )
    return (*tubes, control)


def model_subject(subject_id: str, tubes: Sequence[SampleResult]) -> SubjectResult:
    named = (
        ("car_pct_cd3", Unit.PERCENT),
        ("car_per_ul_beads", Unit.CELLS_PER_UL),
        ("copies_per_ug", Unit.COPIES_PER_UG),
    )
    curves = [curve(subject_id, name, unit, tubes) for name, unit in named]
    return subject_of(subject_id, curves, steroids(subject_id), [PUBLISHED])


def subject_of(
    subject_id: str,
    curves: Sequence[Curve],
    treatments: Sequence[Treatment] = (),
    references: Sequence[ReferenceTmax] = (),
) -> SubjectResult:
    return SubjectResult(
        subject_id=subject_id,
        curves=tuple(curves),
        kinetics=tuple(analyse_curve(one, treatments, references) for one in curves),
        treatments=tuple(treatments),
    )


def provenance() -> Provenance:
    return Provenance(
        versions={"carflow": "0.1.0", "numpy": "2.2.0"},
        sheet_sha256="a" * 64,
        gates=(
            GatesUsed(
                name="car_t_blood", panel_id="blood", sha256="b" * 64, gatingml="<gating/>\n"
            ),
        ),
        options={"auc_rule": "linear-up log-down"},
        thresholds={"lloq_events": 50, "cv_assay": 0.1},
    )


def result_of(
    subjects: Sequence[SubjectResult],
    tubes: Sequence[SampleResult],
    findings: Sequence[Finding] = (),
    references: Sequence[ReferenceTmax] = (),
) -> Result:
    return Result(
        tube_results=tuple(tubes),
        subject_results=tuple(subjects),
        all_findings=tuple(findings),
        provenance=provenance(),
        references=tuple(references),
        manifest=tuple(
            ManifestRow(sample_id=one.sample_id, file="secret name.fcs", sha256="c" * 64)
            for one in tubes
        ),
    )


@pytest.fixture(scope="session")
def model_result() -> Result:
    """The model case: eight days, one control, steroids, one published time to peak."""
    tubes = model_tubes("P01")
    findings = (
        Finding(
            code="CD3-FEW", severity=Severity.WARN, message="1,204 CD3+ events",
            sample_id="P01-d4-patient", value=1204.0, limit="≥ 5,000",
        ),
        Finding(code="PANEL", severity=Severity.PASS, message="all panels agree"),
    )  # fmt: skip
    return result_of([model_subject("P01", tubes)], tubes, findings, [PUBLISHED])


@pytest.fixture(scope="session")
def odd_result() -> Result:
    """A subject named like markup with BLQ, a failed tube, no cells; one with a single day."""
    odd = (
            tube(
                ODD_NAME, 1.0,
                quantities=(
                    quantity("car_pct_cd3", 0.30, state=State.DET_BLQ, reason=Reason.BELOW_LLOQ),
                    missing("car_per_ul_beads", Unit.CELLS_PER_UL, Reason.NO_BEADS),
                ),
            ),
            tube(ODD_NAME, 7.0, quantities=(
                quantity("car_pct_cd3", 96.5),
                missing("car_per_ul_beads", Unit.CELLS_PER_UL, Reason.NO_BEADS),
            )),
            tube(ODD_NAME, 10.0, quantities=(
                missing("car_pct_cd3", Unit.PERCENT, Reason.TUBE_FAILED),
            ), failure=Failure(
                code="FCS-TRUNCATED",
                sentence="the DATA segment ends 1,200 bytes early (export the file again)",
            )),
            tube(ODD_NAME, 14.0, quantities=(quantity("car_pct_cd3", 40.0),)),
        )  # fmt: skip
    odd_curve = curve(ODD_NAME, "car_pct_cd3", Unit.PERCENT, odd)
    alone = (
        replace(
            tube("P03", 7.0, quantities=(quantity("car_pct_cd3", 1.2),), pictured=False),
            sample_id="=cmd|' /C calc'!A0",
        ),
    )
    alone_curve = curve("P03", "car_pct_cd3", Unit.PERCENT, alone)
    odd_subject = subject_of(ODD_NAME, [odd_curve])
    spoken = replace(odd_subject.kinetics[0], sentences=("<i>The highest</i> value: day 7.",))
    subjects = (
        replace(odd_subject, kinetics=(spoken,)),
        subject_of("P03", [alone_curve]),
    )
    findings = (
        Finding(
            code="TUBE-FAILED", severity=Severity.FAIL, message="@SUM(1) <script>alert(1)</script>"
        ),
    )
    return result_of(subjects, (*odd, *alone), findings)
