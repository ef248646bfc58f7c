"""The HEADER: version and the byte offsets of TEXT and DATA; no keyword is read here.

Offsets count from the first byte of the data set and name the first and the last byte of a
segment; 0 and blank mean "look into TEXT". The offsets of ANALYSIS are read where they can be
and are never a reason to refuse a file, because carflow does not read that segment.

References
----------
Spidlen J et al. Data File Standard for Flow Cytometry, version FCS 3.1. Cytometry A 2010;
77:97-100; section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from carflow.fcs.codes import FcsCode, refusal

HEADER_BYTES = 58
VERSIONS = ("2.0", "3.0", "3.1", "3.2")
_BLANKS = b" \0\t\r\n"


@dataclass(frozen=True, slots=True)
class Segment:
    """The first and the last byte of a segment, counted from the start of its data set.

    Examples
    --------
    >>> Segment(256, 1255).size, Segment(0, 0).is_absent
    (1000, True)
    """

    begin: int
    last: int

    @property
    def is_absent(self) -> bool:
        """Whether the offsets say that there is no such segment, or that TEXT knows better."""
        return self.begin == 0

    @property
    def end(self) -> int:
        """The first byte behind the segment."""
        return self.last + 1

    @property
    def size(self) -> int:
        """Number of bytes; 0 or negative for an empty segment."""
        return self.last + 1 - self.begin


ABSENT = Segment(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the first 58 bytes of a data set say."""

    version: str
    text: Segment
    data: Segment
    analysis: Segment


def has_magic(block: bytes) -> bool:
    """Return whether a block of bytes begins as a data set of FCS does.

    Examples
    --------
    >>> has_magic(b"FCS3.1    "), has_magic(b"PK")
    (True, False)
    """
    return block[:3] == b"FCS"


def parse_header(block: bytes) -> Header:
    """Read the HEADER from the first 58 bytes of a data set.

    Parameters
    ----------
    block : bytes
        At least 58 bytes, beginning with ``FCS``.

    Raises
    ------
    FcsError
        FCS-VERSION for a version other than 2.0, 3.0, 3.1 and 3.2; FCS-HEADER if the block is
        too short or an offset of TEXT or DATA is not a number.

    Examples
    --------
    >>> offsets = "".join(f"{number:8d}" for number in (256, 1255, 1256, 9255, 0, 0))
    >>> header = parse_header(f"FCS3.1    {offsets}".encode())
    >>> header.version, header.data.size
    ('3.1', 8000)
    """
    if len(block) < HEADER_BYTES:
        raise refusal(
            FcsCode.HEADER,
            f"the HEADER of an FCS file has {HEADER_BYTES} bytes, here are {len(block)}",
            "the file is cut short; copy it again",
        )
    version = block[3:6].decode("latin-1")
    if version not in VERSIONS:
        raise refusal(
            FcsCode.VERSION,
            f"the file begins with FCS but not with a version that is read ({_known()})",
            "export the tube again as FCS 3.1",
        )
    return Header(
        version=version,
        text=Segment(
            _offset(block, 10, "first byte of TEXT"), _offset(block, 18, "last byte of TEXT")
        ),
        data=Segment(
            _offset(block, 26, "first byte of DATA"), _offset(block, 34, "last byte of DATA")
        ),
        analysis=_analysis(block),
    )


def _known() -> str:
    return f"{', '.join(VERSIONS[:-1])} or {VERSIONS[-1]}"


def _offset(block: bytes, at: int, what: str) -> int:
    digits = block[at : at + 8].strip(_BLANKS)
    if not digits:
        return 0
    if not digits.isdigit():
        raise refusal(
            FcsCode.HEADER,
            f"the HEADER gives no number for the {what} (bytes {at} to {at + 7})",
            "the file is damaged or was edited; export it again",
        )
    return int(digits)


def _analysis(block: bytes) -> Segment:
    first, last = block[42:50].strip(_BLANKS), block[50:58].strip(_BLANKS)
    if not (first.isdigit() and last.isdigit()) or not 0 < int(first) <= int(last):
        return ABSENT
    return Segment(int(first), int(last))
