from collections.abc import Callable

import pytest

from carflow.cleaning.residual_spillover import ResidualSlope
from carflow.findings import Finding, Severity
from carflow.qc.residual_checks import check_residuals
from carflow.qc.summary import TubeSummary
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
LIMITS = QcLimits()


def _slope(slope: float, *, z: float = 30.0, target: str = "PE-A") -> ResidualSlope:
    return ResidualSlope(
        source="APC-A", target=target, slope=slope, standard_error=abs(slope) / z, n_events=900
    )


@pytest.mark.parametrize(
    ("slope", "severity", "message"),
    [
        (0.005, Severity.PASS, "Compensation left nothing in 2 pairs of channels."),
        (
            -0.006,
            Severity.WARN,
            "Compensation left light of one dye in another: -0.6 % of APC-A (CAR) in PE-A (CD8).",
        ),
        (
            0.03,
            Severity.FAIL,
            "Compensation left light of one dye in another: +3 % of APC-A (CAR) in PE-A (CD8).",
        ),
    ],
)
def test_a_slope_that_compensation_left_warns_and_fails(
    make_tube: MakeTube, slope: float, severity: Severity, message: str
) -> None:
    tube = make_tube(residuals=(_slope(0.001, target="FITC-A"), _slope(slope)))
    others = [make_tube(f"S{n}", row=n, residuals=(_slope(0.001),)) for n in range(2)]

    *_, found = check_residuals([*others, tube], LIMITS)

    assert found == Finding(
        code="QC-RESIDUAL",
        severity=severity,
        message=message,
        sample_id="P01-D07",
        value=slope,
        limit="warn > 0.005, fail > 0.02",
    )


def test_a_slope_within_its_own_error_is_not_judged(make_tube: MakeTube) -> None:
    (found,) = check_residuals([make_tube(residuals=(_slope(0.05, z=5.9),))], LIMITS)

    assert found.severity is Severity.PASS


def test_a_slope_that_the_panel_shares_warns_and_does_not_fail(make_tube: MakeTube) -> None:
    shared = [make_tube(f"S{n}", row=n, residuals=(_slope(0.03),)) for n in range(3)]
    alone = make_tube("odd", row=9, residuals=(_slope(0.06),))

    found = check_residuals([*shared, alone], LIMITS)

    assert [one.severity for one in found] == [Severity.WARN] * 3 + [Severity.FAIL]


def test_two_tubes_cannot_tell_biology_from_an_error(make_tube: MakeTube) -> None:
    both = [make_tube("S1", residuals=(_slope(0.03),)), make_tube("S2", residuals=(_slope(-0.9),))]

    assert {one.severity for one in check_residuals(both, LIMITS)} == {Severity.WARN}


def test_tubes_without_slopes_are_left_out(make_tube: MakeTube) -> None:
    assert check_residuals([make_tube(residuals=())], LIMITS) == ()
