"""One tube from its file to counts, summary and pictures: read, clean, gate, look, keep.

What is wrong with a tube stays in its row. Quantities are not made here: they need the controls
of the batch, and wait for `carflow.pipeline`.

In a gate file that says ``[cleaning] time = "remove"`` a tube is read twice: what is disturbed
is known only at its end. Otherwise it is read once, and judged while it passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from carflow.applied_gates import TubeGates, own_gates, tube_gates
from carflow.cleaning.kept import kept_time_fraction, without_disturbed
from carflow.cleaning.residual_spillover import ResidualSlope, far_negative_pct, residual_slopes
from carflow.cleaning.watch import WatchedTube, assess_stability
from carflow.errors import CarflowError, Problems
from carflow.fcs.reader import read_fcs
from carflow.fcs.volume import AcquiredVolume, acquired_volume
from carflow.gate_fit import batch_of
from carflow.gating.cut_twins import cut_twins
from carflow.gating.drawn_cells import DrawnCells, drawn_cells
from carflow.gating.engine import gate
from carflow.gating.process_control import control_values
from carflow.gating.strategy import AssayLimits, Role, Strategy
from carflow.qc.summary import TubeSummary, summarise
from carflow.quantify.background import Background
from carflow.quantify.counts import TubeCounts
from carflow.quantify.gated import car_marker, car_medians, tube_counts
from carflow.quantify.merging import MergeKey
from carflow.quantify.tube import unquantified
from carflow.reasons import Reason
from carflow.result.pictures import gate_pictures
from carflow.result.sample import Failure, PopulationCount, SampleResult
from carflow.study.model import SampleType

if TYPE_CHECKING:
    from carflow.cleaning.drawn import DrawnEvents
    from carflow.cleaning.stability import Stability
    from carflow.fcs.acquisition import Acquisition
    from carflow.gating.gated import Gated
    from carflow.study.model import Tube


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the quantities of a gated tube are made from."""

    counts: TubeCounts
    volume: AcquiredVolume
    limits: AssayLimits
    key: MergeKey
    car_events: Mapping[float, int] | Reason
    background: Background | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one tube; `gates` are those it was gated with."""

    result: SampleResult
    summary: TubeSummary | None = None
    sha256: str = ""
    error: CarflowError | Problems | None = None
    counted: Counted | None = None
    gates: TubeGates | None = None


def attempt(tube: Tube, strategy: Strategy | None) -> Outcome:
    """Return a tube's result, or its failure; what is wrong with a tube stays in its row."""
    if tube.exclude_reason:
        excluded = unquantified(tube, Reason.EXCLUDED_BY_USER)
        return Outcome(result=_row(tube, strategy, quantities=excluded))
    try:
        return _measured(tube, strategy)
    except (CarflowError, Problems) as error:
        failed = _row(
            tube,
            strategy,
            quantities=unquantified(tube, Reason.TUBE_FAILED),
            failure=Failure.of(error),
        )
        return Outcome(result=failed, error=error)


def _measured(tube: Tube, strategy: Strategy | None) -> Outcome:
    acquisition = read_fcs(tube.path, tube.dataset)
    if strategy is None:
        return _looked_at(tube, acquisition)
    course: Stability | None = None
    watched = WatchedTube(acquisition)
    if strategy.disturbed == "remove":
        course = assess_stability(acquisition)
        if course.may_be_left_out:
            watched = WatchedTube(without_disturbed(acquisition, course))
    gated, car_events = _gated(watched, own_gates(tube, acquisition, strategy))
    if course is None:
        course = watched.stability()
    drawn = watched.drawn()
    cells = _t_cells(tube, drawn, gated)
    # without a matrix there is no question what compensation did
    compensated = cells if cells is not None and cells.is_compensated else None
    summary = summarise(
        tube,
        acquisition,
        gated=gated,
        saturated=watched.saturated_shares(),
        residuals=_residuals(compensated),
        stability=course,
    )
    summary = replace(
        summary,
        far_negative_pct=_far_negatives(compensated),
        early=cells.early if cells is not None else None,
        brightness=cells.brightness if cells is not None else {},
        batch=batch_of(tube, acquisition),
        control_lot=tube.control_lot,
        control_values=control_values(tube, drawn, gated=gated, cells=cells),
    )
    counted = _counted(tube, acquisition, (gated, car_events), course)
    # tubes of one lock are gated alike, each by its own coordinates
    return Outcome(
        result=_result(tube, gated, course, n_events=acquisition.n_events),
        summary=summary,
        sha256=acquisition.sha256,
        counted=replace(counted, key=replace(counted.key, gates_sha256=strategy.sha256)),
        gates=tube_gates(tube, acquisition, gated),
    )


