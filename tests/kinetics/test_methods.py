from __future__ import annotations

import math

import pytest

from carflow.kinetics.curve import Curve, Point
from carflow.kinetics.methods import MethodsCompared, compare_methods, compare_pooled
from carflow.kinetics.subject import analyse_curve
from carflow.measure import Measure, State
from carflow.quantify.declarations import DECLARATIONS
from carflow.reasons import Reason

DAYS = [1.0, 4.0, 7.0, 12.0, 14.0, 21.0]
COUNTS = [0.0, 2.0, 20.0, 70.0, 24.0, 4.0]
COPIES = [300.0, 900.0, 5000.0, 2000.0, 1500.0, 100.0]
PERCENT = [4.26, 12.33, 45.31, 69.94, 24.33, 5.0]


def curve(quantity: str, values: list[float], subject: str = "P1") -> Curve:
    unit = DECLARATIONS[quantity].unit
    return Curve(
        subject_id=subject,
        quantity=quantity,
        unit=unit,
        points=tuple(
            Point(
                day=day,
                measure=Measure(unit=unit, value=value)
                if value
                else Measure(unit=unit, value=0.0, state=State.ND, reason=Reason.NOT_DETECTED),
            )
            for day, value in zip(DAYS, values, strict=True)
        ),
    )


def compared(*curves: Curve) -> dict[tuple[str, str], MethodsCompared]:
    found = compare_methods(curves, [analyse_curve(one) for one in curves])
    return {(one.first, one.second): one for one in found}


def test_flow_and_copies_are_compared_in_peaks_pairs_and_line() -> None:
    found = compared(
        curve("car_pct_cd3", PERCENT),
        curve("car_per_ul_wbc", COUNTS),
        curve("copies_per_ug", COPIES),
    )
    one = found["car_per_ul_wbc", "copies_per_ug"]

    assert set(found) == {
        ("car_per_ul_wbc", "copies_per_ug"), ("car_pct_cd3", "car_per_ul_wbc"),
        ("car_pct_cd3", "copies_per_ug"),
    }  # fmt: skip
    assert one.lag is not None
    assert (one.lag.observed.value, one.lag.bracket) == (-5.0, (-10.0, 5.0))
    assert one.agreement is not None
    assert (one.agreement.table.both, one.agreement.table.second_only) == (5, 1)
    assert found["car_pct_cd3", "copies_per_ug"].agreement is None
    assert one.sentences[:3] == (
        "The highest CAR gene copies were sampled 5 days before the highest CAR T cells (WBC).",
        (
            "By both brackets the difference lies between −10 and 5 days, so the samples do not "
            "show which came first."
        ),
        (
            "Of 6 samples measured both ways, 5 were quantified by both, 0 as CAR T cells (WBC) "
            "only, 1 as CAR gene copies only, 0 by neither."
        ),
    )


def test_the_first_count_that_has_a_curve_is_compared() -> None:
    found = compared(
        curve("car_per_ul_beads", COUNTS), curve("car_per_ul_wbc", COUNTS),
        curve("car_per_ul_qpcr", COUNTS), curve("copies_per_ug", COPIES),
    )  # fmt: skip

    assert set(found) == {
        ("car_per_ul_beads", "copies_per_ug"), ("car_per_ul_beads", "car_per_ul_qpcr"),
    }  # fmt: skip


def test_counts_of_one_unit_have_a_bias_and_others_none() -> None:
    doubled = [2 * value for value in COUNTS]
    found = compared(
        curve("car_per_ul_beads", doubled), curve("car_per_ul_qpcr", COUNTS),
        curve("copies_per_ug", COPIES),
    )  # fmt: skip
    same = found["car_per_ul_beads", "car_per_ul_qpcr"].sentences[-1]

    assert same == (
        "Of single samples 95 % lie within a factor of 1 of their mean ratio, which is 2 (95 % "
        "interval 2 to 2; limits of agreement 2 to 2)."
    )
    assert "which is" not in found["car_per_ul_beads", "copies_per_ug"].sentences[-1]


def test_one_method_alone_is_not_compared() -> None:
    assert compared(curve("copies_per_ug", COPIES)) == {}
    assert compared(curve("car_per_ul_beads", COUNTS)) == {}


def test_too_few_pairs_say_so_and_have_a_table() -> None:
    few = [0.0, 0.0, 20.0, 70.0, 0.0, 0.0]
    one = compared(curve("car_per_ul_beads", few), curve("copies_per_ug", COPIES))
    (only,) = one.values()

    assert only.agreement is not None
    assert only.agreement.reason is Reason.TOO_FEW_PAIRS
    assert only.sentences[-1] == "That is too few to say how the two go together."


def test_an_open_bracket_leaves_the_lag_open() -> None:
    rising = [float(step) for step in range(1, 7)]
    one = compared(curve("car_per_ul_beads", rising), curve("copies_per_ug", COPIES))
    (only,) = one.values()

    assert only.lag is not None
    assert math.isinf(only.lag.bracket[0])
    assert only.sentences[1] == (
        "By both brackets the difference lies below −2 days (a peak may lie beyond the last "
        "sample), so the peak of CAR gene copies came first, if each curve has one."
    )


def test_without_a_peak_there_is_no_lag_and_no_sentence_about_one() -> None:
    nothing = [0.0] * 6
    one = compared(curve("car_per_ul_beads", nothing), curve("copies_per_ug", COPIES))
    (only,) = one.values()

    assert only.lag is not None
    assert only.lag.observed.reason is Reason.ALL_BLQ
    assert only.sentences[0].startswith("Of 6 samples measured both ways, 0 were")


def test_pairs_of_several_subjects_are_pooled_with_a_caution() -> None:
    subjects = [
        [
            curve("car_per_ul_beads", [factor * value for value in COUNTS], name),
            curve("copies_per_ug", COPIES, name),
        ]
        for name, factor in (("P1", 1.0), ("P2", 3.0))
    ]
    (pooled,) = compare_pooled(subjects)

    assert pooled.lag is None
    assert pooled.agreement is not None
    assert pooled.agreement.log_ratio is not None
    assert pooled.agreement.log_ratio.n_pairs == 10
    assert pooled.sentences[-1] == (
        "These are the samples of 2 subjects pooled; samples of one subject are alike, so the "
        "intervals are too narrow."
    )
    assert compare_pooled(subjects[:1]) == ()


def test_the_ratio_is_the_geometric_mean_of_the_single_ratios() -> None:
    one = compared(curve("car_per_ul_beads", COUNTS), curve("copies_per_ug", COPIES))
    (only,) = one.values()
    ratios = [a / b for a, b in zip(COUNTS, COPIES, strict=True) if a]

    assert only.agreement is not None
    assert only.agreement.log_ratio is not None
    assert only.agreement.log_ratio.ratio.value == pytest.approx(
        math.prod(ratios) ** (1 / len(ratios))
    )
