"""Bytes that were added or lost must not shift the events in silence."""

from collections.abc import Callable

import pytest

from carflow.errors import FcsError
from carflow.fcs.acquisition import Acquisition

BuildFcs = Callable[..., bytes]
ReadBytes = Callable[[bytes], Acquisition]

VALUES = [10.0, 20.0, -30.0]


def _codes(tube: Acquisition) -> list[str]:
    return [finding.code for finding in tube.findings]


@pytest.mark.parametrize("tail", [b"", b"00000000"])
@pytest.mark.parametrize("gap", [b"", b" " * 40])
@pytest.mark.parametrize("added", [1, 4, 12, 30])
def test_bytes_added_to_text_never_shift_the_events(
    build_fcs: BuildFcs, read_bytes: ReadBytes, tail: bytes, gap: bytes, added: int
) -> None:
    content = build_fcs(gap=gap, tail=tail, keywords={"NOTE": "some words"})
    at = content.index(b"some words")

    with pytest.raises(FcsError) as caught:
        read_bytes(content[:at] + b"x" * added + content[at:])

    assert caught.value.code in {"FCS-SHIFTED", "FCS-KEYWORD-MISSING"}


@pytest.mark.parametrize("tail", [b"", b"00000000"])
@pytest.mark.parametrize("gap", [b"", b" " * 40])
@pytest.mark.parametrize("lost", [1, 4, 7])
def test_bytes_lost_from_text_never_shift_the_events(
    build_fcs: BuildFcs, read_bytes: ReadBytes, tail: bytes, gap: bytes, lost: int
) -> None:
    content = build_fcs(gap=gap, tail=tail, keywords={"NOTE": "some words"})
    at = content.index(b"some words")

    with pytest.raises(FcsError) as caught:
        read_bytes(content[:at] + content[at + lost :])

    assert caught.value.code in {"FCS-SHIFTED", "FCS-TRUNCATED"}


def test_a_blank_gap_is_nothing(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    tube = read_bytes(build_fcs(gap=b" \0 \r\n" * 9))

    assert (tube.column("FL1-A").tolist(), tube.findings) == (VALUES, ())


def test_undeclared_bytes_before_the_events_are_reported(
    build_fcs: BuildFcs, read_bytes: ReadBytes
) -> None:
    tube = read_bytes(build_fcs(gap=b"vendor"))

    assert tube.column("FL1-A").tolist() == VALUES
    assert [str(finding) for finding in tube.findings] == [
        "warn FCS-GAP: 6 undeclared bytes stand between TEXT and the next segment"
    ]


@pytest.mark.parametrize(
    ("tail", "codes"),
    [
        (b"", []),
        (b"00000000", []),
        (b"\r\n", []),
        (b" " * 9, ["FCS-TRAILING-BYTES"]),
        (b"x" * 9, ["FCS-TRAILING-CONTENT"]),
    ],
)
def test_a_checksum_is_nothing_and_more_is_reported(
    build_fcs: BuildFcs, read_bytes: ReadBytes, tail: bytes, codes: list[str]
) -> None:
    tube = read_bytes(build_fcs(tail=tail))

    assert (tube.column("FL1-A").tolist(), _codes(tube)) == (VALUES, codes)


def test_a_few_bytes_left_over_are_refused(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    with pytest.raises(FcsError) as caught:
        read_bytes(build_fcs(tail=b"0000"))

    assert str(caught.value) == (
        "tube.fcs: bytes were added or lost: 4 bytes follow the last segment, where a checksum "
        "has 8 or none (copy the file again from the cytometer, or export the tube again)"
    )


def test_a_last_byte_of_text_that_belongs_to_the_events_is_given_back(
    build_fcs: BuildFcs, read_bytes: ReadBytes
) -> None:
    content = build_fcs()
    text_last = int(content[18:26])

    tube = read_bytes(content[:18] + f"{text_last + 1:8d}".encode() + content[26:])

    assert (tube.column("FL1-A").tolist(), tube.findings) == (VALUES, ())
