"""Bins found among linear edges are the bins of the scale."""

import numpy as np
import pytest

from carflow.gating.biex import Biex
from carflow.gating.bins import BINS, AxisBins, linear_edges
from carflow.gating.scales import Asinh, Bounded, Hyperlog, Identity, Linear, Log, Logicle, Scale

SCALES: list[Scale] = [
    Identity(),
    Identity(t=1.0),
    Identity(t=1e-310),
    Identity(t=1e300),
    Linear(t=262144.0, a=0.0),
    Linear(t=1000.0, a=200.0),
    Log(t=262144.0, m=4.5),
    Log(t=1e6, m=20.0),
    Asinh(t=262144.0, m=4.5, a=1.0),
    Asinh(t=262144.0, m=1.0, a=0.0),
    Logicle(t=262144.0, w=0.5, m=4.5, a=0.0),
    Logicle(t=262144.0, w=0.0, m=4.5, a=0.0),
    Logicle(t=1000.0, w=2.0, m=4.0, a=0.0),
    Logicle(t=4.0e6, w=0.3, m=6.0, a=1.0),
    Hyperlog(t=262144.0, w=0.5, m=4.5, a=0.0),
    Biex(negative=0.0, width=-10.0, positive=4.41854, t=262144.0),
]


def values_on(scale: Scale) -> np.ndarray:
    """Values anywhere, on every edge, and one step beside each."""
    rng = np.random.default_rng(5)
    anywhere = [
        rng.normal(0.0, 300.0, 20_000),
        rng.lognormal(8.0, 2.0, 20_000),
        np.array([0.0, -0.0, 5e-324, -5e-324, -1e5, 1e7, 1e300, -1e300]),
        # a ratio may be the last finite number
        np.array([1.7976931348623157e308, -1.7976931348623157e308]),
    ]
    edges = linear_edges(scale)
    if edges is None:
        return np.concatenate(anywhere)
    beside = [np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf)]
    return np.concatenate((*anywhere, edges, *beside))


@pytest.mark.parametrize("scale", SCALES, ids=repr)
def test_the_bin_is_the_number_of_edges_that_a_value_reaches(scale: Scale) -> None:
    edges = linear_edges(scale)
    assert edges is not None
    values = values_on(scale)

    found = AxisBins(scale).of(values)

    assert found.tolist() == np.searchsorted(edges, values, side="right").tolist()
    assert (found.min(), found.max()) == (0, BINS - 1)


@pytest.mark.parametrize("scale", SCALES, ids=repr)
def test_away_from_the_edges_it_is_the_bin_of_the_scale(scale: Scale) -> None:
    low, high = scale.axis
    values = values_on(scale)
    values = values[np.abs(values) < 1e15]
    with np.errstate(over="ignore", invalid="ignore"):
        places = np.nan_to_num((scale.forward(values) - low) * (BINS / (high - low)))
    sure = np.abs(places - np.round(places)) > 1e-6

    found = AxisBins(scale).of(values[sure])

    assert found.tolist() == np.clip(places[sure], 0, BINS - 1).astype(int).tolist()


def test_a_scale_that_ends_has_no_edges_and_is_asked_itself() -> None:
    ending = Bounded(scale=Linear(t=100.0, a=0.0), high=0.5)

    assert linear_edges(ending) is None
    bins = AxisBins(ending).of(np.array([0.0, 49.0, 50.0, 99.0]))
    assert bins[2] == bins[3] > bins[1] > bins[0]


def test_values_that_are_not_side_by_side_are_found_too() -> None:
    values = np.array([[1.0, 2e4, 7.0], [300.0, 9e5, -4.0]]).T[:, 0]
    scale = Logicle(t=262144.0, w=0.5, m=4.5, a=0.0)

    assert AxisBins(scale).of(values).tolist() == AxisBins(scale).of(values.copy()).tolist()
