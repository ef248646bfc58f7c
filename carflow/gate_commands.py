"""The commands ``carflow gates …``: look at gate files, convert them, find gates and freeze them.

As in `carflow.cli`, nothing worth testing without a shell lives here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carflow.errors import ExitCode
from carflow.terminal import ending, print_data, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.gating.lock import Lock
    from carflow.gating.strategy import Strategy

gates_app = typer.Typer(
    help="Look at gate files; find gates and freeze them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
SheetPath = Annotated[Path, typer.Argument(help="Sample sheet (.csv or .xlsx).")]
WorkspaceSample = Annotated[
    str | None,
    typer.Option("--sample", help="Which sample of a FlowJo workspace or lock file to take."),
]
Jobs = Annotated[int, typer.Option(min=1, max=64, help="Tubes worked on at a time.")]


@gates_app.command("show")
@ending
def gates_show(
    file: Annotated[str, typer.Argument(help="Gate file, or the name of a template.")],
    sample: WorkspaceSample = None,
) -> ExitCode:
    """Draw the tree of a gate file in the terminal."""
    from carflow.gating.reading import read_gates
    from carflow.gating.tree import tree_text

    print_data(tree_text(read_gates(file, sample=sample)))
    return ExitCode.OK


@gates_app.command("convert")
@ending
def gates_convert(
    source: Annotated[str, typer.Argument(help="Gate file, or the name of a template.")],
    target: Annotated[Path, typer.Argument(help="Gating-ML 2.0 file to write (.xml).")],
    sample: WorkspaceSample = None,
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
    strategy = read_gates(source, sample=sample)
    write_text(target, gatingml_text(strategy))
    if strategy.estimates:
        names = ", ".join(one.population for one in strategy.estimates)
        say(f"not fitted, written with the coordinates drawn in the template: {names}")
    return ExitCode.OK


@gates_app.command("fit")
@ending
def gates_fit(
    sheet: SheetPath,
    *,
    template: Annotated[str, typer.Option(help="Gate template, or the name of a shipped one.")],
    lock: Annotated[Path, typer.Option(help="Lock file to write (.json).")],
    overrides: Annotated[
        Path | None, typer.Option(help="TOML of gates set by hand, each with its reason.")
    ] = None,
    jobs: Jobs = 1,
) -> ExitCode:
    """Find the gates of a template in the tubes of a sheet, and freeze them in a lock file."""
    from carflow.errors import GatesError
    from carflow.gate_fit import fit_gates
    from carflow.gating.lock import lock_text
    from carflow.gating.reading import read_gates, read_overrides
    from carflow.report.files import check_place, write_text
    from carflow.study.sheet import read_study

    if lock.suffix.lower() != ".json":
        error = GatesError("gates are frozen as JSON", hint="give a name that ends in .json")
        raise error.at(str(lock))
    by_hand = read_overrides(overrides) if overrides else ()
    check_place(lock)
    fitted = fit_gates(read_study(sheet), read_gates(template), jobs=jobs, overrides=by_hand)
    if fitted.lock is not None:
        write_text(lock, lock_text((fitted.lock,)))
        say(_fit_summary(fitted.lock, lock))
    return ExitCode.OK


def read_strategies(sources: Sequence[str], sample: str | None = None) -> list[Strategy]:
    """Return the gates of every file named; a lock file may hold those of several panels."""
    from carflow.gating.reading import read_gates, read_lock

    strategies: list[Strategy] = []
    for source in sources:
        if sample is None and Path(source).suffix.lower() == ".json":
            strategies += read_lock(source)
        else:
            strategies.append(read_gates(source, sample=sample))
    return strategies


def say_fitting(strategies: Sequence[Strategy]) -> None:
    """Say which templates are fitted before they are applied."""
    for one in strategies:
        if one.estimates:
            say(
                f"{one.name}: {len(one.estimates)} gates are found in these tubes and frozen in "
                "gates.lock.json"
            )


def _fit_summary(lock: Lock, path: Path) -> str:
    """Return how many gates were found, and every one that was not."""
    from carflow.gating.lock import BATCH_MEDIAN

    # the median of a batch stands there for tubes to come, it was not looked for
    own = [gate for gate in lock.gates if gate.n_events or gate.fallback != BATCH_MEDIAN]
    lost = [gate for gate in own if gate.fallback]
    if not own:
        return f"no gate of {lock.name} says how it is found (estimate): frozen as drawn: {path}"
    lines = [
        f"{gate.sample_id or gate.subject_id or 'batch'}: {gate.population} not found "
        f"({gate.reason}): {gate.fallback}"
        for gate in lost
    ]
    head = f"{len(own) - len(lost)} of {len(own)} gates found in {len(lock.tubes)} tubes: {path}"
    return "\n".join((*lines, head))
