"""What is needed to repeat a run: versions, hashes, options and thresholds, gathered."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

from carflow.errors import GatesError
from carflow.gating.gatingml import gatingml_text
from carflow.result.run import GatesUsed, Provenance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carflow.gating.strategy import Strategy
    from carflow.study.model import Study
    from carflow.thresholds import QcLimits

_VERSIONED = ("flowkit", "numpy", "scipy", "pandas", "matplotlib", "seaborn")


def provenance_of(
    study: Study,
    strategies: Sequence[Strategy],
    channels: Mapping[str, Mapping[str, str]],
    *,
    limits: QcLimits,
) -> Provenance:
    """Return the provenance of a run.

    Parameters
    ----------
    study : Study
        The sheet, whose hash is kept.
    strategies : sequence of Strategy
        The gates, kept as Gating-ML.
    channels : mapping of str to mapping of str to str
        For each gate file the channel ($PnN) of its markers: Gating-ML names channels.
    limits : QcLimits
        The thresholds of the checks.
    """
    versions = {name: version(name) for name in _VERSIONED}
    return Provenance(
        versions={"carflow": _own_version(), "python": platform.python_version(), **versions},
        sheet_sha256=study.sha256,
        gates=tuple(
            GatesUsed(
                name=strategy.name,
                panel_id=strategy.panel_id,
                sha256=strategy.sha256,
                gatingml=_gatingml(strategy, channels.get(strategy.name, {})),
            )
            for strategy in strategies
        ),
        options={"auc_rule": "linear-up log-down", "tmax_window_d": "0.5–28"},
        thresholds=_thresholds(strategies, limits),
    )


def _gatingml(strategy: Strategy, channels: Mapping[str, str]) -> str:
    """Return the gates as Gating-ML, "" where it has no words for them (FlowJo's biex polygons)."""
    try:
        return gatingml_text(strategy, channels)
    except GatesError:
        return ""


def _thresholds(
    strategies: Sequence[Strategy], limits: QcLimits
) -> Mapping[str, str | int | float | None]:
    """Return every limit a result depends on: those of the checks and of each assay."""
    assay = {
        f"{strategy.name}: {name}": value
        for strategy in strategies
        for name, value in asdict(strategy.limits).items()
    }
    return {**asdict(limits), **assay}


def _own_version() -> str:
    from carflow import __version__

    return __version__
