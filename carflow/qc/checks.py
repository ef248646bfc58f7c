"""The register of all checks, and the one function that runs them over a batch.

Ids are for scripts and stay; a check that changes its meaning gets a new id. Adding a check:
a function in the room of its scope, an entry here, a test that trips it and one that does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.errors import CarflowError
from carflow.findings import Finding, Severity
from carflow.qc.batch_checks import BATCH_CHECKS
from carflow.qc.limits import QcLimits
from carflow.qc.setting_checks import SETTING_CHECKS
from carflow.qc.study_checks import STUDY_CHECKS
from carflow.qc.tube_checks import TUBE_CHECKS
from carflow.qc.usual import panel_groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from carflow.qc.summary import TubeSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a check is called, what it tells, and what to do about it."""

    id: str
    title: str
    meaning: str
    remedy: str


CHECKS: tuple[Check, ...] = (
    Check(
        id="QC-TUBE-FAILED",
        title="Tube without result",
        meaning="The file could not be read, or the gates do not fit it; the sentence says why.",
        remedy="Correct the file name, the file or the gates; the other tubes are not affected.",
    ),
    Check(
        id="QC-DUPLICATE",
        title="Same events twice",
        meaning="The events of two tubes are byte for byte the same; one row names a wrong file.",
        remedy="Find the right file of each row, or remove the row that is too many.",
    ),
    Check(
        id="QC-DATE-ORDER",
        title="Days against order of acquisition",
        meaning="A later day was acquired earlier: days or files may be exchanged.",
        remedy=(
            "Compare the sheet with the laboratory's list. Frozen samples that were run in one "
            "session in any order can be left."
        ),
    ),
    Check(
        id="QC-DATE-GAP",
        title="Days against time between acquisitions",
        meaning="The days of two tubes lie further apart, or closer, than their acquisitions.",
        remedy="Correct the day or the file; stored or shipped samples can be left.",
    ),
    Check(
        id="QC-READER",
        title="Findings of the FCS reader",
        meaning="The file was read, but something about it is unusual; the sentence says what.",
        remedy="Look at the file with `carflow inspect`; export it anew where values are in doubt.",
    ),
    Check(
        id="QC-EVENTS",
        title="Number of events",
        meaning="The file holds fewer events than a percentage of rare cells needs.",
        remedy="Acquire the tube longer, or read the intervals of its numbers with care.",
    ),
    Check(
        id="QC-TIME-GATE",
        title="Time gate applied",
        meaning="The gates leave out a part of the acquisition, but this tube's time is unusable.",
        remedy="Look at the file with `carflow inspect`; export it with its time channel.",
    ),
    Check(
        id="QC-NONFINITE",
        title="Values that are not numbers",
        meaning="Some events hold NaN or infinite values; they are in no population.",
        remedy="Export the file anew from the instrument, without a transformation.",
    ),
    Check(
        id="QC-CD3-EVENTS",
        title="Number of CD3+ events",
        meaning="The denominator of the CAR+ percentage of CD3+ is small.",
        remedy="Acquire more of the tube or stain more blood; few T cells early on are biology.",
    ),
    Check(
        id="QC-BEADS",
        title="Number of bead events",
        meaning="A count per µL by beads rests on few bead events.",
        remedy="Acquire longer; look whether the bead gate fits and no threshold cuts beads off.",
    ),
    Check(
        id="QC-SATURATION",
        title="Events at the end of the range",
        meaning="Events at the upper end of a channel are brighter than the detector could tell.",
        remedy="Lower the voltage next time; do not use the brightness (MFI) of this channel.",
    ),
    Check(
        id="QC-MATRIX-MISSING",
        title="Spillover matrix present",
        meaning="The gates ask for compensation; the file holds no matrix or one without effect.",
        remedy=(
            "Export with compensation stored in the file; where the values are compensated "
            'already, say compensation = "none" in the gates.'
        ),
    ),
    Check(
        id="QC-MATRIX-CONDITION",
        title="Spillover matrix can be inverted",
        meaning="A high condition number: compensation enlarges small errors of the matrix.",
        remedy="Look for two dyes with nearly the same spectrum, or for wrong single stains.",
    ),
    Check(
        id="QC-MATRIX-VALUES",
        title="Size of the spillover",
        meaning="A dye spills more into a foreign detector than into its own.",
        remedy="Check the single stains and the assignment of dyes to detectors.",
    ),
    Check(
        id="QC-GROUP",
        title="Tubes to compare with",
        meaning="Whether a panel has more than one tube; a single tube has nothing to differ from.",
        remedy="Check the tubes of a panel together, and give them the same panel_id.",
    ),
    Check(
        id="QC-CONTROL-MISSING",
        title="Control of the CAR gate",
        meaning="No FMO, untransduced or pre-infusion tube shows where CAR begins.",
        remedy="Add one to the sheet with its sample_type; low CAR+ values need it.",
    ),
    Check(
        id="QC-PANEL",
        title="Same channels and markers",
        meaning="A tube has other channels or markers than its panel, or a marker elsewhere.",
        remedy="Correct the label in the acquisition software, or give the tube its own panel_id.",
    ),
    Check(
        id="QC-FORMAT",
        title="Same storage of numbers",
        meaning="Data type or byte order differ: the file comes from another instrument or export.",
        remedy="Export all tubes in the same way.",
    ),
    Check(
        id="QC-VOLTAGE",
        title="Same detector voltages",
        meaning="At another voltage a fixed gate means another brightness.",
        remedy="Compare within one setting only; give tubes of another setting their own panel_id.",
    ),
    Check(
        id="QC-RANGE",
        title="Same ranges",
        meaning="A channel is stored on another scale, so a fixed gate lies elsewhere.",
        remedy="Export all tubes with the same scaling.",
    ),
    Check(
        id="QC-GAIN",
        title="Same gains",
        meaning="The amplifier gain of a channel differs.",
        remedy="Compare within one setting only; give tubes of another setting their own panel_id.",
    ),
    Check(
        id="QC-AMPLIFICATION",
        title="Same logarithmic amplification",
        meaning="A channel is stored on another logarithmic scale, so a fixed gate lies elsewhere.",
        remedy="Export all tubes in the same way, best as linear values.",
    ),
    Check(
        id="QC-MATRIX-DIFFERS",
        title="Same spillover matrix",
        meaning="A tube carries another matrix than its panel: it is compensated differently.",
        remedy="Apply the matrix of the batch in the acquisition software and export anew.",
    ),
)


