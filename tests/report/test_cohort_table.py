from __future__ import annotations

import math
from dataclasses import replace

from carflow.kinetics.cohort import GeometricMean, cohort, geometric_mean
from carflow.kinetics.cohort_summary import CohortSummary
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.report.cohort_table import cohort_table
from carflow.units import Unit

DAYS = [7.0, 12.0, 12.0, 14.0, 12.0, 7.0]
BRACKETS = [(4.0, 12.0), (7.0, 14.0), (7.0, 14.0), (12.0, 21.0), (7.0, 14.0), (4.0, 12.0)]


def heights(*values: float) -> GeometricMean:
    unit = Unit.CELLS_PER_UL
    return geometric_mean([Measure(unit=unit, value=value) for value in values], unit=unit)


def summary(
    days: list[float | None], brackets: list[tuple[float, float]], mean: GeometricMean,
    *, column: str = "", group: str = "",
) -> CohortSummary:  # fmt: skip
    return CohortSummary(
        quantity="car_per_ul_wbc", column=column, group=group,
        subject_ids=tuple(f"P{number}" for number in range(len(days))),
        times=cohort(days, brackets), means={"cmax": mean},
    )  # fmt: skip


def texts(one: CohortSummary) -> list[str]:
    table = cohort_table([one])
    assert table is not None
    assert len(table.rows[0].cells) == len(table.columns)
    return [
        " ".join(filter(None, (cell.text, cell.interval, cell.note, cell.why)))
        for cell in table.rows[0].cells
    ]


def test_a_row_tells_days_bounds_and_heights() -> None:
    one = summary([*DAYS], BRACKETS, heights(900.0, 1100.0, 1000.0), column="arm", group="A")

    assert texts(one) == [
        "CAR T cells (WBC) arm A", "6 of 6", "12 [7–14]", "7–14", "7–14", "4–21", "7–12",
        "997 [777, 1,280] cells/µL, CV\N{NO-BREAK SPACE}10\N{NO-BREAK SPACE}%",
    ]  # fmt: skip


def test_few_patients_have_no_interval_and_the_reason_stands_below() -> None:
    one = summary([7.0, 12.0], BRACKETS[:2], heights(900.0))

    assert texts(one)[1:4] == ["2 of 2", "9.5 [7–12]", "– needs six patients with a peak"]
    assert texts(one)[5] == "– needs six patients with a peak"
    assert texts(one)[7] == "900 cells/µL"


def test_a_peak_that_was_not_reached_is_told_and_leaves_an_end_open() -> None:
    one = summary([7.0, 28.0], [(4.0, 12.0), (14.0, math.inf)], heights(900.0, 800.0))

    assert texts(one)[1] == "2 of 2 1 not reached by the last sample"
    assert texts(one)[2].startswith("open after 17.5")


def test_a_median_that_every_last_sample_precedes_is_told_in_words() -> None:
    one = summary([7.0, 28.0], [(4.0, 12.0), (14.0, math.inf)], heights(900.0, 800.0))
    never = replace(one, times=replace(one.times, median_span=(math.inf, math.inf)))

    assert texts(never)[2] == "after every last sample [7–28]"


def test_without_a_peak_the_days_are_dashes_and_a_missing_height_says_why() -> None:
    missing = GeometricMean(
        mean=Measure.missing(Unit.CELLS_PER_UL, Reason.ALL_BLQ), cv_pct=None, n=0, n_without=2
    )
    found = texts(summary([None, None], [(0.0, 28.0)] * 2, missing))

    assert found[1:] == [
        "0 of 2", "–", "–", "–", "–", "–", "– every value lies below the limit of quantification"
    ]  # fmt: skip


def test_without_cohorts_there_is_no_table() -> None:
    assert cohort_table([]) is None
