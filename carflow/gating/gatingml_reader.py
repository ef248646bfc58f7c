"""A Gating-ML 2.0 document read into a `Strategy`; all that is wrong with it at once.

What carflow writes (`carflow.gating.gatingml`) names its populations and roles in
``custom_info``, so that they come back; of other documents a population is called by its id.

What the standard leaves open, and the answer here: the membership of a gate that is referred
to includes that of its parents; the ratio of two channels is taken of compensated values
where the dimension asks for them; a channel that a matrix does not know stays as acquired;
time is in the units of the file ($TIMESTEP applied where it is known).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from carflow.errors import CarflowError, GatesError, Problems
from carflow.gating.document import (
    DATA,
    GATING,
    MAX_GATES,
    attribute,
    checked_root,
    children,
    local_name,
)
from carflow.gating.gatingml_axes import Axes, already_reported
from carflow.gating.gatingml_gates import gate_drafts, gate_place, is_gate
from carflow.gating.parents import Draft, arrange
from carflow.gating.shapes import Boolean, Interval
from carflow.gating.strategy import Population, Role, Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element as Element  # type: ignore[import-untyped]  # ships no types

    from carflow.gating.shapes import Shape

OWN = "{urn:carflow:gates:1}"  # carflow's namespace in custom_info

_Path = tuple[str, ...]


def parse_gatingml(content: bytes) -> Strategy:
    """Return the strategy of a Gating-ML 2.0 document.

    Parameters
    ----------
    content : bytes
        The document as it lies in the file.

    Raises
    ------
    GatesError, Problems
        If it cannot be used; every problem it has, each with the id of its gate.
    """
    root = checked_root(content)
    _check_kind(root)
    axes = Axes(root)
    drafts, notes, problems = _read_gates(root, axes)
    populations, orphans = arrange(drafts)
    problems = [*axes.problems, *problems, *orphans]
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise Problems("gates", problems)
    own = _own(root, "strategy")
    named = _named(populations, notes)
    return Strategy(
        name=_noted(own, "name") or "gates",
        panel_id=_noted(own, "panel"),
        description=_noted(own, "description"),
        populations=named,
        roles=_roles(populations, named, notes),
        matrices=axes.matrices,
        time="seconds" if _noted(own, "time") == "seconds" else "stored",
        compensation="none" if _noted(own, "compensation") == "none" else "file",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    """What carflow wrote about a gate."""

    name: str = ""
    roles: tuple[str, ...] = ()
    description: str = ""
    shape_of: str = ""


def _check_kind(root: Element) -> None:
    if root.tag == f"{GATING}Gating-ML":
        return
    name = local_name(root)
    if name == "Workspace":
        raise GatesError("is a FlowJo workspace", hint='give it the ending ".wsp"')
    if name == "Gating-ML":
        raise GatesError("is Gating-ML of another version; carflow reads version 2.0")
    raise GatesError(f'is no Gating-ML 2.0 document: its root element is "{name[:40]}"')


def _read_gates(
    root: Element, axes: Axes
) -> tuple[list[Draft], dict[str, _Note], list[CarflowError]]:
    drafts: list[Draft] = []
    notes: dict[str, _Note] = {}
    problems: list[CarflowError] = []
    for element in root:
        try:
            found = list(gate_drafts(element, axes)) if is_gate(element) else []
            notes |= {draft.name: _note(element) for draft in found}
            drafts += found
        except (GatesError, ValueError) as error:
            problem = error if isinstance(error, GatesError) else GatesError(str(error))
            if not already_reported(problem):
                problems.append(problem.at(gate_place(element)))
            found = list(_stand_ins(element))
            notes |= {draft.name: _Note() for draft in found}
            drafts += found
        if len(drafts) > MAX_GATES:
            raise GatesError(f"has more than {MAX_GATES} gates")
    problems += _twice(drafts)
    return _joined(drafts, notes), notes, problems


def _stand_ins(element: Element) -> Iterator[Draft]:
    """Yield a faulty gate as any gate at its place, so that its children are no orphans."""
    parent = attribute(element, "parent_id") or ""
    for one in list(children(element, f"{GATING}Quadrant")) or [element]:
        name = attribute(one, "id")
        if name:
            place = gate_place(element)
            yield Draft(name=name, parent=parent, shape=Interval(), dimensions=(), place=place)


def _twice(drafts: Sequence[Draft]) -> Iterator[GatesError]:
    counts = Counter(draft.name for draft in drafts)
    for name, count in counts.items():
        if count > 1:
            yield GatesError(f"this id is used {count} times").at(f'gate "{name}"')


def _joined(drafts: list[Draft], notes: dict[str, _Note]) -> list[Draft]:
    """Return the drafts with each complement that carflow wrote as two gates made one again."""
    shapes = {notes[draft.name].shape_of: draft for draft in drafts if notes[draft.name].shape_of}
    joined = []
    for draft in drafts:
        if notes[draft.name].shape_of:
            continue
        if draft.name in shapes:
            shape = shapes[draft.name]
            draft = replace(  # noqa: PLW2901  # the same population, as it was
                draft, shape=shape.shape, dimensions=shape.dimensions, outside=True
            )
        joined.append(draft)
    return joined


def _named(populations: tuple[Population, ...], notes: dict[str, _Note]) -> tuple[Population, ...]:
    """Return the populations under the names carflow gave them, where those are sound."""
    names = {one.name: notes[one.name].name or one.name for one in populations}
    paths = {one.name: tuple(names[step] for step in one.path) for one in populations}
    if len(set(paths.values())) < len(paths):
        return populations
    return tuple(
        replace(
            one,
            name=names[one.name],
            path=paths[one.name],
            description=notes[one.name].description,
            shape=_pointing(one.shape, paths),
        )
        for one in populations
    )


def _pointing(shape: Shape, paths: dict[str, _Path]) -> Shape:
    if not isinstance(shape, Boolean):
        return shape
    return replace(
        shape,
        operands=tuple(
            replace(one, population="/".join(paths[one.population])) for one in shape.operands
        ),
    )


def _roles(
    populations: tuple[Population, ...],
    named: tuple[Population, ...],
    notes: dict[str, _Note],
) -> dict[Role, str]:
    known = {role.value: role for role in Role}
    return {
        known[role]: "/".join(called.path)
        for one, called in zip(populations, named, strict=True)
        for role in notes[one.name].roles
        if role in known
    }


def _note(element: Element) -> _Note:
    own = _own(element, "population")
    return _Note(
        name=_noted(own, "name"),
        roles=tuple(_noted(own, "roles").split()),
        description=_noted(own, "description"),
        shape_of=_noted(own, "shape-of"),
    )


def _own(element: Element, name: str) -> Element | None:
    for custom in children(element, f"{DATA}custom_info"):
        for found in children(custom, f"{OWN}{name}"):
            return found
    return None


def _noted(own: Element | None, name: str) -> str:
    return "" if own is None else str(own.get(name, ""))
