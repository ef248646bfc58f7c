"""What compiled code is sure of in a whole tube; events in doubt are left to a `TubeTally`.

Here a tube is shared out to threads and what they find is put together; no event is tested.

Decisions
---------
* Two threads, where there are two processors: more wait for each other's memory. Who gates
  from a thread of their own has work for the other processors, and gets no second one.
* A thread takes the next part of the file when it has done with one, so that none waits for the
  other. Which thread takes which part changes nothing: counts are added, bits have their places,
  and values are gathered whole.
"""

from __future__ import annotations

import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from carflow.fcs.side_threads import processors, side_by_side
from carflow.gating.rows import Rows
from carflow.gating.surely import Surely
from carflow.gating.surely_tables import UnknownTestError
from carflow.gating.tube_tally import ALL

if TYPE_CHECKING:
    from io import FileIO

    from numpy.typing import NDArray

    from carflow.fcs.block import Block, Stored
    from carflow.fcs.data_segment import DataSegment
    from carflow.gating.surely import Decided, Worker
    from carflow.gating.tube_tally import TubeTally

_MOST_LEFT = 65_536  # events in doubt that are kept before they are gated


class SureTally:
    """What surely is in each population of a tube, and the events in doubt.

    Parameters
    ----------
    tally : TubeTally
        Where everything is gathered in the end.
    block : Block
        The first events of the tube.

    Raises
    ------
    UnknownTestError
        If compiled code cannot tell anything of this tube.
    """

    def __init__(self, tally: TubeTally, block: Block) -> None:
        self._tally, self._block = tally, block
        self._drawn = sorted(tally.drawn - {ALL})
        self._left: list[tuple[int, NDArray[np.uint32], NDArray[np.float32]]] = []
        self._lock = threading.Lock()
        self._surely = Surely(
            tally.steps,
            block,
            self._drawn if tally.packed is None else range(len(tally.counts)),
            packed=tally.packed,
            time_node=None if tally.gate_span is None else tally.gate_span[0],
        )

    def worker(self) -> Worker:
        """Return what one thread needs to gate."""
        return self._surely.worker()

    def add(self, worker: Worker, block: Block, start: int) -> None:
        """Gate one block, which begins at an event of the file."""
        found = worker.decided(block, start)
        if self._tally.drawn:
            with self._lock:
                self._tally.add_drawn(self._rows(block, found).__getitem__)
        self._leave(found, start)
        if found.has_many_doubts:
            self._widen(block)

    def add_segment(self, segment: DataSegment, events: int) -> None:
        """Gate all events of a file; a thread takes so many of them at a time.

        Raises
        ------
        FcsError
            FCS-CHANGED if the file changed since it was opened.
        """
        starts: deque[int | None] = deque(range(0, segment.n_events, events))
        is_shared = len(starts) > 1 and _has_processors_left()
        starts.extend((None, None))
        take = partial(self._take, segment, starts, events)
        side_by_side([take, take] if is_shared else [take])

    def finish(self) -> None:
        """Gate the events in doubt that are left, and add the counts and the times."""
        self._decide()
        for number, count in enumerate(self._surely.counts.tolist()):
            self._tally.counts[number] += count
        gate_span = self._tally.gate_span
        spans = self._tally.span, None if gate_span is None else gate_span[1]
        for times, span in zip(self._surely.spans, spans, strict=True):
            if span is not None:
                span.add_times(self._scaled(times))

    def _take(self, segment: DataSegment, starts: deque[int | None], events: int) -> None:
        """Gate parts of a file that no other thread has taken, until there is none."""
        worker, room = self._surely.worker(), segment.room(events)
        try:
            with segment.opened() as stream:
                for start in iter(starts.popleft, None):
                    part = room[: segment.n_events - start]
                    self._add_part(worker, segment, stream, start, part)
        except BaseException:
            starts.extendleft((None, None))  # for the other thread, too
            raise

    def _add_part(
        self,
        worker: Worker,
        segment: DataSegment,
        stream: FileIO,
        start: int,
        room: NDArray[np.float32],
    ) -> None:
        """Gate as many events of a file as there is room for."""
        n_read = 0
        if not self._tally.drawn:
            found = worker.read(stream.fileno(), segment, start, len(room))
            n_read = found.n_events
            self._leave(found, start)
            if found.has_many_doubts:
                self._widen(segment.read(stream, start, room[:n_read]))
        if n_read < len(room):
            block = segment.read(stream, start + n_read, room[n_read:])
            self.add(worker, block, start + n_read)

    def _widen(self, block: Block) -> None:
        with self._lock:
            self._surely.widen(block)

    def _rows(self, block: Block, found: Decided) -> dict[int, Rows]:
        """Return rows of the populations whose values are gathered, each picked out of another."""
        steps, sure = self._tally.steps, None
        if found.doubtful.size and ALL in self._tally.drawn:
            sure = np.delete(np.arange(block.n_events), found.doubtful)
        rows = {ALL: Rows(block, steps.dyes, numbers=sure)}
        for number in self._drawn:
            above = steps.nodes[number].parent
            while above not in rows:
                above = steps.nodes[above].parent
            members = np.unpackbits(found.bits[number], count=block.n_events).view(np.bool_)
            numbers = rows[above].numbers
            rows[number] = rows[above].narrowed(members if numbers is None else members[numbers])
        return rows

    def _leave(self, found: Decided, start: int) -> None:
        """Keep the events in doubt; the block they are of begins at an event of the file."""
        if not found.doubtful.size:
            return
        with self._lock:
            self._left.append((start, found.doubtful.copy(), found.records.copy()))
            if sum(len(doubtful) for _, doubtful, _ in self._left) >= _MOST_LEFT:
                self._decide()

    def _decide(self) -> None:
        """Gate the events in doubt, in the order of the file."""
        left, self._left = sorted(self._left, key=lambda one: one[0]), []
        if left:
            numbers = [doubtful.astype(np.intp) + start for start, doubtful, _ in left]
            records = np.concatenate([records for _, _, records in left])
            self._tally.add(self._block.of_records(records), np.concatenate(numbers))

    def _scaled(self, times: NDArray[np.float32]) -> Stored:
        """Return times as stored as scale values."""
        channel = self._tally.steps.time_channel
        found = None if channel is None else self._block.stored(channel)
        if channel is None or found is None:
            return times
        records = np.zeros((len(times), found[0] + 1), dtype=np.float32)
        records[:, found[0]] = times
        return self._block.of_records(records).column(channel)


def sure_tally(tally: TubeTally, block: Block) -> SureTally | None:
    """Return what tells what is sure of a tube that begins so; None where nothing can."""
    try:
        return SureTally(tally, block)
    except UnknownTestError:
        return None


def _has_processors_left() -> bool:
    return processors() > 1 and threading.current_thread() is threading.main_thread()
