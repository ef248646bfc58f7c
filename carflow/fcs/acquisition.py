"""`Acquisition`: one tube, its panel and keywords in hand, its events read when asked for.

Never here: gating, compensation, anything that drops or changes an event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from carflow.errors import FcsError
from carflow.fcs.clock import acquired_at, duration_s
from carflow.fcs.codes import FcsCode, refusal
from carflow.fcs.decode import read_chunks
from carflow.fcs.layout import Layout
from carflow.fcs.panel import Panel
from carflow.fcs.spillover import Spillover
from carflow.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

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
    sha256, data_sha256 : str
        Hash of the whole file, and of the bytes of the events.
    findings : tuple of Finding
        What was noticed while reading.
    timestep_s : float or None
        $TIMESTEP [s], None where it gives no positive number.
    layout : Layout
        How an event is stored.
    data_begin, file_bytes : int
        Where the events begin in the file, and the size of the file.

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
    sha256: str
    data_sha256: str
    findings: tuple[Finding, ...]
    timestep_s: float | None
    layout: Layout = field(repr=False)
    data_begin: int
    file_bytes: int

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
        """Name of the first channel that holds the time of an event."""
        names = (c.parameter.name for c in self.layout.columns if c.parameter.is_time)
        return next(names, None)

    @property
    def acquired_at(self) -> datetime | None:
        """Local time at which acquisition began ($DATE and $BTIM)."""
        return acquired_at(self.keywords.get("$DATE", ""), self.keywords.get("$BTIM", ""))

    @property
    def duration_s(self) -> float | None:
        """Seconds from $BTIM to $ETIM."""
        return duration_s(self.keywords.get("$BTIM", ""), self.keywords.get("$ETIM", ""))

    def column(self, name: str) -> np.ndarray:
        """Return the scale values of one marker or channel, (n,) float64.

        Raises
        ------
        AnalysisError
            If the name means no channel, or several.
        FcsError
            If the file changed since it was opened.
        """
        values = np.empty(self.n_events)
        at = 0
        for chunk in self.chunks([name]):
            values[at : at + chunk.shape[1]] = chunk[0]
            at += chunk.shape[1]
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
        columns = [self.layout.columns[self.panel.index(name)] for name in names]
        return self._read(columns, events)

    def _read(self, columns: list[Column], events: int) -> Iterator[np.ndarray]:
        try:
            with self.path.open("rb", buffering=0) as stream:
                if stream.seek(0, 2) != self.file_bytes:
                    raise refusal(
                        FcsCode.CHANGED,
                        "the file has another size than when it was opened",
                        "wait until it is written completely and run again",
                    )
                stream.seek(self.data_begin)
                yield from read_chunks(
                    stream, self.layout, columns, n_events=self.n_events, events=events
                )
        except FcsError as error:
            raise error.at(self.path.name) from None
        except OSError as error:
            raise refusal(
                FcsCode.CHANGED,
                "the file can no longer be read",
                "check that the drive or network share is still there",
            ).at(self.path.name) from error
