"""Blocks of events: the same numbers as columns, whatever the memory looks like."""

import math
from pathlib import Path

import numpy as np
import pytest

from carflow.fcs.block import Block, Stored
from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs

EVENTS = np.random.default_rng(3).normal(100.0, 900.0, (1_000, 4)).astype(np.float32)
PLACES = {"A": 0, "B": 1, "C": 2, "D": 3}


@pytest.fixture(params=["rows", "columns", "wide"])
def block(request: pytest.FixtureRequest) -> Block:
    """A block of records, of columns side by side, and of float64."""
    tables: dict[str, Stored] = {
        "rows": EVENTS.T,
        "columns": np.ascontiguousarray(EVENTS.T),
        "wide": EVENTS.T.astype(np.float64),
    }
    return Block(tables[request.param], PLACES)


def test_columns_rows_and_extremes_are_those_of_the_events(block: Block) -> None:
    numbers = np.array([5, 7, 999])

    assert block.n_events == 1_000
    assert block.column("C").tolist() == EVENTS[:, 2].tolist()
    assert block.rows(["B", "C"], None).tolist() == EVENTS[:, 1:3].tolist()
    assert block.rows(["D", "A"], numbers).tolist() == EVENTS[numbers][:, [3, 0]].tolist()
    assert block.extremes("D") == (EVENTS[:, 3].min(), EVENTS[:, 3].max())


@pytest.mark.parametrize("events", [1, 63, 64, 65, 1_000])
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_one_number_that_is_none_is_seen_wherever_it_stands(events: int, odd: float) -> None:
    for at in {0, events // 2, events - 1}:
        values = EVENTS[:events].copy()
        values[at, 1] = odd
        block = Block(values.T, PLACES)

        assert [block.is_finite(name) for name in PLACES] == [True, False, True, True]


def test_a_channel_with_a_scale_of_its_own_is_taken_from_there() -> None:
    seconds = EVENTS[:, 0].astype(np.float64) * 0.01
    block = Block(EVENTS.T, {"B": 1}, {"Time": seconds})

    assert block.column("Time") is seconds
    assert block.extremes("Time") == (seconds.min(), seconds.max())
    expected = np.array([seconds, EVENTS[:, 1]]).T
    assert block.rows(["Time", "B"], None).tolist() == expected.tolist()


@pytest.mark.parametrize("order", ["little", "big"])
def test_blocks_of_a_file_hold_its_scale_values(tmp_path: Path, order: str) -> None:
    path = tmp_path / "tube.fcs"
    write_fcs(
        path,
        np.abs(EVENTS),
        channels=("Time", "FL1-A", "FL2-A", "FL3-A"),
        markers=("", "CD3", "", "CAR"),
        keywords={"$TIMESTEP": "0.01", "$P3G": "2"},
    )
    if order == "big":
        content = path.read_bytes().replace(b"1,2,3,4", b"4,3,2,1")
        begin = read_fcs(path).data_begin
        path.write_bytes(
            content[:begin] + np.frombuffer(content[begin:], "<u4", 4_000).astype(">u4").tobytes()
        )
    tube = read_fcs(path)
    names = ["Time", "CD3", "FL2-A", "CAR"]

    found = [
        [block.column(name).astype(np.float64) for name in names]
        for block in tube.blocks(names, events=300)
    ]

    assert np.array_equal(np.hstack([np.array(one) for one in found]), tube.columns(names))
    assert [len(one[0]) for one in found] == [300, 300, 300, 100]
