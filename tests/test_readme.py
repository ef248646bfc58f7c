"""The README's commands are real: its carflow lines run, its Python runs, its table is true."""

import json
import re
import shlex
from pathlib import Path

import pytest

from carflow import cli
from carflow.errors import ExitCode

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_main_command_runs_on_the_sample_course(tmp_path: Path) -> None:
    line = next(
        line for block in blocks("sh") for line in block.splitlines() if "carflow run" in line
    )
    arguments = shlex.split(line)[1:]
    arguments[arguments.index("--out") + 1] = str(tmp_path / "results")
    arguments = [str(ROOT / word) if (ROOT / word).is_file() else word for word in arguments]

    assert cli.main(arguments) == ExitCode.OK

    # every file the README's table promises is there
    table = README.split("## What comes out")[1].split("Exit codes")[0]
    for name in re.findall(r"`([\w./]+)`", table):
        if "." in name or name.endswith("/"):
            assert (tmp_path / "results" / name).exists(), name


def test_every_command_the_readme_shows_exists(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        shlex.split(line, comments=True)
        for block in blocks("sh")
        for line in block.splitlines()
        if line.startswith("carflow ")
    ]
    commands = {tuple(w for w in words[1:3] if re.fullmatch(r"[a-z]+", w)) for words in lines}

    assert commands
    for command in commands:
        known = command if command[0] in {"gates", "sheet"} else command[:1]
        assert cli.main([*known, "--help"]) == ExitCode.OK
    capsys.readouterr()


def test_the_python_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    (block,) = blocks("python")

    exec(compile(block, "README.md", "exec"), names)  # noqa: S102  # the README is ours

    assert "result" in names


def test_the_tutorial_runs_from_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = json.loads((ROOT / "sample_fcs/tutorial.ipynb").read_text(encoding="utf-8"))
    monkeypatch.chdir(ROOT / "sample_fcs")
    names: dict[str, object] = {}
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]

    for cell in cells:
        code = cell.replace("plt.figure(figsize=(7, 3.5)).subplots()", "None")
        exec(compile(code, "tutorial.ipynb", "exec"), names)  # noqa: S102  # it is ours

    assert "peak" in names


def test_files_the_readme_points_to_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
