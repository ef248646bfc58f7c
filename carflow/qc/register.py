"""The register of all checks: what each is called, what it tells, and what to do about it.

Ids are for scripts and stay; a check that changes its meaning gets a new id. Nothing is checked
here.
"""

from __future__ import annotations

from carflow.qc.register_of_tubes import OF_TUBES, Check

__all__ = ("CHECKS", "Check")

CHECKS: tuple[Check, ...] = (
    *OF_TUBES,
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
        id="QC-GATE-MOVED",
        title="Gates near those of the batch",
        meaning="A gate was found far from where it lies in the other tubes of the batch.",
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
