"""FlowJo 10 workspaces: the counts FlowJo stored, and files that are none."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from carflow.errors import GatesError
from carflow.fcs.reader import read_fcs
from carflow.gating.engine import gate
from carflow.gating.flowjo import parse_workspace
from carflow.gating.reading import read_gates, read_workspace
from carflow.gating.shapes import Polygon, Rectangle
from carflow.gating.strategy import Population, Strategy

if TYPE_CHECKING:
    from collections.abc import Callable

DIAMOND = "gating/flowkit/data/simple_diamond_example"
LINE = "gating/flowkit/data/simple_line_example"


def stored_count(population: Population) -> int:
    words = population.description.split()
    assert words[:2] == ["FlowJo", "counted"]
    return int(words[2])


def has_binned_ancestor(strategy: Strategy, population: Population) -> bool:
    lines = [population.path[:length] for length in range(1, len(population.path) + 1)]
    return any(isinstance(one.shape, Polygon) for one in strategy.populations if one.path in lines)


def test_the_fifteen_populations_of_the_flowsom_workspace(corpus: Path) -> None:
    folder = corpus / "gating/flowsom/inst/extdata"
    strategy = read_gates(folder / "gating.wsp")
    gated = gate(read_fcs(folder / "68983.fcs"), strategy)
    assert len(strategy.populations) == 15
    for one in strategy.populations:
        assert isinstance(one.shape, (Polygon, Rectangle))
        stored = stored_count(one)
        ours = gated.counts["/".join(one.path)]
        # below a polygon a rectangle inherits the events along its edges
        assert has_binned_ancestor(strategy, one)
        assert abs(ours - stored) <= max(5, 0.005 * stored), one.name


def test_rectangles_keep_the_share_of_their_parent(corpus: Path) -> None:
    folder = corpus / "gating/flowsom/inst/extdata"
    strategy = read_gates(folder / "gating.wsp")
    gated = gate(read_fcs(folder / "68983.fcs"), strategy)
    by_path = {one.path: one for one in strategy.populations}
    checked = 0
    for one in strategy.populations:
        if not isinstance(one.shape, Rectangle):
            continue
        lost = stored_count(by_path[one.parent]) - stored_count(one)
        ours = gated.counts["/".join(one.parent)] - gated.counts["/".join(one.path)]
        extra = gated.counts["/".join(one.parent)] - stored_count(by_path[one.parent])
        assert abs(ours - lost) <= max(extra, 0), one.name
        checked += 1
    assert checked == 12


@pytest.mark.parametrize(
    "workspace",
    [
        "simple_diamond_example_quad_gate.wsp",
        "test_data_diamond_biex_rect.wsp",
        "test_data_diamond_asinh_rect.wsp",
        "test_data_diamond_asinh_rect2.wsp",
    ],
)
def test_rectangles_are_exact_on_every_scale(corpus: Path, workspace: str) -> None:
    strategy = read_gates(corpus / DIAMOND / workspace)
    gated = gate(read_fcs(corpus / DIAMOND / "test_data_diamond_01.fcs"), strategy)
    for one in strategy.populations:
        assert gated.counts[one.name] == stored_count(one)


@pytest.mark.parametrize(
    ("workspace", "name", "events"),
    [
        ("single_ellipse_51_events.wsp", "ellipse1", 51),
        ("simple_poly_and_rect_v2_poly50.wsp", "poly1", 50),
    ],
)
def test_ellipses_and_polygons_of_flowkits_examples(
    corpus: Path, workspace: str, name: str, events: int
) -> None:
    strategy = read_gates(corpus / LINE / workspace)
    gated = gate(read_fcs(corpus / LINE / "data_set_simple_line_100.fcs"), strategy)
    assert gated.counts[name] == events


def test_a_workspace_of_several_samples_needs_to_be_told_which(corpus: Path) -> None:
    path = corpus / "gating/flowkit/data/8_color_data_set/8_color_ICS_simple.wsp"
    strategies = read_workspace(path)
    first = next(iter(strategies))
    assert read_gates(path, sample=first) == strategies[first]
    assert strategies[first].matrices["workspace"].dyes
    with pytest.raises(GatesError) as caught:
        read_gates(path)
    assert str(caught.value) == (
        f"{path}: the workspace has gates for 3 samples "
        "(say for which: read_gates(path, sample=...))"
    )
    with pytest.raises(GatesError) as caught:
        read_gates(path, sample="another")
    assert str(caught.value) == (
        f"{path}: the workspace has gates for 3 samples, but not for the one asked for "
        "(read_workspace(path) lists them)"
    )


SPACES = " ".join(
    f'xmlns:{prefix}="http://www.isac-net.org/std/Gating-ML/v2.0/{part}"'
    for prefix, part in [
        ("gating", "gating"),
        ("transforms", "transformations"),
        ("data-type", "datatypes"),
    ]
)


def made_workspace(populations: str, *, version: str = "10.8.1") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Workspace flowJoVersion="{version}" {SPACES}>
  <Groups/>
  <SampleList><Sample>
    <DataSet uri="file:///etc/passwd" sampleID="1"/>
    <transforms:spilloverMatrix name="m" prefix="Comp-" suffix="" spectral="0">
      <data-type:parameters>
        <data-type:parameter data-type:name="B1"/><data-type:parameter data-type:name="V1"/>
      </data-type:parameters>
      <transforms:spillover data-type:parameter="B1">
        <transforms:coefficient data-type:parameter="B1" transforms:value="1"/>
        <transforms:coefficient data-type:parameter="V1" transforms:value="0.5"/>
      </transforms:spillover>
      <transforms:spillover data-type:parameter="V1">
        <transforms:coefficient data-type:parameter="B1" transforms:value="0"/>
        <transforms:coefficient data-type:parameter="V1" transforms:value="1"/>
      </transforms:spillover>
    </transforms:spilloverMatrix>
    <Transformations>
      <transforms:log transforms:offset="1" transforms:decades="4">
        <data-type:parameter data-type:name="V1"/>
      </transforms:log>
    </Transformations>
    <Keywords/>
    <SampleNode name="one" sampleID="1"><Subpopulations>{populations}</Subpopulations></SampleNode>
  </Sample></SampleList>
</Workspace>""".encode()


