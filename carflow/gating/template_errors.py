"""What pydantic finds wrong with a gate template, in the words of the person who wrote it.

The place is named as the file shows it (``population "CAR+": polygon: vertex 2``), never by
list indices or class names.
"""

from __future__ import annotations

import difflib
from itertools import pairwise
from typing import TYPE_CHECKING

from carflow.errors import GatesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_TYPES = {
    "string_type": "text in quotes",
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "list_type": "a list",
    "tuple_type": "a pair in brackets, as in [0, 1000]",
}
_FIXED = {
    "missing": ("has too few numbers", "write a pair, as in [0, 1000]"),
    "too_long": ("has too many numbers", "write a pair, as in [0, 1000]"),
    "too_short": ("is empty", "add at least one [[population]]"),
}
_LISTED = {"population": "population", "plot": "plot", "vertices": "vertex"}
_FORMS = {"MarkerTable", "NotTable"}  # where text stands for the simplest table
_HIDDEN = {"[key]", "str", *_FORMS}  # pydantic's own words in a place


def template_errors(
    error: ValidationError, document: Mapping[str, object], keys: Callable[[str], Iterable[str]]
) -> list[GatesError]:
    """Return one error with its place for each thing pydantic found.

    Parameters
    ----------
    document : mapping
        The file as TOML gave it, for the names of populations.
    keys : callable
        Gives the known keys of a table by the table's own key ("" for the whole file).
    """
    problems: dict[str, GatesError] = {}
    for detail in error.errors(include_url=False, include_context=True):
        if _is_other_form(detail):
            continue
        problem = _problem(detail, keys)
        for place in reversed(_places(detail, document)):
            problem = problem.at(place)
        problems.setdefault(str(problem), problem)
    return list(problems.values())


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the likely intention, or everything that is known.

    Examples
    --------
    >>> did_you_mean("vertexes", ["x", "y", "vertices"])
    'did you mean "vertices"?'
    >>> did_you_mean("colour", ["x", "y"])
    'known: x, y'
    """
    choices = {choice.casefold(): choice for choice in known}
    # markers differ in one character: "CD9" must not be answered with "CD3"
    close = difflib.get_close_matches(name.casefold(), choices, n=1, cutoff=0.7)
    if close:
        return f'did you mean "{choices[close[0]]}"?'
    return f"known: {', '.join(choices.values())}"


def _problem(detail: ErrorDetails, keys: Callable[[str], Iterable[str]]) -> GatesError:
    kind, last = detail["type"], detail["loc"][-1]
    if kind == "extra_forbidden":
        hint = did_you_mean(str(last), keys(_table(detail)))
        return GatesError(f'unknown key "{last}"', hint=hint)
    if kind == "missing" and isinstance(last, str):
        return GatesError(f'needs "{last}"')
    if kind in {"literal_error", "enum"}:
        return _not_among(detail)
    problem, hint = _FIXED.get(kind, (detail["msg"][:1].lower() + detail["msg"][1:], ""))
    if kind in _TYPES:
        problem = f"must be {_TYPES[kind]}, found {_shown(detail['input'])}"
    return GatesError(problem, hint=hint)


def _is_other_form(detail: ErrorDetails) -> bool:
    """Tell whether pydantic only says that an entry was written in the other of two forms."""
    last, found = detail["loc"][-1], detail["input"]
    return (last == "str" and isinstance(found, dict)) or (
        last in _FORMS and not isinstance(found, dict)
    )


def _not_among(detail: ErrorDetails) -> GatesError:
    expected = str(detail.get("ctx", {}).get("expected", ""))
    choices = [choice.strip(" '") for choice in expected.replace(" or ", ", ").split(",")]
    found = detail["input"]
    return GatesError(f"{_shown(found)} is not known", hint=did_you_mean(str(found), choices))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (int, float)):
        return f"{value:g}"
    return "a table" if isinstance(value, dict) else "a list"


def _table(detail: ErrorDetails) -> str:
    """Return the key of the table an unknown key stands in; "" for the whole file."""
    named = [str(part) for part in detail["loc"][:-1] if not isinstance(part, int)]
    if named[:1] in (["scales"], ["markers"]):
        return named[0]
    return named[-1] if named else ""


def _places(detail: ErrorDetails, document: Mapping[str, object]) -> list[str]:
    """Return the place of a problem from the outside in."""
    loc = list(detail["loc"])
    if detail["type"] == "missing" or (
        detail["type"] == "extra_forbidden" and not isinstance(loc[-1], int)
    ):
        loc.pop()
    places: list[str] = []
    for part, following in pairwise([*loc, None]):
        if part in _HIDDEN:
            continue
        if isinstance(part, int):
            places[-1] = _numbered(places[-1], part, document)
        elif part in _LISTED and isinstance(following, int):
            places.append(_LISTED[part])
        else:
            places.append(str(part))
    return places


def _numbered(word: str, index: int, document: Mapping[str, object]) -> str:
    if word == "population":
        listed = document.get("population")
        entry = listed[index] if isinstance(listed, list) else None
        name = entry.get("name") if isinstance(entry, dict) else None
        if isinstance(name, str):
            return f'population "{name}"'
    if word in _LISTED.values():
        return f"{word} {index + 1}"
    return f"{word}: number {index + 1}"