def check_batch(
    summaries: Sequence[TubeSummary],
    failures: Sequence[tuple[str, str, str]] = (),
    limits: QcLimits | None = None,
) -> tuple[Finding, ...]:
    """Run every check and return the findings, gravest first, then in the order of the sheet.

    Parameters
    ----------
    summaries : sequence of TubeSummary
        The tubes that could be read, in any order.
    failures : sequence of (sample_id, code, sentence)
        The tubes that could not; each becomes a FAIL.
    limits : QcLimits, optional
        The defaults where absent.

    Returns
    -------
    tuple of Finding
        The same for any order of the input. Findings about the batch stand before those
        about a tube.
    """
    applied = limits or QcLimits()
    tubes = sorted(summaries, key=lambda tube: (tube.row, tube.sample_id))
    findings = [*_failed(failures), *_run(tubes, applied)]
    rows = {tube.sample_id: tube.row for tube in tubes}
    register = {check.id: number for number, check in enumerate(CHECKS)}
    return tuple(
        sorted(
            findings,
            key=lambda found: (
                found.severity.rank,
                rows.get(found.sample_id, -1),
                register[found.code],
                found.sample_id,
                found.message,
            ),
        )
    )


def explain(check_id: str) -> str:
    """Return what a check means and what to do about it, as text of three lines.

    Raises
    ------
    CarflowError
        If there is no such check.

    Examples
    --------
    >>> print(explain("QC-FORMAT"))
    QC-FORMAT: Same storage of numbers
    Data type or byte order differ: the file comes from another instrument or export.
    Export all tubes in the same way.
    """
    for check in CHECKS:
        if check.id == check_id.upper():
            return f"{check.id}: {check.title}\n{check.meaning}\n{check.remedy}"
    known = ", ".join(check.id for check in CHECKS)
    raise CarflowError("no check of that name", hint=f"there are: {known}", code="QC-UNKNOWN")


def _failed(failures: Sequence[tuple[str, str, str]]) -> Iterator[Finding]:
    for sample_id, code, sentence in failures:
        yield Finding(
            code="QC-TUBE-FAILED",
            severity=Severity.FAIL,
            message=f"{code}: {sentence}",
            sample_id=sample_id,
        )


def _run(tubes: Sequence[TubeSummary], limits: QcLimits) -> Iterator[Finding]:
    for tube in tubes:
        for check_tube in TUBE_CHECKS:
            yield from check_tube(tube, limits)
    for group in panel_groups(tubes):
        for check_group in (*BATCH_CHECKS, *SETTING_CHECKS):
            yield from check_group(group, limits)
    for check_study in STUDY_CHECKS:
        yield from check_study(tubes, limits)
