from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import carflow as cf
from carflow import simulate
from carflow.cleaning.watch import WatchedTube
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.reader import read_fcs
from carflow.gating.drawn_cells import EarlyCells, drawn_cells
from carflow.gating.engine import gate
from carflow.gating.strategy import Strategy


@pytest.fixture(scope="module")
def gates() -> Strategy:
    return cf.read_gates("car_t_blood")


@pytest.fixture(scope="module")
def tube(tmp_path_factory: pytest.TempPathFactory, write_tube: Callable[..., Path]) -> Acquisition:
    return read_fcs(write_tube(tmp_path_factory.mktemp("drawn") / "tube.fcs"))


def test_cells_are_those_of_the_gate_with_the_values_that_compensation_gives(
    tube: Acquisition, gates: Strategy
) -> None:
    watched = WatchedTube(tube)
    gated = gate(watched, gates)
    cells = drawn_cells(watched.drawn(), gates)
    raw = tube.columns(list(simulate.DETECTORS))
    solved = np.linalg.solve(simulate.SPILLOVER.T, raw)[:, gated.mask("CD3+")]

    assert cells is not None
    assert cells.is_compensated
    assert set(cells.channels) == set(simulate.DETECTORS)
    order = [simulate.DETECTORS.index(one) for one in cells.channels]
    assert np.allclose(cells.values, solved[order], atol=1e-6)


def test_early_cells_are_those_of_the_first_fiftieth(tube: Acquisition, gates: Strategy) -> None:
    watched = WatchedTube(tube)
    gated = gate(watched, gates)
    cells = drawn_cells(watched.drawn(), gates)
    first = round(tube.n_events / 50)
    cd3, car = gated.mask("CD3+"), gated.mask("CAR+")

    assert cells is not None
    assert cells.early == EarlyCells(
        early_cd3=int(cd3[:first].sum()),
        early_car=int(car[:first].sum()),
        late_cd3=int(cd3[first:].sum()),
        late_car=int(car[first:].sum()),
    )


def test_a_role_nobody_plays_has_no_cells(tube: Acquisition, gates: Strategy) -> None:
    from dataclasses import replace

    watched = WatchedTube(tube)
    gate(watched, gates)

    assert drawn_cells(watched.drawn(), replace(gates, roles={})) is None


def test_a_tube_without_a_matrix_says_so(
    tmp_path: Path, write_tube: Callable[..., Path], gates: Strategy
) -> None:
    watched = WatchedTube(read_fcs(write_tube(tmp_path / "bare.fcs", SPILLOVER=None)))
    gate(watched, gates)
    cells = drawn_cells(watched.drawn(), gates)

    assert cells is not None
    assert not cells.is_compensated
