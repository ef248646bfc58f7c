from collections.abc import Callable
from dataclasses import replace

import pytest

from carflow.cleaning.flow_rate import FlowRate
from carflow.cleaning.stability import RemovedInterval, Stability
from carflow.cleaning.time_order import Gap, TimeOrder, TimeState
from carflow.findings import Severity
from carflow.qc import time_checks
from carflow.qc.summary import TubeSummary
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
LIMITS = QcLimits()
RATE = FlowRate(
    median_per_s=400.0,
    lowest_per_s=380.0,
    highest_per_s=420.0,
    unusual_pct=0.0,
    unusual_s=(),
    trace_s=(),
    trace_per_s=(),
)
STEADY = Stability(
    n_events=25_000,
    time=TimeOrder(state=TimeState.ORDERED, span=60.0),
    channels=("FITC-A", "APC-A"),
    drift_points={"FITC-A": 1.0, "APC-A": 2.0},
    rate=RATE,
)


def interval(first: int, stop: int) -> RemovedInterval:
    return RemovedInterval(
        first_event=first,
        stop_event=stop,
        first_s=first / 400.0,
        last_s=stop / 400.0,
        channels=("APC-A",),
    )


def test_a_steady_tube_passes_every_check(make_tube: MakeTube) -> None:
    tube = make_tube(stability=STEADY)
    found = [one for check in time_checks.TIME_CHECKS for one in check(tube, LIMITS)]

    assert [one.code for one in found] == [
        "QC-TIME-STABILITY",
        "QC-TIME-DRIFT",
        "QC-TIME-ORDER",
        "QC-TIME-GAP",
        "QC-FLOW-RATE",
    ]
    assert {one.severity for one in found} == {Severity.PASS}


def test_a_tube_that_was_not_followed_has_no_finding(make_tube: MakeTube) -> None:
    found = [check(make_tube(), LIMITS) for check in time_checks.TIME_CHECKS]

    assert found == [()] * 5


@pytest.mark.parametrize(
    ("removed", "severity"),
    [(2_500, Severity.PASS), (2_501, Severity.WARN), (7_501, Severity.FAIL)],
)
def test_disturbed_stretches_warn_and_fail_by_their_share(
    make_tube: MakeTube, removed: int, severity: Severity
) -> None:
    tube = make_tube(stability=replace(STEADY, removed=(interval(0, removed),)))
    (found,) = time_checks.check_stability(tube, LIMITS)

    assert found.severity is severity
    assert found.value == pytest.approx(removed / 250.0)
    assert "APC-A" in found.message


def test_the_stretches_are_named_in_seconds(make_tube: MakeTube) -> None:
    tube = make_tube(stability=replace(STEADY, removed=(interval(4_000, 8_000),)))
    (found,) = time_checks.check_stability(tube, LIMITS)

    assert found.message == (
        "16 % of the events lie in stretches with other signals than the rest (10.0 to 20.0 s), "
        "seen in APC-A (CAR): they stay in the numbers."
    )
    (found,) = time_checks.check_stability(replace(tube, n_removed=4_000), LIMITS)
    assert found.message.endswith("seen in APC-A (CAR): they were left out.")


def test_too_few_events_to_judge_is_told_and_no_pass(make_tube: MakeTube) -> None:
    why = "it holds 1,200 events, fewer than 1,500"
    few = make_tube(stability=replace(STEADY, channels=(), drift_points={}, not_judged=why))

    for check in (time_checks.check_stability, time_checks.check_drift):
        (found,) = check(few, LIMITS)
        assert found.severity is Severity.INFO
        assert found.message == (
            "Not judged through time: it holds 1,200 events, fewer than 1,500."
        )


def test_a_small_tube_says_what_it_cannot_tell(make_tube: MakeTube) -> None:
    small = replace(make_tube(stability=STEADY), n_events=3_000)
    (found,) = time_checks.check_stability(small, LIMITS)

    assert found.message.endswith("Of 3,000 events hardly any stretch below 100 can be told.")


def test_more_than_half_of_a_tube_is_told_and_never_left_out(make_tube: MakeTube) -> None:
    tube = make_tube(stability=replace(STEADY, removed=(interval(2_000, 22_000),)))
    (found,) = time_checks.check_stability(tube, LIMITS)

    assert found.severity is Severity.FAIL
    assert found.message.endswith(
        "they stay in the numbers. More than 50 % of a tube are never left out."
    )


def test_many_slight_departures_warn(make_tube: MakeTube) -> None:
    (found,) = time_checks.check_stability(
        make_tube(stability=replace(STEADY, suspect_pct=25.0)), LIMITS
    )

    assert found.severity is Severity.WARN


def test_drift_warns_and_never_fails(make_tube: MakeTube) -> None:
    drifting = replace(STEADY, drift_points={"FITC-A": 3.0, "APC-A": 40.0})
    (found,) = time_checks.check_drift(make_tube(stability=drifting), LIMITS)

    assert found.severity is Severity.WARN
    assert found.message.startswith("The largest drift is that of APC-A (CAR)")


@pytest.mark.parametrize(
    ("state", "severity"),
    [
        (TimeState.ORDERED, Severity.PASS),
        (TimeState.SHUFFLED, Severity.WARN),
        (TimeState.RESTARTED, Severity.WARN),
        (TimeState.COARSE, Severity.INFO),
        (TimeState.ABSENT, Severity.INFO),
    ],
)
def test_time_that_does_not_run_forward_is_told(
    make_tube: MakeTube, state: TimeState, severity: Severity
) -> None:
    tube = make_tube(stability=replace(STEADY, time=TimeOrder(state=state, n_backsteps=7)))
    (found,) = time_checks.check_time_order(tube, LIMITS)

    assert found.severity is severity


def test_a_pause_warns_and_one_beside_a_disturbance_fails(make_tube: MakeTube) -> None:
    paused = replace(
        STEADY,
        time=TimeOrder(state=TimeState.ORDERED, span=60.0, gaps=(Gap(begin_s=20.5, length_s=3.0),)),
    )
    far = replace(paused, removed=(interval(0, 400),))
    beside = replace(paused, removed=(interval(4_000, 8_000),))

    severities = [
        time_checks.check_gaps(make_tube(stability=one), LIMITS)[0].severity
        for one in (paused, far, beside)
    ]
    assert severities == [Severity.WARN, Severity.WARN, Severity.FAIL]


def test_a_pause_counts_from_the_first_event_and_a_stretch_from_the_clock(
    make_tube: MakeTube,
) -> None:
    gap = Gap(begin_s=5.0, length_s=3.0)
    late = TimeOrder(state=TimeState.ORDERED, begin=100.0, span=60.0, gaps=(gap,))
    near = replace(
        STEADY, time=late, removed=(replace(interval(0, 9), first_s=104.0, last_s=105.0),)
    )
    far = replace(near, removed=(replace(interval(0, 9), first_s=4.0, last_s=5.0),))

    severities = [
        time_checks.check_gaps(make_tube(stability=one), LIMITS)[0].severity for one in (near, far)
    ]
    assert severities == [Severity.FAIL, Severity.WARN]


def test_an_unsteady_rate_warns_because_volumes_rest_on_it(make_tube: MakeTube) -> None:
    unsteady = replace(STEADY, rate=replace(RATE, unusual_pct=12.0))
    (found,) = time_checks.check_flow_rate(make_tube(stability=unsteady), LIMITS)

    assert found.severity is Severity.WARN
    assert found.message.endswith("counts by acquired volume may be wrong.")
