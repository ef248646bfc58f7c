from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from carflow.findings import Severity
from carflow.gating.drawn_cells import EarlyCells
from carflow.gating.strategy import Role
from carflow.qc.carry_over_checks import check_carry_over
from carflow.qc.summary import TubeSummary
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
LIMITS = QcLimits()
BEGIN = datetime(2001, 3, 5, 10, 0, 0)  # noqa: DTZ001  # FCS has no time zone


@pytest.fixture
def after(make_tube: MakeTube) -> Callable[..., list[TubeSummary]]:
    """Return a tube with 70 % CAR+, and one run after it with these T cells."""

    def tubes(early_car: int, late_car: int, **changes: object) -> list[TubeSummary]:
        early = EarlyCells(early_cd3=200, early_car=early_car, late_cd3=9_800, late_car=late_car)
        high = make_tube(
            "high", row=1, acquired_at=BEGIN, counts={Role.CD3: 10_000, Role.CAR: 7_000}
        )
        low = make_tube(
            "low", row=2, acquired_at=BEGIN + timedelta(minutes=5), early=early, **changes
        )
        return [high, low]

    return tubes


@pytest.mark.parametrize(
    ("early_car", "late_car", "severity"),
    [
        (0, 10, Severity.PASS),
        (2, 10, Severity.PASS),  # chance gives that
        (30, 10, Severity.FAIL),
        (140, 6_860, Severity.PASS),
    ],
)
def test_an_excess_in_the_first_t_cells_fails(
    after: Callable[..., list[TubeSummary]], early_car: int, late_car: int, severity: Severity
) -> None:
    (found,) = check_carry_over(after(early_car, late_car), LIMITS)

    assert (found.sample_id, found.severity) == ("low", severity)


def test_the_sentence_names_the_tube_before(after: Callable[..., list[TubeSummary]]) -> None:
    (found,) = check_carry_over(after(30, 10), LIMITS)

    assert found.message == (
        "15 % of the first T cells are CAR+, 0.1 % of the others, 21 % of what the tube before "
        "holds (high)."
    )
    assert found.limit == "warn > 0 % of the tube before, fail > 1 % of the tube before"


def test_a_small_excess_warns(after: Callable[..., list[TubeSummary]]) -> None:
    (found,) = check_carry_over(after(30, 10), QcLimits(carry_over_fail_pct=50.0))

    assert found.severity is Severity.WARN


def test_the_order_of_the_sheet_does_not_matter(after: Callable[..., list[TubeSummary]]) -> None:
    tubes = after(30, 10)

    assert check_carry_over(tubes[::-1], LIMITS) == check_carry_over(tubes, LIMITS)


def test_too_few_first_t_cells_are_told(after: Callable[..., list[TubeSummary]]) -> None:
    few = EarlyCells(early_cd3=19, early_car=5, late_cd3=900, late_car=0)
    high, low = after(0, 0)
    (found,) = check_carry_over([high, replace(low, early=few)], LIMITS)

    assert (found.severity, found.message) == (
        Severity.INFO,
        "Only 19 T cells in the first events: carry-over is not known.",
    )


def test_another_cytometer_and_unknown_times_have_no_tube_before(
    after: Callable[..., list[TubeSummary]],
) -> None:
    assert check_carry_over(after(30, 10, instrument_sha256="two"), LIMITS) == ()
    assert check_carry_over([replace(one, acquired_at=None) for one in after(30, 10)], LIMITS) == ()
