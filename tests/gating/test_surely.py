"""The compiled part decides as the exact engine does, and leaves to it what it cannot tell."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from carflow.compiled import loading
from carflow.compiled.loading import library
from carflow.errors import FcsError
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.block import Block
from carflow.fcs.data_segment import DataSegment
from carflow.fcs.reader import read_fcs
from carflow.fcs.side_threads import side_by_side
from carflow.fcs.writer import write_fcs
from carflow.gating import plan, sure_tally
from carflow.gating.engine import gate
from carflow.gating.gated import Gated
from carflow.gating.scales import Identity, Logicle
from carflow.gating.shapes import Ellipsoid, Interval, Polygon, Rectangle, Shape
from carflow.gating.strategy import ALL_EVENTS, Dimension, Plot, Population, Ratio, Strategy
from carflow.gating.surely import Decided, Surely, Worker
from carflow.gating.surely_tables import UnknownTestError
from carflow.gating.tube import Tube

MATRIX = np.array([[1.0, 0.12, 0.0], [0.03, 1.0, 0.2], [0.0, 0.05, 1.0]])
FSC = Dimension(name="FSC-A", scale=Identity(), compensated=False)
TIME = Dimension(name="Time", scale=Identity(), compensated=False)
CD3, CAR = (
    Dimension(name=name, scale=Logicle(t=262144.0, w=0.5, m=4.5, a=0.0), compensated=True)
    for name in ("CD3", "CAR")
)
MakeRecords = Callable[..., Any]
PutInFile = Callable[..., Any]
MakeEvents = Callable[..., np.ndarray]
Trees = st.SearchStrategy[Strategy]
SlowMembers = Callable[[np.ndarray, Strategy], dict[str, list[bool]]]

pytestmark = pytest.mark.skipif(library() is None, reason="carflow was installed without it")


def times(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of doubtful events of each block or part that the compiled part decided."""
    found: list[int] = []
    for name in ("decided", "read"):
        method = getattr(Worker, name)

        def counted(*asked: Any, method: Any = method) -> Decided:
            answer: Decided = method(*asked)
            found.append(len(answer.doubtful))
            return answer

        monkeypatch.setattr(Worker, name, counted)
    monkeypatch.setattr(plan, "_WORTH_A_RASTER", 0)
    return found


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many threads each tube in a file was shared out to, with two processors at hand."""
    threads: list[int] = []

    def noted(tasks: Sequence[Callable[[], None]]) -> None:
        threads.append(len(tasks))
        side_by_side(tasks)

    monkeypatch.setattr(sure_tally, "side_by_side", noted)
    monkeypatch.setattr(sure_tally, "processors", lambda: 2)
    # a runner of tests may call them from a thread of its own
    own = threading.current_thread()
    monkeypatch.setattr(threading, "main_thread", lambda: own)
    return threads


def without(tube: Tube, strategy: Strategy, **asked: Any) -> Gated:
    """Gate a tube with the compiled part switched off."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARFLOW_COMPILED", "0")
        return gate(tube, strategy, **asked)


def assert_same(one: Gated, other: Gated) -> None:
    assert one == other  # counts, medians, densities, spans, events that are no number
    names = one.strategy.short_names()
    assert [name for name in names if not np.array_equal(one.mask(name), other.mask(name))] == []


def on_the_bounds(tube: Any, strategy: Strategy, *, straight: bool) -> None:
    """Move events onto the bounds of gates on channels as acquired, and one step beside them.

    Where a scale is not straight, an event on a bound is one that the twin, which computes scales
    in another way, may see on the other side.
    """
    records, row = tube.records, 0
    for one in strategy.populations:
        if isinstance(one.shape, Polygon):
            corners = zip(*one.shape.vertices, strict=True)
            bounds = [tuple(numbers) for numbers in corners]
        else:
            bounds = list(one.shape.bounds)
        for axis, numbers in zip(one.dimensions, bounds, strict=True):
            name = {"CD3": "B1", "CD4": "V1", "CAR": "R1"}.get(axis.name, axis.name)
            if name not in tube.panel.channels or name == "Time":
                continue
            if straight and axis.scale.kind != "identity":
                continue
            linear = axis.scale.inverse(np.array([n for n in numbers if np.isfinite(n)]))
            column = tube.panel.index(name) * (1 + tube.others)
            for number in linear.astype(np.float32):
                for step in (number, np.nextafter(number, -np.inf), np.nextafter(number, np.inf)):
                    records[row % len(records), column] = step
                    row += 1


