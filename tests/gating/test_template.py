"""Templates: what a good one becomes, and the sentence for each thing that can be wrong."""

import json
import math
import tomllib
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

import carflow
from carflow.errors import CarflowError, GatesError, Problems
from carflow.gating.models import schema, schema_text
from carflow.gating.scales import Asinh, Bounded, Hyperlog, Identity, Linear, Log, Logicle
from carflow.gating.shapes import (
    Boolean,
    Ellipsoid,
    Interval,
    Operand,
    Polygon,
    Quadrant,
    Rectangle,
)
from carflow.gating.strategy import AssayLimits, Ratio, Role
from carflow.gating.template import parse_template, read_template
from carflow.thresholds import QcLimits

HEAD = """
format = 1
name = "T cells"
compensation = "file"
scales.f = { type = "logicle", t = 262144, w = 0.5, m = 4.5, a = 0 }
markers = { CD3 = "f", CD4 = "f" }
"""
ONE = '[[population]]\nname = "a"\ninterval = { of = "CD3", low = 1 }\n'


def complaints(text: str) -> list[str]:
    with pytest.raises((CarflowError, Problems)) as caught:
        parse_template(text)
    if isinstance(caught.value, Problems):
        return [str(problem) for problem in caught.value.exceptions]
    return [str(caught.value)]


def test_a_template_becomes_a_strategy(template: str) -> None:
    strategy = parse_template(template)
    assert (strategy.name, strategy.panel_id, strategy.compensation) == ("T cells", "small", "file")
    assert strategy.short_names() == (
        "time", "beads", "cells", "CD3+", "CAR+CD4+", "CAR+CD4-", "CAR-CD4+", "CAR-CD4-", "CAR+",
        "CAR+/CD4+", "CD3+/CD4+",
    )  # fmt: skip
    assert strategy.roles[Role.CAR_CD4] == "CAR+/CD4+"
    assert strategy.limits == AssayLimits()
    kinds = [type(one.shape) for one in strategy.populations]
    assert (
        kinds == [Interval, Rectangle, Polygon, Interval, *[Quadrant] * 4, Polygon] + [Interval] * 2
    )


def test_coordinates_are_mapped_through_the_scale(template: str) -> None:
    strategy = parse_template(template)
    scale = Logicle(t=262144.0, w=0.5, m=4.5, a=0.0)
    low, high, divider = scale.forward(np.array([1000.0, 262144.0, 900.0])).tolist()
    assert strategy.find("CD3+").shape == Interval(low=low)
    assert strategy.find("CAR+").shape == Polygon(
        vertices=((low, low), (high, low), (high, high), (low, high))
    )
    assert strategy.find("CAR-CD4+").shape == Quadrant(
        lows=(-math.inf, divider), highs=(low, math.inf)
    )


def test_scatter_and_time_stay_as_they_are_and_are_never_compensated(template: str) -> None:
    strategy = parse_template(template)
    time = strategy.find("time")
    assert (time.shape, time.dimensions[0].scale) == (Interval(low=1.0), Identity())
    flags = {axis.name: axis.compensated for axis in strategy.dimensions}
    assert flags == {
        "Time": False, "CD3": True, "CD4": True, "CAR": True, "FSC-A": False, "SSC-A": False,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["VSSC-A", "FS INT", "SS Lin", "FSC 488/10-H", "fsc"])
def test_other_makers_names_of_scatter_are_scatter(name: str) -> None:
    text = HEAD.replace("CD4 = ", f'"{name}" = ') + ONE
    assert parse_template(text).dimension(name).compensated is False


@pytest.mark.parametrize("name", ["FL1-A", "SSEA4", "FSHR", "Timer"])
def test_a_marker_that_begins_alike_is_none(name: str) -> None:
    text = HEAD.replace("CD4 = ", f'"{name}" = ') + ONE
    assert parse_template(text).dimension(name).compensated is True


def test_a_marker_may_be_left_uncompensated() -> None:
    text = HEAD.replace('CD4 = "f"', 'CD4 = { scale = "f", compensated = false }') + ONE
    assert parse_template(text).dimension("CD4").compensated is False


def test_every_scale_has_its_words() -> None:
    scales = """
        scales.i = { type = "linear", t = 1000 }
        scales.l = { type = "flin", t = 1000, a = 10 }
        scales.g = { type = "log", t = 1000, m = 4 }
        scales.h = { type = "asinh", t = 1000, m = 4, a = 1 }
        markers = { A = "i", B = "l", C = "g", D = "h", CD3 = "f" }
    """
    strategy = parse_template(HEAD[: HEAD.index("markers")] + scales + ONE)
    assert [strategy.dimension(name).scale for name in "ABCD"] == [
        Identity(t=1000.0),
        Linear(t=1000.0, a=10.0),
        Log(t=1000.0, m=4.0),
        Asinh(t=1000.0, m=4.0, a=1.0),
    ]


