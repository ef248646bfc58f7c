from collections.abc import Callable

import pytest

from carflow.findings import Finding, Severity
from carflow.gating.compensation import CompensationState
from carflow.gating.strategy import Role
from carflow.qc import tube_checks
from carflow.qc.summary import MatrixSummary, TubeSummary
from carflow.study.model import SampleType
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
MakeMatrix = Callable[..., MatrixSummary]
LIMITS = QcLimits()


def test_a_sound_tube_passes_every_check(make_tube: MakeTube) -> None:
    found = [one for check in tube_checks.TUBE_CHECKS for one in check(make_tube(), LIMITS)]

    assert {one.severity for one in found} == {Severity.PASS}
    assert [one.code for one in found] == [
        "QC-READER",
        "QC-EVENTS",
        "QC-NONFINITE",
        "QC-CD3-EVENTS",
        "QC-BEADS",
        "QC-SATURATION",
        "QC-MATRIX-MISSING",
        "QC-MATRIX-CONDITION",
        "QC-MATRIX-VALUES",
    ]
    assert {one.sample_id for one in found} == {"P01-D07"}


@pytest.mark.parametrize(
    ("n_events", "severity", "message"),
    [
        (20_000, Severity.PASS, "20,000 events."),
        (
            19_999,
            Severity.WARN,
            "19,999 events, fewer than 20,000: percentages of rare cells will be uncertain.",
        ),
        (4_999, Severity.FAIL, "4,999 events, fewer than 5,000: too few to judge the tube."),
        (0, Severity.FAIL, "The file holds no event."),
    ],
)
def test_few_events_warn_and_fail(
    make_tube: MakeTube, n_events: int, severity: Severity, message: str
) -> None:
    assert tube_checks.check_events(make_tube(n_events=n_events), LIMITS) == (
        Finding(
            code="QC-EVENTS",
            severity=severity,
            message=message,
            sample_id="P01-D07",
            value=float(n_events),
            limit="warn < 20,000, fail < 5,000",
        ),
    )


@pytest.mark.parametrize(
    ("n_cd3", "severity", "message"),
    [
        (2_500, Severity.PASS, "2,500 CD3+ events."),
        (
            2_499,
            Severity.WARN,
            "2,499 CD3+ events, fewer than 2,500: a low CAR+ percentage of CD3+ will be uncertain.",
        ),
        (
            0,
            Severity.FAIL,
            "0 CD3+ events, fewer than 500: too few T cells for a CAR+ percentage of CD3+.",
        ),
    ],
)
def test_few_t_cells_warn_and_fail(
    make_tube: MakeTube, n_cd3: int, severity: Severity, message: str
) -> None:
    (found,) = tube_checks.check_cd3_events(make_tube(counts={Role.CD3: n_cd3}), LIMITS)

    assert (found.severity, found.message, found.value) == (severity, message, n_cd3)


def test_a_car_gate_without_a_cd3_gate_could_not_be_checked(make_tube: MakeTube) -> None:
    (found,) = tube_checks.check_cd3_events(make_tube(counts={Role.CAR: 5}), LIMITS)

    assert found.severity is Severity.INFO
    assert found.message == "The gates name no CD3+ population: its size could not be checked."


def test_gates_without_t_cells_are_not_asked_for_them(make_tube: MakeTube) -> None:
    assert tube_checks.check_cd3_events(make_tube(counts={Role.BEADS: 5}), LIMITS) == ()


def test_a_tube_of_beads_is_not_asked_for_cells(make_tube: MakeTube) -> None:
    tube = make_tube(sample_type=SampleType.BEAD_QC, n_events=900, counts={Role.CD3: 0})

    assert tube_checks.check_events(tube, LIMITS) == ()
    assert tube_checks.check_cd3_events(tube, LIMITS) == ()


@pytest.mark.parametrize(
    ("n_beads", "severity", "message"),
    [
        (1_000, Severity.PASS, "1,000 bead events."),
        (
            999,
            Severity.WARN,
            "999 bead events, fewer than 1,000: the count per µL will be uncertain.",
        ),
        (399, Severity.FAIL, "399 bead events, fewer than 400: too few for a count per µL."),
    ],
)
def test_few_beads_warn_and_fail(
    make_tube: MakeTube, n_beads: int, severity: Severity, message: str
) -> None:
    (found,) = tube_checks.check_beads(make_tube(counts={Role.BEADS: n_beads}), LIMITS)

    assert (found.severity, found.message) == (severity, message)


