"""Columns as callers have them: lists, arrays, data frame columns, iterators, words in them.

Everything becomes plain lists of plain cells here, once, at the door.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from carflow.errors import SheetError
from carflow.study.cells import NumberGrammar
from carflow.study.readings import parse_value

if TYPE_CHECKING:
    from carflow.measure import State

Cell = float | str | None
"""A value as a table has it: a number, a word of the laboratory, or nothing."""
PerSample = float | None | Iterable[float | None]
_NUMBERS = NumberGrammar()


def is_column(cells: object) -> bool:
    """Return whether something is a column and no single value; a word is a single value."""
    return isinstance(cells, Iterable) and not isinstance(cells, str)


def column(cells: Any, name: str) -> list[Any]:
    """Return a column as a list; masked cells of a numpy array become None.

    Raises
    ------
    ValueError
        If it is no column of single cells.

    Examples
    --------
    >>> column((1, 4), "days"), column(iter([2.5]), "values")
    ([1, 4], [2.5])
    """
    if not is_column(cells) or getattr(cells, "ndim", 1) != 1:
        raise ValueError(f"{name} are one column of cells, got {_called(cells)}")
    if getattr(getattr(cells, "dtype", None), "kind", "") in {"m", "M"}:
        raise ValueError(f"{name} are plain numbers, got dates or durations")
    return cells.tolist() if hasattr(cells, "tolist") else list(cells)


def _called(cells: object) -> str:
    dimensions = getattr(cells, "ndim", None)
    if dimensions is not None and dimensions != 1:
        return f"something of {dimensions} dimensions"
    return repr(cells)


def without_words(
    values: list[Any], states: Sequence[State | str | None] | None, limits: Any
) -> tuple[list[Any], Sequence[State | str | None] | None, Any]:
    """Return values, states and limits with words of a laboratory turned into states.

    ``BLQ`` and ``<0.5`` lie below a limit, ``ND`` was not detected, ``NA`` is missing. States
    that are given go before words, and so do limits.

    Raises
    ------
    ValueError
        If a word says nothing known.

    Examples
    --------
    >>> values, states, limits = without_words(["<0.5", 12.3, "ND"], None, None)
    >>> values, [state and str(state) for state in states], limits
    ([None, 12.3, None], ['DET_BLQ', None, 'ND'], [0.5, None, None])
    """
    if not any(isinstance(value, str) for value in values):
        return values, states, limits
    told: list[State | str | None] = [None] * len(values) if states is None else list(states)
    known: list[Any] = limits if isinstance(limits, list) else [limits] * len(values)
    if not len(told) == len(known) == len(values):
        return values, states, limits  # told by whoever reads the columns
    numbers = list(values)
    for at, value in enumerate(values):
        if not isinstance(value, str):
            continue
        try:
            reading = parse_value(value, _NUMBERS)
        except SheetError as error:
            raise ValueError(f"a value is a number or empty: {error}") from None
        numbers[at] = reading.value
        if reading.value is None:
            told[at] = told[at] if told[at] is not None else reading.state
            known[at] = known[at] if known[at] is not None else reading.below
    return numbers, told, known
