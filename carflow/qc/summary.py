"""What the checks know of a tube: a few hundred plain numbers, taken while its events were there.

Why summaries and not events: the checks of a batch compare all tubes with each other. Held as
events that is gigabytes, and a second reading of every file; held as summaries it is
kilobytes that pass between processes, and a check is a pure function that a test can call
with numbers typed by hand. Whatever a check wants to know of events is measured before, in
the room that holds them (`carflow.cleaning`, `carflow.gating`), and stored here.

No array, no path, no text out of a file but channel and marker names.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from carflow.cleaning.residual_spillover import ResidualSlope
from carflow.cleaning.stability import Stability
from carflow.findings import Finding
from carflow.gating.brightness import lower_bound
from carflow.gating.compensation import CompensationState
from carflow.gating.drawn_cells import EarlyCells
from carflow.gating.strategy import AssayLimits, Role
from carflow.qc.origin import Origin, instrument_sha256, origin_of
from carflow.quantify.gated import car_marker
from carflow.study.model import SampleType

if TYPE_CHECKING:
    from carflow.fcs.acquisition import Acquisition
    from carflow.fcs.spillover import Spillover
    from carflow.gating.gated import Gated
    from carflow.gating.strategy import Population, Strategy
    from carflow.study.model import Tube

# how every maker's software begins the names of scatter and time
_NOT_FLUORESCENCE = ("FSC", "SSC", "TIME")


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixSummary:
    """A spillover matrix as plain numbers; row i is the dye, column j the detector it reaches.

    `condition_number` is infinite for a singular matrix.
    """

    channels: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    sha256: str
    condition_number: float

    @property
    def is_identity(self) -> bool:
        """Whether the matrix compensates nothing."""
        return all(
            value == (1.0 if i == j else 0.0)
            for i, row in enumerate(self.rows)
            for j, value in enumerate(row)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationEvents:
    """The events of one population and of its parent, and the parts it plays.

    `lineage` are the roles of the population itself and of its ancestors.
    """

    name: str
    parent: str
    count: int
    parent_count: int
    roles: tuple[Role, ...] = ()
    lineage: tuple[Role, ...] = ()

    @property
    def pct_of_parent(self) -> float | None:
        """The share of the parent [%], None of a parent without events."""
        return 100.0 * self.count / self.parent_count if self.parent_count else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TubeSummary:
    """One tube, as the checks see it.

    Tuples of channels, markers, ranges, voltages, gains and amplifications ($PnE) run in the
    order of the file; the last three are text as in the file, "" where it gives none. Without gates
    `gates_name` is "", `counts` and `gate_channels` are empty and `n_nonfinite` is None.

    Parameters
    ----------
    row : int
        The tube's place in the sample sheet.
    beads_in_tube : float, optional
        The bead number of the sheet: with it, bead counts are asked for.
    gate_channels : Mapping[str, str]
        Where each name in the gate file is found in this tube: name to channel.
    target_channels : tuple of str
        Channels that the CD3 and CAR gates lie on.
    counts : Mapping[Role, int]
        Events of every population that has a role [events].
    saturated : Mapping[str, float]
        Share of events at the upper end of a channel's range, 0 to 1, by channel.
    compensation : CompensationState, optional
        What became of compensation; None without gates.
    uncovered : tuple of str
        Channels that were to be compensated, but are not in the matrix.
    skipped : tuple of str
        Time gates that let every event in, because the tube's time cannot be used.
    acquired_at : datetime, optional
        Personal data: it is compared, never printed.
    instrument_sha256 : str
        Hash of the free text that names the cytometer, "" where the file gives none: compared,
        never printed.
    origin : Origin
        What the file says of software, operator and sample, as hashes.
    batch : str
        Id of the batch, see `carflow.gating.lock.batch_id`; "" where it is not known.
    gates_panel : str
        The panel that the gates are for, "" where they say none.
    brightness : Mapping[str, float]
        Medians of steady populations by name, such as ``CD3 of CD3+``; linear, compensated.
    assay : AssayLimits, optional
        The event limits of the gate file; None without gates.
    populations : tuple of PopulationEvents
        Every population, parents before children.
    per_ul : Mapping[str, float]
        Counts per µL by name of the quantity, such as ``car_per_ul_beads`` [cells/µL]; known
        only once the controls of the batch are counted, and put in then.
    stability : Stability, optional
        The tube's course through time; None where it was not followed.
    n_removed : int
        Events of disturbed stretches that were left out before gating.
    car_negative_median, car_cut : float, optional
        Median of the CAR-negative T cells, and where the CAR gate begins; linear, compensated.
    residuals : tuple of ResidualSlope
        What compensation left between channels of the T cells.
    far_negative_pct : Mapping[str, float]
        T cells far below the negatives of a channel [%], by channel.
    early : EarlyCells, optional
        CAR+ cells among the T cells of the first events, and of all others.
    control_lot : str
        The lot of a process control, "" for any other tube.
    control_values : Mapping[str, float]
        What is charted of a process control, by name.
    cbc_hours_apart, hours_to_acquisition : float, optional
        Hours from the draw to that of the blood count, and to the acquisition [h].
    """

    sample_id: str
    subject_id: str
    day: float
    sample_type: SampleType
    row: int
    panel_id: str
    gates_name: str
    n_events: int
    channels: tuple[str, ...]
    markers: tuple[str, ...]
    ranges: tuple[float, ...]
    voltages: tuple[str, ...]
    gains: tuple[str, ...]
    datatype: str
    byteorder: str
    data_sha256: str
    matrix: MatrixSummary | None = None
    acquired_at: datetime | None = None
    duration_s: float | None = None
    time_channel: str | None = None
    beads_in_tube: float | None = None
    n_nonfinite: int | None = None
    gate_channels: Mapping[str, str] = field(default_factory=dict)
    target_channels: tuple[str, ...] = ()
    counts: Mapping[Role, int] = field(default_factory=dict)
    saturated: Mapping[str, float] = field(default_factory=dict)
    compensation: CompensationState | None = None
    amplifications: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    reader_findings: tuple[Finding, ...] = ()
    instrument_sha256: str = ""
    origin: Origin = field(default_factory=Origin)
    batch: str = ""
    gates_panel: str = ""
    brightness: Mapping[str, float] = field(default_factory=dict)
    assay: AssayLimits | None = None
    populations: tuple[PopulationEvents, ...] = ()
    per_ul: Mapping[str, float] = field(default_factory=dict)
    stability: Stability | None = None
    n_removed: int = 0
    car_negative_median: float | None = None
    car_cut: float | None = None
    residuals: tuple[ResidualSlope, ...] = ()
    far_negative_pct: Mapping[str, float] = field(default_factory=dict)
    early: EarlyCells | None = None
    control_lot: str = ""
    control_values: Mapping[str, float] = field(default_factory=dict)
    cbc_hours_apart: float | None = None
    hours_to_acquisition: float | None = None

    @property
    def compensated(self) -> bool:
        """Whether the gates saw compensated values."""
        return self.compensation not in {
            None,
            CompensationState.NO_MATRIX,
            CompensationState.NOT_ASKED,
        }

    @property
    def condition_number(self) -> float | None:
        """The condition number of the spillover matrix, None where the file holds none."""
        return self.matrix.condition_number if self.matrix else None

    def population(self, role: Role) -> PopulationEvents | None:
        """Return the population that plays a role, None where none does."""
        return next((found for found in self.populations if role in found.roles), None)

    def uses(self, channel: str) -> bool:
        """Whether the gates need a channel; without gates every channel counts as needed."""
        return not self.gates_name or channel in self.gate_channels.values()

    def channel_label(self, channel: str) -> str:
        """Return a channel with its marker in brackets.

        Parameters
        ----------
        channel : str
            A channel name; one that the tube lacks is returned unchanged.
        """
        marker = dict(zip(self.channels, self.markers, strict=True)).get(channel, "")
        return f"{channel} ({marker})" if marker and marker != channel else channel


def summarise(
    tube: Tube,
    acquisition: Acquisition,
    *,
    gated: Gated | None = None,
    saturated: Mapping[str, float] | None = None,
    residuals: Sequence[ResidualSlope] = (),
    stability: Stability | None = None,
) -> TubeSummary:
    """Return the summary of a tube that was read and, where gates were given, gated.

    Parameters
    ----------
    tube : Tube
        The row of the sheet.
    acquisition : Acquisition
        The file as read.
    gated : Gated, optional
        The tube's populations; without them the checks that need a population are left out.
    saturated : Mapping[str, float], optional
        Share of events at the upper end of each channel's range, 0 to 1, by channel.
    residuals : sequence of ResidualSlope
        From `carflow.cleaning.residual_spillover.residual_slopes`, on the T cells.
    stability : Stability, optional
        The tube's course through time.
    """
    summary = TubeSummary(
        sample_id=tube.sample_id,
        subject_id=tube.subject_id,
        day=tube.day,
        sample_type=tube.sample_type,
        row=tube.row,
        panel_id=tube.panel_id,
        gates_name="",
        n_events=acquisition.n_events,
        channels=acquisition.channels,
        markers=acquisition.markers,
        ranges=acquisition.ranges,
        voltages=acquisition.voltages,
        gains=_of_each_channel(acquisition, "G"),
        amplifications=_of_each_channel(acquisition, "E"),
        datatype=acquisition.keywords.get("$DATATYPE", "").strip(),
        byteorder=acquisition.keywords.get("$BYTEORD", "").strip(),
        data_sha256=acquisition.data_sha256,
        matrix=_matrix_summary(acquisition.spillover),
        acquired_at=acquisition.acquired_at,
        duration_s=acquisition.duration_s,
        time_channel=acquisition.time_channel,
        beads_in_tube=tube.beads_in_tube,
        cbc_hours_apart=tube.cbc_hours_apart,
        hours_to_acquisition=tube.hours_to_acquisition,
        saturated=dict(saturated or {}),
        reader_findings=acquisition.findings,
        instrument_sha256=instrument_sha256(acquisition.keywords),
        origin=origin_of(acquisition.keywords),
        residuals=tuple(residuals),
        stability=stability,
    )
    return summary if gated is None else _with_populations(summary, gated)


def _with_populations(summary: TubeSummary, gated: Gated) -> TubeSummary:
    strategy, gate_channels = gated.strategy, dict(gated.channels)
    return replace(
        summary,
        panel_id=summary.panel_id or strategy.panel_id,
        gates_name=strategy.name,
        gates_panel=strategy.panel_id,
        n_nonfinite=gated.n_nonfinite,
        n_removed=summary.n_events - gated.n_events,
        gate_channels=gate_channels,
        target_channels=_target_channels(strategy, gate_channels),
        counts=_role_counts(gated),
        compensation=_compensation(gated),
        uncovered=gated.uncovered,
        skipped=gated.skipped,
        assay=strategy.limits,
        populations=_populations(gated),
        car_negative_median=_car_negative_median(gated),
        car_cut=_car_cut(strategy),
    )


def negative_medians(strategy: Strategy) -> tuple[tuple[str, str], ...]:
    """Return the medians to ask of the engine for the checks, as (population, marker) pairs."""
    marker = car_marker(strategy)
    population = strategy.role(Role.CAR_NEGATIVE)
    return ((strategy.short_name(population), marker),) if marker and population else ()


def _car_negative_median(gated: Gated) -> float | None:
    asked = negative_medians(gated.strategy)
    return gated.medians.get(asked[0][0], {}).get(asked[0][1]) if asked else None


def _car_cut(strategy: Strategy) -> float | None:
    """Return where the CAR gate begins on the linear axis of its marker; None where it is open."""
    population, marker = strategy.role(Role.CAR), car_marker(strategy)
    if population is None or marker is None:
        return None
    axis = [dimension.name for dimension in population.dimensions].index(marker)
    return lower_bound(population, axis)


def _populations(gated: Gated) -> tuple[PopulationEvents, ...]:
    strategy = gated.strategy
    whole = gated.n_events - gated.n_nonfinite
    played: dict[tuple[str, ...], list[Role]] = {}
    for role in strategy.roles:
        population = strategy.role(role)
        if population is not None:
            played.setdefault(population.path, []).append(role)

    def events(population: Population) -> PopulationEvents:
        parent, path = strategy.parent_name(population), population.path
        ancestors = (path[:length] for length in range(1, len(path) + 1))
        return PopulationEvents(
            name=strategy.short_name(population),
            parent=parent,
            count=gated.counts[strategy.short_name(population)],
            parent_count=gated.counts[parent] if parent else whole,
            roles=tuple(played.get(path, ())),
            lineage=tuple(role for one in ancestors for role in played.get(one, ())),
        )

    return tuple(events(population) for population in strategy.populations)


def _of_each_channel(acquisition: Acquisition, letter: str) -> tuple[str, ...]:
    """Return the keyword $PnX of every channel as written, "" where it is absent."""
    numbers = range(1, len(acquisition.channels) + 1)
    return tuple(acquisition.keywords.get(f"$P{n}{letter}", "").strip() for n in numbers)


def _target_channels(strategy: Strategy, gate_channels: Mapping[str, str]) -> tuple[str, ...]:
    populations = (strategy.role(Role.CD3), strategy.role(Role.CAR))
    names = dict.fromkeys(
        dimension.name
        for population in populations
        if population is not None
        for dimension in population.dimensions
    )
    channels = (gate_channels[name] for name in names if name in gate_channels)
    return tuple(found for found in channels if not found.upper().startswith(_NOT_FLUORESCENCE))


def _compensation(gated: Gated) -> CompensationState:
    """Return what became of compensation; gates on scatter and time alone ask for none."""
    wanted = any(
        dimension.compensated
        for population in gated.strategy.populations
        for dimension in population.dimensions
    )
    return gated.compensation if wanted else CompensationState.NOT_ASKED


def _role_counts(gated: Gated) -> dict[Role, int]:
    counts = {role: gated.count(role) for role in gated.strategy.roles}
    return {role: count for role, count in counts.items() if count is not None}


def _matrix_summary(spillover: Spillover | None) -> MatrixSummary | None:
    if spillover is None:
        return None
    matrix = spillover.matrix
    # the singular value decomposition behind `cond` gives up on values that are not finite
    condition = float(np.linalg.cond(matrix)) if np.isfinite(matrix).all() else math.inf
    return MatrixSummary(
        channels=tuple(spillover.channels),
        rows=tuple(tuple(float(value) for value in row) for row in matrix),
        sha256=spillover.sha256,
        condition_number=condition,
    )
