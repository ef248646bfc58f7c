"""What is written is what is read: by carflow and by FlowIO."""

from pathlib import Path

import flowio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from carflow.errors import OutputError
from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs

EVENTS = np.array([[1.5, -2.0], [3.25, 1e30], [0.1, -0.0]], dtype=np.float32)
NAMES = ("FSC-A", "FL1-A")


def _write(path: Path, events: np.ndarray = EVENTS, **keywords: str) -> Path:
    write_fcs(
        path,
        events,
        channels=NAMES,
        markers=("", "CD3/γδ|x"),
        keywords={f"${name}": value for name, value in keywords.items()},
    )
    return path


def test_everything_comes_back(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "tube.fcs", SPILLOVER="2,FSC-A,FL1-A,1,0.1,0,1", VOL="33008", P2V="450"
    )

    tube = read_fcs(path)

    codes = [finding.code for finding in tube.findings]
    assert (tube.version, codes) == ("3.1", ["FCS-VALUES-IMPLAUSIBLE"])  # 10⁻⁴⁰ is among them
    assert (tube.channels, tube.markers) == (NAMES, ("", "CD3/γδ|x"))
    assert (tube.keywords["$VOL"], tube.voltages, tube.ranges) == (
        "33008",
        ("", "450"),
        (262144.0, 262144.0),
    )
    assert tube.spillover is not None
    assert tube.column("FL1-A").astype("f4").tobytes() == EVENTS[:, 1].tobytes()


@given(arrays(np.float32, st.tuples(st.integers(0, 20), st.just(2))))
@settings(max_examples=50, deadline=None)
def test_every_float32_comes_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, events: np.ndarray
) -> None:
    path = _write(tmp_path_factory.mktemp("w") / "tube.fcs", events)

    tube = read_fcs(path)

    for place, name in enumerate(NAMES):
        np.testing.assert_array_equal(tube.column(name), events[:, place].astype(np.float64))


def test_flowio_reads_the_same(tmp_path: Path) -> None:
    other = flowio.FlowData(str(_write(tmp_path / "tube.fcs", TIMESTEP="0.01")))

    assert other.pnn_labels == list(NAMES)
    assert np.array_equal(other.as_array(), EVENTS.astype(np.float64))


def test_columns_in_memory_order_do_not_matter(tmp_path: Path) -> None:
    first = _write(tmp_path / "a.fcs", np.asfortranarray(EVENTS))
    second = _write(tmp_path / "b.fcs", np.repeat(EVENTS, 2, axis=0)[::2])

    assert first.read_bytes() == second.read_bytes() == _write(tmp_path / "c.fcs").read_bytes()


def test_ranges_are_written(tmp_path: Path) -> None:
    path = tmp_path / "tube.fcs"
    write_fcs(path, EVENTS, channels=NAMES, markers=("", ""), keywords={}, ranges=(1e6, 0.5))

    assert read_fcs(path).ranges == (1e6, 0.5)


def test_a_value_with_every_usual_delimiter_survives(tmp_path: Path) -> None:
    note = "|/\\!~"

    assert read_fcs(_write(tmp_path / "tube.fcs", COM=note)).keywords["$COM"] == note


def test_an_existing_file_is_replaced_and_nothing_is_left_behind(tmp_path: Path) -> None:
    _write(tmp_path / "tube.fcs", np.repeat(EVENTS, 500, axis=0))
    _write(tmp_path / "tube.fcs")

    assert [path.name for path in tmp_path.iterdir()] == ["tube.fcs"]
    assert read_fcs(tmp_path / "tube.fcs").n_events == 3


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        _write(tmp_path / "none" / "tube.fcs")

    assert str(caught.value) == (
        "tube.fcs: the FCS file could not be written: No such file or directory "
        "(check free space and permissions of the folder)"
    )


def test_callers_mistakes_are_named(tmp_path: Path) -> None:
    def said(events: np.ndarray = EVENTS, **changes: object) -> str:
        arguments: dict[str, object] = {"channels": NAMES, "markers": ("", ""), "keywords": {}}
        with pytest.raises(ValueError, match=r".") as caught:
            write_fcs(tmp_path / "tube.fcs", events, **(arguments | changes))  # type: ignore[arg-type]  # one table of changes
        return str(caught.value)

    assert said(EVENTS.astype("f8")) == "events are an (n, k) array of float32, got float64 (3, 2)"
    assert said(markers=("",)) == "2 columns, 2 channels and 1 markers"
    assert said(channels=("A", "A")) == "channel names must be distinct and not empty"
    assert said(keywords={"$tot": "3"}) == "the writer sets $tot itself"
    assert said(keywords={"NOTE": " "}) == "FCS has no empty values; leave out NOTE"
    assert not list(tmp_path.iterdir())
