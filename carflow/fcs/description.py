"""What an FCS file holds, in plain values and as one screen of text.

An allow-list: counts, channel and marker names, ranges, settings, the matrix and what was
noticed. Nothing else out of TEXT (names, dates, comments) is shown, so the output of
``carflow inspect`` can go into a question to a colleague.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

from carflow.fcs.volume import acquired_volume
from carflow.units import significant

if TYPE_CHECKING:
    from carflow.fcs.acquisition import Acquisition
    from carflow.fcs.parameters import Parameter
    from carflow.fcs.spillover import Spillover

    Described = dict[str, object]

_SHADES = " ░▒▓█"
_MOST_COLUMNS = 24  # of the heat table; wider matrices would not fit on a screen
_STORED = {"F": "float", "D": "double", "I": "integer"}


def describe(tube: Acquisition) -> Described:
    """Return what a data set holds, as values that JSON can carry."""
    volume = acquired_volume(tube.keywords)
    parameters = [column.parameter for column in tube.layout.columns]
    return {
        "version": tube.version,
        "dataset": tube.dataset,
        "repeats_dataset": tube.repeats_dataset,
        "n_events": tube.n_events,
        "datatype": tube.keywords.get("$DATATYPE", "").strip(),
        "channels": [_channel(one) for one in parameters],
        "spillover": list(tube.spillover.channels) if tube.spillover else None,
        "matrix": tube.spillover.matrix.tolist() if tube.spillover else None,
        "already_compensated": tube.already_compensated,
        "time_channel": tube.time_channel,
        "timestep_s": tube.timestep_s,
        "duration_s": tube.duration_s,
        "volume_ul": volume.ul,
        "volume_unit": volume.unit,
        "flow_ul_per_min": volume.flow_ul_per_min,
        "volume_reason": str(volume.reason),
        "sha256": tube.sha256,
        "findings": [
            {"severity": str(one.severity), "code": one.code, "message": one.message}
            for one in tube.findings
        ],
    }


def _channel(parameter: Parameter) -> Described:
    top = parameter.scale_range
    return {
        "channel": parameter.name,
        "marker": parameter.marker,
        "range": top if math.isfinite(top) else None,
        "voltage": parameter.voltage,
        "gain": parameter.gain,
        "decades": parameter.decades,
        "bits": parameter.bits,
        "datatype": parameter.datatype,
    }


def description_text(tube: Acquisition, *, unicode: bool | None = None) -> str:
    """Return what a data set holds, as one screen of text.

    Parameters
    ----------
    tube : Acquisition
        The data set.
    unicode : bool, optional
        Whether shades may be drawn; by default where standard output can show them.
    """
    shaded = _shows_unicode() if unicode is None else unicode
    return "\n".join(
        [
            *_heading(tube),
            "",
            *_channel_table(tube),
            "",
            *_matrix_lines(tube.spillover, shaded=shaded),
            "",
            *([str(one) for one in tube.findings] or ["no findings"]),
        ]
    )


def _shows_unicode() -> bool:
    encoding = getattr(sys.stdout, "encoding", None) or ""
    return encoding.casefold().replace("-", "") == "utf8"


def _heading(tube: Acquisition) -> list[str]:
    volume = acquired_volume(tube.keywords)
    stated = volume.reason.meaning
    if volume.ul is not None:
        flow = volume.flow_ul_per_min
        stated = f"{volume.ul:g} µL (written in {volume.unit})"
        stated += f", {significant(flow)} µL/min" if flow is not None else ""
    lasted = f"{tube.duration_s:g} s" if tube.duration_s is not None else "not stated"
    tick = f" in ticks of {tube.timestep_s:g} s" if tube.timestep_s else ""
    again = f", the events of data set {tube.repeats_dataset} again"
    return [
        f"FCS {tube.version}, data set {tube.dataset}"
        + (again if tube.repeats_dataset is not None else ""),
        f"{tube.n_events} events, {len(tube.channels)} channels",
        f"time: {tube.time_channel or 'none'}{tick}; duration: {lasted}",
        f"acquired volume: {stated}",
        f"sha256: {tube.sha256}",
    ]


def _channel_table(tube: Acquisition) -> list[str]:
    """Return channels with marker, stored kind, range, voltage and gain in columns."""
    rows = [("channel", "marker", "stored as", "to", "voltage", "gain")]
    for column in tube.layout.columns:
        one = column.parameter
        scale = f", {one.decades:g} decades" if one.decades else ""
        stored = f"{_STORED[one.datatype]} {one.bits}{scale}"
        top = f"{one.scale_range:.7g}"
        rows.append((one.name, one.marker or "-", stored, top, one.voltage or "-", f"{one.gain:g}"))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _matrix_lines(spillover: Spillover | None, *, shaded: bool) -> list[str]:
    """Return the matrix in percent, each number with a shade where these can be shown."""
    if spillover is None:
        return ["spillover matrix: none"]
    size = len(spillover.channels)
    lines = [f"spillover matrix: {size} channels, in percent ({spillover.keyword})"]
    if spillover.is_identity:
        return [*lines, "  an identity matrix: compensation changes nothing"]
    if size > _MOST_COLUMNS:
        return [*lines, *_largest(spillover)]
    width = max(map(len, spillover.channels))
    lines.append(" " * (width + 2) + "".join(f"{number:>6}" for number in range(1, size + 1)))
    for number, (name, row) in enumerate(
        zip(spillover.channels, spillover.matrix, strict=True), start=1
    ):
        cells = "".join(f"{_cell(100.0 * value, shaded=shaded):>6}" for value in row)
        lines.append(f"  {name:{width}}{cells}  {number}")
    return lines


def _cell(percent: float, *, shaded: bool) -> str:
    shown = "." if abs(percent) < 0.05 else f"{percent:.1f}" if percent < 99.95 else "100"
    if not shaded:
        return shown
    level = sum(abs(percent) >= limit for limit in (1.0, 5.0, 20.0, 50.0))
    return shown + _SHADES[level]


def _largest(spillover: Spillover) -> list[str]:
    """Return the ten largest coefficients of a matrix that is too wide to be shown."""
    channels = spillover.channels
    pairs = [
        (float(value), dye, detector)
        for dye, row in enumerate(spillover.matrix)
        for detector, value in enumerate(row)
        if dye != detector
    ]
    return [
        f"  {channels[dye]} into {channels[detector]}: {100.0 * value:.1f}"
        for value, dye, detector in sorted(pairs, reverse=True)[:10]
    ]