def _looked_at(tube: Tube, acquisition: Acquisition) -> Outcome:
    """Return what can be said of a tube without gates."""
    watched = WatchedTube(acquisition)
    watched.pass_by()
    course = watched.stability()
    summary = summarise(tube, acquisition, saturated=watched.saturated_shares(), stability=course)
    charted = control_values(tube, watched.drawn())
    return Outcome(
        result=_row(tube, None, n_events=acquisition.n_events, stability=course),
        summary=replace(summary, control_lot=tube.control_lot, control_values=charted),
        sha256=acquisition.sha256,
    )


def _t_cells(tube: Tube, drawn: DrawnEvents, gated: Gated) -> DrawnCells | None:
    """Return the drawn T cells of a tube; a tube of beads has none."""
    if tube.sample_type is SampleType.BEAD_QC or not gated.count(Role.CD3):
        return None
    return drawn_cells(drawn, gated.strategy)


def _residuals(cells: DrawnCells | None) -> tuple[ResidualSlope, ...]:
    return () if cells is None else residual_slopes(cells.values, cells.channels)


def _far_negatives(cells: DrawnCells | None) -> Mapping[str, float]:
    return {} if cells is None else far_negative_pct(cells.values, cells.channels)


def _gated(watched: WatchedTube, strategy: Strategy) -> tuple[Gated, Mapping[float, int] | Reason]:
    """Return a gated tube, and its CAR+ events with the CAR cut moved, from one pass."""
    twins = cut_twins(strategy, car_marker(strategy))
    gated = gate(
        watched,
        strategy if isinstance(twins, Reason) else twins.strategy,
        masks=False,
        medians=car_medians(strategy),
        densities=strategy.plots,
    )
    return (gated, twins) if isinstance(twins, Reason) else twins.parted(gated)


def _counted(
    tube: Tube,
    acquisition: Acquisition,
    found: tuple[Gated, Mapping[float, int] | Reason],
    course: Stability,
) -> Counted:
    gated, car_events = found
    counts = tube_counts(gated)
    volume = acquired_volume(acquisition.keywords, unit_override=tube.volume_unit_override)
    if gated.strategy.disturbed == "remove" and course.may_be_left_out:
        kept = kept_time_fraction(course, gated.time_gate_span_s)
        if kept is not None:
            counts = replace(counts, retained_time_fraction=kept)
        elif volume.ul is not None:
            volume = replace(volume, ul=None, reason=Reason.VOLUME_OF_REMOVED)
    return Counted(
        counts=counts,
        volume=volume,
        limits=gated.strategy.limits,
        car_events=car_events,
        key=MergeKey(
            panel_id=tube.panel_id,
            settings="|".join(acquisition.voltages),
            gates_sha256=gated.strategy.sha256,
            preparation=str(tube.preparation),
        ),
    )


def _result(tube: Tube, gated: Gated, course: Stability, *, n_events: int) -> SampleResult:
    strategy = gated.strategy
    return _row(
        tube,
        strategy,
        n_events=n_events,
        n_removed=n_events - gated.n_events,
        stability=course,
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
