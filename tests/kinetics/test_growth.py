from __future__ import annotations

import math
from itertools import pairwise

import pytest

from carflow.kinetics.growth import growth_per_day
from carflow.units import Unit

COURSE = ((1, 4.26), (4, 12.33), (7, 45.31), (12, 69.94), (14, 24.33))


def test_log_odds_slopes_of_the_published_percentages() -> None:
    slopes = [growth_per_day(a, b, unit=Unit.PERCENT) for a, b in pairwise(COURSE)]

    # logit by hand: -3.1124, -1.9615, -0.1882, 0.8444, -1.1347
    assert slopes == pytest.approx([0.3836, 0.5911, 0.2065, -0.9896], abs=5e-5)


def test_counts_grow_by_their_logarithm() -> None:
    # Stein 2019: 3900-fold in 9.3 days
    slope = growth_per_day((0, 1.0), (9.3, 3900.0), unit=Unit.CELLS_PER_UL)

    assert slope == pytest.approx(0.8891, abs=5e-5)
    assert slope is not None
    assert math.log(2) / slope == pytest.approx(0.7796, abs=5e-5)


@pytest.mark.parametrize(
    ("value", "unit"), [(0.0, Unit.CELLS_PER_UL), (0.0, Unit.PERCENT), (100.0, Unit.PERCENT)]
)
def test_a_value_without_logarithm_has_no_growth(value: float, unit: Unit) -> None:
    assert growth_per_day((1, 50.0), (2, value), unit=unit) is None
