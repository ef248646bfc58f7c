from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import carflow as cf
from carflow.gating.event_values import values_in


def test_values_are_those_the_engine_gates_on(
    tmp_path: Path, write_tube: Callable[..., Path]
) -> None:
    tube = cf.read_fcs(write_tube(tmp_path / "a.fcs"))
    strategy = cf.read_gates("car_t_blood")
    [axis] = strategy.find("CAR+").dimensions
    low = strategy.find("CAR+").shape.low  # type: ignore[union-attr]  # an interval
    gated = cf.gate(tube, strategy, medians=[("CD3+", "CAR")])

    [linear] = values_in(tube, strategy, "CD3+", [axis])

    assert len(linear) == gated.counts["CD3+"]
    assert np.median(linear) == gated.medians["CD3+"]["CAR"]
    inside = axis.scale.forward(linear) >= low
    assert (inside == gated.mask("CAR+")[gated.mask("CD3+")]).all()


def test_all_events_are_those_of_the_file_and_many_are_thinned_out_evenly(
    tmp_path: Path, write_tube: Callable[..., Path]
) -> None:
    tube = cf.read_fcs(write_tube(tmp_path / "a.fcs"))
    strategy = cf.read_gates("car_t_blood")
    [axis] = strategy.find("time").dimensions

    [whole] = values_in(tube, strategy, "", [axis])
    [some] = values_in(tube, strategy, "", [axis], most_events=101)

    assert (whole == tube.column("Time")).all()
    assert len(some) == 101
    assert some[[0, 50, 100]] == pytest.approx(whole[[0, (len(whole) - 1) // 2, -1]], abs=0.1)


def test_an_empty_population_has_no_values(tmp_path: Path, write_tube: Callable[..., Path]) -> None:
    tube = cf.read_fcs(write_tube(tmp_path / "a.fcs", car=0))
    strategy = cf.read_gates("car_t_blood")
    axes = strategy.find("singlets").dimensions

    assert values_in(tube, strategy, "CAR+/CD4+CD8+", axes).shape == (2, 0)
