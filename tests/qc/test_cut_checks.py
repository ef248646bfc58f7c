from carflow.findings import Severity
from carflow.qc.cut_checks import PeakDays, check_car_cut
from carflow.reasons import Reason


def test_a_day_that_stays_passes() -> None:
    (found,) = check_car_cut("P1", [PeakDays(label="a", day=7.0, moved={-0.1: 7.0, 0.1: 7.0})])

    assert found.severity is Severity.PASS
    assert found.message == (
        "Subject P1: the day of the highest value of every curve stays with the CAR cut 0.1 decade"
        " lower and higher."
    )


def test_a_day_that_moves_warns_and_names_the_curves_that_do() -> None:
    curves = [
        PeakDays(label="CAR+ of CD3+", day=12.0, moved={-0.1: 12.0, 0.1: None}),
        PeakDays(label="CAR+ of CD45+", day=12.0, moved={-0.1: 12.0, 0.1: 12.0}),
    ]
    (found,) = check_car_cut("P1", curves)

    assert (found.severity, found.value) == (Severity.WARN, 1)
    assert found.message == (
        "Subject P1: the day of the highest value depends on where the CAR cut is drawn: CAR+ of"
        " CD3+ on day 12 as drawn, day 12 with the cut 0.1 decade lower, no quantified value with"
        " the cut 0.1 decade higher."
    )


def test_a_cut_that_cannot_be_moved_is_information() -> None:
    curve = PeakDays(label="a", day=7.0, moved={}, reason=Reason.NO_CUT)
    (found,) = check_car_cut("P1", [curve])

    assert found.severity is Severity.INFO
    assert found.message == (
        "Subject P1: the CAR cut was not moved: the CAR gate is no plain cut on the CAR axis that"
        " could be moved."
    )


def test_a_subject_without_a_peak_has_no_finding() -> None:
    assert check_car_cut("P1", []) == ()
