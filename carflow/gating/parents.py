"""Populations as a gate file lists them, each naming its parent, made into a tree of paths.

A parent is named by its shortest unambiguous path and may stand anywhere in the file. The
order of the file is kept, but for parents that stand after their children.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.errors import GatesError
from carflow.gating.shapes import Boolean, Shape
from carflow.gating.strategy import Dimension, Population, find_population, short_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_Path = tuple[str, ...]
_Numbers = dict[int, None]  # in the order in which they were named


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One population of a gate file, before its parent is found.

    `parent` is "" for a population of all events; `place` says where the file has it.
    """

    name: str
    parent: str
    shape: Shape
    dimensions: tuple[Dimension, ...]
    place: str
    description: str = ""
    outside: bool = False


def arrange(drafts: Sequence[Draft]) -> tuple[tuple[Population, ...], list[GatesError]]:
    """Return the populations, parents before children, and what kept the others out.

    Parameters
    ----------
    drafts : sequence of Draft
        In the order of the file.

    Returns
    -------
    populations : tuple of Population
        Those whose ancestors are all defined.
    problems : list of GatesError
        One for each parent that is missing, ambiguous or its own descendant; a population
        below such a one is not reported again.
    """
    parents: dict[int, int | None] = {}
    problems: dict[int, GatesError] = {}
    paths: dict[int, _Path] = {}
    named: dict[str, list[int]] = {}
    for number, draft in enumerate(drafts):
        named.setdefault(draft.name, []).append(number)
    while _resolve_some(drafts, named, parents, problems, paths):
        pass
    problems |= _circles(drafts, problems, paths)
    needed = {
        number: {} if parent is None else {parent: None} for number, parent in parents.items()
    }
    if not problems:
        needed, problems = _with_operands(drafts, needed, paths)
    order = _order(needed)
    for number in sorted(set(paths) - set(order) - set(problems)):
        circle = GatesError("its boolean gates and parents form a circle")
        problems[number] = circle
    ordered = tuple(_population(drafts[number], paths[number]) for number in order)
    return ordered, _each_once(drafts, problems)


def _resolve_some(
    drafts: Sequence[Draft],
    named: Mapping[str, list[int]],
    parents: dict[int, int | None],
    problems: dict[int, GatesError],
    paths: dict[int, _Path],
) -> bool:
    """Find the path of every draft whose parent's path is known by now."""
    progress = False
    for number, draft in enumerate(drafts):
        if number in paths or number in problems:
            continue
        if not draft.parent:
            parents[number], paths[number] = None, (draft.name,)
            progress = True
            continue
        try:
            parent = _parent(drafts, number, named, paths)
        except GatesError as error:
            problems[number] = error
            progress = True
            continue
        if parent is not None and parent in paths:
            parents[number], paths[number] = parent, (*paths[parent], draft.name)
            progress = True
    return progress


def _parent(
    drafts: Sequence[Draft], number: int, named: Mapping[str, list[int]], paths: dict[int, _Path]
) -> int | None:
    """Return the number of a draft's parent, None where that cannot be told yet."""
    wanted = drafts[number].parent
    ending = tuple(wanted.split("/"))
    others = [i for i in named.get(ending[-1], []) if i != number]
    if any(i not in paths for i in others):
        return None
    found = [i for i in others if paths[i][-len(ending) :] == ending]
    whole = [i for i in found if paths[i] == ending]
    # siblings of one name are reported where names are judged
    if whole or len({paths[i] for i in found}) == 1:
        return (whole or found)[0]
    if found:
        choices = ", ".join(short_path(paths[i], [paths[j] for j in others]) for i in found)
        raise GatesError(f'parent "{wanted}" is ambiguous', hint=f"say which: {choices}")
    own = drafts[number].place
    defined = dict.fromkeys(draft.name for draft in drafts if draft.place != own)
    raise GatesError(
        f'parent "{wanted}" is not defined', hint=f"defined: {', '.join(defined) or 'none'}"
    )


def _circles(
    drafts: Sequence[Draft],
    problems: dict[int, GatesError],
    paths: dict[int, _Path],
) -> dict[int, GatesError]:
    """Return a problem for each circle of parents among the drafts that are left."""
    names = {draft.name: number for number, draft in reversed([*enumerate(drafts)])}
    found: dict[int, GatesError] = {}
    seen: set[int] = set()
    for start in range(len(drafts)):
        chain: list[int] = []
        number: int | None = start
        while number is not None and number not in paths and number not in problems:
            if number in chain:
                circle = [drafts[i].name for i in (*chain[chain.index(number) :], number)]
                found[number] = GatesError(f"its parents form a circle: {' → '.join(circle)}")
                break
            if number in seen:
                break
            chain.append(number)
            seen.add(number)
            number = names.get(drafts[number].parent.rsplit("/", maxsplit=1)[-1])
    return found


def _with_operands(
    drafts: Sequence[Draft], needed: dict[int, _Numbers], paths: dict[int, _Path]
) -> tuple[dict[int, _Numbers], dict[int, GatesError]]:
    """Return the drafts each draft needs, its boolean operands included, and what is missing."""
    everything = tuple(_population(drafts[number], path) for number, path in paths.items())
    numbers = {path: number for number, path in paths.items()}
    problems: dict[int, GatesError] = {}
    for number, draft in enumerate(drafts):
        if number not in paths or not isinstance(draft.shape, Boolean):
            continue
        try:
            found = [find_population(everything, one.population) for one in draft.shape.operands]
        except GatesError as error:
            problems[number] = error
            continue
        needed[number] = needed[number] | dict.fromkeys(numbers[one.path] for one in found)
    return needed, problems


def _order(needed: Mapping[int, _Numbers]) -> list[int]:
    """Return the drafts in the order of the file, but each after those it needs.

    Those that need each other in a circle, and what needs them, are left out.
    """
    done: dict[int, None] = {}
    open_: dict[int, None] = {}  # being looked at, and those that wait for them
    for first in sorted(needed):
        waiting = [first]
        while waiting:
            number = waiting[-1]
            missing = [other for other in needed[number] if other not in done]
            if missing and not any(other in open_ for other in missing):
                open_[number] = None
                waiting.append(missing[0])
                continue
            if not missing:
                done[number] = None
            waiting.pop()
    return list(done)


def _population(draft: Draft, path: _Path) -> Population:
    return Population(
        name=draft.name,
        path=path,
        shape=draft.shape,
        dimensions=draft.dimensions,
        description=draft.description,
        outside=draft.outside,
    )


def _each_once(drafts: Sequence[Draft], problems: dict[int, GatesError]) -> list[GatesError]:
    """Return the problems with their places; the cells of a quadrant share theirs."""
    placed = [problems[number].at(drafts[number].place) for number in sorted(problems)]
    return list({str(problem): problem for problem in placed}.values())
