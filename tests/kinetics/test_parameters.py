from __future__ import annotations

from carflow.kinetics.curve import Curve
from carflow.kinetics.nca import nca
from carflow.kinetics.parameters import PARAMETERS
from carflow.kinetics.subject import analyse_curve
from carflow.units import Unit


def test_every_parameter_that_is_computed_is_described() -> None:
    empty = Curve(subject_id="P1", quantity="car_pct_cd3", unit=Unit.PERCENT, points=())
    found = analyse_curve(empty)

    computed = {*nca([1, 2], [1.0, 2.0]).parameters(), *found.parameters, *found.further}
    assert set(PARAMETERS) == computed
    assert all(one.label and one.description for one in PARAMETERS.values())
