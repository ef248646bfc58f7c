"""The search for one population's gate in the tubes of a study: ask, answer, fall back.

Which tubes share a gate is said by the estimate's scope; what a tube's events are is told by
`carflow.gate_fit`, which also freezes what is found. A gate that cannot be found falls back: to
the median of the batch, to another batch of the study, and last to the coordinates drawn in the
template.

Decision: a tube that shares its gate with none is answered at once and its events are let go,
so that a study of a hundred tubes holds the events of one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from carflow.gating.answers import (
    Answer,
    answer_of,
    drawn_coordinates,
    median_coordinates,
)
from carflow.gating.estimates import Estimate, Method, Scope
from carflow.gating.event_values import Asked
from carflow.gating.label_light import Pair, lower_sensitivity, sensitivity_of
from carflow.gating.lock import BATCH_MEDIAN, OTHER_BATCH, TEMPLATE, FrozenGate
from carflow.study.model import SampleType, Tube

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carflow.gating.scales import Values
    from carflow.gating.strategy import Population


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Tubes that share one gate; `subject_id` and `sample_id` are "" where they share more."""

    batch: str
    subject_id: str = ""
    sample_id: str = ""


class Search:
    """The search for one population's gate, told tube by tube, in the order of the sheet.

    Parameters
    ----------
    estimate : Estimate
        How it is to be found.
    population : Population
        As drawn in the template.
    """

    def __init__(self, estimate: Estimate, population: Population) -> None:
        self.estimate = estimate
        self._population = population
        self._answers: dict[_Group, Answer] = {}
        self._shared: dict[_Group, list[tuple[str, Values]]] = {}
        self._seen: list[tuple[Tube, str, Values]] = []

    @property
    def asked(self) -> Asked:
        """Which values are wanted of a tube."""
        return Asked(population=self.estimate.on, axes=self._population.dimensions)

    def looks_at(self, row: Tube) -> bool:
        """Whether the events of a tube are wanted."""
        if self.estimate.method is Method.BEADS and row.beads_in_tube is None:
            return False  # without a number of beads nobody says that there are any
        # how much of a dim population lies above its cut is seen in the patients' tubes
        patient = row.sample_type is SampleType.PATIENT
        return self._is_donor(row) or (self.estimate.dim and patient)

    def answer(self, row: Tube, values: Values) -> Answer | Values:
        """Return the answer of a tube that shares its gate with none, else its values."""
        if self.estimate.scope is not Scope.SAMPLE or self.estimate.dim:
            return values
        return self._answer([(row.sample_id, values)])

    def take(self, row: Tube, batch: str, found: Answer | Values) -> None:
        """Keep what `answer` returned of a tube."""
        group = self._group(row, batch)
        if isinstance(found, Answer):
            self._answers[group] = found
            return
        if self.estimate.dim:
            self._seen.append((row, batch, found[0]))
        if self._is_donor(row):
            self._shared.setdefault(group, []).append((row.sample_id, found))

    def frozen(self, batches: Sequence[str]) -> tuple[FrozenGate, ...]:
        """Return a gate for every group of tubes, and one for each batch."""
        answers = dict(self._answers)
        answers |= {group: self._answer(donors) for group, donors in self._shared.items()}
        everyone = [_Group(batch=batch) for batch in batches]
        groups = [*answers, *(one for one in everyone if one not in answers)]
        gates = tuple(self._gate(group, answers) for group in groups)
        if not self.estimate.dim:
            return gates
        return tuple(self._with_sensitivities(one) for one in gates)

    def _with_sensitivities(self, gate: FrozenGate) -> FrozenGate:
        """Return a gate with the shares of CAR+ cells above its cuts, where they are known."""
        cut, lower = gate.coordinates.low, gate.lower_percentile_cut
        pairs = [] if gate.fallback else self._pairs(gate)
        known = None if cut is None else sensitivity_of(pairs, cut)
        if cut is None or lower is None or known is None:
            return gate
        below = lower_sensitivity(pairs, cut, lower, known)
        return replace(
            gate,
            sensitivity=round(known.share, 4),
            sensitivity_error=round(known.error, 4),
            lower_sensitivity=None if below is None else round(below.share, 4),
            lower_sensitivity_error=None if below is None else round(below.error, 4),
        )

    def _is_donor(self, row: Tube) -> bool:
        estimate = self.estimate
        of_controls = (
            estimate.method is Method.CONTROL_PERCENTILE or estimate.scope is Scope.REFERENCE
        )
        return not of_controls or row.sample_type in estimate.controls

    def _group(self, row: Tube, batch: str) -> _Group:
        scope = self.estimate.scope
        return _Group(
            batch=batch,
            subject_id=row.subject_id if scope is Scope.SUBJECT else "",
            sample_id=row.sample_id if scope is Scope.SAMPLE else "",
        )

    def _answer(self, donors: list[tuple[str, Values]]) -> Answer:
        pooled = np.concatenate([values for _, values in donors], axis=1)
        names = tuple(name for name, _ in donors)
        return answer_of(self.estimate, self._population.dimensions, pooled, donors=names)

    def _pairs(self, gate: FrozenGate) -> list[Pair]:
        """Return the patients' tubes a cut holds for, each with its control."""
        held = [
            (row, values[np.isfinite(values)])
            for row, batch, values in self._seen
            if batch == gate.batch and gate.subject_id in {"", row.subject_id}
            if row.sample_type is SampleType.PATIENT or row.sample_id in gate.donors
        ]
        known = [(row, values) for row, values in held if values.size]
        controls = [(row, values) for row, values in known if row.sample_id in gate.donors]
        return [
            Pair(values, _control_of(row, controls))
            for row, values in known
            if row.sample_type is SampleType.PATIENT
        ]

    def _gate(self, group: _Group, answers: Mapping[_Group, Answer]) -> FrozenGate:
        answer = answers.get(group)
        fill = partial(
            FrozenGate,
            population=self.estimate.population,
            batch=group.batch,
            sample_id=group.sample_id,
            subject_id=group.subject_id,
            method=str(self.estimate.method),
            scope=str(self.estimate.scope),
            guard=self._guard(),
        )
        if answer is not None and answer.coordinates is not None:
            return fill(coordinates=answer.coordinates, **answer.provenance())
        fallback, donors = _instead(group, answers)
        known = [one.coordinates for one in donors if one.coordinates is not None]
        coordinates = (
            median_coordinates(known)
            if known
            else drawn_coordinates(self._population, self.estimate.side)
        )
        if answer is not None:
            return fill(coordinates=coordinates, fallback=fallback, **answer.provenance())
        return fill(
            coordinates=coordinates,
            fallback=fallback,
            reason=_for_everyone(fallback, len(known)),
            donors=tuple(dict.fromkeys(name for one in donors for name in one.donors)),
        )

    def _guard(self) -> tuple[float | None, float | None] | None:
        bounds = (self.estimate.low, self.estimate.high)
        low, high = (bound if np.isfinite(bound) else None for bound in bounds)
        return None if low is None and high is None else (low, high)


def _instead(group: _Group, answers: Mapping[_Group, Answer]) -> tuple[str, list[Answer]]:
    """Return what a group falls back to, and the answers it is made of."""
    found = {key: one for key, one in answers.items() if one.coordinates is not None}
    own = [one for key, one in found.items() if key.batch == group.batch]
    if own:
        return BATCH_MEDIAN, own
    return (OTHER_BATCH, list(found.values())) if found else (TEMPLATE, [])


def _control_of(tube: Tube, controls: Sequence[tuple[Tube, Values]]) -> Values:
    """Return the brightness of a tube's own FMO of that day, or of all controls."""
    own = [
        found
        for row, found in controls
        if row.sample_type is SampleType.FMO
        and (row.subject_id, row.day) == (tube.subject_id, tube.day)
    ]
    return np.concatenate(own or [found for _, found in controls])


def _for_everyone(fallback: str, n_known: int) -> str:
    if fallback == BATCH_MEDIAN:
        return f"the median of {n_known} gates of the batch"
    if fallback == OTHER_BATCH:
        return "the batch has no tube it could be found in"
    return "no tube of the study shows where it lies"
