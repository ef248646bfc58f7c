"""What the commands say and how they end: data on stdout, all else on stderr, one exit code.

No command lives here, and nothing of what they do.
"""

from __future__ import annotations

import sys
from collections import Counter
from functools import wraps
from typing import TYPE_CHECKING, Self

import typer

from carflow.errors import CarflowError, ExitCode, Problems
from carflow.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.progress import Progress

    from carflow.result.run import Result
    from carflow.study.model import Tube

_GRAVE = (Severity.FAIL, Severity.WARN)
_TOLD_OF_A_KIND = 5
_SPOKEN = ("car_pct_cd3", "car_per_ul_beads")


def print_data(text: str) -> None:
    """Write a line of data to stdout."""
    sys.stdout.write(f"{text}\n")


def say(text: str) -> None:
    """Write a line for people to stderr."""
    sys.stderr.write(f"{text}\n")


def ending(command: Callable[..., ExitCode]) -> Callable[..., None]:
    """Make a command end in its exit code, and every unusable input in a sentence.

    Any other exception is a bug of ours: it goes up with its traceback and ends in 1.
    """

    @wraps(command)
    def ended(*args: object, **kwargs: object) -> None:
        try:
            code = command(*args, **kwargs)
        except (CarflowError, Problems) as error:
            say(f"carflow: {error}")
            code = error.exit_code
        except KeyboardInterrupt:
            say("carflow: interrupted")
            code = ExitCode.INTERRUPTED
        raise typer.Exit(code)

    return ended


class TubeProgress:
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
        """Count a failed tube, say why, and move the bar."""
        if error is not None:
            self.failed += 1
            say(f"sample {tube.sample_id} has no result: {error}")
        if self._bar is not None:
            self._bar.advance(self._task)


def say_summary(result: Result, out: Path) -> None:
    """Say the peaks, the verdict and where to look, on stderr.

    Of findings of one kind the first five are told in full, so that the last lines stay seen.
    """
    for subject in result.subject_results:
        for kinetics in subject.kinetics:
            if kinetics.quantity in _SPOKEN and kinetics.sentences:
                say(f"{subject.subject_id}: {' '.join(kinetics.sentences[:2])}")
    grave = [found for found in result.all_findings if found.severity in _GRAVE]
    told: Counter[tuple[Severity, str]] = Counter()
    for finding in grave:
        kind = finding.severity, finding.code
        told[kind] += 1
        if told[kind] <= _TOLD_OF_A_KIND:
            say(str(finding))
    for (severity, code), number in told.items():
        if number > _TOLD_OF_A_KIND:
            say(f"{severity} {code}: {number - _TOLD_OF_A_KIND} more in {out / 'findings.csv'}")
    done = sum(tube.failure is None for tube in result.tube_results)
    say(
        f"{done} of {len(result.tube_results)} tubes, QC {result.verdict.upper()}: "
        f"see {out / 'report.html'}"
    )
