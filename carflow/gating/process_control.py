"""What a process control is charted by: brightness of every channel, % CD3+, beads per CD3+ cell.

Taken while the events are in hand. Beads of a cytometer's own quality control (bead-QC) are
measured as acquired, all events of the tube together; a control blood (healthy) in its
compensated CD3+ cells. Nothing is judged here, and no patient's tube is measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from carflow.cleaning.rank_moments import judged_channels
from carflow.gating.strategy import Role
from carflow.study.model import SampleType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from carflow.cleaning.drawn import DrawnEvents
    from carflow.gating.drawn_cells import DrawnCells
    from carflow.gating.gated import Gated
    from carflow.study.model import Tube

LEAST_EVENTS = 200  # a median of fewer is not worth a chart


def control_values(
    tube: Tube, drawn: DrawnEvents, *, gated: Gated | None = None, cells: DrawnCells | None = None
) -> Mapping[str, float]:
    """Return what is charted of a tube by name; nothing for a tube without a control lot.

    Parameters
    ----------
    tube : Tube
        The row of the sheet.
    drawn : DrawnEvents
        Events of the tube as acquired.
    gated : Gated, optional
        Its populations.
    cells : DrawnCells, optional
        Its CD3+ cells.
    """
    if not tube.control_lot or not tube.sample_type.may_be_process_control:
        return {}
    if tube.sample_type is SampleType.BEAD_QC:
        return dict(_of_beads(drawn))
    return dict(_of_blood(gated, cells))


def _of_beads(drawn: DrawnEvents) -> Iterator[tuple[str, float]]:
    for channel in judged_channels(drawn.channels, time_channel=drawn.time_channel):
        values = drawn.values([channel])[0]
        values = values[np.isfinite(values)]
        if len(values) >= LEAST_EVENTS:
            yield f"bead MFI {channel}", float(np.median(values))


def _of_blood(gated: Gated | None, cells: DrawnCells | None) -> Iterator[tuple[str, float]]:
    if cells is not None and cells.values.shape[1] >= LEAST_EVENTS:
        for channel, values in zip(cells.channels, cells.values, strict=True):
            yield f"CD3+ MFI {channel}", float(np.nanmedian(values))
    if gated is None:
        return
    cd3, beads = gated.strategy.role(Role.CD3), gated.count(Role.BEADS)
    count = gated.count(Role.CD3)
    if cd3 is None or not count:
        return
    parent = gated.strategy.parent_name(cd3)
    total = gated.counts[parent] if parent else gated.n_events - gated.n_nonfinite
    if total >= LEAST_EVENTS:
        yield "% CD3+", 100.0 * count / total
    if beads:
        yield "beads per CD3+ cell", beads / count
