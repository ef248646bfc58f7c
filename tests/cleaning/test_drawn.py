import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from carflow.cleaning.drawn import DRAWN_EVENTS, Draw
from carflow.fcs.block import Block


@given(sizes=st.lists(st.integers(0, 40_000), min_size=1, max_size=8))
def test_the_size_of_chunks_does_not_change_what_is_drawn(sizes: list[int]) -> None:
    n = sum(sizes)
    numbers = np.arange(n, dtype=np.float64)[np.newaxis]
    draw, begin = Draw(n, ["A"]), 0
    for size in sizes:
        draw.add(Block(numbers[:, begin : begin + size], {"A": 0}))
        begin += size

    drawn = draw.columns()[0]

    assert drawn.tolist() == numbers[0, :: max(1, n // DRAWN_EVENTS)].tolist()
    assert len(drawn) < 2 * DRAWN_EVENTS


def test_nothing_passed_is_nothing_drawn() -> None:
    assert Draw(0, ["A"]).columns().shape == (1, 0)
