"""Whole files: read, read with findings, refused with a sentence."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from carflow.errors import FcsError
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.reader import read_fcs, read_fcs_all

BuildFcs = Callable[..., bytes]
ReadBytes = Callable[[bytes], Acquisition]


def _codes(tube: Acquisition) -> list[str]:
    return [finding.code for finding in tube.findings]


def _refusal(read_bytes: ReadBytes, content: bytes) -> FcsError:
    with pytest.raises(FcsError) as caught:
        read_bytes(content)
    assert caught.value.place.startswith("tube.fcs")
    return caught.value


@pytest.mark.parametrize("version", ["2.0", "3.0", "3.1", "3.2"])
@pytest.mark.parametrize(
    ("datatype", "byteord"),
    [("F", "1,2,3,4"), ("F", "4,3,2,1"), ("D", "1,2,3,4"), ("D", "4,3,2,1")],
)
def test_floating_point_files_are_read(
    build_fcs: BuildFcs, read_bytes: ReadBytes, version: str, datatype: str, byteord: str
) -> None:
    tube = read_bytes(build_fcs(version=version, datatype=datatype, byteord=byteord))

    assert (tube.version, tube.n_events, tube.findings) == (version, 3, ())
    assert tube.channels == ("FSC-A", "FL1-A", "Time")
    assert tube.column("FL1-A").tolist() == [10.0, 20.0, -30.0]


@pytest.mark.parametrize("byteord", ["1,2,3,4", "4,3,2,1", "1,2", "2,1"])
def test_mixed_integers_are_read_without_the_bits_above_their_range(
    build_fcs: BuildFcs, read_bytes: ReadBytes, byteord: str
) -> None:
    rows = [(255, 0xFFFF, 70_000), (1, 1024, 2**24 - 1)]
    content = build_fcs(
        rows,
        datatype="I",
        byteord=byteord,
        bits=(8, 16, 24),
        keywords={"$P1R": "256", "$P2R": "1024", "$P3R": str(2**24)},
    )

    tube = read_bytes(content)

    assert tube.column("FSC-A").tolist() == [255.0, 1.0]
    assert tube.column("FL1-A").tolist() == [1023.0, 0.0]
    assert tube.column("Time").tolist() == [70_000.0, 2.0**24 - 1]


def test_byte_order_of_the_file_does_not_change_an_answer(
    build_fcs: BuildFcs, read_bytes: ReadBytes
) -> None:
    little = read_bytes(build_fcs(byteord="1,2,3,4")).column("FL1-A")
    big = read_bytes(build_fcs(byteord="4,3,2,1")).column("FL1-A")

    assert little.tolist() == big.tolist()


def test_keywords_panel_and_hashes(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    content = build_fcs(keywords={"$p2s": "CD3", "$P2V": "450", "$CYT": "any"})

    tube = read_bytes(content)

    assert tube.markers == ("", "CD3", "")
    assert tube.voltages == ("", "450", "")
    assert (tube.keywords["$CYT"], tube.keywords["$P2S"]) == ("any", "CD3")
    assert tube.sha256 == hashlib.sha256(content).hexdigest()
    assert tube.data_sha256 == hashlib.sha256(content[-44:-8]).hexdigest()


def test_gain_scale_and_timestep_reach_values_and_ranges(
    build_fcs: BuildFcs, read_bytes: ReadBytes
) -> None:
    content = build_fcs(
        [(512, 4, 100)],
        datatype="I",
        keywords={"$P1E": "4,1", "$P2G": "2", "$TIMESTEP": "0.01"},
    )

    tube = read_bytes(content)

    assert [tube.column(name)[0] for name in tube.channels] == [100.0, 2.0, 1.0]
    assert tube.ranges == pytest.approx((10_000.0, 512.0, 10.24))
    assert (tube.timestep_s, tube.time_channel) == (0.01, "Time")


def test_no_events_is_a_valid_file(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    tube = read_bytes(build_fcs([]))

    assert (tube.n_events, _codes(tube)) == (0, ["FCS-NO-EVENTS"])
    assert tube.column("FL1-A").shape == (0,)
    assert list(tube.chunks(["FL1-A"])) == []


def test_offsets_in_text_only_are_enough(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    tube = read_bytes(build_fcs(header_data=(0, 0)))

    assert (tube.column("FL1-A").tolist(), tube.findings) == ([10.0, 20.0, -30.0], ())


def test_an_end_one_byte_too_far_is_read(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    tube = read_bytes(build_fcs(end_shift=1, tail=b""))

    assert (tube.column("FL1-A").tolist(), _codes(tube)) == ([10.0, 20.0, -30.0], ["FCS-DATA-END"])


def test_missing_final_delimiter_keeps_the_last_value_whole(
    build_fcs: BuildFcs, read_bytes: ReadBytes
) -> None:
    tube = read_bytes(build_fcs(final_delimiter=False, keywords={"$TIMESTEP": "0.01"}))

    assert tube.timestep_s == 0.01
    assert [str(finding) for finding in tube.findings] == [
        (
            "info FCS-NO-FINAL-DELIMITER: TEXT does not end in its delimiter; "
            "the last value was kept whole"
        )
    ]


def test_a_wrong_tot_is_refused(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    error = _refusal(read_bytes, build_fcs(keywords={"$TOT": "4"}))

    assert error.code == "FCS-SIZES-DISAGREE"
    assert str(error) == (
        "tube.fcs: $TOT says 4 events of 12 bytes, 48 bytes together, but DATA is stated to have "
        "36 bytes (the file was edited or badly exported; export the tube again)"
    )


def test_every_truncation_is_refused(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    content = build_fcs(tail=b"")
    for size in range(len(content)):
        error = _refusal(read_bytes, content[:size])
        assert error.code in {
            "FCS-EMPTY-FILE",
            "FCS-NOT-FCS",
            "FCS-HEADER",
            "FCS-VERSION",
            "FCS-TRUNCATED",
        }
    assert _refusal(read_bytes, content[:-1]).problem == (
        "the file ends before its events do: 1 bytes are missing"
    )


def test_a_broken_matrix_never_costs_the_file(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    tube = read_bytes(build_fcs(keywords={"$SPILLOVER": "2,FSC-A,nobody,1,0,0,1"}))

    assert tube.spillover is None
    assert [str(finding) for finding in tube.findings] == [
        (
            "fail FCS-SPILLOVER-UNUSABLE: the spillover matrix in $SPILLOVER cannot be used: "
            "1 of its 2 channels are not in the tube "
            "(export the tube with its matrix again, or choose compensation without it)"
        )
    ]


def test_the_matrix_of_the_file_is_read(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    tube = read_bytes(build_fcs(keywords={"SPILL": "2,FL1-A,FSC-A,1,0.1,0,1"}))

    assert tube.spillover is not None
    assert tube.spillover.channels == ("FL1-A", "FSC-A")


def _with_supplement(build_fcs: BuildFcs, supplement: bytes) -> bytes:
    """Put a supplemental TEXT behind the events."""
    length = len(build_fcs(tail=b"", keywords={"$BEGINSTEXT": "0" * 8, "$ENDSTEXT": "0" * 8}))
    offsets = {"$BEGINSTEXT": f"{length:08d}", "$ENDSTEXT": f"{length + len(supplement) - 1:08d}"}
    content: bytes = build_fcs(tail=supplement, keywords=offsets)
    return content


def test_supplemental_text_is_read(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    tube = read_bytes(_with_supplement(build_fcs, b"/$P2S/CD3/$P2G/2/"))

    assert tube.markers == ("", "CD3", "")
    assert tube.column("CD3").tolist() == [5.0, 10.0, -15.0]


def test_supplemental_text_must_not_contradict(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    error = _refusal(read_bytes, _with_supplement(build_fcs, b"/$P2N/FL9-A/"))

    assert error.code == "FCS-KEYWORD-CONFLICT"
    assert error.problem == "the keyword $P2N stands twice with different values"


def test_a_supplemental_text_that_is_not_there_is_reported(
    build_fcs: BuildFcs, read_bytes: ReadBytes
) -> None:
    tube = read_bytes(build_fcs(keywords={"$BEGINSTEXT": "90000", "$ENDSTEXT": "90100"}))

    assert _codes(tube) == ["FCS-SUPPLEMENTAL-TEXT"]


def test_several_data_sets_are_read_one_by_one(build_fcs: BuildFcs, tmp_path: Path) -> None:
    second = build_fcs([(7.0, 8.0, 9.0)])
    first = build_fcs(keywords={"$NEXTDATA": f"{len(build_fcs()) + 7:08d}"})
    path = tmp_path / "two.lmd"
    path.write_bytes(first + second)

    tubes = read_fcs_all(path)

    assert [(tube.dataset, tube.n_events) for tube in tubes] == [(0, 3), (1, 1)]
    assert _codes(tubes[0]) == ["FCS-MORE-DATASETS"]
    assert tubes[1].column("FL1-A").tolist() == [8.0]
    assert read_fcs(path, 1).column("FL1-A").tolist() == [8.0]
    assert tubes[0].sha256 == tubes[1].sha256
    assert tubes[1].data_sha256 == hashlib.sha256(np.array([7, 8, 9], "<f4").tobytes()).hexdigest()
    with pytest.raises(FcsError) as caught:
        read_fcs(path, 2)
    assert str(caught.value) == (
        "two.lmd: the file holds 2 data sets; number 2 was asked for, counted from 0 "
        "(check the column dataset of the sheet)"
    )
    with pytest.raises(ValueError, match=r"^data sets are counted from 0, got -1$"):
        read_fcs(path, -1)


def test_a_broken_second_data_set_is_named(build_fcs: BuildFcs, tmp_path: Path) -> None:
    first = build_fcs(keywords={"$NEXTDATA": f"{len(build_fcs()) + 7:08d}"})
    path = tmp_path / "two.lmd"
    path.write_bytes(first + build_fcs(keywords={"$MODE": "C"}))

    with pytest.raises(FcsError) as caught:
        read_fcs_all(path)

    assert caught.value.place == "two.lmd: data set 1"
    assert read_fcs(path).n_events == 3


@pytest.mark.parametrize("offset", ["99999", "20", "-5", "x", "480"])
def test_a_nextdata_that_points_to_nothing_ends_the_file(
    build_fcs: BuildFcs, read_bytes: ReadBytes, offset: str
) -> None:
    tube = read_bytes(build_fcs(keywords={"$NEXTDATA": offset}))

    assert _codes(tube) == ["FCS-NEXTDATA-EMPTY"]


def test_text_outside_the_file_is_refused(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    content = build_fcs()

    nowhere = _refusal(read_bytes, content[:10] + b"       0       0" + content[26:])
    beyond = _refusal(read_bytes, content[:18] + b"99999999" + content[26:])

    assert nowhere.problem == "the HEADER gives no place for the keywords (TEXT)"
    assert beyond.problem == (
        f"the file ends inside its keywords: {100_000_000 - len(content)} bytes of TEXT are missing"
    )
