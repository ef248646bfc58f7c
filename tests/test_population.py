from dataclasses import replace

import pytest

import carflow as cf
from carflow import population
from carflow.kinetics.curve import Curve, Point
from carflow.kinetics.population_fit import PopulationPeaks, population_of
from carflow.kinetics.series import Series
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.result.run import Provenance, Result
from carflow.result.subject import SubjectResult
from carflow.units import Unit


def subject(name: str, *quantities: str) -> SubjectResult:
    curves = []
    for quantity in quantities:
        unit = Unit.PERCENT if "pct" in quantity else Unit.CELLS_PER_UL
        point = Point(day=7.0, measure=Measure(unit=unit, value=4.0))
        curves.append(Curve(subject_id=name, quantity=quantity, unit=unit, points=(point,)))
    return SubjectResult(subject_id=name, curves=tuple(curves))


def test_fitted_are_the_percentage_and_the_count_that_most_subjects_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, Unit, list[str]]] = []

    def noted(patients: dict[str, Series], *, quantity: str, unit: Unit) -> PopulationPeaks:
        asked.append((quantity, unit, list(patients)))
        return population_of(patients, quantity=quantity, unit=unit)

    monkeypatch.setattr(population, "population_of", noted)
    result = Result(
        tube_results=(),
        subject_results=(
            subject("A", "car_pct_cd3", "car_per_ul_beads", "car_per_ul_wbc"),
            subject("B", "car_pct_cd3", "car_per_ul_wbc", "copies_per_ug"),
        ),
        all_findings=(),
        provenance=Provenance(versions={}, sheet_sha256="", gates=(), options={}, thresholds={}),
    )
    found = cf.with_population(result)

    assert asked == [
        ("car_pct_cd3", Unit.PERCENT, ["A", "B"]),
        ("car_per_ul_wbc", Unit.CELLS_PER_UL, ["A", "B"]),
    ]
    assert {one.reason for one in found.population_peaks} == {Reason.FEW_FOR_POPULATION}
    assert replace(found, population_peaks=()) == result
