import math
import pickle
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from carflow.cleaning.residual_spillover import ResidualSlope
from carflow.cleaning.watch import assess_stability
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs
from carflow.findings import Severity
from carflow.gating.compensation import CompensationState
from carflow.gating.engine import gate
from carflow.gating.gated import Gated
from carflow.gating.scales import Identity
from carflow.gating.shapes import Interval, Polygon, Rectangle, Shape
from carflow.gating.strategy import AssayLimits, Dimension, Population, Role, Strategy
from carflow.qc.checks import check_batch
from carflow.qc.summary import (
    MatrixSummary,
    PopulationEvents,
    TubeSummary,
    negative_medians,
    summarise,
)
from carflow.study.model import SampleType, Tube

MakeTube = Callable[..., TubeSummary]

CHANNELS = ("FSC-A", "FITC-A", "APC-A", "Time")
KEYWORDS = {
    "$SPILLOVER": "2,FITC-A,APC-A,1,0.1,0.02,1",
    "$P1V": "300",
    "$P2V": "420",
    "$P4G": "0.01",
    "$DATE": "05-MAR-2001",
    "$BTIM": "10:00:00",
    "$ETIM": "10:01:30",
    "$TIMESTEP": "0.01",
}
SCATTER = Dimension(name="FSC-A", scale=Identity(), compensated=False)
CD3 = Dimension(name="CD3", scale=Identity(), compensated=True)
CAR = Dimension(name="CAR", scale=Identity(), compensated=True)


def _read(path: Path, **changes: str | None) -> Acquisition:
    events = np.zeros((100, 4), dtype=np.float32)
    events[:60, 1] = 5_000.0
    events[:25, 2] = 8_000.0
    keywords = KEYWORDS | {f"${name}": value for name, value in changes.items()}
    write_fcs(
        path,
        events,
        channels=CHANNELS,
        markers=("", "CD3", "CAR", ""),
        keywords={name: value for name, value in keywords.items() if value is not None},
    )
    return read_fcs(path)


def _row(path: Path, **changes: object) -> Tube:
    fields = {
        "sample_id": "S1", "subject_id": "P1", "day": 7.0, "sample_type": SampleType.PATIENT,
        "path": path, "row": 3, "beads_added_ul": 50.0, "bead_conc_per_ul": 1_000.0,
    } | changes  # fmt: skip
    return Tube(**fields)  # type: ignore[arg-type]  # fields of Tube


def _strategy(*, with_cells: bool = True) -> Strategy:
    cells = Population(
        name="cells", path=("cells",), shape=Interval(low=-1.0, high=1e6), dimensions=(SCATTER,)
    )
    cd3 = Population(
        name="CD3+",
        path=("cells", "CD3+"),
        shape=Rectangle(lows=(1_000.0, -1.0), highs=(1e6, 1e6)),
        dimensions=(CD3, SCATTER),
    )
    car = Population(
        name="CAR+",
        path=("cells", "CD3+", "CAR+"),
        shape=Interval(low=3_000.0, high=1e6),
        dimensions=(CAR,),
    )
    return Strategy(
        name="small",
        panel_id="blood",
        populations=(cells, cd3, car) if with_cells else (cells,),
        roles={Role.CELLS: "cells", Role.CD3: "CD3+", Role.CAR: "CAR+"}
        if with_cells
        else {Role.CELLS: "cells"},
    )


@pytest.fixture
def acquisition(tmp_path: Path) -> Acquisition:
    return _read(tmp_path / "day07.fcs")


@pytest.fixture
def gated(acquisition: Acquisition) -> Gated:
    return gate(acquisition, _strategy())


def test_a_gated_tube_becomes_plain_numbers(acquisition: Acquisition, gated: Gated) -> None:
    summary = summarise(_row(acquisition.path), acquisition, gated=gated, saturated={"APC-A": 0.01})

    assert summary.matrix is not None
    assert summary == TubeSummary(
        sample_id="S1",
        subject_id="P1",
        day=7.0,
        sample_type=SampleType.PATIENT,
        row=3,
        panel_id="blood",
        gates_name="small",
        n_events=100,
        channels=CHANNELS,
        markers=("", "CD3", "CAR", ""),
        ranges=acquisition.ranges,
        voltages=("300", "420", "", ""),
        gains=("", "", "", "0.01"),
        amplifications=("0,0",) * 4,
        datatype="F",
        byteorder="1,2,3,4",
        data_sha256=acquisition.data_sha256,
        matrix=summary.matrix,
        acquired_at=datetime(2001, 3, 5, 10, 0, 0),  # noqa: DTZ001  # FCS states no time zone
        duration_s=90.0,
        time_channel="Time",
        beads_in_tube=50_000.0,
        n_nonfinite=0,
        gate_channels={"FSC-A": "FSC-A", "CD3": "FITC-A", "CAR": "APC-A"},
        target_channels=("FITC-A", "APC-A"),
        counts={Role.CELLS: 100, Role.CD3: 60, Role.CAR: 25},
        saturated={"APC-A": 0.01},
        compensation=CompensationState.APPLIED,
        reader_findings=acquisition.findings,
        assay=AssayLimits(),
        populations=(
            _events("cells", "", (100, 100), [Role.CELLS]),
            _events("CD3+", "cells", (60, 100), [Role.CELLS, Role.CD3]),
            _events("CAR+", "CD3+", (25, 60), [Role.CELLS, Role.CD3, Role.CAR]),
        ),
        car_cut=3_000.0,
        gates_panel="blood",
    )
    assert summary.compensated


