from __future__ import annotations

import pytest

from carflow.kinetics.treatments import Onset, TreatmentRun, merged_runs
from carflow.study.model import Treatment


def row(drug: str, start: float, stop: float, dose: str = "") -> Treatment:
    return Treatment(subject_id="P1", drug=drug, start_day=start, stop_day=stop, dose=dose)


def test_a_tapered_drug_is_one_run() -> None:
    rows = [
        row("methylprednisolone", 13, 13, "40"),
        row("Methylprednisolone", 9, 11, "80"),
        row("methylprednisolone", 12, 12, "60"),
    ]

    assert merged_runs(rows) == (TreatmentRun(drug="Methylprednisolone", start_day=9, stop_day=13),)


def test_a_gap_of_a_day_makes_two_runs() -> None:
    runs = merged_runs([row("tocilizumab", 3, 3), row("tocilizumab", 5, 5)])

    assert [run.span for run in runs] == ["day 3", "day 5"]


def test_a_row_inside_another_does_not_shorten_it() -> None:
    assert merged_runs([row("a", 1, 9), row("a", 3, 4)])[0].stop_day == 9


def test_runs_stand_in_order_of_their_first_day() -> None:
    runs = merged_runs([row("a", 9, 9), row("b", 3, 3)])

    assert [run.drug for run in runs] == ["b", "a"]


@pytest.mark.parametrize(
    ("start", "onset"),
    [(2, Onset.BEFORE), (7, Onset.INSIDE), (9, Onset.INSIDE), (14, Onset.INSIDE),
     (15, Onset.AFTER)],
)  # fmt: skip
def test_a_run_begins_before_inside_or_after_a_bracket(start: float, onset: Onset) -> None:
    run = TreatmentRun(drug="steroid", start_day=start, stop_day=start + 3)

    assert run.onset((7, 14)) is onset


@pytest.mark.parametrize(
    ("start", "stop", "meets"),
    [(9, 13, True), (1, 12, True), (14, 20, True), (1, 11, False), (15, 16, False)],
)
def test_a_run_meets_a_span_of_days_it_shares_a_day_with(
    start: float, stop: float, meets: bool
) -> None:
    assert TreatmentRun(drug="steroid", start_day=start, stop_day=stop).meets(12, 14) is meets
