"""Gates found in the tubes of a study and frozen: estimate, freeze; applying is elsewhere.

Population by population, parents first: the events of every tube's parent are looked at, each
tube (or subject, or batch) gets its bound, and what cannot be found falls back: to the median
of the batch, to another batch of the study, and last to the coordinates drawn in the template.
Each fallback is recorded and becomes a finding.

Decision: every population is found for all tubes before the next one, although each tube is
read several times; a tube that falls back needs the batch's median before its children can be
looked at.
"""

from __future__ import annotations

import platform
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from carflow.errors import CarflowError, GatesError, Problems
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.reader import read_fcs
from carflow.gating.answers import (
    Answer,
    answer_of,
    drawn_coordinates,
    median_coordinates,
)
from carflow.gating.estimates import Estimate, Method, Scope
from carflow.gating.event_values import values_in
from carflow.gating.freezing import strategy_of_lock, with_coordinates
from carflow.gating.label_light import Pair, lower_sensitivity, sensitivity_of
from carflow.gating.lock import (
    BATCH_MEDIAN,
    OTHER_BATCH,
    TEMPLATE,
    FrozenGate,
    Lock,
    LockedTube,
    Override,
    batch_id,
)
from carflow.study.model import SampleType, Tube

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from carflow.gating.scales import Values
    from carflow.gating.strategy import Strategy
    from carflow.study.model import Study

_VERSIONED = ("numpy", "flowutils")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A tube whose file could be opened, and its batch."""

    row: Tube
    acquisition: Acquisition
    batch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Tubes that share one gate; `subject_id` and `sample_id` are "" where they share more."""

    batch: str
    subject_id: str = ""
    sample_id: str = ""


def fit_gates(
    study: Study,
    strategy: Strategy,
    *,
    jobs: int = 1,
    overrides: Sequence[Override] = (),
) -> Strategy:
    """Return the gates of a template as found in a study, frozen, with their lock.

    Parameters
    ----------
    study : Study
        Its tubes are the batch; excluded tubes, bead tubes and those of another panel are
        left out, and so are tubes that cannot be read (a run reports them).
    strategy : Strategy
        From a template, with ``estimate`` keys or without.
    jobs : int
        Tubes looked at at a time; the answer does not depend on it.
    overrides : sequence of Override
        Gates set by hand.

    Raises
    ------
    GatesError, Problems
        If the gates are not from a template, or an override cannot be used.

    Examples
    --------
    >>> import carflow as cf
    >>> study = cf.read_study("sample_fcs/samples.csv")                      # doctest: +SKIP
    >>> gates = cf.fit_gates(study, cf.read_gates("car_t_blood_auto"))       # doctest: +SKIP
    >>> len(gates.lock.gates)                                                # doctest: +SKIP
    65
    """
    if not strategy.template:
        raise GatesError(
            "only gates of a template (.toml) can be fitted and frozen",
            hint="give the template, not Gating-ML or a workspace",
        ).at(strategy.name)
    if strategy.lock is not None:
        raise GatesError(
            "these gates are frozen already",
            hint="apply the lock file with --gates; give the template to find the gates anew",
        ).at(strategy.name)
    held = _held(study, strategy)
    start = Lock(
        name=strategy.name,
        panel_id=strategy.panel_id,
        template=strategy.template,
        template_sha256=strategy.sha256,
        versions=_versions(),
        sheet_sha256=study.sha256,
        tubes=tuple(
            LockedTube(
                sample_id=one.row.sample_id,
                subject_id=one.row.subject_id,
                batch=one.batch,
                sha256=one.acquisition.sha256,
            )
            for one in held
        ),
        gates=(),
        overrides=tuple(overrides),
    )
    strategy_of_lock(start)  # an override that cannot be used is told before the work
    gates: tuple[FrozenGate, ...] = ()
    for estimate in strategy.estimates:
        gates += _Search(held, strategy, estimate, start.with_gates(gates), jobs).frozen()
    lock = start.with_gates(gates)
    return replace(strategy_of_lock(lock), estimates=(), lock=lock)


def batch_of(row: Tube, acquisition: Acquisition) -> str:
    """Return the id of the batch a tube belongs to; see `carflow.gating.lock.batch_id`."""
    keywords = acquisition.keywords
    named = [" ".join(keywords.get(name, "").casefold().split()) for name in ("$CYT", "$CYTSN")]
    return batch_id(
        panel_id=row.panel_id,
        instrument="\n".join(named),
        voltages=acquisition.voltages,
        lot=f"{row.car_reagent}\n{row.batch_id}",
    )


def _held(study: Study, strategy: Strategy) -> tuple[_Held, ...]:
    panels = {row.panel_id for row in study.tubes}
    several = len(panels) > 1 and strategy.panel_id in panels
    held = []
    for row in study.tubes:
        other_panel = several and row.panel_id != strategy.panel_id
        if row.exclude_reason or other_panel or row.sample_type is SampleType.BEAD_QC:
            continue
        try:
            acquisition = read_fcs(row.path, row.dataset)
            batch = batch_of(row, acquisition)
        except (CarflowError, Problems):
            continue
        held.append(_Held(row=row, acquisition=acquisition, batch=batch))
    return tuple(held)


