"""A population told apart by a mask is the population, picked or not."""

import numpy as np
import pytest

from carflow.fcs.block import Block
from carflow.gating.dyes import Dyes
from carflow.gating.rows import Rows
from carflow.gating.selection import Selection


@pytest.mark.parametrize("share", [0.0, 0.3, 0.74, 0.76, 1.0])
@pytest.mark.parametrize("pick", [True, False])
def test_members_and_picked_rows_agree_after_every_step(share: float, pick: bool) -> None:
    rng = np.random.default_rng(int(100 * share))
    values = rng.random((1, 5_000))
    selection = Selection(Rows(Block(values, {"A": 0}), Dyes([], [])))
    members = np.ones(5_000, dtype=np.bool_)
    for _ in range(3):
        inside = rng.random(len(selection.rows)) < share
        members &= selection.rows.spread(inside)
        selection = selection.within(inside, pick=pick)

        assert len(selection) == np.count_nonzero(members)
        assert np.array_equal(selection.members, members)
        assert np.array_equal(selection.picked().raw("A"), values[0, members])


def test_few_events_are_picked_only_if_more_is_asked_of_them() -> None:
    rows = Rows(Block(np.zeros((1, 2_000)), {"A": 0}), Dyes([], []))
    few = np.arange(2_000) < 400

    assert len(Selection(rows).within(few, pick=True).rows) == 400
    assert Selection(rows).within(few, pick=False).rows is rows


def test_nothing_is_picked_out_of_a_few_rows() -> None:
    rows = Rows(Block(np.zeros((1, 1_000)), {"A": 0}), Dyes([], []))
    few = np.arange(1_000) < 400

    chosen = Selection(rows).within(few, pick=True)

    assert chosen.rows is rows
    assert len(chosen.picked()) == len(chosen) == 400
