from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.gating.label_light import Sensitivity
from carflow.gating.strategy import AssayLimits, Role
from carflow.measure import State
from carflow.quantify.background import Background, background_of, net_percentage, net_share
from carflow.quantify.counts import TubeCounts
from carflow.quantify.tube import quantify_tube
from carflow.reasons import Reason
from carflow.study.model import SampleType, Tube

if TYPE_CHECKING:
    from carflow.quantify.quantity import Quantity

FMO = Background(counts={Role.CD3: 50_000, Role.CAR: 12}, kind=SampleType.FMO)
TUBE = Tube(
    sample_id="S1", subject_id="P1", day=7.0, sample_type=SampleType.PATIENT,
    path=Path("day07.fcs"), row=2, beads_per_tube=51_667.0, blood_ul=50.0,
)  # fmt: skip
UNKNOWN = SimpleNamespace(ul=None, reason=Reason.NO_VOLUME)


def counted(car: int, cd3: int = 60_000) -> TubeCounts:
    return TubeCounts(counts={Role.CD3: cd3, Role.CAR: car, Role.BEADS: 8000})


def by_name(counts: TubeCounts, background: Background | None) -> dict[str, Quantity]:
    found = quantify_tube(counts, TUBE, UNKNOWN, AssayLimits(), background=background)
    return {quantity.name: quantity for quantity in found}


def test_the_worked_background_is_subtracted_with_its_error() -> None:
    net = net_share(120, 60_000, 12, 50_000)

    assert net.share == pytest.approx(0.00176042, abs=5e-9)
    assert net.standard_error == pytest.approx(0.000195, abs=5e-7)
    # with so many events the interval is close to share ± 1.96 standard errors
    assert net.interval.low == pytest.approx(net.share - 1.96 * net.standard_error, rel=0.02)
    assert net.interval.high == pytest.approx(net.share + 1.96 * net.standard_error, rel=0.02)


def test_more_background_than_signal_stays_negative_and_is_not_detected() -> None:
    measure = net_percentage(counted(6), FMO, AssayLimits()).measure

    assert measure.value == pytest.approx(100 * (1e-4 - 2.4e-4) / (1 - 2.4e-4))
    assert measure.state is State.ND
    assert measure.low is not None
    assert measure.low < 0


def test_enough_events_that_background_explains_are_not_detected() -> None:
    dirty = Background(counts={Role.CD3: 1000, Role.CAR: 10}, kind=SampleType.UNTRANSDUCED)

    measure = net_percentage(counted(660), dirty, AssayLimits()).measure

    assert (measure.state, measure.reason) == (State.ND, Reason.NOT_ABOVE_CONTROL)


def test_two_empty_tubes_claim_no_certainty() -> None:
    net = net_share(0, 500, 0, 400)

    assert (net.share, net.standard_error) == (0.0, 0.0)
    assert net.interval.high == pytest.approx(0.00735, abs=5e-5)
    assert net.interval.low < -0.009


@given(st.integers(0, 500), st.integers(500, 10_000), st.integers(0, 400), st.integers(500, 10_000))
def test_the_interval_holds_the_share(events: int, of: int, blank: int, blank_of: int) -> None:
    net = net_share(events, of, blank, blank_of)

    assert net.interval.low <= net.share <= net.interval.high <= 1


@pytest.mark.parametrize(
    ("counts", "background", "reason"),
    [
        (counted(120), None, Reason.NO_CONTROL),
        (counted(120), replace(FMO, counts={Role.CD3: 50_000}), Reason.NO_CONTROL),
        (counted(120), replace(FMO, counts={Role.CD3: 0, Role.CAR: 0}), Reason.EMPTY_CONTROL),
        (counted(120), replace(FMO, counts={Role.CD3: 5, Role.CAR: 5}), Reason.NOT_NESTED),
        (counted(0, cd3=0), FMO, Reason.ZERO_PARENT),
        (counted(10, cd3=5), FMO, Reason.NOT_NESTED),
        (TubeCounts(counts={Role.CAR: 5}), FMO, Reason.NO_POPULATION),
    ],
)
def test_what_cannot_be_subtracted_says_why(
    counts: TubeCounts, background: Background | None, reason: Reason
) -> None:
    measure = net_percentage(counts, background, AssayLimits()).measure

    assert (measure.value, measure.reason) == (None, reason)


def test_controls_of_one_kind_are_pooled_by_their_counts() -> None:
    one = TubeCounts(counts={Role.CD3: 30_000, Role.CAR: 9, Role.CD4: 5}, cd3_car_median=100.0)
    other = TubeCounts(counts={Role.CD3: 20_000, Role.CAR: 3})

    assert Background.of([one, other], SampleType.FMO) == FMO
    assert Background.of([one], SampleType.FMO).car_median == 100.0
    assert Background.of([], SampleType.FMO).mean_events(1000) is None


