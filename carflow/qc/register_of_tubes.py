"""The first half of the register: checks of a tube, and of the tubes of a panel beside each other.

See `carflow.qc.register`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a check is called, what it tells, and what to do about it."""

    id: str
    title: str
    meaning: str
    remedy: str


OF_TUBES: tuple[Check, ...] = (
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
        id="QC-TIME-STABILITY",
        title="Steady signals",
        meaning="Some stretches of the tube have other signals: a clog, air, a changed setting. "
        "What changes slowly is a drift and no such stretch.",
        remedy="Look at the stretches it names; acquire the tube again, or gate them out by time.",
    ),
    Check(
        id="QC-TIME-DRIFT",
        title="No drift",
        meaning="A channel's usual signal moved while the tube ran, by more than chance moves it. "
        "It is told and never left out.",
        remedy="Let laser and sample warm up; a gate fixed at the edge of a cloud is at risk.",
    ),
    Check(
        id="QC-TIME-ORDER",
        title="Time runs forward",
        meaning="Time jumps back, or is absent or too coarse: the tube cannot be followed.",
        remedy="Export the file anew, without shuffling or merging; percentages are not affected.",
    ),
    Check(
        id="QC-TIME-GAP",
        title="No pause",
        meaning="The acquisition paused; after a pause signals may be others.",
        remedy="Acquire a tube in one go; look at the signals beside the pause.",
    ),
    Check(
        id="QC-FLOW-RATE",
        title="Steady flow rate",
        meaning="Events arrived at an unsteady rate, which a count by acquired volume rests on.",
        remedy="Prefer counts by beads or blood count for this tube; clean the fluidics.",
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
        id="QC-GATE-PANEL",
        title="Gates of the panel",
        meaning="The gate file is for another panel_id than the sheet gives the tubes.",
        remedy="Name the gates of this panel, or give gate file and sheet one panel_id.",
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
    Check(
        id="QC-SAME-ACQUISITION",
        title="One acquisition, two files",
        meaning="Two tubes began at the same time with the same number of events, but differ.",
        remedy="Keep one export, best the uncompensated one, and remove the other row.",
    ),
    Check(
        id="QC-VIABILITY",
        title="Viable cells",
        meaning="Dead cells take up antibodies and reagents; few viable cells make few numbers.",
        remedy="Look at age and storage of the sample, and whether the viability gate fits.",
    ),
    Check(
        id="QC-EMPTY-GATE",
        title="Gates that hold no event",
        meaning="A population is empty although its parent has many events; CAR+ may be.",
        remedy="Look at the gate in the report: the cells have moved, or a stain is missing.",
    ),
    Check(
        id="QC-T-SUM",
        title="CD4+ and CD8+ make up CD3+",
        meaning="CD4+ and CD8+ T cells together are much less, or more, than all T cells.",
        remedy="Look whether both gates fit; many double-negative T cells are possible.",
    ),
    Check(
        id="QC-CAR-EVENTS",
        title="Number of CAR+ events",
        meaning=(
            "Too few CAR+ events to quantify, or too few T cells for their absence to say much. "
            "The limits are those of the assay in the gate file."
        ),
        remedy="Acquire more of the tube, or report the value as below the limit it is below.",
    ),
    Check(
        id="QC-RATE",
        title="Events in a second",
        meaning="Events and acquisition time do not go together.",
        remedy="Look for a clog or a partial export; the times in the file may be wrong.",
    ),
    Check(
        id="QC-COUNT-METHODS",
        title="Counts by several methods agree",
        meaning="Counts per µL by beads, WBC, ALC or volume differ for the same cells.",
        remedy=(
            "Check bead number, volumes and blood count in the sheet, whether the blood count is "
            "of the same draw, and whether the gate is the population that was counted."
        ),
    ),
    Check(
        id="QC-INSTRUMENT",
        title="Same cytometer",
        meaning="A tube comes from another cytometer than its panel; names are compared, not told.",
        remedy="Give tubes of another cytometer their own panel_id and gates.",
    ),
    Check(
        id="QC-SOFTWARE",
        title="Same software",
        meaning="Other software or firmware wrote this file than the tube before it in its course.",
        remedy="Look in the release notes for scaling and compensation; run a control with both.",
    ),
    Check(
        id="QC-OPERATOR",
        title="Same operator",
        meaning="Another person acquired this tube than the one before it; told, never judged.",
        remedy="Nothing by itself; it may explain what other checks find.",
    ),
    Check(
        id="QC-LABEL",
        title="Name in the file and in the sheet",
        meaning="The file carries the name of another tube or subject of the sheet.",
        remedy="Compare the rows with the laboratory's list; a file was renamed or exchanged.",
    ),
    Check(
        id="QC-PERCENTAGE",
        title="Percentages like those of the panel",
        meaning="Singlets, viable cells, lymphocytes or T cells of one tube stand alone.",
        remedy="Look at the gates of this tube; after lymphodepletion few T cells are biology.",
    ),
    Check(
        id="QC-BRIGHTNESS",
        title="Brightness like that of the batch",
        meaning=(
            "A marker of a population that is always bright (CD3 of CD3+, beads) is brighter or "
            "dimmer in one tube than in the other tubes of its batch."
        ),
        remedy="Look for too little antibody or another setting; activated cells carry less CD3.",
    ),
    Check(
        id="QC-BATCH-DRIFT",
        title="No drift between batches",
        meaning=(
            "The same markers are brighter or dimmer in a whole batch than in the largest batch of "
            "the panel. A process control on a chart tells whether it was the cytometer (QC-CHART)."
        ),
        remedy="Find the gates of each batch by themselves; compare percentages, not brightness.",
    ),
)