def test_a_plot_shows_the_parent_of_its_gate_unless_told_otherwise(template: str) -> None:
    extra = '[[plot]]\nx = "CD3"\ny = "CAR"\ngate = "time"\n'
    other = '[[plot]]\npopulation = "cells"\nx = "CD3"\ny = "CAR"\ngate = "CAR+"\n'
    plots = parse_template(template + extra + other).plots
    assert [plot.population for plot in plots] == ["CD3+", "", "cells"]


def test_comments_and_order_of_keys_do_not_change_the_hash(template: str) -> None:
    assert parse_template("# drawn in May\n" + template).sha256 == parse_template(template).sha256


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("name = 1", ['"format" is missing (this version of carflow reads format = 1)']),
        ("format = 2", ['"format" is 2 (this version of carflow reads format = 1)']),
        ("format = [", ["is not valid TOML: invalid value (at end of document)"]),
        (HEAD, ['needs "population"']),
        (HEAD + "population = []", ["population: is empty (add at least one [[population]])"]),
        (
            HEAD.replace('"file"', '"File"') + ONE + "colour = 3\n[roels]\n",
            [
                'compensation: "File" is not known (did you mean "file"?)',
                (
                    'population "a": unknown key "colour" (known: name, parent, description, '
                    "interval, rectangle, polygon, ellipse, ellipsoid, quadrant, boolean, outside, "
                    "estimate)"
                ),
                'unknown key "roels" (did you mean "roles"?)',
            ],
        ),
        (
            HEAD + '[[population]]\nname = "a"\npolygon = { x = "CD3", y = "CD4", vertices = '
            '[[1, 2], [1], [1, "2"], [1, 2, 3], [inf, 2], 7] }',
            [
                (
                    'population "a": polygon: vertex 2: has too few numbers '
                    "(write a pair, as in [0, 1000])"
                ),
                'population "a": polygon: vertex 3: number 2: must be a number, found "2"',
                (
                    'population "a": polygon: vertex 4: has too many numbers '
                    "(write a pair, as in [0, 1000])"
                ),
                'population "a": polygon: vertex 5: number 1: must be a finite number, found inf',
                (
                    'population "a": polygon: vertex 6: must be a pair in brackets, '
                    "as in [0, 1000], found 7"
                ),
            ],
        ),
        (
            HEAD + '[[population]]\nname = "a"\ninterval = { of = "CD3", lo = 1 }\n'
            "[[population]]\nrectangle = { CD3 = [1, true] }\n[assay]\nlod_events = 1.5\n",
            [
                "assay: lod_events: must be a whole number, found 1.5",
                'population "a": interval: unknown key "lo" (did you mean "low"?)',
                "population 2: rectangle: CD3: number 2: must be a number, found true",
            ],
        ),
        (
            HEAD.replace('CD4 = "f"', "CD4 = { scale = 3, compensatd = true }") + ONE,
            [
                "markers: CD4: scale: must be text in quotes, found 3",
                'markers: CD4: unknown key "compensatd" (did you mean "compensated"?)',
            ],
        ),
        (
            HEAD.replace('CD4 = "f"', 'CD4 = "g"')
            + 'scales.k = { type = "log", t = -1, m = 3 }\nscales.q = { type = "asinh", t = 3 }\n'
            'scales.i = { type = "linear", m = 3 }\n' + ONE + "[assay]\nlod_events = 99\n",
            [
                'scale "k": t is -1; the top of a scale is a number above 0',
                'scale "q": type "asinh" is given by t, m, a',
                'scale "i": a linear scale has only "t", the top of its axis',
                'marker "CD4": scale "g" is not defined in [scales] (known: f, k, q, i)',
                "assay: lod_events (99) must not be negative nor above lloq_events (50)",
            ],
        ),
        (
            HEAD + '[[population]]\nname = "a"\ninterval = { of = "cd3", low = 1 }\n'
            '[[population]]\nname = "b"\ninterval = { of = "CD3", low = 5, high = 2 }\n'
            '[[population]]\nname = "c"\nparent = "b"\n'
            '[[population]]\ninterval = { of = "CD3", low = 5 }\n'
            '[[population]]\nname = "d"\ninterval = { of = "CD3" }\n'
            '[[population]]\nname = "e"\nrectangle = {}\n'
            '[[population]]\nname = "g"\nparent = "Q"\ninterval = { of = "CD3", low = 0 }\n',
            [
                'population "a": marker "cd3" has no scale in [markers] (did you mean "CD3"?)',
                'population "b": CD3: the low bound (5) is not below the high (2)',
                (
                    'population "c": needs exactly one of interval, rectangle, polygon, ellipse, '
                    "ellipsoid, quadrant and boolean"
                ),
                'population 4: needs "name"',
                'population "d": an interval needs "low", "high" or both',
                'population "e": a rectangle needs at least one marker with its two bounds',
                'population "g": parent "Q" is not defined (defined: a, b, c, d, e)',
            ],
        ),
        (
            HEAD + '[[population]]\nquadrant = { x = "CD3", y = "CD4", x_divider = 1, '
            'y_divider = 2, names = { "++" = "a", "+-" = "b" } }\n'
            '[[population]]\nname = "q"\nquadrant = { x = "CD4", y = "CD3", x_divider = 1, '
            'y_divider = 2, names = { "++" = "e", "+-" = "f", "-+" = "g", "--" = "h" } }\n',
            [
                'quadrant "CD3 × CD4": "names" lacks -+, -- (name all four cells, x first)',
                (
                    'quadrant "CD4 × CD3": a quadrant has no "name" of its own (its four cells are '
                    'named in "names")'
                ),
            ],
        ),
        (HEAD + ONE + ONE, ['population "a": defined 2 times among those without a parent']),
        (
            HEAD + ONE + '[roles]\ncarr = "a"\ncd3 = "b"\n[[plot]]\nx = "CD3"\ny = "CD9"\n'
            'gate = "a"\n[[plot]]\nx = "CD3"\ny = "CD4"\ngate = "z"\n',
            [
                'role "carr": there is no such role (did you mean "car"?)',
                'role "cd3": population "b" is not defined (defined: a)',
                'plot 1: marker "CD9" has no scale in [markers] (known: Time, CD3, CD4)',
                'plot 2: population "z" is not defined (defined: a)',
            ],
        ),
    ],
)
def test_everything_wrong_is_said_at_once_with_its_place(text: str, sentences: list[str]) -> None:
    assert complaints(text) == sentences


