from carflow.gating.strategy import Role
from carflow.measure import Measure
from carflow.quantify.counts import TubeCounts
from carflow.quantify.cut_shift import CUT_QUANTITIES, cut_quantities, with_car_events
from carflow.quantify.quantity import Quantity
from carflow.reasons import Reason
from carflow.units import Unit


def quantity(name: str, measure: Measure) -> Quantity:
    return Quantity(name=name, method="flow", measure=measure)


def test_only_the_car_events_are_another_number() -> None:
    counts = TubeCounts(counts={Role.CD3: 100, Role.CAR: 7}, car_mfi=900.0, n_events=500)
    moved = with_car_events(counts, 9)

    assert moved.counts == {Role.CD3: 100, Role.CAR: 9}
    assert (moved.car_mfi, moved.n_events) == (900.0, 500)


def test_what_does_not_rest_on_the_cut_or_has_no_number_is_left_out() -> None:
    percent = Measure(unit=Unit.PERCENT, value=5.0)
    kept = quantity("car_pct_cd3", percent)
    without = quantity("car_pct_cd45", Measure.missing(Unit.PERCENT, Reason.NO_POPULATION))

    assert cut_quantities([kept, quantity("cd4_pct_cd3", percent), without]) == (kept,)
    assert "copies_per_ug" not in CUT_QUANTITIES
