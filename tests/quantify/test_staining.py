from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.gating.strategy import AssayLimits, Role
from carflow.quantify.background import Background
from carflow.quantify.counts import TubeCounts
from carflow.quantify.percentages import stain_quality
from carflow.quantify.staining import (
    Brightness,
    brightness,
    calibrate_mesf,
    resolution,
    stain_index,
)
from carflow.reasons import Reason
from carflow.study.model import SampleType

DIM = Brightness(200.0, 100.0)


def test_a_spread_of_normal_values_is_their_standard_deviation() -> None:
    values = np.random.default_rng(3).normal(500.0, 40.0, 200_000)

    found = brightness(values)

    assert found.median == pytest.approx(500.0, abs=0.5)
    assert found.rsd == pytest.approx(40.0, rel=0.01)
    assert brightness(np.array([])) == Brightness(None, None)


def test_stain_index_and_resolution_follow_their_formulas() -> None:
    assert stain_index(5200.0, DIM).value == (5200 - 200) / (2 * 100)
    assert resolution(Brightness(1200.0, 300.0), DIM).value == (1200 - 200) / (300 + 100)


@pytest.mark.parametrize(
    ("bright", "dim", "reason"),
    [
        (None, DIM, Reason.NO_INTENSITY),
        (5200.0, Brightness(None, None), Reason.NO_INTENSITY),
        (5200.0, Brightness(200.0, None), Reason.NO_SPREAD),
        (5200.0, Brightness(200.0, 0.0), Reason.NO_SPREAD),
    ],
)
def test_a_stain_index_that_is_none_says_why(
    bright: float | None, dim: Brightness, reason: Reason
) -> None:
    assert stain_index(bright, dim).reason is reason


def test_a_resolution_that_is_none_says_why() -> None:
    assert resolution(Brightness(None, None), DIM).reason is Reason.NO_INTENSITY
    assert resolution(Brightness(1200.0, None), DIM).reason is Reason.NO_SPREAD
    assert resolution(Brightness(1200.0, 0.0), Brightness(1.0, 0.0)).reason is Reason.NO_SPREAD


def test_a_tube_with_too_few_car_cells_has_no_stain_index() -> None:
    few = TubeCounts(counts={Role.CAR: 12}, car_mfi=5000.0, car_negative_mfi=200.0)
    many = TubeCounts(
        counts={Role.CAR: 500}, car_mfi=5200.0, car_negative_mfi=200.0, car_negative_rsd=100.0,
        cd3_car_median=1200.0, cd3_car_rsd=300.0,
    )  # fmt: skip
    control = Background(counts={}, kind=SampleType.FMO, car_median=200.0, car_rsd=100.0)

    dim, index, apart = (q.measure for q in stain_quality(few, None, AssayLimits()))
    assert (dim.value, index.reason, apart.reason) == (
        200.0, Reason.BELOW_LOD, Reason.NO_CONTROL,
    )  # fmt: skip
    _, index, apart = (q.measure for q in stain_quality(many, control, AssayLimits()))
    assert (index.value, apart.value) == (25.0, 2.5)


def test_a_calibration_reads_mesf_up_to_its_brightest_bead() -> None:
    mfi, mesf = [90, 1100, 9500, 52_000], [500, 5000, 50_000, 250_000]
    line = calibrate_mesf(mfi, mesf)
    slope, intercept = np.polyfit(np.log10(mfi), np.log10(mesf), 1)

    assert (line.slope, line.intercept) == pytest.approx((slope, intercept))
    assert not line.is_sound()
    assert line.is_sound(residual_pct=20)
    assert line.mesf(52_000.1).reason is Reason.BEYOND_BEADS
    assert line.mesf(0.0).reason is Reason.NO_LOGARITHM


@given(
    st.floats(min_value=0.95, max_value=1.05), st.floats(min_value=-1, max_value=2),
    st.floats(min_value=10, max_value=9e4),
)  # fmt: skip
def test_a_straight_calibration_is_found_again(slope: float, start: float, mfi: float) -> None:
    beads = [100.0, 1000.0, 1e4, 1e5]
    line = calibrate_mesf(beads, [10 ** (start + slope * np.log10(bead)) for bead in beads])

    assert line.is_sound()
    assert line.mesf(mfi).value == pytest.approx(10 ** (start + slope * np.log10(mfi)))


def test_a_cell_no_brighter_than_the_blank_has_no_mesf() -> None:
    line = calibrate_mesf([100, 1000, 1e4, 1e5], [500, 5000, 5e4, 5e5])

    assert line.mesf_above(2000.0, 200.0).value == pytest.approx(9000)
    assert line.mesf_above(200.0, 200.0).reason is Reason.NOT_ABOVE_CONTROL
    assert line.mesf_above(2000.0, -5.0).reason is Reason.NO_LOGARITHM
    assert line.mesf_above(2e5, 200.0).reason is Reason.BEYOND_BEADS


def test_three_beads_or_equal_ones_calibrate_nothing() -> None:
    with pytest.raises(ValueError, match="at least 4 beads with both numbers are needed, got 3"):
        calibrate_mesf([1, 2, 3], [1, 2, 3])
    with pytest.raises(ValueError, match="are positive and differ"):
        calibrate_mesf([0, 1, 2, 3], [1, 2, 3, 4])
