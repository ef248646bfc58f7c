"""Background: what a control tube shows without CAR T cells, and the share that is left.

The control (FMO, untransduced cells, or the patient's own pre-infusion sample) is counted with
the same gates. Its share of false positives falls on true negatives only, so with p in the
sample and b in the control the true share is ``(p - b) / (1 - b)``. Of a dim reagent a share
1 - s of the CAR+ cells lies below the cut; where s is known it is ``(p - b) / (s - b)``.

Decisions
---------
- A difference below zero stays below zero, in the state ND: cutting it off at zero before
  averaging or plotting would shift every mean upwards.
- The interval adds the score limits of both shares in quadrature (Newcombe's way), because the
  standard error alone is 0 where neither tube shows an event, which claims too much. With
  many events both agree.
- Only the share of CD3+ is corrected. Of leukocytes, b would also change with the share of T
  cells, which is another one in the control.
- Several controls of one kind are pooled by their counts.

References
----------
Newcombe RG. Stat Med 1998; 17:873-890 (method 10, for the plain difference). Rogan WJ, Gladen
B. Am J Epidemiol 1978; 107:71-76 (the share of a test with known sensitivity).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from carflow.gating.label_light import Sensitivity
from carflow.gating.strategy import Role
from carflow.measure import IntervalKind, Measure, State
from carflow.quantify.blanks import raised_limits
from carflow.quantify.intervals import Z95, Interval, share_interval
from carflow.quantify.limits import event_state
from carflow.quantify.quantity import Quantity
from carflow.reasons import Reason
from carflow.study.model import SampleType
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from carflow.gating.strategy import AssayLimits
    from carflow.quantify.counts import TubeCounts
    from carflow.study.model import Tube

EVERY_CELL = Sensitivity(1.0, 0.0)
"""Of a reagent whose positive cells all lie above the cut."""

NET = "car_net_pct_cd3"
NET_P95 = "car_net_p95_pct_cd3"
_ENOUGH_OF_A_DAY = 2_000  # CD3+ events of an FMO that serves its own day alone
CONTROL_ORDER = (
    SampleType.PRE_INFUSION,
    SampleType.HEALTHY,
    SampleType.UNTRANSDUCED,
    SampleType.FMO,
)
"""An FMO comes last: it lacks the reagent, and so what the reagent binds by mistake."""


class NetShare(NamedTuple):
    """A share of which the background is subtracted, with its standard error (fractions)."""

    share: float
    standard_error: float
    interval: Interval


def net_share(
    events: int,
    of: int,
    control_events: int,
    control_of: int,
    *,
    sensitivity: Sensitivity = EVERY_CELL,
) -> NetShare:
    """Return ``(p - b) / (s - b)`` of a sample and its control, possibly below 0.

    Parameters
    ----------
    events, of : int
        In the sample.
    control_events, control_of : int
        In the control.
    sensitivity : Sensitivity
        s, the share of positive cells above the cut, with its standard error.

    Raises
    ------
    ValueError
        If a denominator is not positive, a count lies outside it, or as many events of the
        control are positive as positive cells are.

    Examples
    --------
    >>> net = net_share(120, 60_000, 12, 50_000)
    >>> print(f"{net.share:.8f} {net.standard_error:.6f}")
    0.00176042 0.000195
    """
    sample = share_interval(events, of)
    control = share_interval(control_events, control_of)
    p, b = events / of, control_events / control_of
    s = sensitivity.share
    if b >= s:
        raise ValueError("the control is as positive as positive cells are: it is no control")
    share = min(1.0, _net(p, b, s))
    variance = p * (1 - p) / of / (s - b) ** 2
    variance += b * (1 - b) / control_of * (s - p) ** 2 / (s - b) ** 4
    scale = share * sensitivity.error / (s - b)
    # a control of very few cells may allow everything up to s
    worst = min(control.high, s - 1e-12)
    down = math.hypot(share - _net(sample.low, b, s), share - _net(p, worst, s), Z95 * scale)
    up = math.hypot(_net(sample.high, b, s) - share, _net(p, control.low, s) - share, Z95 * scale)
    return NetShare(
        share, math.hypot(math.sqrt(variance), scale), Interval(share - down, min(1.0, share + up))
    )


def _net(p: float, b: float, s: float) -> float:
    return (p - b) / (s - b)


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """The pooled counts of one kind of control.

    Parameters
    ----------
    counts : mapping of Role to int
        Events by role, summed over the controls.
    kind : SampleType
        FMO, UNTRANSDUCED, PRE_INFUSION or HEALTHY.
    sensitivity, lower_sensitivity : Sensitivity
        Share of CAR+ cells that lie above the cut and above the 95th percentile of controls; 1
        unless a dim reagent tells otherwise.
    car_median, car_rsd : float, optional
        Median and robust SD of the CAR channel of the control's CD3+ events [a.u.], for the
        resolution of the stain.

    Examples
    --------
    >>> from carflow.quantify.counts import TubeCounts
    >>> tubes = [TubeCounts(counts={Role.CD3: 25_000, Role.CAR: 6})] * 2
    >>> control = Background.of(tubes, SampleType.FMO)
    >>> control.mean_events(60_000)
    14.4
    """

    counts: Mapping[Role, int]
    kind: SampleType
    sensitivity: Sensitivity = EVERY_CELL
    lower_sensitivity: Sensitivity = EVERY_CELL
    car_median: float | None = None
    car_rsd: float | None = None

    @classmethod
    def of(cls, tubes: Iterable[TubeCounts], kind: SampleType) -> Background:
        """Return the controls of one kind pooled; intensities are those of a single control."""
        controls = tuple(tubes)
        roles = set.intersection(*(set(one.counts) for one in controls)) if controls else set()
        alone = controls[0] if len(controls) == 1 else None
        return cls(
            counts={role: sum(one.counts[role] for one in controls) for role in sorted(roles)},
            kind=kind,
            car_median=alone.cd3_car_median if alone else None,
            car_rsd=alone.cd3_car_rsd if alone else None,
        )

    def sensitivity_of(self, role: Role) -> Sensitivity:
        """Return the sensitivity of the cut of CAR, or of CAR_P95."""
        return self.sensitivity if role is Role.CAR else self.lower_sensitivity

    def mean_events(self, cd3_events: int) -> float | None:
        """Return the false positive events expected among so many CD3+ events, if known."""
        events, of = self.counts.get(Role.CAR), self.counts.get(Role.CD3)
        if events is None or not of:
            return None
        return events / of * cd3_events

    def limits_of(self, counts: TubeCounts, limits: AssayLimits) -> AssayLimits:
        """Return the limits of a tube, raised where its expected background demands it."""
        cd3 = counts.of(Role.CD3)
        expected = None if cd3 is None else self.mean_events(cd3)
        return limits if expected is None else raised_limits(limits, expected)


def background_of(
    tube: Tube,
    controls: Iterable[tuple[Tube, TubeCounts]],
    *,
    order: Sequence[SampleType] = CONTROL_ORDER,
) -> Background | None:
    """Return the background of a patient's tube from the controls of the same panel.

    Parameters
    ----------
    tube : Tube
        A tube after the infusion; a control itself has no background.
    controls : iterable of (Tube, TubeCounts)
        All tubes of the study, gated with the same gates; those that are no control are passed
        over, and so are excluded ones.
    order : sequence of SampleType
        Which kind is looked for first. Of the first kind there is, all are pooled. Pre-infusion
        samples and FMO serve their own subject only, and an FMO of 2,000 CD3+ events its own
        day: it shares the instrument's state and the cells' own light.

    Returns
    -------
    Background or None
        None where there is no control.
    """
    if tube.sample_type is not SampleType.PATIENT:
        return None
    usable = [
        (row, counts)
        for row, counts in controls
        if row.panel_id == tube.panel_id and not row.exclude_reason
    ]
    for kind in order:
        own_only = kind in {SampleType.PRE_INFUSION, SampleType.FMO}
        found = [
            (row, counts)
            for row, counts in usable
            if row.sample_type is kind and not (own_only and row.subject_id != tube.subject_id)
        ]
        of_the_day = [
            (row, counts)
            for row, counts in found
            if kind is SampleType.FMO and row.day == tube.day
            if (counts.of(Role.CD3) or 0) >= _ENOUGH_OF_A_DAY
        ]
        if found:
            return Background.of([counts for _, counts in of_the_day or found], kind)
    return None


def net_percentage(
    counts: TubeCounts,
    background: Background | None,
    limits: AssayLimits,
    *,
    role: Role = Role.CAR,
) -> Quantity:
    """Return CAR+ of CD3+ with the background subtracted, or why it cannot be.

    With `role` CAR_P95 it is the share above the 95th percentile of the controls. `limits` are
    those of `Background.limits_of`. ND, possibly below 0, where the events stay below the limit of
    detection or the interval reaches 0; `lod` and `lloq` are in %.

    Examples
    --------
    >>> from carflow.gating.strategy import AssayLimits
    >>> from carflow.quantify.counts import TubeCounts
    >>> tube = TubeCounts(counts={Role.CD3: 60_000, Role.CAR: 120})
    >>> fmo = Background(counts={Role.CD3: 50_000, Role.CAR: 12}, kind=SampleType.FMO)
    >>> print(net_percentage(tube, fmo, AssayLimits()).measure)
    0.176042 % [0.138744, 0.216451]
    """
    events, of = counts.of(role), counts.of(Role.CD3)
    reason = _why_no_net(events, of, background, role)
    if reason or events is None or not of or background is None:
        measure, lod, lloq = Measure.missing(Unit.PERCENT, reason), None, None
    else:
        measure = _net_measure(
            net_share(
                events,
                of,
                background.counts[role],
                background.counts[Role.CD3],
                sensitivity=background.sensitivity_of(role),
            ),
            *event_state(events, limits),
        )
        lod, lloq = 100.0 * limits.lod_events / of, 100.0 * limits.lloq_events / of
    return Quantity(
        name=NET if role is Role.CAR else NET_P95,
        method="flow",
        measure=measure,
        n_numerator=events,
        n_denominator=of,
        lod=lod,
        lloq=lloq,
    )


def _why_no_net(
    events: int | None, of: int | None, background: Background | None, role: Role
) -> Reason:
    if events is None or of is None:
        return Reason.NO_POPULATION
    if of == 0:
        return Reason.ZERO_PARENT
    if events > of:
        return Reason.NOT_NESTED
    return Reason.NO_CONTROL if background is None else _why_no_background(background, role)


def _why_no_background(background: Background, role: Role) -> Reason:
    control_events, control_of = background.counts.get(role), background.counts.get(Role.CD3)
    if control_events is None or control_of is None:
        return Reason.NO_CONTROL
    if control_of == 0:
        return Reason.EMPTY_CONTROL
    nested = control_events < control_of * background.sensitivity_of(role).share
    return Reason.NONE if nested else Reason.NOT_NESTED


def _net_measure(net: NetShare, state: State, reason: Reason) -> Measure:
    low, high = net.interval.times(100.0)
    if low <= 0 and state is not State.ND:
        state, reason = State.ND, Reason.NOT_ABOVE_CONTROL
    return Measure(
        unit=Unit.PERCENT,
        value=100.0 * net.share,
        low=low,
        high=high,
        state=state,
        reason=reason,
        ci_kind=IntervalKind.COUNTING,
    )
