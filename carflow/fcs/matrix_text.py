"""The text of a spillover keyword to channel names and numbers; no matrix is judged here.

The text is only ever split at commas, compared with channel names and turned into numbers. It is
never handed to another library (one is known to open it as a file path) and never quoted in a
message. A decimal comma and a percentage are understood only where nothing else fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.errors import AnalysisError
from carflow.fcs.codes import FcsCode, refusal
from carflow.fcs.keywords import parse_number

if TYPE_CHECKING:
    from carflow.errors import FcsError
    from carflow.fcs.panel import Panel

_PERCENT_TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixText:
    """What a keyword says: k channels, k × k numbers row by row, and how they were written."""

    channels: tuple[str, ...]
    numbers: tuple[float, ...]
    by_number: bool = False
    decimal_commas: bool = False
    percent: bool = False


def parse_matrix(text: str, panel: Panel, keyword: str) -> MatrixText:
    """Read ``n, names, values``, or ``n, values`` for $COMP.

    Raises
    ------
    FcsError
        FCS-SPILLOVER-UNUSABLE if names and numbers do not come out even, a channel is unknown
        or named twice, or a value is no finite number.

    Examples
    --------
    >>> from carflow.fcs.panel import Panel
    >>> panel = Panel(channels=("FL1-A", "FL2-A"), markers=("CD3", ""))
    >>> parse_matrix("2,FL1-A,FL2-A,100,0,5,100", panel, "SPILL").numbers
    (1.0, 0.0, 0.05, 1.0)
    >>> parse_matrix("2,1,2,1,00,0,10,0,00,1,00", panel, "SPILL").numbers
    (1.0, 0.1, 0.0, 1.0)
    """
    size, rest = _size_and_rest(text, panel, keyword)
    names, values, decimal_commas = _parts(size, rest, panel, keyword)
    channels = _channels(names, panel, keyword)
    numbers = [parse_number(value) for value in values]
    finite = [number for number in numbers if number is not None]
    if len(finite) < len(numbers):
        missing = len(numbers) - len(finite)
        raise unusable(keyword, f"{missing} of its values are no finite numbers")
    percent = all(abs(number - 100.0) < 100 * _PERCENT_TOLERANCE for number in finite[:: size + 1])
    return MatrixText(
        channels=channels,
        numbers=tuple(number / 100.0 for number in finite) if percent else tuple(finite),
        by_number=keyword != "$COMP" and all(name.isdigit() for name in names),
        decimal_commas=decimal_commas,
        percent=percent,
    )


def names_only(text: str) -> bool:
    """Return whether a keyword names its channels and has no values, as MACSQuant writes it.

    Examples
    --------
    >>> names_only("2,FL1-A,FL2-A"), names_only("2,FL1-A,FL2-A,1,0,0,1"), names_only("2,1,0")
    (True, False, False)
    """
    size, *names = (part.strip() for part in text.split(","))
    return (
        bool(names) and size == str(len(names)) and all(names) and not any(map(parse_number, names))
    )


def _size_and_rest(text: str, panel: Panel, keyword: str) -> tuple[int, list[str]]:
    separator = ";" if text.count(";") > text.count(",") / 2 else ","
    size_text, *rest = (part.strip() for part in text.split(separator))
    size = int(size_text) if _is_small_number(size_text) else 0
    if not 1 <= size <= len(panel.channels):
        raise unusable(keyword, "it does not begin with a number of channels the tube has")
    if separator == ";":
        rest = [*rest[:size], *(value.replace(",", ".") for value in rest[size:])]
    return size, rest


def _parts(
    size: int, rest: list[str], panel: Panel, keyword: str
) -> tuple[list[str], list[str], bool]:
    """Split into n names and n × n values; a name may itself hold a comma."""
    if keyword == "$COMP":
        rest = [*panel.channels, *rest] if size == len(panel.channels) else rest
    names, values = rest[: len(rest) - size * size], rest[len(rest) - size * size :]
    if len(rest) > size + size * size:
        names = _rejoined(names, panel)
    if len(names) == size and len(values) == size * size:
        return names, values, False
    halves = rest[len(rest) - 2 * size * size :]
    if len(rest) == size + 2 * size * size and all(half.isdigit() for half in halves[1::2]):
        pairs = zip(halves[::2], halves[1::2], strict=True)
        return rest[:size], [f"{whole}.{part}" for whole, part in pairs], True
    raise unusable(
        keyword, f"{size} channels need {size + size * size} entries, here are {len(rest)}"
    )


def _rejoined(pieces: list[str], panel: Panel) -> list[str]:
    """Put names that hold commas together again, by the channel names of the tube."""
    known = {channel.replace(" ", "") for channel in panel.channels}
    names: list[str] = []
    current: list[str] = []
    for piece in pieces:
        current.append(piece)
        if ",".join(current).replace(" ", "") in known:
            names.append(",".join(current))
            current = []
    return [*names, *current]


def _channels(names: list[str], panel: Panel, keyword: str) -> tuple[str, ...]:
    found = [_channel(name, panel) for name in names]
    channels = tuple(channel for channel in found if channel is not None)
    if len(channels) < len(names):
        missing = len(names) - len(channels)
        raise unusable(keyword, f"{missing} of its {len(names)} channels are not in the tube")
    if len(set(channels)) < len(channels):
        raise unusable(keyword, "it names a channel twice")
    return channels


def _channel(name: str, panel: Panel) -> str | None:
    """Return the channel that a name or a number from 1 stands for."""
    try:
        return panel.channels[panel.index(name)]
    except AnalysisError:
        pass
    if _is_small_number(name) and 1 <= int(name) <= len(panel.channels):
        return panel.channels[int(name) - 1]
    return None


def _is_small_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6


def unusable(keyword: str, why: str) -> FcsError:
    """Return the error for a matrix that cannot be used.

    Examples
    --------
    >>> unusable("SPILL", "it names a channel twice").problem
    'the spillover matrix in SPILL cannot be used: it names a channel twice'
    """
    return refusal(
        FcsCode.SPILLOVER_UNUSABLE,
        f"the spillover matrix in {keyword} cannot be used: {why}",
        "export the tube with its matrix again, or choose compensation without it",
    )
