"""Why a number is missing or limited: every reason code with its meaning, and nothing else.

Scripts compare the codes; people read the meanings. The documentation's table of reasons is
made from `Reason`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Reason(StrEnum):
    """A code on a `carflow.measure.Measure`; `meaning` says it in words.

    Examples
    --------
    >>> Reason.ZERO_PARENT.meaning
    'no event in the denominator'
    """

    meaning: str

    def __new__(cls, code: str, meaning: str = "") -> Self:
        """Build a member from its code and its meaning."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    NONE = "", ""
    # counts and percentages
    TUBE_FAILED = "TUBE_FAILED", "the tube could not be read or gated"
    ZERO_EVENTS = "ZERO_EVENTS", "the file holds no event"
    ZERO_PARENT = "ZERO_PARENT", "no event in the denominator"
    LOW_PARENT = "LOW_PARENT", "too few events in the denominator for the required sensitivity"
    NOT_DETECTED = "NOT_DETECTED", "no event in the numerator; see the upper limit"
    BELOW_LOD = "BELOW_LOD", "fewer events than the limit of detection"
    BELOW_LLOQ = "BELOW_LLOQ", "fewer events than the limit of quantification"
    NO_POPULATION = "NO_POPULATION", "the gate file names no population for this role"
    NOT_NESTED = "NOT_NESTED", "the numerator's population does not lie inside the denominator's"
    NO_INTENSITY = "NO_INTENSITY", "no median intensity was computed for CAR+ events"
    NO_SPREAD = "NO_SPREAD", "no spread of the intensity was computed for the negative events"
    BEYOND_BEADS = "BEYOND_BEADS", "brighter than the brightest calibration bead"
    NO_CONTROL = "NO_CONTROL", "no control tube whose background could be subtracted"
    NOT_ABOVE_CONTROL = "NOT_ABOVE_CONTROL", "not to be told from the background of the control"
    EMPTY_CONTROL = "EMPTY_CONTROL", "no event in the denominator of the control"
    NO_CUT = "NO_CUT", "the CAR gate is no plain cut on the CAR axis that could be moved"
    CUT_NOT_POSITIVE = (
        "CUT_NOT_POSITIVE",
        "the CAR cut lies at or below 0, where there is no decade",
    )
    NOT_MERGED = (
        "NOT_MERGED",
        "the tubes of this visit differ in panel, settings, gates or preparation",
    )
    # absolute counts
    NO_BEADS = "NO_BEADS", "no bead event, or no bead number in the sheet"
    NO_BLOOD_VOLUME = "NO_BLOOD_VOLUME", "the sheet gives no blood volume"
    NO_TOTAL_VOLUME = "NO_TOTAL_VOLUME", "the sheet gives a blood volume but no total volume"
    NO_CBC = "NO_CBC", "the sheet gives no blood count of the matching kind"
    NOT_PREPARED = "NOT_PREPARED", "this blood count does not count what the preparation kept"
    CBC_BELOW_LIMIT = "CBC_BELOW_LIMIT", "the blood count is below its own limit"
    NO_VOLUME = "NO_VOLUME", "the file states no acquired volume"
    VOLUME_OF_REMOVED = (
        "VOLUME_OF_REMOVED",
        "stretches of unknown flow were removed, so the volume of the rest is unknown",
    )
    VOLUME_UNIT = "VOLUME_UNIT", "the acquired volume fits no plausible flow rate"
    # values a laboratory reported
    LAB_BELOW_LIMIT = "LAB_BELOW_LIMIT", "reported by the laboratory only as below its limit"
    LAB_ZERO = "LAB_ZERO", "reported by the laboratory as 0, without a limit"
    NO_GDNA_SOURCE = (
        "NO_GDNA_SOURCE",
        "the sheet does not say whether the DNA is that of whole blood or of PBMC",
    )
    NO_VCN = "NO_VCN", "the sheet gives no vector copy number or CAR+ share of the product"
    # curves
    NO_COUNTS = "NO_COUNTS", "no interval: neither counts nor a coefficient of variation are known"
    NO_VALUES = "NO_VALUES", "no value after the infusion"
    ALL_BLQ = "ALL_BLQ", "every value lies below the limit of quantification"
    TOO_FEW_VALUES = "TOO_FEW_VALUES", "too few measured values"
    WINDOW_NOT_COVERED = "WINDOW_NOT_COVERED", "the samples do not cover the whole window"
    EARLY_MAX = "EARLY_MAX", "the first value is the highest: the peak may be earlier"
    PEAK_NOT_REACHED = "PEAK_NOT_REACHED", "the last value is the highest: the peak may be later"
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW", "no quantifiable value inside the search window"
    SAME_DAY = "SAME_DAY", "several samples of one day, which are not merged"
    NO_DECLINE = "NO_DECLINE", "no declining phase to fit"
    NO_GROWTH = "NO_GROWTH", "no rise between the two values"
    NO_LOGARITHM = "NO_LOGARITHM", "a value of 0 or 100 % has no log-odds"
    SATURATES = "SATURATES", "computed on a percentage, which saturates: not a rate of cells"
    AT_LEAST = "AT_LEAST", "a lower bound: an earlier value lies below the limit"
    TWO_VALUES = "TWO_VALUES", "computed from two values only"
    NO_DOSE = "NO_DOSE", "neither a dose nor a blood volume is known"
    POOR_FIT = "POOR_FIT", "the last values do not lie near one exponential"
    SHORT_SPAN = "SHORT_SPAN", "the fitted days cover fewer than two half-lives"
    IMPUTED_TAIL = (
        "IMPUTED_TAIL",
        "equal lowest values at the end look like numbers put in for the limit",
    )
    BLQ_DROPPED = "BLQ_DROPPED", "a value below the limit between quantified ones was left out"
    EXTRAPOLATED = "EXTRAPOLATED", "the end is extrapolated by the slope of the last decline"
    FAR_EXTRAPOLATION = "FAR_EXTRAPOLATION", "too much of the area would be extrapolated"
    STILL_DETECTED = "STILL_DETECTED", "the last sample is not below the limit"
    NOT_CONFIRMED = "NOT_CONFIRMED", "below the limit once, without a second sample to confirm it"
    STILL_ABOVE = "STILL_ABOVE", "the last sample is above the threshold: it may be longer"
    TOO_FEW_PAIRS = "TOO_FEW_PAIRS", "too few pairs measured by both methods"
    # the day of the peak, and cohorts of them
    FEW_AROUND_PEAK = "FEW_AROUND_PEAK", "fewer than two values before or after the highest one"
    OUTSIDE_BRACKET = "OUTSIDE_BRACKET", "the modelled peak lies outside the bracket"
    MODEL_MISFIT = "MODEL_MISFIT", "no curve of the assumed kind passes near these values"
    FEW_PATIENTS = "FEW_PATIENTS", "fewer than six patients: no 95 % interval of a median exists"
    FEW_FOR_POPULATION = (
        "FEW_FOR_POPULATION",
        "fewer than six patients with two quantified values: no population to learn from",
    )
    NOT_CONVERGED = "NOT_CONVERGED", "the fit did not settle, so its answer is not shown"
    MEDIAN_OPEN = "MEDIAN_OPEN", "too many peaks not reached to name the median"
    # rows
    NOT_SAMPLED = "NOT_SAMPLED", "no sample, or the laboratory reported none"
    EXCLUDED_BY_USER = "EXCLUDED_BY_USER", "left out by the sheet"
