from pathlib import Path

from carflow.findings import Finding, Severity
from carflow.measure import Measure, State
from carflow.quantify.quantity import Quantity
from carflow.reasons import Reason
from carflow.result import rows
from carflow.result.sample import Failure, PopulationCount, SampleResult
from carflow.study.model import SampleType
from carflow.units import Unit


def sample(**changes: object) -> SampleResult:
    parts: dict[str, object] = {
        "sample_id": "S1",
        "subject_id": "P1",
        "day": 7.0,
        "sample_type": SampleType.PATIENT,
        "n_events": 100,
    }
    return SampleResult(**{**parts, **changes})  # type: ignore[arg-type]  # named above


def quantity(name: str, measure: Measure) -> Quantity:
    return Quantity(name=name, method="flow", measure=measure)


VALUE = quantity("car_pct_cd3", Measure(unit=Unit.PERCENT, value=12.5, low=11.0, high=14.0))
ABSENT = quantity("car_per_ul_wbc", Measure.missing(Unit.CELLS_PER_UL, Reason.NO_CBC))


def test_a_missing_number_is_an_empty_cell_with_its_reason() -> None:
    _, row = rows.quantity_rows([sample(quantities=(VALUE, ABSENT))])

    assert (row["value"], row["state"], row["reason"]) == (None, "NE", "NO_CBC")
    assert set(row) == set(rows.QUANTITY_COLUMNS)


def test_a_failed_tube_keeps_its_row_with_its_reason() -> None:
    failed = sample(
        n_events=None,
        failure=Failure(code="FCS-TRUNCATED", sentence="12 bytes are missing"),
        quantities=(quantity("car_pct_cd3", Measure.missing(Unit.PERCENT, Reason.TUBE_FAILED)),),
    )

    (row,) = rows.sample_rows([failed])
    (failure,) = rows.failure_rows([failed, sample()])

    assert (row["status"], row["n_events"], row["car_pct_cd3"]) == ("FCS-TRUNCATED", None, None)
    assert failure["problem"] == "12 bytes are missing"


def test_wide_columns_are_the_quantities_that_have_a_value_somewhere() -> None:
    columns = rows.sample_columns([sample(quantities=(VALUE, ABSENT)), sample()])

    assert columns[-1] == "car_pct_cd3"
    assert "car_per_ul_wbc" not in columns


def test_populations_tell_their_share_of_the_parent_without_events_that_are_no_number() -> None:
    counted = sample(
        n_nonfinite=20,
        populations=(
            PopulationCount(population="cells", parent="", count=40),
            PopulationCount(population="CD3+", parent="cells", count=10),
            PopulationCount(population="none", parent="CD3+", count=0),
            PopulationCount(population="of none", parent="none", count=0),
        ),
    )

    shares = [row["pct_of_parent"] for row in rows.population_rows([counted])]

    assert shares == [50.0, 25.0, 0.0, None]


def test_findings_become_rows_in_their_order() -> None:
    found = Finding(code="QC-BEADS", severity=Severity.WARN, message="few", value=3.0, limit="9")

    assert list(rows.finding_rows([found])) == [
        {
            "severity": "warn",
            "code": "QC-BEADS",
            "sample_id": "",
            "message": "few",
            "value": 3.0,
            "limit": "9",
        }
    ]


def test_states_and_reasons_are_text_in_every_row() -> None:
    nothing = Measure(
        unit=Unit.PERCENT, value=0.0, low=0.0, high=0.7, state=State.ND, reason=Reason.NOT_DETECTED
    )
    (row,) = rows.quantity_rows([sample(quantities=(quantity("car_pct_cd3", nothing),))])

    assert {type(row[name]) for name in ("state", "reason", "unit", "ci_kind")} == {str}


def test_no_row_holds_a_path() -> None:
    cells = [cell for row in rows.sample_rows([sample()]) for cell in row.values()]

    assert not any(isinstance(cell, Path) for cell in cells)
