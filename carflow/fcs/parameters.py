"""The $Pn keywords of every channel as typed values, complete for 1 to $PAR or refused.

Whether the values of different channels go together is `carflow.fcs.settings`.

Decisions: a logarithmic scale ($PnE) is applied to integers only. Floating-point files that
carry one hold linear values already (flowCore decides alike; FlowIO exponentiates and reaches
10³⁸). A gain is not applied on top of a logarithmic scale, which the standard excludes. Time is
linear whatever $PnE and $PnG say: its unit is $TIMESTEP.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.fcs.channel_names import is_time, is_time_high
from carflow.fcs.codes import FcsCode, noticed, refusal
from carflow.fcs.keywords import parse_number, unusable

if TYPE_CHECKING:
    from carflow.fcs.keywords import Keywords
    from carflow.findings import Finding

MAX_DECADES = 10.0
_LONGEST_TICK_S = 60.0
_KINDS = ("F", "D", "I")
_INDEXED = re.compile(r"\$P([0-9]+)[NBRE]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One channel: its names, its storage and the way from stored number to scale value.

    `datatype` is "F", "D" or "I". `range_max` is $PnR (inf where it gives no number). Stored
    numbers x become scale values as ``10 ** (decades * x / range_max) * log_zero`` if `decades`
    is not 0, else ``x / gain``; Time becomes ``x * timestep_s``.
    """

    number: int
    name: str
    marker: str
    bits: int
    range_max: float
    datatype: str = "F"
    decades: float = 0.0
    log_zero: float = 1.0
    gain: float = 1.0
    timestep_s: float | None = None
    voltage: str = ""

    @property
    def is_time(self) -> bool:
        """Whether this channel holds the time of an event, judged by its name."""
        return is_time(self.name)

    @property
    def scale_range(self) -> float:
        """The upper end of the channel as a scale value."""
        if self.decades:
            return float(10.0**self.decades * self.log_zero)
        if self.is_time:
            return self.range_max * (self.timestep_s or 1.0)
        return self.range_max / self.gain


def read_parameters(
    keywords: Keywords, datatype: str, findings: list[Finding], *, version: str = "3.1"
) -> tuple[Parameter, ...]:
    """Read the keywords of channels 1 to $PAR.

    `datatype` is that of the file ($DATATYPE); FCS 3.2 may give a channel one of its own.

    Raises
    ------
    FcsError
        FCS-PARAMETER-COUNT if $PAR is 0 or there are $Pn keywords beyond it, else the code of
        the keyword that cannot be used.

    Examples
    --------
    >>> from carflow.fcs.keywords import Keywords
    >>> keywords = Keywords({"$PAR": "1", "$P1N": "FSC-A", "$P1B": "32", "$P1R": "1024"})
    >>> read_parameters(keywords, "F", [])[0].range_max
    1024.0
    """
    count = keywords.integer("$PAR")
    if count < 1:
        raise refusal(FcsCode.PARAMETER_COUNT, "$PAR says that the file has no channel")
    _refuse_foreign_indices(keywords, count)
    names = _names(keywords, count)
    timestep_s = _timestep(keywords, names, findings)
    kinds = [_own_datatype(keywords, number, datatype, version) for number in range(1, count + 1)]
    parameters = tuple(
        _parameter(keywords, number, kind, timestep_s) for number, kind in enumerate(kinds, start=1)
    )
    findings.extend(_noticed(keywords, parameters))
    return parameters


def _names(keywords: Keywords, count: int) -> list[str]:
    """Return all names before anything as large as $PAR is made; the first missing one ends it."""
    return [keywords.required(f"$P{number}N") for number in range(1, count + 1)]


def _own_datatype(keywords: Keywords, number: int, datatype: str, version: str) -> str:
    """Return the kind of number of a channel: $PnDATATYPE (FCS 3.2), else $DATATYPE."""
    own = keywords.text(f"$P{number}DATATYPE").upper() or datatype
    if own == datatype or (own in _KINDS and version == "3.2"):
        return own
    why = "differs from $DATATYPE" if own in _KINDS else "is none of F, D and I"
    raise refusal(
        FcsCode.DATATYPE,
        f"$P{number}DATATYPE {why}, which FCS {version} does not know",
        "export the tube again as FCS 3.1",
    )


def _refuse_foreign_indices(keywords: Keywords, count: int) -> None:
    for name in keywords.values:
        found = name[:2] == "$P" and _INDEXED.fullmatch(name)
        if found and (found[1].startswith("0") or len(found[1]) > 9 or int(found[1]) > count):
            raise refusal(
                FcsCode.PARAMETER_COUNT,
                f"$PAR says {count} channels, but there is a keyword {name[:12]}",
                "the file was edited or merged; export it again",
            )


