from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import carflow as cf
from carflow import simulate
from carflow.cleaning.watch import WatchedTube
from carflow.fcs.reader import read_fcs
from carflow.gating.brightness import bright_axes, lower_bound
from carflow.gating.drawn_cells import drawn_cells
from carflow.gating.engine import gate
from carflow.gating.strategy import Role, Strategy


@pytest.fixture(scope="module")
def gates() -> Strategy:
    return cf.read_gates("car_t_blood")


def test_only_bright_populations_are_asked_for(gates: Strategy) -> None:
    assert [(name, axis.name) for name, axis in bright_axes(gates)] == [
        ("beads", "dump"), ("beads", "viability"), ("CD45+", "CD45"), ("CD3+", "CD3"),
        ("CAR-/CD4+", "CD4"), ("CAR-/CD8+", "CD8"),
    ]  # fmt: skip


def test_gates_without_roles_ask_for_nothing(gates: Strategy) -> None:
    assert bright_axes(replace(gates, roles={})) == ()


def test_a_gate_begins_on_the_linear_axis(gates: Strategy) -> None:
    cd3, live = gates.role(Role.CD3), gates.role(Role.LIVE)

    assert cd3 is not None
    assert live is not None
    assert lower_bound(cd3, 0) == pytest.approx(1_500.0)
    assert lower_bound(live, 0) is None


def test_brightness_is_the_median_that_compensation_gives(
    tmp_path: Path, write_tube: Callable[..., Path], gates: Strategy
) -> None:
    tube = read_fcs(write_tube(tmp_path / "tube.fcs"))
    watched = WatchedTube(tube)
    gated = gate(watched, gates)
    cells = drawn_cells(watched.drawn(), gates)
    raw = tube.columns(list(simulate.DETECTORS))
    solved = np.linalg.solve(simulate.SPILLOVER.T, raw)
    place = list(simulate.DETECTORS).index(gated.channels["CD3"])

    assert cells is not None
    assert cells.brightness["CD3 of CD3+"] == pytest.approx(
        np.median(solved[place][gated.mask("CD3+")])
    )


def test_a_median_of_few_events_is_left_out(
    tmp_path: Path,
    write_tube: Callable[..., Path],
    gates: Strategy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched = WatchedTube(read_fcs(write_tube(tmp_path / "tube.fcs")))
    gated = gate(watched, gates)
    enough = gated.counts["CD3+"]
    monkeypatch.setattr("carflow.gating.drawn_cells.LEAST_EVENTS", enough)
    cells = drawn_cells(watched.drawn(), gates)

    assert cells is not None
    told = {name.partition(" of ")[2] for name in cells.brightness}
    asked = {name for name, _ in bright_axes(gates)}
    assert told == {name for name in asked if gated.counts[name] >= enough}
    assert told < asked
