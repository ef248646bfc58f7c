from collections.abc import Callable

import pytest

from carflow.cleaning.residual_spillover import ResidualSlope
from carflow.findings import Finding, Severity
from carflow.qc.residual_checks import check_far_negatives, check_residuals
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


@pytest.mark.parametrize(
    ("share_pct", "severity", "ending"),
    [
        (0.5, Severity.PASS, "APC-A (CAR)."),
        (0.6, Severity.WARN, "APC-A (CAR): compensated too much."),
        (2.1, Severity.FAIL, "APC-A (CAR): compensated too much."),
    ],
)
def test_t_cells_far_below_the_negatives_warn_and_fail(
    make_tube: MakeTube, share_pct: float, severity: Severity, ending: str
) -> None:
    tube = make_tube(far_negative_pct={"FITC-A": 0.0, "APC-A": share_pct})
    (found,) = check_far_negatives([tube, make_tube()], LIMITS)

    assert found == Finding(
        code="QC-FAR-NEGATIVE",
        severity=severity,
        message=f"At most {share_pct:g} % of the T cells lie far below the negatives of a "
        f"channel, {ending}",
        sample_id="P01-D07",
        value=share_pct,
        limit="warn > 0.5 %, fail > 2 %",
    )
