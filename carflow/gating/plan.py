"""A strategy made ready for one tube: which columns to read, and what each gate asks of them.

Names become channels here, and nowhere else; after this step a gate can only meet the column
it was drawn on. All markers a tube lacks are reported in one sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.errors import AnalysisError, CarflowError, Problems
from carflow.gating.bounds import LinearBounds, linear_bounds
from carflow.gating.compensation import Compensation, CompensationState, compensation
from carflow.gating.dyes import Dyes
from carflow.gating.regions import Region, region
from carflow.gating.shapes import Boolean, Ellipsoid, Polygon
from carflow.gating.sources import Source, Sources, dye_of
from carflow.gating.strategy import Dimension, Population, Strategy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from carflow.gating.tube import Names, Tube

_WORTH_A_RASTER = 20_000  # events; below, a grid costs more than it saves


Test = tuple[LinearBounds, ...] | Region | Boolean


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One population: whose children it tests (-1: all events), and the test.

    `test` is one `LinearBounds` for each source, a polygon or ellipsoid, or a boolean of the
    populations numbered in `operands`; an empty one lets every event of the parent in. With
    `outside`, what the test leaves out is in.
    """

    parent: int
    sources: tuple[Source, ...]
    test: Test
    operands: tuple[int, ...] = ()
    outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the engine does with each chunk of one tube.

    Parameters
    ----------
    channels : tuple of str
        The columns to read, in the order of the file.
    judged : tuple of str
        Which of them decide whether an event is finite: those the gates and plots of the
        strategy use, so that asking for one more median never changes a count.
    dyes : Dyes
        How the gates' compensated values are made, all at once.
    nodes : tuple of Node
        In the order of the strategy's populations.
    sources : mapping of Dimension to Source
        Where each dimension's values come from in this tube.
    state, uncovered
        What became of compensation, and the channels that no matrix knows.
    time_channel : str, optional
        Read for its span; None where time is absent or not in seconds.
    skipped : frozenset of path
        Time gates that let every event in, because this tube's time cannot be used.
    """

    channels: tuple[str, ...]
    judged: tuple[str, ...]
    dyes: Dyes
    nodes: tuple[Node, ...]
    sources: dict[Dimension, Source]
    state: CompensationState
    uncovered: tuple[str, ...]
    time_channel: str | None
    skipped: frozenset[tuple[str, ...]] = frozenset()


def plan(tube: Tube, strategy: Strategy, extra: Iterable[Dimension] = ()) -> Plan:
    """Return what to do with a tube.

    Parameters
    ----------
    extra : iterable of Dimension
        Dimensions that are wanted besides those of the strategy, for medians and densities.

    Raises
    ------
    AnalysisError, Problems
        If a marker is missing or ambiguous, or a gate on time and another marker meets a tube
        without seconds.
    """
    skipped = _skipped(tube, strategy)
    gates = [one for one in strategy.populations if one.path not in skipped]
    needed = [axis for one in gates for axis in one.dimensions]
    needed += [axis for one in strategy.plots for axis in (one.x, one.y)]
    wanted = [*needed, *extra]
    channels = _channels(tube, tuple(dict.fromkeys(_names(wanted, strategy))))
    if strategy.time == "seconds":
        _check_time(tube, gates, channels)
    spill = _compensation(tube, strategy, wanted, channels)
    known = Sources(strategy, channels, spill)
    sources = {axis: known.of(axis) for axis in wanted}
    judged = {one for axis in needed for one in sources[axis].columns}
    read = {one for axis in wanted for one in sources[axis].columns}
    time_channel = tube.time_channel if tube.timestep_s is not None else None
    if time_channel is not None:
        read.add(time_channel)
    columns = tuple(channel for channel in tube.panel.channels if channel in read)
    return Plan(
        channels=columns,
        judged=tuple(channel for channel in columns if channel in judged),
        dyes=Dyes((sources[axis] for one in gates for axis in one.dimensions), columns),
        nodes=_nodes(strategy, sources, skipped, rastered=tube.n_events >= _WORTH_A_RASTER),
        sources=sources,
        state=_state(spill, wanted),
        uncovered=spill.uncovered,
        time_channel=time_channel,
        skipped=skipped,
    )


def _names(axes: Sequence[Dimension], strategy: Strategy) -> Iterator[str]:
    """Yield the names that must be channels of the tube; a dye's detectors for the dye."""
    for axis in axes:
        for name in axis.names:
            dye = dye_of(axis, name, strategy.matrices)
            if dye is None:
                yield name
            else:
                yield from (one for one, _ in strategy.matrices[axis.matrix].weights(dye))