def test_without_a_bead_number_nobody_asks_for_beads(make_tube: MakeTube) -> None:
    tube = make_tube(beads_in_tube=None, counts={Role.BEADS: 0})

    assert tube_checks.check_beads(tube, LIMITS) == ()


def test_a_bead_number_without_a_bead_gate_could_not_be_checked(make_tube: MakeTube) -> None:
    (found,) = tube_checks.check_beads(make_tube(counts={Role.CD3: 9_000}), LIMITS)

    assert found.severity is Severity.INFO
    assert found.message == (
        "The sheet gives a bead number, but the gates name no bead population: "
        "the beads could not be checked."
    )


def test_values_that_are_no_numbers_warn_and_fail(make_tube: MakeTube) -> None:
    (clean,) = tube_checks.check_nonfinite(make_tube(), LIMITS)
    (few,) = tube_checks.check_nonfinite(make_tube(n_nonfinite=25), LIMITS)
    (many,) = tube_checks.check_nonfinite(make_tube(n_nonfinite=2_500), LIMITS)

    assert (clean.severity, clean.message) == (Severity.PASS, "Every event holds numbers only.")
    assert few.severity is Severity.WARN
    assert few.message == (
        "25 of 25,000 events (0.1 %) hold a value that is not a number; they are in no population."
    )
    assert (many.severity, many.value) == (Severity.FAIL, 10.0)


def test_without_gates_only_the_file_is_judged(make_tube: MakeTube) -> None:
    tube = make_tube(
        gates_name="",
        counts={},
        gate_channels={},
        saturated={},
        n_nonfinite=None,
        compensation=None,
    )

    found = [one for check in tube_checks.TUBE_CHECKS for one in check(tube, LIMITS)]

    assert [(one.code, str(one.severity)) for one in found] == [
        ("QC-READER", "pass"),
        ("QC-EVENTS", "pass"),
        ("QC-SATURATION", "info"),
        ("QC-MATRIX-MISSING", "pass"),
        ("QC-MATRIX-CONDITION", "pass"),
        ("QC-MATRIX-VALUES", "pass"),
    ]


def test_saturation_is_judged_harder_where_the_cd3_and_car_gates_lie(make_tube: MakeTube) -> None:
    (car,) = tube_checks.check_saturation(make_tube(saturated={"APC-A": 0.006}), LIMITS)
    (cd8,) = tube_checks.check_saturation(make_tube(saturated={"PE-A": 0.006}), LIMITS)

    assert car.severity is Severity.WARN
    assert car.message == (
        "Events at the upper end of the range, of unknown brightness: "
        "APC-A (CAR) 0.6 % (limit 0.5 %)."
    )
    assert car.limit == "warn > 0.5 %, fail > 2 %"
    assert cd8.severity is Severity.PASS
    assert cd8.message == "At most 0.6 % of the events are saturated (PE-A (CD8))."
    assert cd8.limit == "warn > 1 %, fail > 5 %"


def test_all_saturated_channels_are_named_the_gravest_first(make_tube: MakeTube) -> None:
    tube = make_tube(saturated={"PE-A": 0.04, "APC-A": 0.03, "FSC-A": 0.001, "Time": 0.5})

    (found,) = tube_checks.check_saturation(tube, LIMITS)

    assert found.severity is Severity.FAIL
    assert found.message == (
        "Events at the upper end of the range, of unknown brightness: "
        "APC-A (CAR) 3 % (limit 0.5 %), PE-A (CD8) 4 % (limit 1 %)."
    )
    assert found.value == pytest.approx(3.0)


def test_unknown_saturation_is_not_a_pass(make_tube: MakeTube) -> None:
    (found,) = tube_checks.check_saturation(make_tube(saturated={}), LIMITS)

    assert found.severity is Severity.INFO
    assert found.message == (
        "Saturation could not be checked: no share of saturated events is known."
    )


def test_a_matrix_that_the_gates_want_and_the_file_lacks_fails(make_tube: MakeTube) -> None:
    tube = make_tube(matrix=None, compensation=CompensationState.NO_MATRIX)

    (found,) = tube_checks.check_matrix(tube, LIMITS)

    assert (found.code, found.severity) == ("QC-MATRIX-MISSING", Severity.FAIL)
    assert found.message == (
        "The gates ask for compensation, but the file holds no usable spillover matrix: "
        "the populations were gated uncompensated."
    )


@pytest.mark.parametrize("state", [CompensationState.NOT_ASKED, CompensationState.ALREADY])
def test_a_matrix_nobody_wants_is_not_missed(make_tube: MakeTube, state: CompensationState) -> None:
    assert tube_checks.check_matrix(make_tube(matrix=None, compensation=state), LIMITS) == ()


