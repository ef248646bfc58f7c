from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from carflow.findings import Severity
from carflow.qc.brightness_checks import check_batch_drift, check_brightness
from carflow.qc.summary import TubeSummary
from carflow.study.model import SampleType
from carflow.thresholds import QcLimits

LIMITS = QcLimits()
MakeBatch = Callable[..., list[TubeSummary]]


@pytest.fixture
def make_batch(make_tube: Callable[..., TubeSummary]) -> MakeBatch:
    """Return tubes of one batch with these medians of CD3 in CD3+."""

    def batch(name: str, medians: Sequence[float]) -> list[TubeSummary]:
        return [
            make_tube(f"{name}{number}", row=number, batch=name, brightness={"CD3 of CD3+": median})
            for number, median in enumerate(medians, start=1)
        ]

    return batch


def test_a_dim_tube_of_an_even_batch_warns(make_batch: MakeBatch) -> None:
    found = check_brightness(make_batch("A", [1_000, 1_010, 990, 1_000, 500]), LIMITS)

    assert [one.severity for one in found] == [*[Severity.PASS] * 4, Severity.WARN]
    assert found[-1].message == (
        "Not as bright as usual in the batch: CD3 of CD3+ 0.5 times the usual (robust z 6.0): "
        "stained or acquired otherwise, or cells that carry less."
    )
    assert found[0].message == "As bright as usual in the batch: CD3 of CD3+."
    assert found[-1].value == pytest.approx(6.02, abs=0.01)


def test_an_uneven_batch_allows_for_more(make_batch: MakeBatch) -> None:
    found = check_brightness(make_batch("A", [1_000, 2_000, 500, 1_300, 700, 400]), LIMITS)

    assert {one.severity for one in found} == {Severity.PASS}


def test_a_small_batch_is_not_judged(make_batch: MakeBatch) -> None:
    [found] = check_brightness(make_batch("A", [1_000, 1_000, 1_000, 400]), LIMITS)

    assert (found.severity, found.sample_id) == (Severity.INFO, "")
    assert found.message == (
        "The brightness of A1 and 3 more tubes of its panel could not be compared: fewer than 5 of "
        "one batch have it."
    )


def test_a_tube_is_compared_with_its_own_batch_only(make_batch: MakeBatch) -> None:
    tubes = [*make_batch("A", [1_000] * 6), *make_batch("B", [400] * 6)]

    assert {one.severity for one in check_brightness(tubes, LIMITS)} == {Severity.PASS}


def test_a_batch_that_drifted_warns_once(make_batch: MakeBatch) -> None:
    tubes = [*make_batch("A", [1_000] * 4), *make_batch("B", [600] * 3)]

    [found] = check_batch_drift(tubes, LIMITS)

    assert (found.severity, found.sample_id, found.limit) == (Severity.WARN, "", "warn > 3.5")
    assert found.message == (
        "The batch of 3 tubes, first B1 beside that of 4 tubes, first A1: CD3 of CD3+ 0.6 times "
        "the usual (robust z 4.4). Gates of one batch cut elsewhere in the other."
    )


def test_a_batch_like_the_others_passes(make_batch: MakeBatch) -> None:
    tubes = [*make_batch("A", [1_000] * 4), *make_batch("B", [900] * 3)]

    [found] = check_batch_drift(tubes, LIMITS)

    assert found.severity is Severity.PASS
    assert found.message == (
        "The batch of 3 tubes, first B1 beside that of 4 tubes, first A1: no drift in CD3 of CD3+."
    )


def test_one_batch_or_two_tubes_have_nothing_to_drift_from(make_batch: MakeBatch) -> None:
    assert check_batch_drift(make_batch("A", [1_000] * 8), LIMITS) == ()
    small = [*make_batch("A", [1_000] * 8), *make_batch("B", [300] * 2)]
    assert check_batch_drift(small, LIMITS) == ()


def test_other_material_is_left_out(make_batch: MakeBatch) -> None:
    tubes = make_batch("A", [1_000] * 5)
    tubes[4] = replace(
        tubes[4], sample_type=SampleType.UNTRANSDUCED, brightness={"CD3 of CD3+": 100.0}
    )

    assert {one.sample_id for one in check_brightness(tubes, LIMITS)} == {""}


def test_a_marker_that_few_tubes_have_is_not_judged(make_batch: MakeBatch) -> None:
    tubes = make_batch("A", [1_000] * 6)
    tubes[0] = replace(tubes[0], brightness={"CD8 of CD8+": 10.0})

    found = check_brightness(tubes, LIMITS)

    assert "A1" not in {one.sample_id for one in found}
    assert {one.severity for one in found} == {Severity.PASS}