def _versions() -> dict[str, str]:
    from carflow import __version__

    own = {"carflow": __version__, "python": platform.python_version()}
    return own | {name: version(name) for name in _VERSIONED}


class _Search:
    """The search for one population's gate in all tubes."""

    def __init__(
        self,
        held: tuple[_Held, ...],
        strategy: Strategy,
        estimate: Estimate,
        lock: Lock,
        jobs: int,
    ) -> None:
        self._held = held
        self._strategy = strategy
        self._estimate = estimate
        self._lock = lock
        self._jobs = jobs
        self._population = strategy.find(estimate.population)
        self._axes = self._population.dimensions

    def frozen(self) -> tuple[FrozenGate, ...]:
        """Return a gate for every group of tubes, and one for each batch."""
        answers = {group: self._answer(donors) for group, donors in self._donors().items()}
        groups = [*answers, *(one for one in self._everyone() if one not in answers)]
        gates = tuple(self._gate(group, answers) for group in groups)
        if not self._estimate.dim:
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

    def _pairs(self, gate: FrozenGate) -> list[Pair]:
        """Return the patients' tubes a cut holds for, each with its control."""
        held = [
            one
            for one in self._held
            if one.batch == gate.batch and gate.subject_id in {"", one.row.subject_id}
            if one.row.sample_type is SampleType.PATIENT or one.row.sample_id in gate.donors
        ]
        values = zip((one.row for one in held), self._values(held), strict=True)
        known = [
            (row, found[0][np.isfinite(found[0])]) for row, found in values if found is not None
        ]
        known = [(row, found) for row, found in known if found.size]
        controls = [(row, found) for row, found in known if row.sample_id in gate.donors]
        return [
            Pair(found, _control_of(row, controls))
            for row, found in known
            if row.sample_type is SampleType.PATIENT
        ]

    def _everyone(self) -> list[_Group]:
        return [_Group(batch=batch) for batch in self._lock.batches()]

    def _donors(self) -> dict[_Group, list[tuple[str, Values]]]:
        """Return the events of every group, tube by tube, in the order of the sheet."""
        estimate = self._estimate
        pooled_controls = (
            estimate.method is Method.CONTROL_PERCENTILE or estimate.scope is Scope.REFERENCE
        )
        looked_at = [
            one
            for one in self._held
            if not pooled_controls or one.row.sample_type in estimate.controls
        ]
        groups: dict[_Group, list[tuple[str, Values]]] = {}
        for one, values in zip(looked_at, self._values(looked_at), strict=True):
            if values is not None:
                donors = groups.setdefault(self._group(one), [])
                donors.append((one.row.sample_id, values))
        return groups

    def _values(self, tubes: Sequence[_Held]) -> Iterable[Values | None]:
        if self._jobs <= 1:
            return map(self._values_of, tubes)
        with ThreadPoolExecutor(max_workers=self._jobs) as pool:
            return list(pool.map(self._values_of, tubes))

    def _values_of(self, one: _Held) -> Values | None:
        """Return the linear values of a tube's events, None where the gates do not fit it."""
        row = one.row
        gates = self._lock.gates_of(
            sample_id=row.sample_id, subject_id=row.subject_id, batch=one.batch
        )
        coordinates = {name: gate.coordinates for name, gate in gates.items()}
        for override in self._lock.overrides_of(row.sample_id):
            coordinates[override.population] = override.coordinates
        try:
            gated_by = with_coordinates(self._strategy, coordinates)
            return values_in(one.acquisition, gated_by, self._estimate.on, self._axes)
        except (CarflowError, Problems):
            return None

    def _group(self, one: _Held) -> _Group:
        row, scope = one.row, self._estimate.scope
        return _Group(
            batch=one.batch,
            subject_id=row.subject_id if scope is Scope.SUBJECT else "",
            sample_id=row.sample_id if scope is Scope.SAMPLE else "",
        )

    def _answer(self, donors: list[tuple[str, Values]]) -> Answer:
        pooled = np.concatenate([values for _, values in donors], axis=1)
        names = tuple(name for name, _ in donors)
        return answer_of(self._estimate, self._axes, pooled, donors=names)

    def _gate(self, group: _Group, answers: Mapping[_Group, Answer]) -> FrozenGate:
        answer = answers.get(group)
        fill = partial(
            FrozenGate,
            population=self._estimate.population,
            batch=group.batch,
            sample_id=group.sample_id,
            subject_id=group.subject_id,
            method=str(self._estimate.method),
            scope=str(self._estimate.scope),
            guard=self._guard(),
        )
        if answer is not None and answer.coordinates is not None:
            return fill(coordinates=answer.coordinates, **answer.provenance())
        own = [one for key, one in answers.items() if key.batch == group.batch]
        fallback, donors = BATCH_MEDIAN, [one for one in own if one.coordinates is not None]
        if not donors:
            fallback, donors = OTHER_BATCH, [one for one in answers.values() if one.coordinates]
        if not donors:
            fallback = TEMPLATE
        known = [one.coordinates for one in donors if one.coordinates is not None]
        coordinates = (
            median_coordinates(known)
            if known
            else drawn_coordinates(self._population, self._estimate.side)
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
        bounds = (self._estimate.low, self._estimate.high)
        low, high = (bound if np.isfinite(bound) else None for bound in bounds)
        return None if low is None and high is None else (low, high)


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