@times(60)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_it_and_the_engine_are_the_slow_twin_event_for_event(  # noqa: PLR0917  # all are fixtures
    used: list[int],
    make_records: MakeRecords,
    random_events: MakeEvents,
    compiled_tree: Trees,
    slow_members: SlowMembers,
    data: st.DataObject,
    seed: int,
) -> None:
    strategy = data.draw(compiled_tree)
    others = data.draw(st.integers(0, 2))
    tube = make_records(random_events(80, seed), matrix=MATRIX, others=others)
    on_the_bounds(tube, strategy, straight=True)
    used.clear()

    gated = gate(tube, strategy, chunk_events=64)

    expected = slow_members(tube.events, strategy)
    assume(len(used) == 2)  # not where the corners of a polygon fall together
    for one in strategy.populations:
        name = "/".join(one.path)
        assert gated.mask(name).tolist() == expected[name], name
        assert gated.counts[name] == sum(expected[name])


@pytest.mark.usefixtures("shared")
@times(250)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_any_tube_and_tree_is_gated_as_without_it(  # noqa: PLR0917  # all are fixtures
    used: list[int],
    make_records: MakeRecords,
    random_events: MakeEvents,
    compiled_tree: Trees,
    put_in_file: PutInFile,
    data: st.DataObject,
    seed: int,
) -> None:
    strategy = data.draw(compiled_tree)
    size = data.draw(st.sampled_from([1, 7, 8, 1023, 1024, 1025, 5_000, 70_000]))
    tube = make_records(
        random_events(size, seed), matrix=MATRIX, others=data.draw(st.integers(0, 2))
    )
    on_the_bounds(tube, strategy, straight=False)
    rng = np.random.default_rng(seed)
    odd = data.draw(st.sampled_from([0, 0, 1, 40]))
    for value in (np.nan, np.inf, -np.inf, 3e38, 1e-40, -0.0):
        at = rng.integers(0, size, odd), rng.integers(0, tube.records.shape[1], odd)
        tube.records[at] = value
    names = [ALL_EVENTS, *("/".join(one.path) for one in strategy.populations)]
    asked: dict[str, Any] = {}
    if data.draw(st.booleans()):
        asked["densities"] = [Plot(population=name, gate="", x=CD3, y=FSC) for name in names[:3]]
    axes = {axis.name for one in strategy.populations for axis in one.dimensions}
    if "CD3" in axes and data.draw(st.booleans()):
        asked["medians"] = [(name, "CD3") for name in names]
    lengths = [8, 1000, 4096, 65_536] if size < 6_000 else [10_000, 65_536]
    used.clear()

    gated = gate(
        data.draw(st.sampled_from([tube, put_in_file(tube, turned=data.draw(st.booleans()))])),
        strategy,
        **asked,
        chunk_events=data.draw(st.sampled_from(lengths)),
    )

    assume(used)
    assert_same(gated, without(tube, strategy, **asked))


def population(name: str, shape: Shape, *axes: Dimension) -> Population:
    path = tuple(name.split("/"))
    return Population(name=path[-1], path=path, shape=shape, dimensions=axes)


def simple(*populations: Population) -> Strategy:
    return Strategy(name="simple", populations=populations)


CELLS = population("cells", Interval(low=1e4), FSC)
SQUARE = Polygon(vertices=((0.4, 0.4), (0.9, 0.45), (0.8, 0.9), (0.45, 0.85)))


@pytest.fixture
def tube(make_records: MakeRecords, random_events: MakeEvents) -> Any:
    return make_records(random_events(40_000), matrix=MATRIX)


def test_only_what_is_near_a_bound_is_doubtful(tube: Any, used: list[int]) -> None:
    strategy = simple(CELLS, population("cells/CAR+", Interval(low=0.5), CAR))

    gated = gate(tube, strategy)

    assert sum(used) <= 5
    assert 10_000 < gated.counts["CAR+"] < 30_000


