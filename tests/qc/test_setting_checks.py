import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from carflow.findings import Finding, Severity
from carflow.gating.compensation import CompensationState
from carflow.qc import setting_checks
from carflow.qc.summary import MatrixSummary, TubeSummary
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
MakeMatrix = Callable[..., MatrixSummary]
LIMITS = QcLimits()


@pytest.fixture
def group(make_tube: MakeTube) -> list[TubeSummary]:
    return [make_tube("S1", row=2), make_tube("S2", row=3), make_tube("S3", row=4)]


def _by_id(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    return {found.sample_id: found for found in findings}


def test_equal_settings_pass_and_time_is_not_compared(group: list[TubeSummary]) -> None:
    found = [one for check in setting_checks.SETTING_CHECKS for one in check(group, LIMITS)]

    assert {one.severity for one in found} == {Severity.PASS}
    assert {one.code for one in found} == {"QC-VOLTAGE", "QC-RANGE", "QC-MATRIX-DIFFERS"}
    assert found[0].message == (
        "The detector voltage of every channel (4) is as usual in the panel."
    )


def test_one_tube_alone_has_no_setting_findings(make_tube: MakeTube) -> None:
    alone = [make_tube("S1")]

    assert [check(alone, LIMITS) for check in setting_checks.SETTING_CHECKS] == [()] * 5


@pytest.mark.parametrize(
    ("voltage", "severity"),
    [
        ("420.0", Severity.PASS),
        ("421", Severity.WARN),
        ("430", Severity.WARN),
        ("409.9", Severity.FAIL),
    ],
)
def test_another_voltage_warns_and_more_than_ten_volts_fail(
    group: list[TubeSummary], voltage: str, severity: Severity
) -> None:
    group[1] = replace(group[1], voltages=("300", voltage, "510", "480", ""))

    found = _by_id(setting_checks.check_voltages(group, LIMITS))

    assert found["S2"].severity is severity
    assert found["S1"].severity is found["S3"].severity is Severity.PASS


def test_a_voltage_is_told_with_the_tubes_that_have_the_usual_one(
    group: list[TubeSummary],
) -> None:
    group[1] = replace(group[1], voltages=("300", "452", "511", "480", ""))

    assert _by_id(setting_checks.check_voltages(group, LIMITS))["S2"] == Finding(
        code="QC-VOLTAGE",
        severity=Severity.FAIL,
        message="The detector voltage differs on 2 channels: "
        "FITC-A (CD3) 452 V instead of 420 V (as in 2 of 3 tubes, first in S1); "
        "APC-A (CAR) 511 V instead of 510 V (as in 2 of 3 tubes, first in S1).",
        sample_id="S2",
        value=32.0,
        limit="warn > 0 V, fail > 10 V",
    )


def test_a_voltage_the_gates_do_not_need_never_fails(group: list[TubeSummary]) -> None:
    group[1] = replace(group[1], voltages=("300", "420", "510", "600", ""))

    found = _by_id(setting_checks.check_voltages(group, LIMITS))["S2"]

    assert found.severity is Severity.WARN
    assert found.message == (
        "The detector voltage differs on 1 channel: PE-A (CD8) 600 V instead of 480 V "
        "(as in 2 of 3 tubes, first in S1, not used by the gates)."
    )


def test_of_two_tubes_the_first_is_taken_as_usual_and_named(group: list[TubeSummary]) -> None:
    group[1] = replace(group[1], voltages=("300", "452", "510", "480", ""))

    found = _by_id(setting_checks.check_voltages(group[:2], LIMITS))["S2"]

    assert "420 V (as in 1 of 2 tubes, first in S1)" in found.message


def test_only_the_worst_channels_are_listed(make_tube: MakeTube) -> None:
    names = tuple(f"FL{number}-A" for number in range(1, 9))
    usual: dict[str, object] = {
        "channels": names,
        "markers": ("",) * 8,
        "gate_channels": {},
        "time_channel": None,
    }
    group = [
        make_tube("S1", row=2, voltages=("400",) * 8, **usual),
        make_tube("S2", row=3, voltages=tuple(str(401 + n) for n in range(8)), **usual),
    ]

    found = _by_id(setting_checks.check_voltages(group, LIMITS))["S2"]

    assert found.message.startswith("The detector voltage differs on 8 channels: FL8-A 408 V")
    assert found.message.endswith("; and 3 more.")


def test_voltages_that_no_file_states_are_reported_once(group: list[TubeSummary]) -> None:
    silent = [replace(tube, voltages=("", "NA", "", "", "")) for tube in group]

    assert setting_checks.check_voltages(silent, LIMITS) == (
        Finding(
            code="QC-VOLTAGE",
            severity=Severity.INFO,
            message="None of S1 and 2 more tubes of its panel states a detector voltage: "
            "they could not be compared.",
        ),
    )


def test_a_tube_without_voltages_is_not_a_pass(group: list[TubeSummary]) -> None:
    group[2] = replace(group[2], voltages=("", "", "", "", ""))

    found = _by_id(setting_checks.check_voltages(group, LIMITS))["S3"]

    assert found.severity is Severity.INFO
    assert found.message == "The file states no detector voltage: it could not be compared."


@pytest.mark.parametrize(
    ("end", "severity"),
    [(262_143.0, Severity.WARN), (1_024.0, Severity.FAIL), (math.inf, Severity.PASS)],
)
def test_another_scale_fails_and_an_unstated_one_is_left_out(
    group: list[TubeSummary], end: float, severity: Severity
) -> None:
    group = [replace(tube, datatype="I") for tube in group]
    group[1] = replace(group[1], ranges=(262_144.0, end, 262_144.0, 262_144.0, 1.0))

    found = _by_id(setting_checks.check_ranges(group, LIMITS))

    assert found["S2"].severity is severity
    assert found["S1"].severity is Severity.PASS


def test_the_range_of_a_floating_point_file_is_told_and_not_judged(
    group: list[TubeSummary],
) -> None:
    # NovoCyte software writes the highest value of each file as its range
    group[1] = replace(group[1], ranges=(110_283.0, 262_144.0, 262_144.0, 262_144.0, 1.0))

    found = _by_id(setting_checks.check_ranges(group, LIMITS))["S2"]

    assert found.severity is Severity.INFO
    assert found.message.endswith("; floating-point values are not scaled by it.")


def test_a_range_of_zero_fails_without_a_number(group: list[TubeSummary]) -> None:
    group = [replace(tube, datatype="I") for tube in group]
    group[1] = replace(group[1], ranges=(262_144.0, 0.0, 262_144.0, 262_144.0, 1.0))

    found = _by_id(setting_checks.check_ranges(group, LIMITS))["S2"]

    assert (found.severity, found.value) == (Severity.FAIL, None)


def test_gains_are_compared_only_where_a_file_states_one(group: list[TubeSummary]) -> None:
    assert setting_checks.check_gains(group, LIMITS) == ()

    group = [replace(tube, gains=("1", "1", "1", "1", "0.01")) for tube in group]
    group[2] = replace(group[2], gains=("1", "2", "1", "1", "0.01"))
    found = _by_id(setting_checks.check_gains(group, LIMITS))["S3"]

    assert (found.severity, found.value) == (Severity.FAIL, 2.0)


@pytest.mark.parametrize(
    ("spill", "severity"),
    [(0.055, Severity.PASS), (0.065, Severity.WARN), (0.08, Severity.FAIL)],
)
def test_another_matrix_warns_and_fails_by_its_gravest_difference(
    group: list[TubeSummary], make_matrix: MakeMatrix, spill: float, severity: Severity
) -> None:
    group[0] = replace(group[0], matrix=make_matrix(spill))

    found = _by_id(setting_checks.check_matrices(group, LIMITS))

    assert found["S1"].severity is severity
    assert found["S1"].value == pytest.approx(spill - 0.05)
    assert found["S1"].message == (
        f"The spillover matrix differs by {spill - 0.05:.3g} from the usual one, from "
        "FITC-A (CD3) into APC-A (CAR) (as in 2 of 3 tubes, first in S2)."
    )
    assert found["S2"].severity is found["S3"].severity is Severity.PASS
    assert found["S2"].message == "The spillover matrix is the usual one of the panel."


def test_away_from_the_cd3_and_car_gates_a_matrix_may_differ_by_more(
    group: list[TubeSummary], make_matrix: MakeMatrix
) -> None:
    group = [replace(tube, target_channels=("PE-A",)) for tube in group]
    group[0] = replace(group[0], matrix=make_matrix(0.08))
    group[1] = replace(group[1], matrix=make_matrix(0.11))

    usual = [group[2], replace(group[2], sample_id="S4", row=9)]

    found = _by_id(setting_checks.check_matrices([*group[:2], *usual], LIMITS))

    assert (found["S1"].severity, found["S2"].severity) == (Severity.WARN, Severity.FAIL)
    assert found["S2"].limit == "warn > 0.01, fail > 0.05"


def test_the_order_of_a_matrix_does_not_matter(group: list[TubeSummary]) -> None:
    assert group[0].matrix
    names, rows = group[0].matrix.channels, group[0].matrix.rows
    turned = MatrixSummary(
        channels=names[::-1],
        rows=tuple(row[::-1] for row in rows[::-1]),
        sha256="turned round",
        condition_number=1.2,
    )
    group[0] = replace(group[0], matrix=turned)

    found = _by_id(setting_checks.check_matrices(group, LIMITS))["S1"]

    assert (found.severity, found.value) == (Severity.PASS, 0.0)


def test_a_matrix_for_other_channels_fails(group: list[TubeSummary]) -> None:
    smaller = MatrixSummary(
        channels=("FITC-A", "APC-A"),
        rows=((1.0, 0.05), (0.0, 1.0)),
        sha256="smaller",
        condition_number=1.1,
    )
    group[2] = replace(group[2], matrix=smaller)

    found = _by_id(setting_checks.check_matrices(group, LIMITS))["S3"]

    assert found.severity is Severity.FAIL
    assert found.message == (
        "The spillover matrix is for other channels than usual (as in 2 of 3 tubes, first in "
        "S1); only one of the two has: PE-A."
    )


def test_matrices_that_are_not_used_are_not_compared(
    group: list[TubeSummary], make_matrix: MakeMatrix
) -> None:
    unused = [
        replace(tube, compensation=CompensationState.NOT_ASKED, matrix=make_matrix(spill))
        for tube, spill in zip(group, (0.1, 0.2, 0.3), strict=True)
    ]

    assert setting_checks.check_matrices(unused, LIMITS) == ()


def test_another_amplification_of_integers_fails_and_of_floats_is_told(
    group: list[TubeSummary],
) -> None:
    assert setting_checks.check_amplifications(group, LIMITS) == ()

    logarithmic = ("0,0", "4,1", "4,1", "4,1", "0,0")
    group = [replace(tube, amplifications=logarithmic, datatype="I") for tube in group]
    group[1] = replace(group[1], amplifications=("0,0", "0,0", "4,1", "4,1", "0,0"))
    found = _by_id(setting_checks.check_amplifications(group, LIMITS))

    assert (found["S1"].severity, found["S2"].severity) == (Severity.PASS, Severity.FAIL)
    assert "0 decades instead of 4 decades" in found["S2"].message
    floats = [replace(tube, datatype="F") for tube in group]
    told = _by_id(setting_checks.check_amplifications(floats, LIMITS))["S2"]
    assert told.severity is Severity.INFO
