"""What stands between and behind the segments: the signs that bytes were added or lost.

Offsets in HEADER and TEXT stay as they are when an editor, a proxy or a transfer adds or drops
a byte, and every value behind it is then wrong without being impossible. Four signs give it
away: TEXT runs on behind its stated end; undeclared bytes stand before DATA; what is left over
at the end is no checksum (eight digits); or the events end in what looks like the checksum.
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
_NO_CHECKSUM = b"00000000"  # the standard's sign for "not computed"
_HEX_DIGITS = b"0123456789abcdefABCDEF"
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
        TEXT first, the events last, in bytes from `base`.

    Raises
    ------
    FcsError
        FCS-SHIFTED if TEXT has no final delimiter and seems to run on.
    """
    text_end = segments[0].end
    gaps = _undeclared(segments)
    content = b"".join(_content(stream, base, gap) for gap in gaps)
    if text.has_final_delimiter:
        width = sum(gap.size for gap in gaps)
        return [_gap_finding(width)] if content else []
    left_over = _left_over(base, segments, end)
    if content not in (b"", bytes([text.delimiter])):
        raise _shifted("TEXT runs on behind the end that the HEADER states")
    touches = not any(gap.begin == text_end for gap in gaps)
    may_be_shifted = left_over not in (0, _CHECKSUM_BYTES) and left_over <= _MOST_GAP_BYTES
    if (content or touches) and may_be_shifted:
        raise _shifted(f"TEXT has no end, and {left_over} bytes follow the last segment")
    message = "TEXT does not end in its delimiter; the last value was kept whole"
    return [noticed(FcsCode.NO_FINAL_DELIMITER, message)]


def _undeclared(segments: list[Segment]) -> list[Segment]:
    """Return the gaps from the end of TEXT to the events, the last of the segments."""
    gaps = []
    at = segments[0].end
    before = [segment for segment in segments[1:] if segment.begin <= segments[-1].begin]
    for segment in sorted(before, key=lambda segment: segment.begin):
        if segment.begin > at and segment.size > 0:
            gaps.append(Segment(at, segment.begin - 1))
        at = max(at, segment.end)
    return gaps


def _content(stream: FileIO, base: int, gap: Segment) -> bytes:
    return read_at(stream, base + gap.begin, min(gap.size, _MOST_GAP_BYTES)).strip(_PADDING)


def look_behind_all(
    stream: FileIO, base: int, segments: list[Segment], end: int, record_bytes: int
) -> list[Finding]:
    """Check the bytes behind the last segment.

    Parameters
    ----------
    stream : FileIO
        The open file.
    base, end : int
        Where the data set begins in the file, and where it ends.
    segments : list of Segment
        All of them, that of the events last.
    record_bytes : int
        Bytes of one event.

    Raises
    ------
    FcsError
        FCS-SHIFTED if one to seven bytes are left over that are not blank, or none and the
        events end in a checksum.
    """
    left_over = _left_over(base, segments, end)
    if left_over <= 0:
        _refuse_swallowed_checksum(stream, base, segments[-1])
        return []
    tail = read_at(stream, end - left_over, min(left_over, _MOST_GAP_BYTES))
    content = tail.strip(_PADDING)
    if content and left_over < _CHECKSUM_BYTES:
        raise _shifted(f"{left_over} bytes follow the last segment, where a checksum has 8 or none")
    if not content or _is_checksum(content):
        message = f"{left_over} undeclared bytes follow the last segment"
        long = left_over > _CHECKSUM_BYTES
        return [noticed(FcsCode.TRAILING_BYTES, message)] if long else []
    behind = left_over - (_CHECKSUM_BYTES if tail.endswith(_NO_CHECKSUM) else 0)
    if record_bytes and behind % record_bytes == 0 and left_over > _CHECKSUM_BYTES:
        message = f"{behind // record_bytes} further records follow the stated events"
        return [noticed(FcsCode.TRAILING_RECORDS, message)]
    message = f"{left_over} undeclared bytes that are not blank follow the last segment"
    return [noticed(FcsCode.TRAILING_CONTENT, message)]


def _is_checksum(content: bytes) -> bool:
    return len(content) <= _CHECKSUM_BYTES and all(byte in _HEX_DIGITS for byte in content)


def _refuse_swallowed_checksum(stream: FileIO, base: int, events: Segment) -> None:
    if events.size <= _CHECKSUM_BYTES:
        return
    if read_at(stream, base + events.end - _CHECKSUM_BYTES, _CHECKSUM_BYTES) == _NO_CHECKSUM:
        raise _shifted("the events end in the checksum that stands behind them")


def _left_over(base: int, segments: list[Segment], end: int) -> int:
    """Return the bytes behind all segments; one that ends behind the file does not count."""
    return end - base - max(one.end for one in segments if base + one.end <= end)


def _gap_finding(width: int) -> Finding:
    message = f"{width} undeclared bytes stand between TEXT and the next segment"
    return noticed(FcsCode.GAP, message)


def _shifted(problem: str) -> FcsError:
    return refusal(
        FcsCode.SHIFTED,
        f"bytes were added or lost: {problem}",
        "copy the file again from the cytometer, or export the tube again",
    )
