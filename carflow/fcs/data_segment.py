"""`DataSegment`: where the events of a tube stand in its file, so that parts can be read alone.

Here is where they stand and what they become, once they are read; nothing is looked at.

Decision: only records of 32-bit floats, which are used as they are, but for the order of their
bytes. Everything else is widened or continued first, and comes in blocks, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carflow.fcs.block import Block
from carflow.fcs.decode import fill_records, record_block
from carflow.fcs.source import Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from io import FileIO
    from typing import Self

    from numpy.typing import NDArray

    from carflow.fcs.layout import Column, Layout


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DataSegment:
    """The n events of a data set, each a record of c floats of 32 bits.

    Parameters
    ----------
    snapshot : Snapshot
        The file as it was when it was opened.
    begin : int
        Where the first event stands in it [bytes].
    n_events : int
        Number of events.
    is_turned : bool
        Whether the bytes of a number stand in the other order than this machine's.
    block : Block
        A block of no events, which knows the wanted channels.
    """

    snapshot: Snapshot
    begin: int
    n_events: int
    is_turned: bool
    block: Block

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        layout: Layout,
        columns: Mapping[str, Column],
        *,
        begin: int,
        n_events: int,
    ) -> Self | None:
        """Return where events stand; None if they are no plain floats."""
        block = record_block(layout, columns)
        if block is None:
            return None
        return cls(
            snapshot=snapshot,
            begin=begin,
            n_events=n_events,
            is_turned=layout.is_turned,
            block=block,
        )

    def opened(self) -> AbstractContextManager[FileIO]:
        """Open the file, which every thread does for itself.

        Raises
        ------
        FcsError
            FCS-CHANGED if it is gone or was changed.
        """
        return self.snapshot.opened()

    @property
    def record_bytes(self) -> int:
        """Size of the record of one event."""
        return 4 * int(self.block.n_columns)

    def room(self, events: int) -> NDArray[np.float32]:
        """Return fresh memory for the records of some events, (events, c)."""
        return np.empty((events, self.block.n_columns), dtype=np.float32)

    def offset(self, event: int) -> int:
        """Return where an event begins in the file [bytes]."""
        return self.begin + event * self.record_bytes

    def read(self, stream: FileIO, start: int, into: NDArray[np.float32]) -> Block:
        """Return a block of the events from number `start` on.

        Parameters
        ----------
        into : (m, c) array of float32
            Receives their records, and stays the memory of the block.

        Raises
        ------
        FcsError
            FCS-CHANGED if the file ends before they do.
        """
        stream.seek(self.offset(start))
        fill_records(stream, into, is_turned=self.is_turned)
        return self.block.of_records(into)