def range_gate(name: str, channel: str, *, inside: str = "1", low: str = "100") -> str:
    return f"""<Population name="{name}" owningGroup="" count="-1">
      <Gate><gating:RectangleGate eventsInside="{inside}">
        <gating:dimension gating:min="{low}">
          <data-type:fcs-dimension data-type:name="{channel}"/>
        </gating:dimension>
      </gating:RectangleGate></Gate></Population>"""


def test_the_prefix_tells_compensated_from_acquired_values() -> None:
    content = made_workspace(range_gate("raw", "V1") + range_gate("made", "Comp-V1"))
    raw, made = parse_workspace(content)["one"].populations
    assert [(one.name, one.compensated) for one in raw.dimensions] == [("V1", False)]
    assert [(one.name, one.compensated) for one in made.dimensions] == [("V1", True)]


def test_events_outside_and_boolean_gates_are_read() -> None:
    booleans = "".join(
        f'<{kind} name="{name}" owningGroup=""><Dependents>{refs}</Dependents></{kind}>'
        for kind, name, refs in [
            ("AndNode", "both", '<Dependent name="a|b"/><Dependent name="out"/>'),
            ("NotNode", "none", '<Dependent name="out"/>'),
        ]
    ).replace("a|b", "plain")
    content = made_workspace(
        range_gate("plain", "V1") + range_gate("out", "V1", inside="0") + booleans
    )
    strategy = parse_workspace(content)["one"]
    assert [one.outside for one in strategy.populations] == [False, True, False, False]
    assert [one.shape.kind for one in strategy.populations] == [
        "rectangle",
        "rectangle",
        "boolean",
        "boolean",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<Workspace/>", "is no FlowJo workspace"),
        (b'<Other flowJoVersion="10.1"/>', "is no FlowJo workspace"),
        (
            made_workspace("", version="9.7.2"),
            (
                "is a workspace of FlowJo 9; carflow reads those of FlowJo 10 "
                "(open and save it with FlowJo 10)"
            ),
        ),
        (made_workspace("", version="abc"), "is no FlowJo workspace"),
        (
            b'<Workspace flowJoVersion="10.1"><SampleList/></Workspace>',
            "FlowKit cannot read the workspace (save it again with FlowJo 10)",
        ),
        (
            made_workspace(range_gate("far", "V1", low="1e400")),
            'sample 1: population "far": "min" must be a finite number, found "1e400"',
        ),
        (
            made_workspace('<NotNode name="n" owningGroup=""><Dependents/></NotNode>'),
            'sample 1: population "n": a boolean gate needs at least one population',
        ),
    ],
)
def test_what_cannot_be_used_is_refused_by_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(GatesError) as caught:
        parse_workspace(content)
    assert str(caught.value) == sentence


Opened = list[object]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Every file that is opened through Python."""
    names: Opened = []
    import builtins

    true_open: Callable[..., object] = builtins.open

    def watched(name: object, *rest: object, **more: object) -> object:
        names.append(name)
        return true_open(name, *rest, **more)

    monkeypatch.setattr(builtins, "open", watched)
    return names


def test_nothing_is_opened_because_the_workspace_says_so(opened: Opened) -> None:
    parse_workspace(made_workspace(range_gate("raw", "V1")))
    opened.clear()
    assert list(parse_workspace(made_workspace(range_gate("raw", "V1")))) == ["one"]
    assert opened == []
