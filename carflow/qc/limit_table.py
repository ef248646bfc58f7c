"""Limits as a laboratory writes them, in the table ``[qc]`` of its gate file, read into `QcLimits`.

No default lives here, and no file is opened: whoever reads the file hands the table over.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from carflow.errors import CarflowError, GatesError, Problems
from carflow.gating.template_errors import did_you_mean
from carflow.qc.limits import QcLimits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PLACE = "qc"


def limits_from_table(table: Mapping[str, object]) -> QcLimits:
    """Return the limits of a table; what it does not name keeps its default.

    Parameters
    ----------
    table : Mapping[str, object]
        Names of `QcLimits` to numbers, as TOML gives them.

    Raises
    ------
    GatesError, Problems
        If a name is unknown, a value is no number, or the limits contradict each other; all
        problems together, each with its place.

    Examples
    --------
    >>> limits_from_table({"events_warn": 50_000, "voltage_fail_v": 5}).events_warn
    50000
    >>> limits_from_table({"event_warn": 50_000})
    Traceback (most recent call last):
    ...
    carflow.errors.GatesError: qc: unknown key "event_warn" (did you mean "events_warn"?)
    """
    problems: list[CarflowError] = [*_problems(table)]
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise Problems("gates", problems)
    kinds = _whole_numbers()
    numbers = {name: value if kinds[name] else float(value) for name, value in table.items()}  # type: ignore[arg-type]  # _problems found numbers only
    try:
        return QcLimits(**numbers)  # type: ignore[arg-type]  # and the right kind of each
    except ValueError as error:
        raise GatesError(str(error)).at(_PLACE) from None


def _whole_numbers() -> dict[str, bool]:
    """Return for each limit whether it is a count."""
    return {one.name: isinstance(one.default, int) for one in fields(QcLimits)}


def _problems(table: Mapping[str, object]) -> Iterator[GatesError]:
    kinds = _whole_numbers()
    for name, value in table.items():
        if name not in kinds:
            hint = did_you_mean(name, kinds)
            yield GatesError(f'unknown key "{name}"', hint=hint).at(_PLACE)
            continue
        wanted = (int,) if kinds[name] else (int, float)
        if isinstance(value, bool) or not isinstance(value, wanted):
            noun = "a whole number" if kinds[name] else "a number"
            problem = GatesError(f"must be {noun}, found {_shown(value)}")
            yield problem.at(name).at(_PLACE)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (int, float)):
        return f"{value:g}"
    return "a table" if isinstance(value, dict) else "a list"
