"""A tube that counts its saturated events while they pass by on their way to the gates.

Only counting; every event goes on unchanged. Why not a second pass: reading is half of the
work of a large batch, and the columns worth watching are those the gates read anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from carflow.cleaning.events import saturated_count, top_of
from carflow.fcs.acquisition import Acquisition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carflow.fcs.block import Block
    from carflow.fcs.panel import Panel
    from carflow.fcs.spillover import Spillover


@dataclass(slots=True)
class SaturationWatch:
    """An `Acquisition` seen through a counter; gate it instead of the tube itself."""

    acquisition: Acquisition
    events_on_margin: dict[str, int] = field(default_factory=dict)

    @property
    def n_events(self) -> int:
        """All events of the file."""
        return self.acquisition.n_events

    @property
    def panel(self) -> Panel:
        """Its channels and markers."""
        return self.acquisition.panel

    @property
    def spillover(self) -> Spillover | None:
        """The file's own matrix."""
        return self.acquisition.spillover

    @property
    def time_channel(self) -> str | None:
        """The channel that holds time."""
        return self.acquisition.time_channel

    @property
    def timestep_s(self) -> float | None:
        """Seconds in one tick of time."""
        return self.acquisition.timestep_s

    def blocks(self, names: Sequence[str], *, events: int) -> Iterator[Block]:
        """Yield the acquisition's blocks, counting the events on each channel's upper margin."""
        places = {name: self.panel.index(name) for name in names}
        watched = {name: self.panel.channels[place] for name, place in places.items()}
        ranges = {name: self.acquisition.ranges[place] for name, place in places.items()}
        for block in self.acquisition.blocks(names, events=events):
            for name, channel in watched.items():
                count = self.events_on_margin.get(channel, 0)
                if not block.extremes(name)[1] < top_of(ranges[name]):
                    count += saturated_count(block.column(name), ranges[name])
                self.events_on_margin[channel] = count
            yield block

    def saturated_shares(self) -> dict[str, float]:
        """Return the share of events on the upper margin, 0 to 1, of every channel seen.

        Time has no upper end that matters and is left out.
        """
        return {
            channel: count / self.n_events
            for channel, count in self.events_on_margin.items()
            if channel != self.time_channel
        }
