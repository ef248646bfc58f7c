"""Checks of what a cytometer was set to, tube against tube: voltages, ranges, gains, spillover.

Why a difference matters more than a value: no voltage is right or wrong by itself, but a
fixed CAR gate means another brightness at another voltage. A difference on a channel the
gates do not use never fails.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.gating.compensation import CompensationState
from carflow.qc.limits import Above, gravest
from carflow.qc.summary import TubeSummary
from carflow.qc.telling import finding_of
from carflow.qc.usual import some_of, tubes_of, usual, usual_by_name
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carflow.qc.summary import MatrixSummary
    from carflow.qc.usual import Holders
    from carflow.thresholds import QcLimits

    Group = Sequence[TubeSummary]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """A number per channel, how to read it, and how far two of them are apart."""

    code: str
    noun: str
    unit: str
    read: Callable[[TubeSummary], Mapping[str, float]]
    distance: Callable[[float, float], float]
    allowed: Above
    harmless: Callable[[TubeSummary], str] = lambda _: ""  # why a difference moves no value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Departure:
    """One channel of one tube that is not set as usual."""

    severity: Severity
    distance: float
    sentence: str


def check_voltages(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare the detector voltages ($PnV)."""
    setting = _Setting(
        code="QC-VOLTAGE",
        noun="detector voltage",
        unit=" V",
        read=lambda tube: _numbers(tube, tube.voltages),
        distance=lambda found, expected: abs(found - expected),
        allowed=Above(limits.voltage_warn_v, limits.voltage_fail_v, unit="V"),
    )
    return _compare(group, setting)


