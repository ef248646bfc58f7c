"""Checks of the tubes of one panel against each other: names, controls, format.

Numbers a cytometer is set to (voltages, ranges, gains, spillover) are compared in
`carflow.qc.setting_checks`; what is usual in a group is told by `carflow.qc.usual`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.gating.strategy import Role
from carflow.qc.limits import gravest
from carflow.qc.telling import finding_of
from carflow.qc.usual import CONTROLS, some_of, tubes_of, usual, usual_by_name
from carflow.study.model import SampleType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from carflow.qc.summary import TubeSummary
    from carflow.qc.usual import Holders
    from carflow.thresholds import QcLimits

    Group = Sequence[TubeSummary]
    Difference = tuple[Severity, str]


def check_group_size(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Say whether there is anything to compare; with one tube all comparisons are left out."""
    del limits  # two tubes are enough to see a difference
    if len(group) > 1:
        message = f"{tubes_of(group)} are compared with each other."
        return (Finding(code="QC-GROUP", severity=Severity.PASS, message=message),)
    message = (
        "The only tube of its panel: names, voltages, ranges, format and matrix could not be "
        "compared."
    )
    sample_id = group[0].sample_id
    return (Finding(code="QC-GROUP", severity=Severity.INFO, message=message, sample_id=sample_id),)


