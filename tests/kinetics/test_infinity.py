from __future__ import annotations

import pytest

from carflow.kinetics.infinity import to_infinity
from carflow.kinetics.nca import nca

# Phoenix WinNonlin, theophylline subject 6 after 320 mg by mouth (NonCompart's tests)
HOURS = (0.0, 0.27, 0.58, 1.15, 2.03, 3.57, 5.0, 7.0, 9.22, 12.1, 23.85)
MG_PER_L = (0.0, 1.29, 3.08, 6.44, 6.32, 5.53, 4.94, 4.02, 3.46, 2.78, 0.92)
WINNONLIN = {
    "linear": {
        "auc": (84.25441833, 84.49669858), "extrapolated": (12.43717367, 12.68824553),
        "aumc": (978.4284857, 986.9664597), "aumc_extrapolated": (37.74175667, 38.28033551),
        "mrt": (11.61278548, 11.68053281), "clearance": (3.798020405, 3.787130212),
        "volume": (43.2597345, 43.13569439),
    },
    "linear-up log-down": {
        "auc": (82.17588332, 82.41816357), "extrapolated": (12.75175624, 13.00823522),
        "aumc": (987.9420173, 996.4799913), "aumc_extrapolated": (37.37831692, 37.91486788),
        "mrt": (12.02228656, 12.09053864), "clearance": (3.894086526, 3.882639289),
        "volume": (44.35393475, 44.22354987),
    },
}  # fmt: skip


@pytest.mark.parametrize("rule", WINNONLIN)
@pytest.mark.parametrize("is_predicted", [False, True])
def test_areas_and_moments_to_infinity_agree_with_winnonlin(
    rule: str, *, is_predicted: bool
) -> None:
    course = nca(HOURS, MG_PER_L, auc_rule=rule)
    found = to_infinity(course, is_predicted=is_predicted)
    assert found is not None
    assert course.lambda_z.value is not None

    computed = {
        "auc": found.auc,
        "extrapolated": found.extrapolated_pct,
        "aumc": found.aumc,
        "aumc_extrapolated": found.aumc_extrapolated_pct,
        "mrt": found.mrt,
        "clearance": found.clearance(320),
        "volume": found.volume(320, course.lambda_z.value),
    }
    expected = {name: pair[is_predicted] for name, pair in WINNONLIN[rule].items()}
    assert computed == pytest.approx(expected, rel=1e-6)


def test_a_curve_without_a_decline_has_no_infinity() -> None:
    assert to_infinity(nca([1, 2], [1.0, 2.0])) is None
