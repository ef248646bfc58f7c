"""The axes of a Gating-ML 2.0 document: its transformations, matrices and dimensions.

References
----------
Spidlen J et al. Gating-ML 2.0, ISAC 2013, sections 5 (compensation) and 6 (transformations).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from carflow.errors import CarflowError, GatesError
from carflow.gating.document import (
    DATA,
    TRANSFORMS,
    attribute,
    children,
    local_name,
    needed,
    needed_number,
    number,
    only_child,
)
from carflow.gating.matrices import Matrix
from carflow.gating.scales import (
    Asinh,
    Bounded,
    Hyperlog,
    Identity,
    Linear,
    Log,
    Logicle,
    Scale,
    Unbounded,
)
from carflow.gating.strategy import Dimension, Ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml.etree import _Element as Element  # type: ignore[import-untyped]  # ships no types

_SCALES: dict[str, tuple[Callable[..., Unbounded], str]] = {
    "flin": (Linear, "TA"),
    "flog": (Log, "TM"),
    "fasinh": (Asinh, "TMA"),
    "logicle": (Logicle, "TWMA"),
    "hyperlog": (Hyperlog, "TWMA"),
}
_NAMED = f"{DATA}fcs-dimension"
_NEW = f"{DATA}new-dimension"
_NO_MATRIX = {"FCS", "uncompensated"}


class Axes:
    """The transformations and matrices of a document, by id, and what is wrong with them."""

    def __init__(self, root: Element) -> None:
        self.matrices: dict[str, Matrix] = {}
        self.problems: list[CarflowError] = []
        self._scales: dict[str, Scale] = {}
        self._ratios: dict[str, Ratio] = {}
        self._faulty: set[str] = set()
        for element in children(root, f"{TRANSFORMS}transformation", f"{TRANSFORMS}spectrumMatrix"):
            self._add(element)

    def dimension(self, element: Element) -> Dimension:
        """Return the dimension that a ``dimension`` or ``divider`` element describes.

        Raises
        ------
        GatesError
            If it refers to what is not there.
        """
        matrix = needed(element, "compensation-ref")
        if matrix not in _NO_MATRIX and matrix not in self.matrices:
            self._refuse(matrix, "spectrumMatrix")
        plain = Dimension(
            name="",
            scale=self._scale(attribute(element, "transformation-ref")),
            compensated=matrix != "uncompensated",
            matrix="" if matrix in _NO_MATRIX else matrix,
        )
        what = only_child(element, _NAMED, _NEW)
        if what.tag == _NAMED:
            return replace(plain, name=needed(what, "name", DATA))
        reference = needed(what, "transformation-ref", DATA)
        if reference not in self._ratios:
            self._refuse(reference, "fratio")
        ratio = self._ratios[reference]
        return replace(plain, name=f"{ratio.numerator} / {ratio.denominator}", ratio=ratio)

    def _scale(self, reference: str | None) -> Scale:
        if reference is None:
            return Identity()
        if reference not in self._scales:
            self._refuse(reference, "transformation of one dimension")
        return self._scales[reference]

    def _refuse(self, reference: str, kind: str) -> None:
        if reference in self._faulty:
            raise _AlreadyReportedError(f'"{reference}" is faulty')
        raise GatesError(f'refers to "{reference}", but there is no {kind} of that id')

    def _add(self, element: Element) -> None:
        kind = local_name(element)
        name = attribute(element, "id", TRANSFORMS) or ""
        try:
            needed(element, "id", TRANSFORMS)
            self._check_new(name)
            if kind == "spectrumMatrix":
                self.matrices[name] = _matrix(element)
            else:
                self._add_transformation(element, name)
        except (GatesError, ValueError) as error:
            self._faulty.add(name)
            problem = error if isinstance(error, GatesError) else GatesError(str(error))
            self.problems.append(problem.at(f'{kind} "{name}"'))

    def _check_new(self, name: str) -> None:
        if name in self._scales | self._ratios | self.matrices or name in _NO_MATRIX:
            raise GatesError("this id is used twice, or has a meaning of its own")

    def _add_transformation(self, element: Element, name: str) -> None:
        known = (f"{TRANSFORMS}{kind}" for kind in (*_SCALES, "fratio"))
        what = only_child(element, *known)
        low, high = number(element, "boundMin", TRANSFORMS), number(element, "boundMax", TRANSFORMS)
        low = -math.inf if low is None else low
        high = math.inf if high is None else high
        if local_name(what) == "fratio":
            self._ratios[name] = _ratio(what, low, high)
            return
        make, letters = _SCALES[local_name(what)]
        parameters = {letter.lower(): needed_number(what, letter, TRANSFORMS) for letter in letters}
        scale = make(**parameters)
        bounded = math.isfinite(low) or math.isfinite(high)
        self._scales[name] = Bounded(scale=scale, low=low, high=high) if bounded else scale


class _AlreadyReportedError(GatesError):
    """Refers to something faulty; the fault itself has been reported."""


def already_reported(error: CarflowError) -> bool:
    """Tell whether an error only follows from another that is reported."""
    return isinstance(error, _AlreadyReportedError)


def _ratio(element: Element, low: float, high: float) -> Ratio:
    names = [needed(one, "name", DATA) for one in children(element, _NAMED)]
    if len(names) != 2:
        raise GatesError(f"a ratio is of two dimensions, found {len(names)}")
    a, b, c = (needed_number(element, letter, TRANSFORMS) for letter in "ABC")
    return Ratio(numerator=names[0], denominator=names[1], a=a, b=b, c=c, low=low, high=high)


def _matrix(element: Element) -> Matrix:
    flag = attribute(element, "matrix-inverted-already", TRANSFORMS) or "false"
    dyes, detectors = (
        tuple(
            needed(one, "name", DATA)
            for one in children(only_child(element, f"{TRANSFORMS}{part}"), _NAMED)
        )
        for part in ("fluorochromes", "detectors")
    )
    rows = tuple(
        tuple(
            needed_number(one, "value", TRANSFORMS)
            for one in children(row, f"{TRANSFORMS}coefficient")
        )
        for row in children(element, f"{TRANSFORMS}spectrum")
    )
    return Matrix(dyes=dyes, detectors=detectors, rows=rows, inverted=truth(flag))


def truth(text: str) -> bool:
    """Return the value of an xsd:boolean.

    Raises
    ------
    GatesError
        If it is none.
    """
    known = {"true": True, "1": True, "false": False, "0": False}
    if text.strip() not in known:
        raise GatesError(f'must be "true" or "false", found "{text.strip()[:40]}"')
    return known[text.strip()]


def dimensions(element: Element, axes: Axes, *names: str) -> Iterator[Dimension]:
    """Yield the dimensions of a gate, in the order of its axes."""
    for child in children(element, *names):
        yield axes.dimension(child)
