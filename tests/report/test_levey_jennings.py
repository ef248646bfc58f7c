from dataclasses import replace

import numpy as np
import pytest

from carflow.qc.baselines import Chart, ChartedRun
from carflow.qc.control_charts import Baseline, Rule
from carflow.report.levey_jennings import charts_figure
from carflow.report.style import svg_text

BASELINE = Baseline(
    material="bead MFI FITC-A", instrument="x", lot="A1", centre=1_000.0, spread=20.0, n_runs=20
)


def run(z: float, *rules: Rule) -> ChartedRun:
    return ChartedRun(sample_id="Q", acquired_at=None, value=1_000.0 + 20.0 * z, z=z, rules=rules)


CHART = Chart(
    baseline=BASELINE,
    runs=(
        run(0.5),
        run(2.2, Rule.ONE_2S),
        run(9.0, Rule.ONE_2S, Rule.ONE_3S, Rule.TWO_2S),
        run(9.5, Rule.ONE_2S, Rule.ONE_3S, Rule.TWO_2S),
        run(-1.0),
    ),
)


def test_every_run_is_a_mark_and_a_broken_rule_a_mark_of_its_own() -> None:
    (axes,) = charts_figure([CHART]).axes
    line, *marks = [one for one in axes.lines if np.size(one.get_xdata()) in {1, 5}]

    assert [one.get_marker() for one in marks] == ["o", "^", "s", "s", "o"]
    assert np.round(np.asarray(line.get_ydata()), 1).tolist() == [0.5, 2.2, 4.5, 4.5, -1.0]
    assert axes.get_title(loc="left") == "bead MFI FITC-A, lot A1: 1,000 ± 20"


def test_a_row_of_broken_rules_is_named_once() -> None:
    (axes,) = charts_figure([CHART]).axes

    assert [text.get_text() for text in axes.texts] == ["1-3s 2-2s"]


def test_rows_of_broken_rules_near_each_other_are_named_in_two_lines() -> None:
    broken = run(3.5, Rule.ONE_3S, Rule.TWO_2S, Rule.TEN_X)
    (axes,) = charts_figure([replace(CHART, runs=(broken, run(0.0), broken, *[run(0.0)] * 9))]).axes
    first, second = axes.texts

    assert (first.get_text(), second.get_text()) == ("1-3s 2-2s 10x",) * 2
    assert first.get_position()[1] != second.get_position()[1]


def test_large_values_have_no_exponent() -> None:
    bright = replace(CHART, baseline=replace(BASELINE, centre=123_456.0, spread=1_234.0))
    (axes,) = charts_figure([bright]).axes

    assert axes.get_title(loc="left") == "bead MFI FITC-A, lot A1: 123,500 ± 1,200"


def test_each_chart_has_its_panel_and_no_lot_no_word() -> None:
    plain = replace(CHART, baseline=replace(BASELINE, lot=""))
    figure = charts_figure([CHART, plain, CHART])

    assert len(figure.axes) == 3
    assert figure.axes[1].get_title(loc="left") == "bead MFI FITC-A: 1,000 ± 20"
    assert svg_text(figure) == svg_text(charts_figure([CHART, plain, CHART]))


def test_without_a_chart_there_is_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="there is no chart to draw"):
        charts_figure([])
