import statistics
from collections.abc import Callable

import pytest

from carflow.findings import Finding, Severity
from carflow.gating.strategy import Role
from carflow.qc.percentage_checks import check_percentages
from carflow.qc.summary import TubeSummary
from carflow.study.model import SampleType
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
WithCounts = Callable[..., dict[str, object]]
LIMITS = QcLimits()


@pytest.fixture
def batch(make_tube: MakeTube, with_counts: WithCounts) -> Callable[..., list[TubeSummary]]:
    """Return five tubes with these numbers of lymphocytes among 19,000 viable events."""

    def tubes(*lymphocytes: int, sample_type: SampleType = SampleType.PATIENT) -> list[TubeSummary]:
        made = [
            make_tube(f"S{number}", row=number, **with_counts({Role.LYMPHOCYTES: count}))
            for number, count in enumerate(lymphocytes[:-1], start=1)
        ]
        odd = with_counts({Role.LYMPHOCYTES: lymphocytes[-1]})
        return [*made, make_tube("odd", row=9, sample_type=sample_type, **odd)]

    return tubes


def test_a_percentage_unlike_those_of_the_panel_warns(
    batch: Callable[..., list[TubeSummary]],
) -> None:
    tubes = batch(12_000, 12_100, 11_900, 12_050, 9_100)

    found = {one.sample_id: one for one in check_percentages(tubes, LIMITS)}

    assert {name for name, one in found.items() if one.severity is Severity.WARN} == {"odd"}
    z = (100.0 * 12_000 / 19_000 - 100.0 * 9_100 / 19_000) / 3.0
    t_cells = (100.0 * 9_000 / 9_100 - 75.0) / 3.0
    assert found["odd"] == Finding(
        code="QC-PERCENTAGE",
        severity=Severity.WARN,
        message='Unlike the other tubes of the panel: "lymphocytes" is 47.9 % of its parent '
        f'instead of 63.2 % (robust z {z:.1f}); "cd3" is 98.9 % of its parent instead of 75 % '
        f"(robust z {t_cells:.1f}).",
        sample_id="odd",
        value=found["odd"].value,
        limit="warn > 3.5",
    )
    assert found["odd"].value == pytest.approx(t_cells)


def test_percentages_like_those_of_the_panel_pass(
    batch: Callable[..., list[TubeSummary]],
) -> None:
    found = check_percentages(batch(12_000, 12_100, 11_900, 12_050, 11_000), LIMITS)

    assert {one.severity for one in found} == {Severity.PASS}
    assert found[0].message == ("As usual in the panel: singlets, cells, live, lymphocytes, cd3.")


def test_the_spread_of_an_uneven_batch_is_its_own(
    batch: Callable[..., list[TubeSummary]],
) -> None:
    tubes = batch(11_400, 9_500, 13_300, 11_210, 5_700)

    found = {one.sample_id: one for one in check_percentages(tubes, LIMITS)}

    # 59 % in the middle, half of the tubes within 9 points more or less, the odd one 29 below
    told = '"lymphocytes" is 30 % of its parent instead of 59 % (robust z 2.2)'
    shares = [60.0, 50.0, 70.0, 59.0, 30.0]
    spread = 1.4826 * statistics.median(abs(share - 59.0) for share in shares)
    assert told not in found["odd"].message
    strict = QcLimits(batch_z_warn=29.0 / spread - 0.01)
    again = {one.sample_id: one for one in check_percentages(tubes, strict)}
    assert told in again["odd"].message


def test_a_percentage_of_500_events_counts(make_tube: MakeTube, with_counts: WithCounts) -> None:
    small = with_counts({Role.SINGLETS: 480, Role.CELLS: 400, Role.LIVE: 380})
    tubes = [make_tube(f"S{number}", row=number, **small) for number in range(5)]

    found = check_percentages(tubes, LIMITS)

    # 500 events in the file, fewer below
    assert found[0].message == "As usual in the panel: singlets, cd3."


def test_staining_is_given_less_room_than_blood(
    make_tube: MakeTube, with_counts: WithCounts
) -> None:
    def odd(role: Role, count: int) -> Severity:
        tubes = [make_tube(f"S{number}", row=number) for number in range(5)]
        last = make_tube("odd", row=9, **with_counts({role: count}))
        return {one.sample_id: one.severity for one in check_percentages([*tubes, last], LIMITS)}[
            "odd"
        ]

    # 4 points less viable events, 4 points fewer lymphocytes
    assert odd(Role.LIVE, 18_200) is Severity.WARN
    assert odd(Role.LYMPHOCYTES, 11_200) is Severity.PASS


def test_four_tubes_cannot_tell_what_is_usual(batch: Callable[..., list[TubeSummary]]) -> None:
    (found,) = check_percentages(batch(12_000, 12_100, 11_900, 100), LIMITS)

    assert (found.severity, found.sample_id, found.message) == (
        Severity.INFO,
        "",
        (
            "Percentages of S1 and 3 more tubes of its panel could not be compared: fewer than 5 "
            "have 500 events in a denominator."
        ),
    )


def test_other_material_is_not_compared(batch: Callable[..., list[TubeSummary]]) -> None:
    tubes = batch(12_000, 12_100, 11_900, 12_050, 12_020, 9, sample_type=SampleType.UNTRANSDUCED)

    found = check_percentages(tubes, LIMITS)

    assert "odd" not in {one.sample_id for one in found}
    assert {one.severity for one in found} == {Severity.PASS}


def test_a_tube_with_too_few_events_is_told_apart(make_tube: MakeTube) -> None:
    tubes = [make_tube(f"S{number}", row=number) for number in range(5)]

    found = check_percentages([*tubes, make_tube("none", row=9, populations=())], LIMITS)

    assert (found[-1].severity, found[-1].message) == (
        Severity.INFO,
        "Too few events in every denominator to compare the percentages.",
    )


def test_without_gates_there_is_no_percentage(make_tube: MakeTube) -> None:
    tubes = [make_tube(f"S{number}", populations=()) for number in range(6)]

    assert check_percentages(tubes, LIMITS) == ()
