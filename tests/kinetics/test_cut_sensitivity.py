from carflow.kinetics.curve import Curve, Point
from carflow.kinetics.cut_sensitivity import cut_sensitivity, not_movable
from carflow.kinetics.peak import Peak, estimate_peak, peak_of
from carflow.kinetics.series import series_of
from carflow.measure import Measure, State
from carflow.reasons import Reason
from carflow.units import Unit

DAYS = (4.0, 7.0, 12.0)


def curve(*values: float | None) -> Curve:
    points = tuple(
        Point(
            day=day,
            measure=Measure(
                unit=Unit.PERCENT, value=0.0, high=0.1, low=0.0, state=State.ND,
                reason=Reason.NOT_DETECTED,
            )
            if value is None
            else Measure(unit=Unit.PERCENT, value=value),
        )
        for day, value in zip(DAYS, values, strict=True)
    )  # fmt: skip
    return Curve(subject_id="P1", quantity="car_pct_cd3", unit=Unit.PERCENT, points=points)


def drawn(*values: float | None) -> Peak:
    return peak_of(series_of(curve(*values)), unit=Unit.PERCENT)


def test_a_day_that_stays_is_said_to_stay() -> None:
    found = cut_sensitivity(
        drawn(5, 50, 45), "car_pct_cd3", {0.1: curve(4, 44, 40), -0.1: curve(6, 55, 50)}
    )

    assert not found.moves_day
    assert [one.cmax.value for one in found.shifted] == [55, 44]
    assert found.sentences == (
        (
            "With the CAR cut 0.1 decade lower the highest value is 55.00 % of CD3+ on day 7, and"
            " 0.1 decade higher 44.00 % of CD3+ on day 7: its day does not move with it."
        ),
    )


def test_a_cut_that_leaves_no_value_moves_the_day() -> None:
    found = cut_sensitivity(
        drawn(5, 50, 45),
        "car_pct_cd3",
        {-0.1: curve(6, 55, 50), 0.1: curve(None, None, None)},
    )

    assert found.moves_day
    assert found.sentences == (
        (
            "With the CAR cut 0.1 decade lower the highest value is 55.00 % of CD3+ on day 7, and"
            " 0.1 decade higher missing (every value lies below the limit of quantification): its"
            " day depends on where the cut is drawn."
        ),
    )


def test_nothing_is_said_of_a_curve_without_a_peak() -> None:
    nothing = drawn(None, None, None)

    assert cut_sensitivity(nothing, "car_pct_cd3", {-0.1: curve(6, 55, 50)}).sentences == ()
    assert not_movable(nothing, "car_pct_cd3", Reason.NO_CUT).sentences == ()


def test_a_cut_that_cannot_be_moved_keeps_its_reason() -> None:
    found = not_movable(estimate_peak([4, 7], [5, 9]), "car_pct_cd3", Reason.CUT_NOT_POSITIVE)

    assert found.reason is Reason.CUT_NOT_POSITIVE
    assert not found.moves_day
    assert found.sentences == (
        (
            "How far this depends on the CAR cut is not told: the CAR cut lies at or below 0, where"
            " there is no decade."
        ),
    )
