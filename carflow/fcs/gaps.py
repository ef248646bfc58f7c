"""What stands between and behind the segments: the signs that bytes were added or lost.

Offsets in HEADER and TEXT stay as they are when an editor, a proxy or a transfer adds or drops
a byte, and every value behind it is then wrong without being impossible. Three signs give it
away: TEXT runs on behind its stated end, undeclared bytes stand before DATA, or one to seven
bytes are left over at the end (a checksum has eight; none of 117 public files has so few).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.fcs.codes import FcsCode, noticed, refusal
from carflow.fcs.header import Segment
from carflow.fcs.source import read_at

if TYPE_CHECKING:
    from io import FileIO

    from carflow.errors import FcsError
    from carflow.fcs.header import Header
    from carflow.fcs.text import Text
    from carflow.findings import Finding

_PADDING = b" \0\t\r\n\f"
_CHECKSUM_BYTES = 8
_MOST_GAP_BYTES = 1 << 16


def text_segment(header: Header) -> Segment:
    """Return the place of TEXT, without a last byte that is also the first byte of DATA.

    Examples
    --------
    >>> from carflow.fcs.header import ABSENT, Header
    >>> text, events = Segment(100, 2646), Segment(2646, 9999)
    >>> text_segment(Header(version="3.0", text=text, data=events, analysis=ABSENT))
    Segment(begin=100, last=2645)
    """
    shares_a_byte = header.data.begin == header.text.last
    return Segment(header.text.begin, header.text.last - shares_a_byte)


def look_behind_text(
    stream: FileIO, base: int, text: Text, segments: list[Segment], end: int
) -> list[Finding]:
    """Check the bytes between TEXT (the first of the segments) and the segment after it.

    Parameters
    ----------
    stream : FileIO
        The open file.
    base, end : int
        Where the data set begins in the file, and where it ends.
    text : Text
        How TEXT ended.
    segments : list of Segment
        TEXT first, then the others, in bytes from `base`.

    Raises
    ------
    FcsError
        FCS-SHIFTED if TEXT has no final delimiter and seems to run on.
    """
    text_end = segments[0].end
    begins = [segment.begin for segment in segments[1:] if segment.begin >= text_end]
    width = min(begins, default=text_end) - text_end
    gap = read_at(stream, base + text_end, min(width, _MOST_GAP_BYTES))
    content = gap.strip(_PADDING)
    if text.has_final_delimiter:
        return [_gap_finding(width)] if content else []
    left_over = _left_over(base, segments, end)
    if content not in (b"", bytes([text.delimiter])):
        raise _shifted("TEXT runs on behind the end that the HEADER states")
    if (content or not gap) and left_over not in (0, _CHECKSUM_BYTES):
        raise _shifted(f"TEXT has no end, and {left_over} bytes follow the last segment")
    message = "TEXT does not end in its delimiter; the last value was kept whole"
    return [noticed(FcsCode.NO_FINAL_DELIMITER, message)]


def look_behind_all(stream: FileIO, base: int, segments: list[Segment], end: int) -> list[Finding]:
    """Check the bytes behind the last segment.

    Raises
    ------
    FcsError
        FCS-SHIFTED if one to seven bytes are left over that are not blank.
    """
    left_over = _left_over(base, segments, end)
    if left_over > _CHECKSUM_BYTES:
        message = f"{left_over} undeclared bytes follow the last segment"
        return [noticed(FcsCode.TRAILING_BYTES, message)]
    if 0 < left_over < _CHECKSUM_BYTES:
        tail = read_at(stream, end - left_over, left_over)
        if tail.strip(_PADDING):
            raise _shifted(
                f"{left_over} bytes follow the last segment, where a checksum has 8 or none"
            )
    return []


def _left_over(base: int, segments: list[Segment], end: int) -> int:
    return end - base - max(segment.end for segment in segments)


def _gap_finding(width: int) -> Finding:
    message = f"{width} undeclared bytes stand between TEXT and the next segment"
    return noticed(FcsCode.GAP, message)


def _shifted(problem: str) -> FcsError:
    return refusal(
        FcsCode.SHIFTED,
        f"bytes were added or lost: {problem}",
        "copy the file again from the cytometer, or export the tube again",
    )
