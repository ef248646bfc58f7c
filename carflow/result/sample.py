"""What a run keeps of one tube: counts, quantities, small gate pictures, or its failure.

No events and no file names; everything here is plain, frozen and written to result.json.
"""

from __future__ import annotations

from dataclasses import dataclass

from carflow.cleaning.stability import Stability
from carflow.errors import CarflowError, Problems
from carflow.quantify.cut_shift import CutShift
from carflow.quantify.quantity import Quantity
from carflow.study.model import SampleType


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationCount:
    """The events of one population; `parent` is "" for a population of all events."""

    population: str
    parent: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A place on an axis in scale space; minor ticks have no label."""

    position: float
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis of a gate picture: its marker, its span in scale space, its ticks."""

    name: str
    low: float
    high: float
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePicture:
    """A small density grid that stands in for the events, with one gate drawn on it.

    `counts` are ``bins * bins`` events, row by row from the lowest y; `outline` is the gate
    as a closed polygon in scale space, cut at the axes.
    """

    population: str
    x: Axis
    y: Axis
    bins: int
    counts: tuple[int, ...]
    gate: str
    gate_parent: str
    gate_count: int
    gate_parent_count: int
    outline: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a tube has no result: a code and a sentence that may be passed on."""

    code: str
    sentence: str

    @classmethod
    def of(cls, error: CarflowError | Problems) -> Failure:
        """Return an error without its place, which names a file.

        Examples
        --------
        >>> Failure.of(CarflowError("is empty", code="FCS-EMPTY").at("day07.fcs")).sentence
        'is empty'
        """
        if not isinstance(error, Problems):
            return cls(code=error.code, sentence=error.without_place())
        first = error.exceptions[0]
        sentences = "; ".join(
            one.without_place() for one in error.exceptions if isinstance(one, CarflowError)
        )
        code = first.code if isinstance(first, CarflowError) else "SEVERAL"
        return cls(code=code, sentence=sentences)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleResult:
    """One row of the sheet, carried through the run; a failed tube keeps its row.

    `n_events` are all events of the file. Of them `n_removed` were left out before gating, with
    the stretches of time that `stability` names; 0 unless the gate file asks for removal.
    `cut_shifts` are its CAR+ quantities with the CAR cut moved, where the cut can be moved.
    """

    sample_id: str
    subject_id: str
    day: float
    sample_type: SampleType
    visit_label: str = ""
    gates_name: str = ""
    n_events: int | None = None
    n_nonfinite: int = 0
    n_removed: int = 0
    populations: tuple[PopulationCount, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    pictures: tuple[GatePicture, ...] = ()
    failure: Failure | None = None
    stability: Stability | None = None
    cut_shifts: tuple[CutShift, ...] = ()

    def quantity(self, name: str) -> Quantity | None:
        """Return the quantity of that name, or None where the tube has none."""
        return next((found for found in self.quantities if found.name == name), None)
