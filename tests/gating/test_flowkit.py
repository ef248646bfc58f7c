"""Random trees in FlowKit, and each place where FlowKit leaves the specification.

FlowKit 1.3.2 reads what carflow writes and finds the same events, except that

* it ignores ``boundMin`` and ``boundMax`` of transformations,
* it takes ratios of values as acquired, whatever the dimension asks for, and fails on a ratio
  beside another axis,
* it fails on matrices with more detectors than dyes and ignores ``matrix-inverted-already``,
* it refuses two matrices in one gate, and compensates every axis of a gate that has one
  compensated axis,
* it fails on one channel twice in a gate, on different scales,
* it fails on a boolean gate that refers to its own ancestor,
* a value without a logarithm is nowhere, not below every other,
* the right and top edges of a polygon are out; in the official suite all edges are in.

Events within 1e-9 of a boundary could differ as well; the random events have none.
"""

import io
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs
from carflow.gating.engine import gate
from carflow.gating.gatingml import gatingml_text
from carflow.gating.scales import Bounded, Identity, Linear, Log
from carflow.gating.shapes import Interval, Polygon, Quadrant
from carflow.gating.strategy import Dimension, Population, Ratio, Strategy

MATRIX = np.array([[1.0, 0.12, 0.0], [0.03, 1.0, 0.2], [0.0, 0.05, 1.0]])
CHANNELS = ("FSC-A", "SSC-A", "B1", "V1", "R1", "Time")
MARKERS = ("", "", "CD3", "CD4", "CAR", "")
Trees = st.SearchStrategy[Strategy]


@pytest.fixture(scope="module")
def tube(tmp_path_factory: pytest.TempPathFactory, random_events: Callable[..., Any]) -> Path:
    path = tmp_path_factory.mktemp("flowkit") / "tube.fcs"
    spill = ",".join(["3", "B1", "V1", "R1", *(repr(float(x)) for x in MATRIX.ravel())])
    write_fcs(
        path,
        random_events(2000).astype(np.float32),
        channels=CHANNELS,
        markers=MARKERS,
        keywords={"$SPILLOVER": spill, "$TIMESTEP": "0.01"},
    )
    return path


@pytest.fixture(scope="module")
def sample(tube: Path) -> Any:  # FlowKit has no types
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import flowkit
    return flowkit.Sample(str(tube), filename_as_id=True)


def theirs(strategy: Strategy, sample: Any) -> dict[str, np.ndarray]:
    import flowkit

    text = gatingml_text(strategy)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # its logarithms
        found = flowkit.parse_gating_xml(io.BytesIO(text.encode())).gate_sample(sample)
        return {
            one.name: np.asarray(found.get_gate_membership(one.name))
            for one in strategy.populations
        }


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_flowkit_finds_the_same_events_in_random_trees(
    common_tree: Trees,
    tube: Path,
    sample: Any,
    data: st.DataObject,
) -> None:
    strategy = data.draw(common_tree)
    ours = gate(read_fcs(tube), strategy)
    for name, members in theirs(strategy, sample).items():
        mask = ours.mask(name)
        assert np.count_nonzero(mask != members) == 0, name


def alone(shape: Interval | Polygon | Quadrant, *axes: Dimension) -> Strategy:
    one = Population(name="one", path=("one",), shape=shape, dimensions=axes)
    return Strategy(name="one", populations=(one,), time="stored")


def plain(name: str) -> Dimension:
    return Dimension(name=name, scale=Identity(), compensated=False)


TEN = Linear(t=10_000.0, a=0.0)


@pytest.mark.parametrize(
    "strategy",
    [
        alone(
            Interval(low=0.1, high=0.6),
            Dimension(name="B1", scale=Bounded(scale=TEN, high=0.5), compensated=False),
        ),
        alone(
            Interval(low=0.4, high=1.5),
            Dimension(
                name="ratio",
                scale=Identity(),
                compensated=True,
                ratio=Ratio(numerator="B1", denominator="V1", c=-3000.0),
            ),
        ),
        alone(
            Interval(high=0.2),
            Dimension(name="B1", scale=Log(t=10_000.0, m=4.0), compensated=False),
        ),
        alone(
            Quadrant(lows=(500.0, 500.0), highs=(math.inf, math.inf)),
            Dimension(name="CD3", scale=Identity(), compensated=True),
            Dimension(name="CAR", scale=Identity(), compensated=False),
        ),
    ],
    ids=["bounds", "ratios", "logarithms", "one axis compensated"],
)
def test_where_flowkit_leaves_the_specification(
    strategy: Strategy,
    tube: Path,
    sample: Any,
) -> None:
    """If one of these fails, FlowKit has changed and the list above is out of date."""
    mask = gate(read_fcs(tube), strategy).mask("one")
    assert not np.array_equal(mask, theirs(strategy, sample)["one"])


def test_flowkit_leaves_out_two_edges_of_a_polygon() -> None:
    from flowutils.gating import points_in_polygon

    square = Polygon(vertices=((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)))
    points = np.array([[0.0, 2.0], [2.0, 0.0], [4.0, 2.0], [2.0, 4.0]])
    flowkits = points_in_polygon(np.array(square.vertices), points)
    assert np.asarray(flowkits).tolist() == [True, True, False, False]
    assert square.contains([points[:, 0].copy(), points[:, 1].copy()]).tolist() == [True] * 4
