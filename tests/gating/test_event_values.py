from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import carflow as cf
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.block import Block
from carflow.gating.event_values import Asked, values_in


def test_values_are_those_the_engine_gates_on(
    tmp_path: Path, write_tube: Callable[..., Path]
) -> None:
    tube = cf.read_fcs(write_tube(tmp_path / "a.fcs"))
    strategy = cf.read_gates("car_t_blood")
    [axis] = strategy.find("CAR+").dimensions
    low = strategy.find("CAR+").shape.low  # type: ignore[union-attr]  # an interval
    gated = cf.gate(tube, strategy, medians=[("CD3+", "CAR")])

    [linear] = values_in(tube, strategy, [Asked(population="CD3+", axes=(axis,))])[0]

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

    everything = Asked(population="", axes=(axis,))

    [whole] = values_in(tube, strategy, [everything])[0]
    [some] = values_in(tube, strategy, [everything], most_events=101)[0]

    assert (whole == tube.column("Time")).all()
    assert len(some) == 101
    assert some[[0, 50, 100]] == pytest.approx(whole[[0, (len(whole) - 1) // 2, -1]], abs=0.1)


def test_an_empty_population_has_no_values(tmp_path: Path, write_tube: Callable[..., Path]) -> None:
    tube = cf.read_fcs(write_tube(tmp_path / "a.fcs", car=0))
    strategy = cf.read_gates("car_t_blood")
    axes = strategy.find("singlets").dimensions

    [found] = values_in(tube, strategy, [Asked(population="CAR+/CD4+CD8+", axes=axes)])

    assert found.shape == (2, 0)


def test_several_questions_are_answered_in_one_pass_as_each_by_itself(
    tmp_path: Path, write_tube: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tube = cf.read_fcs(write_tube(tmp_path / "a.fcs"))
    strategy = cf.read_gates("car_t_blood")
    asked = [
        Asked(population=on, axes=strategy.find(name).dimensions)
        for on, name in (("CD3+", "CAR+"), ("", "singlets"), ("live", "CD45+"))
    ]
    alone = [values_in(tube, strategy, [one])[0] for one in asked]
    passes = []
    blocks = Acquisition.blocks

    def counted(self: Acquisition, names: list[str], *, events: int) -> Iterator[Block]:
        passes.append(names)
        return blocks(self, names, events=events)

    monkeypatch.setattr(Acquisition, "blocks", counted)
    together = values_in(tube, strategy, asked)

    assert len(passes) == 1
    for one, other in zip(alone, together, strict=True):
        assert one.tobytes() == other.tobytes()
