"""A sound tube as a summary; each test changes the one thing it is about."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from carflow.cleaning.residual_spillover import ResidualSlope
from carflow.gating.compensation import CompensationState
from carflow.gating.strategy import AssayLimits, Role
from carflow.qc.origin import Origin, hash_of_name
from carflow.qc.summary import MatrixSummary, PopulationEvents, TubeSummary
from carflow.study.model import SampleType

MakeTube = Callable[..., TubeSummary]
MakeMatrix = Callable[..., MatrixSummary]

CHANNELS = ("FSC-A", "FITC-A", "APC-A", "PE-A", "Time")


def _matrix(
    spill: float = 0.05, *, sha256: str = "", condition_number: float = 1.2
) -> MatrixSummary:
    return MatrixSummary(
        channels=("FITC-A", "APC-A", "PE-A"),
        rows=((1.0, spill, 0.01), (0.0, 1.0, 0.0), (0.02, 0.0, 1.0)),
        sha256=sha256 or f"matrix {spill}",
        condition_number=condition_number,
    )


COUNTS = {
    Role.SINGLETS: 24_000,
    Role.CELLS: 20_000,
    Role.LIVE: 19_000,
    Role.LYMPHOCYTES: 12_000,
    Role.CD3: 9_000,
    Role.CAR: 4_000,
    Role.CAR_NEGATIVE: 5_000,
    Role.CD4: 5_000,
    Role.CD8: 3_800,
    Role.BEADS: 2_000,
}
PARENTS = {
    Role.CELLS: Role.SINGLETS,
    Role.LIVE: Role.CELLS,
    Role.LYMPHOCYTES: Role.LIVE,
    Role.CD3: Role.LYMPHOCYTES,
    Role.CAR: Role.CD3,
    Role.CAR_NEGATIVE: Role.CD3,
    Role.CD4: Role.CD3,
    Role.CD8: Role.CD3,
}


def _populations(changes: dict[Role, int] | None = None) -> dict[str, object]:
    """Return counts and populations of a tree in which each role is one population."""
    counts = COUNTS | (changes or {})
    populations = []
    for role, count in counts.items():
        parent, lineage = PARENTS.get(role), [role]
        while lineage[-1] in PARENTS:
            lineage.append(PARENTS[lineage[-1]])
        populations.append(
            PopulationEvents(
                name=role.value,
                parent=parent.value if parent else "",
                count=count,
                parent_count=counts[parent] if parent else counts[Role.SINGLETS] * 25 // 24,
                roles=(role,),
                lineage=tuple(reversed(lineage)),
            )
        )
    return {"counts": counts, "populations": tuple(populations)}


def _tube(
    sample_id: str = "P01-D07", *, day: float = 7.0, row: int = 2, **changes: object
) -> TubeSummary:
    sound = TubeSummary(
        sample_id=sample_id,
        subject_id="P01",
        day=day,
        sample_type=SampleType.PATIENT,
        row=row,
        panel_id="blood",
        gates_name="car_t_blood",
        gates_panel="blood",
        n_events=25_000,
        channels=CHANNELS,
        markers=("", "CD3", "CAR", "CD8", ""),
        ranges=(262_144.0, 262_144.0, 262_144.0, 262_144.0, 100.0 + row),
        voltages=("300", "420", "510", "480", ""),
        gains=("", "", "", "", "0.01"),
        datatype="F",
        byteorder="1,2,3,4",
        data_sha256=f"events of {sample_id}",
        matrix=_matrix(),
        acquired_at=None,
        duration_s=60.0,
        time_channel="Time",
        beads_in_tube=50_000.0,
        n_nonfinite=0,
        gate_channels={"FSC-A": "FSC-A", "CD3": "FITC-A", "CAR": "APC-A"},
        target_channels=("FITC-A", "APC-A"),
        **_populations(),  # type: ignore[arg-type]  # fields of TubeSummary
        saturated={"FSC-A": 0.001, "FITC-A": 0.0, "APC-A": 0.002},
        compensation=CompensationState.APPLIED,
        instrument_sha256="one cytometer",
        origin=Origin(
            software_sha256="one release",
            operator_sha256="one person",
            labels={"TUBE NAME": hash_of_name(sample_id)},
        ),
        batch="one batch",
        brightness={"CD3 of CD3+": 5_000.0, "CD4 of CD4+": 9_000.0},
        assay=AssayLimits(),
        per_ul={"cd3_per_ul_beads": 900.0, "cd3_per_ul_wbc": 1_000.0},
        car_negative_median=120.0,
        car_cut=1_000.0,
        residuals=(
            ResidualSlope(
                source="APC-A", target="PE-A", slope=0.001, standard_error=0.001, n_events=2_000
            ),
        ),
    )
    return replace(sound, **changes)  # type: ignore[arg-type]  # the tests name fields of TubeSummary


@pytest.fixture
def make_tube() -> MakeTube:
    """Return a sound tube with some fields changed."""
    return _tube


@pytest.fixture
def with_counts() -> Callable[..., dict[str, object]]:
    """Return the counts and populations of the sound tube with some counts changed."""
    return _populations


@pytest.fixture
def make_matrix() -> MakeMatrix:
    """Return a three-colour matrix with one coefficient of choice (FITC-A into APC-A)."""
    return _matrix


@pytest.fixture
def make_course() -> Callable[..., list[TubeSummary]]:
    """Return the tubes of one subject on days 1, 4, 7, acquired on those days at ten."""

    def course(days: tuple[float, ...] = (1.0, 4.0, 7.0)) -> list[TubeSummary]:
        return [
            _tube(
                f"P01-D{day:g}",
                day=day,
                row=row,
                acquired_at=datetime(2001, 3, 2 + int(day), 10, 0, 0),  # noqa: DTZ001  # FCS has no time zone
            )
            for row, day in enumerate(days, start=2)
        ]

    return course
