"""Gating-ML documents that are wrong or hostile, and what the standard leaves to the reader."""

from collections.abc import Callable

import numpy as np
import pytest

from carflow.errors import GatesError, Problems
from carflow.gating.document import MAX_BYTES, checked_root
from carflow.gating.engine import gate
from carflow.gating.gatingml import gatingml_text
from carflow.gating.gatingml_reader import parse_gatingml
from carflow.gating.shapes import Interval, Quadrant, Rectangle
from carflow.gating.strategy import Role
from carflow.gating.template import parse_template
from carflow.gating.tube import Tube

STANDARD = "http://www.isac-net.org/std/Gating-ML/v2.0"
HEAD = (
    f'<gating:Gating-ML xmlns:gating="{STANDARD}/gating" '
    f'xmlns:transforms="{STANDARD}/transformations" xmlns:data-type="{STANDARD}/datatypes">'
)


def document(inner: str) -> bytes:
    return f"{HEAD}{inner}</gating:Gating-ML>".encode()


def dimension(name: str = "FSC-A", limits: str = 'gating:min="5"', matrix: str = "FCS") -> str:
    return (
        f'<gating:dimension {limits} gating:compensation-ref="{matrix}">'
        f'<data-type:fcs-dimension data-type:name="{name}"/></gating:dimension>'
    )


def rectangle(name: str, inner: str, parent: str = "") -> str:
    above = f' gating:parent_id="{parent}"' if parent else ""
    return f'<gating:RectangleGate gating:id="{name}"{above}>{inner}</gating:RectangleGate>'


def complaints(content: bytes) -> list[str]:
    with pytest.raises((GatesError, Problems)) as caught:
        parse_gatingml(content)
    if isinstance(caught.value, Problems):
        return [str(problem) for problem in caught.value.exceptions]
    return [str(caught.value)]


ENTITIES = '<!DOCTYPE r [<!ENTITY a "b">]>'
BOMB = (
    '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(8))
    + "]>"
)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not well-formed XML (line 1) (export it again)"),
        (b"<a><b></a>", "is not well-formed XML (line 1) (export it again)"),
        (
            ENTITIES.encode() + document(rectangle("g", dimension())),
            "has a DOCTYPE, which carflow does not accept (remove it; gates need none)",
        ),
        (
            b'<!DOCTYPE r SYSTEM "http://localhost:9/x.dtd">' + document(""),
            "has a DOCTYPE, which carflow does not accept (remove it; gates need none)",
        ),
        (
            b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>',
            "has a DOCTYPE, which carflow does not accept (remove it; gates need none)",
        ),
        (
            b"<a>" * 200 + b"</a>" * 200,
            "is nested more than 100 elements deep",
        ),
        (b"<a>" * 5000 + b"</a>" * 5000, "is not well-formed XML (line 1) (export it again)"),
        (b"<other/>", 'is no Gating-ML 2.0 document: its root element is "other"'),
        (b"<Workspace/>", 'is a FlowJo workspace (give it the ending ".wsp")'),
        (
            b'<g:Gating-ML xmlns:g="http://www.isac-net.org/std/Gating-ML/v1.5/gating"/>',
            "is Gating-ML of another version; carflow reads version 2.0",
        ),
        (document(""), "gates: no population is defined (add at least one [[population]])"),
        (
            document("".join(rectangle(f"g{i}", dimension()) for i in range(501))),
            "has more than 500 gates",
        ),
    ],
)
def test_what_is_hostile_or_something_else_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises((GatesError, Problems)) as caught:
        parse_gatingml(content)
    assert str(caught.value).endswith(sentence.removeprefix("gates: "))


def test_entities_are_never_expanded() -> None:
    with pytest.raises(GatesError, match=r"DOCTYPE|not well-formed"):
        parse_gatingml(BOMB.encode() + document(rectangle("&i;", dimension())))


def test_a_document_of_fifty_megabytes_is_not_even_parsed() -> None:
    with pytest.raises(GatesError) as caught:
        checked_root(b" " * (MAX_BYTES + 1))
    assert str(caught.value) == "holds 50 MB; gate files have at most 50"


@pytest.mark.parametrize("number", ["1e400", "nan", "INF", "-inf", "1_000", "five", "", "0x10"])
def test_a_bound_is_a_finite_number(number: str) -> None:
    content = document(rectangle("g", dimension(limits=f'gating:min="{number}"')))
    assert complaints(content) == [f'gate "g": "min" must be a finite number, found "{number}"']


LOGICLE = (
    '<transforms:transformation transforms:id="t"><transforms:logicle transforms:T="1000" '
    'transforms:W="{w}" transforms:M="4" transforms:A="0"/></transforms:transformation>'
)
ON_T = dimension(limits='gating:min="0.5" gating:transformation-ref="t"')


