"""Where events stand in a file, and which events those are."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carflow.errors import AnalysisError, FcsError
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.data_segment import DataSegment
from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs

EVENTS = np.arange(300, dtype=np.float32).reshape(100, 3)


@pytest.fixture
def tube(tmp_path: Path) -> Acquisition:
    write_fcs(
        tmp_path / "tube.fcs",
        EVENTS,
        channels=("FSC-A", "FL1-A", "Time"),
        markers=("", "CD3", ""),
        keywords={"$TIMESTEP": "0.01"},
    )
    return read_fcs(tmp_path / "tube.fcs")


def segment_of(tube: Acquisition, *names: str) -> DataSegment:
    segment = tube.data_segment(names)
    assert segment is not None
    return segment


def test_any_part_is_read_as_the_blocks_are(tube: Acquisition) -> None:
    segment = segment_of(tube, "CD3", "Time")

    with segment.opened() as stream:
        last = segment.read(stream, 93, segment.room(7))
        first = segment.read(stream, 0, segment.room(5))

    assert (segment.n_events, segment.record_bytes, segment.block.n_events) == (100, 12, 0)
    assert last.column("CD3").tolist() == EVENTS[93:, 1].tolist()
    assert first.column("CD3").tolist() == EVENTS[:5, 1].tolist()
    whole = next(tube.blocks(["CD3", "Time"], events=100))
    assert last.column("Time").tolist() == whole.column("Time")[93:].tolist()
    assert [last.stored(name) for name in ("CD3", "Time")] == [(1, 1.0), (2, 0.01)]


def test_its_bytes_are_those_of_the_file(tube: Acquisition) -> None:
    segment = segment_of(tube, "CD3")

    content = tube.path.read_bytes()
    assert content[segment.offset(40) :][:12] == EVENTS[40].tobytes()


def test_a_name_that_means_no_channel_is_told(tube: Acquisition) -> None:
    with pytest.raises(AnalysisError, match=r'^there is no channel or marker "CD19"'):
        tube.data_segment(["CD19"])


def with_first(tube: Acquisition, **changes: Any) -> Acquisition:
    first, *others = tube.layout.columns
    columns = (replace(first, **changes), *others)
    return replace(tube, layout=replace(tube.layout, columns=columns))


@pytest.mark.parametrize("changes", [{"kind": "u"}, {"width": 8}])
def test_records_of_other_numbers_are_read_in_blocks(
    tube: Acquisition, changes: dict[str, Any]
) -> None:
    other = with_first(tube, **changes)

    assert other.data_segment(["CD3"]) is None


def test_numbers_of_the_other_byte_order_are_turned(tube: Acquisition) -> None:
    content = tube.path.read_bytes()
    begin = tube.data_begin
    events = np.frombuffer(content[begin : begin + EVENTS.nbytes], dtype=np.float32)
    head = content[:begin].replace(b"1,2,3,4", b"4,3,2,1")
    tube.path.write_bytes(head + events.byteswap().tobytes() + content[begin + EVENTS.nbytes :])
    turned = read_fcs(tube.path)
    segment = segment_of(turned, "CD3")

    with segment.opened() as stream:
        block = segment.read(stream, 60, segment.room(40))

    assert segment.is_turned != segment_of(tube, "CD3").is_turned
    assert block.column("CD3").tolist() == EVENTS[60:, 1].tolist()


def test_a_clock_that_begins_again_needs_the_events_before(tube: Acquisition) -> None:
    wrapped = with_first(tube, period=256.0)

    assert wrapped.data_segment(["FSC-A", "CD3"]) is None
    assert wrapped.data_segment(["CD3"]) is not None


def test_a_file_that_becomes_shorter_is_told(tube: Acquisition) -> None:
    segment = segment_of(tube, "CD3")

    with segment.opened() as stream:
        with tube.path.open("r+b") as other:
            other.truncate(segment.offset(100) - 6)
        with pytest.raises(
            FcsError, match=r"^the file became shorter while it was read: 6 bytes are missing"
        ):
            segment.read(stream, 90, segment.room(10))
