"""Checks of absolute counts against each other: beads against the blood counts of the sheet.

The methods share the numerator, so their ratio is that of the denominators alone: it tells a
wrong bead number, a wrong blood count or a gate that is not the population the analyser counted,
and is not blurred by rare events. That a sheet gives more lymphocytes than leukocytes is
noticed where the sheet is read (``SHEET-ALC-ABOVE-WBC``), not here a second time.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

from carflow.findings import Finding, Severity
from carflow.qc.limits import Within
from carflow.qc.telling import finding_of
from carflow.units import significant

if TYPE_CHECKING:
    from collections.abc import Callable

    from carflow.qc.summary import TubeSummary
    from carflow.thresholds import QcLimits

_METHODS = {"beads": "beads", "wbc": "WBC", "alc": "ALC", "vol": "volume"}
_COUNTED = {"cd3": "T cells", "car": "CAR T cells"}  # T cells first: they are more


def check_count_methods(tube: TubeSummary, limits: QcLimits) -> tuple[Finding, ...]:
    """Compare the counts per µL of one tube by beads, WBC, ALC and volume, the worst pair first.

    With fewer than two methods there is nothing to compare and no finding.
    """
    counted = ((noun, _counts(tube, name)) for name, noun in _COUNTED.items())
    noun, found = next(((noun, some) for noun, some in counted if len(some) > 1), ("", {}))
    if not found:
        return ()
    allowed = Within(limits.count_ratio_low, limits.count_ratio_high)
    pairs = [(found[one] / found[other], one, other) for one, other in combinations(found, 2)]
    ratio, one, other = max(pairs, key=lambda pair: abs(math.log(pair[0])))
    severity = allowed.severity(ratio)
    told = (
        f"{_METHODS[one]} give {significant(found[one], 4)} {noun}/µL and {_METHODS[other]} "
        f"{significant(found[other], 4)}, a ratio of {ratio:.2f}"
    )
    ending = (
        ": a wrong bead number, blood volume or blood count, or another denominator than the "
        "analyser's"
        if severity is Severity.WARN
        else ""
    )
    return (
        finding_of(
            tube,
            "QC-COUNT-METHODS",
            severity,
            f"{told[:1].upper()}{told[1:]}{ending}.",
            value=ratio,
            limit=allowed,
        ),
    )


COUNT_CHECKS: tuple[Callable[[TubeSummary, QcLimits], tuple[Finding, ...]], ...] = (
    check_count_methods,
)


def _counts(tube: TubeSummary, counted: str) -> dict[str, float]:
    """Return the counts above 0 by method; a ratio with 0 says nothing."""
    named = {method: tube.per_ul.get(f"{counted}_per_ul_{method}") for method in _METHODS}
    return {method: value for method, value in named.items() if value}
