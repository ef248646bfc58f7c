import math
from dataclasses import replace

import numpy as np
import pytest

from carflow.gating.cut_twins import CUT_SHIFTS, CutTwins, cut_twins
from carflow.gating.scales import Identity, Logicle, Scale
from carflow.gating.shapes import Interval, Polygon, Quadrant, Rectangle, Shape
from carflow.gating.strategy import Dimension, Population, Ratio, Role, Strategy
from carflow.reasons import Reason

LOGICLE = Logicle(t=262144, w=0.5, m=4.5, a=0)


def axis(name: str, scale: Scale = LOGICLE) -> Dimension:
    return Dimension(name=name, scale=scale, compensated=True)


def at(linear: float) -> float:
    return float(LOGICLE.forward(np.array([linear]))[0])


def gates(shape: Shape, *names: str, outside: bool = False) -> Strategy:
    cd3 = Population(
        name="CD3+", path=("CD3+",), shape=Interval(low=at(1500)), dimensions=(axis("CD3"),)
    )
    car = Population(
        name="CAR+",
        path=("CD3+", "CAR+"),
        shape=shape,
        dimensions=tuple(axis(name) for name in names),
        outside=outside,
    )
    return Strategy(name="g", populations=(cd3, car), roles={Role.CD3: "CD3+", Role.CAR: "CAR+"})


@pytest.mark.parametrize(
    ("shape", "names", "place"),
    [
        (Interval(low=at(1000)), ("CAR",), 0),
        (Rectangle(lows=(at(2000), at(1000)), highs=(math.inf, math.inf)), ("CD3", "CAR"), 1),
        (Quadrant(lows=(at(1000), -math.inf), highs=(math.inf, at(500))), ("CAR", "CD4"), 0),
    ],
)
def test_twins_differ_in_the_one_bound_by_a_tenth_of_a_decade(
    shape: Interval | Rectangle | Quadrant, names: tuple[str, ...], place: int
) -> None:
    strategy = gates(shape, *names)
    found = cut_twins(strategy, "CAR")

    assert isinstance(found, CutTwins)
    assert tuple(found.names) == CUT_SHIFTS
    for shift, name in found.names.items():
        twin = found.strategy.find(name)
        assert twin.parent == ("CD3+",)
        assert isinstance(twin.shape, Interval | Rectangle | Quadrant)
        low = LOGICLE.inverse(np.array([twin.shape.bounds[place][0]]))[0]
        assert low == pytest.approx(1000 * 10**shift, rel=1e-6)
        for other, bounds in enumerate(shape.bounds):
            same = bounds if other != place else (twin.shape.bounds[place][0], bounds[1])
            assert twin.shape.bounds[other] == same
    assert found.strategy.short_names()[:2] == strategy.short_names()


@pytest.mark.parametrize(
    ("strategy", "reason"),
    [
        (gates(Polygon(vertices=((0, 0), (1, 0), (1, 1))), "CD3", "CAR"), Reason.NO_CUT),
        (gates(Interval(low=at(1000)), "CAR", outside=True), Reason.NO_CUT),
        (gates(Interval(high=at(1000)), "CAR"), Reason.NO_CUT),
        (gates(Interval(low=at(1000), high=at(1200)), "CAR"), Reason.NO_CUT),
        (gates(Interval(low=at(1000)), "CD4"), Reason.NO_CUT),
        (gates(Interval(low=at(-200)), "CAR"), Reason.CUT_NOT_POSITIVE),
        (replace(gates(Interval(low=at(9)), "CAR"), roles={}), Reason.NO_POPULATION),
    ],
)
def test_a_gate_that_is_no_plain_cut_says_why(strategy: Strategy, reason: Reason) -> None:
    assert cut_twins(strategy, "CAR") is reason


def test_a_ratio_has_no_decade_of_intensity() -> None:
    ratio = Dimension(
        name="CAR", scale=Identity(), compensated=True, ratio=Ratio(numerator="A", denominator="B")
    )
    car = Population(name="CAR+", path=("CAR+",), shape=Interval(low=2.0), dimensions=(ratio,))
    strategy = Strategy(name="g", populations=(car,), roles={Role.CAR: "CAR+"})

    assert cut_twins(strategy, "CAR") is Reason.NO_CUT


def test_a_twin_takes_no_name_that_is_taken() -> None:
    strategy = gates(Interval(low=at(1000)), "CAR")
    taken = replace(strategy.populations[0], name="CAR+, cut -0.1 decade")
    taken = replace(taken, path=("CAR+, cut -0.1 decade",))
    found = cut_twins(replace(strategy, populations=(*strategy.populations, taken)), "CAR")

    assert isinstance(found, CutTwins)
    assert found.names[-0.1] == "CAR+, cut -0.1 decade'"