@pytest.mark.parametrize(
    "unknown",
    [
        population(
            "cells/round",
            Ellipsoid(mean=(0.5, 0.5), covariance=((0.1, 0.0), (0.0, 0.1)), distance_square=1.0),
            CD3,
            CAR,
        ),
        population(
            "cells/ratio",
            Interval(low=0.5),
            Dimension(
                name="ratio",
                scale=Identity(),
                compensated=False,
                ratio=Ratio(numerator="B1", denominator="SSC-A"),
            ),
        ),
    ],
    ids=["ellipsoid", "ratio"],
)
def test_a_tree_with_a_test_it_does_not_know_is_left_to_the_engine(
    tube: Any, used: list[int], unknown: Population
) -> None:
    gate(tube, simple(CELLS, unknown))

    assert used == []


def test_a_block_that_is_no_records_is_left_to_the_engine(
    make_tube: Callable[..., Tube], random_events: MakeEvents, used: list[int]
) -> None:
    gate(make_tube(random_events(100), matrix=MATRIX), simple(CELLS))

    assert used == []


@pytest.mark.usefixtures("used")
def test_who_gates_in_threads_gets_no_second_one(
    tube: Any, put_in_file: PutInFile, shared: list[int]
) -> None:
    filed = put_in_file(tube)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda one: gate(one, simple(CELLS)), [filed, filed])

    assert shared == [1, 1]
    assert_same(first, second)
    gate(filed, simple(CELLS))
    assert shared == [1, 1, 2]