def test_a_background_raises_the_limits_of_car_events_and_of_nothing_else() -> None:
    dirty = Background(counts={Role.CD3: 1000, Role.CAR: 1}, kind=SampleType.HEALTHY)

    plain, raised = by_name(counted(60, 20_000), None), by_name(counted(60, 20_000), dirty)

    # 20 background events are expected: LOB 28, LOD 39 events
    assert plain["car_pct_cd3"].lod == pytest.approx(0.1)
    assert raised["car_pct_cd3"].lod == pytest.approx(39 / 200)
    assert raised["car_pct_cd3"].lob == pytest.approx(28 / 200)
    assert plain["car_pct_cd3"].lob is None
    beads = raised["car_per_ul_beads"]
    assert beads.lod == pytest.approx(39 * 51_667 / (8000 * 50))
    assert beads.lob == pytest.approx(28 * 51_667 / (8000 * 50))
    assert raised["cd3_per_ul_beads"] == plain["cd3_per_ul_beads"]


def test_thirty_events_over_a_background_of_twenty_are_not_detected() -> None:
    dirty = Background(counts={Role.CD3: 1000, Role.CAR: 1}, kind=SampleType.HEALTHY)

    assert by_name(counted(30, 20_000), None)["car_pct_cd3"].measure.state is State.DET_BLQ
    assert by_name(counted(30, 20_000), dirty)["car_pct_cd3"].measure.state is State.ND


def control(kind: SampleType, events: int, **columns: str) -> tuple[Tube, TubeCounts]:
    row = replace(TUBE, sample_type=kind, **columns)  # type: ignore[arg-type]  # text columns only
    return row, TubeCounts(counts={Role.CD3: 10_000, Role.CAR: events})


def test_the_controls_of_a_tube_are_of_its_panel_and_of_one_kind() -> None:
    healthy = control(SampleType.HEALTHY, 3, subject_id="H1")
    others = [
        (TUBE, counted(500)),
        control(SampleType.PRE_INFUSION, 1, subject_id="P2"),
        control(SampleType.PRE_INFUSION, 2, exclude_reason="clotted"),
        control(SampleType.HEALTHY, 7, subject_id="H2", panel_id="b"),
        control(SampleType.FMO, 9),
    ]

    found = background_of(TUBE, [*others, healthy, healthy])
    own = background_of(TUBE, [*others, healthy, control(SampleType.PRE_INFUSION, 4)])

    assert found is not None
    assert (found.kind, found.counts[Role.CAR]) == (SampleType.HEALTHY, 6)
    assert own is not None
    assert (own.kind, own.counts[Role.CAR]) == (SampleType.PRE_INFUSION, 4)
    assert background_of(TUBE, others[:2]) is None
    assert background_of(healthy[0], others) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("share", "of", "blank", "blank_of"),
    [(0.002, 60_000, 2.4e-4, 50_000), (0.01, 2000, 0.001, 2000), (0.0, 5000, 0.002, 5000)],
)
def test_the_interval_covers_95_percent(share: float, of: int, blank: float, blank_of: int) -> None:
    random = np.random.default_rng(7)
    seen = share + (1 - share) * blank
    hits = 0
    for events, control in zip(
        random.binomial(of, seen, 2000), random.binomial(blank_of, blank, 2000), strict=True
    ):
        low, high = net_share(int(events), of, int(control), blank_of).interval
        hits += low <= share <= high

    assert hits >= 0.935 * 2000


def test_of_a_dim_reagent_the_cells_below_the_cut_are_made_up_for() -> None:
    # of 4,000 positive cells in 10,000 a tenth lies below the cut; 0.5 % of the others above it
    net = net_share(3_630, 10_000, 50, 10_000, sensitivity=Sensitivity(0.9, 0.01))

    assert net.share == pytest.approx(0.4, abs=1e-4)
    assert net.interval.low < 0.4 < net.interval.high


def test_an_unsure_sensitivity_widens_the_interval_of_many_cells_and_not_of_none() -> None:
    def reach(events: int, error: float) -> float:
        sensitivity = Sensitivity(0.9, error)
        low, high = net_share(events, 10_000, 50, 10_000, sensitivity=sensitivity).interval
        return high - low

    # a share of 40 % is as unsure as the sensitivity: 1 of 90 twice
    known = reach(3_630, 0.0)
    wider = 2 * 1.96 * 0.4 * 0.01 / 0.895
    assert reach(3_630, 0.01) == pytest.approx((known**2 + wider**2) ** 0.5, rel=1e-2)
    assert reach(50, 0.01) == reach(50, 0.0)


def test_an_fmo_of_the_day_comes_before_those_of_other_days() -> None:
    def row(day: float, kind: SampleType) -> Tube:
        return Tube(
            sample_id=f"{kind}{day}", subject_id="P", day=day, sample_type=kind,
            path=Path("x.fcs"), row=2,
        )  # fmt: skip

    fmos = [
        (row(1.0, SampleType.FMO), TubeCounts(counts={Role.CD3: 5_000, Role.CAR: 5})),
        (row(7.0, SampleType.FMO), TubeCounts(counts={Role.CD3: 3_000, Role.CAR: 30})),
        (row(9.0, SampleType.FMO), TubeCounts(counts={Role.CD3: 1_000, Role.CAR: 1})),
    ]

    of_day_7 = background_of(row(7.0, SampleType.PATIENT), fmos)
    # that of day 9 is too small to stand alone
    of_day_9 = background_of(row(9.0, SampleType.PATIENT), fmos)

    assert of_day_7 is not None
    assert of_day_9 is not None
    assert of_day_7.counts[Role.CD3] == 3_000
    assert of_day_9.counts[Role.CD3] == 9_000
