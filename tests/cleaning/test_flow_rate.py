import numpy as np
import pytest

from carflow.cleaning.flow_rate import FlowRate, flow_rate, runs_of

BINS = np.arange(0, 40_000, 125)


def arrivals(rates_per_s: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.cumsum(rng.exponential(1.0, len(rates_per_s)) / rates_per_s)


def rate_of(rates_per_s: np.ndarray) -> FlowRate:
    found = flow_rate(arrivals(rates_per_s), BINS)
    assert found is not None
    return found


def test_an_even_rate_is_usual_throughout() -> None:
    found = rate_of(np.full(40_000, 500.0))

    assert found.median_per_s == pytest.approx(500.0, rel=0.05)
    assert found.unusual_pct == 0.0
    assert found.unusual_s == ()


def test_a_clog_is_found_in_time() -> None:
    rates = np.full(40_000, 500.0)
    rates[10_000:14_000] = 100.0
    found = rate_of(rates)

    assert found.unusual_pct == pytest.approx(10.0, abs=1.0)
    (begin_s, end_s), *others = found.unusual_s
    assert others == []
    assert (begin_s, end_s) == pytest.approx((20.0, 60.0), abs=2.0)
    assert found.lowest_per_s < 150.0


def test_a_tube_that_empties_slowly_is_usual() -> None:
    assert rate_of(np.linspace(800.0, 300.0, 40_000)).unusual_pct == 0.0


def test_the_trace_is_short_and_covers_the_tube() -> None:
    found = rate_of(np.full(40_000, 500.0))

    assert len(found.trace_s) == len(found.trace_per_s) == 160
    assert found.trace_s[0] < 1.0
    assert found.trace_s[-1] == pytest.approx(80.0, abs=2.0)
    assert np.mean(found.trace_per_s) == pytest.approx(500.0, rel=0.05)


def test_a_time_that_stands_still_has_no_rate() -> None:
    assert flow_rate(np.zeros(2_000), np.arange(0, 2_000, 100)) is None
    assert flow_rate(np.arange(100.0), np.array([0])) is None


def test_runs_are_half_open() -> None:
    assert runs_of(np.array([False, True, True, False, True])) == [(1, 3), (4, 5)]
    assert runs_of(np.zeros(3, dtype=bool)) == []
