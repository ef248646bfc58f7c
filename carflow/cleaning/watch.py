"""A tube that is looked at while it passes by on its way to the gates.

Three things are kept: how many events lie on the upper margin of a channel, the course of the
signals through time, and a few ten thousand drawn events. Only looking; every event goes on
unchanged.

Why not a second pass: reading and scaling the values is half of the work of a large batch.
Channels that the gates do not need are read along in the same pass, because a disturbed
acquisition may show in any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from carflow.cleaning.drawn import Draw, DrawnEvents
from carflow.cleaning.events import saturated_count, top_of
from carflow.cleaning.rank_moments import judged_channels
from carflow.cleaning.time_record import TimeRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carflow.cleaning.stability import Stability
    from carflow.fcs.block import Block
    from carflow.fcs.panel import Panel
    from carflow.fcs.spillover import Spillover

CHUNK_EVENTS = 32_768


class Passing(Protocol):
    """What is asked of a tube: an `Acquisition`, or one without some of its events."""

    @property
    def n_events(self) -> int:
        """All events."""

    @property
    def panel(self) -> Panel:
        """Its channels and markers."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Its channels."""

    @property
    def ranges(self) -> tuple[float, ...]:
        """The upper end of each channel."""

    @property
    def spillover(self) -> Spillover | None:
        """The file's own matrix."""

    @property
    def time_channel(self) -> str | None:
        """The channel that holds time."""

    @property
    def timestep_s(self) -> float | None:
        """Seconds in one tick of time."""

    def blocks(self, names: Sequence[str], *, events: int) -> Iterator[Block]:
        """Yield blocks of scale values."""


@dataclass(slots=True)
class WatchedTube:
    """A tube seen through a watch; gate it instead of the tube itself.

    Examples
    --------
    >>> import carflow as cf
    >>> watched = WatchedTube(cf.read_fcs("day07.fcs"))                      # doctest: +SKIP
    >>> gated = cf.gate(watched, cf.read_gates("car_t_blood"))               # doctest: +SKIP
    >>> watched.stability().removed_pct                                      # doctest: +SKIP
    0.0
    """

    tube: Passing
    events_on_margin: dict[str, int] = field(default_factory=dict)
    _record: TimeRecord | None = None
    _draw: Draw | None = None
    _read: tuple[str, ...] = ()

    @property
    def n_events(self) -> int:
        """All events of the tube."""
        return self.tube.n_events

    @property
    def panel(self) -> Panel:
        """Its channels and markers."""
        return self.tube.panel

    @property
    def spillover(self) -> Spillover | None:
        """The file's own matrix."""
        return self.tube.spillover

    @property
    def time_channel(self) -> str | None:
        """The channel that holds time."""
        return self.tube.time_channel

    @property
    def timestep_s(self) -> float | None:
        """Seconds in one tick of time."""
        return self.tube.timestep_s

    def blocks(self, names: Sequence[str], *, events: int) -> Iterator[Block]:
        """Yield the tube's blocks, looking at each; they know more channels than were asked for."""
        wanted = {name: self.panel.channels[self.panel.index(name)] for name in names}
        ranges = {name: self.tube.ranges[self.panel.index(name)] for name in names}
        followed, clock = self._light(), self.time_channel
        self._read = tuple(
            dict.fromkeys((*wanted.values(), *followed, *([clock] if clock else [])))
        )
        record = TimeRecord(
            self.n_events,
            followed,
            has_time=clock is not None,
            in_seconds=self.timestep_s is not None,
        )
        draw = Draw(self.n_events, self._read)
        counts = dict.fromkeys(wanted, 0)
        for block in self.tube.blocks(tuple(dict.fromkeys((*names, *self._read))), events=events):
            for name, range_max in ranges.items():
                if not block.extremes(name)[1] < top_of(range_max):
                    counts[name] += saturated_count(block.column(name), range_max)
            record.add_block(block, clock)
            draw.add(block)
            yield block
        self._record, self._draw = record, draw
        self.events_on_margin = {wanted[name]: count for name, count in counts.items()}

    def pass_by(self) -> None:
        """Let the whole tube pass where no gates ask for its events; every light is looked at."""
        for _ in self.blocks(self._light(), events=CHUNK_EVENTS):
            pass

    def _light(self) -> tuple[str, ...]:
        """Return the channels worth following; a name that stands twice means none."""
        names = self.tube.channels
        judged = judged_channels(names, time_channel=self.time_channel)
        return tuple(one for one in judged if names.count(one) == 1)

    def stability(self) -> Stability:
        """Return the course of the tube through time, once it has passed.

        Raises
        ------
        ValueError
            If it has not.
        """
        if self._record is None:
            raise ValueError("the tube has not passed yet")
        return self._record.stability()

    def drawn(self) -> DrawnEvents:
        """Return the events that were drawn, once the tube has passed.

        Raises
        ------
        ValueError
            If it has not.
        """
        if self._draw is None:
            raise ValueError("the tube has not passed yet")
        return DrawnEvents(
            panel=self.panel,
            spillover=self.spillover,
            time_channel=self.time_channel,
            timestep_s=self.timestep_s,
            channels=self._read,
            columns=self._draw.columns(),
        )

    def saturated_shares(self) -> dict[str, float]:
        """Return the share of events on the upper margin, 0 to 1, of every channel seen.

        Time has no upper end that matters and is left out. Of no event there is no share.
        """
        return {
            channel: count / self.n_events
            for channel, count in self.events_on_margin.items()
            if channel != self.time_channel and self.n_events
        }


def assess_stability(tube: Passing) -> Stability:
    """Return the course of a tube through time; the file is read once.

    Followed are the areas of scatter and fluorescence.

    Examples
    --------
    >>> import carflow as cf
    >>> stability = assess_stability(cf.read_fcs("day07.fcs"))               # doctest: +SKIP
    >>> stability.removed_pct                                                # doctest: +SKIP
    0.0
    """
    watched = WatchedTube(tube)
    watched.pass_by()
    return watched.stability()
