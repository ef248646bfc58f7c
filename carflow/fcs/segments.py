"""Where the events are: HEADER against TEXT, settled by evidence, or the file is refused.

A place is right when its bytes equal $TOT × the bytes of one event, when it lies inside the
file and when it begins behind HEADER and TEXT. Cytometers are known to state the last byte one
too high; nothing else is forgiven.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.fcs.codes import FcsCode, noticed, refusal
from carflow.fcs.header import ABSENT, HEADER_BYTES, Segment

if TYPE_CHECKING:
    from carflow.errors import FcsError
    from carflow.fcs.header import Header
    from carflow.fcs.keywords import Keywords
    from carflow.findings import Finding


@dataclass(frozen=True, slots=True)
class EventBytes:
    """Where the events stand, in bytes from the start of the data set, and how many they are."""

    n_events: int
    begin: int
    size: int

    @property
    def end(self) -> int:
        """The first byte behind the events."""
        return self.begin + self.size


def locate_events(
    keywords: Keywords,
    header: Header,
    *,
    record_bytes: int,
    available: int,
    findings: list[Finding],
) -> EventBytes:
    """Return the place of the events after checking it against $TOT.

    Parameters
    ----------
    keywords : Keywords
        $TOT (optional in FCS 2.0), $BEGINDATA and $ENDDATA are read.
    header : Header
        The offsets of the HEADER.
    record_bytes : int
        Bytes of one event.
    available : int
        Bytes of the file from the start of this data set.
    findings : list of Finding
        What was noticed is appended.

    Raises
    ------
    FcsError
        FCS-SIZES-DISAGREE, FCS-TRUNCATED, FCS-OVERLAP, FCS-OFFSETS-CONTRADICT, or the code of
        a keyword that cannot be used.
    """
    stated = _stated_places(keywords, header)
    n_events = _event_count(keywords, header, stated, record_bytes)
    wanted = n_events * record_bytes
    if wanted == 0 and all(place.size <= 1 for place in stated):
        findings.append(noticed(FcsCode.NO_EVENTS, "the file holds no event"))
        return EventBytes(0, min(header.text.end, available), 0)
    if not stated:
        raise refusal(
            FcsCode.SIZES_DISAGREE,
            f"$TOT says {n_events} events, but neither HEADER nor TEXT says where they are",
            "the file is damaged; export it again",
        )
    fitting = [place for place in stated if place.size in (wanted, wanted + 1)]
    if not fitting:
        raise _sizes_disagree(n_events, record_bytes, stated)
    place = _settled(fitting, header, wanted, available)
    if len(stated) > 1:
        message = (
            f"HEADER and TEXT disagree about DATA; the one that holds {n_events} events was used"
        )
        findings.append(noticed(FcsCode.OFFSETS_DISAGREE, message))
    if place.size == wanted + 1:
        message = f"DATA is stated one byte longer than its {n_events} events"
        findings.append(noticed(FcsCode.DATA_END, message))
    return EventBytes(n_events, place.begin, wanted)


def _stated_places(keywords: Keywords, header: Header) -> list[Segment]:
    """Return the different places named by HEADER and TEXT."""
    places = [] if header.data.is_absent else [header.data]
    if keywords.text("$BEGINDATA") and keywords.text("$ENDDATA"):
        in_text = Segment(keywords.integer("$BEGINDATA"), keywords.integer("$ENDDATA"))
        if not in_text.is_absent and in_text not in places:
            places.append(in_text)
    return places


def _event_count(
    keywords: Keywords, header: Header, stated: list[Segment], record_bytes: int
) -> int:
    if keywords.text("$TOT") or header.version != "2.0":
        return keywords.integer("$TOT")
    for place in stated:
        for size in (place.size, place.size - 1):
            if size >= 0 and size % record_bytes == 0:
                return size // record_bytes
    raise refusal(
        FcsCode.SIZES_DISAGREE,
        f"there is no $TOT, and DATA is not a multiple of the {record_bytes} bytes of one event",
        "the file is cut short or was edited; export it again",
    )


def _sizes_disagree(n_events: int, record_bytes: int, stated: list[Segment]) -> FcsError:
    sizes = " or ".join(str(max(place.size, 0)) for place in stated)
    return refusal(
        FcsCode.SIZES_DISAGREE,
        f"$TOT says {n_events} events of {record_bytes} bytes, {n_events * record_bytes} bytes "
        f"together, but DATA is stated to have {sizes} bytes",
        "the file was edited or badly exported; export the tube again",
    )


def _settled(fitting: list[Segment], header: Header, wanted: int, available: int) -> Segment:
    """Return the one place that can be right."""
    after_text = [place for place in fitting if _is_clear_of_text(place, wanted, header)]
    if not after_text:
        raise refusal(
            FcsCode.OVERLAP,
            "the DATA segment begins inside HEADER or TEXT",
            "the file was edited; export the tube again",
        )
    inside = [place for place in after_text if place.begin + wanted <= available]
    if not inside:
        missing = min(place.begin for place in after_text) + wanted - available
        raise refusal(
            FcsCode.TRUNCATED,
            f"the file ends before its events do: {missing} bytes are missing",
            "the file is cut short; copy it again from the cytometer",
        )
    if len({place.begin for place in inside}) > 1:
        raise refusal(
            FcsCode.OFFSETS_CONTRADICT,
            "HEADER and TEXT name different places for the events, and both could be right: "
            + " or ".join(f"byte {place.begin}" for place in inside),
            "export the tube again",
        )
    return min(inside, key=lambda place: place.size)


def _is_clear_of_text(place: Segment, wanted: int, header: Header) -> bool:
    text = header.text
    return place.begin >= HEADER_BYTES and (
        place.begin >= text.end or place.begin + wanted <= text.begin
    )


def supplemental_text(keywords: Keywords) -> Segment:
    """Return the supplemental TEXT a file declares, `ABSENT` if none or not usable.

    Examples
    --------
    >>> from carflow.fcs.keywords import Keywords
    >>> supplemental_text(Keywords({"$BEGINSTEXT": "900", "$ENDSTEXT": "999"})).size
    100
    """
    first, last = keywords.number("$BEGINSTEXT"), keywords.number("$ENDSTEXT")
    if not first or not last or last <= first or first < HEADER_BYTES:
        return ABSENT
    return Segment(int(first), int(last))