def _events(
    name: str, parent: str, counts: tuple[int, int], lineage: list[Role]
) -> PopulationEvents:
    return PopulationEvents(
        name=name,
        parent=parent,
        count=counts[0],
        parent_count=counts[1],
        roles=(lineage[-1],),
        lineage=tuple(lineage),
    )


def test_a_population_is_found_by_its_role(make_tube: MakeTube) -> None:
    tube = make_tube()

    live = tube.population(Role.LIVE)
    assert live is not None
    assert (live.name, live.parent, live.pct_of_parent) == ("live", "cells", 95.0)
    assert tube.population(Role.CAR_CD4) is None


def test_a_parent_without_events_has_no_percentage() -> None:
    assert _events("CAR+", "CD3+", (0, 0), [Role.CAR]).pct_of_parent is None


def test_a_cytometer_becomes_a_hash_that_forgives_spelling(tmp_path: Path) -> None:
    names = [("One  cytometer", "V1"), ("one CYTOMETER", "v1"), ("one cytometer", "v2"), ("", "")]
    hashes = []
    for number, (model, serial) in enumerate(names):
        tube = _read(tmp_path / f"{number}.fcs", CYT=model or None, CYTSN=serial or None)
        hashes.append(summarise(_row(tube.path), tube).instrument_sha256)

    assert hashes[0] == hashes[1]
    assert len({*hashes}) == 3
    assert len(hashes[0]) == 64
    assert hashes[3] == ""


def test_residuals_and_the_course_through_time_pass_through(acquisition: Acquisition) -> None:
    slope = ResidualSlope(source="A", target="B", slope=0.1, standard_error=0.01, n_events=600)

    course = assess_stability(acquisition)
    summary = summarise(_row(acquisition.path), acquisition, residuals=[slope], stability=course)

    assert (summary.residuals, summary.stability) == ((slope,), course)


@pytest.mark.parametrize(
    ("shape", "cut"),
    [
        (Interval(low=3_000.0), 3_000.0),
        (Interval(high=3_000.0), None),
        (Polygon(vertices=((2_500.0, 0.0), (1e5, 0.0), (1e5, 1e5))), 2_500.0),
        (Rectangle(lows=(2_000.0, -1.0), highs=(1e6, 1e6)), 2_000.0),
    ],
)
def test_the_car_cut_is_the_low_end_of_the_car_gate(
    acquisition: Acquisition, shape: Shape, cut: float | None
) -> None:
    axes = (CAR, CD3) if isinstance(shape, (Polygon, Rectangle)) else (CAR,)
    car = Population(name="CAR+", path=("CAR+",), shape=shape, dimensions=axes)
    cd3 = Population(name="CD3+", path=("CD3+",), shape=Interval(low=1_000.0), dimensions=(CD3,))
    strategy = Strategy(
        name="cut", populations=(cd3, car), roles={Role.CD3: "CD3+", Role.CAR: "CAR+"}
    )

    summary = summarise(_row(acquisition.path), acquisition, gated=gate(acquisition, strategy))

    assert summary.car_cut == cut


def test_the_median_of_the_car_negative_cells_is_asked_for_and_kept(
    acquisition: Acquisition,
) -> None:
    whole = _strategy()
    negative = Population(
        name="CAR-",
        path=("cells", "CD3+", "CAR-"),
        shape=Interval(high=3_000.0),
        dimensions=(CAR,),
    )
    strategy = replace(
        whole,
        populations=(*whole.populations, negative),
        roles={**whole.roles, Role.CAR_NEGATIVE: "CAR-"},
    )

    asked = negative_medians(strategy)
    gated = gate(acquisition, strategy, medians=asked)

    assert asked == (("CAR-", "CAR"),)
    assert negative_medians(whole) == ()
    summary = summarise(_row(acquisition.path), acquisition, gated=gated)
    # 35 CD3+ events of CD3 5,000 and CAR 0 before compensation
    inverse = np.linalg.inv(np.array([[1.0, 0.1], [0.02, 1.0]]))
    assert summary.car_negative_median == pytest.approx((np.array([5_000.0, 0.0]) @ inverse)[1])
    unasked = summarise(_row(acquisition.path), acquisition, gated=gate(acquisition, strategy))
    assert unasked.car_negative_median is None


