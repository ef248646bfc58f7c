from collections.abc import Callable
from dataclasses import replace

import pytest

from carflow.findings import Finding, Severity
from carflow.gating.strategy import AssayLimits, Role
from carflow.qc import population_checks
from carflow.qc.summary import TubeSummary
from carflow.study.model import SampleType
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
WithCounts = Callable[..., dict[str, object]]
LIMITS = QcLimits()


def test_a_sound_tube_passes_every_check(make_tube: MakeTube) -> None:
    found = [
        one for check in population_checks.POPULATION_CHECKS for one in check(make_tube(), LIMITS)
    ]

    assert [(one.code, one.severity) for one in found] == [
        ("QC-VIABILITY", Severity.PASS),
        ("QC-EMPTY-GATE", Severity.PASS),
        ("QC-T-SUM", Severity.PASS),
        ("QC-CAR-EVENTS", Severity.PASS),
        ("QC-RATE", Severity.PASS),
    ]


def test_without_gates_only_the_rate_is_known(make_tube: MakeTube) -> None:
    bare = make_tube(gates_name="", counts={}, populations=(), assay=None)

    found = [one for check in population_checks.POPULATION_CHECKS for one in check(bare, LIMITS)]

    assert [one.code for one in found] == ["QC-RATE"]


@pytest.mark.parametrize(
    ("live", "severity", "message"),
    [
        (16_000, Severity.PASS, "80.0 % of 20,000 cells are viable."),
        (
            15_998,
            Severity.WARN,
            "80.0 % of 20,000 cells are viable, less than 80 %: dead cells bind antibodies.",
        ),
        (
            9_000,
            Severity.FAIL,
            (
                "45.0 % of 20,000 cells are viable, less than 50 %: the tube says little about "
                "living cells."
            ),
        ),
    ],
)
def test_few_viable_cells_warn_and_fail(
    make_tube: MakeTube, with_counts: WithCounts, live: int, severity: Severity, message: str
) -> None:
    tube = make_tube(**with_counts({Role.LIVE: live}))

    assert population_checks.check_viability(tube, LIMITS) == (
        Finding(
            code="QC-VIABILITY",
            severity=severity,
            message=message,
            sample_id="P01-D07",
            value=live / 200,
            limit="warn < 80 %, fail < 50 %",
        ),
    )


def test_viability_is_of_cd45_where_the_live_gate_lies_in_it(make_tube: MakeTube) -> None:
    tube = make_tube()
    live = tube.population(Role.LIVE)
    assert live is not None
    inside = replace(live, lineage=(Role.CELLS, Role.CD45, Role.LIVE))

    (found,) = population_checks.check_viability(
        replace(tube, populations=(inside,), counts={Role.CELLS: 90_000, Role.CD45: 20_000}),
        LIMITS,
    )

    assert found.message == "95.0 % of 20,000 CD45+ events are viable."


def test_viability_needs_cells_and_enough_of_them(
    make_tube: MakeTube, with_counts: WithCounts
) -> None:
    few = make_tube(**with_counts({Role.CELLS: 499, Role.LIVE: 10}))
    live = few.population(Role.LIVE)
    assert live is not None
    alone = replace(few, populations=(replace(live, lineage=(Role.LIVE,)),))

    (too_few,) = population_checks.check_viability(few, LIMITS)
    (unknown,) = population_checks.check_viability(alone, LIMITS)

    assert (too_few.severity, too_few.message) == (
        Severity.INFO,
        "Only 499 events in the denominator, fewer than 500: the share was not judged.",
    )
    assert (unknown.severity, unknown.message) == (
        Severity.INFO,
        (
            "The gate of viable events lies neither in a population of cells nor in CD45+: "
            "viability could not be checked."
        ),
    )


def test_an_empty_gate_below_many_events_warns(
    make_tube: MakeTube, with_counts: WithCounts
) -> None:
    tube = make_tube(**with_counts({Role.CD8: 0}))

    (found,) = population_checks.check_empty_gates(tube, LIMITS)

    assert found == Finding(
        code="QC-EMPTY-GATE",
        severity=Severity.WARN,
        message='A gate holds no event: "cd8" of 9,000 events in "cd3".',
        sample_id="P01-D07",
        value=1.0,
        limit="warn > 0 of 500 or more",
    )


