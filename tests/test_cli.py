"""The command as a laboratory meets it: sentences on stderr, data on stdout, exit codes."""

import csv
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from carflow import cli
from carflow.errors import ExitCode
from carflow.kinetics import population_fit

HEADER = "file,sample_id,subject_id,day,sample_type\n"
OUTPUTS = {
    "quantities.csv", "samples.csv", "populations.csv", "subjects.csv", "findings.csv",
    "comparisons.csv", "failures.csv", "cut_shifts.csv", "cohort.csv", "population_peaks.csv",
    "intervals.csv",
    "gates.lock.json", "report.html", "carflow.xlsx", "run.json", "result.json",
}  # fmt: skip

Run = Callable[..., int]


@pytest.fixture
def gates(gates_folder: Path) -> str:
    return str(gates_folder / "car_t_blood.toml")


@pytest.fixture
def two_tubes(tmp_path: Path, write_tube: Callable[..., Path]) -> Path:
    """A folder with two good tubes and a sheet."""
    write_tube(tmp_path / "a.fcs", identity="a", car=300)
    write_tube(tmp_path / "b.fcs", identity="b", car=600)
    (tmp_path / "samples.csv").write_text(
        HEADER + "a.fcs,A,P1,7,patient\nb.fcs,B,P1,12,patient\n", encoding="utf-8"
    )
    return tmp_path


def sheet_of(folder: Path, text: str) -> Path:
    path = folder / "samples.csv"
    path.write_text(text, encoding="utf-8")
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def run(folder: Path, gates: str) -> int:
    return cli.main(
        ["run", str(folder / "samples.csv"), "--gates", gates, "--out", str(folder / "out")]
    )


