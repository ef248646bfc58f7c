"""Templates: what a good one becomes, and the sentence for each thing that can be wrong."""

import math
from pathlib import Path

import numpy as np
import pytest

from carflow.errors import CarflowError, GatesError, Problems
from carflow.gating.scales import Asinh, Identity, Linear, Log, Logicle
from carflow.gating.shapes import Interval, Polygon, Quadrant, Rectangle
from carflow.gating.strategy import AssayLimits, Role
from carflow.gating.template import parse_template, read_template

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
                    "interval, rectangle, polygon, quadrant)"
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
                'population "c": needs exactly one of interval, rectangle, polygon and quadrant',
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
