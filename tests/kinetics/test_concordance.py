from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from carflow.kinetics.concordance import (
    Concordance,
    LimitTable,
    LogRatio,
    at_limits,
    bland_altman,
    concordance,
    paired,
    spearman,
)
from carflow.kinetics.series import read_series
from carflow.reasons import Reason

DAYS = [1, 4, 7, 12, 14, 21, 28]
FLOW = read_series(DAYS, [0.0, 1.0, 12.0, 90.0, 60.0, 8.0, 0.0])
PCR = read_series(DAYS, [60, 300.0, 2500.0, 20_000.0, 11_000.0, 1500.0, 0.0])


def test_each_sample_is_paired_once_with_the_nearest() -> None:
    one, other = read_series([7, 8, 20], [1, 2, 3]), read_series([7.4, 7.9, 22], [10, 20, 30])

    assert [(p.first.day, p.second.day) for p in paired(one, other)] == [(7, 7.4), (8, 7.9)]
    assert len(paired(one, other, within_days=2)) == 3


def test_pairs_are_counted_at_both_limits() -> None:
    table = at_limits(paired(FLOW, PCR))

    assert table == LimitTable(both=5, first_only=0, second_only=1, neither=1)
    assert table.agreement.value == pytest.approx(100 * 6 / 7)
    empty = LimitTable(both=0, first_only=0, second_only=0, neither=0)
    assert empty.agreement.reason is Reason.TOO_FEW_PAIRS


def test_the_log_ratio_follows_bland_and_altman() -> None:
    found = bland_altman(paired(PCR, FLOW))
    assert isinstance(found, LogRatio)
    ratios = np.log([300.0, 2500 / 12, 20_000 / 90, 11_000 / 60, 1500 / 8])

    mean, spread = ratios.mean(), ratios.std(ddof=1)
    assert found.n_pairs == 5
    assert found.ratio.value == pytest.approx(math.exp(mean))
    assert found.limits == pytest.approx(
        (math.exp(mean - 1.96 * spread), math.exp(mean + 1.96 * spread)), rel=1e-4
    )
    t = 2.776445  # 97.5 % of Student's t with 4 degrees of freedom
    assert found.ratio.high == pytest.approx(math.exp(mean + t * spread / math.sqrt(5)), rel=1e-5)
    assert found.upper_limit_interval.low < found.limits.high < found.upper_limit_interval.high


def test_proportional_methods_have_slope_one() -> None:
    found = concordance(FLOW, PCR)

    assert found.deming is not None
    assert found.passing_bablok is not None
    assert found.deming.slope == pytest.approx(0.95, abs=0.03)
    assert found.passing_bablok.slope == pytest.approx(0.95, abs=0.05)
    assert found.spearman == 1.0


def test_too_few_pairs_leave_the_table_only() -> None:
    few = read_series([1, 4], [1.0, 2.0])

    assert concordance(few, few) == Concordance(
        table=LimitTable(both=2, first_only=0, second_only=0, neither=0),
        reason=Reason.TOO_FEW_PAIRS,
    )
    flat = read_series(DAYS, [2.0] * 7)
    assert concordance(flat, PCR).reason is Reason.TOO_FEW_PAIRS


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=20).filter(
        lambda pairs: all(len({pair[side] for pair in pairs}) > 1 for side in (0, 1))
    )
)
def test_rank_correlation_agrees_with_scipy(pairs: list[tuple[int, int]]) -> None:
    x, y = zip(*pairs, strict=True)

    assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-9)
