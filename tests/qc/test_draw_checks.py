from collections.abc import Callable

import pytest

from carflow.findings import Severity
from carflow.qc.draw_checks import check_blood_count_time, check_tube_age
from carflow.qc.summary import TubeSummary
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
LIMITS = QcLimits()


@pytest.mark.parametrize(
    ("hours", "severity", "message"),
    [
        (0.0, Severity.PASS, "Blood count and tube were drawn together."),
        (-2.0, Severity.PASS, "The blood count was drawn 2 h before the tube."),
        (
            2.5,
            Severity.WARN,
            (
                "The blood count was drawn 2.5 h after the tube: counts by WBC, ALC and CD3 are "
                "those of another time."
            ),
        ),
        (
            -25.0,
            Severity.FAIL,
            (
                "The blood count was drawn 25 h before the tube: counts by WBC, ALC and CD3 are "
                "those of another time."
            ),
        ),
    ],
)
def test_a_blood_count_belongs_to_its_draw(
    make_tube: MakeTube, hours: float, severity: Severity, message: str
) -> None:
    (finding,) = check_blood_count_time(make_tube(cbc_hours_apart=hours), LIMITS)

    assert (finding.code, finding.severity, finding.message) == ("QC-CBC-TIME", severity, message)
    assert (finding.value, finding.limit) == (abs(hours), "warn > 2 h, fail > 24 h")


@pytest.mark.parametrize(
    ("hours", "severity", "message"),
    [
        (3.0, Severity.PASS, "The tube was acquired 3 h after it was drawn."),
        (
            30.0,
            Severity.WARN,
            (
                "The tube was acquired 30 h after it was drawn: CAR+ percentages fall in stored "
                "blood."
            ),
        ),
        (
            -1.0,
            Severity.WARN,
            "The tube was acquired 1 h before it was drawn: check both times.",
        ),
    ],
)
def test_a_tube_is_acquired_within_a_day(
    make_tube: MakeTube, hours: float, severity: Severity, message: str
) -> None:
    (finding,) = check_tube_age(make_tube(hours_to_acquisition=hours), LIMITS)

    assert (finding.code, finding.severity, finding.message) == ("QC-TUBE-AGE", severity, message)


def test_without_times_there_is_nothing_to_check(make_tube: MakeTube) -> None:
    assert check_blood_count_time(make_tube(), LIMITS) == ()
    assert check_tube_age(make_tube(), LIMITS) == ()
