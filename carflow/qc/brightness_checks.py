"""Checks of brightness: a tube beside the others of its batch, a batch beside the other batches.

What is compared are medians of populations that neither the CAR nor the share of a subset moves
(`carflow.gating.brightness`), as ratios, in decades. A tube that stands alone was stained or
acquired otherwise; a batch that stands alone drifted, or has another reagent: gates that were
frozen in one batch cut elsewhere in the other. Whether it was the cytometer is told by a process
control (`carflow.qc.baselines`).

Spread is robust (median and MAD), so that the odd tube does not excuse itself, and never counts
as less than a twentieth of a decade, so that a very even batch stays quiet.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.qc.limits import Above
from carflow.qc.summary import TubeSummary
from carflow.qc.telling import finding_of
from carflow.qc.usual import SAME_MATERIAL, some_of, tubes_of
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from carflow.thresholds import QcLimits

    Group = Sequence[TubeSummary]

_SD_OF_MAD = 1.4826
_LEAST_OF_A_BATCH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """The tubes of one batch, and log10 of each brightness: centre by name, and each tube's."""

    tubes: tuple[TubeSummary, ...]
    centres: Mapping[str, float]
    logs: Mapping[str, Mapping[str, float]]

    def apart(self, name: str) -> list[float]:
        """Return how far each tube lies from the centre [decades]."""
        return [abs(value - self.centres[name]) for value in self.logs[name].values()]


def check_brightness(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare each tube with the other tubes of its batch."""
    return tuple(
        finding
        for batch in _batches(group)
        if batch.centres
        for finding in _tube_findings(batch, limits)
    )


def check_batch_drift(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare the batches of a panel with the largest of them; one batch alone has no finding.

    A batch needs three tubes to be compared.
    """
    batches = [one for one in _batches(group) if len(one.tubes) >= _LEAST_OF_A_BATCH]
    if len(batches) < 2:
        return ()
    usual = max(batches, key=lambda one: len(one.tubes))  # the first of equally large ones
    return tuple(
        _batch_finding(one, usual, limits)
        for one in batches
        if one is not usual and set(one.centres) & set(usual.centres)
    )


BRIGHTNESS_CHECKS: tuple[Callable[[Group, QcLimits], tuple[Finding, ...]], ...] = (
    check_brightness,
    check_batch_drift,
)


def _batches(group: Group) -> Iterator[_Batch]:
    by_batch: dict[str, list[TubeSummary]] = {}
    for tube in group:
        if tube.sample_type in SAME_MATERIAL and tube.brightness:
            by_batch.setdefault(tube.batch, []).append(tube)
    for tubes in by_batch.values():
        logs: dict[str, dict[str, float]] = {}
        for tube in tubes:
            for name, median in tube.brightness.items():
                logs.setdefault(name, {})[tube.sample_id] = math.log10(median)
        centres = {name: statistics.median(values.values()) for name, values in logs.items()}
        yield _Batch(tubes=tuple(tubes), centres=centres, logs=logs)


def _spread(apart: Sequence[float], limits: QcLimits) -> float:
    return max(_SD_OF_MAD * statistics.median(apart), limits.brightness_spread_least_decades)


def _tube_findings(batch: _Batch, limits: QcLimits) -> Iterator[Finding]:
    spreads = {
        name: _spread(batch.apart(name), limits)
        for name, values in batch.logs.items()
        if len(values) >= limits.batch_tubes_least
    }
    if not spreads:
        message = (
            f"The brightness of {tubes_of(batch.tubes)} could not be compared: fewer than "
            f"{limits.batch_tubes_least} of one batch have it."
        )
        yield Finding(code="QC-BRIGHTNESS", severity=Severity.INFO, message=message)
        return
    for tube in batch.tubes:
        own = {
            name: batch.logs[name][tube.sample_id] for name in spreads if name in tube.brightness
        }
        if own:
            yield _tube_finding(tube, own, (batch.centres, spreads), limits)


def _tube_finding(
    tube: TubeSummary,
    own: Mapping[str, float],
    usual: tuple[Mapping[str, float], Mapping[str, float]],
    limits: QcLimits,
) -> Finding:
    centres, spreads = usual
    allowed = Above(limits.brightness_z_warn)
    apart = {name: (value - centres[name]) / spreads[name] for name, value in own.items()}
    odd = {name: z for name, z in apart.items() if allowed.severity(abs(z)) is Severity.WARN}
    told = [
        f"{name} {_times(own[name] - centres[name])} (robust z {abs(z):.1f})"
        for name, z in odd.items()
    ]
    message = f"As bright as usual in the batch: {', '.join(own)}."
    if odd:
        message = (
            f"Not as bright as usual in the batch: {some_of(told, '; ')}: stained or acquired "
            "otherwise, or cells that carry less."
        )
    return finding_of(
        tube,
        "QC-BRIGHTNESS",
        Severity.WARN if odd else Severity.PASS,
        message,
        value=max(abs(z) for z in apart.values()),
        limit=allowed,
    )


def _batch_finding(batch: _Batch, usual: _Batch, limits: QcLimits) -> Finding:
    allowed = Above(limits.brightness_z_warn)
    shared = [name for name in usual.centres if name in batch.centres]
    moved = {name: batch.centres[name] - usual.centres[name] for name in shared}
    z = {
        name: abs(moved[name]) / _spread([*batch.apart(name), *usual.apart(name)], limits)
        for name in shared
    }
    odd = [name for name in shared if allowed.severity(z[name]) is Severity.WARN]
    between = f"The batch of {_tubes(batch)} beside that of {_tubes(usual)}: "
    told = [f"{name} {_times(moved[name])} (robust z {z[name]:.1f})" for name in odd]
    message = f"{between}no drift in {', '.join(shared)}."
    if odd:
        message = f"{between}{some_of(told, '; ')}. Gates of one batch cut elsewhere in the other."
    return Finding(
        code="QC-BATCH-DRIFT",
        severity=Severity.WARN if odd else Severity.PASS,
        message=message,
        value=max(z.values()),
        limit=str(allowed),
    )


def _tubes(batch: _Batch) -> str:
    return f"{len(batch.tubes)} tubes, first {batch.tubes[0].sample_id}"


def _times(decades: float) -> str:
    return f"{significant(10.0**decades)} times the usual"
