"""The $Pn keywords of every channel as typed values, complete for 1 to $PAR or refused.

Decisions: a logarithmic scale ($PnE) is applied to integers only. Floating-point files that
carry one hold linear values already (flowCore decides alike; FlowIO exponentiates and reaches
10³⁸). A gain is not applied on top of a logarithmic scale, which the standard excludes.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.fcs.codes import FcsCode, noticed, refusal
from carflow.fcs.keywords import parse_number, unusable

if TYPE_CHECKING:
    from carflow.fcs.keywords import Keywords
    from carflow.findings import Finding

MAX_DECADES = 10.0
TIME_NAMES = ("time", "hdr-t", "hdr-tm")  # the latter two are MACSQuant's
_INDEXED = re.compile(r"\$P([0-9]+)[NBRE]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One channel: its names, its storage and the way from stored number to scale value.

    `range_max` is $PnR (inf where it gives no number). Stored numbers x become scale values
    as ``10 ** (decades * x / range_max) * log_zero`` if `decades` is not 0, else ``x / gain``;
    Time becomes ``x * timestep_s``.
    """

    number: int
    name: str
    marker: str
    bits: int
    range_max: float
    decades: float = 0.0
    log_zero: float = 1.0
    gain: float = 1.0
    timestep_s: float | None = None
    voltage: str = ""

    @property
    def is_time(self) -> bool:
        """Whether this channel holds the time of an event, judged by its name."""
        return self.name.casefold() in TIME_NAMES

    @property
    def scale_range(self) -> float:
        """The upper end of the channel as a scale value."""
        if self.decades:
            return float(10.0**self.decades * self.log_zero)
        if self.is_time:
            return self.range_max * (self.timestep_s or 1.0)
        return self.range_max / self.gain


def read_parameters(
    keywords: Keywords, datatype: str, findings: list[Finding]
) -> tuple[Parameter, ...]:
    """Read the keywords of channels 1 to $PAR.

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
    timestep_s = _timestep(keywords, findings)
    parameters = tuple(
        _parameter(keywords, number, datatype, timestep_s) for number in range(1, count + 1)
    )
    findings.extend(_noticed(keywords, parameters, datatype))
    return parameters


def _refuse_foreign_indices(keywords: Keywords, count: int) -> None:
    for name in keywords.values:
        found = _INDEXED.fullmatch(name)
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
    decades, log_zero = _amplification(keywords, number, datatype)
    parameter = Parameter(
        number=number,
        name=keywords.required(f"{prefix}N"),
        marker=keywords.text(f"{prefix}S"),
        bits=keywords.integer(f"{prefix}B"),
        range_max=_range(keywords, f"{prefix}R", datatype),
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


def _timestep(keywords: Keywords, findings: list[Finding]) -> float | None:
    if not keywords.text("$TIMESTEP"):
        return None
    timestep_s = keywords.number("$TIMESTEP")
    if timestep_s is not None and timestep_s > 0:
        return timestep_s
    message = "$TIMESTEP is not a positive number; Time is left without unit"
    findings.append(noticed(FcsCode.TIMESTEP, message))
    return None


def _noticed(keywords: Keywords, parameters: tuple[Parameter, ...], datatype: str) -> list[Finding]:
    """Return what is worth knowing about the channels, one finding for each kind."""
    on_float = [p.name for p in parameters if datatype != "I" and _asks_for_log(keywords, p)]
    both = [p.name for p in parameters if p.decades and p.gain != 1.0]
    gains = [p.name for p in parameters if p.gain != 1.0 and not p.decades and not p.is_time]
    open_ended = [p.name for p in parameters if math.isinf(p.range_max)]
    names = [p.name for p in parameters]
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    sentences = (
        (
            FcsCode.LOG_ON_FLOAT,
            on_float,
            "$PnE asks for a logarithmic scale on floating-point values; read as linear",
        ),
        (FcsCode.GAIN_ON_LOG, both, "a gain beside a logarithmic scale was not applied"),
        (FcsCode.GAIN, gains, "values were divided by the gain $PnG"),
        (FcsCode.NO_RANGE, open_ended, "$PnR gives no range"),
        (FcsCode.DUPLICATE_CHANNEL, twice, "several channels share one name"),
    )
    return [
        noticed(code, f"{what}: {', '.join(which)}") for code, which, what in sentences if which
    ]


def _asks_for_log(keywords: Keywords, parameter: Parameter) -> bool:
    decades = parse_number(keywords.text(f"$P{parameter.number}E").split(",")[0])
    return decades is not None and decades > 0
