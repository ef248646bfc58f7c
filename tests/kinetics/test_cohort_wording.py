from __future__ import annotations

import math

from carflow.kinetics.cohort import cohort, geometric_mean
from carflow.kinetics.cohort_wording import TURNBULL_CAVEAT, cohort_sentences, geometric_sentence
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

DAYS: list[float | None] = [7.0, 12.0, 12.0, 14.0, 12.0, 7.0]
BRACKETS = [(4.0, 12.0), (7.0, 14.0), (7.0, 14.0), (12.0, 21.0), (7.0, 14.0), (4.0, 12.0)]


def test_a_cohort_of_six_says_what_it_knows_and_what_not() -> None:
    who, observed, bounds, turnbull = cohort_sentences(cohort(DAYS, BRACKETS))

    assert who == "6 of 6 patients have an observed peak."
    assert observed.startswith(
        "The median of the observed days is day 12 (range 7 to 14), with samples 2 to 5 d apart"
        " around it; 95 % interval day 7 to 14, for observed days under the same sampling and not"
        " for the true peaks,"
    )
    assert bounds == (
        "If every bracket holds its peak, the median of the true peaks lies between day 7 and day"
        " 14; with sampling error (95 %) between day 4 and day 21."
    )
    assert turnbull == (
        f"Turnbull's estimate of the median is not one day: it lies between day 7 and day 12."
        f" {TURNBULL_CAVEAT}."
    )


def test_a_small_cohort_has_no_interval_and_open_ends_are_said() -> None:
    found = cohort([7.0, 14.0, 14.0, None], [(4.0, 9.0), (9.0, math.inf), (9.0, math.inf), (0, 28)])

    assert cohort_sentences(found)[:4] == (
        "3 of 4 patients have an observed peak; 1 has none and is in no median.",
        "The peaks of 2 patients were not reached by the last sample and counted as later.",
        (
            "The median of the observed days is not one day: it lies after day 14 (range 7 to 14),"
            " with samples 5 d apart around it; there is no 95 % interval, which needs"
            " six patients."
        ),
        (
            "If every bracket holds its peak, the median of the true peaks lies after day 9;"
            " sampling error is not included, which needs six patients."
        ),
    )


def test_one_patient_and_nobody() -> None:
    one = cohort([7.0, None, None], [(4.0, math.inf), (0, 28), (0, 28)])

    assert cohort_sentences(one)[:2] == (
        "1 of 3 patients has an observed peak; 2 have none and are in no median.",
        "1 patient's peak was not reached by the last sample and counted as later.",
    )
    assert cohort_sentences(cohort([None], [(0, 28)])) == (
        "None of 1 patient has an observed peak.",
    )


def test_an_open_interval_is_or_later() -> None:
    brackets = [*BRACKETS[:5], (4.0, math.inf)]
    brackets[3] = (12.0, math.inf)

    assert "95 % interval day 7 or later" in cohort_sentences(cohort(DAYS, brackets))[2]


def test_a_geometric_mean_tells_who_is_missing() -> None:
    values = [
        Measure(unit=Unit.CELLS_DAY_PER_UL, value=300.0),
        Measure.missing(Unit.CELLS_DAY_PER_UL, Reason.WINDOW_NOT_COVERED),
    ]

    assert geometric_sentence(geometric_mean(values, unit=Unit.CELLS_DAY_PER_UL), "AUC 0–28 d") == (
        "AUC 0–28 d: geometric mean 300 cells·d/µL, 1 patient; 1 without a value."
    )
    assert geometric_sentence(geometric_mean([], unit=Unit.NONE), "Cmax") == (
        "Cmax: no value after the infusion."
    )
