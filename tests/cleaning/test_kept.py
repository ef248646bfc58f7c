from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from carflow.cleaning.flow_rate import FlowRate
from carflow.cleaning.kept import KeptEvents, kept_time_fraction, without_disturbed
from carflow.cleaning.stability import RemovedInterval, Stability
from carflow.cleaning.time_order import TimeOrder, TimeState
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.reader import read_fcs

STEADY = FlowRate(
    median_per_s=100.0, lowest_per_s=90.0, highest_per_s=110.0, unusual_pct=0.0, unusual_s=(),
    trace_s=(), trace_per_s=(),
)  # fmt: skip


def interval(first_s: float, last_s: float) -> RemovedInterval:
    return RemovedInterval(
        first_event=int(100 * first_s),
        stop_event=int(100 * last_s),
        first_s=first_s,
        last_s=last_s,
        channels=("A",),
    )


def course(*removed: RemovedInterval, rate: FlowRate | None = STEADY) -> Stability:
    """Return a tube of 60 s that began at 2 s."""
    time = TimeOrder(state=TimeState.ORDERED, begin=2.0, span=60.0)
    return Stability(n_events=6_000, time=time, removed=removed, rate=rate)


@pytest.fixture(scope="module")
def tube(tmp_path_factory: pytest.TempPathFactory, write_tube: Callable[..., Path]) -> Acquisition:
    return read_fcs(write_tube(tmp_path_factory.mktemp("kept") / "tube.fcs"))


@pytest.mark.parametrize("events", [64, 1_000, 100_000])
def test_what_is_kept_are_the_other_events_in_their_order(tube: Acquisition, events: int) -> None:
    removed = np.zeros(tube.n_events, dtype=np.bool_)
    removed[100:300] = True
    kept = KeptEvents(acquisition=tube, removed=removed)
    names = ["CD3", "Time"]
    chunks = [
        np.array([block.column(name) for name in names])
        for block in kept.blocks(names, events=events)
    ]

    assert kept.n_events == tube.n_events - 200
    assert np.array_equal(np.hstack(chunks), tube.columns(["CD3", "Time"])[:, ~removed])
    assert all(chunk.size for chunk in chunks)


def test_a_steady_tube_stays_whole(tube: Acquisition) -> None:
    still = Stability(n_events=tube.n_events, time=TimeOrder(state=TimeState.ORDERED))

    assert without_disturbed(tube, still).n_events == tube.n_events


def test_a_tube_whose_clock_runs_back_is_cut_by_time(tube: Acquisition) -> None:
    one = RemovedInterval(first_event=0, stop_event=9, first_s=5.0, last_s=9.0, channels=())
    time = TimeOrder(state=TimeState.SHUFFLED, n_backsteps=5)
    kept = without_disturbed(tube, Stability(n_events=tube.n_events, time=time, removed=(one,)))
    times = tube.column("Time")

    assert kept.removed.tolist() == ((times >= 5.0) & (times <= 9.0)).tolist()


def test_the_time_that_remains_is_that_of_the_gate_less_what_was_removed() -> None:
    removed = course(interval(2.0, 8.0), interval(30.0, 36.0))

    assert kept_time_fraction(course()) == 1.0
    assert kept_time_fraction(removed) == pytest.approx(48.0 / 60.0)
    # what the time gate leaves out anyway is not taken off twice
    assert kept_time_fraction(removed, (5.0, 62.0)) == pytest.approx((57.0 - 3.0 - 6.0) / 60.0)
    assert kept_time_fraction(removed, (8.0, 30.0)) == pytest.approx(22.0 / 60.0)


def test_the_volume_of_a_clog_is_not_known() -> None:
    # unusual rates are given from the first event on: this is 30 to 34 s of the file
    clogged = replace(STEADY, unusual_s=((28.0, 32.0),), unusual_pct=5.0)

    assert kept_time_fraction(course(interval(29.0, 35.0), rate=clogged)) is None
    assert kept_time_fraction(course(interval(40.0, 45.0), rate=clogged)) is not None


def test_without_seconds_no_time_is_known() -> None:
    assert kept_time_fraction(course(interval(29.0, 35.0), rate=None)) is None
    untimed = replace(interval(1.0, 2.0), first_s=None, last_s=None)
    assert kept_time_fraction(course(untimed)) is None