def check_control(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Say whether a panel with a CAR population has a tube that shows where negative ends."""
    del limits  # one control is the least
    if not any(Role.CAR in tube.counts for tube in group):
        return ()
    controls = [tube.sample_id for tube in group if tube.sample_type in CONTROLS]
    if controls:
        message = f"Controls for the CAR gate: {', '.join(controls)}."
    else:
        message = (
            f"No FMO, untransduced or pre-infusion tube among {tubes_of(group)}: where CAR "
            "begins cannot be checked."
        )
    return (
        Finding(
            code="QC-CONTROL-MISSING",
            severity=Severity.PASS if controls else Severity.WARN,
            message=message,
            value=float(len(controls)),
            limit="warn < 1",
        ),
    )


def check_gates_panel(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Find tubes that were gated with gates for another panel than theirs; none without gates.

    One gate file alone is applied to every tube, whatever its panel_id.
    """
    del limits  # a panel is the same or not
    first = group[0]
    if not first.gates_panel:
        return ()
    same = first.panel_id == first.gates_panel
    message = f"{tubes_of(group)} have the gates of their panel."
    if not same:
        message = (
            f"The gates are for another panel_id than the sheet gives {tubes_of(group)}: they were "
            "applied all the same."
        )
    severity = Severity.PASS if same else Severity.WARN
    return (Finding(code="QC-GATE-PANEL", severity=severity, message=message),)


def check_panel(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare channel names, marker names, and where the gates find their markers.

    A difference that the gates see fails; one in a channel they do not use, or in spelling
    only, warns. Without gates every channel counts as used. Marker names of FMO tubes are not
    compared: one is missing on purpose.
    """
    del limits  # names are equal or not
    if len(group) < 2:
        return ()
    expected_channels, _ = usual({tube.sample_id: tuple(sorted(tube.channels)) for tube in group})
    expected_markers = usual_by_name(group, _marker_names)
    expected_places = usual_by_name(group, lambda tube: tube.gate_channels)
    findings = []
    for tube in group:
        differences = [
            *_moved_markers(tube, expected_places),
            *_channel_differences(tube, expected_channels),
            *_marker_differences(tube, expected_markers),
        ]
        differences.sort(key=lambda difference: difference[0].rank)
        told = some_of([sentence for _, sentence in differences], "; ")
        findings.append(
            finding_of(
                tube,
                "QC-PANEL",
                gravest(severity for severity, _ in differences),
                f"{told or 'Channels and markers are those of the panel'}.",
                value=float(len(differences)),
                limit="same channels and markers",
            )
        )
    return tuple(findings)


def check_format(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare how numbers are stored: another format is another export or instrument."""
    del limits  # formats are equal or not
    if len(group) < 2:
        return ()
    expected, holders = usual({tube.sample_id: _storage(tube) for tube in group})
    return tuple(
        Finding(
            code="QC-FORMAT",
            severity=Severity.PASS if _storage(tube) == expected else Severity.WARN,
            message=f"Numbers are stored as {_storage(tube)}, as usual in the panel."
            if _storage(tube) == expected
            else f"Numbers are stored as {_storage(tube)} instead of {expected} ({holders}): "
            "another instrument or another export.",
            sample_id=tube.sample_id,
            limit="same format",
        )
        for tube in group
    )


def check_instrument(group: Group, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare the cytometers by the hash of their name; the name is free text and never told."""
    del limits  # it is the same cytometer or not
    if len(group) < 2:
        return ()
    named = {tube.sample_id: tube.instrument_sha256 for tube in group if tube.instrument_sha256}
    if not named:
        message = f"None of {tubes_of(group)} names its cytometer: they could not be compared."
        return (Finding(code="QC-INSTRUMENT", severity=Severity.INFO, message=message),)
    expected, holders = usual(named)
    return tuple(_instrument_finding(tube, expected, holders) for tube in group)


BATCH_CHECKS: tuple[Callable[[Group, QcLimits], tuple[Finding, ...]], ...] = (
    check_group_size,
    check_control,
    check_gates_panel,
    check_panel,
    check_format,
    check_instrument,
)


def _instrument_finding(tube: TubeSummary, expected: str, holders: Holders) -> Finding:
    if not tube.instrument_sha256:
        severity, message = Severity.INFO, "The file does not name its cytometer."
    elif tube.instrument_sha256 == expected:
        severity, message = Severity.PASS, "The cytometer is the usual one of the panel."
    else:
        severity = Severity.WARN
        message = (
            f"The file names another cytometer than usual ({holders}): gates and brightness do "
            "not carry over."
        )
    return finding_of(tube, "QC-INSTRUMENT", severity, message, limit="same cytometer")


def _storage(tube: TubeSummary) -> str:
    return f"type {tube.datatype or '?'} with byte order {tube.byteorder or '?'}"


def _marker_names(tube: TubeSummary) -> dict[str, str]:
    if tube.sample_type is SampleType.FMO:
        return {}
    return dict(zip(tube.channels, tube.markers, strict=True))


def _moved_markers(
    tube: TubeSummary, expected: Mapping[str, tuple[str, Holders]]
) -> Iterator[Difference]:
    for name, channel in tube.gate_channels.items():
        place, holders = expected[name]
        if channel != place:
            sentence = f"{name} is read from {channel} instead of {place} ({holders})"
            yield Severity.FAIL, sentence


def _channel_differences(tube: TubeSummary, expected: tuple[str, ...]) -> Iterator[Difference]:
    missing = [channel for channel in expected if channel not in tube.channels]
    extra = {_spelling(channel): channel for channel in tube.channels if channel not in expected}
    for channel in missing:
        alias = extra.pop(_spelling(channel), None)
        if alias is not None:
            yield Severity.WARN, f"channel {channel} is written {alias}"
        else:
            # with gates, a channel they need cannot be missing: the tube could not be gated
            grave = Severity.WARN if tube.gates_name else Severity.FAIL
            yield grave, f"channel {channel} is missing"
    for channel in extra.values():
        yield Severity.WARN, f"channel {channel} is not in the other tubes of the panel"


def _marker_differences(
    tube: TubeSummary, expected: Mapping[str, tuple[str, Holders]]
) -> Iterator[Difference]:
    for channel, marker in _marker_names(tube).items():
        name, holders = expected[channel]
        if marker == name:
            continue
        same_word = _spelling(marker) == _spelling(name)
        told = f"{channel} is labelled {marker or '(nothing)'} instead of {name or '(nothing)'}"
        grave = tube.uses(channel) and marker and name and not same_word
        yield (Severity.FAIL if grave else Severity.WARN), f"{told} ({holders})"


def _spelling(name: str) -> str:
    """Return a name without case, spaces, hyphens and underscores, as panels compare names."""
    return "".join(letter for letter in name.casefold() if letter not in " -_")