def test_a_polygon_corner_must_lie_on_a_log_scale() -> None:
    text = HEAD.replace("logicle", "log").replace("w = 0.5, ", "").replace(", a = 0", "")
    polygon = '[[population]]\nname = "a"\npolygon = { x = "CD3", y = "CD4", vertices = '
    assert complaints(text + polygon + "[[0, 1], [9, 1], [9, 9]] }\n") == [
        'population "a": a vertex lies outside the scale'
    ]


def test_the_file_is_the_outermost_place(tmp_path: Path) -> None:
    path = tmp_path / "gates.toml"
    path.write_text(HEAD + ONE.replace("CD3", "CD19"), encoding="utf-8")
    with pytest.raises(GatesError) as caught:
        read_template(path)
    assert str(caught.value) == (
        f'{path}: population "a": marker "CD19" has no scale in [markers] (known: Time, CD3, CD4)'
    )
    path.write_text(HEAD + ONE.replace("CD3", "CD19") + "[roles]\n" + ONE, encoding="utf-8")
    with pytest.raises(Problems) as several:
        read_template(path)
    assert str(several.value).startswith(f"{path}: 2 problems\n  population")


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "gates.toml"
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(GatesError) as caught:
        read_template(path)
    assert str(caught.value) == f"{path}: is not UTF-8 text (save it as UTF-8)"
    with pytest.raises(GatesError) as missing:
        read_template(tmp_path / "none.toml")
    assert str(missing.value) == f"{tmp_path / 'none.toml'}: there is no such file"
    with pytest.raises(GatesError) as folder:
        read_template(tmp_path)
    assert str(folder.value) == f"{tmp_path}: cannot be read: Is a directory"


