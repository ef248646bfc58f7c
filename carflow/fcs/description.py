"""What an FCS file holds, in plain values and as text, for a person at a terminal.

An allow-list: counts, channel and marker names, ranges, voltages, the matrix and what was
noticed. Nothing else out of TEXT (names, dates, comments) is shown, so the output of
``carflow inspect`` can go into a question to a colleague.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from carflow.fcs.volume import acquired_volume

if TYPE_CHECKING:
    from carflow.fcs.acquisition import Acquisition

    Described = dict[str, object]


def describe(tube: Acquisition) -> Described:
    """Return what a data set holds, as values that JSON can carry."""
    volume = acquired_volume(tube.keywords)
    return {
        "version": tube.version,
        "dataset": tube.dataset,
        "n_events": tube.n_events,
        "datatype": tube.keywords.get("$DATATYPE", "").strip(),
        "channels": [
            {
                "channel": channel,
                "marker": marker,
                "range": top if math.isfinite(top) else None,
                "voltage": voltage,
            }
            for channel, marker, top, voltage in zip(
                tube.channels, tube.markers, tube.ranges, tube.voltages, strict=True
            )
        ],
        "spillover": list(tube.spillover.channels) if tube.spillover else None,
        "time_channel": tube.time_channel,
        "timestep_s": tube.timestep_s,
        "duration_s": tube.duration_s,
        "volume_ul": volume.ul,
        "volume_reason": str(volume.reason),
        "sha256": tube.sha256,
        "findings": [
            {"severity": str(one.severity), "code": one.code, "message": one.message}
            for one in tube.findings
        ],
    }


def description_text(tube: Acquisition) -> str:
    """Return what a data set holds, as lines to read."""
    volume = acquired_volume(tube.keywords)
    matrix = f"{len(tube.spillover.channels)} channels" if tube.spillover else "none"
    stated = f"{volume.ul:g} µL" if volume.ul is not None else volume.reason.meaning
    lasted = f"{tube.duration_s:g} s" if tube.duration_s is not None else "not stated"
    lines = [
        f"FCS {tube.version}, data set {tube.dataset}",
        f"{tube.n_events} events, {len(tube.channels)} channels",
        f"spillover matrix: {matrix}",
        f"time: {tube.time_channel or 'none'}; duration: {lasted}",
        f"acquired volume: {stated}",
        f"sha256: {tube.sha256}",
    ]
    width = max((len(name) for name in tube.channels), default=0)
    for channel, marker, top, voltage in zip(
        tube.channels, tube.markers, tube.ranges, tube.voltages, strict=True
    ):
        setting = f"  {voltage} V" if voltage else ""
        lines.append(f"  {channel:{width}}  {marker or '-'}  to {top:g}{setting}")
    lines += [str(one) for one in tube.findings] or ["no findings"]
    return "\n".join(lines)
