from collections.abc import Callable

import numpy as np
import pytest

from carflow.errors import GatesError
from carflow.gating.engine import gate
from carflow.gating.gated import Gated
from carflow.gating.strategy import Role
from carflow.gating.template import parse_template
from carflow.gating.tube import Tube


@pytest.fixture(name="gated")
def _gated(
    make_tube: Callable[..., Tube], random_events: Callable[..., np.ndarray], template: str
) -> Gated:
    return gate(make_tube(random_events(1003)), parse_template(template))


def test_counts_answer_to_short_names_and_to_longer_ones(gated: Gated) -> None:
    assert gated.counts["CAR+/CD4+"] == gated.counts["CD3+/CAR+/CD4+"] > 0
    assert gated.counts["CD3+/CAR+"] == gated.counts["CAR+"]
    assert tuple(gated.counts) == gated.strategy.short_names()
    assert len(gated.counts) == 11


def test_counts_do_not_guess(gated: Gated) -> None:
    with pytest.raises(KeyError, match="ambiguous"):
        gated.counts["CD4+"]
    assert gated.counts.get("CD8+") is None


def test_masks_hold_as_many_events_as_the_counts_say(gated: Gated) -> None:
    for name, count in gated.counts.items():
        mask = gated.mask(name)
        assert mask.dtype == np.bool_
        assert mask.shape == (1003,)
        assert mask.sum() == count


def test_a_role_is_counted_or_absent(gated: Gated) -> None:
    assert gated.count(Role.CAR) == gated.counts["CAR+"]
    assert gated.count(Role.LIVE) is None


def test_masks_that_were_not_kept_are_not_invented(
    make_tube: Callable[..., Tube], random_events: Callable[..., np.ndarray], template: str
) -> None:
    lean = gate(make_tube(random_events(50)), parse_template(template), masks=False)
    with pytest.raises(GatesError) as caught:
        lean.mask("CAR+")
    assert str(caught.value) == ("the masks of this tube were not kept (gate it with masks=True)")