def _parameter(
    keywords: Keywords, number: int, datatype: str, timestep_s: float | None
) -> Parameter:
    prefix = f"$P{number}"
    name = keywords.required(f"{prefix}N")
    decades, log_zero = _amplification(keywords, number, datatype)
    if is_time(name) or is_time_high(name):
        decades, log_zero = 0.0, 1.0
    parameter = Parameter(
        number=number,
        name=name,
        marker=keywords.text(f"{prefix}S"),
        bits=keywords.integer(f"{prefix}B"),
        range_max=_range(keywords, f"{prefix}R", datatype),
        datatype=datatype,
        decades=decades,
        log_zero=log_zero,
        gain=_gain(keywords, f"{prefix}G"),
        timestep_s=timestep_s,
        voltage=keywords.text(f"{prefix}V"),
    )
    if decades and parameter.range_max < 1:
        raise unusable(f"{prefix}R", "gives no range for a logarithmic scale")
    return parameter


def _range(keywords: Keywords, name: str, datatype: str) -> float:
    keywords.required(name)
    number = keywords.number(name)
    if number is not None and number >= 0:
        return number
    if datatype == "I":
        raise unusable(name, "is not a number of 0 or more")
    return math.inf


def _gain(keywords: Keywords, name: str) -> float:
    if not keywords.text(name):
        return 1.0
    gain = keywords.number(name)
    if gain is None or gain < 0:
        raise unusable(name, "is not a gain of 0 or more")
    return gain or 1.0


def _amplification(keywords: Keywords, number: int, datatype: str) -> tuple[float, float]:
    """Return decades and the value at 0; (0, 1) for a linear channel."""
    name = f"$P{number}E"
    if datatype != "I":
        return 0.0, 1.0
    parts = [parse_number(part) for part in keywords.required(name).split(",")]
    if len(parts) != 2 or parts[0] is None or parts[1] is None:
        raise unusable(name, "does not hold two numbers")
    decades, log_zero = parts[0], parts[1]
    if not 0 <= decades <= MAX_DECADES or log_zero < 0:
        raise unusable(name, f"asks for a logarithmic scale outside 0 to {MAX_DECADES:g} decades")
    # "4,0" is a common error of old software for "4,1" (the standard says to read it so)
    return decades, (log_zero or 1.0)


def _timestep(keywords: Keywords, names: list[str], findings: list[Finding]) -> float | None:
    has_time = any(map(is_time, names))
    if not keywords.text("$TIMESTEP"):
        if has_time:
            message = "there is no $TIMESTEP; Time is left without unit"
            findings.append(noticed(FcsCode.TIMESTEP, message))
        return None
    if not has_time:
        message = "there is a $TIMESTEP, but no channel called Time"
        findings.append(noticed(FcsCode.NO_TIME, message))
    timestep_s = keywords.number("$TIMESTEP")
    if timestep_s is not None and 0 < timestep_s <= _LONGEST_TICK_S:
        return timestep_s
    message = "$TIMESTEP is no usable number of seconds; Time is left without unit"
    findings.append(noticed(FcsCode.TIMESTEP, message))
    return None


def _noticed(keywords: Keywords, parameters: tuple[Parameter, ...]) -> list[Finding]:
    """Return what is worth knowing about the channels, one finding for each kind."""
    measured = [p for p in parameters if not p.is_time]
    unscaled = [p for p in parameters if not p.decades and _asks_for_log(keywords, p)]
    gains = [p for p in measured if p.gain != 1.0 and not p.decades]
    names = [p.name for p in parameters]
    sentences = (
        (
            FcsCode.LOG_ON_FLOAT,
            [p.name for p in unscaled if p.datatype != "I"],
            "$PnE asks for a logarithmic scale on floating-point values; read as linear",
        ),
        (
            FcsCode.LOG_ON_TIME,
            [p.name for p in unscaled if p.datatype == "I"],
            "$PnE asks for a logarithmic Time; read as linear",
        ),
        (
            FcsCode.GAIN_ON_LOG,
            [p.name for p in measured if p.decades and p.gain != 1.0],
            "a gain beside a logarithmic scale was not applied",
        ),
        (
            FcsCode.GAIN,
            [f"{p.name} by {p.gain:g}" for p in gains],
            "values were divided by the gain $PnG",
        ),
        (
            FcsCode.NO_RANGE,
            [p.name for p in parameters if math.isinf(p.range_max)],
            "$PnR gives no range",
        ),
        (
            FcsCode.DUPLICATE_CHANNEL,
            [name for name in dict.fromkeys(names) if names.count(name) > 1],
            "several channels share one name",
        ),
    )
    return [
        noticed(code, f"{what}: {', '.join(which)}") for code, which, what in sentences if which
    ]


def _asks_for_log(keywords: Keywords, parameter: Parameter) -> bool:
    decades = parse_number(keywords.text(f"$P{parameter.number}E").split(",")[0])
    return decades is not None and decades > 0
