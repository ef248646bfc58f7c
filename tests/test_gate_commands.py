"""``carflow gates``: found gates are frozen, shown, exported and applied from the shell."""

import json
import shutil
from pathlib import Path

import pytest

from carflow import cli
from carflow.errors import ExitCode
from carflow.gating.gatingml_reader import parse_gatingml


@pytest.fixture(scope="module")
def course(sample_fcs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tubes of the sample course: before the infusion, the peak, and its FMO."""
    folder = tmp_path_factory.mktemp("course")
    lines = (sample_fcs / "samples.csv").read_text(encoding="utf-8").splitlines()
    kept = [
        line for line in lines[1:] if line.split(",")[1] in {"P01-pre", "P01-d12", "P01-d12-FMO"}
    ]
    for line in kept:
        shutil.copy(sample_fcs / line.split(",")[0], folder)
    (folder / "samples.csv").write_text("\n".join([lines[0], *kept, ""]), encoding="utf-8")
    return folder


def fit(course: Path, lock: Path, *more: str) -> int:
    sheet = str(course / "samples.csv")
    return cli.main(
        ["gates", "fit", sheet, "--template", "car_t_blood_auto", "--lock", str(lock), *more]
    )


def test_gates_are_fitted_and_run_from_the_lock(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "batch.lock.json"

    assert fit(course, lock) == ExitCode.OK
    assert capsys.readouterr().err == f"28 of 28 gates found in 3 tubes: {lock}\n"
    sheet = str(course / "samples.csv")
    out = tmp_path / "out"
    assert cli.main(["run", sheet, "--gates", str(lock), "--out", str(out)]) == ExitCode.OK
    again = json.loads((out / "gates.lock.json").read_text(encoding="utf-8"))
    assert again["locks"] == json.loads(lock.read_text(encoding="utf-8"))["locks"]
    assert cli.main(["qc", sheet, "--gates", str(lock)]) == ExitCode.OK


def test_a_template_that_asks_for_nothing_is_frozen_as_drawn(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock, sheet = tmp_path / "drawn.json", str(course / "samples.csv")

    code = cli.main(["gates", "fit", sheet, "--template", "car_t_blood", "--lock", str(lock)])

    assert code == ExitCode.OK
    assert capsys.readouterr().err == (
        f"no gate of car_t_blood says how it is found (estimate): frozen as drawn: {lock}\n"
    )


def test_the_gates_of_one_sample_are_exported(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock, target = tmp_path / "batch.lock.json", tmp_path / "d12.xml"
    fit(course, lock)

    code = cli.main(["gates", "convert", str(lock), str(target), "--sample", "P01-d12"])

    assert code == ExitCode.OK
    assert "CD3+" in parse_gatingml(target.read_bytes()).short_names()
    capsys.readouterr()
    assert cli.main(["gates", "show", str(lock), "--sample", "P99"]) == ExitCode.UNUSABLE_INPUT
    assert capsys.readouterr().err == (
        f'carflow: {lock}: no sample "P99" in the lock (there are: P01-pre, P01-d12, P01-d12-FMO)\n'
    )


def test_a_template_that_was_not_fitted_says_so_when_converted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "drawn.xml"

    assert cli.main(["gates", "convert", "car_t_blood_auto", str(target)]) == ExitCode.OK
    assert capsys.readouterr().err == (
        "not fitted, written with the coordinates drawn in the template: beads, singlets, cells, "
        "live, CD45+, lymphocytes, CD3+, CAR+, CD4 stained, CD8 stained\n"
    )


def test_overrides_beside_the_lock_are_taken_in(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_hand = tmp_path / "overrides.toml"
    by_hand.write_text(
        '[[override]]\npopulation = "CAR+"\nlow = 700\nreason = "agreed with the laboratory"\n',
        encoding="utf-8",
    )
    lock = tmp_path / "batch.lock.json"

    assert fit(course, lock, "--overrides", str(by_hand)) == ExitCode.OK
    capsys.readouterr()
    cli.main(["qc", str(course / "samples.csv"), "--gates", str(lock)])

    assert (
        "INFO  batch  QC-GATE-OVERRIDE  CAR+ was set by hand, from 700: agreed with the "
        "laboratory.\n"
    ) in capsys.readouterr().out


def test_a_lock_of_another_kind_is_refused(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "gates.xml"

    assert fit(course, lock) == ExitCode.UNUSABLE_INPUT
    assert capsys.readouterr().err == (
        f"carflow: {lock}: gates are frozen as JSON (give a name that ends in .json)\n"
    )


def test_gates_that_are_frozen_are_not_fitted_again(
    course: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock, sheet = tmp_path / "batch.json", str(course / "samples.csv")
    fit(course, lock)
    capsys.readouterr()

    again = ["gates", "fit", sheet, "--template", str(lock), "--lock", str(tmp_path / "b.json")]

    assert cli.main(again) == ExitCode.UNUSABLE_INPUT
    assert capsys.readouterr().err == (
        "carflow: car_t_blood_auto: these gates are frozen already (apply the lock file with "
        "--gates; give the template to find the gates anew)\n"
    )
    assert not (tmp_path / "b.json").exists()


def test_a_lock_that_cannot_be_written_is_told_before_the_work(
    course: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def work(*_: object, **__: object) -> None:
        raise AssertionError("the gates were looked for")

    monkeypatch.setattr("carflow.gate_fit.fit_gates", work)
    lock = tmp_path / "none" / "batch.json"

    assert fit(course, lock) == ExitCode.OUTPUT
    assert capsys.readouterr().err == (
        f"carflow: {lock}: there is no folder to write it in (make the folder, or name another)\n"
    )
