"""What is needed to repeat a run: versions, hashes, options and thresholds, gathered."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from carflow.errors import GatesError
from carflow.gating.gatingml import gatingml_text
from carflow.gating.lock import Lock
from carflow.gating.strategy import Strategy
from carflow.result.run import GatesUsed, Provenance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.study.model import Study
    from carflow.thresholds import QcLimits

_VERSIONED = ("flowkit", "numpy", "scipy", "pandas", "matplotlib", "seaborn")


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedGates:
    """Gates as applied, to one tube or (without `sample_id`) to all of a panel.

    `channels` gives the channel ($PnN) of each marker: Gating-ML names channels.
    """

    strategy: Strategy
    channels: Mapping[str, str]
    sample_id: str = ""


def provenance_of(
    study: Study,
    strategies: Sequence[Strategy],
    applied: Sequence[AppliedGates],
    *,
    limits: QcLimits,
) -> Provenance:
    """Return the provenance of a run.

    Parameters
    ----------
    study : Study
        The sheet, whose hash is kept.
    strategies : sequence of Strategy
        The gates of the run; those of templates are kept as locks.
    applied : sequence of AppliedGates
        The same, tube by tube where they differ; kept as Gating-ML.
    limits : QcLimits
        The thresholds of the checks.
    """
    libraries = {name: version(name) for name in _VERSIONED}
    versions = {"carflow": _own_version(), "python": platform.python_version(), **libraries}
    return Provenance(
        versions=versions,
        sheet_sha256=study.sha256,
        gates=tuple(
            GatesUsed(
                name=one.strategy.name,
                panel_id=one.strategy.panel_id,
                sha256=one.strategy.sha256,
                gatingml=_gatingml(one.strategy, one.channels),
                sample_id=one.sample_id,
            )
            for one in applied
        ),
        options={"auc_rule": "linear-up log-down", "tmax_window_d": "0.5–28"},
        thresholds=_thresholds(strategies, limits),
        locks=tuple(_lock(one, study, versions) for one in strategies if one.template),
    )


def _lock(strategy: Strategy, study: Study, versions: Mapping[str, str]) -> Lock:
    """Return the lock of a template; that of one without found gates holds its text alone."""
    return strategy.lock or Lock(
        name=strategy.name,
        panel_id=strategy.panel_id,
        template=strategy.template,
        template_sha256=strategy.sha256,
        versions=versions,
        sheet_sha256=study.sha256,
        tubes=(),
        gates=(),
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
