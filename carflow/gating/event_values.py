"""The linear values of some axes in one population of one tube, for estimating gates.

Membership is the engine's own; the values are those the engine would compare with a gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carflow.fcs.block import Block
from carflow.gating.compensation import compensation
from carflow.gating.dyes import Dyes
from carflow.gating.engine import CHUNK_EVENTS, gate
from carflow.gating.freezing import lineage
from carflow.gating.rows import Rows
from carflow.gating.sources import Sources, dye_of
from carflow.gating.strategy import Dimension

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carflow.gating.scales import Values
    from carflow.gating.sources import Source
    from carflow.gating.strategy import Strategy
    from carflow.gating.tube import Names, Spill, Tube

MOST_EVENTS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose values are wanted, "" for all events, and on which k axes."""

    population: str
    axes: tuple[Dimension, ...]


def values_in(
    tube: Tube, strategy: Strategy, asked: Sequence[Asked], *, most_events: int = MOST_EVENTS
) -> list[Values]:
    """Return the linear compensated values of the events of some populations, in one pass.

    Parameters
    ----------
    tube : Tube
        An acquisition, or anything with its events, names and matrix.
    strategy : Strategy
        The gates.
    asked : sequence of Asked
        What is wanted.
    most_events : int
        Of more events than these, evenly spaced ones are taken.

    Returns
    -------
    list of (k, n) arrays
        One for each that was asked.

    Raises
    ------
    AnalysisError, Problems
        If the tube lacks a marker.
    """
    sources = [_sources(tube, strategy, one.axes) for one in asked]
    wanted = {column for some in sources for source in some for column in source.columns}
    passing = _Passing(tube, [one for one in tube.panel.channels if one in wanted])
    populations = [one.population for one in asked if one.population]
    gated = gate(passing, lineage(strategy, populations)) if populations else None
    if gated is None:
        passing.pass_by()
    found = []
    for one, some in zip(asked, sources, strict=True):
        inside = np.arange(tube.n_events)
        if gated is not None and one.population:
            inside = np.flatnonzero(gated.mask(one.population))
        if inside.size > most_events:
            inside = inside[np.linspace(0, inside.size - 1, most_events).astype(np.intp)]
        pieces = [np.empty((len(some), 0)), *_pieces(passing, some, inside)]
        found.append(np.concatenate(pieces, axis=1))
    return found


class _Passing:
    """A tube of which some channels are kept while its events pass on their way to the gates.

    They are as many values as the file has events, of the few channels that are asked for, for
    as long as one tube is looked at.
    """

    __slots__ = ("_tube", "kept", "wanted")

    def __init__(self, tube: Tube, wanted: Sequence[str]) -> None:
        self._tube = tube
        self.wanted = tuple(wanted)
        self.kept: list[Block] = []

    @property
    def n_events(self) -> int:
        """All events."""
        return self._tube.n_events

    @property
    def panel(self) -> Names:
        """Its channels and markers."""
        return self._tube.panel

    @property
    def spillover(self) -> Spill | None:
        """The file's own matrix."""
        return self._tube.spillover

    @property
    def time_channel(self) -> str | None:
        """The channel that holds time."""
        return self._tube.time_channel

    @property
    def timestep_s(self) -> float | None:
        """Seconds in one tick of time."""
        return self._tube.timestep_s

    def blocks(self, names: Sequence[str], *, events: int) -> Iterator[Block]:
        """Yield the blocks of the tube, and keep the wanted channels of each."""
        places = {channel: place for place, channel in enumerate(self.wanted)}
        for block in self._tube.blocks(list(dict.fromkeys((*names, *self.wanted))), events=events):
            table = np.array([block.column(channel) for channel in self.wanted])
            self.kept.append(Block(table, places))
            yield block

    def pass_by(self) -> None:
        """Let all events pass without a gate."""
        for _ in self.blocks([], events=CHUNK_EVENTS):
            pass


def _pieces(passing: _Passing, sources: Sequence[Source], inside: np.ndarray) -> Iterator[Values]:
    dyes = Dyes(sources, passing.wanted)
    start = 0
    for block in passing.kept:
        first, last = np.searchsorted(inside, (start, start + block.n_events))
        rows = Rows(block, dyes, numbers=inside[first:last] - start)
        yield np.stack([np.asarray(rows.linear(one), dtype=np.float64) for one in sources])
        start += block.n_events


def _sources(tube: Tube, strategy: Strategy, axes: Sequence[Dimension]) -> list[Source]:
    names = dict.fromkeys(name for axis in axes for name in axis.names)
    dyes = {
        name: dye
        for axis in axes
        for name in axis.names
        if (dye := dye_of(axis, name, strategy.matrices)) is not None
    }
    names |= dict.fromkeys(
        detector
        for axis in axes
        if axis.matrix
        for dye in dyes.values()
        for detector, _ in strategy.matrices[axis.matrix].weights(dye)
    )
    channels = {
        name: tube.panel.channels[tube.panel.index(name)] for name in names if name not in dyes
    }
    wanted = [channels[n] for a in axes for n in a.names if a.compensated and n in channels]
    spill = compensation(tube.spillover, wanted, asked=strategy.compensation == "file")
    known = Sources(strategy, channels, spill)
    return [known.of(axis) for axis in axes]
