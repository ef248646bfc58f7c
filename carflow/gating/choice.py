"""Which of several gate files a tube takes: the only one, or the one of its panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.errors import GatesError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.gating.strategy import Strategy


def gates_for(sample_id: str, panel_id: str, strategies: Sequence[Strategy]) -> Strategy | None:
    """Return the gates of a tube; None where there are none at all.

    Raises
    ------
    GatesError
        If of several gate files not exactly one is for the tube's panel.
    """
    if len(strategies) <= 1:
        return strategies[0] if strategies else None
    found = [strategy for strategy in strategies if strategy.panel_id == panel_id]
    if len(found) == 1:
        return found[0]
    panels = ", ".join(f'"{strategy.panel_id}"' for strategy in strategies)
    raise GatesError(
        f'sample {sample_id} has the panel_id "{panel_id}", for which there are '
        f"{len(found)} gate files",
        hint=f"the gate files given are for the panels {panels}; each tube needs exactly one",
    )
