"""Gates as they were found and frozen: every coordinate with its provenance, as plain values.

What lives here: the record, and its form as JSON (``gates.lock.json``). How a gate is found is
told in `carflow.gate_fit`, how a strategy gets its coordinates in `carflow.gating.freezing`.

Decisions
---------
* The lock holds the template's own text. Applying reads the lock and nothing else, so a
  template that is edited later cannot move a gate that is frozen.
* Coordinates are linear intensities, rounded to six digits, as a person would write them; the
  rounded number is the gate, here and in every re-run.
* Batches are told apart by a hash of panel, cytometer, voltages and reagent lot: a lock may
  be passed on, and free text out of a file may not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from carflow.errors import GatesError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import TypeAdapter

SCHEMA = "carflow-gates-lock-1"
BATCH_MEDIAN = "batch median"
OTHER_BATCH = "another batch"
TEMPLATE = "template"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinates:
    """What a gate is frozen at, in linear intensities: bounds, or the corners of a polygon."""

    low: float | None = None
    high: float | None = None
    vertices: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The density that led to a gate, thinned out for a picture.

    Parameters
    ----------
    axis : str
        Marker or channel, or the ratio of two.
    low, high : float
        Scale coordinates of the first and the last height.
    heights : tuple of float
        Density on an even grid, the highest 1.
    place : float, optional
        Where the gate was found on this axis.
    """

    axis: str
    low: float
    high: float
    heights: tuple[float, ...]
    place: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenGate:
    """One gate as frozen, for one sample, for a subject, or for a whole batch.

    Parameters
    ----------
    population : str
        Short name of the population.
    batch : str
        Id of the batch it holds for.
    sample_id, subject_id : str
        Whom it holds for; both "" means everyone of the batch that has no gate of their own.
    coordinates : Coordinates
        Where the gate lies.
    fallback : str
        "" where it was found, or "batch median", "another batch" or "template".
    reason : str
        How it was found, or why it was not.
    quality : float, optional
        0 to 1.
    n_events : int
        Events it rests on.
    donors : tuple of str
        Samples whose events it was found in.
    percentile : float, optional
        The percentile of the controls that was taken [%].
    lower_percentile_cut : float, optional
        Where the 95th percentile of the controls lies, for dim reagents.
    sensitivity, sensitivity_error : float, optional
        For dim reagents, the share of CAR+ cells that lie above the cut, 0 to 1, and its
        standard error.
    lower_sensitivity, lower_sensitivity_error : float, optional
        The same of `lower_percentile_cut`.
    guard : (low, high), optional
        The range it had to lie in.
    trace : Trace, optional
        The density that led to it.
    """

    population: str
    batch: str
    coordinates: Coordinates
    method: str
    scope: str
    sample_id: str = ""
    subject_id: str = ""
    fallback: str = ""
    reason: str = ""
    quality: float | None = None
    n_events: int = 0
    donors: tuple[str, ...] = ()
    percentile: float | None = None
    lower_percentile_cut: float | None = None
    sensitivity: float | None = None
    sensitivity_error: float | None = None
    lower_sensitivity: float | None = None
    lower_sensitivity_error: float | None = None
    guard: tuple[float | None, float | None] | None = None
    trace: Trace | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A gate set by hand: for one sample, or with `sample_id` "" for all. It says why."""

    population: str
    coordinates: Coordinates
    reason: str
    sample_id: str = ""

    def __post_init__(self) -> None:
        place = f'override of "{self.population}"'
        if not self.reason.strip():
            raise GatesError("needs a reason", hint='reason = "…"').at(place)
        bounds = self.coordinates
        if bounds.low is None and bounds.high is None and not bounds.vertices:
            raise GatesError('needs "low", "high" or "vertices"').at(place)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedTube:
    """A tube the gates were frozen for."""

    sample_id: str
    subject_id: str
    batch: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """All gates of one template, frozen.

    Parameters
    ----------
    template : str
        The text of the template.
    template_sha256 : str
        Hash of what its fixed gates do.
    versions : mapping of str to str
        With which software the gates were found.
    sheet_sha256 : str
        Of the sample sheet.
    """

    name: str
    panel_id: str
    template: str = field(repr=False)
    template_sha256: str
    versions: Mapping[str, str]
    sheet_sha256: str
    tubes: tuple[LockedTube, ...]
    gates: tuple[FrozenGate, ...]
    overrides: tuple[Override, ...] = ()

    @property
    def sha256(self) -> str:
        """A hash of everything the lock says."""
        return hashlib.sha256(lock_text((self,)).encode("utf-8")).hexdigest()

    def with_gates(self, gates: tuple[FrozenGate, ...]) -> Lock:
        """Return the lock with other gates."""
        return replace(self, gates=gates)

    def tube(self, sample_id: str) -> LockedTube | None:
        """Return the tube of that name, None if the gates were frozen without it."""
        return next((one for one in self.tubes if one.sample_id == sample_id), None)

    def batches(self) -> tuple[str, ...]:
        """Return the ids of the batches, that with the most tubes first."""
        ids = [tube.batch for tube in self.tubes]
        return tuple(sorted(dict.fromkeys(ids), key=lambda one: -ids.count(one)))

    def gates_of(self, *, sample_id: str, subject_id: str, batch: str) -> dict[str, FrozenGate]:
        """Return the gate of each estimated population of one tube.

        A tube has its own, or that of its subject, or that of its batch; a tube of a batch
        that the lock does not know has those of the largest batch.
        """
        known = self.batches()
        batch = batch if batch in known or not known else known[0]
        found: dict[str, tuple[int, FrozenGate]] = {}
        for one in self.gates:
            if one.batch != batch:
                continue
            rank = 0 if one.sample_id else 1 if one.subject_id else 2
            if (rank == 0 and one.sample_id != sample_id) or (
                rank == 1 and one.subject_id != subject_id
            ):
                continue
            if one.population not in found or rank < found[one.population][0]:
                found[one.population] = rank, one
        return {name: gate for name, (_, gate) in found.items()}

    def overrides_of(self, sample_id: str) -> tuple[Override, ...]:
        """Return the gates set by hand for a tube; those for it alone come last and win."""
        shared = [one for one in self.overrides if not one.sample_id]
        return (*shared, *(one for one in self.overrides if one.sample_id == sample_id))


def batch_id(*, panel_id: str, instrument: str, voltages: Sequence[str], lot: str) -> str:
    """Return the id of a batch: tubes that may share a cut on one axis.

    Examples
    --------
    >>> one = batch_id(panel_id="p", instrument="", voltages=("450",), lot="")
    >>> one == batch_id(panel_id="p", instrument="", voltages=("460",), lot="")
    False
    """
    content = json.dumps([panel_id, instrument, list(voltages), lot], ensure_ascii=True)
    return hashlib.sha256(content.encode("ascii")).hexdigest()[:12]


@cache
def _adapter() -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(tuple[Lock, ...])


def lock_text(locks: Sequence[Lock], **more: object) -> str:
    """Return locks as the text of a lock file.

    Parameters
    ----------
    locks : sequence of Lock
        One for each template.
    more : object
        Further entries of the document; reading passes over them.
    """
    body = _adapter().dump_python(tuple(locks), mode="json", exclude_defaults=True)
    document = {"format": SCHEMA, **more, "locks": body}
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def parse_locks(text: str) -> tuple[Lock, ...]:
    """Return the locks of a lock file's text.

    Raises
    ------
    GatesError
        If the text is no lock file, or an override gives no reason.
    """
    from pydantic import ValidationError

    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise GatesError(f"is not valid JSON (line {error.lineno})") from None
    if not isinstance(document, dict) or document.get("format") != SCHEMA:
        raise GatesError(
            "is no lock file of this version", hint=f'its "format" would be "{SCHEMA}"'
        )
    try:
        found: tuple[Lock, ...] = _adapter().validate_python(document.get("locks"), strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ": ".join(str(part) for part in first["loc"])
        damaged = GatesError(f"is damaged: {first['msg'][:1].lower()}{first['msg'][1:]}")
        raise (damaged.at(place) if place else damaged) from None
    return found
