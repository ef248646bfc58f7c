"""The order of the steps, and nothing else.

For every tube: read, gate, count, quantify, summarise; a tube that fails keeps its row and
never costs the batch. Then for the batch: checks; for every subject: curves and kinetics. No
number is computed here.

Why threads for `jobs`: a tube's work is mostly numpy on chunks, which lets go of the
interpreter, and threads share nothing that could differ between runs. Results are collected
in the order of the sheet whatever the number of jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from carflow.cleaning.time_record import assess_stability
from carflow.cleaning.watch import SaturationWatch
from carflow.cuts import CutStudy, CutTube, move_cuts, peak_days, with_cuts
from carflow.errors import CarflowError, Problems
from carflow.fcs.reader import read_fcs
from carflow.fcs.volume import AcquiredVolume, acquired_volume
from carflow.gating.choice import gates_for
from carflow.gating.cut_twins import cut_twins
from carflow.gating.engine import gate
from carflow.gating.strategy import AssayLimits, Strategy
from carflow.kinetics.cohort_summary import cohort_summaries
from carflow.kinetics.methods import compare_pooled
from carflow.provenance import provenance_of
from carflow.qc.checks import check_batch
from carflow.qc.cut_checks import check_car_cut
from carflow.qc.limits import QcLimits
from carflow.qc.summary import TubeSummary, summarise
from carflow.quantify.absolute import stated_of
from carflow.quantify.background import Background, background_of
from carflow.quantify.counts import TubeCounts
from carflow.quantify.gated import car_marker, car_medians, tube_counts
from carflow.quantify.limits import variation_of
from carflow.quantify.merging import MergeKey, TubePart
from carflow.quantify.tube import quantify_tube, unquantified
from carflow.reasons import Reason
from carflow.result.pictures import gate_pictures
from carflow.result.rows import FINDING_COLUMNS, finding_rows
from carflow.result.run import ManifestRow, Result, frame
from carflow.result.sample import Failure, PopulationCount, SampleResult
from carflow.visits import VisitTube, merged_visits, subject_result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pandas as pd

    from carflow.findings import Finding
    from carflow.gating.gated import Gated
    from carflow.quantify.quantity import Quantity
    from carflow.result.subject import SubjectResult
    from carflow.study.model import Study, Tube

    TubeDone = Callable[[Tube, CarflowError | Problems | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """What the quantities of a gated tube are made from."""

    counts: TubeCounts
    volume: AcquiredVolume
    limits: AssayLimits
    key: MergeKey
    car_events: Mapping[float, int] | Reason
    background: Background | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What became of one tube."""

    result: SampleResult
    summary: TubeSummary | None = None
    sha256: str = ""
    error: CarflowError | Problems | None = None
    counted: _Counted | None = None


def run(
    study: Study,
    gates: Strategy | Sequence[Strategy],
    *,
    jobs: int = 1,
    limits: QcLimits | None = None,
    tube_done: TubeDone | None = None,
) -> Result:
    """Return everything the tubes of a study have to say.

    Parameters
    ----------
    study : Study
        From `carflow.read_study`.
    gates : Strategy or sequence of Strategy
        From `carflow.read_gates`. One is applied to every tube; of several, each tube takes
        the one whose `panel_id` is its own.
    jobs : int
        Tubes worked on at a time; the answer does not depend on it.
    limits : QcLimits, optional
        Thresholds of the checks.
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
    strategies = (gates,) if isinstance(gates, Strategy) else tuple(gates)
    limits = limits or QcLimits()
    gated = _outcomes(study, strategies, jobs=jobs, tube_done=tube_done)
    outcomes = tuple(_quantified(study, gated))
    moved = move_cuts(_cut_tubes(study, outcomes))
    subjects = _subjects(study, outcomes, moved)
    return Result(
        tube_results=tuple(
            replace(one.result, cut_shifts=moved.shifts.get(one.result.sample_id, ()))
            for one in outcomes
        ),
        subject_results=subjects,
        pooled_comparisons=compare_pooled([one.curves for one in subjects]),
        all_findings=_findings(study, outcomes, subjects, limits),
        provenance=provenance_of(study, strategies, _channels(outcomes), limits=limits),
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


def check_findings(
    study: Study,
    gates: Strategy | Sequence[Strategy] | None = None,
    *,
    jobs: int = 1,
    limits: QcLimits | None = None,
    tube_done: TubeDone | None = None,
) -> tuple[Finding, ...]:
    """Return the findings of the batch checks, the gravest first.

    Without gates, the checks that need a population are left out.

    Raises
    ------
    GatesError
        As `run`.
    """
    if gates is None:
        strategies: tuple[Strategy, ...] = ()
    else:
        strategies = (gates,) if isinstance(gates, Strategy) else tuple(gates)
    gated = _outcomes(study, strategies, jobs=jobs, tube_done=tube_done)
    outcomes = tuple(_quantified(study, gated))
    subjects = _subjects(study, outcomes, move_cuts(_cut_tubes(study, outcomes)))
    return _findings(study, outcomes, subjects, limits or QcLimits())


def check(
    study: Study, gates: Strategy | Sequence[Strategy] | None = None, *, jobs: int = 1
) -> pd.DataFrame:
    """Return the batch checks as a data frame, the gravest finding first.

    Columns are those of ``findings.csv``: severity, code, sample_id, message, value, limit.

    Raises
    ------
    GatesError
        As `run`.
    """
    return frame(finding_rows(check_findings(study, gates, jobs=jobs)), FINDING_COLUMNS)


def _outcomes(
    study: Study, strategies: tuple[Strategy, ...], *, jobs: int, tube_done: TubeDone | None
) -> tuple[_Outcome, ...]:
    by_tube = [gates_for(tube.sample_id, tube.panel_id, strategies) for tube in study.tubes]
    work = partial(_outcome, tube_done=tube_done)
    if jobs <= 1:
        return tuple(map(work, study.tubes, by_tube))
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        return tuple(pool.map(work, study.tubes, by_tube))


def _outcome(tube: Tube, strategy: Strategy | None, *, tube_done: TubeDone | None) -> _Outcome:
    outcome = _attempt(tube, strategy)
    if tube_done is not None:
        tube_done(tube, outcome.error)
    return outcome


def _attempt(tube: Tube, strategy: Strategy | None) -> _Outcome:
    """Return a tube's result, or its failure; what is wrong with a tube stays in its row."""
    if tube.exclude_reason:
        excluded = unquantified(tube, Reason.EXCLUDED_BY_USER)
        return _Outcome(result=_row(tube, strategy, quantities=excluded))
    try:
        return _measured(tube, strategy)
    except (CarflowError, Problems) as error:
        failed = _row(
            tube,
            strategy,
            quantities=unquantified(tube, Reason.TUBE_FAILED),
            failure=Failure.of(error),
        )
        return _Outcome(result=failed, error=error)


