"""Checks of one subject's course beside those of the others: missing visits, exchanged tubes.

Both need several subjects of one panel; with one there is no finding. Only tubes on the curve
count.

How a swap is suspected: the share of T cells and the CD4:CD8 ratio of a person change slowly. A
tube that lies far from the tubes around it in its own course, and close to those of another
subject around that day, is named. Far is measured in units of the spread that all tubes of the
panel show about their own neighbours; patients after lymphodepletion jump, and widen it. In
simulated batches of six courses this names seven of ten exchanged tubes and one of 600 others.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.gating.strategy import Role
from carflow.qc.limits import Above
from carflow.qc.telling import finding_of
from carflow.qc.usual import panel_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from carflow.qc.summary import TubeSummary
    from carflow.thresholds import QcLimits

    Course = list[TubeSummary]
    Feature = Callable[[TubeSummary], float | None]

_SD_OF_MAD = 1.4826
# 0.25 is 6 points at 50 % T cells, and a fifth of a CD4:CD8 ratio
_LEAST_SPREAD = 0.25
_LEAST_TUBES = 3


def check_visits(tubes: Sequence[TubeSummary], limits: QcLimits) -> tuple[Finding, ...]:
    """Find days that most other subjects of a panel have and a subject lacks.

    Days after a subject's last are not missed: the course may go on. A finding stands with the
    tube that follows the gap.
    """
    return tuple(
        finding
        for group in panel_groups(tubes)
        for finding in _missed_visits(_courses(group), limits)
    )


def check_swaps(tubes: Sequence[TubeSummary], limits: QcLimits) -> tuple[Finding, ...]:
    """Find tubes that fit the course of another subject better than their own."""
    return tuple(
        finding for group in panel_groups(tubes) for finding in _swaps(_courses(group), limits)
    )


COURSE_CHECKS: tuple[Callable[[Sequence[TubeSummary], QcLimits], tuple[Finding, ...]], ...] = (
    check_visits,
    check_swaps,
)


def _courses(group: Sequence[TubeSummary]) -> dict[str, Course]:
    courses: dict[str, Course] = {}
    for tube in group:
        if tube.sample_type.on_curve:
            courses.setdefault(tube.subject_id, []).append(tube)
    return {
        name: sorted(course, key=lambda tube: (tube.day, tube.row))
        for name, course in courses.items()
    }


def _missed_visits(courses: dict[str, Course], limits: QcLimits) -> Iterator[Finding]:
    days = {name: [tube.day for tube in course] for name, course in courses.items()}
    for name, course in courses.items():
        others = [some for other, some in days.items() if other != name]
        if len(others) < limits.visit_subjects_least:
            continue
        missed = [*_missed_days(days[name], others, limits)]
        for tube in course:
            before = [day for day in missed if day < tube.day]
            missed = [day for day in missed if day not in before]
            yield _visit_finding(tube, before)


def _missed_days(
    own: Sequence[float], others: Sequence[Sequence[float]], limits: QcLimits
) -> Iterator[float]:
    """Yield the days inside a course that it lacks, each group of near days once."""
    found: list[float] = []
    for day in sorted({day for some in others for day in some}):
        with_it = sum(_has(some, day, limits) for some in others)
        common = with_it >= limits.visit_subjects_least and 2 * with_it > len(others)
        if common and own[0] < day < own[-1] and not _has([*own, *found], day, limits):
            found.append(day)
            yield day


def _has(days: Sequence[float], wanted: float, limits: QcLimits) -> bool:
    window = max(limits.visit_window_days, abs(wanted) * limits.visit_window_pct / 100.0)
    return any(abs(day - wanted) <= window for day in days)


def _visit_finding(tube: TubeSummary, missed: Sequence[float]) -> Finding:
    message = "No visit that most other subjects have is missing before this one."
    if missed:
        days = ", ".join(f"{day:g}" for day in missed)
        message = (
            f"Most other subjects of the panel have a tube of day {days}; this subject has none "
            "before this one."
        )
    return finding_of(
        tube,
        "QC-VISIT-MISSING",
        Severity.WARN if missed else Severity.PASS,
        message,
        value=float(len(missed)),
        limit="warn > 0",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trait:
    """One trait of the courses of a panel: days and values by subject, and the usual spread."""

    courses: dict[str, list[tuple[float, float]]]
    spread: float


def _swaps(courses: dict[str, Course], limits: QcLimits) -> Iterator[Finding]:
    long = {name: course for name, course in courses.items() if len(course) >= _LEAST_TUBES}
    if len(long) < 2:
        return
    read: tuple[Feature, ...] = (_t_cells, _cd4_cd8)
    traits = {feature: trait for feature in read if (trait := _trait(long, feature)) is not None}
    for name, course in long.items():
        for tube in course:
            own = _distance(tube, name, traits)
            if own is None:
                continue
            far = {other: _distance(tube, other, traits, same_day=True) for other in long}
            near = [(d, other) for other, d in far.items() if other != name and d is not None]
            if near:
                yield _swap_finding(tube, own, min(near), limits)


def _trait(courses: dict[str, Course], feature: Feature) -> _Trait | None:
    points = {
        name: [(tube.day, value) for tube in course if (value := feature(tube)) is not None]
        for name, course in courses.items()
    }
    apart = [
        abs(value - expected)
        for some in points.values()
        for day, value in some
        if (expected := _usual_near([one for one in some if one[0] != day], day)) is not None
    ]
    if not apart:
        return None
    spread = max(_SD_OF_MAD * statistics.median(apart), _LEAST_SPREAD)
    return _Trait(courses=points, spread=spread)


def _distance(
    tube: TubeSummary, name: str, traits: dict[Feature, _Trait], *, same_day: bool = False
) -> float | None:
    """Return how far a tube lies from a subject's course, over all traits it has."""
    squares = []
    for feature, trait in traits.items():
        value = feature(tube)
        if value is None:
            continue
        points = trait.courses[name]
        if not same_day:
            points = [one for one in points if one[0] != tube.day]
        expected = _usual_near(points, tube.day)
        if expected is not None:
            squares.append(((value - expected) / trait.spread) ** 2)
    return math.sqrt(sum(squares)) if squares else None


