"""The command ``carflow``: parse, call, write, and end in the right exit code.

Nothing worth testing without a shell lives here. Data go to stdout, everything else to
stderr. Heavy libraries are imported inside the commands, so that ``--help`` is immediate.

Why no colour markup in the help: it would load rich, which costs three times the start.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carflow.errors import ExitCode
from carflow.gate_commands import (
    Jobs,
    SheetPath,
    WorkspaceSample,
    gates_app,
    read_strategies,
    say_fitting,
)
from carflow.qc.verdicts import FailOn
from carflow.terminal import TubeProgress, ending, print_data, say, say_summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.gating.strategy import Strategy
    from carflow.qc.verdicts import Verdicts
    from carflow.qc.waivers import Waived

app = typer.Typer(
    name="carflow",
    help="From flow cytometry tubes of CAR T patients to counts, curves and the day of the peak.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
sheet_app = typer.Typer(help="Work on sample sheets.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(gates_app, name="gates")
app.add_typer(sheet_app, name="sheet")

GateFiles = Annotated[
    list[str],
    typer.Option(
        "--gates", help="Gate file, or the name of a template; once for each panel of the sheet."
    ),
]

GroupBy = Annotated[
    str, typer.Option("--by", help="Column with one value for each subject: cohorts by group.")
]

Population = Annotated[
    bool,
    typer.Option("--population", help="Fit the population model of the peak (extra bayes)."),
]


BaselineFile = Annotated[
    Path | None, typer.Option("--baseline", help="Baseline file: judge process controls by it.")
]


class ListingFormat(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"


@app.command()
@ending
def run(
    sheet: SheetPath,
    gates: GateFiles,
    out: Annotated[Path, typer.Option(help="Folder for the results; made if absent.")],
    *,
    sample: WorkspaceSample = None,
    jobs: Jobs = 1,
    group_by: GroupBy = "",
    baseline: BaselineFile = None,
    population: Population = False,
) -> ExitCode:
    """Go from a sample sheet and gates to counts, curves, peaks, checks and a report."""
    from carflow import pipeline, qc_files
    from carflow.report.files import check_writable
    from carflow.study.sheet import read_study

    if population:
        from carflow.kinetics.population_fit import require_bayes

        require_bayes()
    strategies = read_strategies(gates, sample)
    baselines = qc_files.read_baselines(baseline) if baseline else ()
    study = read_study(sheet, group_by=group_by)
    say_fitting(strategies)
    check_writable(out)
    with TubeProgress(len(study.tubes)) as progress:
        result = pipeline.run(
            study, strategies, jobs=jobs, baselines=baselines, tube_done=progress.tube_done
        )
    if population:
        from carflow.population import with_population

        result = with_population(result)
    # the drawing libraries take longer to load than the tubes to gate
    from carflow.report.outputs import write_outputs

    write_outputs(result, out)
    say_summary(result, out)
    return result.exit_code


@app.command()
@ending
def qc(
    inputs: Annotated[
        list[str] | None, typer.Argument(help="A sample sheet, FCS files, or patterns.")
    ] = None,
    *,
    gates: Annotated[list[str] | None, typer.Option("--gates", help="Gate file or name.")] = None,
    output_format: Annotated[
        ListingFormat, typer.Option("--format", help="How to print the findings.")
    ] = ListingFormat.TEXT,
    fail_on: Annotated[FailOn, typer.Option(help="From when the exit code is 5.")] = FailOn.FAIL,
    strict: Annotated[bool, typer.Option("--strict", help="As --fail-on warn.")] = False,
    waivers: Annotated[
        Path | None, typer.Option(help="waivers.toml: findings to let stand, with reasons.")
    ] = None,
    multiqc: Annotated[
        Path | None, typer.Option(help="Folder for MultiQC custom content (*_mqc.json).")
    ] = None,
    baseline: BaselineFile = None,
    freeze_baseline: Annotated[
        Path | None,
        typer.Option(help="Write the process controls of this sheet as a baseline file."),
    ] = None,
    charts: Annotated[
        Path | None, typer.Option(help="With --baseline: draw the control charts (.png or .svg).")
    ] = None,
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
    from carflow import qc_files
    from carflow.pipeline import checked
    from carflow.qc.verdicts import stops, verdicts

    baselines = qc_files.read_baselines(baseline) if baseline else ()
    study = qc_files.read_inputs(inputs)
    strategies = _gates_if_named(gates)
    with TubeProgress(len(study.tubes)) as progress:
        found = checked(
            study, strategies, jobs=jobs, baselines=baselines, tube_done=progress.tube_done
        )
    if freeze_baseline is not None:
        qc_files.write_baselines(freeze_baseline, found.summaries)
    if charts is not None:
        qc_files.draw_charts(charts, found.summaries, baselines)
    waived = qc_files.waived(found.findings, waivers)
    tubes = {tube.sample_id: tube.subject_id for tube in study.tubes}
    judged = verdicts(waived.findings, tubes, waived=waived.waivers)
    print_data(_listing(output_format, waived, judged))
    if multiqc is not None:
        qc_files.write_multiqc(multiqc, waived, tubes)
    happened = {
        ExitCode.QC_FAIL: stops(judged.batch.verdict, FailOn.WARN if strict else fail_on),
        ExitCode.SOME_TUBES_FAILED: progress.failed > 0,
        ExitCode.UNUSABLE_INPUT: progress.failed == len(study.tubes),
    }
    return ExitCode.worst([code for code, so in happened.items() if so])


@app.command()
@ending
def peak(
    table: Annotated[
        str,
        typer.Argument(help="CSV: day, value and, of several, subject_id; - for standard input."),
    ],
    *,
    today: Annotated[
        float | None, typer.Option(help="Today's day, for patients who are still followed.")
    ] = None,
    group_by: GroupBy = "",
    population: Population = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> ExitCode:
    """Tell the observed day of the peak of each curve in a table of days and values."""
    from carflow.kinetics import told_peaks
    from carflow.kinetics.told_peaks import told_peak
    from carflow.study.value_table import read_series

    source = sys.stdin.read() if table == "-" else Path(table)
    series = read_series(source, group_by=group_by)
    told = [told_peak(one, today=today) for one in series]
    fitted = told_peaks.population_told(series) if population else ()
    pairs = [(one, answer.peak) for one, answer in zip(series, told, strict=True)]
    if as_json:
        answers = [
            {
                "subject_id": one.subject_id,
                "quantity": one.quantity,
                **({"group": one.group} if group_by else {}),
                **answer.as_row(),
                **told_peaks.population_cells(one, fitted),
            }
            for one, answer in pairs
        ]
        print_data(json.dumps(answers, ensure_ascii=False, indent=2))
        return ExitCode.OK
    for one, answer in zip(series, told, strict=True):
        whose = ", ".join(filter(None, (one.subject_id, one.quantity)))
        sentences = (*answer.sentences, *told_peaks.patient_told(one, fitted))
        print_data(": ".join(filter(None, (whose, " ".join(sentences)))))
    for name, sentences in told_peaks.cohorts_told(pairs, column=group_by):
        print_data(f"{name}: {' '.join(sentences)}")
    for name, sentences in told_peaks.populations_told(fitted):
        print_data(f"{name}: {' '.join(sentences)}")
    return ExitCode.OK


@app.command()
@ending
def nca(
    table: Annotated[str, typer.Argument(help="CSV with day and value; - for standard input.")],
    *,
    lloq: Annotated[float | None, typer.Option(help="Limit of quantification.")] = None,
    auc_rule: Annotated[
        str, typer.Option(help="linear, linear-up log-down, lin-log or log-up log-down.")
    ] = "linear-up log-down",
    blq_rule: Annotated[
        str, typer.Option(help="First/middle/last of zero, half, drop; or before-tmax.")
    ] = "zero/drop/zero",
    slope_rule: Annotated[
        str, typer.Option(help="winnonlin, pknca, or tobit (counts values below the limit).")
    ] = "winnonlin",
    until: Annotated[
        list[float] | None, typer.Option(help="Area from day 0 to this day; more than once.")
    ] = None,
    above: Annotated[float | None, typer.Option(help="Days above this value.")] = None,
) -> ExitCode:
    """Print the kinetic parameters of each curve in a table of days and values, as CSV."""
    from carflow.kinetics.told_parameters import TableRules, told_parameters
    from carflow.report.tables import csv_text
    from carflow.result.rows import SUBJECT_COLUMNS, parameter_rows
    from carflow.study.value_table import read_series

    rules = TableRules(
        lloq=lloq, auc=auc_rule, blq=blq_rule, slope=slope_rule, ends=tuple(until or (28.0,)),
        above=above,
    )  # fmt: skip
    rules.check()
    series = read_series(sys.stdin.read() if table == "-" else Path(table))
    told = {(one.subject_id, one.quantity): told_parameters(one, rules=rules) for one in series}
    print_data(csv_text(SUBJECT_COLUMNS, parameter_rows(told)).rstrip("\n"))
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
        print_data(json.dumps([describe(tube) for tube in tubes], ensure_ascii=False, indent=2))
    else:
        print_data("\n\n".join(description_text(tube) for tube in tubes))
    return ExitCode.OK


@app.command()
@ending
def simulate(
    folder: Annotated[Path, typer.Argument(help="Folder for the sample course.")],
) -> ExitCode:
    """Write the synthetic sample course: tubes, sheet, treatments and the known truth."""
    from carflow.course import write_course

    written = write_course(folder)
    say(f"wrote {len(written)} files to {folder}")
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
    say(f"wrote {len(written)} files to {folder}")
    return ExitCode.OK


@app.command()
@ending
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> ExitCode:
    """Examine this installation: its packages, and its numbers where the answer is known."""
    from carflow.doctor import examine, versions_text

    found = examine()
    is_well = all(one.is_well for one in found)
    if as_json:
        answer = {"versions": versions_text(), "is_well": is_well, "examined": found}
        print_data(json.dumps(answer, default=asdict, ensure_ascii=False, indent=2))
    else:
        for one in found:
            print_data(f"{'well' if one.is_well else 'FAIL'}  {one.name}: {one.told}")
        print_data(f"{versions_text()}: {'well' if is_well else 'do not use it for results'}")
    return ExitCode.OK if is_well else ExitCode.QC_FAIL


@sheet_app.command("init")
@ending
def sheet_init(
    folder: Annotated[Path, typer.Argument(help="Folder of FCS files.")],
) -> ExitCode:
    """Draft a sample sheet from a folder of FCS files; guesses are marked in a column."""
    from carflow.study.draft import draft_sheet

    print_data(draft_sheet(folder).rstrip("\n"))
    return ExitCode.OK


def _explain(check_id: str) -> ExitCode:
    from carflow.qc.checks import explain

    print_data(explain(check_id))
    return ExitCode.OK


def _gates_if_named(sources: Sequence[str] | None) -> list[Strategy] | None:
    if sources:
        return read_strategies(sources)
    say(
        "no gates were named: populations, controls of the CAR gate and what compensation left "
        "are not checked (--gates FILE)"
    )
    return None


def _listing(output_format: ListingFormat, waived: Waived, judged: Verdicts) -> str:
    from carflow.qc import formats

    findings, waivers = waived.findings, waived.waivers
    if output_format is ListingFormat.JSON:
        return formats.findings_json(findings, waived=waivers, verdicts=judged).rstrip("\n")
    if output_format is ListingFormat.JUNIT:
        return formats.findings_junit(findings, waived=waivers).rstrip("\n")
    return formats.findings_text(findings, waived=waivers).rstrip("\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; unusable input ends in a sentence."""
    try:
        app(args=arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    return ExitCode.OK
