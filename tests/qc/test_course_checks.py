from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from carflow.findings import Finding, Severity
from carflow.gating.strategy import Role
from carflow.qc.course_checks import check_swaps, check_visits
from carflow.qc.summary import TubeSummary
from carflow.study.model import SampleType
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
WithCounts = Callable[..., dict[str, object]]
Courses = Callable[..., list[TubeSummary]]
LIMITS = QcLimits()
DAYS = (1.0, 4.0, 7.0, 14.0, 28.0)


@pytest.fixture
def courses(make_tube: MakeTube) -> Courses:
    """Return tubes of subjects P1, P2, ... on the days given for each."""

    def tubes(*days_of: tuple[float, ...]) -> list[TubeSummary]:
        return [
            make_tube(f"P{n}-D{day:g}", subject_id=f"P{n}", day=day, row=100 * n + int(day))
            for n, days in enumerate(days_of, start=1)
            for day in days
        ]

    return tubes


def _warned(found: tuple[Finding, ...]) -> dict[str, str]:
    return {one.sample_id: one.message for one in found if one.severity is Severity.WARN}


def test_a_day_that_most_others_have_is_missed(courses: Courses) -> None:
    found = check_visits(courses(DAYS, DAYS, (1.0, 4.0, 14.0, 28.0)), LIMITS)

    assert _warned(found) == {
        "P3-D14": "Most other subjects of the panel have a tube of day 7; this subject has none "
        "before this one."
    }
    assert len(found) == 14


def test_complete_courses_miss_no_visit(courses: Courses) -> None:
    found = check_visits(courses(DAYS, DAYS, DAYS), LIMITS)

    assert {one.severity for one in found} == {Severity.PASS}
    assert found[0].message == "No visit that most other subjects have is missing before this one."


def test_a_visit_a_day_early_or_late_counts_and_late_visits_have_more_room(
    courses: Courses,
) -> None:
    near = (1.0, 5.0, 8.0, 15.0, 30.0, 60.0)
    usual = (*DAYS, 60.0)

    assert _warned(check_visits(courses(usual, usual, near), LIMITS)) == {}
    far = (1.0, 4.0, 7.0, 14.0, 32.0, 60.0)
    assert list(_warned(check_visits(courses(usual, usual, far), LIMITS))) == ["P3-D32"]


def test_a_course_that_goes_on_or_began_later_misses_nothing(courses: Courses) -> None:
    assert _warned(check_visits(courses(DAYS, DAYS, (4.0, 7.0)), LIMITS)) == {}


def test_a_day_of_a_minority_is_not_missed(courses: Courses) -> None:
    extra = (*DAYS[:3], 10.0, *DAYS[3:])

    assert _warned(check_visits(courses(extra, DAYS, DAYS, DAYS), LIMITS)) == {}
    assert _warned(check_visits(courses(extra, extra, DAYS, DAYS, DAYS), LIMITS)) == {}


def test_near_days_of_the_others_are_one_visit(courses: Courses) -> None:
    found = check_visits(
        courses((1.0, 7.0, 28.0), (1.0, 8.0, 28.0), (1.0, 7.0, 28.0), (1.0, 28.0)), LIMITS
    )

    assert [one.value for one in found if one.severity is Severity.WARN] == [1.0]


def test_two_subjects_are_too_few_to_miss_a_visit(courses: Courses) -> None:
    assert check_visits(courses(DAYS, (1.0, 28.0)), LIMITS) == ()


def test_controls_are_no_visits(courses: Courses) -> None:
    tubes = courses(DAYS, DAYS, (1.0, 4.0, 7.0, 14.0, 28.0))
    tubes[-3] = replace(tubes[-3], sample_type=SampleType.FMO)

    assert list(_warned(check_visits(tubes, LIMITS))) == ["P3-D14"]


@pytest.fixture
def two_people(make_tube: MakeTube, with_counts: WithCounts) -> list[TubeSummary]:
    """Two courses, one of many T cells with much CD4, one of few with much CD8."""
    tubes = []
    for row, (subject, n_cd3, cd4_share) in enumerate((("P1", 9_000, 0.7), ("P2", 3_000, 0.3))):
        for step, day in enumerate(DAYS):
            n = n_cd3 + 100 * step
            cd4 = round(n * cd4_share)
            counts = {Role.CD3: n, Role.CD4: cd4, Role.CD8: n - cd4}
            tubes.append(
                make_tube(
                    f"{subject}-D{day:g}",
                    subject_id=subject,
                    day=day,
                    row=10 * row + step,
                    **with_counts(counts),
                )
            )
    return tubes


