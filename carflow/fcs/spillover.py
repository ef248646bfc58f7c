"""The spillover matrix of a file: chosen, checked, or given up with the reason.

A matrix that cannot be used never costs the file: it is read without matrix and carries the
finding FCS-SPILLOVER-UNUSABLE. How its text becomes numbers is `carflow.fcs.matrix_text`.

Decisions: $SPILLOVER counts before SPILL, SPILLOVER and $COMP (the order of what is written by
acquisition software and known best), and a broken one is never replaced by another. $DFCiTOj of
FCS 2.0 is not read: those instruments compensate before they digitise. Names of a matrix that
are those of compensated channels (``Comp-FITC-A``) without the prefix say how the values were
compensated, and are no matrix to be applied again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from carflow.errors import FcsError
from carflow.fcs.channel_names import is_compensated, without_prefix
from carflow.fcs.codes import FcsCode, noticed
from carflow.fcs.matrix_text import MatrixText, names_only, parse_matrix, unusable
from carflow.fcs.panel import Panel
from carflow.units import significant

if TYPE_CHECKING:
    from carflow.fcs.keywords import Keywords
    from carflow.findings import Finding

KEYWORDS = ("$SPILLOVER", "SPILL", "SPILLOVER", "$COMP")
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
        The value of the keyword; names are channel names, or channel numbers from 1. Decimal
        commas and percentages are read where nothing else fits. $COMP has no names.
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
    return _checked(parse_matrix(text, panel, keyword), keyword)[0]


def file_spillover(keywords: Keywords, panel: Panel, findings: list[Finding]) -> Spillover | None:
    """Return the matrix of a file, None where there is none or none that can be used."""
    present = [name for name in KEYWORDS if keywords.text(name)]
    if not present:
        return None
    try:
        read = parse_matrix(keywords.text(present[0]), panel, present[0])
        spillover, condition = _checked(read, present[0])
    except FcsError as error:
        if names_only(keywords.text(present[0])):
            message = f"{present[0]} names channels and holds no values; there is no matrix"
            findings.append(noticed(FcsCode.SPILLOVER_EMPTY, message))
        elif not _was_applied(keywords.text(present[0]), panel, present[0]):
            findings.append(noticed(FcsCode.SPILLOVER_UNUSABLE, error.without_place()))
        return None
    findings.extend(_spellings(read, present[0]))
    findings.extend(_oddities(spillover, condition))
    others = [name for name in present[1:] if keywords.text(name) != keywords.text(present[0])]
    if others:
        message = f"{' and '.join(present)} differ; {present[0]} is used"
        findings.append(noticed(FcsCode.SPILLOVER_TWICE, message))
    return spillover


def _was_applied(text: str, panel: Panel, keyword: str) -> bool:
    """Whether the matrix names the channels that compensated ones were made from."""
    if not any(is_compensated(channel) for channel in panel.channels):
        return False
    bare = Panel(
        channels=tuple(without_prefix(channel) for channel in panel.channels),
        markers=panel.markers,
    )
    try:
        parse_matrix(text, bare, keyword)
    except FcsError:
        return False
    return True


def _checked(read: MatrixText, keyword: str) -> tuple[Spillover, float]:
    """Return the matrix of the numbers, if it can be inverted, and its condition number."""
    matrix = np.array(read.numbers).reshape(len(read.channels), len(read.channels))
    if np.abs(np.diag(matrix) - 1.0).max() > _DIAGONAL_TOLERANCE:
        raise unusable(keyword, "its diagonal is not 1")
    if np.abs(matrix).max() > _LARGEST:
        raise unusable(keyword, f"it holds values beyond ±{_LARGEST:g}, which no spillover has")
    condition = float(np.linalg.cond(matrix))
    if not condition < MAX_CONDITION:
        raise unusable(keyword, "it cannot be inverted reliably (condition number 10⁸ or more)")
    return Spillover(channels=read.channels, matrix=matrix, keyword=keyword), condition


def _spellings(read: MatrixText, keyword: str) -> list[Finding]:
    """Return what was unusual about the writing of a matrix that was understood."""
    found = []
    ways = [
        way
        for way, used in (
            ("channel numbers", read.by_number),
            ("decimal commas", read.decimal_commas),
        )
        if used
    ]
    if ways:
        message = f"{keyword} is written with {' and '.join(ways)}"
        found.append(noticed(FcsCode.SPILLOVER_SPELLING, message))
    if read.percent:
        message = f"{keyword} has 100 on its diagonal; its values were divided by 100"
        found.append(noticed(FcsCode.SPILLOVER_PERCENT, message))
    if keyword == "$COMP":
        message = "the matrix in $COMP names no channels; it was read for all channels in order"
        found.append(noticed(FcsCode.SPILLOVER_COMP, message))
    return found


def _oddities(spillover: Spillover, condition: float) -> list[Finding]:
    if spillover.is_identity:
        message = f"{spillover.keyword} is an identity matrix: compensation changes nothing"
        return [noticed(FcsCode.SPILLOVER_IDENTITY, message)]
    found = []
    if condition > NOISY_CONDITION:
        message = (
            f"{spillover.keyword} amplifies noise: its condition number is {significant(condition)}"
        )
        found.append(noticed(FcsCode.SPILLOVER_CONDITION, message))
    low, high = float(spillover.matrix.min()), float(spillover.matrix.max())
    if low < _USUAL[0] or high > _USUAL[1]:
        message = f"{spillover.keyword} holds unusual values, from {low:g} to {high:g}"
        found.append(noticed(FcsCode.SPILLOVER_VALUES, message))
    return found
