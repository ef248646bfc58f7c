from __future__ import annotations

import math

from carflow.kinetics.lag import peak_lag
from carflow.kinetics.peak import estimate_peak
from carflow.reasons import Reason

DAYS = [1, 4, 7, 12, 14, 21]
COPIES = estimate_peak(DAYS, [10, 900, 5000, 2000, 1500, 100])
CELLS = estimate_peak(DAYS, [0.1, 1, 20, 70, 24, 4])


def test_a_lag_is_known_no_better_than_both_brackets() -> None:
    lag = peak_lag(COPIES, CELLS)

    assert (lag.observed.value, lag.bracket, lag.is_settled) == (5, (7 - 12, 14 - 4), False)


def test_distant_peaks_settle_their_order() -> None:
    late = estimate_peak(DAYS, [0.1, 1, 2, 3, 40, 4])

    assert peak_lag(COPIES, late).bracket == (0, 17)
    later = estimate_peak([*DAYS, 28], [0.1, 1, 2, 3, 4, 50, 4])
    assert peak_lag(COPIES, later).is_settled
    assert peak_lag(later, COPIES).is_settled


def test_an_open_peak_leaves_the_lag_open() -> None:
    rising = estimate_peak(DAYS, [1, 2, 3, 4, 5, 6])
    lag = peak_lag(COPIES, rising)

    assert lag.observed.reason is Reason.PEAK_NOT_REACHED
    assert lag.bracket == (14 - 12, math.inf)


def test_no_peak_has_no_lag() -> None:
    nothing = estimate_peak(DAYS, [0] * 6)

    for lag in (peak_lag(COPIES, nothing), peak_lag(nothing, COPIES)):
        assert lag.observed.reason is Reason.ALL_BLQ
        assert lag.bracket == (-math.inf, math.inf)
        assert not lag.is_settled
