"""From a tube and a gating strategy to every population: one pass over the file.

Where there is compiled code (`surely`), it tells what is sure of the events, in parts of the file
that it reads itself (`carflow.fcs.data_segment`) or in blocks; the few events it is in doubt about
are gathered and gated by `tube_tally`, as all events are where there is none.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from carflow.compiled.loading import library
from carflow.gating.plan import plan
from carflow.gating.sure_tally import sure_tally
from carflow.gating.surely import FIRST_EVENTS
from carflow.gating.tube import InFile
from carflow.gating.tube_tally import tube_tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carflow.fcs.block import Block
    from carflow.fcs.data_segment import DataSegment
    from carflow.gating.gated import Gated
    from carflow.gating.strategy import Plot, Strategy
    from carflow.gating.sure_tally import SureTally
    from carflow.gating.surely import Worker
    from carflow.gating.tube import Tube
    from carflow.gating.tube_tally import TubeTally

CHUNK_EVENTS = 32_768  # fewer cost more calls; more leave the cache


def gate(
    tube: Tube,
    strategy: Strategy,
    *,
    masks: bool = True,
    medians: Sequence[tuple[str, str]] = (),
    densities: Sequence[Plot] = (),
    chunk_events: int = CHUNK_EVENTS,
) -> Gated:
    """Return the populations of a tube.

    Parameters
    ----------
    tube : Tube
        An `Acquisition`, or anything with its events, names and matrix.
    strategy : Strategy
        The gates.
    masks : bool
        Whether to keep one bit for each event and population.
    medians : sequence of (population, marker)
        Which medians of linear compensated values to take.
    densities : sequence of Plot
        Which two-dimensional histograms to take.
    chunk_events : int
        Events in memory at a time, rounded up to a multiple of eight; changes no answer.

    Raises
    ------
    AnalysisError, Problems
        If the tube lacks what the gates need; every missing marker is named.
    GatesError
        If a median or density is asked of a population or marker the gates do not know.
    """
    axes = [strategy.dimension(marker) for _, marker in medians]
    axes += chain.from_iterable((plot.x, plot.y) for plot in densities)
    steps = plan(tube, strategy, axes)
    tally = tube_tally(tube, strategy, steps, masks=masks, medians=medians, densities=densities)
    length = max(8, chunk_events + -chunk_events % 8)
    segment = None
    if isinstance(tube, InFile) and tube.n_events and library() is not None:
        segment = tube.data_segment(steps.channels)
    if segment is None or not _gate_file(segment, tally, length):
        _gate_blocks(tube.blocks(steps.channels, events=length), tally)
    return tally.gated(tube, strategy)


def _gate_file(segment: DataSegment, tally: TubeTally, length: int) -> bool:
    """Gate a whole file by compiled code, where it knows the gates; tell whether it does."""
    with segment.opened() as stream:
        first = segment.read(stream, 0, segment.room(min(FIRST_EVENTS, segment.n_events)))
    sure = sure_tally(tally, first)
    if sure is None:
        return False
    sure.add_segment(segment, length)
    sure.finish()
    return True


def _gate_blocks(blocks: Iterator[Block], tally: TubeTally) -> None:
    """Gate blocks in the order of the file, by compiled code where it knows them."""
    sure: SureTally | None = None
    worker: Worker | None = None
    start = 0
    for block in blocks:
        if start == 0 and (sure := sure_tally(tally, block)) is not None:
            worker = sure.worker()
        if sure is None or worker is None or block.records is None or start % 8:
            tally.add(block, start)
        else:
            sure.add(worker, block, start)
        start += block.n_events
    if sure is not None:
        sure.finish()
