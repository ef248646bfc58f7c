import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes

from carflow.kinetics.cohort_summary import cohort_summaries
from carflow.kinetics.curve import Curve, Point
from carflow.kinetics.subject import analyse_curve
from carflow.measure import Measure, State
from carflow.reasons import Reason
from carflow.report.beside import pictures_beside, pictures_of_all
from carflow.report.cohort_band import band_days, percentile, plot_cohort
from carflow.report.page import ALL_SUBJECTS, report_html
from carflow.result.archive import result_from_json, result_to_json
from carflow.result.run import Result
from carflow.units import Unit

DAYS = (1.0, 4.0, 7.0, 12.0, 14.0, 28.0)
MakeCohort = Callable[[int], Result]


def curve(subject: str, values: Sequence[float | None]) -> Curve:
    below = Measure(
        unit=Unit.PERCENT, value=0.0, state=State.ND, reason=Reason.NOT_DETECTED, low=0, high=0.1
    )
    points = tuple(
        Point(day=day, measure=below if value is None else Measure(unit=Unit.PERCENT, value=value))
        for day, value in zip(DAYS, values, strict=True)
    )
    return Curve(subject_id=subject, quantity="car_pct_cd3", unit=Unit.PERCENT, points=points)


@pytest.fixture
def cohort(model_result: Result) -> MakeCohort:
    """Make a result of n subjects, each a little higher than the one before."""

    def make(n: int) -> Result:
        (model,) = model_result.subject_results
        subjects = []
        for number in range(n):
            name, factor = f"P{number}", 1 + 0.1 * number
            values = [None, 5 * factor, 40 * factor, 50 * factor, 20 * factor, 3 * factor]
            one = curve(name, values)
            subjects.append(
                replace(model, subject_id=name, curves=(one,), kinetics=(analyse_curve(one),))
            )
        kinetics = [found for one in subjects for found in one.kinetics]
        groups = {f"P{number}": "even" if number % 2 == 0 else "odd" for number in range(n)}
        return replace(
            model_result,
            subject_results=tuple(subjects),
            tube_results=(),
            cohorts=cohort_summaries(kinetics, column="arm", groups=groups),
        )

    return make


def labels(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


@given(
    st.lists(st.floats(0.01, 1e4), min_size=1, max_size=20), st.sampled_from([0.1, 0.25, 0.5, 0.9])
)
def test_percentiles_of_numbers_are_those_of_numpy(values: list[float], share: float) -> None:
    assert percentile(values, share) == pytest.approx(np.quantile(values, share))


def test_a_value_below_its_limit_is_lower_than_every_number() -> None:
    curves = [curve(f"P{n}", [None, 1, 2, 3, 4, n + 1.0]) for n in range(4)]
    curves.append(curve("P4", [None, None, None, None, None, 9.0]))
    found = {one.day: one for one in band_days(curves)}

    assert found[1.0].high == -math.inf
    assert (found[4.0].low, found[4.0].middle) == (-math.inf, 1.0)
    assert found[28.0].middle == 3.0


def test_a_day_of_few_patients_is_in_no_band() -> None:
    curves = [curve(f"P{n}", [1.0] * 6) for n in range(4)]

    assert band_days(curves) == ()


def test_days_are_taken_to_the_nearest_whole_one() -> None:
    curves = []
    for n in range(5):
        one = curve(f"P{n}", [1.0] * 6)
        points = [replace(point, day=point.day + 0.1 * n) for point in one.points]
        curves.append(replace(one, points=tuple(points)))

    assert [one.day for one in band_days(curves)] == list(DAYS)


def test_one_patient_is_drawn_over_the_band_of_all(cohort: MakeCohort) -> None:
    ax = plot_cohort(cohort(6), subject_id="P3")

    assert labels(ax) == [
        "the other 5 patients",
        "10th to 90th percentile of a day",
        "median of a day",
        "patient P3",
    ]
    assert plot_cohort(cohort(6), ax) is ax


def test_what_is_below_the_limit_stands_at_the_foot_and_the_picture_says_so(
    cohort: MakeCohort,
) -> None:
    ax = plot_cohort(cohort(6), subject_id="P3")
    (below,) = [line for line in ax.lines if line.get_markerfacecolor() == "white"]

    assert np.asarray(below.get_xydata(), dtype=float).tolist() == [[1.0, 0.0]]
    assert [one.get_text() for one in ax.texts] == ["at the foot of the axis: below the limit"]


def test_where_nothing_is_below_the_limit_the_foot_is_not_spoken_of(cohort: MakeCohort) -> None:
    result = cohort(6)
    subjects = [
        replace(one, curves=(curve(one.subject_id, [1.0, 5, 40, 50, 20, 3]),))
        for one in result.subject_results
    ]
    ax = plot_cohort(replace(result, subject_results=tuple(subjects)), subject_id="P3")

    assert not ax.texts


def test_a_group_is_drawn_alone(cohort: MakeCohort) -> None:
    assert labels(plot_cohort(cohort(6), group="odd")) == ["the 3 patients"]


@pytest.mark.parametrize(
    ("n", "options", "said"),
    [
        (1, {}, "a cohort needs two curves of car_pct_cd3, found 1"),
        (3, {"subject_id": "X"}, "subject 'X' has no curve of car_pct_cd3 in this cohort"),
        (3, {"group": "X"}, "no group 'X' (groups: even, odd)"),
    ],
)
def test_what_is_not_there_is_named(
    cohort: MakeCohort, n: int, options: dict[str, str], said: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        plot_cohort(cohort(n), **options)  # type: ignore[arg-type]  # names of its options

    assert str(caught.value) == said


def test_pictures_stand_beside_where_a_band_can_be_drawn(cohort: MakeCohort) -> None:
    result = cohort(6)

    assert [one.kind for one in pictures_of_all(result)] == ["cohort"]
    assert [one.kind for one in pictures_beside(result, result.subject_results[0])] == ["cohort"]
    assert pictures_of_all(cohort(4)) == ()
    assert pictures_beside(cohort(4), cohort(4).subject_results[0]) == ()


def test_the_page_tells_the_cohort_and_its_groups(cohort: MakeCohort) -> None:
    result = cohort(6)
    page = report_html(result, {}, {ALL_SUBJECTS: pictures_of_all(result)})

    assert "<b>CAR+ of CD3+, all subjects.</b> 6 of 6 patients have an observed peak." in page
    assert page.count("patients have an observed peak.") == 1  # the groups stand in the table
    assert '<td>CAR+ of CD3+<span class="note">arm odd</span></td>' in page
    assert "Turnbull&#39;s estimate of the median" in page


def test_cohorts_are_a_table_and_survive_the_way_through_json(cohort: MakeCohort) -> None:
    result = cohort(6)
    back = result_from_json(result_to_json(result))
    table = result.cohort

    assert back.cohorts == result.cohorts
    assert table["group"].tolist() == ["", "even", "odd"]
    assert table["median"].tolist() == [12.0] * 3
    assert table["cmax_n"].tolist() == [6, 3, 3]
