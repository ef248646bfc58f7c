"""Volumetric counting on a real twofold dilution series (NovoCyte, $VOL in nL).

All events fall by 1.88-fold a step, because most of what lies near the threshold does not dilute:
the tube of diluent measured five minutes earlier has 301 events/µL, five of six of them below
FSC-H 10,000. The particles above it halve. The dead time is no explanation: events 7 µs apart
are told apart, so that at the highest rate 3 % are lost at most.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from carflow.fcs.reader import read_fcs
from carflow.fcs.volume import acquired_volume
from carflow.gating.engine import gate
from carflow.gating.reading import read_gates
from carflow.gating.strategy import AssayLimits, Role, Strategy
from carflow.quantify.absolute import absolute_counts
from carflow.quantify.counts import TubeCounts
from carflow.quantify.dilution import DilutionLine, dilution_line, lost_share
from carflow.quantify.gated import tube_counts
from carflow.study.model import SampleType, Tube

FILES = "fcs/LennonLab+flow-cytometry/daniel_pipeline/files"
SERIES = [f"{FILES}/T3_CalCurve/T3_CalCurve_2e{step}.fcs" for step in range(7)]
DILUENT = f"{FILES}/mix_x2/mix_x2_PBS.fcs"
FACTORS = [2.0**step for step in range(7)]
ROW = Tube(
    sample_id="S1", subject_id="P1", day=0.0, sample_type=SampleType.HEALTHY,
    path=Path("a.fcs"), row=2,
)  # fmt: skip
Count = tuple[float, float, float]


@pytest.fixture(scope="module")
def gates() -> Strategy:
    return read_gates(str(Path(__file__).parents[1] / "gates" / "novocyte_dilution.toml"))


def cells_per_ul(path: Path, gates: Strategy | None = None) -> Count:
    """Return value and interval of the events, or of the gated particles, by $VOL."""
    tube = read_fcs(path)
    counts = (
        TubeCounts(counts={Role.CELLS: tube.n_events}, n_events=tube.n_events)
        if gates is None
        else tube_counts(gate(tube, gates))
    )
    found = absolute_counts(
        counts, ROW, volume=acquired_volume(tube.keywords), limits=AssayLimits(cv_assay=0.0)
    )
    measure = next(one.measure for one in found if one.name == "cells_per_ul_vol")
    assert measure.value is not None
    assert measure.low is not None
    assert measure.high is not None
    return measure.value, measure.low, measure.high


def line_of(counts: list[Count], **stated: float) -> DilutionLine:
    values, lows, highs = (list(column) for column in zip(*counts, strict=True))
    return dilution_line(FACTORS, values, lows=lows, highs=highs, **stated)  # type: ignore[arg-type]  # only the blank is passed on


def test_all_events_fall_by_less_than_half_a_step(corpus: Path) -> None:
    counts = [cells_per_ul(corpus / name) for name in SERIES]
    line = line_of(counts)

    assert [value for value, _, _ in counts] == pytest.approx(
        [19455, 10035, 5711, 3139, 1594, 830, 441], rel=2e-3
    )
    assert (line.slope.value, line.slope.low, line.slope.high) == pytest.approx(
        (-0.908, -0.9325, -0.8835), abs=5e-4
    )
    assert line.r_squared == pytest.approx(0.9994, abs=1e-4)
    assert line.residuals_pct == pytest.approx([-0.9, -4.1, 2.5, 5.7, 0.7, -1.6, -1.9], abs=0.05)
    assert not line.is_proportional
    # 20,000 events are counted to 0.7 %: pipetting, not counting, makes the residuals
    assert max(high / low - 1 for _, low, high in counts) < 0.03


def test_the_particles_halve_with_every_dilution(corpus: Path, gates: Strategy) -> None:
    line = line_of([cells_per_ul(corpus / name, gates) for name in SERIES])

    assert (line.slope.value, line.slope.low, line.slope.high) == pytest.approx(
        (-0.985, -1.022, -0.948), abs=5e-4
    )
    assert line.r_squared == pytest.approx(0.9989, abs=1e-4)
    assert line.residuals_pct == pytest.approx([-2.9, -4.4, 2.9, 8.5, 1.8, 0.7, -5.9], abs=0.05)
    assert line.is_proportional


def test_what_does_not_dilute_is_in_the_diluent_and_below_the_gate(
    corpus: Path, gates: Strategy
) -> None:
    every = cells_per_ul(corpus / DILUENT)[0]
    particles = cells_per_ul(corpus / DILUENT, gates)[0]
    counts = [cells_per_ul(corpus / name, gates) for name in SERIES]

    assert (every, particles) == pytest.approx((301.1, 49.9), abs=0.1)
    # a tube of diluent taken another time is no exact blank, but −1 stays inside
    assert line_of(counts, blank_per_ul=particles).is_proportional


def test_the_dead_time_is_too_short_to_bend_the_line(corpus: Path) -> None:
    tubes = [read_fcs(corpus / name) for name in SERIES]
    times = [tube.column("TIME") for tube in tubes]
    # above the few gaps of 0 that a clock of whole microseconds may show
    dead_time_s = max(float(np.quantile(np.diff(time), 1e-3)) for time in times)
    lost = [
        lost_share(tube.n_events, float(time.max()), dead_time_s=dead_time_s)
        for tube, time in zip(tubes, times, strict=True)
    ]
    values = [cells_per_ul(corpus / name)[0] for name in SERIES]

    corrected = dilution_line(FACTORS, values, lost_shares=lost)

    assert dead_time_s < 9e-6
    assert max(lost) < 0.04
    assert corrected.slope.value == pytest.approx(-0.915, abs=2e-3)
