"""Process controls as runs of control charts; the rules themselves are tested beside them."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from carflow.errors import CarflowError
from carflow.findings import Severity
from carflow.qc.baselines import (
    baselines_json,
    charts_of,
    check_charts,
    frozen_baselines,
    parse_baselines,
    undated,
)
from carflow.qc.control_charts import Baseline, Rule
from carflow.qc.summary import TubeSummary
from carflow.study.model import SampleType

MakeTube = Callable[..., TubeSummary]
BEGIN = datetime(2001, 3, 5, 10, 0, 0)  # noqa: DTZ001  # FCS has no time zone
WAVE = (99.0, 101.0, 100.0, 98.0, 102.0)


@pytest.fixture
def control(make_tube: MakeTube) -> Callable[..., TubeSummary]:
    """Return a process control: its number is its day, its values are what is charted."""

    def tube(number: int, *, lot: str = "A1", cytometer: str = "one", **values: float):  # type: ignore[no-untyped-def]  # a TubeSummary
        return make_tube(
            f"Q{number:02}{lot}",
            row=number,
            sample_type=SampleType.BEAD_QC,
            acquired_at=BEGIN + timedelta(days=number),
            instrument_sha256=cytometer,
            control_lot=lot,
            control_values=values or {"bead MFI FITC-A": WAVE[number % 5]},
        )

    return tube


def base(material: str = "bead MFI FITC-A", lot: str = "A1") -> Baseline:
    return Baseline(
        material=material, instrument="one", lot=lot, centre=100.0, spread=2.0, n_runs=20
    )


def test_twenty_runs_of_a_lot_on_a_cytometer_make_a_baseline(
    control: Callable[..., TubeSummary],
) -> None:
    runs = [control(number) for number in range(20)]
    other = [control(number, lot="B2") for number in range(19)]
    (made,) = frozen_baselines([*runs, *other, control(0, cytometer="two")])

    assert (made.material, made.lot, made.n_runs) == ("bead MFI FITC-A", "A1", 20)
    assert made.centre == pytest.approx(100.0)


def test_nineteen_runs_make_none(control: Callable[..., TubeSummary]) -> None:
    with pytest.raises(CarflowError) as caught:
        frozen_baselines([control(number) for number in range(19)])

    assert str(caught.value) == (
        "a baseline needs 20 runs of one lot on one cytometer, found at most 19 (name the lot of "
        "bead-QC and healthy tubes in the column control_lot of the sheet)"
    )


def test_a_channel_that_does_not_vary_gets_no_baseline(
    control: Callable[..., TubeSummary],
) -> None:
    runs = [control(number, a=WAVE[number % 5], b=7.0) for number in range(20)]

    assert [one.material for one in frozen_baselines(runs)] == ["a"]


def test_runs_are_judged_in_the_order_of_acquisition_whatever_that_of_the_sheet(
    control: Callable[..., TubeSummary],
) -> None:
    high = [control(number, **{"bead MFI FITC-A": 104.2}) for number in (1, 2)]
    (one, two), (turned_two, turned_one) = (
        check_charts(tubes, [base()]) for tubes in (high, high[::-1])
    )

    assert (one.severity, two.severity) == (Severity.WARN, Severity.FAIL)
    assert (turned_one, turned_two) == (one, two)
    assert two.message == (
        "The process control left its baseline on 1 of 1 chart: bead MFI FITC-A 104.2, "
        "+2.1 SD, by 1-2s, 2-2s."
    )
    assert two.value == pytest.approx(2.1)
    assert two.limit == "warn 1-2s, fail 1-3s 2-2s R-4s 4-1s 10x"


def test_a_run_within_its_baseline_passes(control: Callable[..., TubeSummary]) -> None:
    (found,) = check_charts([control(1)], [base()])

    assert (found.code, found.severity, found.message) == (
        "QC-CHART",
        Severity.PASS,
        "The process control is within its baseline on 1 chart.",
    )


@pytest.mark.parametrize("change", [{"lot": "B2"}, {"cytometer": "two"}])
def test_another_lot_or_cytometer_is_told_and_not_judged(
    control: Callable[..., TubeSummary], change: dict[str, str]
) -> None:
    (found,) = check_charts([control(1, **change)], [base()])

    assert (found.severity, found.message) == (
        Severity.INFO,
        "There is no baseline for this lot on this cytometer: the process control was not judged.",
    )


def test_two_levels_of_one_day_that_part_break_r4s(control: Callable[..., TubeSummary]) -> None:
    low = control(1, lot="A1", **{"bead MFI FITC-A": 95.6})
    high = control(1, lot="B2", **{"bead MFI FITC-A": 104.2})
    charts = charts_of([low, high], [base(), base(lot="B2")])

    assert [run.rules for chart in charts for run in chart.runs] == [(Rule.ONE_2S, Rule.R_4S)] * 2


def test_two_levels_of_one_day_on_one_side_break_2_2s(
    control: Callable[..., TubeSummary],
) -> None:
    both = [control(1, lot=lot, **{"bead MFI FITC-A": 104.2}) for lot in ("A1", "B2")]
    apart = [control(n, lot=lot, **{"bead MFI FITC-A": 104.2}) for n, lot in ((1, "A1"), (2, "B2"))]

    baselines = [base(), base(lot="B2")]
    assert {one.severity for one in check_charts(both, baselines)} == {Severity.FAIL}
    assert {one.severity for one in check_charts(apart, baselines)} == {Severity.WARN}


def test_patients_are_never_charted(make_tube: MakeTube) -> None:
    assert check_charts([make_tube()], [base()]) == ()


def test_a_baseline_file_is_read_as_it_was_written() -> None:
    baselines = (base(), base("% CD3+", lot=""))

    assert parse_baselines(baselines_json(baselines)) == baselines


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "gates = 1",
            "is not a baseline file (make one with carflow qc SHEET --freeze-baseline FILE)",
        ),
        (
            "[]",
            "is not a baseline file (make one with carflow qc SHEET --freeze-baseline FILE)",
        ),
        (
            '{"schema": "carflow-baseline-9"}',
            "is no baseline file of this version (carflow-baseline-1)",
        ),
        (
            json.dumps({"schema": "carflow-baseline-1", "baselines": [{"material": 1}]}),
            "is not a baseline file (make one with carflow qc SHEET --freeze-baseline FILE)",
        ),
        (
            baselines_json([base()]).replace('"spread": 2.0', '"spread": 0.0'),
            "is not a baseline file (make one with carflow qc SHEET --freeze-baseline FILE)",
        ),
        (
            baselines_json([base()]).replace('"centre": 100.0', '"centre": "high"'),
            "is not a baseline file (make one with carflow qc SHEET --freeze-baseline FILE)",
        ),
    ],
)
def test_another_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(CarflowError) as caught:
        parse_baselines(text)

    assert (str(caught.value), caught.value.code) == (message, "CHART-FILE")


def test_without_any_baseline_that_is_said_once(control: Callable[..., TubeSummary]) -> None:
    (one,) = check_charts([control(1)], [])
    (both,) = check_charts([control(1), control(2)], [])

    assert (one.severity, one.sample_id) == (Severity.INFO, "")
    assert one.message == (
        "1 process control was not judged: no baseline file was named (--baseline FILE)."
    )
    assert both.message.startswith("2 process controls were not judged")


def test_charts_to_be_passed_on_keep_the_order_and_no_date(
    control: Callable[..., TubeSummary],
) -> None:
    charts = charts_of([control(2), control(1)], [base()])
    (chart,) = undated(charts)

    assert [run.sample_id for run in chart.runs] == [run.sample_id for run in charts[0].runs]
    assert {run.acquired_at for run in chart.runs} == {None}
    assert None not in {run.acquired_at for run in charts[0].runs}
