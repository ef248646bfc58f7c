"""The command ``carflow``: parse, call, write, and end in the right exit code.

Nothing worth testing without a shell lives here. Data go to stdout, everything else to
stderr. Heavy libraries are imported inside the commands, so that ``--help`` is immediate.

Why no colour markup in the help: it would load rich, which costs three times the start.
"""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import typer

from carflow.errors import CarflowError, ExitCode, Problems
from carflow.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.progress import Progress

    from carflow.findings import Finding
    from carflow.gating.strategy import Strategy
    from carflow.result.run import Result
    from carflow.study.model import Study, Tube

app = typer.Typer(
    name="carflow",
    help="From flow cytometry tubes of CAR T patients to counts, curves and the day of the peak.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
gates_app = typer.Typer(help="Look at gate files.", no_args_is_help=True, rich_markup_mode=None)
sheet_app = typer.Typer(help="Work on sample sheets.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(gates_app, name="gates")
app.add_typer(sheet_app, name="sheet")

SheetPath = Annotated[Path, typer.Argument(help="Sample sheet (.csv or .xlsx).")]
GateFiles = Annotated[
    list[str],
    typer.Option(
        "--gates", help="Gate file, or the name of a template; once for each panel of the sheet."
    ),
]
Jobs = Annotated[int, typer.Option(min=1, max=64, help="Tubes worked on at a time.")]


class ListingFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


_GRAVE = (Severity.FAIL, Severity.WARN)
_SPOKEN = ("car_pct_cd3", "car_per_ul_beads")


def ending(command: Callable[..., ExitCode]) -> Callable[..., None]:
    """Make a command end in its exit code, and every unusable input in a sentence.

    Any other exception is a bug of ours: it goes up with its traceback and ends in 1.
    """

    @wraps(command)
    def ended(*args: object, **kwargs: object) -> None:
        try:
            code = command(*args, **kwargs)
        except (CarflowError, Problems) as error:
            _say(f"carflow: {error}")
            code = error.exit_code
        except KeyboardInterrupt:
            _say("carflow: interrupted")
            code = ExitCode.INTERRUPTED
        raise typer.Exit(code)

    return ended


@app.command()
@ending
def run(
    sheet: SheetPath,
    gates: GateFiles,
    out: Annotated[Path, typer.Option(help="Folder for the results; made if absent.")],
    jobs: Jobs = 1,
) -> ExitCode:
    """Go from a sample sheet and gates to counts, curves, peaks, checks and a report."""
    from carflow import pipeline
    from carflow.report.files import make_folder
    from carflow.study.sheet import read_study

    strategies = _read_gates(gates)
    study = read_study(sheet)
    make_folder(out)
    with _Progress(len(study.tubes)) as progress:
        result = pipeline.run(study, strategies, jobs=jobs, tube_done=progress.tube_done)
    # the drawing libraries take longer to load than the tubes to gate
    from carflow.report.outputs import write_outputs

    write_outputs(result, out)
    _say_summary(result, out)
    return result.exit_code


@app.command()
@ending
def qc(
    inputs: Annotated[
        list[Path] | None, typer.Argument(help="A sample sheet, or FCS files.")
    ] = None,
    gates: Annotated[list[str] | None, typer.Option("--gates", help="Gate file or name.")] = None,
    output_format: Annotated[
        ListingFormat, typer.Option("--format", help="How to print the findings.")
    ] = ListingFormat.TEXT,
    explain: Annotated[
        str, typer.Option(help="Say what a check means and what to do, for example QC-BEADS.")
    ] = "",
    jobs: Jobs = 1,
) -> ExitCode:
    """Check a batch; exit code 5 if a check fails."""
    if explain:
        return _explain(explain)
    if not inputs:
        raise typer.BadParameter("name a sample sheet or FCS files")
    from carflow.findings import verdict
    from carflow.pipeline import check_findings
    from carflow.qc import formats

    study = _read_inputs(inputs)
    strategies = _read_gates(gates) if gates else None
    with _Progress(len(study.tubes)) as progress:
        found = check_findings(study, strategies, jobs=jobs, tube_done=progress.tube_done)
    printed: dict[ListingFormat, Callable[[Sequence[Finding]], str]] = {
        ListingFormat.TEXT: formats.findings_text,
        ListingFormat.JSON: formats.findings_json,
        ListingFormat.JUNIT: formats.findings_junit,
    }
    _print(printed[output_format](found))
    codes = [ExitCode.QC_FAIL] if verdict(found) is Severity.FAIL else []
    if progress.failed:
        codes.append(ExitCode.SOME_TUBES_FAILED)
    if progress.failed == len(study.tubes):
        codes.append(ExitCode.UNUSABLE_INPUT)
    return ExitCode.worst(codes)


@app.command()
@ending
def peak(
    table: Annotated[str, typer.Argument(help="CSV with day and value; - for standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> ExitCode:
    """Tell the observed day of the peak of each curve in a table of days and values."""
    from carflow.kinetics.peak import estimate_peak
    from carflow.kinetics.wording import peak_sentences
    from carflow.study.value_table import read_series

    series = read_series(sys.stdin.read() if table == "-" else Path(table))
    found = [
        estimate_peak(one.days, one.values, lows=one.lows, highs=one.highs, states=one.states)
        for one in series
    ]
    named = list(zip((one.subject_id for one in series), found, strict=True))
    if as_json:
        answers = [{"subject_id": subject, **peak.as_row()} for subject, peak in named]
        _print(json.dumps(answers, ensure_ascii=False, indent=2))
        return ExitCode.OK
    for subject, peak in named:
        whose = f"{subject}: " if subject else ""
        _print(whose + " ".join(peak_sentences(peak, "")))
    return ExitCode.OK


@app.command()
@ending
def inspect(
    file: Annotated[Path, typer.Argument(help="An FCS file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> ExitCode:
    """Show what an FCS file holds: data sets, channels, matrix, and what was noticed."""
    from carflow.fcs.description import describe, description_text
    from carflow.fcs.reader import read_fcs_all

    tubes = read_fcs_all(file)
    if as_json:
        _print(json.dumps([describe(tube) for tube in tubes], ensure_ascii=False, indent=2))
    else:
        _print("\n\n".join(description_text(tube) for tube in tubes))
    return ExitCode.OK


@app.command()
@ending
def simulate(
    folder: Annotated[Path, typer.Argument(help="Folder for the sample course.")],
) -> ExitCode:
    """Write the synthetic sample course: tubes, sheet, treatments and the known truth."""
    from carflow.course import write_course

    written = write_course(folder)
    _say(f"wrote {len(written)} files to {folder}")
    return ExitCode.OK


@app.command()
@ending
def report(
    folder: Annotated[Path, typer.Argument(help="Folder of an earlier run (with result.json).")],
) -> ExitCode:
    """Make the report page and figures of an earlier run again, without the FCS files."""
    from carflow.report.outputs import read_result, write_pages

    result = read_result(folder)
    written = write_pages(result, folder)
    _say(f"wrote {len(written)} files to {folder}")
    return ExitCode.OK


@gates_app.command("show")
@ending
def gates_show(
    file: Annotated[str, typer.Argument(help="Gate file, or the name of a template.")],
) -> ExitCode:
    """Draw the tree of a gate file in the terminal."""
    from carflow.gating.reading import read_gates
    from carflow.gating.tree import tree_text

    _print(tree_text(read_gates(file)))
    return ExitCode.OK


@gates_app.command("convert")
@ending
def gates_convert(
    source: Annotated[str, typer.Argument(help="Gate file, or the name of a template.")],
    target: Annotated[Path, typer.Argument(help="Gating-ML 2.0 file to write (.xml).")],
) -> ExitCode:
    """Write a gate file as Gating-ML 2.0."""
    from carflow.errors import GatesError
    from carflow.gating.gatingml import gatingml_text
    from carflow.gating.reading import read_gates
    from carflow.report.files import write_text

    if target.suffix.lower() != ".xml":
        raise GatesError(
            "gates can be written as Gating-ML 2.0 only", hint="give a name that ends in .xml"
        ).at(str(target))
    write_text(target, gatingml_text(read_gates(source)))
    return ExitCode.OK


@sheet_app.command("init")
@ending
def sheet_init(
    folder: Annotated[Path, typer.Argument(help="Folder of FCS files.")],
) -> ExitCode:
    """Draft a sample sheet from a folder of FCS files; guesses are marked in a column."""
    from carflow.study.draft import draft_sheet

    _print(draft_sheet(folder).rstrip("\n"))
    return ExitCode.OK


def _explain(check_id: str) -> ExitCode:
    from carflow.qc.checks import explain

    _print(explain(check_id))
    return ExitCode.OK


def _read_gates(sources: Sequence[str]) -> list[Strategy]:
    from carflow.gating.reading import read_gates

    return [read_gates(source) for source in sources]


def _read_inputs(inputs: Sequence[Path]) -> Study:
    """Return the study of a sheet, or of FCS files named one by one."""
    from carflow.study.sheet import read_study
    from carflow.study.unsheeted import study_of_files

    if len(inputs) == 1 and inputs[0].suffix.lower() in {".csv", ".xlsx"}:
        return read_study(inputs[0])
    return study_of_files(inputs)


class _Progress:
    """Says on stderr what became of each tube; draws a bar on a terminal only."""

    def __init__(self, total: int) -> None:
        self.failed = 0
        self._total = total
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("tubes", total=self._total)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def tube_done(self, tube: Tube, error: CarflowError | Problems | None) -> None:
        if error is not None:
            self.failed += 1
            _say(f"sample {tube.sample_id} has no result: {error}")
        if self._bar is not None:
            self._bar.advance(self._task)


def _say_summary(result: Result, out: Path) -> None:
    """Say the peaks, the verdict and where to look, on stderr."""
    for subject in result.subject_results:
        for kinetics in subject.kinetics:
            if kinetics.quantity in _SPOKEN and kinetics.sentences:
                _say(f"{subject.subject_id}: {' '.join(kinetics.sentences[:2])}")
    grave = [found for found in result.all_findings if found.severity in _GRAVE]
    for finding in grave:
        _say(str(finding))
    done = sum(tube.failure is None for tube in result.tube_results)
    _say(
        f"{done} of {len(result.tube_results)} tubes, QC {result.verdict.upper()}: "
        f"see {out / 'report.html'}"
    )


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; unusable input ends in a sentence."""
    try:
        app(args=arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    return ExitCode.OK
