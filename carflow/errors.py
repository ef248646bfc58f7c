"""The inputs and outputs carflow cannot work with, and the exit code each kind ends in.

::

    CarflowError
    ├── FcsError        a file that cannot be read as FCS, or contradicts itself
    ├── SheetError      a sample sheet, treatment table or other table
    ├── GatesError      a gate template, Gating-ML document or workspace
    ├── AnalysisError   a tube and a gate file that do not fit each other
    ├── ResultError     a folder without the result of an earlier run
    └── OutputError     a result that could not be written

An error has a code (for scripts), a place (from the outside in), a problem and a way out.
Several problems of one input are raised together as `Problems`.

A *caller's* mistake (a negative count) is a plain ``ValueError``. A number that science
cannot give is a `carflow.measure.Measure` without value. A suspicious but usable input is a
`carflow.findings.Finding`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence


class ExitCode(IntEnum):
    """What the process says when it ends; a partial success never ends in 0.

    Examples
    --------
    >>> ExitCode.worst([ExitCode.QC_FAIL, ExitCode.SOME_TUBES_FAILED])
    <ExitCode.SOME_TUBES_FAILED: 4>
    """

    OK = 0
    BUG = 1
    USAGE = 2
    UNUSABLE_INPUT = 3
    SOME_TUBES_FAILED = 4
    QC_FAIL = 5
    OUTPUT = 6
    INTERRUPTED = 130

    @classmethod
    def worst(cls, codes: Sequence[ExitCode]) -> ExitCode:
        """Return the one code that stands for several (130, 1, 2, 3, 6, 4, 5, 0)."""
        order = (
            cls.INTERRUPTED,
            cls.BUG,
            cls.USAGE,
            cls.UNUSABLE_INPUT,
            cls.OUTPUT,
            cls.SOME_TUBES_FAILED,
            cls.QC_FAIL,
        )
        return next((code for code in order if code in codes), cls.OK)


class CarflowError(Exception):
    """An input or output that carflow cannot use, with the place and the way out.

    Parameters
    ----------
    problem : str
        What is wrong, with the numbers that show it. Never quotes free text of an FCS file.
    hint : str, optional
        What to do about it.
    code : str, optional
        A stable upper-case code, for scripts and tables.

    Examples
    --------
    >>> error = GatesError("needs at least 3 vertices, found 2", hint="add one")
    >>> print(error.at("vertices").at("population 2").at("gates/cd3_car.toml"))
    gates/cd3_car.toml: population 2: vertices: needs at least 3 vertices, found 2 (add one)
    """

    exit_code = ExitCode.UNUSABLE_INPUT
    default_code = "ERROR"

    def __init__(self, problem: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint
        self.code = code or self.default_code
        self.places: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where the problem is, from the outside in."""
        return ": ".join(self.places)

    def at(self, place: str) -> Self:
        """Put one more place in front and return the same error, ready to raise."""
        self.places = (place, *self.places)
        return self

    def __str__(self) -> str:
        way_out = f" ({self.hint})" if self.hint else ""
        return ": ".join((*self.places, self.problem)) + way_out

    def without_place(self) -> str:
        """Return problem and way out only: the form that may be passed on in a table."""
        return self.problem + (f" ({self.hint})" if self.hint else "")


class FcsError(CarflowError):
    """A file that is not FCS, is cut short, or contradicts itself."""

    default_code = "FCS-UNREADABLE"


class SheetError(CarflowError):
    """A sample sheet, treatment table or value table that cannot be used."""

    default_code = "SHEET"


class GatesError(CarflowError):
    """A gate file that cannot be used."""

    default_code = "GATES"


class AnalysisError(CarflowError):
    """A tube that the gates cannot be applied to, for example for lack of a marker."""

    default_code = "ANALYSIS"


class ResultError(CarflowError):
    """A folder that holds no result of an earlier run, or one that cannot be used."""

    default_code = "RESULT"


class OutputError(CarflowError):
    """A result that could not be written."""

    exit_code = ExitCode.OUTPUT
    default_code = "OUTPUT"


class Problems(ExceptionGroup[CarflowError]):
    """Several problems of one input, reported together.

    Examples
    --------
    >>> first, second = SheetError("day is empty"), SheetError("file is empty")
    >>> print(Problems("samples.csv", [first.at("row 2"), second.at("row 5")]))
    samples.csv: 2 problems
      row 2: day is empty
      row 5: file is empty
    """

    @property
    def exit_code(self) -> ExitCode:
        """The one code that stands for those of all members."""
        return ExitCode.worst(
            [one.exit_code for one in self.exceptions if isinstance(one, (CarflowError, Problems))]
        )

    def __str__(self) -> str:
        lines = "".join(f"\n  {error}" for error in self.exceptions)
        count = len(self.exceptions)
        return f"{self.message}: {count} problem{'s' if count != 1 else ''}{lines}"

    def named(self, name: str) -> Problems:
        """Return the same problems as those of an input of another name."""
        return Problems(name, [one for one in self.exceptions if isinstance(one, CarflowError)])

    def derive(self, excs: Sequence[CarflowError]) -> Problems:  # type: ignore[override]  # narrower on purpose: it holds no other kind
        """Return a group of the same name with other members."""
        return Problems(self.message, list(excs))
