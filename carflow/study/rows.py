"""Rows of a table and what is wrong with them: nothing stops at the first bad cell.

A scientist who mends a sheet wants the whole list. So a cell that cannot be read is noted, a
stand-in takes its place, the row goes on, and everything noted is raised together at the end.
Which cells there are, and what they mean, is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from carflow.errors import Problems, SheetError
from carflow.study.cells import is_missing

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its line in the file (the first line is 1) and its cells by column."""

    number: int
    cells: Mapping[str, str]


class RowProblems:
    """What is wrong with one table, raised together in the order of its rows.

    Examples
    --------
    >>> problems = RowProblems("samples.csv")
    >>> problems.add(3, SheetError("is empty"), column="day")
    >>> problems.add(0, SheetError('the column "file" is missing'))
    >>> problems.raise_if_any()
    Traceback (most recent call last):
    carflow.errors.Problems: samples.csv: 2 problems
      the column "file" is missing
      row 3: day: is empty
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._found: list[tuple[int, SheetError]] = []

    def add(self, number: int, error: SheetError, *, column: str = "") -> None:
        """Note a problem of row `number`; 0 stands for the table as a whole."""
        if column:
            error.at(column)
        self._found.append((number, error.at(f"row {number}") if number else error))

    def __len__(self) -> int:
        return len(self._found)

    def raise_if_any(self) -> None:
        """Raise everything noted so far as `Problems`."""
        if self._found:
            in_order = sorted(self._found, key=lambda found: found[0])
            raise Problems(self.name, [error for _, error in in_order])


class RowReader:
    """Reads the cells of one row, noting what cannot be read."""

    def __init__(self, row: Row, problems: RowProblems) -> None:
        self.number = row.number
        self._cells = row.cells
        self._problems = problems

    def required(self, column: str, parse: Callable[[str], T], *, instead: T, hint: str) -> T:
        """Return the value of a cell that must not be empty; noted problems yield `instead`."""
        if not self._cells[column]:
            self.refuse("is empty", hint=hint, column=column)
            return instead
        return self._parsed(column, parse, instead)

    def optional(self, column: str, parse: Callable[[str], T], *, instead: T) -> T:
        """Return the value of a cell, or `instead` where the table does not give one.

        A missing column, an empty cell and the words of `carflow.study.cells.MISSING_WORDS`
        all mean that no value is given.
        """
        if is_missing(self._cells.get(column, "")):
            return instead
        return self._parsed(column, parse, instead)

    def refuse(self, problem: str, *, hint: str = "", column: str = "") -> None:
        """Note a problem of this row."""
        self._problems.add(self.number, SheetError(problem, hint=hint), column=column)

    def _parsed(self, column: str, parse: Callable[[str], T], instead: T) -> T:
        try:
            return parse(self._cells[column])
        except SheetError as error:
            self._problems.add(self.number, error, column=column)
            return instead
