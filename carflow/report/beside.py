"""The pictures beside the model figure: found gates, moved CAR cuts, the cohort, control charts.

Which pictures there are is decided here, from what the result holds; how each is drawn is told in
its own room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from carflow.report.cohort_band import LEAST_OF_A_DAY, band_days, plot_cohort
from carflow.report.cut_band import plot_cut_band, quantified
from carflow.report.found_gates import found_gates_figure
from carflow.report.levey_jennings import MOST_CHARTS, charts_figure
from carflow.report.posterior import plot_posterior
from carflow.report.timecourse import ABSOLUTE_QUANTITIES, PERCENTAGE
from carflow.report.wording import label_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from carflow.qc.baselines import Chart
    from carflow.result.run import Result
    from carflow.result.subject import SubjectResult

MOST_SUBJECTS = 60  # beyond, a picture of all curves for each patient would swell the page


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture with its file's name, its heading on the page, and itself in words."""

    kind: str
    title: str
    words: str
    figure: Figure


def pictures_beside(result: Result, subject: SubjectResult) -> tuple[Picture, ...]:
    """Return the pictures of one subject besides the model figure."""
    return (*_found_gates(result, subject), *_cut(result, subject), *_among_others(result, subject))


def _found_gates(result: Result, subject: SubjectResult) -> tuple[Picture, ...]:
    figure = found_gates_figure(result, subject.subject_id)
    if figure is None:
        return ()
    words = (
        f"Densities of the events of subject {subject.subject_id} with the gate found in each, one"
        " row for each gate and one column for each tube; the numbers are in gates.lock.json."
    )
    title = "The gates as found, each on the density that led to it"
    return (Picture(kind="found-gates", title=title, words=words, figure=figure),)


def control_pictures(result: Result) -> tuple[Picture, ...]:
    """Return the control charts of process controls, as many pictures as they need pages."""
    pages = [
        result.charts[start : start + MOST_CHARTS]
        for start in range(0, len(result.charts), MOST_CHARTS)
    ]
    return tuple(_charts(page, number, of=len(pages)) for number, page in enumerate(pages, start=1))


def _charts(charts: Sequence[Chart], number: int, *, of: int) -> Picture:
    drawn = ", ".join(dict.fromkeys(one.baseline.material for one in charts))
    part = f" {number} of {of}" if of > 1 else ""
    return Picture(
        kind="controls" if number == 1 else f"controls-{number}",
        title=f"Process controls{part}",
        words=f"Control charts{part}, every run against its frozen baseline: {drawn}.",
        figure=charts_figure(charts),
    )


def pictures_of_all(result: Result) -> tuple[Picture, ...]:
    """Return the pictures of the cohort: bands of percentage and count, and posteriors."""
    absolute = next((name for name in ABSOLUTE_QUANTITIES if _has_band(result, name)), "")
    drawn = [name for name in (PERCENTAGE, absolute) if name and _has_band(result, name)]
    return (*(_all(result, quantity) for quantity in drawn), *_posteriors(result))


def _posteriors(result: Result) -> tuple[Picture, ...]:
    return tuple(
        Picture(
            kind=f"posterior-{one.quantity}",
            title=f"{label_of(one.quantity)}: day of the peak under the population model",
            words=(
                f"Posterior of every subject's peak day from {label_of(one.quantity)}, with the"
                " observed day and its bracket; the numbers are in population_peaks.csv."
            ),
            figure=_figure_of(plot_posterior(result, quantity=one.quantity)),
        )
        for one in result.population_peaks
        if not one.reason
    )


def _all(result: Result, quantity: str) -> Picture:
    label = label_of(quantity)
    return Picture(
        kind="cohort" if quantity == PERCENTAGE else "cohort-count",
        title=f"{label}: all subjects and the middle of them",
        words=(
            f"{label} of all subjects over days, with median and 10th to 90th percentile of each"
            " day; the numbers are in quantities.csv."
        ),
        figure=_figure_of(plot_cohort(result, quantity=quantity)),
    )


def _has_band(result: Result, quantity: str) -> bool:
    curves = [curve for one in result.subject_results if (curve := one.curve_of(quantity))]
    return len(curves) >= LEAST_OF_A_DAY and len(band_days(curves)) > 1


def _among_others(result: Result, subject: SubjectResult) -> tuple[Picture, ...]:
    if len(result.subject_results) > MOST_SUBJECTS or not _has_band(result, PERCENTAGE):
        return ()
    curve = subject.curve_of(PERCENTAGE)
    if curve is None or not quantified(curve):
        return ()
    picture = Picture(
        kind="cohort",
        title="The same curve among those of the other subjects",
        words=(
            f"CAR+ percentage of CD3+ of subject {subject.subject_id} over the curves of all"
            " subjects, with median and 10th to 90th percentile of each day."
        ),
        figure=_figure_of(plot_cohort(result, subject_id=subject.subject_id)),
    )
    return (picture,)


def _figure_of(axes: Axes) -> Figure:
    figure: Figure = axes.figure  # type: ignore[assignment]  # no subfigure: the plot made it
    return figure


def _cut(result: Result, subject: SubjectResult) -> tuple[Picture, ...]:
    found = subject.cut_of(PERCENTAGE)
    if found is None or not found.shifted:
        return ()
    figure = _figure_of(plot_cut_band(result, subject_id=subject.subject_id))
    words = (
        f"CAR+ percentage of CD3+ of subject {subject.subject_id} with the CAR cut as applied and "
        "0.1 decade lower and higher; the numbers are in cut_shifts.csv."
    )
    title = "The same curve with the CAR cut a little lower and higher"
    return (Picture(kind="cut", title=title, words=words, figure=figure),)