def _exchange(tubes: list[TubeSummary], one: int, other: int) -> list[TubeSummary]:
    exchanged = list(tubes)
    for here, there in ((one, other), (other, one)):
        exchanged[here] = replace(
            tubes[here], counts=tubes[there].counts, populations=tubes[there].populations
        )
    return exchanged


def test_exchanged_tubes_are_both_named(two_people: list[TubeSummary]) -> None:
    warned = _warned(check_swaps(_exchange(two_people, 2, 7), LIMITS))

    assert list(warned) == ["P1-D7", "P2-D7"]
    assert warned["P1-D7"].endswith("from those of P2: the tubes may be exchanged.")


def test_tubes_in_their_own_course_pass(two_people: list[TubeSummary]) -> None:
    found = check_swaps(two_people, LIMITS)

    assert len(found) == 10
    assert {one.severity for one in found} == {Severity.PASS}


def test_a_jump_towards_nobody_is_no_swap(
    two_people: list[TubeSummary], with_counts: WithCounts
) -> None:
    jump = with_counts({Role.CD3: 11_900, Role.CD4: 11_800, Role.CD8: 100})
    two_people[2] = replace(two_people[2], **jump)  # type: ignore[arg-type]  # fields of TubeSummary

    found = {one.sample_id: one for one in check_swaps(two_people, LIMITS)}

    assert found["P1-D7"].severity is Severity.PASS
    assert found["P1-D7"].message.endswith("other days, but no nearer to another subject's.")


def test_one_subject_or_short_courses_have_nothing_to_exchange(
    two_people: list[TubeSummary],
) -> None:
    assert check_swaps(two_people[:5], LIMITS) == ()
    assert check_swaps([*two_people[:5], *two_people[5:7]], LIMITS) == ()


def test_the_ratio_is_that_of_car_negative_cells_where_it_is_known(
    two_people: list[TubeSummary],
) -> None:
    tubes = [
        replace(
            tube,
            populations=(),
            counts={
                Role.CD4: 5_000,
                Role.CD8: 5_000,
                Role.CAR_NEGATIVE_CD4: tube.counts[Role.CD4],
                Role.CAR_NEGATIVE_CD8: tube.counts[Role.CD8],
            },
        )
        for tube in two_people
    ]

    assert list(_warned(check_swaps(_exchange(tubes, 2, 7), LIMITS))) == ["P1-D7", "P2-D7"]


def test_few_cells_have_no_ratio(two_people: list[TubeSummary]) -> None:
    tubes = [
        replace(tube, populations=(), counts={Role.CD4: 49, Role.CD8: 5_000}) for tube in two_people
    ]

    enough = [replace(tube, counts={Role.CD4: 50, Role.CD8: 50}) for tube in tubes]
    half = [replace(tube, counts={Role.CD4: 5_000}) for tube in tubes]

    assert check_swaps(tubes, LIMITS) == check_swaps(half, LIMITS) == ()
    assert len(check_swaps(enough, LIMITS)) == 10


def test_seven_of_ten_exchanged_tubes_are_named_and_hardly_another(
    make_tube: MakeTube, with_counts: WithCounts
) -> None:
    rng = np.random.default_rng(11)
    hits = others = false = 0
    for _ in range(15):
        tubes = _people(rng, make_tube, with_counts)
        false += len(_warned(check_swaps(tubes, LIMITS)))
        one, other = rng.choice(6, 2, replace=False) * 5 + rng.integers(0, 5, 2)
        named = set(_warned(check_swaps(_exchange(tubes, one, other), LIMITS)))
        exchanged = {tubes[one].sample_id, tubes[other].sample_id}
        hits += len(named & exchanged)
        others += len(named - exchanged)

    assert hits >= 15  # of 30
    assert (false + others) / (2 * 15 * 30) < 0.01


def _people(
    rng: np.random.Generator, make_tube: MakeTube, with_counts: WithCounts
) -> list[TubeSummary]:
    tubes: list[TubeSummary] = []
    for subject in range(6):
        t_cells, ratio = rng.normal(1.0, 1.0), rng.normal(0.2, 0.7)
        for day in DAYS:
            t_cells, ratio = t_cells + rng.normal(0.0, 0.3), ratio + rng.normal(0.0, 0.15)
            n_cd3 = rng.binomial(12_000, 1.0 / (1.0 + np.exp(-t_cells - rng.normal(0.0, 0.15))))
            cd4 = rng.binomial(n_cd3, 1.0 / (1.0 + np.exp(-ratio - rng.normal(0.0, 0.15))))
            counts = {Role.CD3: int(n_cd3), Role.CD4: int(cd4), Role.CD8: int(n_cd3 - cd4)}
            name = f"P{subject}"
            row = len(tubes)
            tubes.append(
                make_tube(
                    f"{name}-D{day:g}", subject_id=name, day=day, row=row, **with_counts(counts)
                )
            )
    return tubes
