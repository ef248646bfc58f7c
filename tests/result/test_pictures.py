from collections.abc import Callable
from pathlib import Path

import pytest

from carflow.fcs.reader import read_fcs
from carflow.gating.engine import gate
from carflow.gating.template import parse_template
from carflow.result.pictures import gate_pictures
from carflow.result.sample import GatePicture

WriteTube = Callable[..., Path]

TEMPLATE = """
format = 1
name = "one picture"
compensation = "file"
[scales]
f = {{ type = "logicle", t = 262144, w = 0.5, m = 4.5, a = 0 }}
s = {{ type = "linear" }}
[markers]
CD3 = "f"
CAR = "f"
"FSC-A" = "s"
"SSC-A" = "s"
[[population]]
name = "cells"
rectangle = {{ "FSC-A" = [28000, inf], "SSC-A" = [-inf, 200000] }}
[[population]]
name = "CD3+"
parent = "cells"
interval = {{ of = "CD3", low = 1500 }}
[[population]]
name = "CAR+"
parent = "CD3+"
{car}
[[plot]]
population = "{shown}"
x = "{x}"
y = "{y}"
gate = "{gate}"
"""


@pytest.fixture
def picture(tmp_path: Path, write_tube: WriteTube) -> Callable[..., GatePicture]:
    def make(
        *,
        car: str = 'interval = { of = "CAR", low = 1000 }',
        shown: str = "cells",
        x: str = "CD3",
        y: str = "CAR",
        gated: str = "CAR+",
    ) -> GatePicture:
        text = TEMPLATE.format(car=car, shown=shown, x=x, y=y, gate=gated)
        strategy = parse_template(text)
        tube = read_fcs(write_tube(tmp_path / "tube.fcs"))
        (found,) = gate_pictures(gate(tube, strategy, densities=strategy.plots))
        return found

    return make


def test_the_outline_is_cut_by_the_gates_ancestors(picture: Callable[..., GatePicture]) -> None:
    found = picture()
    xs, ys = zip(*found.outline, strict=True)
    scale = parse_template(TEMPLATE.format(
        car='interval = { of = "CAR", low = 1000 }', shown="cells", x="CD3", y="CAR", gate="CAR+"
    )).dimension("CD3").scale  # fmt: skip

    import numpy as np

    cd3_low, car_low = scale.forward(np.array([1500.0, 1000.0]))
    assert min(xs) == pytest.approx(cd3_low)
    assert min(ys) == pytest.approx(car_low)
    assert max(xs) == found.x.high
    assert max(ys) == found.y.high


def test_exchanged_axes_exchange_the_outline(picture: Callable[..., GatePicture]) -> None:
    one, other = picture(), picture(x="CAR", y="CD3")

    assert {(y, x) for x, y in other.outline} == set(one.outline)


def test_a_polygon_is_drawn_as_it_is_and_cut_by_its_parent(
    picture: Callable[..., GatePicture],
) -> None:
    vertices = "[[100, 1000], [100000, 1000], [100000, 100000]]"
    car = f'polygon = {{ x = "CD3", y = "CAR", vertices = {vertices} }}'
    found = picture(car=car)

    # the triangle's left corner lies below the bound of CD3+, which cuts it off
    assert len(found.outline) == 4


def test_a_gate_on_other_markers_leaves_the_whole_plane(
    picture: Callable[..., GatePicture],
) -> None:
    found = picture(shown="", gated="cells")

    assert found.outline == (
        (found.x.low, found.y.low),
        (found.x.high, found.y.low),
        (found.x.high, found.y.high),
        (found.x.low, found.y.high),
    )


def test_counts_are_those_of_the_gate_and_its_parent(picture: Callable[..., GatePicture]) -> None:
    found = picture()

    assert (found.gate, found.gate_parent) == ("CAR+", "CD3+")
    # 400 single CAR+ cells, and the doublets that hold one of them
    assert 400 <= found.gate_count <= 460
    assert found.gate_count < found.gate_parent_count
    assert sum(found.counts) >= found.gate_parent_count
    assert len(found.counts) == found.bins**2


def test_decades_are_labelled_once_and_stay_inside_the_axis(
    picture: Callable[..., GatePicture],
) -> None:
    axis = picture().x
    labels = [tick.label for tick in axis.ticks if tick.label]

    assert {"0", "10³", "10⁴", "10⁵"} <= set(labels)
    assert len(labels) == len(set(labels))
    assert all(axis.low <= tick.position <= axis.high for tick in axis.ticks)


def test_a_linear_axis_has_round_values(picture: Callable[..., GatePicture]) -> None:
    axis = picture(shown="", x="FSC-A", y="SSC-A", gated="cells").x

    assert [tick.label for tick in axis.ticks][:3] == ["0", "50k", "100k"]
