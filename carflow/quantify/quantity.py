"""The declaration of every reported quantity: its name, unit, digits and what it is.

A quantity is declared once; tables, figures and the report read the declaration.
"""

from __future__ import annotations

from dataclasses import dataclass

from carflow.measure import Measure
from carflow.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a quantity is, for tables and figures."""

    name: str
    label: str
    unit: Unit
    digits: int
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One measured quantity of one tube, with the two counts it rests on.

    `lob`, `lod` and `lloq` are those of this tube, in the unit of the measure; None where no
    limit applies. `lob` needs a control.
    """

    name: str
    method: str
    measure: Measure
    n_numerator: int | None = None
    n_denominator: int | None = None
    lod: float | None = None
    lloq: float | None = None
    lob: float | None = None