def _measured(tube: Tube, strategy: Strategy | None) -> _Outcome:
    acquisition = read_fcs(tube.path, tube.dataset)
    if strategy is None:
        summary = summarise(tube, acquisition, stability=assess_stability(acquisition))
        return _Outcome(
            result=_row(tube, None, n_events=acquisition.n_events),
            summary=summary,
            sha256=acquisition.sha256,
        )
    watch = SaturationWatch(acquisition)
    gated, car_events = _gated(watch, strategy)
    return _Outcome(
        result=_result(tube, gated),
        summary=summarise(
            tube,
            acquisition,
            gated=gated,
            saturated=watch.saturated_shares(),
            stability=assess_stability(acquisition),
        ),
        sha256=acquisition.sha256,
        counted=_Counted(
            counts=tube_counts(gated),
            volume=acquired_volume(acquisition.keywords, unit_override=tube.volume_unit_override),
            limits=strategy.limits,
            car_events=car_events,
            key=MergeKey(
                panel_id=tube.panel_id,
                settings="|".join(acquisition.voltages),
                gates_sha256=strategy.sha256,
                preparation=str(tube.preparation),
            ),
        ),
    )


def _gated(
    watch: SaturationWatch, strategy: Strategy
) -> tuple[Gated, Mapping[float, int] | Reason]:
    """Return a gated tube, and its CAR+ events with the CAR cut moved, from one pass."""
    twins = cut_twins(strategy, car_marker(strategy))
    gated = gate(
        watch,
        strategy if isinstance(twins, Reason) else twins.strategy,
        masks=False,
        medians=car_medians(strategy),
        densities=strategy.plots,
    )
    return (gated, twins) if isinstance(twins, Reason) else twins.parted(gated)


def _result(tube: Tube, gated: Gated) -> SampleResult:
    strategy = gated.strategy
    return _row(
        tube,
        strategy,
        n_events=gated.n_events,
        n_nonfinite=gated.n_nonfinite,
        populations=tuple(
            PopulationCount(
                population=strategy.short_name(population),
                parent=strategy.parent_name(population),
                count=gated.counts[strategy.short_name(population)],
            )
            for population in strategy.populations
        ),
        pictures=gate_pictures(gated),
    )


def _quantified(study: Study, outcomes: tuple[_Outcome, ...]) -> Iterator[_Outcome]:
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
        background = background_of(tube, alike)
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


def _row(tube: Tube, strategy: Strategy | None, **found: object) -> SampleResult:
    return SampleResult(
        sample_id=tube.sample_id,
        subject_id=tube.subject_id,
        day=tube.day,
        sample_type=tube.sample_type,
        visit_label=tube.visit_label,
        gates_name=strategy.name if strategy else "",
        **found,  # type: ignore[arg-type]  # the callers name fields of SampleResult
    )


def _findings(
    study: Study,
    outcomes: tuple[_Outcome, ...],
    subjects: tuple[SubjectResult, ...],
    limits: QcLimits,
) -> tuple[Finding, ...]:
    summaries = [outcome.summary for outcome in outcomes if outcome.summary is not None]
    failures = [
        (outcome.result.sample_id, outcome.result.failure.code, outcome.result.failure.sentence)
        for outcome in outcomes
        if outcome.result.failure is not None
    ]
    cuts = [found for one in subjects for found in check_car_cut(one.subject_id, peak_days(one))]
    found = (*check_batch(summaries, failures, limits=limits), *cuts, *study.findings)
    return tuple(sorted(found, key=lambda finding: finding.severity.rank))


def _cut_tubes(study: Study, outcomes: tuple[_Outcome, ...]) -> list[CutTube]:
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
    study: Study, outcomes: tuple[_Outcome, ...], moved: CutStudy
) -> tuple[SubjectResult, ...]:
    results = tuple(outcome.result for outcome in outcomes)
    visits = merged_visits([one.visit for one in _cut_tubes(study, outcomes)])
    subjects = (subject_result(study, results, name, visits=visits) for name in study.subject_ids)
    return tuple(with_cuts(subject, results, moved) for subject in subjects)


def _channels(outcomes: tuple[_Outcome, ...]) -> dict[str, Mapping[str, str]]:
    """Return for each gate file the channels of its markers in the first tube it was applied to."""
    found: dict[str, Mapping[str, str]] = {}
    for outcome in outcomes:
        if outcome.summary is not None:
            found.setdefault(outcome.summary.gates_name, outcome.summary.gate_channels)
    return found
