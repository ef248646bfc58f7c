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


def odd_matrix(sample: Sample, spillover: Spillover | None) -> list[Finding]:
    """Return a finding if the matrix makes bright events strongly negative elsewhere."""
    if spillover is None or spillover.is_identity:
        return []
    if sample.size < _ENOUGH_EVENTS:
        return []
    by_name = {column.parameter.name: column for column in sample.layout.columns}
    raw = np.stack([sample.scaled(by_name[name]) for name in spillover.channels])
    raw = raw[:, np.isfinite(raw).all(axis=0)]
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
    # not a product of matrices: the library behind it would start threads that outlive it
    compensated = np.einsum("dj,de->je", np.linalg.inv(matrix), raw)
    size, events = compensated.shape
    count = max(_FEWEST_BRIGHT, int(_BRIGHT_SHARE * events))
    found = []
    for dye in range(size):
        brightest = np.argpartition(compensated[dye], -count)[-count:]
        bright = compensated[:, brightest]
        level = np.median(bright, axis=1)
        slopes = level / max(float(level[dye]), 1.0)
        found += [
            (dye, detector)
            for detector in range(size)
            if detector != dye
            and slopes[detector] < _STRONGLY
            and matrix[dye, detector] >= _SMALLEST
        ]
    return found
