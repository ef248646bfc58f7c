"""The acquired volume ($VOL) and its unit, judged by the flow rate it implies.

The standard says nanolitres. Most instruments write them; Cytek's Aurora and NL write
microlitres, a factor of 1000 that would go straight into cells/µL. The unit is therefore
accepted only if volume over duration ($ETIM − $BTIM) is a flow rate that a cytometer can have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.fcs.clock import lasted_s
from carflow.fcs.keywords import parse_number
from carflow.reasons import Reason
from carflow.units import ul_from_nl

if TYPE_CHECKING:
    from collections.abc import Mapping

SLOWEST_UL_PER_MIN = 5.0
FASTEST_UL_PER_MIN = 1000.0
_OVERRIDES = {"nl": "nL", "ul": "µL", "µl": "µL", "μl": "µL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquiredVolume:
    """The sample volume that was drawn through the cytometer.

    `ul` is None where `reason` says why; `unit` is the unit the file was found to use, ""
    where that is unknown.
    """

    ul: float | None = None
    unit: str = ""
    flow_ul_per_min: float | None = None
    reason: Reason = Reason.NONE


def acquired_volume(keywords: Mapping[str, str], *, unit_override: str = "") -> AcquiredVolume:
    """Return the acquired volume of a tube in µL.

    Parameters
    ----------
    keywords : mapping of str to str
        $VOL and the times of `carflow.fcs.clock.lasted_s` are read.
    unit_override : str
        "nL" or "µL" (also "uL") where the laboratory knows what its cytometer writes; the flow
        rate is then reported but decides nothing.

    Returns
    -------
    AcquiredVolume
        Without volume for NO_VOLUME (no positive $VOL) or VOLUME_UNIT (no usable times, or no
        unit gives 5 to 1000 µL/min).

    Raises
    ------
    ValueError
        For another `unit_override`.

    Examples
    --------
    >>> tube = {"$VOL": "33008", "$BTIM": "10:00:00", "$ETIM": "10:02:30"}
    >>> volume = acquired_volume(tube)
    >>> volume.ul, volume.unit, round(volume.flow_ul_per_min, 1)
    (33.008, 'nL', 13.2)
    >>> acquired_volume({"$VOL": "33008"}).reason.meaning
    'the acquired volume fits no plausible flow rate'
    """
    if unit_override and unit_override.casefold() not in _OVERRIDES:
        raise ValueError(f"a volume unit is nL or µL, got {unit_override!r}")
    stated = parse_number(keywords.get("$VOL", ""))
    if stated is None or stated <= 0:
        return AcquiredVolume(reason=Reason.NO_VOLUME)
    seconds = lasted_s(keywords)
    if unit_override:
        return _in_unit(stated, _OVERRIDES[unit_override.casefold()], seconds)
    candidates = [_in_unit(stated, unit, seconds) for unit in ("nL", "µL")]
    plausible = [volume for volume in candidates if _is_plausible(volume.flow_ul_per_min)]
    if len(plausible) != 1:
        return AcquiredVolume(reason=Reason.VOLUME_UNIT)
    return plausible[0]


def _in_unit(stated: float, unit: str, seconds: float | None) -> AcquiredVolume:
    ul = ul_from_nl(stated) if unit == "nL" else stated
    return AcquiredVolume(
        ul=ul, unit=unit, flow_ul_per_min=ul / seconds * 60.0 if seconds else None
    )


def _is_plausible(flow_ul_per_min: float | None) -> bool:
    return (
        flow_ul_per_min is not None and SLOWEST_UL_PER_MIN <= flow_ul_per_min <= FASTEST_UL_PER_MIN
    )
