"""Gates found in the tubes of a study and frozen: estimate, freeze; applying is elsewhere.

Round by round, parents first: the events of every tube's parent are looked at, each tube (or
subject, or batch) gets its bound (`carflow.gate_search`). Each fallback is recorded and becomes
a finding.

Decision: a population is found for all tubes before its children are looked at, although each
tube is read once in every round; a tube that falls back needs the batch's median first. What
does not wait for each other is looked for in one round, in one pass over each tube.
"""

from __future__ import annotations

import platform
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from carflow.cleaning.kept import KeptEvents, without_disturbed
from carflow.cleaning.watch import assess_stability
from carflow.errors import CarflowError, GatesError, Problems
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.reader import read_fcs
from carflow.gate_search import Search
from carflow.gating.event_values import values_in
from carflow.gating.freezing import lineage, strategy_of_lock, with_coordinates
from carflow.gating.lock import FrozenGate, Lock, LockedTube, Override, batch_id
from carflow.study.model import SampleType, Tube

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from carflow.gating.answers import Answer
    from carflow.gating.estimates import Estimate
    from carflow.gating.scales import Values
    from carflow.gating.strategy import Strategy
    from carflow.study.model import Study

_VERSIONED = ("numpy", "flowutils")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A tube whose file could be opened, its events as they are to be gated, and its batch."""

    row: Tube
    acquisition: Acquisition
    events: Acquisition | KeptEvents
    batch: str


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
    91
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
    lock = _start(study, strategy, held, overrides)
    strategy_of_lock(lock)  # an override that cannot be used is told before the work
    found: dict[str, tuple[FrozenGate, ...]] = {}
    for estimates in _rounds(strategy):
        searches = [Search(one, strategy.find(one.population)) for one in estimates]
        _look(held, strategy, lock, searches, jobs=jobs)
        found |= {one.estimate.population: one.frozen(lock.batches()) for one in searches}
        # in the order of the template, whatever that of the rounds
        known = (found.get(one.population, ()) for one in strategy.estimates)
        lock = lock.with_gates(tuple(gate for gates in known for gate in gates))
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
            events = _kept(acquisition) if strategy.disturbed == "remove" else acquisition
        except (CarflowError, Problems):
            continue
        held.append(_Held(row=row, acquisition=acquisition, events=events, batch=batch))
    return tuple(held)


def _versions() -> dict[str, str]:
    from carflow import __version__

    own = {"carflow": __version__, "python": platform.python_version()}
    return own | {name: version(name) for name in _VERSIONED}


def _kept(acquisition: Acquisition) -> KeptEvents:
    """Return a tube without its disturbed stretches, as a run gates it."""
    return without_disturbed(acquisition, assess_stability(acquisition))


def _start(
    study: Study, strategy: Strategy, held: Sequence[_Held], overrides: Sequence[Override]
) -> Lock:
    return Lock(
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


def _rounds(strategy: Strategy) -> Iterator[list[Estimate]]:
    """Yield the estimates that can be looked for together, those that others wait for first.

    One waits for every estimate before it that moves a gate its events lie in: its own, or one
    that shares an axis with it and may share the bound.
    """
    turns: dict[str, int] = {}
    for estimate in strategy.estimates:
        inside = lineage(strategy, [estimate.on]).populations if estimate.on else ()
        axes = {axis for one in inside for axis in one.dimensions}
        awaited = [
            turn for name, turn in turns.items() if axes & set(strategy.find(name).dimensions)
        ]
        turns[estimate.population] = max(awaited, default=-1) + 1
    for turn in range(max(turns.values(), default=-1) + 1):
        yield [one for one in strategy.estimates if turns[one.population] == turn]


def _look(
    held: Sequence[_Held],
    strategy: Strategy,
    lock: Lock,
    searches: Sequence[Search],
    *,
    jobs: int,
) -> None:
    """Let every search look at the events of every tube, which is read once."""
    look = partial(_looked_at, strategy=strategy, lock=lock, searches=searches)
    answers: Iterable[list[tuple[Search, Answer | Values]]] = map(look, held)
    if jobs > 1:
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            answers = list(pool.map(look, held))
    for one, found in zip(held, answers, strict=True):
        for search, answer in found:
            search.take(one.row, one.batch, answer)


def _looked_at(
    one: _Held, *, strategy: Strategy, lock: Lock, searches: Sequence[Search]
) -> list[tuple[Search, Answer | Values]]:
    """Return what each search has of a tube; nothing where the gates do not fit it."""
    row = one.row
    gates = lock.gates_of(sample_id=row.sample_id, subject_id=row.subject_id, batch=one.batch)
    coordinates = {name: gate.coordinates for name, gate in gates.items()}
    for override in lock.overrides_of(row.sample_id):
        coordinates[override.population] = override.coordinates
    wanting = [search for search in searches if search.looks_at(row)]
    if not wanting:
        return []
    try:
        gated_by = with_coordinates(strategy, coordinates)
        values = values_in(one.events, gated_by, [search.asked for search in wanting])
    except (CarflowError, Problems):
        return []
    return [
        (search, search.answer(row, found)) for search, found in zip(wanting, values, strict=True)
    ]