def test_a_wrong_sheet_names_every_bad_cell_at_once(
    two_tubes: Path, gates: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = sheet_of(two_tubes, HEADER + "a.fcs,A,P1,D7,patient\nb.fcs,,P1,12,patent\n")

    assert run(two_tubes, gates) == ExitCode.UNUSABLE_INPUT
    said = capsys.readouterr().err
    assert said.startswith(f"carflow: {sheet.name}: 3 problems\n")
    assert 'row 2: day: "D7" is not a number' in said
    assert "row 3: sample_id:" in said
    assert 'row 3: sample_type: "patent"' in said
    assert not (two_tubes / "out").exists()


def test_a_file_named_twice_is_refused_with_both_rows(
    two_tubes: Path, gates: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet_of(two_tubes, HEADER + "a.fcs,A,P1,7,patient\na.fcs,B,P1,12,patient\n")

    assert run(two_tubes, gates) == ExitCode.UNUSABLE_INPUT
    said = capsys.readouterr().err
    assert "row 3" in said
    assert "row 2" in said


def test_a_copy_of_a_file_under_another_name_fails_the_checks(
    two_tubes: Path, gates: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile(two_tubes / "a.fcs", two_tubes / "b.fcs")

    assert run(two_tubes, gates) == ExitCode.QC_FAIL
    assert "fail QC-DUPLICATE" in capsys.readouterr().err


def test_one_truncated_file_keeps_its_row_and_the_other_finishes(
    two_tubes: Path, gates: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (two_tubes / "b.fcs").read_bytes()
    # 8 of them are the checksum after the events
    (two_tubes / "b.fcs").write_bytes(whole[:-5008])

    assert run(two_tubes, gates) == ExitCode.SOME_TUBES_FAILED
    said = capsys.readouterr().err
    assert re.search(r"sample B has no result: b\.fcs: .*5000 bytes", said), said
    rows = table(two_tubes / "out/quantities.csv")
    of_b = [row for row in rows if row["sample_id"] == "B"]
    assert {row["reason"] for row in of_b if row["quantity"] == "car_pct_cd3"} == {"TUBE_FAILED"}
    assert any(row["value"] for row in rows if row["sample_id"] == "A")
    failures = table(two_tubes / "out/failures.csv")
    assert [(row["sample_id"], row["code"]) for row in failures] == [("B", "FCS-TRUNCATED")]
    assert "b.fcs" not in (two_tubes / "out/failures.csv").read_text(encoding="utf-8")


def test_an_empty_file_is_a_failed_tube(
    two_tubes: Path, gates: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (two_tubes / "b.fcs").write_bytes(b"")

    assert run(two_tubes, gates) == ExitCode.SOME_TUBES_FAILED
    assert "sample B has no result: b.fcs: the file is empty" in capsys.readouterr().err


def test_a_tube_without_events_is_a_result_and_not_a_failure(two_tubes: Path, gates: str) -> None:
    import numpy as np

    from carflow import simulate
    from carflow.fcs.writer import write_fcs

    write_fcs(
        two_tubes / "b.fcs",
        np.empty((0, len(simulate.CHANNELS)), dtype=np.float32),
        channels=simulate.CHANNELS,
        markers=simulate.MARKERS,
        keywords={"$SPILLOVER": simulate.spillover_keyword(), "$TIMESTEP": "0.01"},
        ranges=[simulate.RANGE] * len(simulate.CHANNELS),
    )

    # no event at all fails the check of event counts, but costs nothing else
    assert run(two_tubes, gates) == ExitCode.QC_FAIL
    rows = table(two_tubes / "out/quantities.csv")
    empty = next(r for r in rows if r["sample_id"] == "B" and r["quantity"] == "car_pct_cd3")
    assert (empty["value"], empty["state"], empty["reason"]) == ("", "NE", "ZERO_EVENTS")


def test_a_missing_marker_says_what_is_there(
    two_tubes: Path, gates: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = two_tubes / "other.toml"
    other.write_text(
        Path(gates)
        .read_text(encoding="utf-8")
        .replace('"CAR"', '"EGFRt"')
        .replace("CAR =", "EGFRt ="),
        encoding="utf-8",
    )

    assert run(two_tubes, str(other)) == ExitCode.UNUSABLE_INPUT
    said = capsys.readouterr().err
    assert "EGFRt" in said
    assert "CD45" in said


def test_a_file_that_is_not_there_fails_its_tube_only(
    two_tubes: Path, gates: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (two_tubes / "b.fcs").unlink()

    assert run(two_tubes, gates) == ExitCode.SOME_TUBES_FAILED
    assert "there is no such file" in capsys.readouterr().err


def test_an_unknown_template_lists_those_that_there_are(
    two_tubes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(two_tubes, "car_t_bloood") == ExitCode.UNUSABLE_INPUT
    assert "car_t_blood" in capsys.readouterr().err.replace("car_t_bloood", "")


def test_an_output_folder_that_is_a_file_ends_in_6_and_leaves_it_alone(
    two_tubes: Path, gates: str
) -> None:
    taken = two_tubes / "out"
    taken.write_text("mine", encoding="utf-8")

    assert run(two_tubes, gates) == ExitCode.OUTPUT
    assert taken.read_text(encoding="utf-8") == "mine"


def test_usage_errors_end_in_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run"]) == ExitCode.USAGE
    assert cli.main(["dance"]) == ExitCode.USAGE
    capsys.readouterr()


def test_a_bug_of_ours_ends_in_1_with_its_traceback() -> None:
    program = (
        "import sys, carflow.fcs.reader as reader\n"
        "def broken(path): raise RuntimeError('ours')\n"
        "reader.read_fcs_all = broken\n"
        "from carflow.cli import main\n"
        "sys.exit(main(['inspect', 'x.fcs']))\n"
    )
    ran = subprocess.run(  # noqa: S603  # our own program, in our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert ran.returncode == ExitCode.BUG
    assert "RuntimeError: ours" in ran.stderr


def test_the_sample_course_ends_in_0_and_writes_every_file(
    sample_fcs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"

    code = cli.main(
        ["run", str(sample_fcs / "samples.csv"), "--gates", "car_t_blood", "--out", str(out)]
    )

    said = capsys.readouterr()
    assert code == ExitCode.OK, said.err
    assert said.out == ""
    assert {path.name for path in out.iterdir() if path.is_file()} == OUTPUTS
    assert (out / "private" / "manifest.csv").exists()
    assert list((out / "gates").glob("*.xml"))
    assert {path.suffix for path in (out / "figures").iterdir()} == {".png", ".svg"}
    assert "The highest measured value was 69.88 % of CD3+ on day 12." in said.err
    provenance = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert provenance["exit_code"] == 0


def test_nothing_that_may_be_passed_on_carries_text_of_a_file(
    tmp_path: Path,
    gates: str,
    write_tube: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    canaries = {"SRC": "CANARY1", "OP": "CANARY2", "COM": "CANARY3", "FIL": "CANARY4.fcs"}
    write_tube(tmp_path / "CANARY5.fcs", DATE="17-NOV-1987", **canaries)
    (tmp_path / "CANARY6.fcs").write_bytes((tmp_path / "CANARY5.fcs").read_bytes()[:-9])
    sheet_of(tmp_path, HEADER + "CANARY5.fcs,A,P1,7,patient\nCANARY6.fcs,B,P1,9,patient\n")

    assert run(tmp_path, gates) == ExitCode.SOME_TUBES_FAILED
    capsys.readouterr()
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    public = [path for path in written if path.parent.name != "private"]
    for path in public:
        body = path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                body = b"".join(book.read(name) for name in book.namelist())
        assert b"CANARY" not in body, path.name
        assert not re.search(rb"NOV-1987|1987-11", body), path.name
    assert len(public) >= len(OUTPUTS)
    assert b"CANARY5.fcs" in (tmp_path / "out/private/manifest.csv").read_bytes()


def test_two_runs_write_the_same_bytes(two_tubes: Path, gates: str) -> None:
    def written(name: str) -> dict[str, bytes]:
        out = two_tubes / name
        cli.main(
            [
                "run",
                str(two_tubes / "samples.csv"),
                "--gates",
                gates,
                "--out",
                str(out),
                "--jobs",
                "2",
            ]
        )
        return {
            str(path.relative_to(out)): path.read_bytes()
            for path in sorted(out.rglob("*"))
            if path.is_file()
        }

    first, second = written("one"), written("two")

    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_the_report_can_be_made_again_without_the_tubes(two_tubes: Path, gates: str) -> None:
    run(two_tubes, gates)
    page = two_tubes / "out" / "report.html"
    before = page.read_bytes()
    page.unlink()
    (two_tubes / "a.fcs").unlink()

    assert cli.main(["report", str(two_tubes / "out")]) == ExitCode.OK
    assert page.read_bytes() == before


def test_qc_prints_findings_and_ends_in_5_when_a_check_fails(
    two_tubes: Path, gates: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile(two_tubes / "a.fcs", two_tubes / "b.fcs")
    arguments = ["qc", str(two_tubes / "samples.csv"), "--gates", gates, "--format", "json"]

    assert cli.main(arguments) == ExitCode.QC_FAIL
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "fail"


def test_a_script_says_from_when_qc_stops_it(
    two_tubes: Path, gates: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile(two_tubes / "a.fcs", two_tubes / "b.fcs")
    check = ["qc", str(two_tubes / "samples.csv"), "--gates", gates]

    assert cli.main([*check, "--fail-on", "never"]) == ExitCode.OK
    assert cli.main([*check, "--fail-on", "fail"]) == ExitCode.QC_FAIL
    assert cli.main([*check, "--strict"]) == ExitCode.QC_FAIL
    capsys.readouterr()


def test_a_waiver_marks_its_finding_and_leaves_it_visible(
    two_tubes: Path, gates: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile(two_tubes / "a.fcs", two_tubes / "b.fcs")
    waivers = two_tubes / "waivers.toml"
    entry = (
        '[[waiver]]\ncheck = "{}"\nsample_id = "{}"\nwho = "QA"\n'
        'reason = "one tube, twice on purpose"\n'
    )
    pairs = itertools.product(("QC-DUPLICATE", "QC-EVENTS"), ("A", "B"))
    waivers.write_text("".join(entry.format(*pair) for pair in pairs), encoding="utf-8")
    check = ["qc", str(two_tubes / "samples.csv"), "--gates", gates, "--waivers", str(waivers)]

    assert cli.main([*check, "--fail-on", "fail"]) == ExitCode.OK
    said = capsys.readouterr().out
    assert "QC-DUPLICATE" in said
    assert "one tube, twice on purpose" in said
    assert cli.main([*check[:-1], str(two_tubes / "absent.toml")]) == ExitCode.UNUSABLE_INPUT


def test_qc_writes_what_multiqc_reads(
    two_tubes: Path, gates: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = two_tubes / "multiqc"
    cli.main(["qc", str(two_tubes / "samples.csv"), "--gates", gates, "--multiqc", str(folder)])
    capsys.readouterr()

    names = sorted(path.name for path in folder.iterdir())
    assert names == ["carflow_qc_general_mqc.json", "carflow_qc_status_mqc.json"]
    assert "A" in json.loads((folder / names[0]).read_text(encoding="utf-8"))["data"]


def test_qc_takes_a_pattern_where_the_shell_does_not(
    two_tubes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["qc", str(two_tubes / "*.fcs")])
    assert "QC-EVENTS" in capsys.readouterr().out
    assert cli.main(["qc", str(two_tubes / "*.lmd")]) == ExitCode.UNUSABLE_INPUT
    assert capsys.readouterr().err.endswith(
        "*.lmd: no file matches this pattern (check the folder)\n"
    )


def test_qc_takes_bare_files_without_gates(
    two_tubes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(["qc", str(two_tubes / "a.fcs"), str(two_tubes / "b.fcs")])

    assert code in {ExitCode.OK, ExitCode.QC_FAIL}
    assert "QC-" in capsys.readouterr().out


def test_peak_reads_a_table_from_standard_input() -> None:
    table = "day,value\n1,4.26\n4,12.33\n7,45.31\n12,69.94\n14,24.33\n"
    ran = subprocess.run(
        [sys.executable, "-m", "carflow", "peak", "-", "--json"],
        input=table, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])},
    )  # fmt: skip
    answer = json.loads(ran.stdout)[0]

    assert answer["day"] == 12.0
    assert (answer["previous_day"], answer["next_day"]) == (7.0, 14.0)


def test_peak_says_in_words_what_a_table_allows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = tmp_path / "values.csv"
    values.write_text(
        "subject_id,day,value\nP1,1,4.26\nP1,7,45.31\nP1,12,69.94\nP1,14,24.33\n",
        encoding="utf-8",
    )

    assert cli.main(["peak", str(values)]) == ExitCode.OK
    assert capsys.readouterr().out == (
        "P1: The highest measured value was 69.94 on day 12. If the curve has one peak and "
        "measurement error has not reordered the days, the true peak lies between day 7 and "
        "day 14 (a bracket set by the sampling days, not a 95 % interval).\n"
    )


def test_peak_of_several_subjects_adds_the_cohort(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = tmp_path / "values.csv"
    course = ((1, 4.26), (4, 12.33), (7, 45.31), (12, 69.94), (14, 24.33))
    rows = [f"P{n},{day + n},{value}" for n in range(3) for day, value in course]
    values.write_text("\n".join(("subject_id,day,value", *rows, "")), encoding="utf-8")

    assert cli.main(["peak", str(values)]) == ExitCode.OK
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 4
    assert said[-1].startswith("Cohort: 3 of 3 patients have an observed peak.")


def test_peak_by_a_column_tells_each_group(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "A,7,20,x\nA,12,60,x\nA,14,30,x\nB,7,50,y\nB,12,40,y\nB,14,9,y\n"
    values = tmp_path / "values.csv"
    values.write_text("subject_id,day,value,arm\n" + rows, encoding="utf-8")

    assert cli.main(["peak", str(values), "--by", "arm"]) == ExitCode.OK
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in said] == [
        "A", "B", "Cohort", "Cohort, arm x", "Cohort, arm y",
    ]  # fmt: skip
    assert "Cmax: geometric mean 54.8" in said[2]
    assert said[2].endswith("AUC day 0–28: the samples do not cover the whole window.")

    assert cli.main(["peak", str(values), "--by", "arm", "--json"]) == ExitCode.OK
    assert [one["group"] for one in json.loads(capsys.readouterr().out)] == ["x", "y"]


def test_peak_with_a_population_of_too_few_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = tmp_path / "values.csv"
    values.write_text("subject_id,day,value\nA,7,20\nA,12,60\nB,7,50\nB,12,40\n", encoding="utf-8")

    assert cli.main(["peak", str(values), "--population"]) == ExitCode.OK
    assert capsys.readouterr().out.splitlines()[-1] == (
        "All patients: No population model is shown: fewer than six patients with two"
        " quantified values: no population to learn from."
    )


def test_a_population_without_its_extra_is_refused_before_any_tube_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(population_fit, "find_spec", lambda _: None)
    arguments = ["run", str(tmp_path / "gone.csv"), "--gates", "car_t_blood", "--out", "x"]

    assert cli.main([*arguments, "--population"]) == ExitCode.UNUSABLE_INPUT
    assert capsys.readouterr().err == (
        "carflow: the population model needs NumPyro, which is not installed (install the extra:"
        ' pip install "carflow[bayes]")\n'
    )


def test_peak_of_a_patient_still_followed_says_how_sure_it_is_that_it_has_passed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = tmp_path / "values.csv"
    values.write_text("day,value\n1,10\n4,100\n7,900\n9,1000\n12,300\n", encoding="utf-8")

    assert cli.main(["peak", str(values), "--today", "12"]) == ExitCode.OK
    assert "passed" in capsys.readouterr().out


def test_inspect_shows_no_free_text_of_the_file(
    tmp_path: Path, write_tube: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    tube = write_tube(tmp_path / "tube.fcs", SRC="CANARY-NAME", OP="CANARY-OPERATOR")

    assert cli.main(["inspect", str(tube)]) == ExitCode.OK
    assert cli.main(["inspect", str(tube), "--json"]) == ExitCode.OK
    said = capsys.readouterr().out
    assert "CANARY" not in said
    assert "2001" not in said
    assert "CD3" in said


def test_gates_are_shown_as_a_tree_and_converted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["gates", "show", "car_t_blood"]) == ExitCode.OK
    assert "CAR+" in capsys.readouterr().out
    assert cli.main(["gates", "convert", "car_t_blood", str(tmp_path / "g.xml")]) == ExitCode.OK
    assert (tmp_path / "g.xml").read_text(encoding="utf-8").startswith("<?xml")
    assert cli.main(["gates", "convert", "car_t_blood", str(tmp_path / "g.wsp")]) == 3
    assert not (tmp_path / "g.wsp").exists()


def test_a_drafted_sheet_marks_its_guesses(
    two_tubes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (two_tubes / "a.fcs").rename(two_tubes / "P1_day07.fcs")
    (two_tubes / "samples.csv").unlink()

    assert cli.main(["sheet", "init", str(two_tubes)]) == ExitCode.OK
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    drafted = {row["file"]: row for row in rows}
    assert drafted["P1_day07.fcs"]["day"] == "7"
    assert "day" in drafted["P1_day07.fcs"]["guessed"]
    assert drafted["b.fcs"]["day"] == ""


def test_simulate_writes_the_course(tmp_path: Path) -> None:
    assert cli.main(["simulate", str(tmp_path / "course")]) == ExitCode.OK
    assert (tmp_path / "course" / "samples.csv").exists()


def test_nca_prints_the_parameters_of_each_curve(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t.csv").write_text(
        "subject_id,day,value\nP1,1,4.26\nP1,4,12.33\nP1,7,45.31\nP1,12,69.94\nP1,14,24.33\n"
        "P2,1,BLQ\nP2,7,8\nP2,14,4\nP2,21,2\nP2,28,1\nP2,35,<0.5\n",
        encoding="utf-8",
    )
    code = cli.main(["nca", str(tmp_path / "t.csv"), "--until", "14", "--above", "10"])
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    found = {(row["subject_id"], row["parameter"]): row for row in rows}

    assert code == ExitCode.OK
    assert float(found["P1", "tmax"]["value"]) == 12
    assert float(found["P1", "auc_0_14"]["value"]) == pytest.approx(487.9885, abs=1e-3)
    assert float(found["P1", "days_above_10"]["value"]) == pytest.approx(14 - (1 + 3 * 5.74 / 8.07))
    assert float(found["P2", "half_life"]["value"]) == pytest.approx(7.0)
    assert found["P2", "t_bql"]["value"] == "35.0"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--auc-rule", "log"), ('"log" is no rule for areas (there are: linear, linear-up'
         " log-down, lin-log, log-up log-down)")),
        (("--slope-rule", "best"), ('"best" is no rule for slopes (there are: winnonlin, pknca,'
         " tobit)")),
        (("--blq-rule", "none"), ('"none" is no rule for values below the limit: write three of'
         ' zero, half and drop such as "zero/drop/zero", or "before-tmax"')),
        (("--lloq", "0"), "the limit of quantification lies above 0, got 0"),
        (("--until", "-1"), "the end of an area lies above 0, got -1"),
        (("--blq-rule", "half"), ("half the limit on day 1 needs that limit: give lloq for every"
         " value")),
    ],
)  # fmt: skip
def test_nca_refuses_rules_it_does_not_know(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    sentence: str,
) -> None:
    (tmp_path / "t.csv").write_text("day,value\n1,BLQ\n7,9\n14,3\n", encoding="utf-8")

    code = cli.main(["nca", str(tmp_path / "t.csv"), *options])

    assert code == ExitCode.UNUSABLE_INPUT
    assert capsys.readouterr().err == f"carflow: {sentence}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (
            ["run", "{here}", "--gates", "car_t_blood", "--out", "{here}/o"],
            ExitCode.UNUSABLE_INPUT,
            "{name}: this is a folder (name the table inside it)",
        ),
        (
            ["qc", "{here}"],
            ExitCode.UNUSABLE_INPUT,
            (
                "{here}: this is a folder (name its files, for example {here}/*.fcs, or a sample "
                "sheet)"
            ),
        ),
        (
            ["qc", "samples.csv", "a.fcs"],
            ExitCode.UNUSABLE_INPUT,
            "samples.csv: a sample sheet stands alone (name one sheet, or FCS files only)",
        ),
        (
            ["report", "{here}"],
            ExitCode.UNUSABLE_INPUT,
            "{here}/result.json: cannot be read (name a folder that `carflow run` has written)",
        ),
        (
            ["gates", "convert", "car_t_blood", "{here}/none/gates.xml"],
            ExitCode.OUTPUT,
            (
                "{here}/none/gates.xml: there is no folder to write it in (make the folder, or "
                "name another)"
            ),
        ),
        (
            ["inspect", "{here}/none.fcs"],
            ExitCode.UNUSABLE_INPUT,
            "none.fcs: there is no such file (check the path)",
        ),
    ],
)
def test_a_wrong_path_ends_in_a_sentence(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: ExitCode,
    sentence: str,
) -> None:
    filled = {"here": str(tmp_path), "name": tmp_path.name}

    assert cli.main([one.format(**filled) for one in arguments]) == code
    assert capsys.readouterr().err.splitlines() == [f"carflow: {sentence.format(**filled)}"]


def test_two_gate_files_of_one_panel_are_refused_before_any_gate_is_looked_for(
    two_tubes: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def looked(*_: object, **__: object) -> None:
        raise AssertionError("gates were looked for")

    monkeypatch.setattr("carflow.applied_gates.fit_gates", looked)
    both = ["--gates", "car_t_blood", "--gates", "car_t_blood_auto"]

    sheet = str(two_tubes / "samples.csv")
    assert cli.main(["run", sheet, *both, "--out", str(tmp_path / "o")]) == ExitCode.UNUSABLE_INPUT
    assert "for which there are 0 gate files" in capsys.readouterr().err


def test_a_waiver_file_that_is_none_is_named(
    two_tubes: Path, gates: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waivers = tmp_path / "w.toml"
    waivers.write_text("{}", encoding="utf-8")
    asked = ["qc", str(two_tubes / "samples.csv"), "--gates", gates, "--waivers", str(waivers)]

    assert cli.main(asked) == ExitCode.UNUSABLE_INPUT
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"carflow: {waivers}: is not valid TOML: invalid statement (at line 1, column 1)"
    )
    waivers.write_text("[[waiver]]\ncheck = 'QC-BEADS'\n", encoding="utf-8")
    assert cli.main(asked) == ExitCode.UNUSABLE_INPUT
    assert f"carflow: {waivers}: 2 problems" in capsys.readouterr().err


def test_gates_for_another_panel_than_that_of_the_sheet_warn(
    two_tubes: Path, tmp_path: Path, gates_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.toml"
    text = (gates_folder / "car_t_blood.toml").read_text(encoding="utf-8")
    other.write_text(text.replace('panel = "car_t_blood"', 'panel = "marrow"'), encoding="utf-8")

    sheet = sheet_of(
        two_tubes, HEADER.replace("\n", ",panel_id\n") + "a.fcs,A,P1,7,patient,car_t_blood\n"
    )
    cli.main(["qc", str(sheet), "--gates", str(other), "--format", "json"])

    told = {one["code"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
    assert told["QC-GATE-PANEL"]["severity"] == "warn"
    assert told["QC-GATE-PANEL"]["message"].startswith("The gates are for another panel_id than")
