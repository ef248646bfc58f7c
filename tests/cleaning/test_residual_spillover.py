"""Measured on simulated T cells, compensated with a matrix that is wrong in one place."""

import numpy as np
import pytest
from numpy.typing import NDArray

from carflow.cleaning.residual_spillover import ResidualSlope, residual_slopes
from carflow.simulate import LABELS, SPILLOVER, Recipe, simulate_tube

Cells = NDArray[np.float64]


def _t_cells(seed: int, *errors: tuple[str, str, float]) -> Cells:
    """Return T cells by label, compensated with the true matrix plus errors."""
    counts = {"CD4 T": 3_500, "CD8 T": 2_500, "CD4 CAR T": 2_200, "CD8 CAR T": 1_800}
    recipe = Recipe(identity=f"residual {seed}", counts=counts, doublets=0, duration_s=60.0)
    matrix = SPILLOVER.copy()
    for dye, detector, error in errors:
        matrix[LABELS.index(dye), LABELS.index(detector)] += error
    light: Cells = simulate_tube(recipe)[:, 3:10].astype(np.float64)
    compensated: Cells = (light @ np.linalg.inv(matrix)).T
    return compensated


def _by_pair(found: tuple[ResidualSlope, ...]) -> dict[tuple[str, str], ResidualSlope]:
    return {(one.source, one.target): one for one in found}


@pytest.mark.parametrize("seed", range(3))
def test_the_true_matrix_leaves_nothing(seed: int) -> None:
    found = residual_slopes(_t_cells(seed), LABELS)

    assert len(found) >= 20
    assert max(abs(one.slope) for one in found) < 0.005
    assert max(abs(one.z) for one in found) < 4.0


@pytest.mark.parametrize(
    ("dye", "detector", "error"),
    [
        ("CAR", "CD8", 0.03),
        ("CAR", "CD8", -0.03),
        ("CAR", "CD8", -0.06),
        ("CD8", "CAR", -0.02),
        ("CD3", "CAR", 0.01),
        ("CD4", "CD8", 0.01),
        ("CD3", "CD4", 0.1),
    ],
)
def test_a_wrong_coefficient_is_the_slope_with_the_other_sign(
    dye: str, detector: str, error: float
) -> None:
    found = _by_pair(residual_slopes(_t_cells(1, (dye, detector, error)), LABELS))

    planted = found.pop((dye, detector))
    assert planted.slope == pytest.approx(-error, rel=0.1)
    assert abs(planted.z) > 15.0
    assert max(abs(one.slope) for one in found.values()) < 0.01


def test_every_t_cell_carries_cd3_so_nothing_is_told_of_its_negatives() -> None:
    found = residual_slopes(_t_cells(1), LABELS)

    assert "CD3" not in {one.target for one in found}
    assert "CD3" in {one.source for one in found}


def test_order_of_events_and_events_without_numbers_do_not_matter() -> None:
    cells = _t_cells(1, ("CAR", "CD8", 0.03))
    mixed = cells[:, np.random.default_rng(5).permutation(cells.shape[1])]
    holes = np.insert(cells, [0, 17], np.nan, axis=1)

    expected = _by_pair(residual_slopes(cells, LABELS))[("CAR", "CD8")]

    assert residual_slopes(holes, LABELS) == residual_slopes(cells, LABELS)
    other = _by_pair(residual_slopes(mixed, LABELS))[("CAR", "CD8")]
    assert other.slope == pytest.approx(expected.slope, abs=0.002)


def test_brightness_in_other_units_gives_the_same_slopes() -> None:
    cells = _t_cells(1, ("CAR", "CD8", 0.03))

    slopes = [one.slope for one in residual_slopes(cells, LABELS)]

    assert [one.slope for one in residual_slopes(cells / 64.0, LABELS)] == pytest.approx(slopes)


def test_more_events_than_needed_are_thinned() -> None:
    cells = np.tile(_t_cells(1, ("CAR", "CD8", 0.03)), 5)

    found = residual_slopes(cells, LABELS)

    assert max(one.n_events for one in found) <= 20_000
    assert _by_pair(found)[("CAR", "CD8")].slope == pytest.approx(-0.03, rel=0.1)


@pytest.mark.parametrize("n_events", [0, 499])
def test_too_few_events_tell_nothing(n_events: int) -> None:
    assert residual_slopes(_t_cells(1)[:, :n_events], LABELS) == ()


def test_channels_without_spread_tell_nothing() -> None:
    assert residual_slopes(np.zeros((2, 1_000)), ["A", "B"]) == ()
    assert residual_slopes(np.full((2, 1_000), 7.0), ["A", "B"]) == ()


def test_as_many_names_as_channels_are_needed() -> None:
    with pytest.raises(ValueError, match="1 names for 2 channels"):
        residual_slopes(np.zeros((2, 1_000)), ["A"])
