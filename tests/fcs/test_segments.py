"""Where the events are: evidence decides, contradictions refuse."""

from typing import TYPE_CHECKING

import pytest

from carflow.errors import FcsError
from carflow.fcs.header import ABSENT, Header, Segment
from carflow.fcs.keywords import Keywords
from carflow.fcs.segments import EventBytes, locate_events, supplemental_text

if TYPE_CHECKING:
    from carflow.findings import Finding


def _locate(
    in_header: tuple[int, int] = (100, 139),
    in_text: tuple[int, int] | None = (100, 139),
    *,
    tot: str = "10",
    available: int = 148,
    version: str = "3.1",
) -> tuple[EventBytes, list[str]]:
    values = {"$TOT": tot}
    if in_text:
        values |= {"$BEGINDATA": str(in_text[0]), "$ENDDATA": str(in_text[1])}
    header = Header(
        version=version, text=Segment(58, 99), data=Segment(*in_header), analysis=ABSENT
    )
    findings: list[Finding] = []
    place = locate_events(
        Keywords(values), header, record_bytes=4, available=available, findings=findings
    )
    return place, [finding.code for finding in findings]


def _refusal(*places: tuple[int, int] | None, tot: str = "10", available: int = 148) -> FcsError:
    in_header, in_text = places
    with pytest.raises(FcsError) as caught:
        _locate(in_header or (0, 0), in_text, tot=tot, available=available)
    return caught.value


RIGHT = EventBytes(10, 100, 40)


def test_agreeing_places_are_taken_without_a_word() -> None:
    assert _locate() == (RIGHT, [])


@pytest.mark.parametrize(
    ("in_header", "in_text"), [((0, 0), (100, 139)), ((100, 139), None), ((100, 139), (0, 0))]
)
def test_one_place_is_enough(in_header: tuple[int, int], in_text: tuple[int, int] | None) -> None:
    assert _locate(in_header, in_text) == (RIGHT, [])


@pytest.mark.parametrize(
    ("in_header", "in_text"),
    [
        ((100, 139), (100, 999)),
        ((100, 999), (100, 139)),
        ((90, 300), (100, 139)),
        ((99999999, 99999999), (100, 139)),
        ((100, 139), (50, 89)),
        ((100, 139), (120, 159)),
    ],
)
def test_the_place_that_fits_wins_and_is_reported(
    in_header: tuple[int, int], in_text: tuple[int, int]
) -> None:
    assert _locate(in_header, in_text) == (RIGHT, ["FCS-OFFSETS-DISAGREE"])


def test_an_end_one_byte_too_far_is_forgiven_and_reported() -> None:
    assert _locate((100, 140), (100, 140)) == (RIGHT, ["FCS-DATA-END"])
    assert _locate((100, 140), (100, 140), available=140) == (RIGHT, ["FCS-DATA-END"])


def test_two_places_that_both_fit_are_refused() -> None:
    error = _refusal((100, 139), (104, 143))

    assert error.code == "FCS-OFFSETS-CONTRADICT"
    assert error.problem == (
        "HEADER and TEXT name different places for the events, and both could be right: "
        "byte 100 or byte 104"
    )


@pytest.mark.parametrize("tot", ["9", "11", "0", "1000000000"])
def test_a_wrong_tot_is_refused(tot: str) -> None:
    error = _refusal((100, 139), (100, 139), tot=tot)

    assert error.code == "FCS-SIZES-DISAGREE"
    assert error.problem == (
        f"$TOT says {tot} events of 4 bytes, {int(tot) * 4} bytes together, "
        "but DATA is stated to have 40 bytes"
    )


def test_a_file_cut_short_says_how_many_bytes_are_missing() -> None:
    error = _refusal((100, 139), (100, 139), available=121)

    assert error.code == "FCS-TRUNCATED"
    assert str(error) == (
        "the file ends before its events do: 19 bytes are missing "
        "(the file is cut short; copy it again from the cytometer)"
    )


@pytest.mark.parametrize("begin", [0, 40, 58, 99])
def test_events_inside_header_or_text_are_refused(begin: int) -> None:
    error = _refusal((begin or 1, (begin or 1) + 39), None)

    assert error.code == "FCS-OVERLAP"


def test_no_place_at_all_is_refused() -> None:
    assert _refusal(None, None).problem == (
        "$TOT says 10 events, but neither HEADER nor TEXT says where they are"
    )


@pytest.mark.parametrize("place", [(0, 0), (100, 99), (100, 100)])
def test_no_event_is_a_valid_file(place: tuple[int, int]) -> None:
    found, codes = _locate(place, place, tot="0", available=100)

    assert (found.n_events, found.size, codes) == (0, 0, ["FCS-NO-EVENTS"])


def test_fcs_20_may_leave_the_number_of_events_out() -> None:
    assert _locate(tot="", in_text=None, version="2.0") == (RIGHT, [])
    assert _locate((100, 140), None, tot="", version="2.0") == (RIGHT, ["FCS-DATA-END"])
    with pytest.raises(FcsError, match=r"^there is no \$TOT, and DATA is not a multiple"):
        _locate((100, 141), None, tot="", version="2.0")
    with pytest.raises(FcsError, match=r"^the required keyword \$TOT is missing"):
        _locate(tot="")


@pytest.mark.parametrize(
    ("first", "last", "size"),
    [
        ("900", "999", 100),
        ("0", "0", 1),
        ("", "", 1),
        ("x", "9", 1),
        ("999", "900", 1),
        ("10", "99", 1),
    ],
)
def test_a_supplemental_text_needs_two_sound_offsets(first: str, last: str, size: int) -> None:
    segment = supplemental_text(Keywords({"$BEGINSTEXT": first, "$ENDSTEXT": last}))

    assert segment.size == size
    assert segment.is_absent == (size == 1)
