"""Whatever the lengths of the chunks, the bits are those of the events."""

from pathlib import Path

import numpy as np
import pytest

from carflow.cleaning.kept import KeptEvents
from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs
from carflow.gating.engine import gate
from carflow.gating.scales import Identity
from carflow.gating.shapes import Interval
from carflow.gating.strategy import Dimension, Population, Strategy
from carflow.gating.tallies import MaskTally


@pytest.mark.parametrize("lengths", [[8, 8, 4], [3, 5, 12], [1] * 20, [7, 9, 4], [20], [16, 0, 4]])
def test_the_bits_of_chunks_of_any_length_are_those_of_the_file(lengths: list[int]) -> None:
    """A tube without its disturbed intervals comes in chunks of any length."""
    members = np.random.default_rng(len(lengths)).random(20) < 0.5
    tally, start = MaskTally(np.zeros(3, dtype=np.uint8)), 0

    for length in lengths:
        tally.add(members[start : start + length], start)
        start += length

    assert tally.packed.tolist() == np.packbits(members).tolist()


def test_the_bits_of_single_events_are_added_to_those_of_chunks() -> None:
    members = np.zeros(20, dtype=np.bool_)
    members[[2, 9]] = True
    tally = MaskTally(np.zeros(3, dtype=np.uint8))
    tally.add(members, 0)

    tally.add(np.array([True, False, True]), np.array([3, 5, 19]))

    assert np.flatnonzero(np.unpackbits(tally.packed)).tolist() == [2, 3, 9, 19]


def test_the_mask_of_a_tube_without_a_stretch_is_that_of_its_events(tmp_path: Path) -> None:
    values = np.random.default_rng(2).uniform(0.0, 100.0, (5_000, 1)).astype(np.float32)
    write_fcs(tmp_path / "tube.fcs", values, channels=("FL1",), markers=("",), keywords={})
    removed = np.zeros(5_000, dtype=np.bool_)
    removed[1_001:1_306] = True
    tube = KeptEvents(acquisition=read_fcs(tmp_path / "tube.fcs"), removed=removed)
    axis = Dimension(name="FL1", scale=Identity(), compensated=False)
    shape = Interval(low=50.0)
    high = Population(name="high", path=("high",), shape=shape, dimensions=(axis,))

    gated = gate(tube, Strategy(name="high", populations=(high,)), chunk_events=512)

    assert gated.mask("high").tolist() == (values[~removed, 0] >= 50.0).tolist()
