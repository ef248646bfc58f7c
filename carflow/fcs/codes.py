"""Every code the FCS reader gives, with its severity and its meaning, and nothing else.

A code without severity refuses the file: it stands on an `carflow.errors.FcsError`. A code
with severity stands on a `carflow.findings.Finding` of a file that was read. Scripts compare
codes; the documentation's table of codes is made from `FcsCode`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from carflow.errors import FcsError
from carflow.findings import Finding, Severity


class FcsCode(StrEnum):
    """What was wrong or odd about an FCS file.

    Examples
    --------
    >>> FcsCode.TRUNCATED.meaning
    'the file ends before its events do'
    >>> FcsCode.TRUNCATED.severity is None, str(FcsCode.NOT_UTF8.severity)
    (True, 'info')
    """

    meaning: str
    severity: Severity | None

    def __new__(cls, code: str, meaning: str, severity: Severity | None = None) -> Self:
        """Build a member from its code, its meaning and, for a finding, its severity."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        member.severity = severity
        return member

    # the file
    NOT_FOUND = "FCS-NOT-FOUND", "there is no such file, or it is a folder"
    UNREADABLE = "FCS-UNREADABLE", "the operating system does not let the file be read"
    EMPTY_FILE = "FCS-EMPTY-FILE", "the file has no content"
    NOT_FCS = "FCS-NOT-FCS", "the file is something else than FCS"
    VERSION = "FCS-VERSION", "an FCS version that is not read"
    CHANGED = "FCS-CHANGED", "the file changed between opening and reading"
    DATASET = "FCS-DATASET", "a data set was asked for that the file does not hold"
    TRUNCATED = "FCS-TRUNCATED", "the file ends before its events do"
    # HEADER and TEXT
    HEADER = "FCS-HEADER", "the HEADER is cut short or holds something else than byte offsets"
    TEXT = "FCS-TEXT", "the TEXT segment is missing, outside the file or not keywords and values"
    KEYWORD_MISSING = "FCS-KEYWORD-MISSING", "a required keyword is missing"
    KEYWORD = "FCS-KEYWORD", "a keyword holds a value that cannot be used"
    KEYWORD_CONFLICT = (
        "FCS-KEYWORD-CONFLICT",
        "a keyword that decides over values or names stands twice with different values",
    )
    PARAMETER_COUNT = "FCS-PARAMETER-COUNT", "$PAR and the $Pn keywords disagree"
    # what the events look like
    MODE = "FCS-MODE", "the data are not stored event by event (list mode)"
    DATATYPE = "FCS-DATATYPE", "a kind of number that is not read"
    BYTEORD = "FCS-BYTEORD", "a byte order that is not read"
    WIDTH = "FCS-WIDTH", "a number of bits that does not go with the kind of number"
    RANGE = "FCS-RANGE", "a $PnR that does not fit into the bits of its channel"
    # where the events are
    SIZES_DISAGREE = "FCS-SIZES-DISAGREE", "$TOT, the channels and the size of DATA contradict"
    OFFSETS_CONTRADICT = (
        "FCS-OFFSETS-CONTRADICT",
        "HEADER and TEXT name different places for the events and nothing tells which is right",
    )
    OVERLAP = "FCS-OVERLAP", "the DATA segment begins inside HEADER or TEXT"
    SHIFTED = "FCS-SHIFTED", "TEXT runs on beyond its stated end: bytes were added or lost"
    # findings
    NO_FINAL_DELIMITER = (
        "FCS-NO-FINAL-DELIMITER",
        "TEXT does not end in its delimiter; the last value is kept whole",
        Severity.INFO,
    )
    EMPTY_VALUES = (
        "FCS-EMPTY-VALUES",
        "TEXT holds empty values, which the standard does not allow; read as empty",
        Severity.INFO,
    )
    TEXT_TRAILING = (
        "FCS-TEXT-TRAILING",
        "something follows the last value of TEXT and is left out",
        Severity.INFO,
    )
    NOT_UTF8 = "FCS-NOT-UTF8", "TEXT is not UTF-8 and was read as Latin-1", Severity.INFO
    SUPPLEMENTAL_TEXT = (
        "FCS-SUPPLEMENTAL-TEXT",
        "a supplemental TEXT is declared and cannot be read",
        Severity.WARN,
    )
    KEYWORD_TWICE = (
        "FCS-KEYWORD-TWICE",
        "keywords that carflow does not use stand twice with different values",
        Severity.INFO,
    )
    OFFSETS_DISAGREE = (
        "FCS-OFFSETS-DISAGREE",
        "HEADER and TEXT name different places for the events; only one fits and was used",
        Severity.WARN,
    )
    OFFSETS_TWICE = (
        "FCS-OFFSETS-TWICE",
        "$BEGINDATA or $ENDDATA stands twice with different values; sizes decided",
        Severity.WARN,
    )
    DATA_END = "FCS-DATA-END", "DATA is stated one byte longer than its events", Severity.INFO
    GAP = "FCS-GAP", "undeclared bytes stand between TEXT and DATA", Severity.WARN
    TRAILING_BYTES = (
        "FCS-TRAILING-BYTES",
        "undeclared blanks follow the last segment",
        Severity.INFO,
    )
    TRAILING_RECORDS = (
        "FCS-TRAILING-RECORDS",
        "more records follow than $TOT says, as in a file that was cut down; they are not read",
        Severity.INFO,
    )
    TRAILING_CONTENT = (
        "FCS-TRAILING-CONTENT",
        "undeclared bytes that are neither blank nor a checksum follow the last segment",
        Severity.WARN,
    )
    MORE_DATASETS = "FCS-MORE-DATASETS", "the file holds further data sets", Severity.INFO
    NEXTDATA_EMPTY = (
        "FCS-NEXTDATA-EMPTY",
        "$NEXTDATA points to nothing; the file ends with this data set",
        Severity.INFO,
    )
    NO_EVENTS = "FCS-NO-EVENTS", "the file is in order and holds no event", Severity.WARN
    # settings and labels
    LOG_ON_FLOAT = (
        "FCS-LOG-ON-FLOAT",
        "$PnE asks for a logarithmic scale on floating-point data; read as linear",
        Severity.WARN,
    )
    LOG_ON_TIME = (
        "FCS-LOG-ON-TIME",
        "$PnE asks for a logarithmic Time; read as linear",
        Severity.WARN,
    )
    GAIN_ON_LOG = (
        "FCS-GAIN-ON-LOG",
        "a channel has both a logarithmic scale and a gain; the gain was not applied",
        Severity.WARN,
    )
    GAIN = "FCS-GAIN", "a channel has a gain other than 1; its values were divided", Severity.INFO
    GAIN_ODD = (
        "FCS-GAIN-ODD",
        "most fluorescence channels have one gain ($PnG), some another",
        Severity.WARN,
    )
    SCALE_ODD = (
        "FCS-SCALE-ODD",
        "the logarithmic scales ($PnE) or ranges ($PnR) of like channels differ",
        Severity.WARN,
    )
    NO_RANGE = "FCS-NO-RANGE", "a $PnR gives no usable range", Severity.WARN
    DUPLICATE_CHANNEL = (
        "FCS-DUPLICATE-CHANNEL",
        "several channels share one name and cannot be asked for by it",
        Severity.WARN,
    )
    DUPLICATE_MARKER = (
        "FCS-DUPLICATE-MARKER",
        "several channels share one marker and cannot be asked for by it",
        Severity.INFO,
    )
    MARKER_PLACE = (
        "FCS-MARKER-PLACE",
        "a Time or scatter channel carries the name of something else as its marker",
        Severity.WARN,
    )
    KEYWORD_NEAR_MISS = (
        "FCS-KEYWORD-NEAR-MISS",
        "a keyword is one character away from one that carflow uses and that is missing",
        Severity.WARN,
    )
    KEYWORD_IN_VALUE = (
        "FCS-KEYWORD-IN-VALUE",
        "the name of a channel or marker holds that of a keyword, as where a delimiter was lost",
        Severity.WARN,
    )
    KEYWORD_UNKNOWN = (
        "FCS-KEYWORD-UNKNOWN",
        "a keyword with $ is none of the standard; it was not used",
        Severity.INFO,
    )
    ALREADY_COMPENSATED = (
        "FCS-ALREADY-COMPENSATED",
        "channels say by their name that their values are compensated already",
        Severity.INFO,
    )
    # time
    TIMESTEP = (
        "FCS-TIMESTEP",
        "$TIMESTEP is missing or not a positive number; Time has no unit",
        Severity.INFO,
    )
    NO_TIME = "FCS-NO-TIME", "there is a $TIMESTEP, but no Time", Severity.WARN
    CLOCK = (
        "FCS-CLOCK",
        "$BTIM and $ETIM cannot be read; $TIMESTEP and $VOL could not be checked",
        Severity.INFO,
    )
    TIME_SHORT = (
        "FCS-TIME-SHORT",
        "Time covers less than 80 % of the time from $BTIM to $ETIM, as in a part of a tube",
        Severity.INFO,
    )
    TIME_CONTRADICTS = (
        "FCS-TIME-CONTRADICTS",
        "Time covers more than the time from $BTIM to $ETIM; Time is left without unit",
        Severity.WARN,
    )
    TIME_WRAPS = (
        "FCS-TIME-WRAPS",
        "the counter of Time began again at 0 and was continued",
        Severity.INFO,
    )
    TIME_ORDER = (
        "FCS-TIME-ORDER",
        "Time does not rise from event to event: the events were merged or shuffled",
        Severity.INFO,
    )
    TIME_ELSEWHERE = (
        "FCS-TIME-ELSEWHERE",
        "another channel rises from event to event as Time should: names or bytes are shifted",
        Severity.WARN,
    )
    TIME_UNNAMED = (
        "FCS-TIME-UNNAMED",
        "no channel is called Time, but one rises from event to event",
        Severity.INFO,
    )
    # values
    NOT_FINITE = (
        "FCS-NOT-FINITE",
        "events hold values that are no finite numbers",
        Severity.WARN,
    )
    VALUES_IMPLAUSIBLE = (
        "FCS-VALUES-IMPLAUSIBLE",
        "values look as if they were read at a wrong place or in a wrong byte order",
        Severity.WARN,
    )
    BITS_ABOVE_RANGE = (
        "FCS-BITS-ABOVE-RANGE",
        "bits above $PnR differ from event to event; they were cut off as the standard says",
        Severity.WARN,
    )
    BITS_TAGGED = (
        "FCS-BITS-TAGGED",
        "the instrument keeps marks of its own in the bits above $PnR; they were cut off",
        Severity.INFO,
    )
    SAME_EVENTS = (
        "FCS-SAME-EVENTS",
        "a data set holds the events of an earlier one again: count only one of them",
        Severity.WARN,
    )
    # spillover
    SPILLOVER_UNUSABLE = (
        "FCS-SPILLOVER-UNUSABLE",
        "the file holds a spillover matrix that cannot be used",
        Severity.FAIL,
    )
    SPILLOVER_EMPTY = (
        "FCS-SPILLOVER-EMPTY",
        "the spillover keyword names channels and holds no values; there is no matrix",
        Severity.INFO,
    )
    SPILLOVER_CONDITION = (
        "FCS-SPILLOVER-CONDITION",
        "the spillover matrix amplifies noise (condition number above 10⁴)",
        Severity.WARN,
    )
    SPILLOVER_VALUES = (
        "FCS-SPILLOVER-VALUES",
        "the spillover matrix holds values outside −0.2 to 3",
        Severity.WARN,
    )
    SPILLOVER_IDENTITY = (
        "FCS-SPILLOVER-IDENTITY",
        "the spillover matrix is an identity matrix: compensation changes nothing",
        Severity.INFO,
    )
    SPILLOVER_TWICE = (
        "FCS-SPILLOVER-TWICE",
        "the file holds two different spillover matrices; the first was used",
        Severity.WARN,
    )
    SPILLOVER_SPELLING = (
        "FCS-SPILLOVER-SPELLING",
        "the spillover matrix is written with channel numbers or decimal commas",
        Severity.INFO,
    )
    SPILLOVER_PERCENT = (
        "FCS-SPILLOVER-PERCENT",
        "the spillover matrix is written in percent and was divided by 100",
        Severity.WARN,
    )
    SPILLOVER_COMP = (
        "FCS-SPILLOVER-COMP",
        "the matrix comes from $COMP of FCS 3.0, which names no channels",
        Severity.WARN,
    )
    SPILLOVER_MISFIT = (
        "FCS-SPILLOVER-MISFIT",
        "compensation with the matrix makes bright events strongly negative elsewhere",
        Severity.WARN,
    )


def refusal(code: FcsCode, problem: str, hint: str = "") -> FcsError:
    """Return the error that refuses a file, ready to raise.

    Examples
    --------
    >>> refusal(FcsCode.MODE, "$MODE is C", "export list mode").code
    'FCS-MODE'
    """
    return FcsError(problem, hint=hint, code=str(code))


def noticed(code: FcsCode, message: str) -> Finding:
    """Return the finding of a file that was read.

    Examples
    --------
    >>> print(noticed(FcsCode.NOT_UTF8, "TEXT is not UTF-8, read as Latin-1"))
    info FCS-NOT-UTF8: TEXT is not UTF-8, read as Latin-1
    """
    if code.severity is None:
        raise ValueError(f"{code} refuses a file; it is not a finding")
    return Finding(code=str(code), severity=code.severity, message=message)


def codes_table() -> str:
    """Return all codes as a Markdown table, for the documentation.

    Examples
    --------
    >>> codes_table().splitlines()[-1].startswith("| `FCS-")
    True
    """
    rows = [f"| `{one}` | {one.severity or 'refused'} | {one.meaning} |" for one in FcsCode]
    return "\n".join(["| code | outcome | meaning |", "|---|---|---|", *rows])
