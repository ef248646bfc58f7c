"""How one event is stored: kind of number, byte order, widths, bit masks; no offset in the file.

Integers may have any whole number of bytes up to 8, each channel its own; FCS 3.2 may mix them
with floating-point channels. Bits above $PnR are not part of a value (old instruments keep other
things there) and are masked with the next power of two. A time in two words (``TIME`` and
``Time MSW``) becomes one column.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from carflow.fcs.channel_names import is_time_high
from carflow.fcs.codes import FcsCode, noticed, refusal
from carflow.fcs.keywords import unusable
from carflow.fcs.parameters import Parameter, read_parameters

if TYPE_CHECKING:
    from carflow.fcs.keywords import Keywords
    from carflow.findings import Finding

_FLOAT_BITS = {"F": 32, "D": 64}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Where the number of one channel stands in the record of an event.

    `kind` is "f" or "u", `mask` the bits that belong to the value or None for all of them.
    For Time `period` is the value at which its counter begins again at 0, None if it never
    does, and `high` the column that counts how often it did.
    """

    offset: int
    width: int
    kind: str
    mask: int | None
    parameter: Parameter
    period: float | None = None
    high: Column | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The record of one event: `record_bytes` long, little or big endian."""

    record_bytes: int
    little_endian: bool
    columns: tuple[Column, ...]

    @property
    def is_turned(self) -> bool:
        """Whether numbers are stored in the other byte order than this machine's."""
        return self.little_endian != (sys.byteorder == "little")


def read_layout(keywords: Keywords, version: str, findings: list[Finding]) -> Layout:
    """Read the layout of an event out of the keywords.

    Raises
    ------
    FcsError
        FCS-MODE, FCS-DATATYPE, FCS-BYTEORD, FCS-WIDTH, FCS-RANGE, or a code of
        `carflow.fcs.parameters.read_parameters`.

    References
    ----------
    FCS 3.1, sections 3.2.5 to 3.2.7 and 3.2.20 ($BYTEORD, $DATATYPE, $MODE, $PnB, $PnR).
    """
    _refuse_other_modes(keywords, version)
    datatype = _datatype(keywords)
    little_endian = _is_little_endian(keywords)
    parameters = read_parameters(keywords, datatype, findings, version=version)
    columns: list[Column] = []
    offset = 0
    for parameter in parameters:
        column = _column(parameter, offset, findings)
        columns.append(column)
        offset += column.width
    return Layout(
        record_bytes=offset, little_endian=little_endian, columns=_with_high_words(columns)
    )


def _with_high_words(columns: list[Column]) -> tuple[Column, ...]:
    """Return the columns with the two words of a time put together, if there is one of each."""
    low = [column for column in columns if column.parameter.is_time and column.kind == "u"]
    high = [column for column in columns if is_time_high(column.parameter.name)]
    if len(low) != 1 or len(high) != 1:
        return tuple(columns)
    span = 2.0 ** (low[0].mask or 2 ** (8 * low[0].width) - 1).bit_length()
    whole = replace(low[0], period=span, high=high[0])
    return tuple(whole if column is low[0] else column for column in columns)


def _refuse_other_modes(keywords: Keywords, version: str) -> None:
    mode = keywords.text("$MODE").upper() or ("L" if version == "3.2" else "")
    if mode == "L":
        return
    if not mode:
        keywords.required("$MODE")
    raise refusal(
        FcsCode.MODE,
        "$MODE says that the file holds a histogram, not single events",
        "export the tube in list mode",
    )


def _datatype(keywords: Keywords) -> str:
    datatype = keywords.required("$DATATYPE").upper()
    if datatype in ("F", "D", "I"):
        return datatype
    what = "text ($DATATYPE A)" if datatype == "A" else "an unknown kind of number ($DATATYPE)"
    raise refusal(
        FcsCode.DATATYPE, f"the events are stored as {what}", "export the tube again as FCS 3.1"
    )


def _is_little_endian(keywords: Keywords) -> bool:
    order = keywords.required("$BYTEORD").replace(" ", "").split(",")
    ascending = [str(place) for place in range(1, len(order) + 1)]
    if len(order) <= 8 and order == ascending:
        return True
    if len(order) <= 8 and order == ascending[::-1]:
        return False
    raise refusal(
        FcsCode.BYTEORD,
        "$BYTEORD is neither 1,2,3,4 (little endian) nor 4,3,2,1 (big endian)",
        "export the tube again as FCS 3.1",
    )


def _column(parameter: Parameter, offset: int, findings: list[Finding]) -> Column:
    bits, name = parameter.bits, f"$P{parameter.number}B"
    wanted = _FLOAT_BITS.get(parameter.datatype)
    if wanted is not None and bits != wanted:
        raise refusal(
            FcsCode.WIDTH,
            f"$DATATYPE {parameter.datatype} needs {wanted} bits per channel, "
            f"but {name} says {bits}",
            "the file contradicts itself; export the tube again",
        )
    if bits not in range(8, 65, 8):
        raise refusal(
            FcsCode.WIDTH,
            f"{name} says {bits} bits; integers of 8, 16, 24, 32, 40, 48, 56 and 64 bits are read",
            "export the tube again as FCS 3.1",
        )
    return Column(
        offset=offset,
        width=bits // 8,
        kind="f" if wanted else "u",
        mask=None if wanted else _mask(parameter, findings),
        parameter=parameter,
    )


def _mask(parameter: Parameter, findings: list[Finding]) -> int | None:
    """Return the bits that belong to a value, or None if all of them do."""
    if not float(parameter.range_max).is_integer():
        raise unusable(f"$P{parameter.number}R", "is not a whole number")
    top = int(parameter.range_max)
    if top > 2**parameter.bits:
        raise refusal(
            FcsCode.RANGE,
            f"$P{parameter.number}R is {top}, more than {parameter.bits} bits can hold",
            "the file contradicts itself; export the tube again",
        )
    if top <= 1:
        message = f"$P{parameter.number}R is {top}; all bits of {parameter.name} were kept"
        findings.append(noticed(FcsCode.NO_RANGE, message))
        return None
    used = math.ceil(math.log2(top)) if top < 2**53 else (top - 1).bit_length()
    return None if used >= parameter.bits else 2**used - 1
