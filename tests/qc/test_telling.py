from collections.abc import Callable

from carflow.findings import Severity
from carflow.qc.limits import Above
from carflow.qc.summary import TubeSummary
from carflow.qc.telling import finding_of


def test_a_limit_is_told_in_words(make_tube: Callable[..., TubeSummary]) -> None:
    found = finding_of(
        make_tube("S1"), "QC-BEADS", Severity.WARN, "Few.", value=3.0, limit=Above(2.0, unit="d")
    )

    assert (found.sample_id, found.value, found.limit) == ("S1", 3.0, "warn > 2 d")
