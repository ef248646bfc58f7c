import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from carflow.errors import ExitCode, OutputError, ResultError
from carflow.report import outputs
from carflow.report.files import safe_stem
from carflow.report.outputs import (
    read_result,
    write_outputs,
    write_pages,
    write_report,
)
from carflow.result.run import Result

PUBLIC = {
    "carflow.xlsx",
    "comparisons.csv",
    "failures.csv",
    "intervals.csv",
    "cut_shifts.csv",
    "cohort.csv",
    "population_peaks.csv",
    "figures/expansion-p01-2758a1c3.png",
    "figures/expansion-p01-2758a1c3.svg",
    "figures/gates-p01-2758a1c3.png",
    "figures/gates-p01-2758a1c3.svg",
    "figures/model-p01-2758a1c3.png",
    "figures/model-p01-2758a1c3.svg",
    "findings.csv",
    "gates.lock.json",
    "gates/car_t_blood.xml",
    "populations.csv",
    "quantities.csv",
    "report.html",
    "result.json",
    "run.json",
    "samples.csv",
    "subjects.csv",
}
PRIVATE = {"private/manifest.csv"}


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def written(model_result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outputs") / "new" / "out"
    write_outputs(model_result, folder)
    return folder


def test_every_file_is_written_and_no_draft_stays(written: Path) -> None:
    assert set(tree(written)) == PUBLIC | PRIVATE


def test_a_second_run_replaces_every_file_with_the_same_bytes(
    written: Path, model_result: Result
) -> None:
    before = tree(written)
    paths = write_outputs(model_result, written)

    assert tree(written) == before
    assert {path.relative_to(written).as_posix() for path in paths} == PUBLIC | PRIVATE


def test_tables_are_read_back(written: Path) -> None:
    with (written / "quantities.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))

    (peak,) = [row for row in rows if row["quantity"] == "car_pct_cd3" and row["day"] == "12.0"
               and row["sample_type"] == "patient"]  # fmt: skip
    assert (peak["value"], peak["n_numerator"], peak["n_denominator"]) == ("69.94", "6994", "10000")


def test_the_run_file_tells_the_verdict_and_the_hash_of_every_other_public_file(
    written: Path,
) -> None:
    run = json.loads((written / "run.json").read_text(encoding="utf-8"))

    assert (run["verdict"], run["exit_code"], run["tubes"], run["failed_tubes"]) == (
        "warn", 0, 9, 0,
    )  # fmt: skip
    assert set(run["outputs"]) == PUBLIC - {"run.json"}
    page = (written / "report.html").read_bytes()
    assert run["outputs"]["report.html"] == hashlib.sha256(page).hexdigest()


def test_file_names_stand_in_the_private_folder_only(written: Path) -> None:
    telling = {name for name, body in tree(written).items() if b"secret name" in body}

    assert telling == PRIVATE
    assert (written / "private").stat().st_mode & 0o777 == 0o700


def test_the_result_is_read_back_and_its_page_made_again(
    written: Path, model_result: Result, tmp_path: Path
) -> None:
    result = read_result(written)

    assert result == replace(model_result, manifest=())
    page = write_report(result, tmp_path / "report.html")
    assert page.read_bytes() == (written / "report.html").read_bytes()


def test_gates_are_listed_with_their_files(written: Path) -> None:
    lock = json.loads((written / "gates.lock.json").read_text(encoding="utf-8"))

    assert lock == {
        "format": "carflow-gates-lock-1",
        "gates": [
            {"name": "car_t_blood", "panel_id": "blood", "sample_id": "", "sha256": "b" * 64,
             "file": "gates/car_t_blood.xml"},
        ],
        "locks": [],
    }  # fmt: skip


def test_gates_of_odd_or_equal_names_get_files_of_their_own(
    model_result: Result, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(outputs, "write_pages", lambda *_: ())
    first = model_result.provenance.gates[0]
    names = ("../../evil", "Blood", "blood", "CON", "car_t_blood")
    gates = tuple(replace(first, name=name) for name in names)
    result = replace(model_result, provenance=replace(model_result.provenance, gates=gates))

    write_outputs(result, tmp_path / "out")

    files = sorted(path.name for path in (tmp_path / "out" / "gates").iterdir())
    assert len({name.casefold() for name in files}) == 5
    assert "car_t_blood.xml" in files
    assert not set(files) & {"CON.xml", "Blood.xml", "blood.xml"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_odd_subjects_get_files_of_their_own(
    odd_result: Result, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(outputs, "png_bytes", lambda _: b"")
    write_pages(odd_result, tmp_path)

    names = sorted(path.name for path in (tmp_path / "figures").glob("model-*.png"))
    assert names == [f"model-{safe_stem(name)}.png" for name in ("<b>$P1&</b>", "P03")]


def test_the_page_alone_is_written_into_a_new_folder(odd_result: Result, tmp_path: Path) -> None:
    path = write_report(odd_result, str(tmp_path / "new" / "report.html"))

    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_an_output_path_that_is_a_file_is_refused(model_result: Result, tmp_path: Path) -> None:
    taken = tmp_path / "out"
    taken.write_text("mine")
    with pytest.raises(OutputError) as caught:
        write_outputs(model_result, taken)

    assert str(caught.value) == (
        f"{taken}: its place is taken by a file (choose another output folder)"
    )
    assert caught.value.exit_code is ExitCode.OUTPUT
    assert taken.read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "cannot be read (name a folder that `carflow run` has written)"),
        ("{", "is not a carflow result (run `carflow run` again)"),
        ("{}", "is not a result of this version (expected schema carflow-result-1)"),
    ],
)
def test_a_folder_without_a_result_is_refused(
    tmp_path: Path, text: str | None, problem: str
) -> None:
    if text is not None:
        (tmp_path / "result.json").write_text(text)
    with pytest.raises(ResultError) as caught:
        read_result(tmp_path)

    assert str(caught.value) == f"{tmp_path / 'result.json'}: {problem}"
    assert caught.value.exit_code is ExitCode.UNUSABLE_INPUT
