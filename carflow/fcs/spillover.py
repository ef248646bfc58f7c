"""The spillover matrix of a file: read, checked, or given up with the reason.

The text of the keyword is only ever split at commas, compared with channel names and turned
into numbers. It is never handed to another library (one is known to open it as a file path)
and never quoted in a message. A matrix that cannot be used never costs the file: it is read
without matrix and carries the finding FCS-SPILLOVER-UNUSABLE.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carflow.errors import AnalysisError, FcsError
from carflow.fcs.codes import FcsCode, noticed, refusal
from carflow.fcs.keywords import parse_number

if TYPE_CHECKING:
    from carflow.fcs.keywords import Keywords
    from carflow.fcs.panel import Panel
    from carflow.findings import Finding

KEYWORDS = ("$SPILLOVER", "SPILL", "SPILLOVER")
MAX_CONDITION = 1e8
NOISY_CONDITION = 1e4
_DIAGONAL_TOLERANCE = 1e-6
_LARGEST = 100.0
_USUAL = (-0.2, 3.0)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Spillover:
    """Which part of each fluorochrome's light falls into which detector.

    Parameters
    ----------
    channels : tuple of str
        The k channel names ($PnN), in the order of rows and columns.
    matrix : (k, k) array of float64
        Row: fluorochrome, column: detector, diagonal 1. Kept as a read-only copy.
    keyword : str
        Where it comes from.

    Examples
    --------
    >>> matrix = np.array([[1.0, 0.1], [0.0, 1.0]])
    >>> spillover = Spillover(channels=("FL1-A", "FL2-A"), matrix=matrix, keyword="$SPILLOVER")
    >>> spillover.inverse.tolist(), spillover.is_identity
    ([[1.0, -0.1], [0.0, 1.0]], False)
    """

    channels: tuple[str, ...]
    matrix: np.ndarray
    keyword: str

    def __post_init__(self) -> None:
        size = len(self.channels)
        matrix = np.array(self.matrix, dtype=np.float64)
        if matrix.shape != (size, size):
            raise ValueError(f"{size} channels but a matrix of shape {matrix.shape}")
        matrix.flags.writeable = False
        object.__setattr__(self, "matrix", matrix)

    @property
    def inverse(self) -> np.ndarray:
        """The (k, k) compensation matrix: compensated events = events @ inverse."""
        return np.linalg.inv(self.matrix)

    @property
    def is_identity(self) -> bool:
        """Whether compensation with this matrix changes nothing."""
        return bool(np.array_equal(self.matrix, np.eye(len(self.channels))))

    @property
    def sha256(self) -> str:
        """A hash of names and values, independent of how the numbers were written."""
        content = "\0".join(self.channels).encode() + b"\0\0" + self.matrix.astype("<f8").tobytes()
        return hashlib.sha256(content).hexdigest()


def parse_spillover(text: str, panel: Panel, *, keyword: str = "$SPILLOVER") -> Spillover:
    """Read a matrix written as ``n, names, values``.

    Parameters
    ----------
    text : str
        The value of the keyword; names are channel names, or channel numbers from 1.
    panel : Panel
        The channels of the tube.
    keyword : str
        The keyword's name, for the messages.

    Raises
    ------
    FcsError
        FCS-SPILLOVER-UNUSABLE with the reason: not a square matrix of finite numbers, unknown
        or repeated channels, a diagonal other than 1, values beyond ±100, a condition number of
        10⁸ or more.

    References
    ----------
    FCS 3.1, section 3.2.21 ($SPILLOVER).

    Examples
    --------
    >>> from carflow.fcs.panel import Panel
    >>> panel = Panel(channels=("FL1-A", "FL2-A"), markers=("CD3", ""))
    >>> parse_spillover("2,FL1-A,FL2-A,1,0.1,0,1", panel).matrix.tolist()
    [[1.0, 0.1], [0.0, 1.0]]
    """
    names, values = _parts(text, panel, keyword)
    channels = _channels(names, panel, keyword)
    numbers = [parse_number(value) for value in values]
    finite = [number for number in numbers if number is not None]
    if len(finite) < len(numbers):
        raise _unusable(
            keyword, f"{len(numbers) - len(finite)} of its values are no finite numbers"
        )
    matrix = np.array(finite).reshape(len(channels), len(channels))
    _check_diagonal(matrix, keyword)
    if np.abs(matrix).max() > _LARGEST:
        raise _unusable(keyword, f"it holds values beyond ±{_LARGEST:g}, which no spillover has")
    condition = float(np.linalg.cond(matrix))
    if not condition < MAX_CONDITION:
        raise _unusable(keyword, "it cannot be inverted reliably (condition number 10⁸ or more)")
    return Spillover(channels=channels, matrix=matrix, keyword=keyword)


def file_spillover(keywords: Keywords, panel: Panel, findings: list[Finding]) -> Spillover | None:
    """Return the matrix of a file, None where there is none or none that can be used.

    $SPILLOVER counts before SPILL before SPILLOVER; a broken one is not replaced by another.
    """
    present = [name for name in KEYWORDS if keywords.text(name)]
    if not present:
        return None
    try:
        spillover = parse_spillover(keywords.text(present[0]), panel, keyword=present[0])
    except FcsError as error:
        findings.append(noticed(FcsCode.SPILLOVER_UNUSABLE, error.without_place()))
        return None
    findings.extend(_oddities(spillover))
    if any(keywords.text(name) != keywords.text(present[0]) for name in present[1:]):
        message = f"{' and '.join(present)} differ; {present[0]} is used"
        findings.append(noticed(FcsCode.SPILLOVER_TWICE, message))
    return spillover


def _oddities(spillover: Spillover) -> list[Finding]:
    if spillover.is_identity:
        message = f"{spillover.keyword} is an identity matrix: compensation changes nothing"
        return [noticed(FcsCode.SPILLOVER_IDENTITY, message)]
    found = []
    condition = float(np.linalg.cond(spillover.matrix))
    if condition > NOISY_CONDITION:
        message = f"{spillover.keyword} amplifies noise: its condition number is {condition:.3g}"
        found.append(noticed(FcsCode.SPILLOVER_CONDITION, message))
    low, high = float(spillover.matrix.min()), float(spillover.matrix.max())
    if low < _USUAL[0] or high > _USUAL[1]:
        message = f"{spillover.keyword} holds unusual values, from {low:g} to {high:g}"
        found.append(noticed(FcsCode.SPILLOVER_VALUES, message))
    return found


def _parts(text: str, panel: Panel, keyword: str) -> tuple[list[str], list[str]]:
    """Split into n names and n × n values; a name may itself hold a comma."""
    size_text, *rest = (part.strip() for part in text.split(","))
    size = (
        int(size_text) if size_text.isascii() and size_text.isdigit() and len(size_text) < 6 else 0
    )
    if not 1 <= size <= len(panel.channels):
        raise _unusable(keyword, "it does not begin with a number of channels the tube has")
    names, values = rest[: len(rest) - size * size], rest[len(rest) - size * size :]
    if len(rest) > size + size * size:
        names = _rejoined(names, panel)
    if len(names) != size or len(values) != size * size:
        raise _unusable(
            keyword, f"{size} channels need {size + size * size} entries, here are {len(rest)}"
        )
    return names, values


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
        raise _unusable(keyword, f"{missing} of its {len(names)} channels are not in the tube")
    if len(set(channels)) < len(channels):
        raise _unusable(keyword, "it names a channel twice")
    return channels


def _channel(name: str, panel: Panel) -> str | None:
    """Return the channel that a name or a number from 1 stands for."""
    try:
        return panel.channels[panel.index(name)]
    except AnalysisError:
        pass
    if (
        name.isascii()
        and name.isdigit()
        and len(name) < 6
        and 1 <= int(name) <= len(panel.channels)
    ):
        return panel.channels[int(name) - 1]
    return None


def _check_diagonal(matrix: np.ndarray, keyword: str) -> None:
    diagonal = np.diag(matrix)
    if np.allclose(diagonal, 1.0, rtol=0.0, atol=_DIAGONAL_TOLERANCE):
        return
    if np.allclose(diagonal, 100.0, rtol=0.0, atol=100.0 * _DIAGONAL_TOLERANCE):
        raise _unusable(keyword, "it is written in percent (100 on the diagonal instead of 1)")
    raise _unusable(keyword, "its diagonal is not 1")


def _unusable(keyword: str, why: str) -> FcsError:
    return refusal(
        FcsCode.SPILLOVER_UNUSABLE,
        f"the spillover matrix in {keyword} cannot be used: {why}",
        "export the tube with its matrix again, or choose compensation without it",
    )
