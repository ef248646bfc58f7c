"""What must not change an answer: order of events and channels, file name, byte order, an extra
channel; and what must double it: every event twice."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import carflow as cf
from carflow import simulate
from carflow.fcs.writer import write_fcs
from carflow.gating.strategy import Strategy
from carflow.result.sample import SampleResult

Events = NDArray[np.float32]
KEYWORDS = {
    "$TIMESTEP": "0.01",
    "$VOL": "50000",
    "$BTIM": "10:00:00.00",
    "$ETIM": "10:00:30.00",
    "$SPILLOVER": simulate.spillover_keyword(),
}


@pytest.fixture(scope="module")
def gates(gates_folder: Path) -> Strategy:
    return cf.read_gates(gates_folder / "car_t_blood.toml")


@pytest.fixture(scope="module")
def events() -> Events:
    counts = {"CD4 CAR T": 150, "CD8 CAR T": 130, "CD8 T": 500, "NK": 90, "granulocyte": 300,
              "dead": 60, "debris": 120, "bead": 260}  # fmt: skip
    recipe = simulate.Recipe(identity="metamorphic", counts=counts, doublets=50, duration_s=30.0)
    return simulate.simulate_tube(recipe)


@pytest.fixture
def measured(tmp_path: Path, gates: Strategy) -> Callable[..., SampleResult]:
    def measure(
        events: Events,
        *,
        channels: tuple[str, ...] = simulate.CHANNELS,
        markers: tuple[str, ...] = simulate.MARKERS,
        name: str = "tube.fcs",
        big_endian: bool = False,
    ) -> SampleResult:
        path = tmp_path / name
        write_fcs(path, events, channels=channels, markers=markers, keywords=KEYWORDS)
        if big_endian:
            turn_bytes(path, events)
        (tmp_path / "samples.csv").write_text(
            "file,sample_id,subject_id,day,sample_type,wbc_1e9_l,beads_per_tube,blood_ul,total_ul\n"
            f"{name},S,P,7,patient,2.1,50000,100,1000\n",
            encoding="utf-8",
        )
        (tube,) = cf.run(cf.read_study(tmp_path / "samples.csv"), gates).tube_results
        assert tube.failure is None
        return tube

    return measure


def turn_bytes(path: Path, events: Events) -> None:
    """Write the same events in the other byte order."""
    body = path.read_bytes()
    little = events.astype("<f4").tobytes()
    assert body.count(little) == 1
    assert body.count(b"1,2,3,4") == 1
    turned = body.replace(little, events.astype(">f4").tobytes())
    path.write_bytes(turned.replace(b"1,2,3,4", b"4,3,2,1"))


def test_neither_order_nor_name_nor_bytes_change_an_answer(
    events: Events, measured: Callable[..., SampleResult]
) -> None:
    plain = measured(events)
    order = np.random.default_rng(7).permutation(len(events))
    columns = np.random.default_rng(8).permutation(events.shape[1])
    channels = tuple(simulate.CHANNELS[column] for column in columns)
    markers = tuple(simulate.MARKERS[column] for column in columns)

    assert measured(events[order]).quantities == plain.quantities
    assert measured(events, name="other name.fcs").quantities == plain.quantities
    assert measured(events, big_endian=True).quantities == plain.quantities
    turned = measured(events[:, columns], channels=channels, markers=markers)
    assert turned.populations == plain.populations
    assert turned.quantities == plain.quantities


def test_a_channel_nobody_asks_for_changes_nothing(
    events: Events, measured: Callable[..., SampleResult]
) -> None:
    noise = np.random.default_rng(9).normal(size=(len(events), 1)).astype(np.float32)
    more = measured(
        np.hstack([events, noise]),
        channels=(*simulate.CHANNELS, "Extra-A"),
        markers=(*simulate.MARKERS, "CD200"),
    )

    # the course through time is told of every light there is
    assert replace(more, stability=None) == replace(measured(events), stability=None)


def test_every_event_twice_doubles_counts_and_leaves_ratios(
    events: Events, measured: Callable[..., SampleResult]
) -> None:
    once, twice = measured(events), measured(np.repeat(events, 2, axis=0))

    assert [one.count for one in twice.populations] == [2 * one.count for one in once.populations]
    for name in ("car_pct_cd3", "car_per_ul_beads", "car_per_ul_wbc", "cd4_cd8_ratio_car"):
        first, second = once.quantity(name), twice.quantity(name)
        assert first is not None
        assert second is not None
        assert second.measure.value == pytest.approx(first.measure.value, rel=1e-12), name
        assert first.measure.low is not None
        assert second.measure.low is not None
        # twice the events say more, so the interval is never wider
        assert second.measure.low >= first.measure.low


def test_two_halves_add_up_to_the_whole(
    events: Events, measured: Callable[..., SampleResult]
) -> None:
    half = len(events) // 2
    first, second, whole = (measured(part) for part in (events[:half], events[half:], events))
    cut = [
        one.count + other.count
        for one, other in zip(first.populations, second.populations, strict=True)
    ]

    assert cut == [one.count for one in whole.populations]