def _usual_near(points: Sequence[tuple[float, float]], day: float) -> float | None:
    """Return the median of the four tubes around a day, two on either side, or of the last three.

    A median, so that a tube that stands in the wrong course does not make its neighbours odd.
    """
    if not points:
        return None
    before = [value for at, value in points if at < day]
    after = [value for at, value in points if at >= day]
    near = [*before[-2:], *after[:2]]
    if len(before) < 2:
        near = [*before, *after[: 3 - len(before)]]
    elif len(after) < 2:
        near = [*before[-(3 - len(after)) :], *after]
    return statistics.median(near)


def _swap_finding(
    tube: TubeSummary, own: float, nearest: tuple[float, str], limits: QcLimits
) -> Finding:
    allowed = Above(limits.swap_z_warn)
    distance, other = nearest
    suspect = allowed.severity(own) is Severity.WARN and distance < own / 2.0
    message = f"T cells and CD4:CD8 lie {own:.1f} spreads from this subject's other days"
    if suspect:
        message += f" and {distance:.1f} from those of {other}: the tubes may be exchanged"
    elif own > allowed.warn:
        message += ", but no nearer to another subject's"
    return finding_of(
        tube,
        "QC-SWAP",
        Severity.WARN if suspect else Severity.PASS,
        f"{message}.",
        value=own,
        limit=allowed,
    )


def _t_cells(tube: TubeSummary) -> float | None:
    """Return the log odds of a T cell among its parent's events."""
    found = tube.population(Role.CD3)
    return None if found is None else _log_ratio(found.count, found.parent_count - found.count)


def _cd4_cd8(tube: TubeSummary) -> float | None:
    """Return the log CD4:CD8 ratio of CAR-negative T cells, else of all T cells.

    The product has a ratio of its own, so the patient's is that of the CAR-negative cells.
    """
    for cd4, cd8 in ((Role.CAR_NEGATIVE_CD4, Role.CAR_NEGATIVE_CD8), (Role.CD4, Role.CD8)):
        if cd4 in tube.counts and cd8 in tube.counts:
            return _log_ratio(tube.counts[cd4], tube.counts[cd8])
    return None


def _log_ratio(one: int, other: int) -> float | None:
    """Return ln(one / other), None where either is too small to tell (50 events, CV 14 %)."""
    return math.log(one / other) if one >= 50 and other >= 50 else None
