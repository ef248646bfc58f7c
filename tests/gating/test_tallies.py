"""Bins found among linear edges are the bins of the scale."""

import numpy as np
import pytest

from carflow.gating.scales import Asinh, Bounded, Hyperlog, Identity, Linear, Log, Logicle, Scale
from carflow.gating.tallies import BINS, _bins, linear_edges

SCALES: list[Scale] = [
    Identity(),
    Linear(t=262144.0, a=0.0),
    Log(t=262144.0, m=4.5),
    Asinh(t=262144.0, m=4.5, a=1.0),
    Logicle(t=262144.0, w=0.5, m=4.5, a=0.0),
    Hyperlog(t=262144.0, w=0.5, m=4.5, a=0.0),
]


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.kind)
def test_linear_edges_and_the_scale_give_the_same_bins(scale: Scale) -> None:
    rng = np.random.default_rng(5)
    values = np.concatenate(
        (rng.normal(0.0, 300.0, 20_000), rng.lognormal(8.0, 2.0, 20_000), [0.0, -1e5, 1e7])
    )
    edges = linear_edges(scale)
    assert edges is not None

    found = _bins(values, scale, edges)

    assert found.tolist() == _bins(values, scale, None).tolist()
    assert (found.min(), found.max()) == (0, BINS - 1)


def test_a_scale_that_ends_has_no_edges_and_is_asked_itself() -> None:
    ending = Bounded(scale=Linear(t=100.0, a=0.0), high=0.5)

    assert linear_edges(ending) is None
    bins = _bins(np.array([0.0, 49.0, 50.0, 99.0]), ending, None)
    assert bins[2] == bins[3] > bins[1] > bins[0]
