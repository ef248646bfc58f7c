"""Treatments as runs of days, and where a run began relative to a bracket."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carflow.study.model import Treatment


class Onset(StrEnum):
    """Where a treatment began relative to the bracket of a peak."""

    BEFORE = "before"
    INSIDE = "inside"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentRun:
    """A drug given without a gap from `start_day` to `stop_day`, both days included."""

    drug: str
    start_day: float
    stop_day: float

    @property
    def span(self) -> str:
        """The days in words.

        Examples
        --------
        >>> TreatmentRun(drug="methylprednisolone", start_day=9, stop_day=13).span
        'day 9–13'
        >>> TreatmentRun(drug="ibrutinib", start_day=-34, stop_day=-7).span
        'day −34 to −7'
        """
        if self.start_day == self.stop_day:
            return f"day {signed(self.start_day)}"
        joint = "–" if self.start_day >= 0 else " to "
        return f"day {signed(self.start_day)}{joint}{signed(self.stop_day)}"

    def onset(self, bracket: tuple[float, float]) -> Onset:
        """Return where the run began; on an edge of the bracket counts as inside.

        Treatments are known to the day, so a run that began on the day of a sample may have
        begun on either side of it.
        """
        if self.start_day < bracket[0]:
            return Onset.BEFORE
        return Onset.AFTER if self.start_day > bracket[1] else Onset.INSIDE

    def meets(self, first_day: float, last_day: float) -> bool:
        """Return whether the run has a day in common with a span of days."""
        return self.start_day <= last_day and self.stop_day >= first_day


def merged_runs(treatments: Iterable[Treatment]) -> tuple[TreatmentRun, ...]:
    """Return the runs of a subject's treatments in order of their first day.

    Rows of the same drug (whatever its capitals) that overlap or follow on the next day are one
    run, whatever the dose.

    Examples
    --------
    >>> from carflow.study.model import Treatment
    >>> rows = [Treatment(subject_id="P1", drug="methylprednisolone", start_day=start,
    ...     stop_day=stop) for start, stop in ((9, 11), (12, 12), (13, 13))]
    >>> [run.span for run in merged_runs(rows)]
    ['day 9–13']
    """
    runs: list[TreatmentRun] = []
    for row in sorted(treatments, key=lambda row: (row.drug.casefold(), row.start_day)):
        previous = runs[-1] if runs else None
        if (
            previous is not None
            and previous.drug.casefold() == row.drug.casefold()
            and row.start_day <= previous.stop_day + 1
        ):
            runs[-1] = TreatmentRun(
                drug=previous.drug,
                start_day=previous.start_day,
                stop_day=max(previous.stop_day, row.stop_day),
            )
        else:
            runs.append(TreatmentRun(drug=row.drug, start_day=row.start_day, stop_day=row.stop_day))
    return tuple(sorted(runs, key=lambda run: (run.start_day, run.stop_day, run.drug)))


def signed(number: float, form: str = "g") -> str:
    """Return a number with a true minus sign.

    Examples
    --------
    >>> signed(-0.9896, ".2f")
    '−0.99'
    """
    return format(number, form).replace("-", "−")
