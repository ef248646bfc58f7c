"""The register of all checks: what each is called, what it tells, and what to do about it.

Ids are for scripts and stay; a check that changes its meaning gets a new id. Nothing is checked
here.
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
        id="QC-PERCENTAGE",
        title="Percentages like those of the panel",
        meaning="Singlets, viable cells, lymphocytes or T cells of one tube stand alone.",
        remedy="Look at the gates of this tube; after lymphodepletion few T cells are biology.",
    ),
    Check(
        id="QC-RESIDUAL",
        title="Light that compensation left",
        meaning="Among T cells one channel rises or falls with the brightness of another dye.",
        remedy="Check the single stains of the two dyes; apply a matrix made that day.",
    ),
    Check(
        id="QC-FAR-NEGATIVE",
        title="Light that compensation took too much of",
        meaning="T cells lie far below the negatives of a channel, where noise leaves none.",
        remedy="Check the single stains of the dyes that spill into it; apply a newer matrix.",
    ),
    Check(
        id="QC-REPLICATES",
        title="Replicates agree",
        meaning="Tubes of one visit differ by more than counting explains.",
        remedy="Look for a pipetting or staining error, or an exchanged file, before merging them.",
    ),
    Check(
        id="QC-CARRY-OVER",
        title="No cells of the tube before",
        meaning="The first T cells of a tube hold more CAR+ cells than the rest of the tube.",
        remedy="Rinse between tubes, and run low samples first; gate the first seconds out.",
    ),
    Check(
        id="QC-CONTROL-SIZE",
        title="Size of the controls",
        meaning="The controls of a panel hold too few T cells to tell where CAR begins.",
        remedy="Acquire more of the control, or add another control of the panel.",
    ),
    Check(
        id="QC-CONTROL-BACKGROUND",
        title="Background of a control",
        meaning="A control holds more CAR+ events than the cut is meant to leave.",
        remedy="Set the CAR cut on the controls of this batch, or find what the control contains.",
    ),
    Check(
        id="QC-CONTROL-PANEL",
        title="Control and tubes of one panel",
        meaning="A control has a panel or gates that no patient's tube has.",
        remedy="Give the control the panel_id of the tubes it is there for.",
    ),
    Check(
        id="QC-CAR-NEGATIVE",
        title="Brightness of CAR-negative T cells",
        meaning="The negatives of a tube lie nearer to the CAR cut than those of the controls.",
        remedy="Use a control of the same day and activation; report net percentages.",
    ),
    Check(
        id="QC-CAR-CUT",
        title="Peak day and CAR cut",
        meaning=(
            "With the CAR cut a tenth of a decade lower or higher another day holds the highest "
            "value."
        ),
        remedy="Justify the cut by a control, or report the days that it leaves open.",
    ),
    Check(
        id="QC-PRE-INFUSION",
        title="No CAR before the infusion",
        meaning="A tube from before the infusion holds CAR+ events above the limit of detection.",
        remedy="Look for exchanged files; else the background is higher than the cut allows for.",
    ),
    Check(
        id="QC-CBC-TIME",
        title="Blood count of another time",
        meaning="The blood count was not drawn with the tube; absolute counts by it mix two times.",
        remedy="Use a blood count of the same draw, or beads; else read percentages only.",
    ),
    Check(
        id="QC-TUBE-AGE",
        title="Age of the tube",
        meaning="The tube was acquired long after it was drawn; CAR+ percentages fall by then.",
        remedy="Compare only with tubes of the same age, or acquire on the day of the draw.",
    ),
    Check(
        id="QC-VISIT-MISSING",
        title="Missing visit",
        meaning="Most other subjects have a tube of a day inside this subject's course.",
        remedy="Find the tube, or note why there is none; the peak may lie on that day.",
    ),
    Check(
        id="QC-SWAP",
        title="Tube like another subject's",
        meaning="T cells and CD4:CD8 fit the course of another subject better than their own.",
        remedy="Compare the rows with the laboratory's list; a fast change can be biology.",
    ),
    Check(
        id="QC-CHART",
        title="Control chart",
        meaning=(
            "A process control left its frozen baseline by a Westgard rule: 1-3s and R-4s point to "
            "chance errors, 2-2s, 4-1s and 10x to a shift."
        ),
        remedy="Clean and check the cytometer before patients' tubes; a new lot is a new baseline.",
    ),
    Check(
        id="QC-WAIVER",
        title="Waivers",
        meaning="A waiver has ended, or waives nothing that was found.",
        remedy="Renew the waiver with a reason, or remove it.",
    ),
    Check(
        id="QC-CONTROL-CUT",
        title="Cut set on controls",
        meaning="Where CAR+ begins was found in the controls of the batch; the sentence says how.",
        remedy="Add a control, or acquire more of it; 10,000 T cells carry a 99.9th percentile.",
    ),
    Check(
        id="QC-GATE-FALLBACK",
        title="Gates found",
        meaning="A gate that should find itself was not found in a tube; another one was taken.",
        remedy="Look at its density in the report; set it by hand in the lock, with a reason.",
    ),
    Check(
        id="QC-GATE-LATE",
        title="Tube known to the lock",
        meaning="The gates were frozen without this tube; it is gated as the rest of its batch.",
        remedy="Nothing, if it belongs to the batch; else fit the gates of its own batch.",
    ),
    Check(
        id="QC-GATE-CHANGED",
        title="Same file as when the gates were frozen",
        meaning="A tube's file has changed since its gates were found.",
        remedy="Find out which file is the right one; fit the gates again if it is the new one.",
    ),
    Check(
        id="QC-GATE-OVERRIDE",
        title="Gate set by hand",
        meaning="A gate was not found in the events but set by a person, who gave a reason.",
        remedy="Judge the reason.",
    ),
)
