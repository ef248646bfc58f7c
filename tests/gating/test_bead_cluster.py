import numpy as np
import pytest
from numpy.typing import NDArray

from carflow.gating.bead_cluster import FoundBeads, find_beads
from carflow.gating.estimators import Guard

GUARD = Guard(low=20_000.0, high=300_000.0, min_events=100, min_quality=0.9)
Events = NDArray[np.float64]


def beads(n: int, *, centre: float = 1e5, cv: float = 0.05, seed: int = 1) -> Events:
    rng = np.random.default_rng(seed)
    return centre * np.exp(rng.normal(0.0, cv, (2, n)))


def cells(n: int = 20_000, seed: int = 2) -> Events:
    return np.exp(np.random.default_rng(seed).normal(np.log(800.0), 1.2, (2, n)))


def dead(n: int, seed: int = 3) -> Events:
    """Return cells that are bright in both channels, too, but not alike."""
    rng = np.random.default_rng(seed)
    return np.exp(rng.normal([[np.log(2e4)], [np.log(3e4)]], [[0.8], [0.5]], (2, n)))


def in_tube(events: Events) -> FoundBeads:
    return find_beads(events[0], events[1], GUARD)


def counted(found: FoundBeads, events: Events) -> int:
    assert found.box is not None
    inside = [
        (row >= low) & (row <= high) for row, (low, high) in zip(events, found.box, strict=True)
    ]
    return int(np.sum(inside[0] & inside[1]))


@pytest.mark.parametrize("centre", [8e4, 1e5, 2e5])
@pytest.mark.parametrize("cv", [0.01, 0.05, 0.08])
@pytest.mark.parametrize("n", [200, 3_000])
def test_every_bead_is_counted_and_hardly_a_cell(centre: float, cv: float, n: int) -> None:
    own, others = beads(n, centre=centre, cv=cv), np.hstack([cells(), dead(300)])
    found = in_tube(np.hstack([own, others]))

    assert counted(found, own) >= 0.995 * n
    assert counted(found, others) <= 0.06 * n
    assert found.found.quality is not None


@pytest.mark.parametrize("n", [200, 800, 3_000])
@pytest.mark.parametrize("cv", [0.01, 0.05, 0.12])
def test_beads_no_brighter_than_dead_cells_are_counted_or_not_found(n: int, cv: float) -> None:
    own, others = beads(n, centre=3e4, cv=cv), np.hstack([cells(), dead(1_000)])
    found = in_tube(np.hstack([own, others]))

    if found.box is not None:
        assert counted(found, own) >= 0.99 * n
        assert counted(found, others) <= 0.15 * n


def test_dead_cells_are_no_beads() -> None:
    found = in_tube(np.hstack([cells(8_000), dead(15_000)]))

    assert found.box is None
    assert found.found.place is None
    assert found.found.reason == "no narrow cluster of 100 events stands apart"


def test_a_tube_without_anything_as_bright_says_so() -> None:
    found = in_tube(cells(5_000))

    assert found.box is None
    assert found.found.reason.endswith("events as bright as beads, fewer than 100")


def test_beads_that_pile_up_at_the_end_of_the_range_are_all_counted() -> None:
    own = np.minimum(beads(2_000, centre=2.6e5, cv=0.1), 262_143.0)

    assert counted(in_tube(np.hstack([own, cells()])), own) >= 1_980


def test_two_beads_at_once_are_not_one() -> None:
    twins = beads(300, centre=2e5, seed=5)
    found = in_tube(np.hstack([beads(2_000), twins, cells()]))

    assert counted(found, twins) == 0


def test_of_two_kinds_of_beads_the_more_frequent_are_taken() -> None:
    few = beads(400, centre=4e4, seed=6)
    found = in_tube(np.hstack([few, beads(2_000), cells()]))

    assert counted(found, few) == 0


def test_the_order_of_events_and_values_that_are_none_change_nothing() -> None:
    events = np.hstack([beads(500), cells(), [[np.nan, -5.0], [1e5, 1e5]]])
    turned = events[:, np.random.default_rng(7).permutation(events.shape[1])]

    assert in_tube(events).box == in_tube(turned).box
