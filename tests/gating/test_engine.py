"""The engine against a slow twin, and the rules no engine may break."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carflow.errors import AnalysisError, GatesError, Problems
from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs
from carflow.gating.compensation import CompensationState
from carflow.gating.engine import gate
from carflow.gating.scales import Asinh, Identity, Log, Logicle, Scale
from carflow.gating.shapes import Interval, Polygon, Quadrant, Rectangle, Shape
from carflow.gating.strategy import ALL_EVENTS, Dimension, Plot, Population, Role, Strategy
from carflow.gating.template import parse_template
from carflow.gating.tube import Tube

MATRIX = np.array([[1.0, 0.12, 0.0], [0.03, 1.0, 0.2], [0.0, 0.05, 1.0]])
CHANNEL = {"FSC-A": 0, "SSC-A": 1, "CD3": 2, "CD4": 3, "CAR": 4, "Time": 5}
FLUORESCENCE = Logicle(t=262144.0, w=0.5, m=4.5, a=0.0)
AXES = [
    Dimension(name="FSC-A", scale=Identity(), compensated=False),
    Dimension(name="SSC-A", scale=Identity(), compensated=False),
    Dimension(name="CD3", scale=FLUORESCENCE, compensated=True),
    Dimension(name="CD4", scale=Asinh(t=262144.0, m=4.5, a=0.5), compensated=True),
    Dimension(name="CAR", scale=Log(t=262144.0, m=5.0), compensated=False),
]

# --- the slow twin: one event at a time, loops and floats -----------------------------------


def slow_value(event: Sequence[float], axis: Dimension, inverse: np.ndarray) -> float:
    channel = CHANNEL[axis.name]
    if not axis.compensated:
        return float(event[channel])
    return math.fsum(float(event[2 + k]) * float(inverse[k, channel - 2]) for k in range(3))


def slow_scaled(value: float, scale: Scale) -> float:
    return float(scale.forward(np.array([value]))[0])


def slow_inside(shape: Shape, point: Sequence[float]) -> bool:
    if isinstance(shape, Polygon):
        x, y = point
        odd = False
        for (x0, y0), (x1, y1) in zip(
            shape.vertices, (*shape.vertices[1:], shape.vertices[0]), strict=True
        ):
            if (y0 <= y) != (y1 <= y):
                odd ^= x < x0 + (y - y0) * (x1 - x0) / (y1 - y0)
        return odd
    return all(low <= v < high for v, (low, high) in zip(point, shape.bounds, strict=True))


def slow_members(events: np.ndarray, strategy: Strategy) -> dict[tuple[str, ...], list[bool]]:
    inverse = np.linalg.inv(MATRIX)
    members: dict[tuple[str, ...], list[bool]] = {(): [True] * len(events)}
    for one in strategy.populations:
        members[one.path] = [
            above
            and slow_inside(
                one.shape,
                [
                    slow_scaled(slow_value(event, axis, inverse), axis.scale)
                    for axis in one.dimensions
                ],
            )
            for event, above in zip(events, members[one.parent], strict=True)
        ]
    return members


# --- random trees ---------------------------------------------------------------------------


@st.composite
def shapes(draw: st.DrawFn) -> tuple[Shape, tuple[Dimension, ...]]:
    axes = draw(st.lists(st.sampled_from(AXES), min_size=2, max_size=2, unique=True))
    kind = draw(st.sampled_from(["interval", "rectangle", "quadrant", "polygon"]))

    def place(axis: Dimension) -> float:
        top = 260_000.0 if isinstance(axis.scale, Identity) else 20_000.0
        return slow_scaled(draw(st.floats(5.0, top)), axis.scale)

    if kind == "polygon":
        corners = draw(st.integers(3, 6))
        vertices = tuple((place(axes[0]), place(axes[1])) for _ in range(corners))
        return Polygon(vertices=vertices), tuple(axes)
    if kind == "interval":
        return Interval(low=place(axes[0])), (axes[0],)
    if kind == "rectangle":
        ends = [sorted((place(axis), place(axis))) for axis in axes]
        lows, highs = tuple(end[0] for end in ends), tuple(end[1] + 1e-3 for end in ends)
        return Rectangle(lows=lows, highs=highs), tuple(axes)
    return Quadrant(lows=(place(axes[0]), -math.inf), highs=(math.inf, place(axes[1]))), tuple(axes)


@st.composite
def strategies(draw: st.DrawFn) -> Strategy:
    populations: list[Population] = []
    paths: list[tuple[str, ...]] = [()]
    for number in range(draw(st.integers(1, 7))):
        path = (*draw(st.sampled_from(paths)), f"p{number}")
        shape, axes = draw(shapes())
        paths.append(path)
        populations.append(Population(name=path[-1], path=path, shape=shape, dimensions=axes))
    return Strategy(name="random", populations=tuple(populations))


MakeTube = Callable[..., Tube]
MakeEvents = Callable[..., np.ndarray]
once_per_function = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@once_per_function
@given(strategy=strategies(), seed=st.integers(0, 1000))
def test_the_engine_is_its_slow_twin_event_for_event(
    make_tube: MakeTube, random_events: MakeEvents, strategy: Strategy, seed: int
) -> None:
    events = random_events(150, seed)
    gated = gate(make_tube(events, matrix=MATRIX), strategy, chunk_events=64)
    expected = slow_members(events, strategy)
    for one in strategy.populations:
        assert gated.mask(strategy.short_name(one)).tolist() == expected[one.path]
        assert gated.counts[one.name] == sum(expected[one.path])


@once_per_function
@given(strategy=strategies(), seed=st.integers(0, 1000))
def test_a_child_is_inside_its_parent_and_order_does_not_matter(
    make_tube: MakeTube, random_events: MakeEvents, strategy: Strategy, seed: int
) -> None:
    events = random_events(100, seed)
    order = np.random.default_rng(seed).permutation(len(events))
    gated = gate(make_tube(events, matrix=MATRIX), strategy)
    shuffled = gate(make_tube(events[order], matrix=MATRIX), strategy)
    for one in strategy.populations:
        mask = gated.mask(one.name)
        assert np.array_equal(shuffled.mask(one.name), mask[order])
        if one.parent:
            assert not (mask & ~gated.mask(one.parent[-1])).any()


@pytest.mark.parametrize("chunk_events", [1, 8, 100, 1000, 5000, 1_000_000])
def test_the_chunk_size_changes_no_bit(
    make_tube: MakeTube, random_events: MakeEvents, template: str, chunk_events: int
) -> None:
    strategy = parse_template(template)
    tube = make_tube(random_events(3001), matrix=MATRIX)
    medians = [("CAR+", "CAR"), ("CD3+", "CD4")]
    reference = gate(tube, strategy, medians=medians, densities=strategy.plots)
    other = gate(
        tube, strategy, medians=medians, densities=strategy.plots, chunk_events=chunk_events
    )
    assert other == reference
    for name in strategy.short_names():
        assert np.array_equal(other.mask(name), reference.mask(name))


def test_an_event_on_the_bound_of_the_template_is_in(make_tube: MakeTube, template: str) -> None:
    below, on = np.nextafter(1000.0, 0.0), 1000.0
    events = np.array([[1e5, 1e5, value, 0.0, 0.0, 1.0] for value in (below, on)])
    gated = gate(make_tube(events), parse_template(template))
    # neighbours in float64 lie nearer than the logicle resolves; on float32 they do not
    assert gated.mask("CD3+")[1]
    neighbour = float(np.nextafter(np.float32(1000.0), np.float32(0.0)))
    events[0, 2] = neighbour
    assert gate(make_tube(events), parse_template(template)).mask("CD3+").tolist() == [False, True]


def test_the_cells_of_a_quadrant_share_out_their_parent(
    make_tube: MakeTube, random_events: MakeEvents, template: str
) -> None:
    gated = gate(make_tube(random_events(2000), matrix=MATRIX), parse_template(template))
    cells = ["CAR+CD4+", "CAR+CD4-", "CAR-CD4+", "CAR-CD4-"]
    assert np.array_equal(
        np.sum([gated.mask(name) for name in cells], axis=0), gated.mask("CD3+").astype(int)
    )
    assert min(gated.counts[name] for name in cells) > 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_event_without_a_number_leaves_every_population(
    make_tube: MakeTube, random_events: MakeEvents, template: str, value: float
) -> None:
    events = random_events(500)
    strategy = parse_template(template)
    whole = gate(make_tube(events, matrix=MATRIX), strategy)
    victim = int(np.flatnonzero(whole.mask("CD3+"))[0])
    events[victim, CHANNEL["CD4"]] = value
    holed = gate(make_tube(events, matrix=MATRIX), strategy)
    assert (whole.n_nonfinite, holed.n_nonfinite) == (0, 1)
    assert holed.n_events == 500
    for name in strategy.short_names():
        expected = whole.mask(name)
        expected[victim] = False
        assert np.array_equal(holed.mask(name), expected)


def test_what_no_gate_uses_cannot_set_an_event_aside(
    make_tube: MakeTube, random_events: MakeEvents
) -> None:
    events = random_events(50)
    events[3, CHANNEL["SSC-A"]] = np.nan
    events[4, CHANNEL["Time"]] = np.nan
    axis = AXES[0]
    one = Population(name="big", path=("big",), shape=Interval(low=1.0), dimensions=(axis,))
    strategy = Strategy(name="one", populations=(one,), dimensions=(AXES[1],))
    gated = gate(make_tube(events), strategy, medians=[("big", "SSC-A")])
    assert gated.n_nonfinite == 0
    assert gated.counts["big"] == 50
    assert gated.medians["big"]["SSC-A"] == np.nanmedian(events[:, 1])


def test_medians_are_of_linear_compensated_values(
    make_tube: MakeTube, random_events: MakeEvents, template: str
) -> None:
    events = random_events(1000)
    gated = gate(
        make_tube(events, matrix=MATRIX), parse_template(template), medians=[("CAR+", "CAR")]
    )
    compensated = events[:, 2:5] @ np.linalg.inv(MATRIX)
    expected = np.median(compensated[gated.mask("CAR+"), 2])
    assert gated.medians["CAR+"]["CAR"] == pytest.approx(expected, rel=1e-12)


def test_an_empty_population_has_no_median(make_tube: MakeTube, template: str) -> None:
    dim = np.array([[1e5, 1e5, 0.0, 0.0, 0.0, 5.0]])
    gated = gate(make_tube(dim), parse_template(template), medians=[("CAR+", "CAR")])
    assert gated.counts["CAR+"] == 0
    assert gated.medians == {}


def test_a_tube_without_events_gives_zeros(make_tube: MakeTube, template: str) -> None:
    strategy = parse_template(template)
    gated = gate(make_tube(np.empty((0, 6))), strategy, densities=strategy.plots)
    assert set(gated.counts.values()) == {0}
    assert gated.mask("CAR+").shape == (0,)
    assert gated.time_span_s is None
    assert gated.retained_time_fraction == 1.0
    assert sum(gated.densities[0].counts) == 0


def test_a_density_holds_every_event_and_finds_its_cell(make_tube: MakeTube, template: str) -> None:
    strategy = parse_template(template)
    bright, off_scale, negative = 1e5, 1e7, -1e6
    events = np.array([[1e5, 1e5, bright, 0.0, car, 5.0] for car in (bright, off_scale, negative)])
    density = gate(make_tube(events), strategy, densities=strategy.plots).densities[0]
    grid = np.array(density.counts).reshape(density.bins, density.bins)
    assert (density.population, density.gate) == ("CD3+", "CAR+")
    assert grid.sum() == 3
    low, high = density.x_edges
    column = int((slow_scaled(bright, FLUORESCENCE) - low) / (high - low) * density.bins)
    assert grid[[0, column, -1], column].tolist() == [1, 1, 1]


def test_a_density_of_all_events_needs_no_population(
    make_tube: MakeTube, random_events: MakeEvents, template: str
) -> None:
    plot = Plot(population=ALL_EVENTS, x=AXES[0], y=AXES[1], gate="cells")
    gated = gate(make_tube(random_events(77)), parse_template(template), densities=[plot])
    assert sum(gated.densities[0].counts) == 77


def test_the_time_gate_tells_how_much_of_the_acquisition_is_left(
    make_tube: MakeTube, template: str
) -> None:
    times = np.arange(0.0, 10.5, 0.5)
    events = np.array([[1e5, 1e5, 0.0, 0.0, 0.0, time] for time in times])
    gated = gate(make_tube(events), parse_template(template))
    assert gated.time_span_s == (0.0, 10.0)
    assert gated.time_gate_span_s == (1.0, 10.0)
    assert gated.retained_time_fraction == pytest.approx(0.9)


def test_without_a_time_gate_all_of_the_acquisition_counts(
    make_tube: MakeTube, random_events: MakeEvents
) -> None:
    one = Population(name="big", path=("big",), shape=Interval(low=1.0), dimensions=(AXES[0],))
    gated = gate(make_tube(random_events(20)), Strategy(name="one", populations=(one,)))
    assert gated.time_gate_span_s is None
    assert gated.retained_time_fraction == 1.0


def test_a_file_without_matrix_is_gated_uncompensated_and_says_so(
    make_tube: MakeTube, random_events: MakeEvents, template: str
) -> None:
    events = random_events(800)
    strategy = parse_template(template)
    bare = gate(make_tube(events), strategy)
    identity = gate(make_tube(events, matrix=np.eye(3)), strategy)
    assert (bare.compensated, bare.compensation) == (False, CompensationState.NO_MATRIX)
    assert (identity.compensated, identity.compensation) == (True, CompensationState.IDENTITY)
    assert bare.counts == identity.counts
    assert gate(make_tube(events, matrix=MATRIX), strategy).counts != bare.counts


def test_every_missing_marker_is_named_in_one_sentence(
    make_tube: MakeTube, random_events: MakeEvents
) -> None:
    names = ("CD45", "FSC-A", "CD19")
    axes = [Dimension(name=name, scale=Identity(), compensated=False) for name in names]
    populations = tuple(
        Population(name=axis.name, path=(axis.name,), shape=Interval(low=0.0), dimensions=(axis,))
        for axis in axes
    )
    with pytest.raises(AnalysisError) as caught:
        gate(make_tube(random_events(5)), Strategy(name="many", populations=populations))
    assert caught.value.code == "MARKER-MISSING"
    assert str(caught.value) == (
        "the gates need CD45 and CD19, which this tube does not have (it has: FSC-A, SSC-A, "
        "B1 (CD3), V1 (CD4), R1 (CAR), Time)"
    )


def test_time_that_cannot_be_used_costs_no_percentage(
    make_tube: MakeTube, random_events: MakeEvents, template: str
) -> None:
    strategy = parse_template(template)
    tube = make_tube(random_events(400), timestep_s=None)
    gated = gate(tube, strategy)
    assert gated.skipped == ("time",)
    assert gated.counts["time"] == 400
    assert gated.retained_time_fraction == 1.0


def test_a_gate_on_time_and_a_marker_needs_seconds(
    make_tube: MakeTube, random_events: MakeEvents
) -> None:
    axes = tuple(
        Dimension(name=name, scale=Identity(), compensated=False) for name in ("Time", "FSC-A")
    )
    both = Population(
        name="steady",
        path=("steady",),
        shape=Rectangle(lows=(0.0, 0.0), highs=(9.0, 9.0)),
        dimensions=axes,
    )
    with pytest.raises(AnalysisError) as caught:
        gate(
            make_tube(random_events(5), timestep_s=None),
            Strategy(name="one", populations=(both,)),
        )
    assert str(caught.value) == (
        'the gate "steady" is drawn in seconds, but this file does not say how long a tick of '
        "its time is ($TIMESTEP) (use a gate on time alone, which is left out for such a tube)"
    )


def test_an_unknown_population_or_marker_of_a_median_is_named(
    make_tube: MakeTube, random_events: MakeEvents, template: str
) -> None:
    tube, strategy = make_tube(random_events(5)), parse_template(template)
    with pytest.raises(GatesError, match=r'^population "CD8" is not defined'):
        gate(tube, strategy, medians=[("CD8", "CAR")])
    with pytest.raises(GatesError) as caught:
        gate(tube, strategy, medians=[("CAR+", "CD8")])
    assert str(caught.value) == (
        'no marker "CD8" in these gates (there are: Time, CD3, CD4, CAR, FSC-A, SSC-A)'
    )


def test_missing_and_ambiguous_markers_come_together(
    make_tube: MakeTube, random_events: MakeEvents
) -> None:
    tube = make_tube(random_events(5), markers=("", "", "CD3", "CD3", "", ""))
    populations = tuple(
        Population(name=name, path=(name,), shape=Interval(low=0.0), dimensions=(axis,))
        for name, axis in (("T", AXES[2]), ("CAR+", AXES[4]))
    )
    with pytest.raises(Problems) as caught:
        gate(tube, Strategy(name="two", populations=populations))
    codes = [one.code for one in caught.value.exceptions if isinstance(one, AnalysisError)]
    assert codes == ["MARKER-MISSING", "MARKER-AMBIGUOUS"]


def test_a_written_file_is_gated_as_its_events(
    make_tube: MakeTube, random_events: MakeEvents, template: str, tmp_path: Path
) -> None:
    events = random_events(5000).astype(np.float32)
    events[:, 5] = np.round(events[:, 5] * 100)  # ticks of 10 ms
    tube = make_tube(events * np.array([1, 1, 1, 1, 1, 0.01]), matrix=MATRIX)
    spill = ",".join(["3", "B1", "V1", "R1", *(repr(float(x)) for x in MATRIX.ravel())])
    path = tmp_path / "tube.fcs"
    write_fcs(
        path,
        events,
        channels=tube.panel.channels,
        markers=tube.panel.markers,
        keywords={"$SPILLOVER": spill, "$TIMESTEP": "0.01"},
    )
    strategy = parse_template(template)
    from_file, from_array = gate(read_fcs(path), strategy), gate(tube, strategy)
    assert from_file.counts == from_array.counts
    assert from_file.compensation is CompensationState.APPLIED
    assert from_file.counts[strategy.roles[Role.CAR]] > 0
    for name in strategy.short_names():
        assert np.array_equal(from_file.mask(name), from_array.mask(name))