@pytest.mark.parametrize(
    ("inner", "sentences"),
    [
        (
            LOGICLE.format(w="3") + rectangle("g", ON_T) + rectangle("h", dimension(), "g"),
            ['transformation "t": w is 3; a logicle scale needs 0 ≤ w ≤ m / 2 (2)'],
        ),
        (
            rectangle("g", ON_T),
            [
                (
                    'gate "g": refers to "t", but there is no transformation of one dimension '
                    "of that id"
                )
            ],
        ),
        (
            rectangle("g", dimension(matrix="m")),
            ['gate "g": refers to "m", but there is no spectrumMatrix of that id'],
        ),
        (
            rectangle("g", dimension(), "absent"),
            ['gate "g": parent "absent" is not defined (defined: none)'],
        ),
        (
            rectangle("a", dimension(), "b") + rectangle("b", dimension(), "a"),
            ['gate "a": its parents form a circle: a → b → a'],
        ),
        (
            rectangle("a", dimension()) * 2,
            ['gate "a": this id is used 2 times'],
        ),
        (
            rectangle("a", dimension(limits='gating:min="2" gating:max="1"')),
            ['gate "a": the low bound (2) is not below the high bound (1)'],
        ),
        (
            '<gating:OvalGate gating:id="o"/>' + rectangle("a", ""),
            [
                (
                    'gate "o": "OvalGate" is no gate of Gating-ML 2.0 (known: RectangleGate, '
                    "PolygonGate, EllipsoidGate, BooleanGate, QuadrantGate)"
                ),
                'gate "a": a rectangle needs at least one dimension',
            ],
        ),
        (
            (
                '<gating:BooleanGate gating:id="b"><gating:not>'
                '<gating:gateReference gating:ref="x"/></gating:not></gating:BooleanGate>'
            ),
            ['gate "b": population "x" is not defined (defined: b)'],
        ),
        (
            '<gating:PolygonGate gating:id="p">'
            + dimension(limits="") * 2
            + '<gating:vertex><gating:coordinate data-type:value="1"/></gating:vertex>'
            "</gating:PolygonGate>",
            ['gate "p": vertex 1: has 1 coordinates, not two'],
        ),
    ],
)
def test_what_is_wrong_is_said_with_the_id_of_the_gate(inner: str, sentences: list[str]) -> None:
    assert complaints(document(inner)) == sentences


def test_a_quadrant_takes_the_interval_its_location_is_in() -> None:
    inner = (
        '<gating:QuadrantGate gating:id="q">'
        '<gating:divider gating:id="d" gating:compensation-ref="uncompensated">'
        '<data-type:fcs-dimension data-type:name="FSC-A"/>'
        "<gating:value>70</gating:value><gating:value>-28</gating:value></gating:divider>"
        + "".join(
            f'<gating:Quadrant gating:id="c{i}"><gating:position gating:divider_ref="d" '
            f'gating:location="{at}"/></gating:Quadrant>'
            for i, at in enumerate((-100, -28, 70))
        )
        + "</gating:QuadrantGate>"
    )
    inf = float("inf")
    shapes = [one.shape for one in parse_gatingml(document(inner)).populations]
    assert shapes == [
        Quadrant(lows=(-inf,), highs=(-28.0,)),
        Quadrant(lows=(-28.0,), highs=(70.0,)),
        Quadrant(lows=(70.0,), highs=(inf,)),
    ]


def test_a_dimension_without_bounds_is_open() -> None:
    inner = rectangle("a", dimension(limits="")) + rectangle("b", dimension() * 3)
    first, second = (one.shape for one in parse_gatingml(document(inner)).populations)
    inf = float("inf")
    assert first == Interval()
    assert second == Rectangle(lows=(5.0,) * 3, highs=(inf,) * 3)


def test_a_detector_of_a_square_matrix_means_its_dye(make_tube: Callable[..., Tube]) -> None:
    matrix = (
        '<transforms:spectrumMatrix transforms:id="m" {flag}><transforms:fluorochromes>'
        '<data-type:fcs-dimension data-type:name="FITC"/>'
        '<data-type:fcs-dimension data-type:name="PE"/></transforms:fluorochromes>'
        '<transforms:detectors><data-type:fcs-dimension data-type:name="B1"/>'
        '<data-type:fcs-dimension data-type:name="V1"/></transforms:detectors>{rows}'
        "</transforms:spectrumMatrix>"
    )

    def rows(*numbers: tuple[float, float]) -> str:
        return "".join(
            "<transforms:spectrum>"
            + "".join(f'<transforms:coefficient transforms:value="{one}"/>' for one in row)
            + "</transforms:spectrum>"
            for row in numbers
        )

    gates = "".join(
        rectangle(name.lower(), dimension(name, 'gating:min="80"', "m"))
        for name in ("FITC", "B1", "PE", "SSC-A")
    )
    spill = matrix.format(flag="", rows=rows((1, 0.5), (0, 1)))
    inverse = matrix.format(
        flag='transforms:matrix-inverted-already="true"', rows=rows((1, -0.5), (0, 1))
    )
    events = np.zeros((2, 6))
    events[:, 1:4] = [[100.0, 100.0, 120.0], [50.0, 70.0, 150.0]]
    for text in (spill, inverse):
        gated = gate(make_tube(events), parse_gatingml(document(text + gates)))
        assert gated.mask("fitc").tolist() == gated.mask("b1").tolist() == [True, False]
        assert gated.mask("pe").tolist() == [False, True]
        assert gated.mask("ssc-a").tolist() == [True, False]
        assert gated.uncovered == ("SSC-A",)
        assert gated.channels["FITC"] == "B1"


def test_names_roles_and_outsides_come_back(template: str) -> None:
    text = template.replace('name = "beads"', 'name = "beads <&\\"\\n\\u00e9>"\noutside = true')
    text = text.replace('beads = "beads"', "")
    strategy = parse_template(text)
    again = parse_gatingml(gatingml_text(strategy).encode())
    assert [one.path for one in again.populations] == [one.path for one in strategy.populations]
    assert [one.outside for one in again.populations] == [
        one.outside for one in strategy.populations
    ]
    assert again.roles[Role.CAR_CD4] == "time/cells/CD3+/CAR+/CD4+"
    assert (again.name, again.panel_id, again.time) == ("T cells", "small", "seconds")


def test_a_long_line_of_parents_in_reverse_is_read_in_no_time() -> None:
    inner = "".join(
        rectangle(f"g{i}", dimension(), f"g{i + 1}" if i < 499 else "") for i in range(500)
    )
    populations = parse_gatingml(document(inner)).populations
    assert [one.name for one in populations] == [f"g{i}" for i in reversed(range(500))]