EVERYTHING = """
format = 1
name = "every gate"
compensation = "lab"

[scales]
plain = { type = "linear" }
curved = { type = "hyperlog", t = 262144, w = 0.5, m = 4.5, a = 0 }
ending = { type = "asinh", t = 262144, m = 4, a = 1, bound_min = 0.2, bound_max = 0.9 }
share = { type = "log", t = 100, m = 2 }

[matrices.lab]
dyes = ["FITC", "PE"]
detectors = ["B1", "V1", "R1"]
rows = [[1, 0.2, 0.1], [0.1, 1, 0.3]]

[markers]
FITC = "curved"
PE = "ending"
"FSC-A" = "plain"
R1 = { scale = "curved", compensated = false }
own = { scale = "curved", matrix = "" }
"PE share" = { scale = "share", ratio = { of = "PE", over = "FITC", a = 2, c = -5, low = 0.1 } }

[[population]]
name = "round"
ellipse = { x = "FITC", y = "PE", center = [3000, 3000], tips = [[30000, 9000], [2000, 9000]] }

[[population]]
name = "ball"
[population.ellipsoid]
of = ["FITC", "PE", "FSC-A"]
center = [2000, 3000, 90000]
covariance = [[0.01, 0, 0], [0, 0.02, 0], [0, 0, 1e8]]
distance_square = 4

[[population]]
name = "not small"
outside = true
interval = { of = "FSC-A", high = 30000 }

[[population]]
name = "either"
parent = "not small"
boolean.any_of = ["round", { not = "ball" }]

[[population]]
name = "only round"
boolean = { all_of = ["round"], none_of = ["ball"] }

[[population]]
name = "ratio"
interval = { of = "PE share", low = 2 }
"""


def test_every_kind_of_gate_has_a_readable_form() -> None:
    strategy = parse_template(EVERYTHING)
    fitc, pe = strategy.dimension("FITC"), strategy.dimension("PE")
    assert fitc.scale == Hyperlog(t=262144.0, w=0.5, m=4.5, a=0.0)
    assert pe.scale == Bounded(scale=Asinh(t=262144.0, m=4.0, a=1.0), low=0.2, high=0.9)
    assert (fitc.compensated, fitc.matrix) == (True, "lab")
    assert [strategy.dimension(name).matrix for name in ("R1", "own", "FSC-A")] == ["", "", ""]
    assert [strategy.dimension(name).compensated for name in ("R1", "own")] == [False, True]
    assert strategy.matrices["lab"].dyes == ("FITC", "PE")
    assert strategy.dimension("PE share").ratio == Ratio(
        numerator="PE", denominator="FITC", a=2.0, c=-5.0, low=0.1
    )
    assert strategy.find("not small").outside
    assert strategy.find("either").shape == Boolean(
        operation="or",
        operands=(Operand(population="round"), Operand(population="ball", outside=True)),
    )
    assert strategy.find("only round").shape == Boolean(
        operation="and",
        operands=(Operand(population="round"), Operand(population="ball", outside=True)),
    )
    [ratio] = strategy.find("ratio").dimensions
    assert ratio.names == ("PE", "FITC")


def test_the_tips_of_an_ellipse_are_on_its_outline() -> None:
    strategy = parse_template(EVERYTHING)
    shape = strategy.find("round").shape
    assert isinstance(shape, Ellipsoid)
    x, y = strategy.dimension("FITC").scale, strategy.dimension("PE").scale
    at_x = x.forward(np.array([30000.0, 2000.0, 3000.0]))
    at_y = y.forward(np.array([9000.0, 9000.0, 3000.0]))
    away = np.column_stack((at_x, at_y)) - np.array(shape.mean)
    distance = np.einsum("ni,ij,nj->n", away, np.array(shape.inverse), away)
    assert distance == pytest.approx([1.0, 1.0, 0.0])


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            'compensation = "lab"',
            'compensation = "lob"',
            'compensation: "lob" is not known (known: file, none, lab)',
        ),
        (
            'matrix = ""',
            'matrix = "labb"',
            'marker "own": matrix "labb" is not defined in [matrices] (did you mean "lab"?)',
        ),
        (
            "rows = [[1, 0.2, 0.1], [0.1, 1, 0.3]]",
            "rows = [[1, 0.2], [0.1, 1]]",
            (
                'matrix "lab": a matrix of 2 dyes and 3 detectors has 2 rows of 3 numbers, '
                "found 2 of 2 and 2"
            ),
        ),
        (
            "tips = [[30000, 9000], [2000, 9000]]",
            "tips = [[30000, 3000], [90000, 3000]]",
            (
                'population "round": the tips of the ellipse lie on one line with its center '
                "(give one tip of the long axis and one of the short axis)"
            ),
        ),
        (
            "center = [2000, 3000, 90000]",
            "center = [2000, 3000]",
            'population "ball": the ellipsoid is of 3 markers, but its center has 2 numbers',
        ),
        (
            'boolean.any_of = ["round", { not = "ball" }]',
            'boolean.any_of = ["round", { not = "bell" }]',
            (
                'population "either": population "bell" is not defined (defined: round, ball, '
                "not small, either, only round, ratio)"
            ),
        ),
        (
            'boolean.any_of = ["round", { not = "ball" }]',
            "boolean = {}",
            (
                'population "either": a boolean gate needs either "any_of", or "all_of" and '
                '"none_of", or one of these'
            ),
        ),
        (
            'boolean.any_of = ["round", { not = "ball" }]',
            "boolean.any_of = [7]",
            ('population "either": boolean: any_of: number 1: must be text in quotes, found 7'),
        ),
        (
            'boolean.any_of = ["round", { not = "ball" }]',
            'boolean.any_of = ["only round", "either"]',
            'population "either": its boolean gates and parents form a circle',
        ),
        (
            "bound_min = 0.2, bound_max = 0.9",
            "bound_min = 0.9, bound_max = 0.2",
            ('scale "ending": the lower bound of the scale (0.9) is above the upper (0.2)'),
        ),
        (
            "low = 0.1 }",
            "low = 0.1, high = 0 }",
            ('marker "PE share": the lower bound of the ratio (0.1) is above the upper (0)'),
        ),
    ],
)
def test_what_is_wrong_with_the_newer_gates_is_said(before: str, after: str, sentence: str) -> None:
    assert before in EVERYTHING
    assert complaints(EVERYTHING.replace(before, after)) == [sentence]


