"""Whether a spillover matrix goes with the events of its tube.

Too large a coefficient takes too much away: events bright in one dye become strongly negative
in the detector it spills into. Nothing biological does that, so it shows a matrix of another
tube, a transposed one or a damaged number. A coefficient that is too small looks like a real
population and cannot be seen here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carflow.fcs.codes import FcsCode, noticed

if TYPE_CHECKING:
    from carflow.fcs.sample import Sample
    from carflow.fcs.spillover import Spillover
    from carflow.findings import Finding

_BRIGHT_SHARE = 0.02
_FEWEST_BRIGHT = 20
_ENOUGH_EVENTS = 10 * _FEWEST_BRIGHT
_STRONGLY = -0.15
_SMALLEST = 0.05
_FEW_PRODUCTS = 200_000


def odd_matrix(sample: Sample, spillover: Spillover | None) -> list[Finding]:
    """Return a finding if the matrix makes bright events strongly negative elsewhere."""
    if spillover is None or spillover.is_identity:
        return []
    if sample.size < _ENOUGH_EVENTS:
        return []
    pairs = _overcompensated(_finite_rows(sample, spillover), spillover.matrix)
    if not pairs:
        return []
    worst = ", ".join(
        f"{spillover.channels[dye]} into {spillover.channels[detector]}"
        for dye, detector in pairs[:5]
    )
    transposed = not _overcompensated(_finite_rows(sample, spillover), spillover.matrix.T)
    why = "; transposed it would fit" if transposed else ""
    message = f"{spillover.keyword} takes too much away from bright events: {worst}{why}"
    return [noticed(FcsCode.SPILLOVER_MISFIT, message)]


def _finite_rows(sample: Sample, spillover: Spillover) -> np.ndarray:
    """Return the values of the matrix' channels of events without one that is no number, (d, n).

    In 32 bits: enough to see what is strongly negative, and half as much fresh memory.
    """
    by_name = {column.parameter.name: column for column in sample.layout.columns}
    rows = sample.scaled_rows([by_name[name] for name in spillover.channels])
    finite = np.isfinite(rows).all(axis=0)
    return rows if finite.all() else rows[:, finite]


def _overcompensated(rows: np.ndarray, matrix: np.ndarray) -> list[tuple[int, int]]:
    """Return the pairs (dye, detector) in which bright events become strongly negative.

    The rows are compensated where they stand.
    """
    strong = (matrix >= _SMALLEST) & ~np.eye(len(matrix), dtype=np.bool_)
    if rows.shape[1] < _ENOUGH_EVENTS or not strong.any():
        return []
    _compensate(rows, matrix)
    count = max(_FEWEST_BRIGHT, int(_BRIGHT_SHARE * rows.shape[1]))
    # row by row: fresh memory for all at once costs more
    brightest = np.array([np.argpartition(row, -count)[-count:] for row in rows])
    levels = _medians(np.take_along_axis(rows, brightest, axis=1))
    dyes, detectors = np.nonzero(strong)
    others = _medians(rows[detectors[:, np.newaxis], brightest[dyes]])
    found = others / np.maximum(levels[dyes], 1.0) < _STRONGLY
    return list(zip(dyes[found].tolist(), detectors[found].tolist(), strict=True))


def _medians(rows: np.ndarray) -> np.ndarray:
    """Return the median of each row; numpy's own looks for what is no number, which is not here."""
    middle = rows.shape[1] // 2
    around = [middle - 1 + rows.shape[1] % 2, middle]
    medians: np.ndarray = np.partition(rows, around, axis=1)[:, around].mean(axis=1)
    return medians


def _compensate(rows: np.ndarray, matrix: np.ndarray) -> None:
    """Compensate values, (d, n), in pieces too small for the library to start threads."""
    weights = np.linalg.inv(matrix).T.astype(np.float32)
    events = max(64, _FEW_PRODUCTS // weights.size)
    for start in range(0, rows.shape[1], events):
        rows[:, start : start + events] = weights @ rows[:, start : start + events]
