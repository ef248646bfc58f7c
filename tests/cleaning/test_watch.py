from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from carflow import simulate
from carflow.cleaning.time_record import TimeRecord
from carflow.cleaning.watch import WatchedTube, assess_stability
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs

WriteTube = Callable[..., Path]


@pytest.fixture(scope="module")
def tube(tmp_path_factory: pytest.TempPathFactory, write_tube: WriteTube) -> Acquisition:
    return read_fcs(write_tube(tmp_path_factory.mktemp("watch") / "tube.fcs"))


def passed(tube: Acquisition, *names: str, events: int = 1_000) -> tuple[WatchedTube, np.ndarray]:
    watched = WatchedTube(tube)
    blocks = watched.blocks(names, events=events)
    seen = [np.array([block.column(name) for name in names]) for block in blocks]
    return watched, np.hstack(seen)


def test_events_go_on_unchanged(tube: Acquisition) -> None:
    _, seen = passed(tube, "CD3", "FSC-A")

    assert np.array_equal(seen, tube.columns(["CD3", "FSC-A"]))


@pytest.mark.parametrize("events", [7, 1_000, 100_000])
def test_the_course_is_that_of_the_tube_alone_whoever_asks_for_what(
    tube: Acquisition, events: int
) -> None:
    watched, _ = passed(tube, "CD3", "Time", events=events)

    assert watched.stability() == assess_stability(tube)
    assert "R660-A" in watched.stability().channels


def test_margins_are_counted_where_somebody_asks(tube: Acquisition) -> None:
    watched, _ = passed(tube, "FSC-A", "Time")
    on_margin = int((tube.column("FSC-A") >= 262_143.0).sum())

    assert on_margin > 0
    assert watched.saturated_shares() == {"FSC-A": on_margin / tube.n_events}


def test_without_gates_every_light_is_looked_at(tube: Acquisition) -> None:
    watched = WatchedTube(tube)
    watched.pass_by()

    assert set(watched.saturated_shares()) == {*watched.stability().channels}


def test_drawn_events_are_a_tube_with_the_same_names(tube: Acquisition) -> None:
    watched, _ = passed(tube, "CD3", "Time")
    drawn = watched.drawn()
    (block,) = drawn.blocks(["CD3", "FSC-A"], events=100_000)

    assert drawn.n_events == tube.n_events  # a small tube is drawn whole
    assert (drawn.panel, drawn.timestep_s) == (tube.panel, tube.timestep_s)
    columns = [block.column("CD3"), block.column("FSC-A")]
    assert np.array_equal(columns, tube.columns(["CD3", "FSC-A"]))


def test_a_tube_that_has_not_passed_has_nothing_to_tell(tube: Acquisition) -> None:
    watched = WatchedTube(tube)

    with pytest.raises(ValueError, match="the tube has not passed yet"):
        watched.stability()
    with pytest.raises(ValueError, match="the tube has not passed yet"):
        watched.drawn()


def test_a_name_that_stands_twice_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "twice.fcs"
    rng = np.random.default_rng(3)
    write_fcs(
        path,
        rng.lognormal(6.0, 1.0, (2_000, 3)).astype(np.float32),
        channels=("FL1-A", "FL2-A", "FL3-A"),
        markers=("CD3", "a", "b"),
        keywords={},
    )
    path.write_bytes(path.read_bytes().replace(b"FL3-A", b"FL2-A"))

    assert assess_stability(read_fcs(path)).channels == ("FL1-A",)


def test_a_large_tube_is_followed_by_some_of_its_events_to_the_same_ends() -> None:
    rng = np.random.default_rng(5)
    n = 450_000
    light = rng.lognormal(6.0, 0.8, (2, n))
    light[0, 200_000:230_000] *= 2.0
    times = np.floor(np.cumsum(rng.exponential(0.02, n))) * simulate.TIMESTEP_S
    record = TimeRecord(n, ["A", "B"], has_time=True, in_seconds=True)
    for start in range(0, n, 30_001):
        stop = min(start + 30_001, n)
        record.add(light[:, start:stop], times[start:stop])
    (one,) = record.stability().removed

    assert record.step == 2
    assert record.keys.shape == (2, 225_000)
    assert one.channels == ("A",)
    assert (one.first_event, one.stop_event) == pytest.approx((200_000, 230_000), abs=150)
    # an interval of time holds every event of its ticks
    outside = np.r_[times[: one.first_event], times[one.stop_event :]]
    assert not ((outside >= one.first_s) & (outside <= one.last_s)).any()
    assert record.stability().n_events == n
