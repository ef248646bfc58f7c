"""Events to a plain FCS 3.1 file: 32-bit floating point, little endian, one data set.

Written under a temporary name and renamed, so that a reader never meets half a file.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from carflow.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TEXT_BEGIN = 256
DEFAULT_RANGE = 262_144.0
_HEADER_LIMIT = 99_999_999  # larger offsets do not fit into the HEADER and stand in TEXT only
_ALIGNMENT = 64
_DELIMITERS = "|/\\!~\f\x1e\x1f"
_OWN = re.compile(
    r"\$(BEGIN|END)(ANALYSIS|DATA|STEXT)|\$(BYTEORD|DATATYPE|MODE|NEXTDATA|PAR|TOT)"
    r"|\$P[0-9]+[BENRS]"
)


def write_fcs(
    path: str | os.PathLike[str],
    columns: np.ndarray,
    *,
    channels: Sequence[str],
    markers: Sequence[str],
    keywords: Mapping[str, str],
    ranges: Sequence[float] | None = None,
) -> None:
    """Write events as FCS 3.1.

    Parameters
    ----------
    path : path
        The file; an existing one is replaced.
    columns : (n, k) array of float32
        One row per event. Values are written as they are: with a gain or $TIMESTEP among
        `keywords` they are stored numbers, not scale values.
    channels, markers : sequence of str
        $PnN and $PnS of the k channels; a marker may be "".
    keywords : mapping of str to str
        Further keywords, such as $SPILLOVER, $VOL, $TIMESTEP, $BTIM, $P1V. Names need their
        ``$``; values must not be empty.
    ranges : sequence of float, optional
        $PnR, 262144 unless given.

    Raises
    ------
    ValueError
        If shapes, names or keywords do not go together.
    OutputError
        If the file cannot be written.

    References
    ----------
    FCS 3.1, sections 3.1 to 3.3.
    """
    path = Path(path)
    _check(columns, channels, markers, keywords)
    described = _described(columns.shape[0], channels, markers, ranges)
    described.update({name.upper(): value for name, value in keywords.items()})
    header, text, gap = _head(described, columns.nbytes)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as stream:
            stream.write(header + text + gap)
            stream.write(np.ascontiguousarray(columns, dtype="<f4").data)
            stream.write(b"00000000")  # no CRC: the standard's sign for "not computed"
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(
            f"the FCS file could not be written: {error.strerror or 'unknown reason'}",
            hint="check free space and permissions of the folder",
        ).at(path.name) from error


def _check(
    columns: np.ndarray,
    channels: Sequence[str],
    markers: Sequence[str],
    keywords: Mapping[str, str],
) -> None:
    if columns.ndim != 2 or columns.dtype != np.float32:
        raise ValueError(
            f"events are an (n, k) array of float32, got {columns.dtype} {columns.shape}"
        )
    if not columns.shape[1] == len(channels) == len(markers) > 0:
        raise ValueError(
            f"{columns.shape[1]} columns, {len(channels)} channels and {len(markers)} markers"
        )
    if len(set(channels)) < len(channels) or not all(name.strip() for name in channels):
        raise ValueError("channel names must be distinct and not empty")
    own = [name for name in keywords if _OWN.fullmatch(name.upper())]
    if own:
        raise ValueError(f"the writer sets {', '.join(own)} itself")
    empty = [name for name, value in keywords.items() if not name.strip() or not value.strip()]
    if empty:
        raise ValueError(f"FCS has no empty values; leave out {', '.join(empty)}")


def _described(
    n_events: int, channels: Sequence[str], markers: Sequence[str], ranges: Sequence[float] | None
) -> dict[str, str]:
    ranges = [DEFAULT_RANGE] * len(channels) if ranges is None else ranges
    described = {
        "$BEGINANALYSIS": "0",
        "$ENDANALYSIS": "0",
        "$BEGINSTEXT": "0",
        "$ENDSTEXT": "0",
        "$BYTEORD": "1,2,3,4",
        "$DATATYPE": "F",
        "$MODE": "L",
        "$NEXTDATA": "0",
        "$PAR": str(len(channels)),
        "$TOT": str(n_events),
    }
    rows = zip(channels, markers, ranges, strict=True)
    for number, (channel, marker, top) in enumerate(rows, start=1):
        described[f"$P{number}N"] = channel
        described[f"$P{number}B"] = "32"
        described[f"$P{number}E"] = "0,0"
        described[f"$P{number}R"] = f"{top:.0f}" if float(top).is_integer() else repr(float(top))
        if marker:
            described[f"$P{number}S"] = marker
    return described


def _head(described: dict[str, str], data_bytes: int) -> tuple[bytes, bytes, bytes]:
    """Return HEADER up to TEXT, TEXT, and the blanks between TEXT and DATA."""
    delimiter = _delimiter(described)
    # DATA begins where it would with the longest possible offsets; the rest is blank
    longest = _joined(described, delimiter, 10**19, 10**19)
    begin = -(-(TEXT_BEGIN + len(longest)) // _ALIGNMENT) * _ALIGNMENT
    last = begin + data_bytes - 1 if data_bytes else begin
    text = _joined(described, delimiter, begin, last)
    in_header = (begin, last) if last <= _HEADER_LIMIT else (0, 0)
    offsets = (TEXT_BEGIN, TEXT_BEGIN + len(text) - 1, *in_header, 0, 0)
    header = "FCS3.1    " + "".join(f"{offset:8d}" for offset in offsets)
    gap = b" " * (begin - TEXT_BEGIN - len(text))
    return header.ljust(TEXT_BEGIN).encode("ascii"), text, gap


def _delimiter(described: dict[str, str]) -> str:
    used = set("".join([*described, *described.values()]))
    for delimiter in _DELIMITERS:
        if delimiter not in used:
            return delimiter
    raise ValueError("names and keywords use every character that could separate them")


def _joined(described: dict[str, str], delimiter: str, begin: int, last: int) -> bytes:
    offsets = {"$BEGINDATA": str(begin), "$ENDDATA": str(last)}
    parts = [part for pair in (offsets | described).items() for part in pair]
    return (delimiter + delimiter.join(parts) + delimiter).encode()
