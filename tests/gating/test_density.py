import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carflow.gating.density import density_curve, valleys_of


def normal_scores(n: int, mean: float, sd: float) -> np.ndarray:
    """Return a sample without chance: the quantiles of a normal population."""
    from scipy.special import ndtri

    return mean + sd * ndtri((np.arange(n) + 0.5) / n)


def test_the_density_of_a_normal_sample_is_the_normal_density_widened_by_the_kernel() -> None:
    curve = density_curve(normal_scores(20_000, 3.0, 2.0))

    assert curve is not None
    sd = np.hypot(2.0, curve.bandwidth)
    expected = np.exp(-0.5 * ((curve.places - 3.0) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))
    assert curve.heights == pytest.approx(expected, abs=0.003 * expected.max())
    assert np.trapezoid(curve.heights, curve.places) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    "values",
    [[], [1.0], [2.0, 2.0, 2.0], [np.nan, np.inf, 1.0]],
    ids=["none", "one", "equal", "nan"],
)
def test_there_is_no_density_of_fewer_than_two_different_numbers(values: list[float]) -> None:
    assert density_curve(np.array(values)) is None


def test_the_bandwidth_of_two_far_populations_is_that_of_one() -> None:
    one = density_curve(normal_scores(5000, 0.0, 1.0))
    two = density_curve(
        np.concatenate([normal_scores(5000, 0.0, 1.0), normal_scores(5000, 100.0, 1.0)])
    )

    assert one is not None
    assert two is not None
    # a quarter of the events is half of one population: its bandwidth, for twice the events
    assert two.bandwidth == pytest.approx(2.1 * one.bandwidth, rel=0.2)
    [valley] = valleys_of(two, min_quality=0.3)
    assert valley.place == pytest.approx(50.0, abs=1.0)


@pytest.mark.parametrize(("ratio", "between"), [(1, 4.0), (20, 4.98)])
def test_the_valley_of_two_normals_lies_where_their_sum_is_lowest(
    ratio: int, between: float
) -> None:
    small = normal_scores(2000, 8.0, 1.5)
    large = normal_scores(2000 * ratio, 0.0, 1.5)
    grid = np.linspace(0, 8, 8001)
    mixture = ratio * np.exp(-0.5 * (grid / 1.5) ** 2) + np.exp(-0.5 * ((grid - 8) / 1.5) ** 2)
    lowest = float(grid[np.argmin(mixture)])
    assert lowest == pytest.approx(between, abs=0.2)

    curve = density_curve(np.concatenate([small, large]))

    assert curve is not None
    [valley] = valleys_of(curve, min_quality=0.3)
    assert valley.place == pytest.approx(lowest, abs=0.15)


def test_a_shoulder_is_no_population() -> None:
    values = np.concatenate([normal_scores(9000, 0.0, 1.0), normal_scores(3000, 2.2, 1.0)])
    curve = density_curve(values)

    assert curve is not None
    assert valleys_of(curve, min_quality=0.3) == ()


def test_three_populations_have_two_valleys_in_order() -> None:
    curve = density_curve(np.concatenate([normal_scores(n, m, 1.0) for n, m in
                                          ((3000, 0.0), (8000, 8.0), (500, 14.0))]))  # fmt: skip

    assert curve is not None
    first, second = valleys_of(curve, min_quality=0.3)
    assert first.place == pytest.approx(4.0, abs=0.5)
    assert second.place == pytest.approx(11.5, abs=0.6)
    assert first.right_peak == second.left_peak == pytest.approx(8.0, abs=0.1)


@pytest.mark.parametrize("seed", range(20))
def test_noise_makes_no_valley_in_one_population(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for values in (rng.normal(0, 1, 3000), rng.standard_t(4, 3000), rng.lognormal(0, 0.5, 3000)):
        curve = density_curve(values)
        assert curve is not None
        assert valleys_of(curve, min_quality=0.0) == ()


def test_a_rare_population_far_off_is_seen() -> None:
    curve = density_curve(
        np.concatenate([normal_scores(20_000, 0.0, 1.0), normal_scores(60, 12.0, 1.0)])
    )

    assert curve is not None
    [valley] = valleys_of(curve, min_quality=0.3)
    assert 4.0 < valley.place < 9.0


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**31),
    st.floats(1e-3, 1e3),
    st.floats(-1e3, 1e3),
)
def test_valleys_move_with_the_scale_and_know_no_order(
    seed: int, factor: float, shift: float
) -> None:
    rng = np.random.default_rng(seed)
    values = np.concatenate([rng.normal(0, 1, 800), rng.normal(7, 1, 400)])
    straight, shuffled = density_curve(values), density_curve(rng.permutation(values))
    moved = density_curve(values * factor + shift)
    assert straight is not None
    assert shuffled is not None
    assert moved is not None

    before = valleys_of(straight, min_quality=0.3)

    assert valleys_of(shuffled, min_quality=0.3) == before
    step = float(straight.places[1] - straight.places[0])
    after = [(one.place - shift) / factor for one in valleys_of(moved, min_quality=0.3)]
    assert after == pytest.approx([one.place for one in before], abs=3 * step)


def test_doubling_the_events_moves_a_valley_less_than_a_bandwidth() -> None:
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.normal(0, 1, 2000), rng.normal(6, 1, 1000)])
    once, twice = density_curve(values), density_curve(np.tile(values, 2))
    assert once is not None
    assert twice is not None

    [one], [other] = valleys_of(once, min_quality=0.3), valleys_of(twice, min_quality=0.3)

    assert one.place == pytest.approx(other.place, abs=once.bandwidth)
