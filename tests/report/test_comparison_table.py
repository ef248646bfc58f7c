from __future__ import annotations

import math

from carflow.kinetics.concordance import concordance
from carflow.kinetics.lag import PeakLag
from carflow.kinetics.methods import MethodsCompared
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.report.comparison_table import comparison_table
from carflow.units import Unit

DAYS = [1, 4, 7, 12]
AGREED = concordance((DAYS, [0.0, 2.0, 20.0, 70.0]), (DAYS, [0.0, 200.0, 2000.0, 7000.0]))


def texts(one: MethodsCompared) -> list[str]:
    table = comparison_table([one])
    assert table is not None
    return [" ".join(filter(None, (cell.text, cell.interval))) for cell in table.rows[0].cells]


def test_a_row_tells_lag_pairs_line_and_ratio() -> None:
    lag = PeakLag(observed=Measure(unit=Unit.DAY, value=-5.0), bracket=(-math.inf, -2.0))
    one = MethodsCompared(
        first="car_per_ul_wbc", second="copies_per_ug", sentences=(), lag=lag, agreement=AGREED
    )

    assert texts(one) == [
        "CAR T cells (WBC)", "CAR gene copies", "−5 [−∞, −2]", "3", "0", "0", "1", "1",
        "1 [1, 1]", "0.01 [0.01, 0.01]", "0.01 to 0.01",
    ]  # fmt: skip


def test_what_is_missing_says_why_below_the_table() -> None:
    lag = PeakLag(observed=Measure.missing(Unit.DAY, Reason.ALL_BLQ), bracket=(-math.inf, math.inf))
    few = concordance((DAYS, [0.0, 0.0, 20.0, 70.0]), (DAYS, [0.0, 0.0, 1.0, 2.0]))
    rows = [
        MethodsCompared(first="car_pct_cd3", second="copies_per_ug", sentences=(), lag=lag),
        MethodsCompared(
            first="car_per_ul_wbc", second="copies_per_ug", sentences=(), agreement=few
        ),
    ]
    table = comparison_table(rows)

    assert table is not None
    assert [why for _, why in table.reasons] == [
        "every value lies below the limit of quantification",
        "a percentage saturates: only peaks are compared",
        "too few pairs measured by both methods",
    ]


def test_without_comparisons_there_is_no_table() -> None:
    assert comparison_table([]) is None
