import dataclasses
import math

import pytest

from carflow.errors import GatesError, Problems
from carflow.gating.scales import Identity
from carflow.gating.shapes import Interval, Polygon
from carflow.gating.strategy import AssayLimits, Dimension, Plot, Population, Role, Strategy

AXIS = Dimension(name="CD3", scale=Identity(), compensated=True)


def population(*path: str, low: float = 0.0) -> Population:
    return Population(
        name=path[-1], path=path, shape=Interval(low=low), dimensions=(AXIS,), description=""
    )


def strategy(*populations: Population, **parts: object) -> Strategy:
    return Strategy(name="gates", populations=populations, **parts)  # type: ignore[arg-type]  # a test names any part


T_CELLS = (
    population("CD3+"),
    population("CD3+", "CD4+"),
    population("CD3+", "CAR+"),
    population("CD3+", "CAR+", "CD4+"),
)


def test_short_names_are_as_short_as_they_can_be() -> None:
    assert strategy(*T_CELLS).short_names() == ("CD3+", "CD3+/CD4+", "CAR+", "CAR+/CD4+")


@pytest.mark.parametrize("name", ["CAR+/CD4+", "CD3+/CAR+/CD4+"])
def test_any_unambiguous_ending_finds_a_population(name: str) -> None:
    assert strategy(*T_CELLS).find(name).path == ("CD3+", "CAR+", "CD4+")


def test_a_whole_path_wins_over_an_ending() -> None:
    tree = strategy(population("CD4+"), population("T"), population("T", "CD4+"))
    assert tree.find("CD4+").path == ("CD4+",)
    assert tree.short_names() == ("CD4+", "T", "T/CD4+")


def test_an_ambiguous_name_lists_the_choices() -> None:
    with pytest.raises(GatesError) as caught:
        strategy(*T_CELLS).find("CD4+")
    assert str(caught.value) == ('population "CD4+" is ambiguous (say which: CD3+/CD4+, CAR+/CD4+)')


def test_an_unknown_name_lists_what_is_defined() -> None:
    with pytest.raises(GatesError) as caught:
        strategy(*T_CELLS).find("CD8+")
    assert str(caught.value) == (
        'population "CD8+" is not defined (defined: CD3+, CD3+/CD4+, CAR+, CAR+/CD4+)'
    )


def test_parents_are_named_and_the_top_has_none() -> None:
    tree = strategy(*T_CELLS)
    assert [tree.parent_name(one) for one in tree.populations] == ["", "CD3+", "CD3+", "CAR+"]


def test_roles_lead_to_populations_or_to_none() -> None:
    tree = strategy(*T_CELLS, roles={Role.CAR_CD4: "CAR+/CD4+"})
    assert tree.role(Role.CAR_CD4) is tree.populations[3]
    assert tree.role(Role.BEADS) is None


def test_all_faults_of_a_tree_come_together() -> None:
    broken = dataclasses.replace(population("a/b"), dimensions=())
    with pytest.raises(Problems) as caught:
        strategy(population("x"), population("x"), population("y", "z"), broken)
    assert str(caught.value) == (
        "gates: 4 problems\n"
        '  population "x": defined 2 times among those without a parent\n'
        '  population "z": parent "y" is not defined before it\n'
        '  population "a/b": a name is not empty, has no "/", and is not "root"\n'
        '  population "a/b": its interval has 1 axes, but 0 are named'
    )


def test_a_strategy_without_populations_is_refused() -> None:
    with pytest.raises(GatesError) as caught:
        strategy()
    assert str(caught.value) == ("no population is defined (add at least one [[population]])")


def test_roles_and_plots_must_point_somewhere() -> None:
    plot = Plot(population="B", x=AXIS, y=AXIS, gate="C")
    with pytest.raises(Problems) as caught:
        strategy(population("A"), roles={Role.CD3: "T"}, plots=(plot,))
    assert str(caught.value) == (
        "gates: 3 problems\n"
        '  role "cd3": population "T" is not defined (defined: A)\n'
        '  plot 1: population "C" is not defined (defined: A)\n'
        '  plot 1: population "B" is not defined (defined: A)'
    )


def test_a_polygon_has_two_axes() -> None:
    shape = Polygon(vertices=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))
    with pytest.raises(GatesError) as caught:
        strategy(dataclasses.replace(population("p"), shape=shape))
    assert str(caught.value) == 'population "p": its polygon has 2 axes, but 1 are named'


def test_the_hash_follows_the_gates_to_the_last_bit() -> None:
    same = strategy(population("a", low=0.1)).sha256
    assert strategy(population("a", low=0.1)).sha256 == same
    assert strategy(population("a", low=math.nextafter(0.1, 1))).sha256 != same
    assert strategy(population("a", low=0.1), roles={Role.CD3: "a"}).sha256 != same


def test_a_dimension_is_found_by_its_name_used_or_not() -> None:
    other = Dimension(name="CAR", scale=Identity(), compensated=True)
    unused = Dimension(name="CD8", scale=Identity(), compensated=True)
    plot = Plot(population="", x=AXIS, y=other, gate="a")
    tree = strategy(population("a"), plots=(plot,), dimensions=(unused,))
    assert tree.dimension("CD8") is unused
    assert tree.dimension("CD3") is AXIS


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (
            {"lod_events": 60},
            "lod_events (60) must not be negative nor above lloq_events (50)",
        ),
        (
            {"required_sensitivity_pct": 0.0},
            "required_sensitivity_pct is 0; it lies in (0, 100]",
        ),
        ({"cv_assay": -0.1}, "cv_assay is -0.1; it must not be negative"),
    ],
)
def test_impossible_limits_are_refused(parts: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole sentence is compared below
        AssayLimits(**parts)  # type: ignore[arg-type]  # whole numbers where they must be
    assert str(caught.value) == sentence
