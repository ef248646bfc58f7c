"""Events when they are asked for."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from carflow.errors import AnalysisError, FcsError
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs

BuildFcs = Callable[..., bytes]
ReadBytes = Callable[[bytes], Acquisition]
EVENTS = np.arange(3000, dtype=np.float32).reshape(1000, 3)


@pytest.fixture
def tube(tmp_path: Path) -> Acquisition:
    path = tmp_path / "tube.fcs"
    write_fcs(path, EVENTS, channels=("A", "B", "Time"), markers=("", "CD3", ""), keywords={})
    return read_fcs(path)


@pytest.mark.parametrize("events", [1, 7, 999, 1000, 1001, 32_768])
def test_chunks_of_any_size_hold_the_same_events(tube: Acquisition, events: int) -> None:
    chunks = [chunk.copy() for chunk in tube.chunks(["Time", "CD3"], events=events)]

    assert all(chunk.flags.c_contiguous and chunk.dtype == np.float64 for chunk in chunks)
    assert all(chunk.shape[1] == events for chunk in chunks[:-1])
    assert np.array_equal(np.concatenate(chunks, axis=1), EVENTS[:, [2, 1]].T)


def test_a_column_belongs_to_the_caller(tube: Acquisition) -> None:
    first = tube.column("CD3")
    first[:] = -1.0

    assert np.array_equal(tube.column("B"), EVENTS[:, 1])


def test_no_columns_still_count_the_events(tube: Acquisition) -> None:
    assert [chunk.shape for chunk in tube.chunks([], events=600)] == [(0, 600), (0, 400)]


def test_an_unknown_name_is_refused_before_the_first_chunk(tube: Acquisition) -> None:
    with pytest.raises(AnalysisError, match=r'^there is no channel or marker "CAR"'):
        tube.chunks(["CAR"])
    with pytest.raises(ValueError, match=r"^a chunk holds at least 1 event, got 0$"):
        tube.chunks(["A"], events=0)


def test_a_file_that_changed_is_not_read_on(tube: Acquisition) -> None:
    tube.path.write_bytes(tube.path.read_bytes()[:-20])

    with pytest.raises(FcsError) as caught:
        tube.column("A")

    assert caught.value.code == "FCS-CHANGED"
    assert str(caught.value) == (
        "tube.fcs: the file was written to after it was opened "
        "(wait until it is written completely and run again)"
    )


def test_a_file_that_shrinks_while_it_is_read_is_an_error(tube: Acquisition) -> None:
    chunks = tube.chunks(["A"], events=100)
    next(chunks)
    with tube.path.open("r+b") as stream:
        stream.truncate(tube.data_begin + 1200 + 5)

    with pytest.raises(FcsError) as caught:
        next(chunks)

    assert caught.value.problem == (
        "the file became shorter while it was read: 1195 bytes are missing"
    )


def test_a_file_that_went_away_is_an_error(tube: Acquisition) -> None:
    tube.path.unlink()

    with pytest.raises(FcsError, match=r"^tube\.fcs: the file can no longer be read"):
        tube.column("A")


def test_when_and_how_long(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    times = {"$DATE": "05-MAR-2001", "$BTIM": "23:59:30", "$ETIM": "00:00:15.50"}

    tube = read_bytes(build_fcs(keywords=times))

    assert tube.duration_s == 45.5
    assert tube.acquired_at is not None
    assert tube.acquired_at + timedelta(seconds=30) == tube.acquired_at.replace(
        day=6, hour=0, minute=0, second=0
    )


def test_keywords_cannot_be_changed(tube: Acquisition) -> None:
    with pytest.raises(TypeError):
        tube.keywords["$TOT"] = "1"  # type: ignore[index]  # that it is refused is the point


def test_float32_columns_hold_what_the_file_holds(
    build_fcs: BuildFcs, read_bytes: ReadBytes
) -> None:
    names = ("FSC-A", "FL1-A")
    floats = build_fcs([(1.1, -3e20), (2.2, 5e-40)], names=names)
    masked = build_fcs([(1, 1023), (1024 + 7, 5)], names=names, datatype="I")

    for content, first in ((floats, [np.float32(1.1), np.float32(2.2)]), (masked, [1.0, 7.0])):
        tube = read_bytes(content)
        narrow, wide = tube.columns(names, dtype=np.float32), tube.columns(names)
        assert (narrow.dtype.name, wide.dtype.name) == ("float32", "float64")
        assert np.array_equal(narrow, wide)
        assert narrow[0].tolist() == first


@pytest.mark.parametrize(
    ("changes", "channel"),
    [
        ({"datatype": "D"}, "FL1-A"),
        ({"datatype": "I", "bits": [32, 32, 32], "keywords": {"$P2R": str(2**25)}}, "FL1-A"),
        ({"keywords": {"$P2G": "3"}}, "FL1-A"),
        ({"datatype": "I", "keywords": {"$P2E": "4,1"}}, "FL1-A"),
        ({"keywords": {"$TIMESTEP": "0.01"}}, "Time"),
    ],
    ids=["doubles", "long integers", "gain", "logarithmic", "time in ticks"],
)
def test_float32_is_refused_where_it_would_round(
    build_fcs: BuildFcs, read_bytes: ReadBytes, changes: dict[str, object], channel: str
) -> None:
    tube = read_bytes(build_fcs([(1, 2, 3), (4, 5, 6)], **changes))

    with pytest.raises(AnalysisError) as caught:
        tube.column(channel, dtype=np.float32)
    assert str(caught.value) == (
        f"the values of {channel} need more than the 32 bits of float32 (ask for float64)"
    )
    assert caught.value.code == "WOULD-ROUND"


def test_values_come_as_no_other_type(tube: Acquisition) -> None:
    with pytest.raises(ValueError, match="values come as float64 or float32, not as int64"):
        tube.columns(["CD3"], dtype=np.int64)
