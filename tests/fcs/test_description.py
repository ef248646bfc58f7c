"""One screen about a file: what it shows, and what it never shows."""

import json
from collections.abc import Callable

from carflow.fcs.acquisition import Acquisition
from carflow.fcs.description import describe, description_text

BuildFcs = Callable[..., bytes]
ReadBytes = Callable[[bytes], Acquisition]

KEYWORDS = {
    "$P2S": "CD3", "$P2V": "450", "$P2G": "2", "$SPILLOVER": "2,FSC-A,FL1-A,1,0.25,0,1",
    "$VOL": "33008", "$BTIM": "10:00:00", "$ETIM": "10:02:30", "$TIMESTEP": "10",
    "$OP": "somebody", "$SRC": "patient 7",
}  # fmt: skip
ROWS = [(float(n), n * 10.0, float(n)) for n in range(12)]


def test_the_screen_in_full(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    tube = read_bytes(build_fcs(ROWS, keywords=KEYWORDS))

    assert (
        description_text(tube, unicode=True)
        == f"""\
FCS 3.1, data set 0
12 events, 3 channels
time: Time in ticks of 10 s; duration: 150 s
acquired volume: 33.008 µL (written in nL), 13.2 µL/min
sha256: {tube.sha256}

  channel  marker  stored as  to     voltage  gain
  FSC-A    -       float 32   1024   -        1
  FL1-A    CD3     float 32   512    450      2
  Time     -       float 32   10240  -        1

spillover matrix: 2 channels, in percent ($SPILLOVER)
            1     2
  FSC-A  100█ 25.0▓  1
  FL1-A    .   100█  2

info FCS-GAIN: values were divided by the gain $PnG: FL1-A by 2"""
    )


def test_no_shade_is_drawn_where_it_cannot_be_shown(
    build_fcs: BuildFcs, read_bytes: ReadBytes
) -> None:
    tube = read_bytes(build_fcs(ROWS, keywords=KEYWORDS))

    assert "█" not in description_text(tube, unicode=False)
    assert "  FSC-A   100  25.0  1" in description_text(tube, unicode=False)


def test_free_text_of_the_file_is_never_shown(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    tube = read_bytes(build_fcs(ROWS, keywords=KEYWORDS))
    shown = description_text(tube) + json.dumps(describe(tube))

    assert "somebody" not in shown
    assert "patient" not in shown


def test_the_values_go_into_json(build_fcs: BuildFcs, read_bytes: ReadBytes) -> None:
    said = json.loads(json.dumps(describe(read_bytes(build_fcs(ROWS, keywords=KEYWORDS)))))

    assert said["matrix"] == [[1.0, 0.25], [0.0, 1.0]]
    assert (said["volume_ul"], said["volume_unit"], said["timestep_s"]) == (33.008, "nL", 10.0)
    assert said["channels"][1] == {
        "channel": "FL1-A", "marker": "CD3", "range": 512.0, "voltage": "450", "gain": 2.0,
        "decades": 0.0, "bits": 32, "datatype": "F",
    }  # fmt: skip


def test_a_wide_matrix_is_told_by_its_largest_values(
    build_fcs: BuildFcs, read_bytes: ReadBytes
) -> None:
    names = [f"FL{number}-A" for number in range(1, 31)]
    matrix = [["1" if row == column else "0" for column in range(30)] for row in range(30)]
    matrix[3][4] = "0.5"
    text = ",".join(["30", *names, *(value for row in matrix for value in row)])

    tube = read_bytes(build_fcs([[1.0] * 30], names=names, keywords={"$SPILLOVER": text}))

    assert "  FL4-A into FL5-A: 50.0" in description_text(tube)