@pytest.mark.usefixtures("used")
def test_one_processor_and_two_find_the_same(
    tube: Any, put_in_file: PutInFile, shared: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    tube.records[:] = tube.records[::-1].copy()  # the lowest time comes last
    filed = put_in_file(tube)
    strategy = simple(
        population("time", Interval(low=5.0, high=50.0), TIME),
        population("time/square", SQUARE, CD3, CAR),
    )
    both = []
    for count in (1, 2):
        monkeypatch.setattr(sure_tally, "processors", lambda count=count: count)
        both.append(gate(filed, strategy, chunk_events=1_000))

    assert shared == [1, 2]
    assert_same(*both)
    assert_same(both[0], without(tube, strategy))
    assert both[0].time_gate_span_s != both[0].time_span_s


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("densities", [(), (Plot(population="cells", gate="", x=CD3, y=FSC),)])
def test_a_file_that_becomes_shorter_while_it_is_gated_is_told(
    tube: Any,
    put_in_file: PutInFile,
    monkeypatch: pytest.MonkeyPatch,
    densities: tuple[Plot, ...],
) -> None:
    filed = put_in_file(tube)
    opened, both = [], threading.Barrier(2)
    whole = DataSegment.opened

    @contextmanager
    def cut(self: DataSegment) -> Iterator[FileIO]:
        with whole(self) as stream:
            opened.append(stream)
            if len(opened) > 1:  # not whoever reads the first events
                both.wait(timeout=60)
                os.truncate(filed.path, self.begin + 30_000 * 24 + 5)
            yield stream

    monkeypatch.setattr(DataSegment, "opened", cut)

    with pytest.raises(FcsError) as caught:
        gate(filed, simple(CELLS), densities=densities, chunk_events=10_000)

    assert str(caught.value) == (
        "records: the file became shorter while it was read: 239995 bytes are missing "
        "(wait until it is written completely and run again)"
    )


def test_what_could_not_be_read_at_first_is_read_again(
    tube: Any, put_in_file: PutInFile, used: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Worker.read

    def interrupted(self: Worker, file: int, segment: Any, start: int, count: int) -> Decided:
        return read(self, file, segment, start, max(0, count - 4_096))

    monkeypatch.setattr(Worker, "read", interrupted)
    strategy = simple(CELLS, population("cells/square", SQUARE, CD3, CAR))

    gated = gate(put_in_file(tube), strategy, chunk_events=10_000)

    assert len(used) == 8
    assert_same(gated, without(tube, strategy))


def test_values_that_outgrow_the_cells_are_doubtful_until_these_are_wider(
    tube: Any, used: list[int]
) -> None:
    tube.records[8_192:, 2:5] *= 1_000.0
    strategy = simple(population("square", SQUARE, CD3, CAR))

    gated = gate(tube, strategy, chunk_events=8_192)

    # the second block meets cells made for values a thousand times smaller
    first, second, *later = used
    assert first < 100
    assert second == 8_192
    assert max(later) < 2_000
    assert_same(gated, without(tube, strategy))


@pytest.mark.usefixtures("used")
def test_events_on_corners_and_edges_are_where_the_polygon_says(make_records: MakeRecords) -> None:
    corners = ((5.0, 5.0), (55.0, 5.0), (60.0, 35.0), (40.0, 60.0), (20.0, 45.0), (5.0, 60.0))
    rng = np.random.default_rng(8)
    lattice = np.array([(x, y) for x in range(64) for y in range(64)], dtype=np.float64)
    anywhere = rng.uniform(0.0, 64.0, (20_000, 2))
    # a few cells around each corner, where the cell beside another one is cut by another edge
    near_corners = np.repeat(corners, 2_000, axis=0) + rng.normal(0.0, 0.2, (12_000, 2))
    scatter = np.concatenate((lattice, anywhere, near_corners))
    tube = make_records(np.column_stack((scatter, np.zeros((len(scatter), 4)))), matrix=MATRIX)
    ssc = Dimension(name="SSC-A", scale=Identity(), compensated=False)
    strategy = simple(population("cells", Polygon(vertices=corners), FSC, ssc))

    gated = gate(tube, strategy)

    assert gated.mask("cells")[[5 * 64 + 5, 30 * 64 + 5, 55 * 64 + 5, 60 * 64 + 35]].all()
    assert not gated.mask("cells")[[5 * 64 + 4, 20 * 64 + 46, 61 * 64 + 35]].any()
    assert_same(gated, without(tube, strategy))


@pytest.mark.parametrize("seed", range(20))
def test_events_on_the_bounds_of_a_bent_scale_are_where_the_scale_says(
    make_records: MakeRecords, random_events: MakeEvents, used: list[int], seed: int
) -> None:
    raw = Dimension(name="CAR", scale=CAR.scale, compensated=False)
    at = np.sort(np.random.default_rng(seed).uniform(10.0, 9e4, 2).astype(np.float32))
    low, high = CAR.scale.forward(at.astype(np.float64)).tolist()
    tube = make_records(random_events(40), matrix=MATRIX)
    strategy = simple(population("CAR", Interval(low=low, high=high), raw))
    steps = (at.view(np.int32)[:, np.newaxis] + np.arange(-10, 10)).astype(np.int32)
    tube.records[:, 4] = steps.view(np.float32).ravel()

    gated = gate(tube, strategy)

    scaled = CAR.scale.forward(tube.records[:, 4].astype(np.float64))
    assert gated.mask("CAR").tolist() == ((scaled >= low) & (scaled < high)).tolist()
    assert used


def test_sums_that_32_bits_cannot_hold_are_doubtful(
    make_records: MakeRecords, random_events: MakeEvents, used: list[int]
) -> None:
    tube = make_records(random_events(2_000), matrix=np.full((3, 3), 0.9) + 0.1 * np.eye(3))
    tube.records[100:110, 2:5] = 3e38
    strategy = simple(
        population("low", Interval(high=0.5), CAR), population("high", Interval(low=0.5), CAR)
    )

    gated = gate(tube, strategy)

    assert sum(used) >= 10
    assert gated.mask("high")[100:110].all()  # 3e38 times 0.36 is not beyond, each part of it is
    assert_same(gated, without(tube, strategy))


def test_more_doubtful_events_than_a_chunk_holds_are_gated_as_they_come(
    tube: Any, used: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sure_tally, "_MOST_LEFT", 1_000)
    tube.records[::2, 2] = np.nan
    strategy = simple(CELLS, population("cells/CD3+", Interval(low=0.5), CD3))

    gated = gate(tube, strategy, chunk_events=4_096)

    assert sum(used) == 40_000
    assert gated.n_nonfinite == 20_000
    assert_same(gated, without(tube, strategy))


@pytest.fixture
def written(tmp_path: Path, random_events: MakeEvents) -> Acquisition:
    """A file whose Time is in ticks of 0.01 s."""
    events = random_events(30_000)
    events[:, 5] = np.round(events[:, 5] * 100.0)
    write_fcs(
        tmp_path / "tube.fcs",
        events.astype(np.float32),
        channels=("FSC-A", "SSC-A", "B1", "V1", "R1", "Time"),
        markers=("", "", "CD3", "CD4", "CAR", ""),
        keywords={"$TIMESTEP": "0.01", "$SPILLOVER": "3,B1,V1,R1,1,0.12,0,0.03,1,0.2,0,0.05,1"},
    )
    return read_fcs(tmp_path / "tube.fcs")


def test_a_file_is_gated_as_without_it(written: Acquisition, used: list[int]) -> None:
    strategy = simple(
        population("time", Interval(low=5.0, high=50.0), TIME),
        population("time/square", SQUARE, CD3, CAR),
        population("time/box", Rectangle(lows=(0.3, 0.3), highs=(0.7, 0.6)), CD3, CAR),
    )

    gated = gate(written, strategy)

    assert used
    assert_same(gated, without(written, strategy))


def test_it_is_not_used_where_it_is_switched_off(
    tube: Any, used: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(loading.SWITCH, "0")

    gate(tube, simple(CELLS))

    assert used == []


def test_a_clock_that_only_a_median_asks_for_is_left_to_the_engine(
    tube: Any, used: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = type(tube).blocks

    def continued(self: Any, names: Any, *, events: int) -> Iterator[Block]:
        for block in blocks(self, names, events=events):
            times = {"Time": block.column("Time")} if "Time" in names else {}
            yield Block(block.records.T, {"FSC-A": 0}, times)

    monkeypatch.setattr(type(tube), "blocks", continued)
    object.__setattr__(tube, "timestep_s", None)
    tube.records[5, 0] = np.nan
    strategy = Strategy(name="clock", populations=(CELLS,), dimensions=(FSC, TIME), time="stored")

    gated = gate(tube, strategy, medians=[("cells", "Time")])

    assert used == []
    assert gated.n_nonfinite == 1


def test_a_first_block_of_one_event_promises_nothing_of_the_next(
    tube: Any, used: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block of one event is records and columns at once."""
    blocks = type(tube).blocks

    def kept(self: Any, names: Any, *, events: int) -> Iterator[Block]:
        for number, block in enumerate(blocks(self, names, events=events)):
            some = slice(0, 1 if number == 0 else 64)
            columns = np.array([block.column(name)[some] for name in names], dtype=np.float32)
            yield Block(columns, {name: place for place, name in enumerate(names)})

    monkeypatch.setattr(type(tube), "blocks", kept)
    strategy = simple(CELLS)

    gated = gate(tube, strategy, masks=False, chunk_events=1_000)

    assert len(used) == 1
    assert gated == without(tube, strategy, masks=False, chunk_events=1_000)


@pytest.mark.usefixtures("used")
def test_a_gain_that_leaves_the_range_of_32_bits_moves_no_event(
    make_records: MakeRecords, random_events: MakeEvents
) -> None:
    tube = make_records(random_events(2_000), matrix=MATRIX, gain=1e20)
    tube.records[:, 3] = 3e-23 * np.linspace(0.999, 1.001, 2_000)
    raw = Dimension(name="CD4", scale=Identity(), compensated=False)
    strategy = simple(population("CD4+", Interval(low=3e-43), raw))

    gated = gate(tube, strategy)

    assert 990 < gated.counts["CD4+"] < 1_010
    assert_same(gated, without(tube, strategy))


@pytest.mark.parametrize("name", ["CD4", "Time"])
def test_a_polygon_on_a_channel_with_a_factor_leaves_few_in_doubt(
    tube: Any, used: list[int], name: str
) -> None:
    scaled = Dimension(name=name, scale=Identity(), compensated=False)
    corners = ((2e4, 5.0), (2e5, 8.0), (2.5e5, 50.0), (1e4, 45.0))
    strategy = simple(population("inside", Polygon(vertices=corners), FSC, scaled))

    gated = gate(tube, strategy)

    assert sum(used) < 2_000
    assert_same(gated, without(tube, strategy))


def test_blocks_of_other_columns_are_refused(tube: Any) -> None:
    steps = plan.plan(tube, simple(CELLS))
    first = next(tube.blocks(steps.channels, events=1_000))
    worker = Surely(steps, first, [0]).worker()
    shorter = np.ascontiguousarray(first.records[:, :3])
    elsewhere = Block(first.records.T, {"FSC-A": 1, "Time": 5})

    for other in (first.of_records(shorter), elsewhere):
        with pytest.raises(ValueError, match=r"^the blocks of one tube hold the same columns$"):
            worker.decided(other)


def test_columns_that_are_no_part_of_the_records_are_left_to_the_engine(tube: Any) -> None:
    steps = plan.plan(tube, simple(CELLS))
    first = next(tube.blocks(steps.channels, events=1_000))
    continued = Block(first.records.T, {"FSC-A": 0}, {"Time": first.column("Time")})

    with pytest.raises(UnknownTestError):
        Surely(steps, continued, [0])
