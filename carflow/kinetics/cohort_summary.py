"""What the curves of several subjects say together: time to peak, heights, areas, by group.

The numbers are those of `cohort`; here stands which subjects and which parameters they are of.
A quantity that fewer than two subjects have is no cohort. A group is told however small it is,
and the sentences say how many patients it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from carflow.kinetics.cohort import Cohort, GeometricMean, cohort_of, geometric_mean
from carflow.kinetics.cohort_wording import cohort_sentences, geometric_sentence
from carflow.kinetics.parameters import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.subject import CurveKinetics

LEAST_SUBJECTS = 2
AVERAGED = ("cmax", "auc_0_28")
NO_GROUP = "not given"


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortSummary:
    """One quantity over several subjects.

    Parameters
    ----------
    quantity : str
        Which curves.
    column, group : str
        The column of the sheet and the value that these subjects have in common; both empty
        for everyone.
    subject_ids : tuple of str
        Who, in the order of the sheet.
    times : Cohort
        Their time to peak.
    means : mapping of str to GeometricMean
        By parameter, those of `AVERAGED`.
    sentences : tuple of str
        What there is to say.
    """

    quantity: str
    column: str = ""
    group: str = ""
    subject_ids: tuple[str, ...]
    times: Cohort
    means: Mapping[str, GeometricMean] = field(default_factory=dict)
    sentences: tuple[str, ...] = ()


def cohort_summaries(
    curves: Sequence[CurveKinetics], *, column: str = "", groups: Mapping[str, str] | None = None
) -> tuple[CohortSummary, ...]:
    """Return every quantity that two or more subjects have: all of them, then group by group.

    Parameters
    ----------
    curves : sequence of CurveKinetics
        The curves of all subjects.
    column : str
        The column of the sheet that `groups` comes from; without it there are no groups.
    groups : mapping of str to str, optional
        The group of each subject; an empty or absent one is called "not given".

    Examples
    --------
    >>> from carflow.kinetics.curve import Curve, Point
    >>> from carflow.kinetics.subject import analyse_curve
    >>> from carflow.measure import Measure
    >>> from carflow.units import Unit
    >>> def course(subject, *values):
    ...     points = tuple(Point(day=day, measure=Measure(unit=Unit.PERCENT, value=value))
    ...         for day, value in zip((0.0, 7.0, 12.0, 28.0), values, strict=True))
    ...     return analyse_curve(Curve(subject_id=subject, quantity="car_pct_cd3",
    ...         unit=Unit.PERCENT, points=points))
    >>> found, = cohort_summaries([course("A", 1, 45, 24, 3), course("B", 1, 30, 60, 5)])
    >>> print(found.sentences[-2])  # doctest: +NORMALIZE_WHITESPACE
    Cmax: geometric mean 52 % (95 % interval 8.35 to 323), geometric CV 21 %, 2 patients.
    """
    found: list[CohortSummary] = []
    for quantity in dict.fromkeys(one.quantity for one in curves):
        alike = [one for one in curves if one.quantity == quantity]
        if len(alike) < LEAST_SUBJECTS:
            continue
        found.append(_summary(alike))
        if not column:
            continue
        named = {one.subject_id: (groups or {}).get(one.subject_id) or NO_GROUP for one in alike}
        found += (
            _summary(
                [one for one in alike if named[one.subject_id] == group],
                column=column,
                group=group,
            )
            for group in sorted(set(named.values()), key=lambda name: (name == NO_GROUP, name))
        )
    return tuple(found)


def _summary(
    curves: Sequence[CurveKinetics], *, column: str = "", group: str = ""
) -> CohortSummary:
    times = cohort_of([one.peak for one in curves])
    means = {name: _mean(curves, name) for name in AVERAGED}
    return CohortSummary(
        quantity=curves[0].quantity,
        column=column,
        group=group,
        subject_ids=tuple(one.subject_id for one in curves),
        times=times,
        means=means,
        sentences=(
            *cohort_sentences(times),
            *(geometric_sentence(mean, PARAMETERS[name].label) for name, mean in means.items()),
        ),
    )


def _mean(curves: Sequence[CurveKinetics], name: str) -> GeometricMean:
    measures = [one.parameters[name] for one in curves]
    return geometric_mean(measures, unit=measures[0].unit)
