"""Many curves in one call: long columns in, one set of parameters for each curve out.

The columns are those of a tidy table, such as the ``quantities.csv`` of a run or a data frame;
rows of one curve need not stand together.

Why a loop over curves and no array of all patients: each curve has its own days, limits and
missing samples, and one set of rules serves one curve and ten thousand. The cost per curve does
not depend on their number, because the interpreter's search for cycles of objects is paused
meanwhile: it would look at all parameters found so far again and again, and they hold none.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from carflow.kinetics.nca import DEFAULT_RULES, Nca, NcaRules, nca_by_rules
from carflow.kinetics.spreads import read_measured
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from carflow.kinetics.columns import PerSample
    from carflow.measure import State

Key = TypeVar("Key", bound="Hashable")


def nca_by_curve(  # noqa: PLR0913  # a public door for plain columns: one keyword each
    keys: Iterable[Key],
    days: Iterable[float],
    values: Iterable[float | None],
    *,
    lloq: PerSample = None,
    states: Iterable[State | str] | None = None,
    n_denominator: PerSample = None,
    cv: PerSample = None,
    unit: Unit = Unit.NONE,
    rules: NcaRules = DEFAULT_RULES,
) -> dict[Key, Nca]:
    """Return the parameters of every curve of a long table, in the order of their first rows.

    Parameters
    ----------
    keys : iterable, (n,)
        What tells curves apart: the subject, or (subject, quantity).
    days, values, lloq, states, n_denominator, cv : columns, (n,)
        As for `carflow.kinetics.nca.nca`; the last four may be single values, or absent.
    unit : Unit
        The unit of all values.
    rules : NcaRules
        Every choice the parameters depend on.

    Raises
    ------
    ValueError
        If columns differ in length, or a curve cannot be read; the message names the curve.

    Examples
    --------
    >>> found = nca_by_curve(["P1", "P2", "P1", "P2"], [7, 7, 14, 14], [9.0, 2.0, 4.0, 5.0])
    >>> {key: course.tmax.value for key, course in found.items()}
    {'P1': 7.0, 'P2': 14.0}
    """
    columns = {
        "days": list(days), "values": list(values), "lloq": _column(lloq),
        "states": _column(states), "n_denominator": _column(n_denominator), "cv": _column(cv),
    }  # fmt: skip
    rows: dict[Key, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    _check_lengths(sum(map(len, rows.values())), columns)
    with _without_search_for_cycles():
        return {key: _course(key, at, columns, unit=unit, rules=rules) for key, at in rows.items()}


@contextmanager
def _without_search_for_cycles() -> Iterator[None]:
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


def _column(cells: object) -> object:
    """Return a column as a list, a single value (a word is one) as it is."""
    return list(cells) if isinstance(cells, Iterable) and not isinstance(cells, str) else cells


def _check_lengths(count: int, columns: dict[str, object]) -> None:
    for name, column in columns.items():
        if isinstance(column, list) and len(column) != count:
            raise ValueError(f"{count} keys, but {len(column)} {name}")


def _course(
    key: Key, at: Sequence[int], columns: dict[str, object], *, unit: Unit, rules: NcaRules
) -> Nca:
    own = {
        name: [column[row] for row in at] if isinstance(column, list) else column
        for name, column in columns.items()
    }
    try:
        series = read_measured(own.pop("days"), own.pop("values"), **own)  # type: ignore[arg-type]  # columns of the caller's types
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
    return nca_by_rules(series, unit=unit, rules=rules)
