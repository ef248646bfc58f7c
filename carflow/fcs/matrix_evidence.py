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
    by_name = {column.parameter.name: column for column in sample.layout.columns}
    # 32 bits are enough to see what is strongly negative, and half as much fresh memory
    raw = np.array([sample.scaled(by_name[name]) for name in spillover.channels], dtype=np.float32)
    finite = np.isfinite(raw).all(axis=0)
    if not finite.all():
        raw = raw[:, finite]
    if raw.shape[1] < _ENOUGH_EVENTS:
        return []
    pairs = _overcompensated(raw, spillover.matrix)
    if not pairs:
        return []
    worst = ", ".join(
        f"{spillover.channels[dye]} into {spillover.channels[detector]}"
        for dye, detector in pairs[:5]
    )
    transposed = not _overcompensated(raw, spillover.matrix.T)
    why = "; transposed it would fit" if transposed else ""
    message = f"{spillover.keyword} takes too much away from bright events: {worst}{why}"
    return [noticed(FcsCode.SPILLOVER_MISFIT, message)]


def _overcompensated(raw: np.ndarray, matrix: np.ndarray) -> list[tuple[int, int]]:
    """Return the pairs (dye, detector) in which bright events become strongly negative."""
    compensated = _compensated(raw, matrix)
    count = max(_FEWEST_BRIGHT, int(_BRIGHT_SHARE * raw.shape[1]))
    found = []
    for dye, coefficients in enumerate(matrix):
        detectors = [at for at, one in enumerate(coefficients) if at != dye and one >= _SMALLEST]
        if detectors:
            brightest = np.argpartition(compensated[dye], -count)[-count:]
            level, *others = _medians(compensated[[dye, *detectors]][:, brightest])
            found += [
                (dye, detector)
                for detector, other in zip(detectors, others, strict=True)
                if other / max(level, 1.0) < _STRONGLY
            ]
    return found


def _medians(rows: np.ndarray) -> np.ndarray:
    """Return the median of each row; numpy's own looks for what is no number, which is not here."""
    middle = rows.shape[1] // 2
    around = [middle - 1 + rows.shape[1] % 2, middle]
    medians: np.ndarray = np.partition(rows, around, axis=1)[:, around].mean(axis=1)
    return medians


def _compensated(raw: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return compensated values, (d, n), in pieces too small for the library to start threads."""
    weights = np.linalg.inv(matrix).T.astype(np.float32)
    events = max(64, _FEW_PRODUCTS // weights.size)
    compensated = np.empty_like(raw)
    for start in range(0, raw.shape[1], events):
        here = slice(start, start + events)
        np.matmul(weights, raw[:, here], out=compensated[:, here])
    return compensated
