"""The official Gating-ML 2.0 compliance suite, sets 1 and 2: every list, event for event."""

from pathlib import Path

import numpy as np
import pytest

from carflow.fcs.reader import read_fcs
from carflow.gating.engine import gate
from carflow.gating.reading import read_gates

SUITE = Path("gating/gatingMLData/inst/extdata/Gml2")


@pytest.mark.parametrize(("number", "lists"), [(1, 60), (2, 40)])
def test_every_expected_list_is_met_event_for_event(corpus: Path, number: int, lists: int) -> None:
    suite = corpus / SUITE
    strategy = read_gates(suite / f"Gating-MLFiles/gates{number}.xml")
    gated = gate(read_fcs(suite / f"FCSFiles/data{number}.fcs"), strategy)
    expected = sorted((suite / f"ExpectedResults/set_{number}").glob("Results_*.txt"))
    wrong = {}
    for path in expected:
        listed = np.array(path.read_text(encoding="ascii").split(), dtype=np.int64) == 1
        mask = gated.mask(path.stem.removeprefix("Results_"))
        assert len(mask) == len(listed)
        if not np.array_equal(mask, listed):
            wrong[path.stem] = int(np.count_nonzero(mask != listed))
    assert wrong == {}
    assert len(expected) == lists
