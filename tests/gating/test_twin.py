"""Random trees of everything: the engine, its slow twin, and a document written and read."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carflow.gating import plan, selection
from carflow.gating.engine import gate
from carflow.gating.gatingml import gatingml_text
from carflow.gating.gatingml_reader import parse_gatingml
from carflow.gating.strategy import Strategy
from carflow.gating.tube import Tube

MATRIX = np.array([[1.0, 0.12, 0.0], [0.03, 1.0, 0.2], [0.0, 0.05, 1.0]])
MakeTube = Callable[..., Tube]
MakeEvents = Callable[..., np.ndarray]
Trees = st.SearchStrategy[Strategy]
SlowMembers = Callable[[np.ndarray, Strategy], dict[str, list[bool]]]


def times(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


@pytest.fixture(autouse=True)
def few_events_are_picked_like_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "_FEW", 0)


@times(30)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_the_engine_is_its_slow_twin_event_for_event(
    make_tube: MakeTube,
    random_events: MakeEvents,
    any_tree: Trees,
    slow_members: SlowMembers,
    data: st.DataObject,
    seed: int,
) -> None:
    strategy = data.draw(any_tree)
    events = random_events(80, seed).astype(data.draw(st.sampled_from([np.float32, np.float64])))
    gated = gate(make_tube(events, matrix=MATRIX), strategy, chunk_events=64)
    expected = slow_members(events.astype(np.float64), strategy)
    for one in strategy.populations:
        name = "/".join(one.path)
        assert gated.mask(name).tolist() == expected[name], name
        assert gated.counts[name] == sum(expected[name])


@times(25)
@given(data=st.data())
def test_rasters_and_chunks_change_no_event(
    make_tube: MakeTube, random_events: MakeEvents, any_tree: Trees, data: st.DataObject
) -> None:
    """The same tubes with a grid for every polygon, in chunks of another size, in 32 bits."""
    strategy = data.draw(any_tree)
    short = random_events(20_000, 7).astype(np.float32)
    events = short.astype(np.float64)
    assert len(events) >= plan._WORTH_A_RASTER
    with_grids = gate(make_tube(short, matrix=MATRIX), strategy)
    halves = [events[:10_000], events[10_000:]]
    without = [gate(make_tube(half, matrix=MATRIX), strategy, chunk_events=3000) for half in halves]
    for name in strategy.short_names():
        masks = [half.mask(name) for half in without]
        assert np.array_equal(with_grids.mask(name), np.concatenate(masks)), name


@times(60)
@given(data=st.data())
def test_what_is_written_and_read_again_holds_the_same_events(
    make_tube: MakeTube, random_events: MakeEvents, any_tree: Trees, data: st.DataObject
) -> None:
    strategy = data.draw(any_tree)
    again = parse_gatingml(gatingml_text(strategy).encode())
    assert [one.path for one in again.populations] == [one.path for one in strategy.populations]
    tube = make_tube(random_events(400, 3), matrix=MATRIX)
    first, second = gate(tube, strategy), gate(tube, again)
    for one in strategy.populations:
        name = "/".join(one.path)
        assert np.array_equal(first.mask(name), second.mask(name)), name
