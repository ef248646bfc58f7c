"""Worked examples of the Westgard rules; scores are distances from the centre in SD."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.errors import CarflowError
from carflow.qc import control_charts as charts
from carflow.qc.control_charts import Baseline, Rule

VALUES = [100.0 + step for step in (-2, -1, 0, 1, 2)] * 4


def _baseline(centre: float = 100.0, spread: float = 2.0, *, material: str = "beads") -> Baseline:
    return Baseline(
        material=material, instrument="A", lot="7", centre=centre, spread=spread, n_runs=20
    )


def _single(*scores: float) -> list[tuple[float]]:
    return [(score,) for score in scores]


def test_a_baseline_is_mean_and_sd_of_the_runs() -> None:
    made = charts.freeze_baseline(VALUES, material="beads", instrument="A", lot="7")

    assert made == Baseline(
        material="beads",
        instrument="A",
        lot="7",
        centre=100.0,
        spread=statistics.stdev(VALUES),
        n_runs=20,
    )


def test_a_robust_baseline_hardly_sees_an_odd_run() -> None:
    odd = [*VALUES[:-1], 900.0]

    plain = charts.freeze_baseline(odd, material="beads", instrument="A", lot="7")
    robust = charts.freeze_baseline(odd, material="beads", instrument="A", lot="7", robust=True)

    assert plain.centre > 130.0
    assert (robust.centre, robust.spread) == (100.0, 1.4826)


def test_a_baseline_of_small_numbers_is_one_too() -> None:
    small = [value / 1_000.0 for value in VALUES]

    made = charts.freeze_baseline(small, material="ratio", instrument="A", lot="7")

    assert made.spread == pytest.approx(statistics.stdev(VALUES) / 1_000.0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            VALUES[:19],
            "a baseline needs at least 20 runs, found 19 (collect more before judging)",
        ),
        ([*VALUES, float("nan")], "a value of the baseline is not a number"),
        ([5.0] * 20, "the values of the baseline do not vary (give them unrounded)"),
    ],
)
def test_a_baseline_refuses_what_tells_nothing(values: list[float], message: str) -> None:
    with pytest.raises(CarflowError) as caught:
        charts.freeze_baseline(values, material="beads", instrument="A", lot="7")

    assert (str(caught.value), caught.value.code) == (message, "CHART-BASELINE")


def test_a_score_is_the_distance_from_the_baseline_in_its_spreads() -> None:
    assert (_baseline().z(104.0), _baseline(10.0, 0.5).z(9.0)) == (2.0, -2.0)


@pytest.mark.parametrize(
    ("rule", "scores", "runs"),
    [
        (Rule.ONE_2S, _single(1.9, 2.1, -2.1, 2.0), (1, 2)),
        (Rule.ONE_3S, _single(2.9, 3.1, -3.1, 3.0), (1, 2)),
        (Rule.TWO_2S, _single(2.1, 2.2, 2.3), (1, 2)),
        (Rule.TWO_2S, _single(2.1, -2.2, 2.3), ()),
        (Rule.TWO_2S, _single(2.1, 0.0, 2.3), ()),
        (Rule.TWO_2S, [(2.1, 0.0), (0.0, 2.1)], ()),
        (Rule.TWO_2S, [(-2.1, -2.3)], (0,)),
        (Rule.TWO_2S, [(2.0, 2.1), (-2.0, -2.1)], ()),
        (Rule.R_4S, [(2.1, -2.0), (2.0, -2.0), (5.0, 0.5)], (0, 2)),
        (Rule.R_4S, _single(9.0, -9.0), ()),
        (Rule.FOUR_1S, _single(1.1, 1.2, 1.3, 1.1, 1.4, 0.9), (3, 4)),
        (Rule.FOUR_1S, _single(1.1, 1.2, -1.3, 1.1), ()),
        (Rule.FOUR_1S, _single(-1.1, -1.2, -1.3, -1.1), (3,)),
        (Rule.TEN_X, _single(*[0.1] * 9, 0.2, 0.3, -0.1), (9, 10)),
        (Rule.TEN_X, _single(*[0.1] * 9, -0.1), ()),
        (Rule.TEN_X, _single(*[0.1] * 5, 0.0, *[0.1] * 5), ()),
    ],
)
def test_westgard_rules(rule: Rule, scores: list[tuple[float, ...]], runs: tuple[int, ...]) -> None:
    assert charts.RULES[rule](scores) == runs


def test_no_run_breaks_no_rule() -> None:
    assert charts.violations([]) == ()


@given(st.lists(st.tuples(st.floats(-6, 6), st.floats(-6, 6)), max_size=30))
def test_a_chart_turned_upside_down_breaks_the_same_rules(
    scores: list[tuple[float, float]],
) -> None:
    turned = [tuple(-score for score in run) for run in scores]

    assert charts.violations(turned) == charts.violations(scores)


@given(st.lists(st.floats(-6, 6), max_size=30), st.floats(-6, 6))
def test_a_later_run_never_changes_what_was_said_before(scores: list[float], last: float) -> None:
    before = charts.violations(_single(*scores))
    after = charts.violations(_single(*scores, last))

    assert [one for one in after if one.run < len(scores)] == list(before)
