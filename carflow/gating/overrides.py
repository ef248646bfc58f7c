"""Gates set by hand, as a TOML file beside the lock lists them: each names its reason.

A hand may move a gate that is an interval or a polygon, of one sample or of all; it is listed
in the findings of every run that uses it.
"""

from __future__ import annotations

import tomllib
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from carflow.errors import CarflowError, GatesError, Problems
from carflow.gating.lock import Coordinates, Override


class _OverrideTable(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    population: str
    reason: str = ""
    sample_id: str = ""
    low: FiniteFloat | None = None
    high: FiniteFloat | None = None
    vertices: list[Annotated[tuple[FiniteFloat, FiniteFloat], Field(strict=False)]] = []


def parse_overrides(text: str) -> tuple[Override, ...]:
    """Return the overrides of a TOML text.

    Raises
    ------
    GatesError, Problems
        If it is no TOML, or an override lacks its population, coordinates or reason.

    Examples
    --------
    >>> [override] = parse_overrides('''
    ... [[override]]
    ... population = "CD3+"
    ... sample_id = "P01-d07"
    ... low = 900
    ... reason = "CD3 down-regulated, seen on the dot plot"
    ... ''')
    >>> override.coordinates.low
    900.0
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        raise GatesError(f"is not valid TOML: {message[:1].lower()}{message[1:]}") from None
    entries = document.get("override")
    if set(document) != {"override"} or not isinstance(entries, list):
        raise GatesError("holds no list of overrides", hint="write [[override]] above each")
    found: list[Override] = []
    problems: list[CarflowError] = []
    for number, entry in enumerate(entries, start=1):
        try:
            found.append(_override(_OverrideTable.model_validate(entry)))
        except ValidationError as error:
            problems += [
                GatesError(f'"{one["loc"][0]}": {one["msg"][:1].lower()}{one["msg"][1:]}').at(
                    f"override {number}"
                )
                for one in error.errors(include_url=False)
            ]
        except GatesError as error:
            problems.append(error.at(f"override {number}"))
    if problems:
        raise problems[0] if len(problems) == 1 else Problems("overrides", problems)
    return tuple(found)


def _override(table: _OverrideTable) -> Override:
    return Override(
        population=table.population,
        sample_id=table.sample_id,
        reason=table.reason,
        coordinates=Coordinates(low=table.low, high=table.high, vertices=tuple(table.vertices)),
    )
