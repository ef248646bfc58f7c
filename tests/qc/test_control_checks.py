from collections.abc import Callable

import pytest
from scipy.stats import poisson

from carflow.findings import Finding, Severity
from carflow.gating.strategy import Role
from carflow.qc import control_checks
from carflow.qc.summary import TubeSummary
from carflow.study.model import SampleType
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
LIMITS = QcLimits()


def _fmo(make_tube: MakeTube, n_cd3: int, car: int = 0, **changes: object) -> TubeSummary:
    counts = {Role.CD3: n_cd3, Role.CAR: car}
    return make_tube("FMO", row=9, sample_type=SampleType.FMO, counts=counts, **changes)


@pytest.mark.parametrize(
    ("n_cd3", "severity", "message"),
    [
        (10_000, Severity.PASS, "10,000 CD3+ events in the control (FMO)."),
        (
            9_999,
            Severity.WARN,
            (
                "9,999 CD3+ events in the control (FMO), fewer than 10,000: too few for a cut at "
                "the 99.9th percentile."
            ),
        ),
        (
            1_999,
            Severity.FAIL,
            (
                "1,999 CD3+ events in the control (FMO), fewer than 2,000: too few to tell where "
                "CAR begins."
            ),
        ),
    ],
)
def test_a_small_control_warns_and_fails(
    make_tube: MakeTube, n_cd3: int, severity: Severity, message: str
) -> None:
    assert control_checks.check_control_size([make_tube(), _fmo(make_tube, n_cd3)], LIMITS) == (
        Finding(
            code="QC-CONTROL-SIZE",
            severity=severity,
            message=message,
            value=float(n_cd3),
            limit="warn < 10,000, fail < 2,000",
        ),
    )


def test_controls_are_large_enough_together(make_tube: MakeTube) -> None:
    untransduced = make_tube("UTD", sample_type=SampleType.UNTRANSDUCED)

    (found,) = control_checks.check_control_size([_fmo(make_tube, 1_000), untransduced], LIMITS)

    assert (found.severity, found.message) == (
        Severity.PASS,
        "10,000 CD3+ events in 2 controls (FMO, UTD).",
    )


def test_without_a_control_its_size_is_not_judged(make_tube: MakeTube) -> None:
    assert control_checks.check_control_size([make_tube()], LIMITS) == ()


@pytest.mark.parametrize(
    ("car", "severity", "message"),
    [
        (20, Severity.PASS, "0.2 % CAR+ of 10,000 CD3+ events in the control, nominal 0.1 %."),
        (
            21,
            Severity.WARN,
            (
                "0.21 % CAR+ of 10,000 CD3+ events in the control, nominal 0.1 %: the cut lies too "
                "low, or the control is none."
            ),
        ),
        (
            51,
            Severity.FAIL,
            (
                "0.51 % CAR+ of 10,000 CD3+ events in the control, nominal 0.1 %: the cut lies too "
                "low, or the control is none."
            ),
        ),
    ],
)
def test_background_above_the_nominal_warns_and_fails(
    make_tube: MakeTube, car: int, severity: Severity, message: str
) -> None:
    (found,) = control_checks.check_background([_fmo(make_tube, 10_000, car)], LIMITS)

    assert (found.severity, found.message) == (severity, message)
    assert found.value == pytest.approx(car / 10.0)
    assert found.limit == "of 0.1 %: warn > 2, fail > 5"


def test_background_that_chance_can_give_passes(make_tube: MakeTube) -> None:
    # 2 of 600 are 3.3 times the nominal; of such tubes one in eight has two or more
    (found,) = control_checks.check_background([_fmo(make_tube, 600, 2)], LIMITS)

    assert poisson.sf(1, 0.6) > 0.05
    assert (found.severity, found.message) == (
        Severity.PASS,
        "0.33 % CAR+ of 600 CD3+ events in the control, nominal 0.1 %, which chance can give.",
    )


def test_background_that_chance_hardly_gives_warns(make_tube: MakeTube) -> None:
    # 3 of 700 are 4.3 times the nominal; of such tubes 3.4 in a hundred have three or more
    (found,) = control_checks.check_background([_fmo(make_tube, 700, 3)], LIMITS)

    assert poisson.sf(2, 0.7) < 0.05 < poisson.sf(1, 0.7)
    assert found.severity is Severity.WARN


def test_background_of_a_tiny_control_is_not_judged(make_tube: MakeTube) -> None:
    (found,) = control_checks.check_background([_fmo(make_tube, 499, 400)], LIMITS)

    assert (found.severity, found.message) == (
        Severity.INFO,
        "Only 499 CD3+ events in the control: its background was not judged.",
    )


