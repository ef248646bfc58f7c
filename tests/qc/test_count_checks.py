from collections.abc import Callable

import pytest

from carflow.findings import Finding, Severity
from carflow.qc.count_checks import check_count_methods
from carflow.qc.summary import TubeSummary
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
LIMITS = QcLimits()


@pytest.mark.parametrize(
    ("by_beads", "severity", "ending"),
    [
        (670.0, Severity.PASS, ", a ratio of 0.67."),
        (1_500.0, Severity.PASS, ", a ratio of 1.50."),
        (
            660.0,
            Severity.WARN,
            (
                ", a ratio of 0.66: a wrong bead number, blood volume or blood count, or another "
                "denominator than the analyser's."
            ),
        ),
        (
            1_510.0,
            Severity.WARN,
            (
                ", a ratio of 1.51: a wrong bead number, blood volume or blood count, or another "
                "denominator than the analyser's."
            ),
        ),
    ],
)
def test_counts_by_beads_and_by_wbc_agree_within_a_ratio(
    make_tube: MakeTube, by_beads: float, severity: Severity, ending: str
) -> None:
    tube = make_tube(per_ul={"cd3_per_ul_beads": by_beads, "cd3_per_ul_wbc": 1_000.0})

    assert check_count_methods(tube, LIMITS) == (
        Finding(
            code="QC-COUNT-METHODS",
            severity=severity,
            message=f"Beads give {by_beads:,.0f} T cells/µL and WBC 1,000{ending}",
            sample_id="P01-D07",
            value=by_beads / 1_000.0,
            limit="warn outside 0.67 to 1.5",
        ),
    )


def test_the_worst_pair_of_several_methods_is_told(make_tube: MakeTube) -> None:
    per_ul = {"car_per_ul_beads": 60.0, "car_per_ul_wbc": 50.0, "car_per_ul_alc": 100.0}

    (found,) = check_count_methods(make_tube(per_ul=per_ul), LIMITS)

    assert found.severity is Severity.WARN
    assert found.message.startswith("WBC give 50 CAR T cells/µL and ALC 100, a ratio of 0.50:")


def test_t_cells_are_compared_before_car_t_cells(make_tube: MakeTube) -> None:
    per_ul = {
        "car_per_ul_beads": 1.0,
        "car_per_ul_wbc": 9.0,
        "cd3_per_ul_beads": 100.0,
        "cd3_per_ul_wbc": 100.0,
    }

    (found,) = check_count_methods(make_tube(per_ul=per_ul), LIMITS)

    assert (found.severity, found.value) == (Severity.PASS, 1.0)


@pytest.mark.parametrize(
    "per_ul",
    [{}, {"cd3_per_ul_beads": 100.0}, {"cd3_per_ul_beads": 0.0, "cd3_per_ul_wbc": 100.0}],
)
def test_one_count_or_none_cannot_be_compared(
    make_tube: MakeTube, per_ul: dict[str, float]
) -> None:
    assert check_count_methods(make_tube(per_ul=per_ul), LIMITS) == ()
