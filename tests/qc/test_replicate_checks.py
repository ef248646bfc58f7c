from collections.abc import Callable

import pytest

from carflow.findings import Severity
from carflow.gating.strategy import Role
from carflow.qc.replicate_checks import check_replicates
from carflow.qc.summary import TubeSummary
from carflow.study.model import SampleType
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
LIMITS = QcLimits()


def pair(make_tube: MakeTube, one: int, other: int, of: int = 9_000) -> list[TubeSummary]:
    """Return two tubes of a visit with that many CAR+ of CD3+ events."""
    return [
        make_tube(f"R{row}", row=row, counts={Role.CAR: car, Role.CD3: of}, per_ul={})
        for row, car in enumerate((one, other), start=1)
    ]


@pytest.mark.parametrize(
    ("other", "severity"),
    [
        (4_000, Severity.PASS),
        (3_500, Severity.PASS),
        (3_400, Severity.WARN),
        (2_900, Severity.FAIL),
    ],
)
def test_replicates_warn_and_fail_by_their_cv(
    make_tube: MakeTube, other: int, severity: Severity
) -> None:
    found = check_replicates(pair(make_tube, 4_000, other), LIMITS)

    assert [one.severity for one in found] == [severity] * 2
    assert [one.sample_id for one in found] == ["R1", "R2"]


def test_the_sentence_names_the_tubes_and_what_counting_gives(make_tube: MakeTube) -> None:
    (found, _) = check_replicates(pair(make_tube, 4_000, 2_900), LIMITS)

    assert found.message == (
        "Among the replicates R1, R2 the largest CV is that of % CAR+ of CD3+, 23 % (1.4 % by "
        "counting alone): more than counting explains."
    )
    assert found.limit == "warn > 10 %, fail > 20 %"


def test_a_cv_above_100_per_cent_is_no_power_of_ten(make_tube: MakeTube) -> None:
    (found, _) = check_replicates(pair(make_tube, 4_000, 200), LIMITS)

    assert "% CAR+ of CD3+, 130 % (" in found.message


def test_what_counting_explains_is_no_fault(make_tube: MakeTube) -> None:
    found = check_replicates(pair(make_tube, 12, 7), LIMITS)

    assert {one.severity for one in found} == {Severity.PASS}
    assert found[0].value == pytest.approx(37.2, abs=0.1)


def test_counts_by_beads_are_compared_too(make_tube: MakeTube) -> None:
    tubes = [
        make_tube(f"R{row}", row=row, per_ul={"cd3_per_ul_beads": value})
        for row, value in ((1, 900.0), (2, 600.0))
    ]
    (found, _) = check_replicates(tubes, LIMITS)

    assert found.severity is Severity.FAIL
    assert "T cells/µL by beads, 28 %" in found.message


def test_other_days_subjects_and_kinds_are_no_replicates(make_tube: MakeTube) -> None:
    tubes = [
        make_tube("A"),
        make_tube("B", day=8.0),
        make_tube("C", subject_id="P02"),
        make_tube("D", sample_type=SampleType.FMO),
    ]

    assert check_replicates(tubes, LIMITS) == ()


def test_without_a_number_above_0_there_is_nothing_to_compare(make_tube: MakeTube) -> None:
    assert check_replicates(pair(make_tube, 0, 5), LIMITS) == ()
