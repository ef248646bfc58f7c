"""XML that comes from elsewhere: parsed without opening or fetching anything, and measured.

No DOCTYPE is accepted, hence no entity; size, depth and number of gates have their caps;
every number is finite. Nothing here knows what a gate is.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from carflow.errors import GatesError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element as Element  # type: ignore[import-untyped]  # ships no types

MAX_BYTES = 50_000_000
MAX_DEPTH = 100
MAX_GATES = 500

_STANDARD = "http://www.isac-net.org/std/Gating-ML/v2.0"
GATING, TRANSFORMS, DATA = (
    f"{{{_STANDARD}/{part}}}" for part in ("gating", "transformations", "datatypes")
)
# the form of xsd:double; Python's own would take "1_000" and "nan"
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


def checked_root(content: bytes) -> Element:
    """Return the root of an XML document.

    Raises
    ------
    GatesError
        If it is too large or too deep, has a DOCTYPE, or is not well-formed.

    Examples
    --------
    >>> checked_root(b"<a><b/></a>").tag
    'a'
    """
    from lxml import etree  # type: ignore[import-untyped]  # ships no types

    if len(content) > MAX_BYTES:
        raise GatesError(
            f"holds {len(content) / 1e6:.0f} MB; gate files have at most {MAX_BYTES // 10**6}"
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        line = f" (line {error.lineno})" if error.lineno else ""
        raise GatesError(f"is not well-formed XML{line}", hint="export it again") from None
    info = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None or info.externalDTD is not None:
        raise GatesError(
            "has a DOCTYPE, which carflow does not accept", hint="remove it; gates need none"
        )
    _check_depth(root)
    return root


def _check_depth(root: Element) -> None:
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return
    raise GatesError(f"is nested more than {MAX_DEPTH} elements deep")


def attribute(element: Element, name: str, space: str = GATING) -> str | None:
    """Return an attribute of the standard's namespace, or without one; None where absent."""
    found: str | None = element.get(space + name, element.get(name))
    return found


def needed(element: Element, name: str, space: str = GATING) -> str:
    """Return an attribute that must be there.

    Raises
    ------
    GatesError
        If it is absent or empty.
    """
    found = attribute(element, name, space)
    if not found:
        raise GatesError(f'"{local_name(element)}" needs "{name}"')
    return found


def number(element: Element, name: str, space: str = GATING) -> float | None:
    """Return an attribute as a finite number; None where absent.

    Raises
    ------
    GatesError
        If it is no finite number.
    """
    text = attribute(element, name, space)
    return None if text is None else finite(text, name)


def needed_number(element: Element, name: str, space: str = GATING) -> float:
    """Return an attribute that must be there as a finite number."""
    return finite(needed(element, name, space), name)


def finite(text: str, name: str) -> float:
    """Return the number a text holds.

    Raises
    ------
    GatesError
        If it is no number, or larger than any number.
    """
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise GatesError(f'"{name}" must be a finite number, found "{text.strip()[:40]}"')
    return value


def children(element: Element, *names: str) -> Iterator[Element]:
    """Yield the child elements of any of these whole names (with namespace), in their order."""
    yield from (child for child in element if child.tag in names)


def only_child(element: Element, *names: str) -> Element:
    """Return the one child of these names.

    Raises
    ------
    GatesError
        If there is none, or several.
    """
    found = list(children(element, *names))
    if len(found) != 1:
        wanted = " or ".join(f'"{name.rpartition("}")[2]}"' for name in names)
        raise GatesError(f'"{local_name(element)}" needs exactly one {wanted}, found {len(found)}')
    return found[0]


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace; "" for a comment."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