def test_the_schema_for_editors_is_that_of_the_models() -> None:
    path = Path(carflow.__file__).parent / "docs" / "gates.schema.json"
    assert json.loads(path.read_text(encoding="utf-8")) == schema(), (
        "write it again: python -c 'from carflow.gating.models import schema_text; "
        'print(schema_text(), end="")\' > carflow/docs/gates.schema.json'
    )
    assert path.read_text(encoding="utf-8") == schema_text()


def test_the_shipped_templates_fit_the_schema(gates_folder: Path) -> None:
    keys = set(json.loads(schema_text())["properties"])
    for path in gates_folder.glob("*.toml"):
        assert set(tomllib.loads(path.read_text(encoding="utf-8"))) <= keys


def test_limits_of_the_checks_are_kept_as_stated_and_nothing_else() -> None:
    text = HEAD + ONE + "[qc]\nevents_fail = 1000\nvoltage_fail_v = 5\n"
    strategy = parse_template(text)

    assert strategy.qc == {"events_fail": 1000, "voltage_fail_v": 5.0}
    assert parse_template(HEAD + ONE).qc == {}


def test_every_limit_can_be_stated() -> None:
    lines = [f"{name} = {value:g}" for name, value in asdict(QcLimits()).items()]
    text = HEAD + ONE + "[qc]\n" + "\n".join(lines).replace("1e+08", "1e8") + "\n"

    assert QcLimits(**parse_template(text).qc) == QcLimits()  # type: ignore[arg-type]  # the right kind of each


@pytest.mark.parametrize(
    ("table", "sentences"),
    [
        ("event_warn = 1", ['qc: unknown key "event_warn" (did you mean "events_warn"?)']),
        ("events_warn = 1.5", ["qc: events_warn: must be a whole number, found 1.5"]),
        ("events_warn = true", ["qc: events_warn: must be a whole number, found true"]),
        ('voltage_fail_v = "5 V"', ['qc: voltage_fail_v: must be a number, found "5 V"']),
        ("voltage_fail_v = nan", ["qc: voltage_fail_v: must be a finite number, found nan"]),
        (
            "events_fail = 30000",
            ["qc: events_warn 20000 and events_fail 30000: a check has to warn before it fails"],
        ),
        (
            "events_fail = -1\n[assay]\nlod_events = 99",
            [
                "assay: lod_events (99) must not be negative nor above lloq_events (50)",
                "qc: events_fail has to be a number from 0 upwards, got -1",
            ],
        ),
    ],
)
def test_a_limit_that_cannot_be_used_is_refused(table: str, sentences: list[str]) -> None:
    assert complaints(HEAD + ONE + f"[qc]\n{table}\n") == sentences


def test_what_becomes_of_disturbed_stretches_is_judge_or_remove() -> None:
    assert parse_template(HEAD + ONE).disturbed == "judge"
    assert parse_template(HEAD + ONE + '[cleaning]\ntime = "remove"\n').disturbed == "remove"
    assert complaints(HEAD + ONE + '[cleaning]\ntime = "cut"\n') == [
        'cleaning: time: "cut" is not known (known: judge, remove)'
    ]


def test_limits_do_not_change_the_hash_of_the_gates_and_removal_does() -> None:
    plain = parse_template(HEAD + ONE).sha256

    assert parse_template(HEAD + ONE + "[qc]\nevents_fail = 7\n").sha256 == plain
    assert parse_template(HEAD + ONE + '[cleaning]\ntime = "judge"\n').sha256 == plain
    assert parse_template(HEAD + ONE + '[cleaning]\ntime = "remove"\n').sha256 != plain
