"""The record of an event: kinds of numbers, byte orders, widths, masks."""

from typing import TYPE_CHECKING

import pytest

from carflow.errors import FcsError
from carflow.fcs.keywords import Keywords
from carflow.fcs.layout import Layout, read_layout

if TYPE_CHECKING:
    from carflow.findings import Finding


def _keywords(**changes: str) -> Keywords:
    values = {"PAR": "2", "MODE": "L", "DATATYPE": "I", "BYTEORD": "1,2,3,4"}
    for number in (1, 2):
        values |= {
            f"P{number}N": f"C{number}",
            f"P{number}B": "16",
            f"P{number}R": "1024",
            f"P{number}E": "0,0",
        }
    return Keywords({f"${name}": value for name, value in (values | changes).items()})


def _layout(version: str = "3.1", **changes: str) -> Layout:
    return read_layout(_keywords(**changes), version, [])


def _refusal(**changes: str) -> tuple[str, str]:
    with pytest.raises(FcsError) as caught:
        _layout(**changes)
    return caught.value.code, caught.value.problem


@pytest.mark.parametrize(
    ("order", "little"),
    [
        ("1,2,3,4", True),
        ("4,3,2,1", False),
        ("1,2", True),
        ("2,1", False),
        ("1", True),
        (" 1, 2, 3, 4 ", True),
        ("8,7,6,5,4,3,2,1", False),
    ],
)
def test_both_byte_orders_in_every_spelling(order: str, little: bool) -> None:
    assert _layout(BYTEORD=order).little_endian is little


@pytest.mark.parametrize("order", ["3,4,1,2", "2,3", "little", "0", "1,2,3,4,5,6,7,8,9"])
def test_other_byte_orders_are_refused(order: str) -> None:
    assert _refusal(BYTEORD=order) == (
        "FCS-BYTEORD",
        "$BYTEORD is neither 1,2,3,4 (little endian) nor 4,3,2,1 (big endian)",
    )


@pytest.mark.parametrize("mode", ["C", "U", "H", "c"])
def test_histograms_are_refused(mode: str) -> None:
    assert _refusal(MODE=mode) == (
        "FCS-MODE",
        "$MODE says that the file holds a histogram, not single events",
    )


def test_the_mode_may_be_missing_in_fcs_32_only() -> None:
    assert _layout(version="3.2", MODE="").record_bytes == 4
    assert _refusal(MODE="")[0] == "FCS-KEYWORD-MISSING"


def test_events_stored_as_text_are_refused() -> None:
    assert _refusal(DATATYPE="A") == ("FCS-DATATYPE", "the events are stored as text ($DATATYPE A)")
    assert _refusal(DATATYPE="Q")[0] == "FCS-DATATYPE"


def test_mixed_kinds_of_numbers_are_refused_before_fcs_32() -> None:
    assert _refusal(P2DATATYPE="F") == (
        "FCS-DATATYPE",
        "$P2DATATYPE differs from $DATATYPE, which FCS 3.1 does not know",
    )
    assert _layout(P2DATATYPE="I").record_bytes == 4


def test_channels_of_different_width_follow_each_other() -> None:
    layout = _layout(P1B="24", P2B="64")

    assert [(c.offset, c.width) for c in layout.columns] == [(0, 3), (3, 8)]
    assert layout.record_bytes == 11


@pytest.mark.parametrize("bits", ["10", "0", "72", "1"])
def test_other_widths_are_refused(bits: str) -> None:
    assert _refusal(P2B=bits, P2R="1") == (
        "FCS-WIDTH",
        f"$P2B says {bits} bits; integers of 8, 16, 24, 32, 40, 48, 56 and 64 bits are read",
    )


@pytest.mark.parametrize(("datatype", "wanted"), [("F", 32), ("D", 64)])
def test_floating_point_has_one_width_only(datatype: str, wanted: int) -> None:
    assert _refusal(DATATYPE=datatype) == (
        "FCS-WIDTH",
        f"$DATATYPE {datatype} needs {wanted} bits per channel, but $P1B says 16",
    )


@pytest.mark.parametrize(
    ("top", "mask"),
    [("1024", 1023), ("1000", 1023), ("1025", 2047), ("65536", None), ("2", 1), ("1024.0", 1023)],
)
def test_bits_above_the_range_are_masked(top: str, mask: int | None) -> None:
    assert _layout(P1R=top).columns[0].mask == mask


@pytest.mark.parametrize("top", ["0", "1"])
def test_a_range_of_nothing_does_not_wipe_the_channel(top: str) -> None:
    findings: list[Finding] = []

    layout = read_layout(_keywords(P1R=top), "3.1", findings)

    assert layout.columns[0].mask is None
    assert [f.message for f in findings] == [f"$P1R is {top}; all bits of C1 were kept"]


def test_a_range_beyond_the_bits_is_refused() -> None:
    assert _refusal(P2R="65537") == ("FCS-RANGE", "$P2R is 65537, more than 16 bits can hold")
    assert _refusal(P2R="10.5") == ("FCS-KEYWORD", "the keyword $P2R is not a whole number")


def test_wide_ranges_keep_their_bits() -> None:
    assert _layout(P1B="64", P1R=str(2**60)).columns[0].mask == 2**60 - 1
    assert _layout(P1B="64", P1R=str(2**63)).columns[0].mask == 2**63 - 1
