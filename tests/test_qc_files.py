"""Process controls from FCS files to findings and a picture, through the command."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from carflow import simulate
from carflow.cli import main
from carflow.errors import ExitCode
from carflow.fcs.writer import write_fcs
from carflow.report.outputs import read_result

HEADER = "file,sample_id,subject_id,day,sample_type,control_lot\n"


def write_beads(path: Path, number: int, *, gain: float = 1.0) -> None:
    recipe = simulate.Recipe(
        identity=path.stem, counts={"bead": 1_600}, doublets=0, duration_s=20.0
    )
    events = simulate.simulate_tube(recipe)
    # a cytometer wavers by a percent from day to day
    waver = 1.0 + 0.01 * np.sin(7.0 * number + np.arange(7))
    events[:, 3:10] *= (gain * waver).astype(np.float32)
    write_fcs(
        path,
        events,
        channels=simulate.CHANNELS,
        markers=simulate.MARKERS,
        keywords={
            "$TIMESTEP": "0.01",
            "$CYT": "one",
            "$DATE": f"{number + 1:02}-MAR-2001",
            "$BTIM": "10:00:00.00",
            "$ETIM": "10:00:20.00",
        },
        ranges=[simulate.RANGE] * len(simulate.CHANNELS),
    )


def sheet(folder: Path, names: list[str], lot: str = "L1") -> str:
    rows = [f"{name}.fcs,{name},QC,0,bead-QC,{lot}" for name in names]
    path = folder / f"sheet{len(names)}{lot}.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def beads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty good runs, a good one and one with 8 % less light; a baseline of the twenty."""
    folder = tmp_path_factory.mktemp("beads")
    for number in range(20):
        write_beads(folder / f"q{number:02}.fcs", number)
    write_beads(folder / "sound.fcs", 21)
    write_beads(folder / "dim.fcs", 22, gain=0.92)
    twenty = sheet(folder, [f"q{number:02}" for number in range(20)])
    made = main(["qc", twenty, "--fail-on", "never", "--freeze-baseline", f"{folder}/base.json"])
    assert made == ExitCode.OK
    return folder


def charted(captured: str) -> dict[str, str]:
    return {
        one["sample_id"]: one["severity"]
        for one in json.loads(captured)["findings"]
        if one["code"] == "QC-CHART"
    }


def test_a_good_run_passes_and_a_dim_one_fails(
    beads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    later = sheet(beads, ["sound", "dim"])
    capsys.readouterr()
    code = main(["qc", later, "--baseline", f"{beads}/base.json", "--format", "json"])

    found = charted(capsys.readouterr().out)
    assert found == {"sound": "pass", "dim": "fail"}
    assert code == ExitCode.QC_FAIL


def test_a_new_lot_has_no_baseline(beads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    later = sheet(beads, ["sound", "dim"], lot="L2")
    capsys.readouterr()
    main(["qc", later, "--baseline", f"{beads}/base.json", "--format", "json"])

    assert set(charted(capsys.readouterr().out).values()) == {"info"}


def test_a_run_charts_its_process_controls_whatever_the_gates(
    beads: Path, sample_fcs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tubes = [f"P01_d{day}.fcs,d{day},P01,{day},patient," for day in ("07", "12")]
    for day in ("07", "12"):
        shutil.copy(sample_fcs / f"P01_d{day}.fcs", beads)
    controls = [f"{name}.fcs,{name},beads,12,bead-QC,L1" for name in ("sound", "dim")]
    path = beads / "both.csv"
    path.write_text(HEADER + "\n".join([*tubes, *controls]) + "\n", encoding="utf-8")
    out = beads / "out"
    options = ["--gates", "car_t_blood", "--out", str(out)]
    code = main(["run", str(path), *options, "--baseline", f"{beads}/base.json"])

    result = read_result(out)
    assert code == ExitCode.QC_FAIL
    assert {one.sample_id: str(one.severity) for one in result.all_findings
            if one.code == "QC-CHART"} == {"sound": "pass", "dim": "fail"}  # fmt: skip
    # beads are nobody's subject, need no gates, and bring no date into what is passed on
    assert [one.subject_id for one in result.subject_results] == ["P01"]
    assert [one.failure for one in result.tube_results] == [None] * 4
    assert "2001-03" not in (out / "result.json").read_text(encoding="utf-8")
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Control charts, every run against its frozen baseline: bead MFI" in page
    assert (out / "figures" / "controls.png").read_bytes().startswith(b"\x89PNG")

    capsys.readouterr()
    main(["run", str(path), *options])
    told = capsys.readouterr().err
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "process controls were not judged" not in told  # nobody need act on it
    assert "2 process controls were not judged: no baseline file was named" in page
    assert "Control charts" not in page


@pytest.mark.parametrize(("name", "start"), [("c.png", b"\x89PNG"), ("c.svg", b"<?xml")])
def test_charts_are_drawn(beads: Path, name: str, start: bytes) -> None:
    later = sheet(beads, ["sound", "dim"])
    main(["qc", later, "--baseline", f"{beads}/base.json", "--charts", str(beads / name)])

    assert (beads / name).read_bytes().startswith(start)


def test_charts_without_a_baseline_or_of_an_unknown_kind_are_a_usage_error(beads: Path) -> None:
    later = sheet(beads, ["sound", "dim"])

    assert main(["qc", later, "--charts", str(beads / "c.png")]) == ExitCode.USAGE
    base = ["--baseline", f"{beads}/base.json"]
    assert main(["qc", later, *base, "--charts", str(beads / "c.pdf")]) == ExitCode.USAGE


def test_a_baseline_file_that_is_none_is_named(
    beads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = sheet(beads, ["sound", "dim"])
    capsys.readouterr()

    assert main(["qc", other, "--baseline", other]) == ExitCode.UNUSABLE_INPUT
    assert capsys.readouterr().err.strip() == (
        f"carflow: {other}: is not a baseline file (make one with carflow qc SHEET "
        "--freeze-baseline FILE)"
    )


def test_too_few_runs_freeze_no_baseline(beads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = sheet(beads, ["sound", "dim"])
    capsys.readouterr()

    assert main(["qc", few, "--freeze-baseline", f"{beads}/few.json"]) == ExitCode.UNUSABLE_INPUT
    assert "found at most 2" in capsys.readouterr().err
    assert not (beads / "few.json").exists()


def test_a_lot_on_a_patients_tube_is_refused(
    beads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = beads / "patient.csv"
    path.write_text(HEADER + "sound.fcs,good,P1,7,patient,L1\n", encoding="utf-8")
    capsys.readouterr()

    assert main(["qc", str(path)]) == ExitCode.UNUSABLE_INPUT
    assert "a patient sample is no process control" in capsys.readouterr().err
