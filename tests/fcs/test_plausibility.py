"""Values that were misread give themselves away; values as detectors give them do not."""

from collections.abc import Callable

import numpy as np
import pytest

from carflow.fcs.acquisition import Acquisition

BuildFcs = Callable[..., bytes]
ReadBytes = Callable[[bytes], Acquisition]

CHANCE = np.random.default_rng(5)
CELLS = [(a, b, float(n)) for n, (a, b) in enumerate(CHANCE.lognormal(5.0, 1.5, (400, 2)))]


@pytest.fixture
def said(build_fcs: BuildFcs, read_bytes: ReadBytes) -> Callable[..., list[str]]:
    def read(rows: object = CELLS, **changes: object) -> list[str]:
        return [str(finding) for finding in read_bytes(build_fcs(rows, **changes)).findings]

    return read


Said = Callable[..., list[str]]


def test_cells_are_plausible(said: Said) -> None:
    assert said() == []
    assert said(datatype="D") == []


@pytest.mark.parametrize("datatype", ["F", "D"])
def test_a_wrong_byte_order_of_floats_is_seen(said: Said, datatype: str) -> None:
    assert (
        "warn FCS-VALUES-IMPLAUSIBLE: values below 10⁻³⁰ or above 10¹⁵ stand in FSC-A, FL1-A, Time"
        in said(datatype=datatype, keywords={"$BYTEORD": "4,3,2,1"})
    )


def test_a_wrong_byte_order_of_integers_is_seen(said: Said) -> None:
    rows = [(int(a), int(b) % 3_000, n) for a, b, n in CELLS]
    wide = {f"$P{number}R": "65536" for number in (1, 2, 3)}

    assert said(rows, datatype="I", keywords=wide) == []
    assert (
        "warn FCS-VALUES-IMPLAUSIBLE: the highest bytes of the integers vary more than the "
        "lowest: check $BYTEORD" in said(rows, datatype="I", keywords=wide | {"$BYTEORD": "2,1"})
    )


def test_floats_read_as_integers_have_bits_above_their_range(said: Said) -> None:
    changed = said(keywords={"$DATATYPE": "I"})

    assert any("BITS-ABOVE-RANGE" in sentence for sentence in changed)


def test_a_mark_in_all_channels_is_the_instruments_own(said: Said) -> None:
    rows = [(1024 * 8 + n, 1024 * 16 + n, n) for n in range(200)]

    assert said(rows, datatype="I") == [
        "info FCS-BITS-TAGGED: marks of the instrument above $PnR were cut off in 2 channels"
    ]


def test_bits_that_come_and_go_in_one_channel_do_not_fit(said: Said) -> None:
    rows = [(n, n * 20 % 2048, n) for n in range(200)]

    assert said(rows, datatype="I") == [
        "warn FCS-BITS-ABOVE-RANGE: bits above $PnR differ from event to event in FL1-A"
    ]


def test_time_in_another_channel_is_seen(said: Said) -> None:
    rows = [(float(n), a, b) for a, b, n in CELLS]

    assert said(rows) == ["warn FCS-TIME-ELSEWHERE: not Time but FSC-A rises from event to event"]


def test_a_time_without_its_name_is_noticed(said: Said) -> None:
    names = ("FSC-A", "FL1-A", "Tine")

    assert said(names=names, keywords={"$TIMESTEP": None}) == [
        "info FCS-TIME-UNNAMED: no channel is called Time, but Tine rises from event to event"
    ]