def test_the_matrix_is_told_in_plain_numbers(acquisition: Acquisition) -> None:
    summary = summarise(_row(acquisition.path), acquisition)

    assert acquisition.spillover is not None
    assert summary.matrix is not None
    assert summary.matrix.channels == ("FITC-A", "APC-A")
    assert summary.matrix.rows == ((1.0, 0.1), (0.02, 1.0))
    assert summary.matrix.sha256 == acquisition.spillover.sha256
    # closed form for 2 x 2, from the sum of squares and the determinant
    squares, determinant = 1.0 + 0.1**2 + 0.02**2 + 1.0, 1.0 - 0.1 * 0.02
    expected = (squares + math.sqrt(squares**2 - 4.0 * determinant**2)) / (2.0 * determinant)
    assert summary.condition_number == pytest.approx(expected)


def test_without_gates_nothing_is_said_about_populations(acquisition: Acquisition) -> None:
    summary = summarise(_row(acquisition.path), acquisition)

    assert (summary.gates_name, summary.panel_id) == ("", "")
    assert (summary.counts, summary.gate_channels, summary.saturated) == ({}, {}, {})
    assert (summary.n_nonfinite, summary.compensation) == (None, None)
    assert not summary.compensated
    assert summary.uses("PE-A")


def test_the_panel_of_the_sheet_counts_before_that_of_the_gates(
    acquisition: Acquisition, gated: Gated
) -> None:
    summary = summarise(_row(acquisition.path, panel_id="marrow"), acquisition, gated=gated)

    assert summary.panel_id == "marrow"


def test_a_missing_matrix_is_missed_only_where_a_gate_wants_it(tmp_path: Path) -> None:
    tube = _read(tmp_path / "tube.fcs", SPILLOVER=None)

    wanted = summarise(_row(tube.path), tube, gated=gate(tube, _strategy()))
    scatter = summarise(_row(tube.path), tube, gated=gate(tube, _strategy(with_cells=False)))

    assert wanted.compensation is CompensationState.NO_MATRIX
    assert not wanted.compensated
    assert scatter.compensation is CompensationState.NOT_ASKED
    assert (wanted.matrix, wanted.condition_number) == (None, None)


def test_a_summary_travels_between_processes_and_into_a_dictionary(
    acquisition: Acquisition, gated: Gated
) -> None:
    summary = summarise(_row(acquisition.path), acquisition, gated=gated)

    assert pickle.loads(pickle.dumps(summary)) == summary  # noqa: S301  # our own bytes
    assert not any(isinstance(value, np.ndarray) for value in asdict(summary).values())


def test_only_a_whole_identity_compensates_nothing() -> None:
    def matrix(low: float) -> MatrixSummary:
        return MatrixSummary(
            channels=("A", "B"), rows=((1.0, 0.0), (low, 1.0)), sha256="", condition_number=1.0
        )

    assert matrix(0.0).is_identity
    assert not matrix(1e-9).is_identity


def test_a_channel_is_labelled_with_its_marker(make_tube: MakeTube) -> None:
    tube = make_tube()

    assert tube.channel_label("APC-A") == "APC-A (CAR)"
    assert tube.channel_label("FSC-A") == "FSC-A"
    assert tube.channel_label("BV421-A") == "BV421-A"
    assert make_tube(markers=("FSC-A", "", "", "", "")).channel_label("FSC-A") == "FSC-A"


def test_real_files_can_be_summarised_and_checked(corpus: Path) -> None:
    path = next(corpus.glob("fcs/HuRunhuan*/**/1.fcs"))
    acquisition = read_fcs(path)
    rows = [_row(path, sample_id="S1"), _row(path, sample_id="S2", row=4, day=9.0)]

    found = check_batch([summarise(row, acquisition) for row in rows])

    fails = [(one.code, one.sample_id) for one in found if one.severity is Severity.FAIL]
    assert fails == [("QC-DUPLICATE", "S1"), ("QC-DUPLICATE", "S2")]
    # the same file twice differs in nothing, whatever it holds
    compared = {"QC-PANEL", "QC-FORMAT", "QC-VOLTAGE", "QC-RANGE", "QC-MATRIX-DIFFERS"}
    judged = {one.code: one.severity for one in found if one.code in compared}
    assert judged == dict.fromkeys(compared, Severity.PASS)
