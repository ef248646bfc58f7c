from __future__ import annotations

import pytest

from carflow.kinetics.peak import Peak, peak_of
from carflow.kinetics.series import Series, read_series
from carflow.kinetics.treatments import TreatmentRun
from carflow.kinetics.wording import (
    fall_sentences,
    peak_sentences,
    reference_sentences,
    treatment_sentences,
)
from carflow.study.model import ReferenceTmax
from carflow.units import Unit

COURSE = read_series([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33])
STEROID = TreatmentRun(drug="methylprednisolone", start_day=9, stop_day=13)


def percent_peak(series: Series = COURSE) -> Peak:
    return peak_of(series, unit=Unit.PERCENT)


def test_the_model_case_is_told_with_its_condition() -> None:
    assert peak_sentences(percent_peak(), "car_pct_cd3") == (
        "The highest measured value was 69.94 % of CD3+ on day 12.",
        (
            "If the curve has one peak and measurement error has not reordered the days, the true"
            " peak lies between day 7 and day 14 (a bracket set by the sampling days, not a 95 %"
            " interval)."
        ),
    )


def test_a_count_is_told_in_its_own_unit_and_digits() -> None:
    series = read_series([7, 12, 14], [100.0, 412.345, 50.0])
    counts = peak_of(series, unit=Unit.CELLS_PER_UL)
    copies = peak_of(series, unit=Unit.COPIES_PER_UG)

    assert peak_sentences(counts, "car_per_ul_beads")[0] == (
        "The highest measured value was 412.35 cells/µL on day 12."
    )
    assert peak_sentences(copies, "copies_per_ug")[0] == (
        "The highest measured value was 412 copies/µg on day 12."
    )
    assert peak_sentences(peak_of(series), "anything")[0] == (
        "The highest measured value was 412.3 on day 12."
    )


def test_a_first_sample_that_is_highest_is_told() -> None:
    assert peak_sentences(percent_peak(read_series([3, 7], [9.0, 5.0])), "car_pct_cd3")[1:] == (
        "No earlier sample is lower, so the peak may have come before it.",
        (
            "If the curve has one peak and measurement error has not reordered the days, the true"
            " peak lies between the infusion (day 0) and day 7 (a bracket set by the sampling days,"
            " not a 95 % interval)."
        ),
    )


def test_a_last_sample_that_is_highest_is_told() -> None:
    assert peak_sentences(percent_peak(read_series([3, 7], [5.0, 9.0])), "car_pct_cd3")[1:] == (
        "No later sample is lower, so the peak may not have been reached.",
        (
            "If the curve has one peak and measurement error has not reordered the days, the true"
            " peak lies after day 3 (a bracket without a later end)."
        ),
    )


@pytest.mark.parametrize(
    ("days", "values", "sentence"),
    [
        ([4, 7], [0.0, 0.0],
         "No expansion was detected: every value lies below the limit of quantification."),
        ([4], [None], "No peak can be named: no value after the infusion."),
        ([60], [5.0], "No peak can be named: no quantifiable value inside the search window."),
    ],
)  # fmt: skip
def test_no_peak_is_told_with_its_reason(
    days: list[float], values: list[float | None], sentence: str
) -> None:
    peak = percent_peak(read_series(days, values))

    assert peak_sentences(peak, "car_pct_cd3") == (sentence,)
    assert treatment_sentences(peak, [STEROID]) == ()
    assert fall_sentences(peak, (), [STEROID]) == ()


def test_a_steroid_that_began_inside_the_bracket_settles_nothing() -> None:
    assert treatment_sentences(percent_peak(), [STEROID]) == (
        (
            "Treatment with methylprednisolone (day 9–13) began inside this bracket, so these data"
            " do not show whether it began before or after this patient's peak."
        ),
    )


def test_a_steroid_before_or_after_the_bracket_is_told_with_the_condition() -> None:
    early = TreatmentRun(drug="dexamethasone", start_day=2, stop_day=5)
    late = TreatmentRun(drug="prednisone", start_day=15, stop_day=18)

    assert treatment_sentences(percent_peak(), [early, late]) == (
        (
            "Treatment with dexamethasone (day 2–5) began on day 2, before this bracket opened on"
            " day 7: on the same condition, before this patient's peak."
        ),
        (
            "Treatment with prednisone (day 15–18) began on day 15, after this bracket closed on"
            " day 14: on the same condition, after this patient's peak."
        ),
    )


def test_a_drug_from_before_the_infusion_is_told_only_if_it_went_on() -> None:
    over = TreatmentRun(drug="ibrutinib", start_day=-34, stop_day=-7)
    on = TreatmentRun(drug="anakinra", start_day=-2, stop_day=5)
    peak = percent_peak(read_series([3, 7], [9.0, 5.0]))

    assert treatment_sentences(peak, [over, on]) == (
        (
            "Treatment with anakinra (day −2 to 5) began on day −2, before this bracket opened at"
            " the infusion (day 0): on the same condition, before this patient's peak."
        ),
    )


def test_the_fall_after_the_peak_is_told_with_the_drugs_it_met_and_no_cause() -> None:
    toci = TreatmentRun(drug="tocilizumab", start_day=14, stop_day=14)
    early = TreatmentRun(drug="etanercept", start_day=3, stop_day=5)

    assert fall_sentences(percent_peak(), COURSE.samples, [early, STEROID, toci]) == (
        (
            "The fall from day 12 to day 14 (relative growth −0.99/d) happened during or just after"
            " methylprednisolone and tocilizumab; that is an order in time, not a cause."
        ),
    )
    assert fall_sentences(percent_peak(), COURSE.samples, [early]) == ()


def test_a_count_falls_by_its_net_growth() -> None:
    series = read_series([7, 12, 14], [100.0, 400.0, 100.0])
    peak = peak_of(series, unit=Unit.CELLS_PER_UL)

    assert fall_sentences(peak, series.samples, [STEROID]) == (
        (
            "The fall from day 12 to day 14 (net growth −0.69/d) happened during or just after"
            " methylprednisolone; that is an order in time, not a cause."
        ),
    )


def test_a_fall_without_a_slope_is_told_in_words() -> None:
    below = read_series([7, 12, 14], [40.0, 90.0, 0.0])
    whole = read_series([7, 12, 14], [40.0, 100.0, 50.0])

    for series, words in (
        (below, "(to below the limit of quantification)"), (whole, "(from 100 %)"),
    ):  # fmt: skip
        assert words in fall_sentences(percent_peak(series), series.samples, [STEROID])[0]


def test_no_fall_is_told_where_there_is_none() -> None:
    for series in (read_series([7, 12], [5.0, 9.0]), read_series([7, 12, 14], [5.0, 9.0, 9.0])):
        assert fall_sentences(percent_peak(series), series.samples, [STEROID]) == ()


def test_a_published_median_is_a_fact_about_other_patients() -> None:
    full = ReferenceTmax(
        median_day=9.83, low_day=0.0111, high_day=27.8, assay="qPCR", source="SmPC"
    )
    bare = ReferenceTmax(median_day=12, low_day=None, high_day=None, assay="", source="")

    assert reference_sentences([full, bare]) == (
        (
            "The published median time to peak (9.83 d, range 0.0111–27.8 d, qPCR; SmPC) describes"
            " other patients and is no evidence about this one."
        ),
        (
            "The published median time to peak (12 d) describes other patients and is no evidence"
            " about this one."
        ),
    )
