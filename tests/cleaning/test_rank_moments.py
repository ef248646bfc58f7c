import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from carflow.cleaning.rank_moments import (
    Ranks,
    bin_moments,
    bin_starts,
    events_per_bin,
    has_rank,
    judged_channels,
    legendre,
    rank_keys,
)

FINITE = st.floats(-1e6, 1e6, width=32)


def exact_mid_ranks(values: np.ndarray) -> np.ndarray:
    """The slow twin: count what lies below and what is equal."""
    below = (values[np.newaxis, :] < values[:, np.newaxis]).sum(axis=1)
    equal = (values[np.newaxis, :] == values[:, np.newaxis]).sum(axis=1)
    ranks: np.ndarray = (2.0 * below + equal) / len(values) - 1.0
    return ranks


@given(hnp.arrays(np.float64, st.integers(2, 60), elements=st.integers(-60, 60)))
def test_ranks_of_values_that_keys_tell_apart_are_exact(values: np.ndarray) -> None:
    keys = rank_keys(values)

    assert Ranks(keys).of(keys) == pytest.approx(exact_mid_ranks(values), abs=1e-6)


@given(hnp.arrays(np.float64, st.integers(2, 60), elements=FINITE))
def test_ranks_rise_with_values(values: np.ndarray) -> None:
    keys = rank_keys(np.sort(values))
    ranks = Ranks(keys).of(keys)

    assert (np.diff(ranks) >= 0.0).all()
    assert np.abs(ranks).max() <= 1.0
    assert float(ranks.mean()) == pytest.approx(0.0, abs=1e-5)


def test_ranks_of_a_bright_channel_are_right_to_a_percent_of_the_value() -> None:
    values = np.random.default_rng(1).lognormal(6.0, 1.5, 2_000)
    keys = rank_keys(values)
    error = np.abs(Ranks(keys).of(keys) - exact_mid_ranks(values))

    assert error.max() < 0.01


def test_a_scale_of_two_changes_no_rank() -> None:
    values = np.random.default_rng(2).normal(50.0, 200.0, 1_000)
    keys, doubled = rank_keys(values), rank_keys(2.0 * values)

    assert np.array_equal(Ranks(keys).of(keys), Ranks(doubled).of(doubled))


def test_what_is_no_number_has_no_rank_and_moves_no_other() -> None:
    values = np.array([1.0, 2.0, 3.0, np.nan, np.inf, -np.inf])
    keys = rank_keys(values)
    ranks = Ranks(keys)

    assert ranks.n_without == 3
    assert has_rank(keys).tolist() == [True, True, True, False, False, False]
    assert ranks.of(keys)[:3] == pytest.approx([-2 / 3, 0.0, 2 / 3])
    assert ranks.of(keys)[3:].tolist() == [0.0, 0.0, 0.0]


def test_a_value_beyond_single_precision_is_no_number() -> None:
    assert has_rank(rank_keys(np.array([1e300, 1.0]))).tolist() == [False, True]


def test_both_zeros_are_one_value() -> None:
    keys = rank_keys(np.array([-0.0, 0.0, 1.0]))

    assert Ranks(keys).of(keys) == pytest.approx([-1 / 3, -1 / 3, 2 / 3])
    assert Ranks(rank_keys(np.array([-0.0, 0.0]))).is_constant


def test_the_polynomials_are_orthonormal() -> None:
    grid = (np.arange(20_000) + 0.5) / 10_000 - 1.0
    values = legendre(grid.astype(np.float32))

    assert values @ values.T / 20_000 == pytest.approx(np.eye(3), abs=1e-4)
    assert values.mean(axis=1) == pytest.approx(np.zeros(3), abs=1e-4)


def test_moments_of_bins_are_the_means_over_their_events() -> None:
    rng = np.random.default_rng(3)
    keys = rank_keys(rng.lognormal(5.0, 1.0, 1_000))
    ranks = Ranks(keys)
    starts = np.array([0, 100, 350, 990])
    whole = legendre(ranks.of(keys))
    stops = [100, 350, 990, 1_000]
    expected = [whole[:, i:j].mean(axis=1) for i, j in zip(starts, stops, strict=True)]

    assert bin_moments(keys, ranks, starts) == pytest.approx(np.array(expected).T, abs=1e-5)


def test_values_that_are_no_numbers_leave_a_bin_to_the_others() -> None:
    values = np.arange(1.0, 101.0)
    values[::2] = np.nan
    values[50:60] = np.nan
    keys = rank_keys(values)
    ranks = Ranks(keys)
    moments = bin_moments(keys, ranks, np.arange(0, 100, 10))
    kept = legendre(ranks.of(keys[1:10:2])).mean(axis=1)

    assert moments[:, 0] == pytest.approx(kept, abs=1e-6)
    assert moments[:, 5].tolist() == [0.0, 0.0, 0.0]


def test_moments_of_a_stable_tube_have_the_noise_that_is_told() -> None:
    rng = np.random.default_rng(4)
    keys = rank_keys(rng.lognormal(5.0, 1.0, 125 * 400))
    moments = bin_moments(keys, Ranks(keys), np.arange(0, 125 * 400, 125))

    assert moments.std(axis=1) * np.sqrt(125) == pytest.approx(np.ones(3), rel=0.12)


@pytest.mark.parametrize(
    ("n_events", "size"),
    [(1_500, 50), (9_999, 50), (10_000, 125), (100_000, 125), (100_001, 126), (1_000_000, 1_250)],
)
def test_bins_grow_with_the_tube(n_events: int, size: int) -> None:
    assert events_per_bin(n_events) == size


@given(st.integers(1_500, 12_000), st.integers(1, 400))
def test_bins_end_where_time_goes_on(n_events: int, ticks: int) -> None:
    times = np.sort(np.random.default_rng(n_events).integers(0, ticks, n_events)).astype(float)
    starts = bin_starts(times, n_events)

    assert starts[0] == 0
    assert (np.diff(starts) > 0).all()
    assert (times[starts[1:]] > times[starts[1:] - 1]).all()


def test_no_bin_is_less_than_half_full() -> None:
    for n_events in range(1_500, 1_600):
        starts = bin_starts(np.arange(float(n_events)), n_events)
        assert np.diff(np.append(starts, n_events)).min() >= 25


@pytest.mark.parametrize(
    ("channels", "judged"),
    [
        (("FSC-A", "FSC-H", "FSC-W", "SSC-A", "FITC-A", "Time"), ("FSC-A", "SSC-A", "FITC-A")),
        (
            ("FSC-H", "SSC-H", "FL1-H", "FL2-A", "FL2-H", "Time"),
            ("FSC-H", "SSC-H", "FL1-H", "FL2-A"),
        ),
        (("FS INT LIN", "FL1 LOG", "TIME"), ("FS INT LIN", "FL1 LOG")),
        (("FSC.HLin", "SSC.W", "SSC.ALin", "TIME"), ("FSC.HLin", "SSC.ALin")),
        (("HDR-CE", "HDR-T", "FSC-A", "FL1-A"), ("FSC-A", "FL1-A")),
        (("Event #", "Original_ID", "Ir191Di", "Event_length", "Width", "Time"), ("Ir191Di",)),
    ],
)
def test_light_is_followed_and_clocks_and_numbers_are_not(
    channels: tuple[str, ...], judged: tuple[str, ...]
) -> None:
    assert judged_channels(channels) == judged


def test_the_time_channel_is_left_out_under_any_name() -> None:
    assert judged_channels(("FL1-A", "TLSW"), time_channel="TLSW") == ("FL1-A",)
