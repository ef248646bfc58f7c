"""The order of the steps, and nothing else.

For every tube: read, gate, count, quantify, summarise; a tube that fails keeps its row and
never costs the batch. Then for the batch: checks; for every subject: curves and kinetics. No
number is computed here.

Why threads for `jobs`: a tube's work is mostly numpy on chunks, which lets go of the
interpreter, and threads share nothing that could differ between runs. Results are collected
in the order of the sheet whatever the number of jobs.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from carflow import applied_gates
from carflow.cuts import CutStudy, CutTube, move_cuts, peak_days, with_cuts
from carflow.findings import Finding
from carflow.kinetics.cohort_summary import cohort_summaries
from carflow.kinetics.methods import compare_pooled
from carflow.measured import Outcome, attempt
from carflow.provenance import provenance_of
from carflow.qc.baselines import charts_of, check_charts, undated
from carflow.qc.checks import check_batch
from carflow.qc.cut_checks import check_car_cut
from carflow.qc.summary import TubeSummary
from carflow.quantify.absolute import stated_of
from carflow.quantify.limits import variation_of
from carflow.quantify.merging import TubePart
from carflow.quantify.tube import quantify_tube
from carflow.result.rows import FINDING_COLUMNS, finding_rows
from carflow.result.run import ManifestRow, Result, frame
from carflow.visits import VisitTube, merged_visits, subject_result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from carflow.errors import CarflowError, Problems
    from carflow.gating.strategy import Strategy
    from carflow.qc.control_charts import Baseline
    from carflow.quantify.quantity import Quantity
    from carflow.result.subject import SubjectResult
    from carflow.study.model import Study, Tube
    from carflow.thresholds import QcLimits

    TubeDone = Callable[[Tube, CarflowError | Problems | None], None]


def run(
    study: Study,
    gates: Strategy | Sequence[Strategy],
    *,
    jobs: int = 1,
    limits: QcLimits | None = None,
    baselines: Sequence[Baseline] = (),
    tube_done: TubeDone | None = None,
) -> Result:
    """Return everything the tubes of a study have to say.

    Parameters
    ----------
    study : Study
        From `carflow.read_study`.
    gates : Strategy or sequence of Strategy
        From `carflow.read_gates`. One is applied to every tube; of several, each tube takes
        the one whose `panel_id` is its own. Gates that are to be found (``estimate`` in the
        template) are first fitted to this study; those of a lock stay as they are frozen.
    jobs : int
        Tubes worked on at a time; the answer does not depend on it.
    limits : QcLimits, optional
        Thresholds of the checks; by default those the gate files state.
    baselines : sequence of Baseline
        What process controls are judged by.
    tube_done : callable, optional
        Called with each tube and its error, or None, as the tubes are done.

    Raises
    ------
    GatesError
        If a tube's panel has no gates, or two of the gates are for one panel.

    Examples
    --------
    >>> import carflow as cf
    >>> study = cf.read_study("sample_fcs/samples.csv")                      # doctest: +SKIP
    >>> result = cf.run(study, cf.read_gates("car_t_blood"), jobs=2)         # doctest: +SKIP
    >>> result.subject("P01").kinetics_of("car_pct_cd3").peak.bracket        # doctest: +SKIP
    (7.0, 14.0)
    """
    strategies = applied_gates.fitted(study, gates, jobs=jobs)
    limits = limits or applied_gates.limits_for(strategies)
    gated = _outcomes(study, strategies, jobs=jobs, tube_done=tube_done)
    outcomes = tuple(_quantified(study, gated))
    moved = move_cuts(_cut_tubes(study, outcomes))
    subjects = _subjects(study, outcomes, moved)
    summaries = _summaries(outcomes)
    return Result(
        tube_results=tuple(
            replace(one.result, cut_shifts=moved.shifts.get(one.result.sample_id, ()))
            for one in outcomes
        ),
        subject_results=subjects,
        pooled_comparisons=compare_pooled([one.curves for one in subjects]),
        all_findings=_findings(study, outcomes, subjects, limits=limits, baselines=baselines),
        charts=undated(charts_of(summaries, baselines)),
        provenance=provenance_of(
            study,
            strategies,
            tuple(applied_gates.applied(strategies, _tube_gates(outcomes))),
            limits=limits,
        ),
        references=study.references,
        cohorts=cohort_summaries(
            [found for one in subjects for found in one.kinetics],
            column=study.group_column,
            groups=study.groups,
        ),
        manifest=tuple(
            ManifestRow(sample_id=tube.sample_id, file=tube.path.name, sha256=outcome.sha256)
            for tube, outcome in zip(study.tubes, outcomes, strict=True)
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The findings of the batch checks, the gravest first, and the tubes they were made from."""

    findings: tuple[Finding, ...]
    summaries: tuple[TubeSummary, ...]


def checked(
    study: Study,
    gates: Strategy | Sequence[Strategy] | None = None,
    *,
    jobs: int = 1,
    limits: QcLimits | None = None,
    baselines: Sequence[Baseline] = (),
    tube_done: TubeDone | None = None,
) -> Checked:
    """Return the findings of the batch checks, and what they were made from.

    Without gates, the checks that need a population are left out; with baselines, process
    controls are charted, too.

    Raises
    ------
    GatesError
        As `run`.
    """
    strategies = applied_gates.fitted(study, gates or (), jobs=jobs)
    limits = limits or applied_gates.limits_for(strategies)
    outcomes = tuple(
        _quantified(study, _outcomes(study, strategies, jobs=jobs, tube_done=tube_done))
    )
    subjects = _subjects(study, outcomes, move_cuts(_cut_tubes(study, outcomes)))
    return Checked(
        findings=_findings(study, outcomes, subjects, limits=limits, baselines=baselines),
        summaries=_summaries(outcomes),
    )