def test_an_empty_gate_of_the_whole_file_says_so(
    make_tube: MakeTube, with_counts: WithCounts
) -> None:
    tube = make_tube(**with_counts({Role.SINGLETS: 0}))
    singlets = tube.population(Role.SINGLETS)
    assert singlets is not None

    (found,) = population_checks.check_empty_gates(
        replace(tube, populations=(replace(singlets, parent_count=25_000),)), LIMITS
    )

    assert found.message == 'A gate holds no event: "singlets" of 25,000 events in the file.'


@pytest.mark.parametrize("role", [Role.CAR, Role.BEADS])
def test_no_car_cells_and_no_beads_are_no_empty_gates(
    make_tube: MakeTube, with_counts: WithCounts, role: Role
) -> None:
    (found,) = population_checks.check_empty_gates(make_tube(**with_counts({role: 0})), LIMITS)

    assert found.severity is Severity.PASS


def test_a_small_parent_or_a_population_without_a_role_may_be_empty(
    make_tube: MakeTube, with_counts: WithCounts
) -> None:
    small = make_tube(**with_counts({Role.CD3: 499, Role.CD8: 0}))
    tube = make_tube(**with_counts({Role.CD8: 0}))
    unplayed = replace(
        tube,
        populations=tuple(
            replace(one, roles=()) if Role.CD8 in one.roles else one for one in tube.populations
        ),
    )

    for sound in (small, unplayed):
        (found,) = population_checks.check_empty_gates(sound, LIMITS)
        assert found.severity is Severity.PASS


def test_a_missing_stain_of_an_fmo_tube_is_told_and_not_judged(
    make_tube: MakeTube, with_counts: WithCounts
) -> None:
    tube = make_tube(sample_type=SampleType.FMO, **with_counts({Role.CD8: 0}))

    (found,) = population_checks.check_empty_gates(tube, LIMITS)

    assert (found.severity, found.message) == (
        Severity.INFO,
        'A gate holds no event: "cd8" of 9,000 events in "cd3"; an FMO tube lacks a stain.',
    )


@pytest.mark.parametrize(
    ("cd8", "severity", "message"),
    [
        (2_650, Severity.PASS, "CD4+ and CD8+ together are 85.0 % of CD3+."),
        (
            2_640,
            Severity.WARN,
            (
                "CD4+ and CD8+ together are 84.9 % of CD3+: a CD4 or CD8 gate cuts T cells off, or "
                "many are double negative."
            ),
        ),
        (4_450, Severity.PASS, "CD4+ and CD8+ together are 105.0 % of CD3+."),
        (
            4_460,
            Severity.WARN,
            (
                "CD4+ and CD8+ together are 105.1 % of CD3+: the CD4 and CD8 gates overlap, or are "
                "not gates of CD3+."
            ),
        ),
    ],
)
def test_subsets_make_up_the_t_cells(
    make_tube: MakeTube, with_counts: WithCounts, cd8: int, severity: Severity, message: str
) -> None:
    (found,) = population_checks.check_t_sum(make_tube(**with_counts({Role.CD8: cd8})), LIMITS)

    assert (found.severity, found.message) == (severity, message)
    assert found.limit == "warn outside 85 to 105 %"


def test_subsets_of_car_positive_and_negative_cells_add_up(make_tube: MakeTube) -> None:
    counts = {
        Role.CD3: 1_000,
        Role.CAR_CD4: 300,
        Role.CAR_CD8: 200,
        Role.CAR_NEGATIVE_CD4: 200,
        Role.CAR_NEGATIVE_CD8: 100,
    }

    (found,) = population_checks.check_t_sum(make_tube(counts=counts), LIMITS)

    assert (found.severity, found.value) == (Severity.WARN, 80.0)


def test_subsets_are_judged_of_enough_t_cells_and_not_in_fmo_tubes(make_tube: MakeTube) -> None:
    counts = {Role.CD3: 499, Role.CD4: 0, Role.CD8: 0}

    (few,) = population_checks.check_t_sum(make_tube(counts=counts), LIMITS)
    (enough,) = population_checks.check_t_sum(make_tube(counts={**counts, Role.CD3: 500}), LIMITS)

    assert (few.severity, enough.severity) == (Severity.INFO, Severity.WARN)
    assert population_checks.check_t_sum(make_tube(sample_type=SampleType.FMO), LIMITS) == ()
    assert population_checks.check_t_sum(make_tube(counts={Role.CD3: 9_000}), LIMITS) == ()


