import math

import numpy as np
import pytest

from carflow.kinetics.population_model import (
    ABSENT,
    BELOW,
    MEASURED,
    PopulationData,
    expected,
    population_data,
    without_infused_cells,
)
from carflow.kinetics.series import Series, read_series
from carflow.reasons import Reason
from carflow.units import Unit

COURSE = read_series([1, 7, 12, 21], [0.0, 45.0, 70.0, 9.0], lloq=1.0)


def data(patients: dict[str, Series], unit: Unit = Unit.NONE) -> PopulationData:
    found = population_data(patients, unit=unit)
    assert isinstance(found, PopulationData)
    return found


def curve(days: list[float], *, sharpness: float = 1e3, power: float = 1.0) -> np.ndarray:
    own = np.array([[math.log(10.0)], [math.log(0.8)], [math.log(0.2)], [5.0], [-30.0]])
    found: np.ndarray = expected(np.array([days]), own, math.log(sharpness), power)[0]
    return found


def test_a_sharp_turn_is_growth_and_then_decline_after_stein() -> None:
    assert curve([4.0, 10.0, 15.0]) == pytest.approx([5 - 0.8 * 6, 5.0, 5 - 0.2 * 5], abs=2e-3)


def test_growth_that_slows_is_a_power_of_time() -> None:
    before = curve([2.5, 5.0], power=0.0)

    assert before == pytest.approx([5 - 8 * math.log(4), 5 - 8 * math.log(2)], abs=0.01)


def test_a_fraction_that_persists_is_where_the_decline_ends() -> None:
    own = np.log([[10.0], [0.8], [0.2], [math.exp(5.0)], [0.01]])
    late = expected(np.array([[300.0]]), own, math.log(1e3))[0, 0]

    assert late == pytest.approx(5 + math.log(0.01 / 1.01))


@pytest.mark.parametrize("power", [1.0, 0.4, 0.0, -2.0])
@pytest.mark.parametrize("sharpness", [0.05, 0.7, 1.0, 3.0, 30.0])
def test_the_highest_value_stands_on_the_day_of_the_peak(sharpness: float, power: float) -> None:
    days = np.linspace(2, 25, 2301)
    found = curve(days.tolist(), sharpness=sharpness, power=power)

    assert days[found.argmax()] == pytest.approx(10.0, abs=0.011)
    assert found.max() == pytest.approx(5.0, abs=1e-9)


def test_values_below_a_limit_stand_at_the_limit_and_patients_in_the_order_of_names() -> None:
    patients = {f"P{n}": COURSE for n in range(5)} | {
        "A": read_series([7, 14], [10.0, 20.0], lows=[8.0, 16.0], highs=[12.5, 25.0])
    }
    found = data(patients)

    assert found.names == ("A", "P0", "P1", "P2", "P3", "P4")
    assert found.kinds[0].tolist() == [MEASURED, MEASURED, ABSENT, ABSENT]
    assert found.kinds[1].tolist() == [BELOW, MEASURED, MEASURED, MEASURED]
    assert found.logs[1][0] == 0.0
    assert found.days[0].tolist() == [7.0, 14.0, 1.0, 1.0]
    assert found.deviations[0][0] == pytest.approx(math.log(12.5 / 8.0) / (2 * 1.959963984540054))
    assert found.deviations[1].tolist() == [0.0] * 4


def test_a_percentage_is_fitted_in_log_odds() -> None:
    found = data({f"P{n}": COURSE for n in range(6)}, Unit.PERCENT)

    assert found.logs[0][2] == pytest.approx(math.log(70 / 30))
    assert found.logs[0][0] == pytest.approx(math.log(1 / 99))


def test_fewer_than_six_usable_patients_are_no_population() -> None:
    patients = {f"P{n}": COURSE for n in range(5)}

    assert population_data(patients) is Reason.FEW_FOR_POPULATION
    assert population_data({**patients, "Q": read_series([7], [4.0])}) is Reason.FEW_FOR_POPULATION


def test_patients_who_cannot_be_placed_say_why() -> None:
    patients = {f"P{n}": COURSE for n in range(6)} | {
        "one": read_series([7], [4.0]),
        "none": read_series([7, 12], [0.0, 0.0]),
        "late": read_series([35, 42], [4.0, 3.0]),
    }

    assert data(patients).left_out == {
        "late": Reason.NO_VALUES,
        "none": Reason.ALL_BLQ,
        "one": Reason.TOO_FEW_VALUES,
    }


def test_infused_cells_are_left_out_and_a_small_dip_is_not() -> None:
    course = read_series([1, 3, 5, 9, 14], [9.0, 2.0, 1.6, 60.0, 20.0])

    assert [one.day for one in without_infused_cells(course.samples)] == [3, 5, 9, 14]
    assert without_infused_cells(()) == []
