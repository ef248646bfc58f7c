"""Spectrum matrices that come with the gates, and linear algebra in plain floats; no events.

``raw = true @ S`` (rows of S: what one dye gives to each detector). A square matrix is
inverted; one with more detectors than dyes is solved by least squares, as the specification
says, so that ``true = raw @ pinv(S)``.

Decision: no LAPACK. Its bits depend on the processor (measured over four kernels). Gauss-Jordan and
Gram-Schmidt in plain floats give the same bits everywhere, within 1e-15 of LAPACK, and a
matrix is solved once for a tube.

References
----------
Spidlen J et al. Gating-ML 2.0, ISAC 2013, section 5 (compensation).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from carflow.errors import AnalysisError, GatesError

Weights = tuple[tuple[str, float], ...]  # (detector, weight), in the order of the matrix
_Rows = Sequence[Sequence[float]]

_SMALLEST_SHARE = 1e-12  # of a spectrum that no combination of the others makes up


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """What each dye gives to each detector, as a gate file states it.

    Parameters
    ----------
    dyes, detectors : tuple of str
        Names of rows and of columns; detectors are channels of the tube.
    rows : tuple of tuples of float
        One row for each dye.
    inverted : bool
        The rows are those of the inverse: one for each detector, in it one number for each dye.

    Raises
    ------
    GatesError
        If the shape is wrong, a name is used twice, or there are more dyes than detectors.

    Examples
    --------
    >>> spill = Matrix(dyes=("FITC", "PE"), detectors=("FL1", "FL2"), rows=((1, 0.5), (0, 1)))
    >>> spill.weights("PE")
    (('FL1', -0.5), ('FL2', 1.0))
    """

    dyes: tuple[str, ...]
    detectors: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    inverted: bool = False

    def __post_init__(self) -> None:
        high, wide = len(self.dyes), len(self.detectors)
        if self.inverted:
            high, wide = wide, high
        if len(self.rows) != high or any(len(row) != wide for row in self.rows):
            found = " and ".join(str(len(row)) for row in dict.fromkeys(self.rows))
            raise GatesError(
                f"a matrix of {len(self.dyes)} dyes and {len(self.detectors)} detectors has "
                f"{high} rows of {wide} numbers, found {len(self.rows)} of {found or 'none'}"
            )
        if len(self.dyes) > len(self.detectors):
            raise GatesError(
                f"{len(self.dyes)} dyes cannot be told apart by {len(self.detectors)} detectors"
            )
        for names, what in ((self.dyes, "dye"), (self.detectors, "detector")):
            if len(set(names)) < len(names):
                raise GatesError(f"a {what} is named twice")
        if not all(math.isfinite(number) for row in self.rows for number in row):
            raise GatesError("a number of the matrix is not finite")

    def dye(self, name: str) -> str | None:
        """Return the dye that a name means: itself, or the dye of a detector; None if neither.

        Only a square matrix gives each detector its dye.
        """
        if name in self.dyes:
            return name
        if name in self.detectors and len(self.dyes) == len(self.detectors):
            return self.dyes[self.detectors.index(name)]
        return None

    def detector(self, dye: str) -> str:
        """Return the detector that sees most of a dye."""
        shares = dict(self.weights(dye))
        return max(shares, key=lambda detector: abs(shares[detector]))

    def weights(self, dye: str) -> Weights:
        """Return the weights of the detectors whose sum is the dye.

        Raises
        ------
        AnalysisError
            If the matrix has no inverse.
        """
        solved = self.rows if self.inverted else unmixing(self.rows)
        column = self.dyes.index(dye)
        return tuple(
            (detector, float(row[column]))
            for detector, row in zip(self.detectors, solved, strict=True)
            if row[column] != 0.0
        )


def unmixing(rows: _Rows) -> Sequence[Sequence[float]]:
    """Return ``pinv(S)`` of a matrix with at least as many columns as rows.

    Raises
    ------
    AnalysisError
        If its rows are not independent.

    Examples
    --------
    >>> unmixing([[1.0, 0.0, 1.0], [0.0, 2.0, 0.0]])
    [[0.5, 0.0], [0.0, 0.5], [0.5, 0.0]]
    """
    if len(rows) == len(rows[0]):
        return ordered_inverse(rows)
    own, shares = _orthogonal(rows)
    answer: list[list[float]] = []
    for detector in range(len(rows[0])):
        # each spectrum is its own part plus shares of those before it: from the last dye up
        found = [0.0] * len(rows)
        for i in reversed(range(len(rows))):
            known = math.fsum(shares[i][j] * found[j] for j in range(i + 1, len(rows)))
            found[i] = own[i][detector] - known
        answer.append(found)
    return answer


def ordered_inverse(matrix: _Rows) -> tuple[tuple[float, ...], ...]:
    """Return the inverse of a square matrix, by Gauss-Jordan in plain floats.

    The tubes of a batch have the same matrix as a rule, so the last ones are remembered.

    Raises
    ------
    AnalysisError
        If it has none.

    Examples
    --------
    >>> ordered_inverse([[1.0, 0.5], [0.0, 1.0]])
    ((1.0, -0.5), (0.0, 1.0))
    """
    return _inverse(tuple(tuple(map(float, row)) for row in matrix))


@lru_cache(maxsize=32)
def _inverse(matrix: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    size = len(matrix)
    rows = [[*row, *(1.0 if i == j else 0.0 for j in range(size))] for i, row in enumerate(matrix)]
    for step in range(size):
        pivot = max(range(step, size), key=lambda i: abs(rows[i][step]))
        if rows[pivot][step] == 0.0:
            raise AnalysisError(
                "the spillover matrix has no inverse", hint="correct it in the acquisition software"
            )
        rows[step], rows[pivot] = rows[pivot], rows[step]
        scale = rows[step][step]
        rows[step] = [number / scale for number in rows[step]]
        for i in range(size):
            factor = rows[i][step]
            if i != step and factor != 0.0:
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[step], strict=True)]
    return tuple(tuple(row[size:]) for row in rows)


def _orthogonal(rows: _Rows) -> tuple[list[list[float]], list[list[float]]]:
    """Return the part of each row that no row before it makes up, and their shares in it.

    A part comes divided by its squared length, ready to be multiplied with an event.
    """
    parts: list[list[float]] = []
    duals: list[list[float]] = []
    shares = [[0.0] * len(rows) for _ in rows]
    for i, row in enumerate(rows):
        rest = [float(number) for number in row]
        whole = math.hypot(*rest)
        for _ in range(2):  # the second time removes what rounding left of the first
            for j, (part, dual) in enumerate(zip(parts, duals, strict=True)):
                share = math.fsum(a * b for a, b in zip(dual, rest, strict=True))
                shares[j][i] += share
                rest = [a - share * b for a, b in zip(rest, part, strict=True)]
        square = math.fsum(a * a for a in rest)
        if not math.sqrt(square) > _SMALLEST_SHARE * whole:
            raise AnalysisError(
                "two dyes of the spectrum matrix cannot be told apart",
                hint="give each dye a spectrum of its own",
            )
        parts.append(rest)
        duals.append([a / square for a in rest])
    return duals, shares
