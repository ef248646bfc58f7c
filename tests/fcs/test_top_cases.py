"""Cases 1 to 23 of the thirty that matter most, each as a test by its number.

The list is that of the reliability study (harm × likelihood). Cases 3 and 22 reach into gating
and pipeline; here stands what the reader owes them.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from carflow.errors import AnalysisError, FcsError
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.reader import read_fcs_all

BuildFcs = Callable[..., bytes]
ReadBytes = Callable[[bytes], Acquisition]

NAMES = ("FSC-A", "FL1-A", "Time")
MATRIX = "2,FSC-A,FL1-A,1,0.1,0,1"


def _codes(tube: Acquisition) -> set[str]:
    return {finding.code for finding in tube.findings}


@pytest.fixture
def read(build_fcs: BuildFcs, read_bytes: ReadBytes) -> Callable[..., Acquisition]:
    return lambda *rows, **changes: read_bytes(build_fcs(*rows, **changes))


@pytest.fixture
def code(read: Callable[..., Acquisition]) -> Callable[..., str]:
    """The code with which a file is refused."""

    def refused(*rows: object, **changes: object) -> str:
        with pytest.raises(FcsError) as caught:
            read(*rows, **changes)
        return caught.value.code

    return refused


Read = Callable[..., Acquisition]
Code = Callable[..., str]


def test_case_01_an_empty_marker_before_a_name_moves_no_name(read: Read) -> None:
    tube = read(keywords={"$P1S": "", "$P2S": "CD3"})

    assert (tube.channels, tube.markers) == (NAMES, ("", "CD3", ""))
    assert tube.column("CD3").tolist() == [10.0, 20.0, -30.0]
    assert "FCS-EMPTY-VALUES" in _codes(tube)


@pytest.mark.parametrize("tot", ["2", "4", "0", "-1", "1000000000", "3.0", "٣", ""])
def test_case_02_a_wrong_number_of_events_is_refused(code: Code, tot: str) -> None:
    assert code(keywords={"$TOT": tot}) in {
        "FCS-SIZES-DISAGREE", "FCS-KEYWORD", "FCS-KEYWORD-MISSING", "FCS-TEXT",
    }  # fmt: skip


def test_case_03_the_name_in_fil_identifies_nothing(read: Read) -> None:
    hashes = []
    for name in ("same.fcs", "same.fcs", " "):
        tube = read(keywords={"$FIL": name})
        assert tube.path.name == "tube.fcs"
        hashes.append((tube.sha256, tube.data_sha256))

    assert hashes[0] == hashes[1]
    assert hashes[0][0] != hashes[2][0]
    assert hashes[0][1] == hashes[2][1]  # the same events


def test_case_04_a_logarithmic_scale_on_floats_is_not_applied(read: Read) -> None:
    tube = read(keywords={"$P2E": "4,1"})

    assert tube.column("FL1-A").tolist() == [10.0, 20.0, -30.0]
    assert "FCS-LOG-ON-FLOAT" in _codes(tube)


def test_case_05_the_last_value_is_whole_without_final_delimiter(read: Read) -> None:
    tube = read(keywords={"LAST": "0.01"}, final_delimiter=False)

    assert tube.keywords["LAST"] == "0.01"
    assert "FCS-NO-FINAL-DELIMITER" in _codes(tube)


@pytest.mark.parametrize("by", [-24, -12, -8, -4, -1, 1, 4, 8, 12])
def test_case_06_bytes_added_to_text_or_moved_offsets_never_pass(
    build_fcs: BuildFcs, read_bytes: ReadBytes, by: int
) -> None:
    content = build_fcs(
        [(float(n), n * 10.0, n * 2.0) for n in range(30)],
        gap=b" " * 30,
        keywords={"NOTE": "n" * 60},
    )
    text_end = int(content[18:26])
    moved = (
        content[: text_end - 20] + b"x" * by + content[text_end - 20 :]
        if by > 0
        else content[: text_end - 20] + content[text_end - 20 - by :]
    )
    assert _refused_or_warned(read_bytes, moved)


def _refused_or_warned(read_bytes: ReadBytes, content: bytes) -> bool:
    try:
        tube = read_bytes(content)
    except FcsError as error:
        return error.code in {"FCS-SHIFTED", "FCS-TEXT", "FCS-TRUNCATED"}
    return any(str(finding.severity) == "warn" for finding in tube.findings)


def test_case_07_a_private_twin_is_not_the_standard_keyword(read: Read) -> None:
    tube = read(keywords={"TOT": "2", "P2N": "CD3", "PAR": "1"})

    assert (tube.n_events, tube.channels) == (3, NAMES)


def test_case_08_supplemental_text_is_read(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    supplement = b"/$P2S/CD3/"
    plain = build_fcs(keywords={"$BEGINSTEXT": "0000", "$ENDSTEXT": "0000"})
    begin = int(plain[18:26]) + 1
    content = build_fcs(
        keywords={"$BEGINSTEXT": f"{begin:04d}", "$ENDSTEXT": f"{begin + 9:04d}"}, gap=supplement
    )

    assert read_bytes(content).column("CD3").tolist() == [10.0, 20.0, -30.0]


def test_case_09_channel_names_are_complete_and_unambiguous(read: Read, code: Code) -> None:
    assert code(keywords={"$P2N": None}) == "FCS-KEYWORD-MISSING"
    assert code(keywords={"$P2N": " "}) == "FCS-KEYWORD-MISSING"
    assert code(keywords={"$P4N": "ghost"}) == "FCS-PARAMETER-COUNT"
    assert code(keywords={"$P0N": "ghost"}) == "FCS-PARAMETER-COUNT"
    assert code(extra_text="$P2N/other/") == "FCS-KEYWORD-CONFLICT"
    tube = read(keywords={"$P2N": "FSC-A"})
    assert "FCS-DUPLICATE-CHANNEL" in _codes(tube)
    with pytest.raises(AnalysisError, match="means several channels"):
        tube.column("FSC-A")


@pytest.mark.parametrize("top", ["0", "1"])
def test_case_10_a_range_of_0_or_1_empties_no_channel(read: Read, top: str) -> None:
    tube = read([(1, 200, 3), (4, 500, 6)], datatype="I", keywords={"$P2R": top})

    assert tube.column("FL1-A").tolist() == [200.0, 500.0]
    assert "FCS-NO-RANGE" in _codes(tube)


@pytest.mark.parametrize("order", ["3,4,1,2", "2,1,4,3", "4,1,2,3", "1,1", "", "little"])
def test_case_11_an_odd_byte_order_is_refused(code: Code, order: str) -> None:
    assert code(keywords={"$BYTEORD": order}) in {
        "FCS-BYTEORD", "FCS-KEYWORD-MISSING", "FCS-TEXT",
    }  # fmt: skip


def test_case_11_a_wrong_byte_order_shows_in_the_values(read: Read) -> None:
    rows = [(100.0 + n, 1_000.0 + 7 * n, float(n)) for n in range(200)]

    assert "FCS-VALUES-IMPLAUSIBLE" in _codes(read(rows, keywords={"$BYTEORD": "4,3,2,1"}))
    assert _codes(read(rows)) == set()


def test_case_12_kinds_and_widths_contradict_or_are_read(read: Read, code: Code) -> None:
    assert code(keywords={"$DATATYPE": "D"}) == "FCS-WIDTH"
    assert code([(1, 2, 3)], datatype="I", keywords={"$P1B": "10"}) == "FCS-WIDTH"
    wide = read(
        [(70_000, 2, 3)], datatype="I", bits=(24, 8, 32), keywords={"$P1R": "131072", "$P2R": "256"}
    )
    assert wide.column("FSC-A").tolist() == [70_000.0]


def test_case_12_kinds_may_be_mixed_in_fcs_32(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    record = np.dtype([("a", "<f4"), ("b", "<f8"), ("t", "<u2")])
    events = np.array([(1.5, -2.25, 3), (4.5, 1e300, 600)], record)
    kinds = {"$P2DATATYPE": "D", "$P2B": "64", "$P3DATATYPE": "I", "$P3B": "16", "$P3E": "0,0"}
    plain = build_fcs([(0, 0, 0)] * 2, version="3.2", keywords=kinds, tail=b"", end_shift=4)
    content = plain[: int(plain[26:34])] + events.tobytes()

    tube = read_bytes(content)

    assert tube.columns(NAMES).tolist() == [[1.5, 4.5], [-2.25, 1e300], [3.0, 600.0]]


@pytest.mark.parametrize("par", ["1", "2", "4", "6", "0", "99999999999"])
def test_case_13_a_wrong_number_of_channels_is_refused(code: Code, par: str) -> None:
    assert code(keywords={"$PAR": par}) in {"FCS-PARAMETER-COUNT", "FCS-KEYWORD-MISSING"}


def test_case_14_values_that_are_not_finite_are_kept_and_counted(read: Read) -> None:
    tube = read([(1.0, float("nan"), 0.0), (2.0, float("inf"), 1.0), (3.0, 3.0, 2.0)])

    assert np.isfinite(tube.column("FL1-A")).tolist() == [False, False, True]
    assert [f.message for f in tube.findings if f.code == "FCS-NOT-FINITE"] == [
        "of 3 events looked at, some have values not finite: FL1-A in 2"
    ]


@pytest.mark.parametrize(
    ("matrix", "usable", "found"),
    [
        ("2,FSC-A,FL1-A,1,1,1,1", False, "FCS-SPILLOVER-UNUSABLE"),
        ("2,FSC-A,FL1-A,1,nan,0,1", False, "FCS-SPILLOVER-UNUSABLE"),
        ("2,FSC-A,FL1-A,1,0.99999,0.99999,1", True, "FCS-SPILLOVER-CONDITION"),
        ("2,FSC-A,FL1-A,100,10,0,100", True, "FCS-SPILLOVER-PERCENT"),
        ("2,FSC-A,FL1-A,1,0,0,1", True, "FCS-SPILLOVER-IDENTITY"),
    ],
)
def test_case_15_a_bad_matrix_is_seen(read: Read, matrix: str, usable: bool, found: str) -> None:
    tube = read(keywords={"$SPILLOVER": matrix})

    assert (tube.spillover is not None, found in _codes(tube)) == (usable, True)
    if "100" in matrix and tube.spillover is not None:
        assert tube.spillover.matrix.tolist() == [[1.0, 0.1], [0.0, 1.0]]


def test_case_15_a_transposed_matrix_does_not_go_with_the_events(read: Read) -> None:
    chance = np.random.default_rng(3)
    dyes = chance.lognormal(3.0, 0.5, (3_000, 2))
    dyes[:1_000, 0] *= 100
    dyes[1_000:2_000, 1] *= 100
    cells = dyes @ np.array([[1.0, 0.5], [0.0, 1.0]])
    rows = [(*row, float(n)) for n, row in enumerate(cells)]

    right = read(rows, keywords={"$SPILLOVER": "2,FSC-A,FL1-A,1,0.5,0,1"})
    wrong = read(rows, keywords={"$SPILLOVER": "2,FSC-A,FL1-A,1,0,0.5,1"})

    assert "FCS-SPILLOVER-MISFIT" not in _codes(right)
    (misfit,) = (f for f in wrong.findings if f.code == "FCS-SPILLOVER-MISFIT")
    assert misfit.message == (
        "$SPILLOVER takes too much away from bright events: FL1-A into FSC-A; "
        "transposed it would fit"
    )


@pytest.mark.parametrize(
    "keywords",
    [
        {"$SPILLOVER": MATRIX, "SPILL": "2,FSC-A,FL1-A,1,0.2,0,1"},
        {"SPILL": "2,1,2,1,0.1,0,1"},
        {"SPILL": "2,FSC-A,FL1-A,1,000,0,100,0,000,1,000"},
        {"SPILL": "2;FSC-A;FL1-A;1;0,1;0;1"},
        {"$COMP": "3,1,0.1,0,0,1,0,0,0,1"},
    ],
)
def test_case_16_a_matrix_is_found_however_it_is_written(
    read: Read, keywords: dict[str, str]
) -> None:
    spillover = read(keywords=keywords).spillover

    assert spillover is not None
    assert spillover.matrix[:2, :2].tolist() == [[1.0, 0.1], [0.0, 1.0]]


def test_case_16_without_a_matrix_there_is_none(read: Read) -> None:
    assert read().spillover is None


def test_case_17_a_path_in_the_matrix_is_never_opened(read: Read, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("TOPSECRET,1", encoding="utf-8")

    tube = read(delimiter="|", keywords={"$SPILLOVER": str(secret)})

    assert tube.spillover is None
    assert "SECRET" not in "".join(finding.message for finding in tube.findings).upper()


@pytest.mark.parametrize("prefix", ["Comp-", "FJComp-"])
def test_case_18_compensated_values_are_never_compensated_again(read: Read, prefix: str) -> None:
    names = (f"{prefix}FITC-A", f"{prefix}PE-A", "Time")

    tube = read(names=names, keywords={"$SPILLOVER": "2,FITC-A,PE-A,1,0.1,0,1"})

    assert tube.already_compensated
    assert tube.spillover is None
    assert _codes(tube) == {"FCS-ALREADY-COMPENSATED"}
    assert not read().already_compensated


def test_case_19_every_data_set_is_a_tube_and_copies_are_marked(
    build_fcs: BuildFcs, tmp_path: Path
) -> None:
    path = tmp_path / "two.lmd"
    rows = [(n * 3 % 256, n * 7 % 256, n) for n in range(40)]
    second = build_fcs(
        [tuple(1024 * value + 5 for value in row) for row in rows],
        datatype="I",
        bits=(32, 32, 32),
        keywords={f"$P{n}R": "1048576" for n in (1, 2, 3)},
    )
    size = len(build_fcs(rows, datatype="I", version="2.0", keywords={"$NEXTDATA": "0000"}))
    first = build_fcs(rows, datatype="I", version="2.0", keywords={"$NEXTDATA": f"{size:04d}"})
    path.write_bytes(first + second)

    tubes = read_fcs_all(path)

    assert [tube.repeats_dataset for tube in tubes] == [None, 0]
    assert "FCS-MORE-DATASETS" in _codes(tubes[0])
    assert "FCS-SAME-EVENTS" in _codes(tubes[1])


def test_case_20_offsets_are_settled_by_sizes(read: Read, code: Code) -> None:
    assert "FCS-DATA-END" in _codes(read(end_shift=1))
    assert "FCS-OFFSETS-DISAGREE" in _codes(read(header_data=(200, 300)))
    assert _codes(read(header_data=(0, 0))) == set()
    assert code(end_shift=2) == "FCS-SIZES-DISAGREE"


def test_case_21_what_is_no_whole_fcs_file_is_refused(
    build_fcs: BuildFcs, read_bytes: ReadBytes
) -> None:
    whole = build_fcs([(float(n), n * 1.5, float(n)) for n in range(300)])
    said = []
    for content in (
        whole[:-40], b"\x1f\x8b" + whole, b"<html>" + whole, b"a,b\n1,2\n", b"\0" * 99,
        whole.replace(b"\0", b""),
    ):  # fmt: skip
        with pytest.raises(FcsError) as caught:
            read_bytes(content)
        said.append(caught.value.code)
    assert said == ["FCS-TRUNCATED", *["FCS-NOT-FCS"] * 4, "FCS-TRUNCATED"]


def test_case_21_a_file_mangled_as_text_is_seen(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    whole = build_fcs([(n % 256, 10, n) for n in range(300)], datatype="I")

    tube = read_bytes(whole.replace(b"\n", b"\r\n"))

    assert _codes(read_bytes(whole)) == set()
    assert {"FCS-BITS-ABOVE-RANGE", "FCS-TIME-ORDER"} < _codes(tube)


def test_case_22_no_events_are_a_valid_answer(read: Read) -> None:
    tube = read([])

    assert (tube.n_events, tube.columns(NAMES).shape) == (0, (3, 0))
    assert "FCS-NO-EVENTS" in _codes(tube)


def test_case_23_time_never_harms_a_percentage(read: Read) -> None:
    unreadable = read(keywords={"$TIMESTEP": "xxxxxxxxx"})
    assert unreadable.column("FL1-A").tolist() == [10.0, 20.0, -30.0]
    assert (unreadable.timestep_s, _codes(unreadable)) == (None, {"FCS-TIMESTEP"})

    none = read(names=("FSC-A", "FL1-A", "FL2-A"))
    assert none.column("FL1-A").tolist() == [10.0, 20.0, -30.0]
    assert (none.time_channel, _codes(none)) == (None, {"FCS-NO-TIME"})


def test_case_23_a_counter_that_wraps_is_continued(read: Read) -> None:
    ticks = [(n * 37) % 1024 for n in range(150)]

    tube = read([(1, 2, tick) for tick in ticks], datatype="I", keywords={"$TIMESTEP": "0.5"})

    assert tube.column("Time").tolist() == [n * 37 * 0.5 for n in range(150)]
    assert _codes(tube) == {"FCS-TIME-WRAPS"}
    assert np.concatenate(
        [chunk[0].copy() for chunk in tube.chunks(["Time"], events=7)]
    ).tolist() == [n * 37 * 0.5 for n in range(150)]


def test_case_23_shuffled_time_is_left_as_it_is(read: Read) -> None:
    times = np.random.default_rng(1).permutation(200).astype(float)

    tube = read([(1.0, 2.0, time) for time in times])

    assert tube.column("Time").tolist() == times.tolist()
    assert _codes(tube) == {"FCS-TIME-ORDER"}


def test_case_23_a_time_in_two_words_is_one(read: Read) -> None:
    tube = read(
        [(1, 65_535, 0), (2, 5, 1), (3, 9, 2)],
        datatype="I",
        names=("FL1-A", "TIME", "Time MSW"),
        keywords={"$P2R": "65536", "$TIMESTEP": "0.001"},
    )

    assert tube.column("TIME").tolist() == pytest.approx([65.535, 65.541, 131.081])
    assert tube.time_channel == "TIME"


@pytest.mark.parametrize(
    ("timestep", "known", "found"),
    [
        ("0.1", True, set()),
        ("0.01", True, {"FCS-TIME-SHORT"}),
        ("10", False, {"FCS-TIME-CONTRADICTS"}),
    ],
)
def test_case_23_a_unit_of_time_is_checked_against_the_clock(
    read: Read,
    timestep: str,
    known: bool,
    found: set[str],
) -> None:
    clock = {"$BTIM": "10:00:00", "$ETIM": "10:00:30", "$TIMESTEP": timestep}

    tube = read([(1.0, 2.0, float(n)) for n in range(300)], keywords=clock)

    assert (tube.timestep_s is not None, _codes(tube)) == (known, found)
