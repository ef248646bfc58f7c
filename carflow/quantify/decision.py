"""A share held against a limit: passed, failed, or not to be told from this many events.

A decision uses the exact (Clopper–Pearson) interval at every size: it errs to the safe side,
where Wilson's interval is right on average only.
"""

from __future__ import annotations

from enum import StrEnum

from carflow.quantify.intervals import clopper_pearson


class Verdict(StrEnum):
    """Where a share lies relative to a limit, with 95 % confidence."""

    ABOVE = "above"
    BELOW = "below"
    UNDECIDED = "undecided"


def against_limit(events: int, of: int, limit_pct: float) -> Verdict:
    """Return whether a share lies above or below a limit, or its interval holds the limit.

    Raises
    ------
    ValueError
        If the counts are no share or the limit is no percentage.

    Examples
    --------
    A product of 10 % CAR+ or more, and 130, 100 and 70 CAR+ of 1,000 viable CD3+:

    >>> [str(against_limit(events, 1000, 10.0)) for events in (130, 100, 70)]
    ['above', 'undecided', 'below']
    """
    if not 0 <= limit_pct <= 100:
        raise ValueError(f"a limit lies between 0 and 100 %, got {limit_pct:g}")
    low, high = clopper_pearson(events, of).times(100.0)
    if low >= limit_pct:
        return Verdict.ABOVE
    return Verdict.BELOW if high < limit_pct else Verdict.UNDECIDED
