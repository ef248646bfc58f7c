"""The linear values of some axes in one population of one tube, for estimating gates.

Membership is the engine's own; the values are those the engine would compare with a gate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carflow.gating.compensation import compensation
from carflow.gating.dyes import Dyes
from carflow.gating.engine import CHUNK_EVENTS, gate
from carflow.gating.freezing import lineage
from carflow.gating.rows import Rows
from carflow.gating.sources import Sources, dye_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carflow.gating.scales import Values
    from carflow.gating.sources import Source
    from carflow.gating.strategy import Dimension, Strategy
    from carflow.gating.tube import Tube

MOST_EVENTS = 200_000


def values_in(
    tube: Tube,
    strategy: Strategy,
    population: str,
    axes: Sequence[Dimension],
    *,
    most_events: int = MOST_EVENTS,
) -> Values:
    """Return the linear compensated values of a population's events, (k, n).

    Parameters
    ----------
    tube : Tube
        An acquisition, or anything with its events, names and matrix.
    strategy : Strategy
        The gates.
    population : str
        Whose events; "" for all events.
    axes : sequence of Dimension
        k axes.
    most_events : int
        Of more events than these, evenly spaced ones are taken.

    Raises
    ------
    AnalysisError, Problems
        If the tube lacks a marker.
    """
    sources = _sources(tube, strategy, axes)
    inside = np.arange(tube.n_events)
    if population:
        gated = gate(tube, lineage(strategy, [population]))
        inside = np.flatnonzero(gated.mask(population))
    if inside.size > most_events:
        inside = inside[np.linspace(0, inside.size - 1, most_events).astype(np.intp)]
    wanted = dict.fromkeys(channel for source in sources for channel in source.columns)
    # in the order of the file, as the engine reads them: the same sums to the last bit
    channels = [channel for channel in tube.panel.channels if channel in wanted]
    pieces = [np.empty((len(sources), 0))]
    pieces += _pieces(tube, channels, sources, inside)
    return np.concatenate(pieces, axis=1)


def _pieces(
    tube: Tube, channels: list[str], sources: Sequence[Source], inside: np.ndarray
) -> Iterator[Values]:
    dyes = Dyes(sources, channels)
    start = 0
    for block in tube.blocks(channels, events=CHUNK_EVENTS):
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
