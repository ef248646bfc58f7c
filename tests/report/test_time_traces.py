from dataclasses import replace

import pytest

from carflow.cleaning.flow_rate import FlowRate
from carflow.cleaning.stability import RemovedInterval, Stability
from carflow.cleaning.time_order import TimeOrder, TimeState
from carflow.findings import Finding, Severity
from carflow.report.page import THROUGH_TIME, report_html
from carflow.report.style import png_bytes, svg_text
from carflow.report.time_traces import MOST_TUBES, flagged_tubes, time_figure
from carflow.result.run import Result

RATE = FlowRate(
    median_per_s=400.0, lowest_per_s=90.0, highest_per_s=430.0, unusual_pct=8.0,
    unusual_s=((20.0, 30.0),), trace_s=(15.0, 45.0), trace_per_s=(400.0, 380.0),
)  # fmt: skip
STRETCH = RemovedInterval(
    first_event=8_000, stop_event=12_000, first_s=120.0, last_s=130.0, channels=("FSC-A",)
)
STEADY = Stability(
    n_events=24_000,
    time=TimeOrder(state=TimeState.ORDERED, begin=100.0, span=60.0),
    channels=("FSC-A", "APC-A"),
    drift_points={"FSC-A": 1.0, "APC-A": 2.0},
    rate=RATE,
    trace_s=(100.0, 120.0, 125.0, 160.0),
    traces={"FSC-A": (50.0, 20.0, 22.0, 51.0), "APC-A": (50.0, 49.0, 51.0, 50.0)},
)
DISTURBED = replace(STEADY, removed=(STRETCH,))


def warning(sample_id: str, code: str = "QC-TIME-STABILITY") -> Finding:
    return Finding(code=code, severity=Severity.WARN, message="m", sample_id=sample_id)


@pytest.fixture
def result(model_result: Result) -> Result:
    """The model case, its second tube disturbed."""
    first, second, *rest = model_result.tube_results
    tubes = (replace(first, stability=STEADY), replace(second, stability=DISTURBED), *rest)
    return replace(model_result, tube_results=tubes, all_findings=(warning(second.sample_id),))


def texts(result: Result) -> list[str]:
    figure = time_figure(result)
    assert figure is not None
    labels = [text.get_text() for text in figure.texts]
    return labels + [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]


def test_a_flagged_tube_is_drawn_beside_a_steady_one(result: Result) -> None:
    first, second = result.tube_results[:2]

    assert texts(result) == [
        f"{second.sample_id}, day 1: 16.7 % disturbed",
        f"{first.sample_id}, day −1: steady, for comparison",
        (
            "Mean rank of the three channels that moved most (50 % is usual) and events in a "
            "second. Orange: signals unlike the\nrest of the tube."
        ),
        "s",
        "s",
    ]


def test_intervals_are_shaded_where_they_are_on_the_clock_of_the_picture(result: Result) -> None:
    figure = time_figure(result)
    assert figure is not None
    (signals, rate, *_) = figure.axes
    for axes in (signals, rate):
        (shade,) = axes.patches
        assert shade.get_extents().transformed(axes.transData.inverted()).intervalx.tolist() == (
            pytest.approx([20.0, 30.0])
        )
        assert axes.get_xlim() == (0.0, 60.0)


def test_what_was_left_out_is_hatched_and_said(result: Result) -> None:
    first, second, *rest = result.tube_results
    gone = replace(result, tube_results=(first, replace(second, n_removed=4_000), *rest))
    figure = time_figure(gone)

    assert figure is not None
    assert texts(gone)[0].endswith(": 16.7 % left out")
    assert "hatched: left out before gating" in " ".join(texts(gone)[2].split())
    assert [patch.get_hatch() for patch in figure.axes[0].patches] == [None, "////"]


def test_a_drift_is_told_in_points(result: Result) -> None:
    first, second, *rest = result.tube_results
    drifting = replace(second, stability=replace(STEADY, drift_points={"FSC-A": 26.3}))
    drawn = replace(
        result,
        tube_results=(first, drifting, *rest),
        all_findings=(warning(second.sample_id, "QC-TIME-DRIFT"),),
    )

    assert texts(drawn)[0].endswith("day 1: drift of 26 points")


def test_a_tube_without_usable_time_is_drawn_by_its_events(result: Result) -> None:
    first, second, *rest = result.tube_results
    untimed = replace(
        DISTURBED,
        time=TimeOrder(state=TimeState.ABSENT),
        rate=None,
        removed=(replace(STRETCH, first_s=None, last_s=None),),
        trace_s=(0.0, 8_000.0, 9_000.0, 23_000.0),
    )
    figure = time_figure(
        replace(result, tube_results=(first, replace(second, stability=untimed), *rest))
    )

    assert figure is not None
    assert figure.axes[0].get_xlabel() == "event"
    assert figure.axes[0].get_xlim() == (0.0, 24_000.0)


def test_nothing_is_drawn_where_no_tube_is_flagged(model_result: Result, result: Result) -> None:
    assert time_figure(model_result) is None
    assert time_figure(replace(result, all_findings=())) is None
    assert "Signals through time" not in report_html(model_result, {})


def test_of_many_flagged_tubes_some_are_drawn_and_the_page_says_so(result: Result) -> None:
    second = result.tube_results[1]
    many = tuple(replace(second, sample_id=f"S{number:02}") for number in range(MOST_TUBES + 2))
    flagged = replace(
        result, tube_results=many, all_findings=tuple(warning(one.sample_id) for one in many)
    )
    figure = time_figure(flagged)

    assert figure is not None
    assert len(figure.axes) == 2 * MOST_TUBES
    page = report_html(flagged, {THROUGH_TIME: "<svg/>"})
    assert "S11, and 2 more not drawn." in page
    assert [tube.sample_id for tube in flagged_tubes(flagged)][-1] == "S13"


def test_the_same_result_gives_the_same_bytes(result: Result) -> None:
    one, other = time_figure(result), time_figure(result)

    assert one is not None
    assert other is not None
    assert svg_text(one) == svg_text(other)
    assert png_bytes(one)[:4] == b"\x89PNG"
