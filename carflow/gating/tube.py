"""What the engine asks of a tube: the least an `carflow.fcs.acquisition.Acquisition` offers.

Anything with these members can be gated: an FCS file, or arrays in a test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from carflow.fcs.block import Block
    from carflow.fcs.data_segment import DataSegment


class Names(Protocol):
    """The channels ($PnN) and markers ($PnS, "" where absent) of a tube."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The $PnN."""
        ...

    @property
    def markers(self) -> tuple[str, ...]:
        """The $PnS, "" where absent."""
        ...

    def index(self, name: str) -> int:
        """Return the number of a channel; AnalysisError if it is missing or ambiguous."""
        ...


class Spill(Protocol):
    """A spillover matrix: row i is what dye i gives to each detector."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels of its rows and columns."""
        ...

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Square, (k, k)."""
        ...

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        ...


class Tube(Protocol):
    """Events in chunks, with their names."""

    @property
    def n_events(self) -> int:
        """All events of the file."""
        ...

    @property
    def panel(self) -> Names:
        """Its channels and markers."""
        ...

    @property
    def spillover(self) -> Spill | None:
        """The file's own matrix."""
        ...

    @property
    def time_channel(self) -> str | None:
        """The channel that holds time."""
        ...

    @property
    def timestep_s(self) -> float | None:
        """Seconds in one tick of time; None where unknown (time is then in ticks)."""
        ...

    def blocks(self, names: Sequence[str], *, events: int) -> Iterator[Block]:
        """Yield blocks of scale values that know channels by these names.

        All hold `events` events but for the last; memory may be used again for the next one.
        """
        ...


@runtime_checkable
class InFile(Protocol):
    """What a tube may offer beside: parts of its file, to be read in any order."""

    def data_segment(self, names: Sequence[str]) -> DataSegment | None:
        """Return where the events stand; None where they are no records of plain floats."""
        ...
