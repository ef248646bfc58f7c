"""HEADER: offsets and versions."""

import pytest

from carflow.errors import FcsError
from carflow.fcs.header import ABSENT, Segment, parse_header


def _header(*offsets: object, version: str = "3.1") -> bytes:
    return f"FCS{version}    ".encode() + b"".join(f"{offset:>8}".encode() for offset in offsets)


@pytest.mark.parametrize("version", ["2.0", "3.0", "3.1", "3.2"])
def test_known_versions_are_read(version: str) -> None:
    header = parse_header(_header(58, 99, 100, 199, 0, 0, version=version))

    assert (header.version, header.text, header.data) == (
        version,
        Segment(58, 99),
        Segment(100, 199),
    )


def test_zero_and_blank_offsets_mean_look_into_text() -> None:
    assert parse_header(_header(58, 99, 0, 0, 0, 0)).data.is_absent
    assert parse_header(_header(58, 99, "", "", "", "")).data == ABSENT


def test_a_broken_analysis_never_costs_the_file() -> None:
    assert parse_header(_header(58, 99, 100, 199, "xx", -1)).analysis == ABSENT


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(FcsError) as caught:
        parse_header(_header(58, 99, 100, 199, 0, 0, version="9.9"))

    assert caught.value.code == "FCS-VERSION"
    assert str(caught.value) == (
        "the file begins with FCS but not with a version that is read (2.0, 3.0, 3.1 or 3.2) "
        "(export the tube again as FCS 3.1)"
    )


@pytest.mark.parametrize("wrong", ["1x", "-5", "4_0", "٤٠٠"])
def test_an_offset_that_is_no_number_is_refused(wrong: str) -> None:
    block = _header(58, 99, 100, 199, 0, 0)
    block = block[:26] + wrong.encode().rjust(8)[:8] + block[34:]

    with pytest.raises(FcsError) as caught:
        parse_header(block)

    assert str(caught.value) == (
        "the HEADER gives no number for the first byte of DATA (bytes 26 to 33) "
        "(the file is damaged or was edited; export it again)"
    )


def test_a_short_header_is_refused() -> None:
    with pytest.raises(FcsError) as caught:
        parse_header(b"FCS3.1    ")

    assert str(caught.value) == (
        "the HEADER of an FCS file has 58 bytes, here are 10 (the file is cut short; copy it again)"
    )