def check_ranges(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare the ranges of the channels ($PnR on the scale of the values), Time left out.

    In a floating-point file the range scales nothing, and some makers write the highest value
    of each file as its range: a difference is told there, not judged.
    """
    setting = _Setting(
        code="QC-RANGE",
        noun="range",
        unit="",
        read=_ranges,
        distance=_ratio,
        allowed=Above(limits.range_ratio_warn, limits.range_ratio_fail),
        harmless=lambda tube: (
            "floating-point values are not scaled by it" if tube.datatype in {"F", "D"} else ""
        ),
    )
    return _compare(group, setting)


def check_gains(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare the amplifier gains ($PnG); where no file gives one, there is no finding."""
    setting = _Setting(
        code="QC-GAIN",
        noun="gain",
        unit="",
        read=lambda tube: _numbers(tube, tube.gains),
        distance=_ratio,
        allowed=Above(limits.range_ratio_warn, limits.range_ratio_fail),
    )
    return _compare(group, setting) if any(map(setting.read, group)) else ()


def check_amplifications(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare the logarithmic amplification ($PnE), as decades; any difference moves values.

    Where no file amplifies logarithmically, there is no finding; on floating-point values the
    keyword has no meaning.
    """
    del limits  # a decade more or less is never small
    setting = _Setting(
        code="QC-AMPLIFICATION",
        noun="logarithmic amplification",
        unit=" decades",
        read=_decades,
        distance=lambda found, expected: abs(found - expected),
        allowed=Above(0.0, 0.0, unit="decades"),
        harmless=_scales_nothing,
    )
    amplified = any(value for tube in group for value in _decades(tube).values())
    return _compare(group, setting) if amplified else ()


def check_matrices(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare the spillover matrices, coefficient by coefficient."""
    held = {
        tube.sample_id: (tube, tube.matrix)
        for tube in group
        if tube.matrix is not None and tube.compensation is not CompensationState.NOT_ASKED
    }
    if len(held) < 2:
        return ()
    _, holders = usual({sample_id: matrix.sha256 for sample_id, (_, matrix) in held.items()})
    _, reference = held[holders.sample_ids[0]]
    return tuple(
        _matrix_finding(tube, (matrix, reference), holders, limits)
        for tube, matrix in held.values()
    )


SETTING_CHECKS: tuple[Callable[[Group, QcLimits], tuple[Finding, ...]], ...] = (
    check_voltages,
    check_ranges,
    check_gains,
    check_amplifications,
    check_matrices,
)


def _compare(group: Group, setting: _Setting) -> tuple[Finding, ...]:
    if len(group) < 2:
        return ()
    expected = usual_by_name(group, setting.read)
    if not expected:
        message = f"None of {tubes_of(group)} states a {setting.noun}: they could not be compared."
        return (Finding(code=setting.code, severity=Severity.INFO, message=message),)
    return tuple(_compare_tube(tube, setting, expected) for tube in group)


def _compare_tube(
    tube: TubeSummary, setting: _Setting, expected: Mapping[str, tuple[float, Holders]]
) -> Finding:
    own = setting.read(tube)
    if not own:
        return finding_of(
            tube,
            setting.code,
            Severity.INFO,
            f"The file states no {setting.noun}: it could not be compared.",
        )
    found = [
        _departure(tube, channel, setting, (value, *expected[channel]))
        for channel, value in own.items()
    ]
    worst = max(departure.distance for departure in found)
    severity = gravest(departure.severity for departure in found)
    message = _departures_sentence(found, setting.noun)
    harmless = setting.harmless(tube)
    if harmless and severity is not Severity.PASS:
        severity, message = Severity.INFO, f"{message[:-1]}; {harmless}."
    return finding_of(
        tube,
        setting.code,
        severity,
        message,
        value=worst if math.isfinite(worst) else None,
        limit=setting.allowed,
    )


def _departure(
    tube: TubeSummary, channel: str, setting: _Setting, values: tuple[float, float, Holders]
) -> _Departure:
    own, expected, holders = values
    distance = setting.distance(own, expected)
    severity = setting.allowed.severity(distance)
    unused = ""
    if severity is Severity.FAIL and not tube.uses(channel):
        severity, unused = Severity.WARN, ", not used by the gates"
    label = tube.channel_label(channel)
    return _Departure(
        severity=severity,
        distance=distance,
        sentence=f"{label} {own:.7g}{setting.unit} instead of {expected:.7g}{setting.unit} "
        f"({holders}{unused})",
    )


def _departures_sentence(found: Sequence[_Departure], noun: str) -> str:
    odd = [departure for departure in found if departure.severity is not Severity.PASS]
    if not odd:
        return f"The {noun} of every channel ({len(found)}) is as usual in the panel."
    odd.sort(key=lambda departure: (departure.severity.rank, -departure.distance))
    told = some_of([departure.sentence for departure in odd], "; ")
    channels = "1 channel" if len(odd) == 1 else f"{len(odd)} channels"
    return f"The {noun} differs on {channels}: {told}."


def _matrix_finding(
    tube: TubeSummary,
    matrices: tuple[MatrixSummary, MatrixSummary],
    holders: Holders,
    limits: QcLimits,
) -> Finding:
    own, reference = matrices
    if set(own.channels) != set(reference.channels):
        odd = some_of(sorted(set(own.channels) ^ set(reference.channels)), ", ")
        message = (
            f"The spillover matrix is for other channels than usual ({holders}); only one of "
            f"the two has: {odd}."
        )
        return finding_of(tube, "QC-MATRIX-DIFFERS", Severity.FAIL, message)
    judged = [
        (allowed.severity(difference), difference, dye, detector, allowed)
        for difference, dye, detector in _differences(own, reference)
        for allowed in [_allowed(tube, (dye, detector), limits)]
    ]
    severity, difference, dye, detector, allowed = min(
        judged, key=lambda found: (found[0].rank, -found[1])
    )
    message = (
        f"The spillover matrix differs by {significant(difference)} from the usual one, from "
        f"{tube.channel_label(dye)} into {tube.channel_label(detector)} ({holders})."
        if difference > 0
        else "The spillover matrix is the usual one of the panel."
    )
    return finding_of(tube, "QC-MATRIX-DIFFERS", severity, message, value=difference, limit=allowed)


def _allowed(tube: TubeSummary, pair: tuple[str, str], limits: QcLimits) -> Above:
    """Return the limits of one coefficient: narrower where CD3 or CAR is gated."""
    fail = limits.matrix_difference_fail
    if set(pair) & set(tube.target_channels):
        fail = min(fail, limits.target_matrix_difference_fail)
    return Above(min(limits.matrix_difference_warn, fail), fail)


def _differences(own: MatrixSummary, reference: MatrixSummary) -> Iterator[tuple[float, str, str]]:
    """Yield the absolute difference of each coefficient, with its dye and its detector."""
    place = {channel: number for number, channel in enumerate(reference.channels)}
    for dye, row in zip(own.channels, own.rows, strict=True):
        for detector, value in zip(own.channels, row, strict=True):
            yield abs(value - reference.rows[place[dye]][place[detector]]), dye, detector


def _numbers(tube: TubeSummary, texts: Sequence[str]) -> dict[str, float]:
    """Return the numbers among the settings of a file by channel; other text counts as absent."""
    found = {}
    for channel, text in zip(tube.channels, texts, strict=bool(texts)):
        try:
            number = float(text)
        except ValueError:
            continue
        if math.isfinite(number):
            found[channel] = number
    return _without_time(tube, found)


def _decades(tube: TubeSummary) -> dict[str, float]:
    """Return the decades of each channel's amplification, 0 for a linear one."""
    return _numbers(tube, [text.partition(",")[0] for text in tube.amplifications])


def _scales_nothing(tube: TubeSummary) -> str:
    return "floating-point values are not scaled by it" if tube.datatype in {"F", "D"} else ""


def _ranges(tube: TubeSummary) -> dict[str, float]:
    """Return the ranges that the file states; the reader gives inf where it states none."""
    ranges = zip(tube.channels, tube.ranges, strict=True)
    return _without_time(tube, {name: end for name, end in ranges if math.isfinite(end)})


def _without_time(tube: TubeSummary, numbers: Mapping[str, float]) -> dict[str, float]:
    """Leave Time out: its range is the length of the recording."""
    return {channel: number for channel, number in numbers.items() if channel != tube.time_channel}


def _ratio(found: float, expected: float) -> float:
    low, high = sorted((found, expected))
    if low == high:
        return 1.0
    return high / low if low > 0 else math.inf
