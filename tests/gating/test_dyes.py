"""The product of all dyes is never farther from the exact sums than it says."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carflow.fcs.block import Block
from carflow.gating.bounds import linear_bounds
from carflow.gating.dyes import Dyes
from carflow.gating.rows import Rows
from carflow.gating.scales import Identity, Logicle, Scale
from carflow.gating.sources import Source

LOGICLE = Logicle(t=262144.0, w=0.5, m=4.5, a=0.0)
CHANNELS = ("B1", "V1", "R1", "Y1")


def _sources(matrix: np.ndarray) -> list[Source]:
    inverse = np.linalg.inv(matrix)
    return [
        Source(channel=name, weights=tuple(zip(CHANNELS, inverse[:, place].tolist(), strict=True)))
        for place, name in enumerate(CHANNELS)
    ]


def _block(values: np.ndarray) -> Block:
    return Block(values.T, {name: place for place, name in enumerate(CHANNELS)})


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from([1e-3, 1.0, 1e3, 262_143.0, 1e9]),
    spill=st.sampled_from([0.0, 0.02, 0.3, 0.7]),
)
def test_the_slack_holds_for_any_numbers(seed: int, size: float, spill: float) -> None:
    rng = np.random.default_rng(seed)
    values = (rng.standard_cauchy((200, 4)) * size).astype(np.float32)
    matrix = np.eye(4) + spill * rng.random((4, 4)) * (1.0 - np.eye(4))
    sources = _sources(matrix)
    rows = Rows(_block(values), Dyes(sources, CHANNELS))

    for source in sources:
        near = rows.near(source)
        exact = rows.linear(source)
        assert np.abs(near.values.astype(np.float64) - exact).max() <= near.slack
        assert near.exact(np.array([3, 7])).tolist() == exact[[3, 7]].tolist()


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), scale=st.sampled_from([Identity(), LOGICLE]))
def test_a_bound_on_the_very_value_of_an_event_is_decided_exactly(seed: int, scale: Scale) -> None:
    rng = np.random.default_rng(seed)
    values = rng.lognormal(7.0, 1.0, (300, 4)).astype(np.float32)
    sources = _sources(np.eye(4) + 0.2 * rng.random((4, 4)) * (1.0 - np.eye(4)))
    rows = Rows(_block(values), Dyes(sources, CHANNELS))
    for source in sources:
        coordinates = scale.forward(rows.linear(source))
        at = float(coordinates[17])
        bounds = linear_bounds(scale, at, math.inf)

        assert rows.reached(source, bounds.low).tolist() == (coordinates >= at).tolist()


def test_numbers_too_large_for_32_bits_are_summed_exactly() -> None:
    values = np.full((100, 4), 3e37, dtype=np.float32)
    sources = _sources(np.eye(4) + 0.1)
    near = Rows(_block(values), Dyes(sources, CHANNELS)).near(sources[0])

    assert near.slack == 0.0
    assert near.values.dtype == np.float64


@pytest.mark.parametrize("odd", [math.nan, math.inf])
def test_a_block_with_a_number_that_is_none_gives_no_slack(odd: float) -> None:
    values = np.ones((100, 4), dtype=np.float32)
    values[3, 2] = odd
    sources = _sources(np.eye(4) + 0.1)
    product = Dyes(sources, CHANNELS).compensated(_block(values), None)

    assert set(product.slacks.values()) == {math.inf}


def test_a_number_beyond_32_bits_spoils_no_dye_it_has_no_part_in() -> None:
    """A small gain makes such numbers; 0 times infinite would be no number."""
    values = np.ones((100, 4))
    values[3, 2] = 1.1e39
    sources = _sources(np.eye(4))
    rows = Rows(_block(values), Dyes(sources, CHANNELS))

    near = rows.near(sources[0])

    assert near.slack == 0.0
    assert near.values.tolist() == [1.0] * 100


def test_ratios_and_values_as_acquired_are_no_dyes() -> None:
    plain = Source(channel="B1")
    dyes = Dyes([plain], CHANNELS)
    assert plain not in dyes


@pytest.mark.parametrize("weight", [1e-42, 1e-45, 3e38, 1e200])
def test_the_slack_holds_for_weights_that_32_bits_hardly_hold(weight: float) -> None:
    rng = np.random.default_rng(4)
    values = rng.uniform(0.0, 9e29, (2_000, 4)).astype(np.float32)
    source = Source(channel="B1", weights=(("V1", weight), ("R1", 1e-40)))
    rows = Rows(_block(values), Dyes([source], CHANNELS))

    near = rows.near(source)

    exact = values[:, 1].astype(np.float64) * weight + values[:, 2].astype(np.float64) * 1e-40
    assert np.abs(near.values.astype(np.float64) - exact).max() <= near.slack + 1e-12 * exact.max()