def _compensation(
    tube: Tube, strategy: Strategy, axes: Sequence[Dimension], channels: Mapping[str, str]
) -> Compensation:
    """Return what the tube's own matrix does, and whom neither it nor a named matrix knows."""
    wanted = dict.fromkeys(
        channels[name]
        for axis in axes
        for name in axis.names
        if axis.compensated and dye_of(axis, name, strategy.matrices) is None
    )
    own = any(axis.compensated and not axis.matrix for axis in axes)
    if own or not wanted:
        asked = strategy.compensation == "file"
        return compensation(tube.spillover, tuple(wanted), asked=asked)
    return Compensation(weights={}, state=CompensationState.APPLIED, uncovered=tuple(wanted))


def _state(spill: Compensation, axes: Sequence[Dimension]) -> CompensationState:
    compensated = [axis for axis in axes if axis.compensated]
    if compensated and all(axis.matrix for axis in compensated):
        return CompensationState.APPLIED
    return spill.state


def _skipped(tube: Tube, strategy: Strategy) -> frozenset[tuple[str, ...]]:
    """Return the pure time gates where time cannot be used: they must not cost a percentage."""
    if strategy.time == "stored":
        return frozenset()
    if tube.time_channel is not None and tube.timestep_s is not None:
        return frozenset()
    return frozenset(
        one.path
        for one in strategy.populations
        if one.dimensions
        and all(_means_time(name, tube) for axis in one.dimensions for name in axis.names)
    )


def _means_time(name: str, tube: Tube) -> bool:
    if name.casefold() == "time":
        return True
    try:
        return tube.panel.channels[tube.panel.index(name)] == tube.time_channel
    except AnalysisError:
        return False


def _nodes(
    strategy: Strategy,
    sources: dict[Dimension, Source],
    skipped: frozenset[tuple[str, ...]],
    *,
    rastered: bool,
) -> tuple[Node, ...]:
    numbers = {population.path: i for i, population in enumerate(strategy.populations)}

    def node(one: Population) -> Node:
        parent = numbers[one.parent] if one.parent else -1
        if one.path in skipped:
            return Node(parent=parent, sources=(), test=())
        operands = one.shape.operands if isinstance(one.shape, Boolean) else ()
        return Node(
            parent=parent,
            sources=tuple(sources[axis] for axis in one.dimensions),
            test=_test(one, rastered=rastered),
            operands=tuple(numbers[strategy.find(other.population).path] for other in operands),
            outside=one.outside,
        )

    return tuple(node(one) for one in strategy.populations)


def _test(population: Population, *, rastered: bool) -> Test:
    shape, axes = population.shape, population.dimensions
    if isinstance(shape, Boolean):
        return shape
    if isinstance(shape, (Polygon, Ellipsoid)):
        finite = all(axis.ratio is None for axis in axes)
        return region(shape, tuple(axis.scale for axis in axes), rastered=rastered and finite)
    return tuple(
        linear_bounds(axis.scale, low, high)
        for axis, (low, high) in zip(axes, shape.bounds, strict=True)
    )


def _channels(tube: Tube, names: Sequence[str]) -> dict[str, str]:
    """Return the channel of each name, or report every name that has none."""
    channels: dict[str, str] = {}
    missing: list[str] = []
    problems: list[CarflowError] = []
    for name in names:
        try:
            channels[name] = tube.panel.channels[tube.panel.index(name)]
        except AnalysisError as error:
            if name.casefold() == "time" and tube.time_channel is not None:
                channels[name] = tube.time_channel
            elif error.code == "MARKER-MISSING":
                missing.append(name)
            else:
                problems.append(error)
    if missing:
        problems.insert(0, _missing(missing, tube.panel))
    if len(problems) > 1:
        raise Problems("markers", problems)
    if problems:
        raise problems[0]
    return channels


def _missing(names: Sequence[str], panel: Names) -> AnalysisError:
    present = ", ".join(
        f"{channel} ({marker})" if marker else channel
        for channel, marker in zip(panel.channels, panel.markers, strict=True)
    )
    return AnalysisError(
        f"the gates need {_listed(names)}, which this tube does not have",
        hint=f"it has: {present}",
        code="MARKER-MISSING",
    )


def _check_time(tube: Tube, gates: Sequence[Population], channels: Mapping[str, str]) -> None:
    if tube.timestep_s is not None or tube.time_channel is None:
        return
    for population in gates:
        names = {name for axis in population.dimensions for name in axis.names}
        if any(channels.get(name) == tube.time_channel for name in names):
            raise AnalysisError(
                f'the gate "{population.name}" is drawn in seconds, but this file does not say '
                "how long a tick of its time is ($TIMESTEP)",
                hint="use a gate on time alone, which is left out for such a tube",
                code="TIME-UNKNOWN",
            )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
