"""A strategy made ready for one tube: which columns to read, and what each gate asks of them.

Names become channels here, and nowhere else; after this step a gate can only meet the column
it was drawn on. All markers a tube lacks are reported in one sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.errors import AnalysisError, CarflowError, Problems
from carflow.gating.bounds import LinearBounds, linear_bounds
from carflow.gating.compensation import Compensation, compensation
from carflow.gating.scales import Scale
from carflow.gating.shapes import Polygon
from carflow.gating.strategy import Dimension, Population, Strategy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carflow.gating.tube import Names, Tube


@dataclass(frozen=True, slots=True)
class Source:
    """Where a dimension's linear values come from."""

    channel: str
    compensated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One population: whose children it tests (-1: all events), and the test.

    `test` is one `LinearBounds` for each source, or a polygon with the scales of its axes; an
    empty one lets every event of the parent in.
    """

    parent: int
    sources: tuple[Source, ...]
    scales: tuple[Scale, ...]
    test: tuple[LinearBounds, ...] | Polygon


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the engine does with each chunk of one tube.

    Parameters
    ----------
    channels : tuple of str
        The columns to read, in the order of the file.
    judged : tuple of int
        Which of them decide whether an event is finite: those the gates and plots of the
        strategy use, so that asking for one more median never changes a count.
    nodes : tuple of Node
        In the order of the strategy's populations.
    sources : mapping of Dimension to Source
        Where each dimension's values come from in this tube.
    time_channel : str, optional
        Read for its span; None where time is absent or not in seconds.
    skipped : frozenset of path
        Time gates that let every event in, because this tube's time cannot be used.
    """

    channels: tuple[str, ...]
    judged: tuple[int, ...]
    nodes: tuple[Node, ...]
    sources: dict[Dimension, Source]
    compensation: Compensation
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
    channels = _channels(tube, tuple(dict.fromkeys(axis.name for axis in wanted)))
    _check_time(tube, gates, channels)
    sources = {axis: Source(channels[axis.name], axis.compensated) for axis in wanted}
    to_compensate = dict.fromkeys(one.channel for one in sources.values() if one.compensated)
    spill = compensation(
        tube.spillover, tuple(to_compensate), asked=strategy.compensation == "file"
    )
    judged = {one for axis in needed for one in _columns(sources[axis], spill)}
    read = {one for axis in wanted for one in _columns(sources[axis], spill)}
    time_channel = tube.time_channel if tube.timestep_s is not None else None
    if time_channel is not None:
        read.add(time_channel)
    columns = tuple(channel for channel in tube.panel.channels if channel in read)
    return Plan(
        channels=columns,
        judged=tuple(i for i, channel in enumerate(columns) if channel in judged),
        nodes=_nodes(strategy.populations, sources, skipped),
        sources=sources,
        compensation=spill,
        time_channel=time_channel,
        skipped=skipped,
    )


def _skipped(tube: Tube, strategy: Strategy) -> frozenset[tuple[str, ...]]:
    """Return the pure time gates where time cannot be used: they must not cost a percentage."""
    if tube.time_channel is not None and tube.timestep_s is not None:
        return frozenset()
    return frozenset(
        one.path
        for one in strategy.populations
        if all(_means_time(axis.name, tube) for axis in one.dimensions)
    )


def _means_time(name: str, tube: Tube) -> bool:
    if name.casefold() == "time":
        return True
    try:
        return tube.panel.channels[tube.panel.index(name)] == tube.time_channel
    except AnalysisError:
        return False


def _columns(source: Source, spill: Compensation) -> tuple[str, ...]:
    return spill.detectors(source.channel) if source.compensated else (source.channel,)


def _nodes(
    populations: tuple[Population, ...],
    sources: dict[Dimension, Source],
    skipped: frozenset[tuple[str, ...]],
) -> tuple[Node, ...]:
    numbers = {population.path: i for i, population in enumerate(populations)}
    return tuple(
        Node(
            parent=numbers[one.parent] if one.parent else -1,
            sources=() if one.path in skipped else tuple(sources[axis] for axis in one.dimensions),
            scales=tuple(axis.scale for axis in one.dimensions),
            test=() if one.path in skipped else _test(one),
        )
        for one in populations
    )


def _test(population: Population) -> tuple[LinearBounds, ...] | Polygon:
    shape = population.shape
    if isinstance(shape, Polygon):
        return shape
    return tuple(
        linear_bounds(axis.scale, low, high)
        for axis, (low, high) in zip(population.dimensions, shape.bounds, strict=True)
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


def _check_time(tube: Tube, gates: Sequence[Population], channels: dict[str, str]) -> None:
    if tube.timestep_s is not None:
        return
    for population in gates:
        if any(channels[axis.name] == tube.time_channel for axis in population.dimensions):
            raise AnalysisError(
                f'the gate "{population.name}" is drawn in seconds, but this file does not say '
                "how long a tick of its time is ($TIMESTEP)",
                hint="use a gate on time alone, which is left out for such a tube",
                code="TIME-UNKNOWN",
            )


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
