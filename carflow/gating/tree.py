"""A strategy drawn as a tree of text, each gate in words with linear coordinates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from carflow.gating.shapes import Boolean, Ellipsoid, Polygon

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from carflow.gating.strategy import Dimension, Population, Strategy

_MATRIX = {"file": "with the matrix of each file", "none": "without compensation"}


def tree_text(strategy: Strategy, counts: Mapping[str, int] | None = None) -> str:
    """Return the tree for a terminal, with the roles and, where given, the counts.

    Parameters
    ----------
    strategy : Strategy
        The gates.
    counts : mapping of str to int, optional
        Events by short name, as in `Gated.counts`.

    Examples
    --------
    >>> from carflow.gating.scales import Identity
    >>> from carflow.gating.shapes import Interval
    >>> from carflow.gating.strategy import Dimension, Population, Role, Strategy
    >>> axis = Dimension(name="Time", scale=Identity(), compensated=False)
    >>> late = Population(
    ...     name="late", path=("late",), shape=Interval(low=1.0), dimensions=(axis,)
    ... )
    >>> strategy = Strategy(name="example", populations=(late,), roles={Role.TIME: "late"})
    >>> print(tree_text(strategy, {"late": 120}))
    example, with the matrix of each file
    └── late  Time ≥ 1  120  [time]
    """
    panel = f", panel {strategy.panel_id}" if strategy.panel_id else ""
    heading = f"{strategy.name}{panel}, {_matrix_words(strategy)}"
    drawn = list(_branches(strategy.populations, ()))
    width = max(len(branch) + len(one.name) for branch, one in drawn)
    lines = []
    for branch, population in drawn:
        parts = [f"{branch}{population.name}".ljust(width), gate_words(population)]
        if counts is not None:
            parts.append(f"{counts[strategy.short_name(population)]:,}")
        roles = [role for role, name in strategy.roles.items() if strategy.find(name) is population]
        if roles:
            parts.append(f"[{', '.join(roles)}]")
        lines.append("  ".join(parts).rstrip())
    return "\n".join((heading, *lines))


def _matrix_words(strategy: Strategy) -> str:
    """Return where the matrices of the compensated axes come from."""
    axes = [axis for one in strategy.populations for axis in one.dimensions if axis.compensated]
    named = ", ".join(dict.fromkeys(axis.matrix for axis in axes if axis.matrix))
    if not named:
        return _MATRIX[strategy.compensation]
    both = not all(axis.matrix for axis in axes)
    own = f"{_MATRIX[strategy.compensation]} and " if both else "with "
    return f"{own}the matrix {named} of the gates"


def gate_words(population: Population) -> str:
    """Return a gate in words, in linear coordinates.

    Examples
    --------
    >>> from carflow.gating.scales import Identity
    >>> from carflow.gating.shapes import Rectangle
    >>> from carflow.gating.strategy import Dimension, Population
    >>> axis = Dimension(name="FSC-A", scale=Identity(), compensated=False)
    >>> shape = Rectangle(lows=(20000.0,), highs=(250000.0,))
    >>> gate_words(Population(name="cells", path=("cells",), shape=shape, dimensions=(axis,)))
    'FSC-A 20000 to 250000'
    """
    words = _shape_words(population)
    return f"outside of {words}" if population.outside else words


def _shape_words(population: Population) -> str:
    shape = population.shape
    names = " and ".join(axis.name for axis in population.dimensions)
    if isinstance(shape, Polygon):
        return f"polygon of {names}, {len(shape.vertices)} corners"
    if isinstance(shape, Ellipsoid):
        return f"ellipse of {names}" if len(shape.mean) == 2 else f"ellipsoid of {names}"
    if isinstance(shape, Boolean):
        joint = " or " if shape.operation == "or" else " and "
        parts = [f"{'not ' * one.outside}{one.population}" for one in shape.operands]
        return f"not ({parts[0]})" if shape.operation == "not" else joint.join(parts)
    sides = zip(population.dimensions, shape.bounds, strict=True)
    return ", ".join(_side(axis, low, high) for axis, (low, high) in sides)


def _side(axis: Dimension, low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return f"{axis.name} any"
    if math.isinf(high):
        return f"{axis.name} ≥ {_linear(axis, low)}"
    if math.isinf(low):
        return f"{axis.name} < {_linear(axis, high)}"
    return f"{axis.name} {_linear(axis, low)} to {_linear(axis, high)}"


def _linear(axis: Dimension, place: float) -> str:
    return f"{float(axis.scale.inverse(np.array([place]))[0]):.6g}"


def _branches(
    populations: tuple[Population, ...], parent: tuple[str, ...], indent: str = ""
) -> Iterator[tuple[str, Population]]:
    children = [one for one in populations if one.parent == parent]
    for child in children:
        last = child is children[-1]
        yield f"{indent}{'└── ' if last else '├── '}", child
        below = f"{indent}{'    ' if last else '│   '}"
        yield from _branches(populations, child.path, below)
