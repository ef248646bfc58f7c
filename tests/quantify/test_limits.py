from __future__ import annotations

import pytest

from carflow.gating.strategy import AssayLimits
from carflow.measure import State
from carflow.quantify.limits import CUSTOMARY, Variation, event_state, sensitivity_reached
from carflow.reasons import Reason


@pytest.mark.parametrize(
    ("events", "state", "reason"),
    [
        (0, State.ND, Reason.NOT_DETECTED),
        (1, State.ND, Reason.BELOW_LOD),
        (9, State.ND, Reason.BELOW_LOD),
        (10, State.DET_BLQ, Reason.BELOW_LLOQ),
        (29, State.DET_BLQ, Reason.BELOW_LLOQ),
        (30, State.QUANT, Reason.NONE),
    ],
)
def test_the_limits_of_the_assay_decide_the_state(
    events: int, state: State, reason: Reason
) -> None:
    assert event_state(events, AssayLimits(lod_events=10, lloq_events=30)) == (state, reason)


def test_an_assay_without_limits_still_never_quantifies_nothing() -> None:
    assert event_state(0, AssayLimits(lod_events=0, lloq_events=0))[0] is State.ND


def test_the_required_sensitivity_asks_for_a_denominator() -> None:
    limits = AssayLimits(required_sensitivity_pct=0.1)

    assert not sensitivity_reached(19_999, limits)
    assert sensitivity_reached(20_000, limits)
    assert sensitivity_reached(1, AssayLimits())


def test_a_negative_cv_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match=r"a coefficient of variation is not negative, got -0\.1"):
        Variation(cv_cbc=-0.1)


def test_a_low_blood_count_varies_more_where_nothing_is_stated() -> None:
    assert CUSTOMARY.cv_of_blood_count(500.0) == 0.03
    assert CUSTOMARY.cv_of_blood_count(499.0) == 0.20
    assert Variation().cv_of_blood_count(50.0) == 0.03
    assert Variation(cv_cbc=0.3, cv_cbc_low=0.2).cv_of_blood_count(50.0) == 0.3