def test_without_gates_a_missing_matrix_is_neither_good_nor_bad(make_tube: MakeTube) -> None:
    (found,) = tube_checks.check_matrix(
        make_tube(matrix=None, gates_name="", compensation=None), LIMITS
    )

    assert found.severity is Severity.INFO
    assert found.message == (
        "No usable spillover matrix; without gates it is not known whether one is needed."
    )


def test_a_matrix_that_compensates_nothing_warns(make_tube: MakeTube) -> None:
    identity = MatrixSummary(
        channels=("FITC-A", "APC-A"),
        rows=((1.0, 0.0), (0.0, 1.0)),
        sha256="identity",
        condition_number=1.0,
    )

    (found,) = tube_checks.check_matrix(
        make_tube(matrix=identity, compensation=CompensationState.IDENTITY), LIMITS
    )

    assert found.severity is Severity.WARN
    assert found.message == (
        "The spillover matrix compensates nothing (identity): either the values were "
        "compensated before export, or no compensation was set up."
    )


def test_channels_that_the_matrix_leaves_out_warn(make_tube: MakeTube) -> None:
    present, *_ = tube_checks.check_matrix(make_tube(uncovered=("PE-A",)), LIMITS)

    assert present.severity is Severity.WARN
    assert present.message == ("The spillover matrix leaves out PE-A (CD8): gated uncompensated.")


@pytest.mark.parametrize(
    ("condition_number", "severity", "value", "message"),
    [
        (50.0, Severity.PASS, 50.0, "The condition number of the spillover matrix is 50."),
        (
            51.0,
            Severity.WARN,
            51.0,
            (
                "The condition number of the spillover matrix is 51, more than 50: "
                "compensation enlarges every error."
            ),
        ),
        (
            float("inf"),
            Severity.FAIL,
            None,
            (
                "The condition number of the spillover matrix is above 1e+08: "
                "it cannot be inverted reliably."
            ),
        ),
    ],
)
def test_a_matrix_that_enlarges_errors_warns(
    make_tube: MakeTube,
    make_matrix: MakeMatrix,
    condition_number: float,
    severity: Severity,
    value: float | None,
    message: str,
) -> None:
    tube = make_tube(matrix=make_matrix(condition_number=condition_number))

    condition = tube_checks.check_matrix(tube, LIMITS)[1]

    assert (condition.code, condition.severity) == ("QC-MATRIX-CONDITION", severity)
    assert (condition.value, condition.message) == (value, message)


def test_a_dye_brighter_in_a_foreign_detector_warns(
    make_tube: MakeTube, make_matrix: MakeMatrix
) -> None:
    usual = tube_checks.check_matrix(make_tube(), LIMITS)[2]
    odd = tube_checks.check_matrix(make_tube(matrix=make_matrix(1.5)), LIMITS)[2]

    assert usual.severity is Severity.PASS
    assert usual.message == "The largest spillover is 0.05, from FITC-A (CD3) into APC-A (CAR)."
    assert odd.severity is Severity.WARN
    assert odd.message == (
        "The largest spillover is 1.5, from FITC-A (CD3) into APC-A (CAR), more than 1: "
        "the dye would be brighter there than in its own detector."
    )


def test_what_the_reader_noticed_is_carried_through(make_tube: MakeTube) -> None:
    noticed = (
        Finding(code="FCS-GAP", severity=Severity.WARN, message="undeclared bytes"),
        Finding(code="FCS-NOT-UTF8", severity=Severity.INFO, message="read as Latin-1"),
    )

    assert tube_checks.check_reader(make_tube(reader_findings=noticed), LIMITS) == (
        Finding(
            code="QC-READER",
            severity=Severity.WARN,
            message="FCS-GAP: undeclared bytes",
            sample_id="P01-D07",
        ),
        Finding(
            code="QC-READER",
            severity=Severity.INFO,
            message="FCS-NOT-UTF8: read as Latin-1",
            sample_id="P01-D07",
        ),
    )


def test_a_time_gate_that_could_not_be_applied_warns(make_tube: MakeTube) -> None:
    (found,) = tube_checks.check_time_gate(make_tube(skipped=("time",)), LIMITS)

    assert found.severity is Severity.WARN
    assert found.message == (
        'The time of this tube cannot be used, so every event passed the gate "time"; a '
        "disturbed start or end of the acquisition is still in its numbers."
    )
    assert tube_checks.check_time_gate(make_tube(), LIMITS) == ()
