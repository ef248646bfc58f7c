"""`Acquisition`: one tube, its panel and keywords in hand, its events read when asked for.

Never here: gating, compensation, anything that drops or changes an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from carflow.errors import AnalysisError
from carflow.fcs.channel_names import is_compensated
from carflow.fcs.clock import began_at, lasted_s
from carflow.fcs.data_segment import DataSegment
from carflow.fcs.decode import fits_float32, read_blocks, read_chunks, read_columns
from carflow.fcs.layout import Layout
from carflow.fcs.panel import Panel
from carflow.fcs.source import Snapshot
from carflow.fcs.spillover import Spillover
from carflow.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from numpy.typing import DTypeLike

    from carflow.fcs.block import Block
    from carflow.fcs.layout import Column

CHUNK_EVENTS = 32_768


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Acquisition:
    """The events of one tube as the cytometer stored them, and what the file says about them.

    Values are scale values: a gain ($PnG) and, on integers, a logarithmic scale ($PnE) are
    applied, Time is in seconds where $TIMESTEP is known. They are not compensated.

    Parameters
    ----------
    path : Path
        The file; it must stay there, unchanged, while events are read.
    dataset : int
        Which data set of the file, counted from 0.
    version : str
        "2.0", "3.0", "3.1" or "3.2".
    n_events : int
        Number of events, checked against the size of DATA.
    panel : Panel
        Channels and markers.
    keywords : mapping of str to str
        Upper-case names as in the file, ``$`` included.
    spillover : Spillover or None
        The matrix of the file if it has one that can be used.
    findings : tuple of Finding
        What was noticed while reading.
    timestep_s : float or None
        $TIMESTEP [s], None where it gives no positive number or contradicts the clock times.
    repeats_dataset : int or None
        An earlier data set of the file that holds the same events (list mode files of Beckman
        Coulter hold them as FCS 2.0 and as FCS 3.0): never count both.
    layout : Layout
        How an event is stored.
    snapshot : Snapshot
        The file as it was when it was opened.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from carflow.fcs.reader import read_fcs
    >>> from carflow.fcs.writer import write_fcs
    >>> events = np.array([[1.0, 10.0], [2.0, 20.0]], dtype=np.float32)
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "tube.fcs")
    ...     write_fcs(path, events, channels=("FSC-A", "FL1-A"), markers=("", "CD3"), keywords={})
    ...     read_fcs(path).column("CD3").tolist()
    [10.0, 20.0]
    """

    path: Path
    dataset: int
    version: str
    n_events: int
    panel: Panel
    keywords: Mapping[str, str] = field(repr=False)  # may name people: never printed
    spillover: Spillover | None
    findings: tuple[Finding, ...]
    timestep_s: float | None
    repeats_dataset: int | None = None
    layout: Layout = field(repr=False)
    snapshot: Snapshot = field(repr=False)

    @property
    def sha256(self) -> str:
        """Hash of the whole file, in hexadecimal digits; computed at the first call."""
        return self.snapshot.hashes()[0]

    @property
    def data_sha256(self) -> str:
        """Hash of the bytes of the events; computed in the same pass over the file."""
        return self.snapshot.hashes()[1][self.dataset]

    @property
    def data_begin(self) -> int:
        """Where the events begin in the file."""
        return self.snapshot.spans[self.dataset][0]

    @property
    def already_compensated(self) -> bool:
        """Whether channels say by their name that they hold compensated values."""
        return any(is_compensated(channel) for channel in self.channels)

    @property
    def channels(self) -> tuple[str, ...]:
        """Channel names ($PnN), in file order."""
        return self.panel.channels

    @property
    def markers(self) -> tuple[str, ...]:
        """Marker names ($PnS), "" where absent, in file order."""
        return self.panel.markers

    @property
    def ranges(self) -> tuple[float, ...]:
        """The upper end of each channel as a scale value; inf where $PnR gives none."""
        return tuple(column.parameter.scale_range for column in self.layout.columns)

    @property
    def voltages(self) -> tuple[str, ...]:
        """Detector voltages ($PnV) as written, "" where absent."""
        return tuple(column.parameter.voltage for column in self.layout.columns)

    @property
    def time_channel(self) -> str | None:
        """Name of the channel that holds the time of an event, None without a clear one.

        Of several (``Time`` and ``HDR-T``) it is the first, but a name that stands twice is none.
        """
        names = [c.parameter.name for c in self.layout.columns if c.parameter.is_time]
        return names[0] if names and self.channels.count(names[0]) == 1 else None

    @property
    def acquired_at(self) -> datetime | None:
        """Local time at which acquisition began ($DATE and $BTIM, or $BEGINDATETIME)."""
        return began_at(self.keywords)

    @property
    def duration_s(self) -> float | None:
        """Seconds from $BTIM to $ETIM, or from $BEGINDATETIME to $ENDDATETIME."""
        return lasted_s(self.keywords)

    def column(self, name: str, *, dtype: DTypeLike = np.float64) -> np.ndarray:
        """Return the scale values of one marker or channel, (n,); see `columns`."""
        values: np.ndarray = self.columns([name], dtype=dtype)[0]
        return values

    def columns(self, names: Sequence[str], *, dtype: DTypeLike = np.float64) -> np.ndarray:
        """Return the scale values of some markers or channels, (k, n), in one pass.

        Parameters
        ----------
        names : sequence of str
            k markers or channels; rows come in this order.
        dtype : dtype
            float64, with which sums of many values are exact enough, or float32: half the memory
            and half the time, and the same values bit for bit where the file holds 32-bit
            floats or integers of up to 24 bits without a scale. Anything else is refused as
            float32, because it would be rounded.

        Raises
        ------
        AnalysisError
            If a name means no channel, or several; if float32 would round a channel.
        FcsError
            If the file changed since it was opened.
        """
        wanted = self._wanted(names)
        _refuse_rounding(wanted, np.dtype(dtype))
        values = np.empty((len(wanted), self.n_events), dtype=dtype)
        read_columns(self.snapshot.opened, self.layout, wanted, values, begin=self.data_begin)
        return values

    def chunks(self, names: Sequence[str], *, events: int = CHUNK_EVENTS) -> Iterator[np.ndarray]:
        """Return an iterator over the events, (k, m) float64 scale values at a time.

        Parameters
        ----------
        names : sequence of str
            k markers or channels; rows come in this order.
        events : int
            Most events in a chunk (m); the last chunk may hold fewer.

        Returns
        -------
        iterator of arrays
            C-contiguous. A buffer is used again for the next chunk: copy what you keep.

        Raises
        ------
        AnalysisError
            At once, if a name means no channel or several.
        FcsError
            While iterating, if the file changed since it was opened.
        """
        if events < 1:
            raise ValueError(f"a chunk holds at least 1 event, got {events}")
        return self._read(self._wanted(names), events)

    def blocks(self, names: Sequence[str], *, events: int = CHUNK_EVENTS) -> Iterator[Block]:
        """Return an iterator over the events, a `Block` of them at a time.

        As `chunks`, but floats of 32 bits are not widened, which saves half of the time.

        Parameters
        ----------
        names : sequence of str
            Markers or channels; a block knows their columns by these names.
        events : int
            Most events in a block; the last one may hold fewer.

        Raises
        ------
        AnalysisError
            At once, if a name means no channel or several.
        FcsError
            While iterating, if the file changed since it was opened.
        """
        return self._blocks(dict(zip(names, self._wanted(names), strict=True)), events)

    def data_segment(self, names: Sequence[str]) -> DataSegment | None:
        """Return where the events stand in the file, for who reads parts of it.

        None where they are no records of plain floats: read `blocks` instead.

        Parameters
        ----------
        names : sequence of str
            Markers or channels; blocks know their columns by these names.

        Raises
        ------
        AnalysisError
            If a name means no channel or several.
        """
        return DataSegment.of(
            self.snapshot,
            self.layout,
            dict(zip(names, self._wanted(names), strict=True)),
            begin=self.data_begin,
            n_events=self.n_events,
        )

    def _wanted(self, names: Sequence[str]) -> list[Column]:
        return [self.layout.columns[self.panel.index(name)] for name in names]

    def _blocks(self, columns: Mapping[str, Column], events: int) -> Iterator[Block]:
        with self.snapshot.opened() as stream:
            stream.seek(self.data_begin)
            yield from read_blocks(
                stream, self.layout, columns, n_events=self.n_events, events=events
            )

    def _read(self, columns: list[Column], events: int) -> Iterator[np.ndarray]:
        with self.snapshot.opened() as stream:
            stream.seek(self.data_begin)
            yield from read_chunks(
                stream, self.layout, columns, n_events=self.n_events, events=events
            )


def _refuse_rounding(columns: Sequence[Column], dtype: np.dtype[Any]) -> None:
    if dtype == np.float64:
        return
    if dtype != np.float32:
        raise ValueError(f"values come as float64 or float32, not as {dtype}")
    rounded = [one.parameter.name for one in columns if not fits_float32(one)]
    if rounded:
        raise AnalysisError(
            f"the values of {', '.join(rounded)} need more than the 32 bits of float32",
            hint="ask for float64",
            code="WOULD-ROUND",
        )