def check(
    study: Study,
    gates: Strategy | Sequence[Strategy] | None = None,
    *,
    jobs: int = 1,
    limits: QcLimits | None = None,
) -> pd.DataFrame:
    """Return the batch checks as a data frame, the gravest finding first.

    Columns are those of ``findings.csv``: severity, code, sample_id, message, value, limit.
    Without `limits`, those the gate files state hold.

    Raises
    ------
    GatesError
        As `run`.
    """
    found = checked(study, gates, jobs=jobs, limits=limits)
    return frame(finding_rows(found.findings), FINDING_COLUMNS)


def _outcomes(
    study: Study, strategies: tuple[Strategy, ...], *, jobs: int, tube_done: TubeDone | None
) -> tuple[Outcome, ...]:
    by_tube = [applied_gates.gates_of_tube(tube, strategies) for tube in study.tubes]
    work = partial(_outcome, tube_done=tube_done)
    if jobs <= 1:
        return tuple(map(work, study.tubes, by_tube))
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        return tuple(pool.map(work, study.tubes, by_tube))


def _outcome(tube: Tube, strategy: Strategy | None, *, tube_done: TubeDone | None) -> Outcome:
    outcome = attempt(tube, strategy)
    if tube_done is not None:
        tube_done(tube, outcome.error)
    return outcome


def _quantified(study: Study, outcomes: tuple[Outcome, ...]) -> Iterator[Outcome]:
    """Yield the outcomes with their quantities, once every control has been counted."""
    gated = [
        (outcome.result.gates_name, (tube, outcome.counted.counts))
        for tube, outcome in zip(study.tubes, outcomes, strict=True)
        if outcome.counted is not None
    ]
    for tube, outcome in zip(study.tubes, outcomes, strict=True):
        found = outcome.counted
        if found is None:
            yield outcome
            continue
        alike = [counted for gates, counted in gated if gates == outcome.result.gates_name]
        background = applied_gates.background_for(tube, alike, outcome.gates)
        quantities = quantify_tube(
            found.counts,
            tube,
            found.volume,
            found.limits,
            background=background,
            variation=variation_of(found.limits),
            stated=stated_of(tube, found.limits),
        )
        yield replace(
            outcome,
            counted=replace(found, background=background),
            result=replace(outcome.result, quantities=quantities),
            summary=outcome.summary and replace(outcome.summary, per_ul=_per_ul(quantities)),
        )


def _per_ul(quantities: tuple[Quantity, ...]) -> dict[str, float]:
    return {
        one.name: one.measure.value
        for one in quantities
        if "_per_ul_" in one.name and one.measure.value is not None
    }


def _findings(
    study: Study,
    outcomes: tuple[Outcome, ...],
    subjects: tuple[SubjectResult, ...],
    *,
    limits: QcLimits,
    baselines: Sequence[Baseline],
) -> tuple[Finding, ...]:
    summaries = _summaries(outcomes)
    failures = [
        (outcome.result.sample_id, outcome.result.failure.code, outcome.result.failure.sentence)
        for outcome in outcomes
        if outcome.result.failure is not None
    ]
    cuts = [found for one in subjects for found in check_car_cut(one.subject_id, peak_days(one))]
    gates = applied_gates.gate_findings(_tube_gates(outcomes), limits)
    charted = check_charts(summaries, baselines)
    batch = check_batch(summaries, failures, limits=limits)
    found = (*batch, *cuts, *gates, *study.findings, *charted)
    return tuple(sorted(found, key=lambda finding: finding.severity.rank))


def _summaries(outcomes: tuple[Outcome, ...]) -> tuple[TubeSummary, ...]:
    return tuple(one.summary for one in outcomes if one.summary is not None)


def _cut_tubes(study: Study, outcomes: tuple[Outcome, ...]) -> list[CutTube]:
    return [
        CutTube(
            visit=VisitTube(
                part=TubePart(key=found.key, tube=tube, counts=found.counts, volume=found.volume),
                limits=found.limits,
                background=found.background,
            ),
            gates_name=outcome.result.gates_name,
            car_events=found.car_events,
        )
        for tube, outcome in zip(study.tubes, outcomes, strict=True)
        if (found := outcome.counted) is not None
    ]


def _subjects(
    study: Study, outcomes: tuple[Outcome, ...], moved: CutStudy
) -> tuple[SubjectResult, ...]:
    results = tuple(outcome.result for outcome in outcomes)
    visits = merged_visits([one.visit for one in _cut_tubes(study, outcomes)])
    subjects = (subject_result(study, results, name, visits=visits) for name in study.subject_ids)
    return tuple(with_cuts(subject, results, moved) for subject in subjects)


def _tube_gates(outcomes: tuple[Outcome, ...]) -> list[applied_gates.TubeGates]:
    return [outcome.gates for outcome in outcomes if outcome.gates is not None]
