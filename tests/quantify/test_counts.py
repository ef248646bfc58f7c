from __future__ import annotations

import pytest

from carflow.gating.strategy import Role
from carflow.quantify.counts import TubeCounts


def test_a_role_the_gates_do_not_name_is_not_zero() -> None:
    counts = TubeCounts(counts={Role.CD3: 0})

    assert counts.of(Role.CD3) == 0
    assert counts.of(Role.BEADS) is None


def test_a_negative_count_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="a count is not negative, got -1 for car"):
        TubeCounts(counts={Role.CAR: -1})


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_the_time_kept_is_a_fraction(fraction: float) -> None:
    with pytest.raises(ValueError, match="not a fraction of time"):
        TubeCounts(counts={}, retained_time_fraction=fraction)