@pytest.mark.parametrize(
    ("car", "sensitivity", "severity", "message"),
    [
        (50, None, Severity.PASS, "50 CAR+ events, enough to quantify."),
        (
            20,
            None,
            Severity.WARN,
            "20 CAR+ events: detected, but fewer than the 50 needed to quantify.",
        ),
        (
            49,
            None,
            Severity.WARN,
            "49 CAR+ events: detected, but fewer than the 50 needed to quantify.",
        ),
        (
            19,
            None,
            Severity.INFO,
            (
                "19 CAR+ events, fewer than the 20 needed to detect: among 9,000 CD3+ events 0.22 "
                "% could have been seen; the gates state no required sensitivity to hold it to."
            ),
        ),
        (
            0,
            0.5,
            Severity.PASS,
            (
                "0 CAR+ events, fewer than the 20 needed to detect: among 9,000 CD3+ events 0.22 % "
                "could have been seen, the required 0.5 % or less."
            ),
        ),
        (
            0,
            0.1,
            Severity.WARN,
            (
                "0 CAR+ events, fewer than the 20 needed to detect: among 9,000 CD3+ events 0.22 % "
                "could have been seen, not the required 0.1 %."
            ),
        ),
    ],
)
def test_car_events_are_held_to_the_limits_of_the_assay(
    make_tube: MakeTube,
    with_counts: WithCounts,
    car: int,
    sensitivity: float | None,
    severity: Severity,
    message: str,
) -> None:
    tube = make_tube(
        assay=AssayLimits(required_sensitivity_pct=sensitivity), **with_counts({Role.CAR: car})
    )

    (found,) = population_checks.check_car_events(tube, LIMITS)

    assert (found.severity, found.message, found.value) == (severity, message, float(car))


def test_no_car_cell_and_no_t_cell_warns(make_tube: MakeTube) -> None:
    (found,) = population_checks.check_car_events(
        make_tube(counts={Role.CAR: 0, Role.CD3: 0}), LIMITS
    )

    assert (found.severity, found.message) == (
        Severity.WARN,
        (
            "0 CAR+ events, fewer than the 20 needed to detect, and no CD3+ event among which they "
            "could have been."
        ),
    )


@pytest.mark.parametrize("sample_type", [SampleType.PRE_INFUSION, SampleType.FMO])
def test_car_events_of_controls_are_not_missed(
    make_tube: MakeTube, with_counts: WithCounts, sample_type: SampleType
) -> None:
    tube = make_tube(sample_type=sample_type, **with_counts({Role.CAR: 0}))

    assert population_checks.check_car_events(tube, LIMITS) == ()


@pytest.mark.parametrize(
    ("duration_s", "severity", "message"),
    [
        (60.0, Severity.PASS, "25,000 events in 60 s are 417 a second."),
        (
            2_501.0,
            Severity.WARN,
            (
                "25,000 events in 2,501 s are 9.996 a second: a clog, a pause, or an export of a "
                "part of the events."
            ),
        ),
        (
            0.4,
            Severity.WARN,
            (
                "25,000 events in 0.4 s are 62,500 a second: more than a cytometer counts; the "
                "times or the events are not of this tube."
            ),
        ),
        (
            None,
            Severity.INFO,
            "The file states no acquisition time: its event rate could not be checked.",
        ),
        (
            0.0,
            Severity.INFO,
            "The file states no acquisition time: its event rate could not be checked.",
        ),
    ],
)
def test_events_and_time_go_together(
    make_tube: MakeTube, duration_s: float | None, severity: Severity, message: str
) -> None:
    (found,) = population_checks.check_rate(make_tube(duration_s=duration_s), LIMITS)

    assert (found.severity, found.message) == (severity, message)


def test_a_file_without_events_has_no_rate(make_tube: MakeTube) -> None:
    assert population_checks.check_rate(make_tube(n_events=0), LIMITS) == ()
