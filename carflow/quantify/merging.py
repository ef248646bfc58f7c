"""Several tubes of one visit as one: counts are summed, percentages never averaged.

Merged are only tubes that measured the same thing the same way: same panel, detector settings,
gates and preparation, and the same blood count. Absolute counts then rest on all cells over all
beads, or over the summed volume, as if one larger tube had been acquired.

Decision: tubes that differ are not merged in part. Which of two different answers is the right
one is for the laboratory to say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from carflow.quantify.absolute import NOTHING_STATED, Stated, Volume
from carflow.quantify.counts import TubeCounts
from carflow.quantify.limits import CUSTOMARY, Variation
from carflow.quantify.tube import quantify_tube, unquantified
from carflow.reasons import Reason
from carflow.study.model import Tube

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.gating.strategy import AssayLimits
    from carflow.quantify.background import Background
    from carflow.quantify.quantity import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeKey:
    """What tubes must have in common before their counts may be summed.

    Parameters
    ----------
    panel_id : str
        The sheet's panel.
    settings : str
        Anything that tells detector settings apart, for example the voltages of all channels.
    gates_sha256 : str
        Of the gates applied.
    preparation : str
        How the blood was prepared, where the sheet says so.
    """

    panel_id: str
    settings: str
    gates_sha256: str
    preparation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TubePart:
    """One gated tube of a visit."""

    key: MergeKey
    tube: Tube
    counts: TubeCounts
    volume: Volume


@dataclass(frozen=True, slots=True, kw_only=True)
class SummedVolume:
    """The acquired volume of all tubes, or the reason one of them has none."""

    ul: float | None = None
    reason: Reason = Reason.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedTube:
    """The tubes of a visit as one: `quantify_tube` takes its three parts."""

    counts: TubeCounts
    tube: Tube
    volume: Volume


def merged(parts: Sequence[TubePart]) -> MergedTube | Reason:
    """Return the tubes of one visit as one, or NOT_MERGED where they differ.

    A single tube comes back as it is. The row of the first tube stands for all; its sample id
    becomes all ids, joined by "+". Medians of several tubes cannot be had from their medians
    and are left out.

    Raises
    ------
    ValueError
        If there is no tube, or they are not of one subject and day.

    Examples
    --------
    >>> from pathlib import Path
    >>> from carflow.gating.strategy import Role
    >>> from carflow.study.model import SampleType, Tube
    >>> key = MergeKey(panel_id="p", settings="a", gates_sha256="f")
    >>> parts = [
    ...     TubePart(
    ...         key=key,
    ...         tube=Tube(sample_id=name, subject_id="P1", day=7, path=Path("a.fcs"), row=2,
    ...             sample_type=SampleType.PATIENT),
    ...         counts=TubeCounts(counts={Role.CD3: of, Role.CAR: events}),
    ...         volume=SummedVolume(reason=Reason.NO_VOLUME),
    ...     )
    ...     for name, events, of in (("S1", 10, 100), ("S2", 90, 300))
    ... ]
    >>> one = merged(parts)
    >>> one.tube.sample_id, one.counts.of(Role.CAR), one.counts.of(Role.CD3)
    ('S1+S2', 100, 400)
    """
    if not parts:
        raise ValueError("there is no tube to merge")
    if len({(part.tube.subject_id, part.tube.day) for part in parts}) > 1:
        raise ValueError("tubes of one visit have one subject and one day")
    first = parts[0]
    if len(parts) == 1:
        return MergedTube(counts=first.counts, tube=first.tube, volume=first.volume)
    if len({part.key for part in parts}) > 1 or not _same_preparation(parts):
        return Reason.NOT_MERGED
    volume, retained = _summed_volume(parts)
    return MergedTube(
        counts=_summed_counts(parts, retained),
        tube=_joint_row(parts),
        volume=volume,
    )


def quantify_visit(
    parts: Sequence[TubePart],
    limits: AssayLimits,
    *,
    variation: Variation = CUSTOMARY,
    background: Background | None = None,
    stated: Stated = NOTHING_STATED,
) -> tuple[Quantity, ...]:
    """Return every declared quantity of one visit, from all its tubes that are not excluded.

    Tubes that may not be merged leave every quantity not evaluable (NOT_MERGED).
    """
    kept = [part for part in parts if not part.tube.exclude_reason] or list(parts[:1])
    whole = merged(kept)
    if isinstance(whole, Reason):
        return unquantified(_joint_row(kept), whole)
    return quantify_tube(
        whole.counts,
        whole.tube,
        whole.volume,
        limits,
        variation=variation,
        background=background,
        stated=stated,
    )


def _same_preparation(parts: Sequence[TubePart]) -> bool:
    """Return whether beads, volumes, dilution and blood counts of all rows agree."""
    return len({_prepared(part.tube) for part in parts}) == 1


def _prepared(tube: Tube) -> tuple[object, ...]:
    return (
        tube.sample_type, tube.panel_id, tube.wbc_1e9_l, tube.alc_1e9_l, tube.cd3_per_ul,
        tube.beads_in_tube, tube.blood_ul, tube.total_ul, tube.dilution, tube.amc_1e9_l,
        tube.lloq_cells_per_ul,
    )  # fmt: skip


def _summed_counts(parts: Sequence[TubePart], retained: float) -> TubeCounts:
    roles = set.intersection(*(set(part.counts.counts) for part in parts))
    events = [part.counts.n_events for part in parts]
    return TubeCounts(
        counts={role: sum(part.counts.counts[role] for part in parts) for role in sorted(roles)},
        retained_time_fraction=retained,
        n_events=None if None in events else sum(number or 0 for number in events),
    )


def _summed_volume(parts: Sequence[TubePart]) -> tuple[SummedVolume, float]:
    """Return the summed volume, and the share of it that the time gates kept."""
    for part in parts:
        if part.volume.ul is None:
            return SummedVolume(reason=part.volume.reason or Reason.NO_VOLUME), 1.0
    acquired = [(part.volume.ul or 0.0, part.counts.retained_time_fraction) for part in parts]
    total = math.fsum(ul for ul, _ in acquired)
    kept = math.fsum(ul * fraction for ul, fraction in acquired)
    return SummedVolume(ul=total), min(1.0, kept / total) if total > 0 else 1.0


def _joint_row(parts: Sequence[TubePart]) -> Tube:
    copies = {part.tube.copies_per_ug for part in parts} - {None}
    return replace(
        parts[0].tube,
        sample_id="+".join(part.tube.sample_id for part in parts),
        copies_per_ug=copies.pop() if len(copies) == 1 else None,
    )
