import pytest

from carflow.errors import GatesError
from carflow.gating.freezing import lineage, with_coordinates
from carflow.gating.lock import Coordinates
from carflow.gating.shapes import Interval, Quadrant, Rectangle
from carflow.gating.template import parse_template

STRATEGY = parse_template("""
format = 1
name = "t"
compensation = "none"
scales = { linear = { type = "linear" } }
markers = { CD3 = "linear", CAR = "linear", CD4 = "linear" }
[[population]]
name = "CD3+"
interval = { of = "CD3", low = 100 }
[[population]]
name = "CAR+"
parent = "CD3+"
interval = { of = "CAR", low = 100 }
[[population]]
name = "CAR-"
parent = "CD3+"
interval = { of = "CAR", high = 100 }
[[population]]
name = "CAR dim"
parent = "CD3+"
interval = { of = "CAR", low = 50, high = 100 }
[[population]]
name = "box"
rectangle = { CAR = [100, 900], CD3 = [100, inf] }
[[population]]
parent = "CD3+"
[population.quadrant]
x = "CD4"
y = "CAR"
x_divider = 100
y_divider = 100
names = { "++" = "a", "+-" = "b", "-+" = "c", "--" = "d" }
[[population]]
name = "neither"
boolean = { none_of = ["CAR+", "box"] }
""")


def test_every_gate_that_shares_the_bound_moves_with_it_and_no_other() -> None:
    moved = with_coordinates(STRATEGY, {"CAR+": Coordinates(low=250.0)})
    shapes = {one.name: one.shape for one in moved.populations}

    assert shapes["CAR+"] == Interval(low=250.0)
    assert shapes["CAR-"] == Interval(high=250.0)
    assert shapes["CAR dim"] == Interval(low=50.0, high=250.0)
    # the same number on another marker is another bound
    assert shapes["CD3+"] == Interval(low=100.0)
    assert shapes["box"] == Rectangle(lows=(250.0, 100.0), highs=(900.0, float("inf")))
    assert shapes["a"] == Quadrant(lows=(100.0, 250.0), highs=(float("inf"),) * 2)
    assert shapes["d"] == Quadrant(lows=(float("-inf"),) * 2, highs=(100.0, 250.0))


@pytest.mark.parametrize(
    ("name", "coordinates", "sentence"),
    [
        ("box", Coordinates(low=1.0), "its gate is no interval but of the kind rectangle"),
        (
            "CAR+",
            Coordinates(vertices=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))),
            "its gate is no polygon but of the kind interval",
        ),
        (
            "CAR dim",
            Coordinates(low=100.0),
            "CAR: the low bound would not be below the high",
        ),
    ],
)
def test_coordinates_of_another_kind_are_refused(
    name: str, coordinates: Coordinates, sentence: str
) -> None:
    with pytest.raises(GatesError) as raised:
        with_coordinates(STRATEGY, {name: coordinates})

    assert str(raised.value) == sentence


def test_a_lineage_holds_ancestors_and_what_a_boolean_needs() -> None:
    assert lineage(STRATEGY, ["CAR+"]).short_names() == ("CD3+", "CAR+")
    assert lineage(STRATEGY, ["neither"]).short_names() == ("CD3+", "CAR+", "box", "neither")