def test_without_a_nominal_background_any_event_fails(make_tube: MakeTube) -> None:
    strict = QcLimits(nominal_background_pct=0.0)

    (found,) = control_checks.check_background([_fmo(make_tube, 10_000, 1)], strict)
    (none,) = control_checks.check_background([_fmo(make_tube, 10_000, 0)], strict)

    assert (found.severity, found.value) == (Severity.FAIL, None)
    assert none.severity is Severity.PASS


@pytest.mark.parametrize(
    ("median", "severity", "message"),
    [
        (
            235.0,
            Severity.PASS,
            (
                "The CAR-negative T cells lie at 235, those of the controls at 100: 15 % of the "
                "way to the CAR cut at 1,000."
            ),
        ),
        (
            245.0,
            Severity.WARN,
            (
                "The CAR-negative T cells lie at 245, those of the controls at 100: 16 % of the "
                "way to the CAR cut at 1,000: the CAR+ percentage rises by itself, and the "
                "controls do not show it."
            ),
        ),
        (
            380.0,
            Severity.FAIL,
            (
                "The CAR-negative T cells lie at 380, those of the controls at 100: 31 % of the "
                "way to the CAR cut at 1,000: the CAR+ percentage rises by itself, and the "
                "controls do not show it."
            ),
        ),
        (
            -80.0,
            Severity.WARN,
            (
                "The CAR-negative T cells lie at -80, those of the controls at 100: 20 % of the "
                "way away from the CAR cut at 1,000: the CAR+ percentage falls by itself, and the "
                "controls do not show it."
            ),
        ),
    ],
)
def test_brighter_negatives_than_those_of_the_control_warn_and_fail(
    make_tube: MakeTube, median: float, severity: Severity, message: str
) -> None:
    group = [
        make_tube(car_negative_median=median),
        _fmo(make_tube, 10_000, car_negative_median=100.0),
    ]

    (found,) = control_checks.check_negatives(group, LIMITS)

    assert (found.severity, found.message) == (severity, message)
    assert found.sample_id == "P01-D07"


@pytest.mark.parametrize("cut", [None, 90.0])
def test_a_shift_needs_a_cut_above_the_controls(make_tube: MakeTube, cut: float | None) -> None:
    group = [make_tube(car_cut=cut), _fmo(make_tube, 10_000, car_negative_median=100.0)]

    (found,) = control_checks.check_negatives(group, LIMITS)

    assert (found.severity, found.message) == (
        Severity.INFO,
        "The CAR gate has no lower end above the controls: a shift could not be judged.",
    )


def test_a_shift_of_few_negatives_is_not_judged(make_tube: MakeTube) -> None:
    tube = make_tube(counts={Role.CAR_NEGATIVE: 499}, car_negative_median=900.0)
    more = make_tube("more", counts={Role.CAR_NEGATIVE: 500}, car_negative_median=900.0)

    found, judged = control_checks.check_negatives([tube, more, _fmo(make_tube, 10_000)], LIMITS)

    assert judged.severity is Severity.FAIL
    assert (found.severity, found.message) == (
        Severity.INFO,
        "Only 499 CAR-negative T cells: their brightness was not judged.",
    )


def test_without_medians_nothing_is_said_about_a_shift(make_tube: MakeTube) -> None:
    unasked = _fmo(make_tube, 10_000, car_negative_median=None)

    assert control_checks.check_negatives([make_tube(), unasked], LIMITS) == ()
    assert control_checks.check_negatives([make_tube()], LIMITS) == ()


@pytest.mark.parametrize(
    ("n_cd3", "car", "severity", "message"),
    [
        (
            9_000,
            21,
            Severity.PASS,
            (
                "21 CAR+ of 9,000 CD3+ events before the infusion, not above the limit of "
                "detection (21.9 events)."
            ),
        ),
        (
            9_000,
            22,
            Severity.FAIL,
            (
                "22 CAR+ of 9,000 CD3+ events before the infusion, above the limit of detection "
                "(21.9 events): another day's file, or background that is not background."
            ),
        ),
        (
            900,
            20,
            Severity.PASS,
            (
                "20 CAR+ of 900 CD3+ events before the infusion, not above the limit of detection "
                "(20 events)."
            ),
        ),
    ],
)
def test_car_cells_before_the_infusion_fail(
    make_tube: MakeTube, n_cd3: int, car: int, severity: Severity, message: str
) -> None:
    tube = make_tube(sample_type=SampleType.PRE_INFUSION, counts={Role.CD3: n_cd3, Role.CAR: car})

    (found,) = control_checks.check_pre_infusion([make_tube(), tube], LIMITS)

    assert (found.severity, found.message) == (severity, message)


@pytest.mark.parametrize("background", [0.3, 1.0, 7.5, 60.0])
def test_the_limit_of_detection_keeps_both_errors_at_five_percent(background: float) -> None:
    limit = control_checks.detection_limit(background)
    blank = poisson.ppf(0.95, background)

    assert poisson.sf(blank, background) <= 0.05
    assert poisson.cdf(blank, limit) == pytest.approx(0.05)
