"""The pictures that stand beside the model figure: moved CAR cuts, the cohort behind a patient.

Which pictures there are is decided here, from what the result holds; how each is drawn is told in
its own room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from carflow.report.cut_band import plot_cut_band
from carflow.report.timecourse import PERCENTAGE

if TYPE_CHECKING:
    from carflow.result.run import Result
    from carflow.result.subject import SubjectResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture with its file's name, its heading on the page, and itself in words."""

    kind: str
    title: str
    words: str
    figure: Figure


def pictures_beside(result: Result, subject: SubjectResult) -> tuple[Picture, ...]:
    """Return the pictures of one subject besides the model figure."""
    return (*_cut(result, subject),)


def _cut(result: Result, subject: SubjectResult) -> tuple[Picture, ...]:
    found = subject.cut_of(PERCENTAGE)
    if found is None or not found.shifted:
        return ()
    drawn = plot_cut_band(result, subject_id=subject.subject_id)
    figure: Figure = drawn.figure  # type: ignore[assignment]  # it is no subfigure: made above
    words = (
        f"CAR+ percentage of CD3+ of subject {subject.subject_id} with the CAR cut as drawn and 0.1"
        " decade lower and higher; the numbers are in cut_shifts.csv."
    )
    title = "The same curve with the CAR cut a little lower and higher"
    return (Picture(kind="cut", title=title, words=words, figure=figure),)
