"""What the command ``carflow qc`` reads and writes beside its listing: waivers, baselines, charts.

Heavy libraries are imported inside the functions, as in `carflow.cli`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from carflow.errors import SheetError
from carflow.terminal import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carflow.findings import Finding
    from carflow.qc.control_charts import Baseline
    from carflow.qc.summary import TubeSummary
    from carflow.qc.waivers import Waived
    from carflow.study.model import Study


_TABLES = {".csv", ".xlsx"}


def read_inputs(inputs: Sequence[str]) -> Study:
    """Return the study of a sheet, or of FCS files named one by one or by a pattern."""
    from carflow.study.sheet import read_study
    from carflow.study.unsheeted import study_of_files

    tables = [name for name in inputs if Path(name).suffix.lower() in _TABLES]
    if tables and len(inputs) > 1:
        error = SheetError("a sample sheet stands alone", hint="name one sheet, or FCS files only")
        raise error.at(tables[0])
    if tables:
        return read_study(Path(tables[0]))
    return study_of_files([file for name in inputs for file in _matching(name)])


def _matching(name: str) -> list[Path]:
    """Return the files a pattern matches, in order; shells on Windows leave that to the program."""
    path = Path(name)
    if path.is_dir():
        hint = f"name its files, for example {path.as_posix()}/*.fcs, or a sample sheet"
        raise SheetError("this is a folder", hint=hint).at(name)
    if path.exists() or not set("*?[") & set(name):
        return [path]
    found = sorted(path.parent.glob(path.name))
    if not found:
        raise SheetError("no file matches this pattern", hint="check the folder").at(name)
    return found


def read_baselines(path: Path) -> tuple[Baseline, ...]:
    """Return the baselines of a file; its name is the place of an error."""
    from carflow.errors import CarflowError
    from carflow.qc.baselines import parse_baselines

    try:
        return parse_baselines(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SheetError("cannot be read as text", hint="name a baseline file").at(
            str(path)
        ) from error
    except CarflowError as error:
        raise error.at(str(path)) from None


def write_baselines(path: Path, tubes: Sequence[TubeSummary]) -> None:
    """Freeze the process controls of a batch as a baseline file."""
    from carflow.qc.baselines import baselines_json, frozen_baselines
    from carflow.report.files import write_text

    made = frozen_baselines(tubes)
    write_text(path, baselines_json(made))
    say(f"froze {len(made)} baselines in {path}; judge later runs with --baseline {path}")


def draw_charts(path: Path, tubes: Sequence[TubeSummary], baselines: Sequence[Baseline]) -> None:
    """Draw the control charts of a batch, as PNG or SVG by the ending of the name."""
    from carflow.qc.baselines import charts_of
    from carflow.report.files import write_bytes, write_text

    if path.suffix.lower() not in {".png", ".svg"} or not baselines:
        raise typer.BadParameter("--charts needs --baseline and a name that ends in .png or .svg")
    found = charts_of(tubes, baselines)
    if not found:
        say("no process control of this sheet has a baseline: no chart was drawn")
        return
    from carflow.report.levey_jennings import charts_figure
    from carflow.report.style import png_bytes, svg_text

    figure = charts_figure(found)
    if path.suffix.lower() == ".svg":
        write_text(path, svg_text(figure))
    else:
        write_bytes(path, png_bytes(figure))


def waived(found: Sequence[Finding], path: Path | None) -> Waived:
    """Return the findings with the waivers of a file, or with none."""
    from datetime import datetime

    from carflow.errors import CarflowError, Problems
    from carflow.qc.waivers import apply_waivers, parse_waivers

    if path is None:
        return apply_waivers(found, ())
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SheetError("cannot be read as text", hint="name a waivers.toml").at(
            str(path)
        ) from error
    try:
        waivers = parse_waivers(text)
    except CarflowError as error:
        raise error.at(str(path)) from None
    except Problems as problems:
        raise problems.named(str(path)) from None
    return apply_waivers(found, waivers, today=datetime.now().astimezone().date())


def write_multiqc(folder: Path, waived: Waived, tubes: Mapping[str, str]) -> None:
    """Write the findings as MultiQC custom content."""
    from carflow.qc.multiqc import findings_mqc
    from carflow.report.files import make_folder, write_text

    make_folder(folder)
    for name, text in findings_mqc(waived.findings, tubes, waived=waived.waivers).items():
        write_text(folder / name, text)
