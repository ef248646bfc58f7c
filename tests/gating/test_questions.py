import pytest

from carflow.errors import GatesError, Problems
from carflow.gating.estimates import Choice, Method, Scope
from carflow.gating.scales import Log
from carflow.gating.template import parse_template

HEAD = """
format = 1
name = "t"
compensation = "none"
scales = { linear = { type = "linear" }, size = { type = "log", t = 1000, m = 3 } }
markers = { "FSC-A" = "linear", "FSC-H" = "linear", CD3 = "linear", CD4 = "linear" }
[[population]]
name = "singlets"
polygon = { x = "FSC-A", y = "FSC-H", vertices = [[0, 0], [9, 0], [9, 9]] }
%s
[[population]]
name = "CD3+"
parent = "singlets"
interval = { of = "CD3", low = 100 }
%s
"""


def template(singlets: str = "", cd3: str = "") -> str:
    return HEAD % (singlets, cd3)


def test_an_estimate_is_read_with_its_defaults() -> None:
    [singlets, cd3] = parse_template(
        template(
            'estimate = { method = "singlets", n_mad = 5 }',
            'estimate = { method = "valley", valley = "first", scale = "size", range = [1, 900] }',
        )
    ).estimates

    assert (singlets.method, singlets.n_mad, singlets.side) == (Method.SINGLETS, 5.0, "polygon")
    assert (cd3.population, cd3.on, cd3.side) == ("CD3+", "singlets", "low")
    assert (cd3.scope, cd3.choice, cd3.min_events) == (Scope.SAMPLE, Choice.FIRST, 500)
    assert (cd3.low, cd3.high, cd3.scale) == (1.0, 900.0, Log(t=1000, m=3))


def test_a_dim_reagent_has_a_lower_percentile_and_a_control_a_batch() -> None:
    [usual] = parse_template(template(cd3='estimate = { method = "control_percentile" }')).estimates
    [dim] = parse_template(
        template(cd3='estimate = { method = "control_percentile", dim = true }')
    ).estimates

    assert (usual.percentile, usual.scope, usual.min_events) == (99.9, Scope.BATCH, 2000)
    assert usual.controls == ("FMO", "untransduced", "pre-infusion")
    assert (dim.percentile, dim.dim) == (99.5, True)


@pytest.mark.parametrize(
    ("singlets", "cd3", "sentence"),
    [
        (
            'estimate = { method = "valley" }',
            "",
            'population "singlets": estimate: the method "valley" is for an interval',
        ),
        (
            "",
            'estimate = { method = "beads" }',
            (
                'population "CD3+": estimate: beads are written as a polygon of two channels they '
                "are bright in"
            ),
        ),
        (
            "",
            'estimate = { method = "singlets" }',
            (
                'population "CD3+": estimate: singlets are written as a '
                "polygon of area (x) and height "
                "(y)"
            ),
        ),
        (
            "",
            'estimate = { method = "valley", percentile = 99 }',
            'population "CD3+": estimate: "percentile" is not for the method "valley"',
        ),
        (
            "",
            'estimate = { method = "valley", bound = "high" }',
            (
                'population "CD3+": estimate: say which bound is estimated '
                '(bound = "low" or "high", '
                "one the interval has)"
            ),
        ),
        (
            "",
            'estimate = { method = "valley", on = "CD3+" }',
            'population "CD3+": estimate: on: "CD3+" is not the parent nor above it',
        ),
        (
            "",
            'estimate = { method = "valley", scale = "sizes" }',
            (
                'population "CD3+": estimate: scale "sizes" is not defined '
                "in [scales] (did you mean "
                '"size"?)'
            ),
        ),
        (
            "",
            'estimate = { method = "valley", range = [9, 1] }',
            'population "CD3+": estimate: range: 9 is not below 1',
        ),
        (
            "",
            'estimate = { method = "valley", min_quality = 1 }',
            'population "CD3+": estimate: min_quality is 1; it lies in [0, 1)',
        ),
        (
            "",
            'estimate = { method = "control_percentile", percentile = 100.0 }',
            'population "CD3+": estimate: percentile is 100; it lies in [50, 100)',
        ),
        (
            "",
            'estimate = { method = "control_percentile", controls = ["fmo"] }',
            (
                'population "CD3+": estimate: controls: "fmo" is no sample '
                "type of a control (did you "
                'mean "FMO"?)'
            ),
        ),
        (
            "",
            'estimate = { method = "valey" }',
            'population "CD3+": estimate: method: "valey" is not known (did you mean "valley"?)',
        ),
        (
            "",
            'estimate = { method = "valley", quality = 0.3 }',
            'population "CD3+": estimate: unknown key "quality" (did you mean "min_quality"?)',
        ),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_its_place(
    singlets: str, cd3: str, sentence: str
) -> None:
    with pytest.raises((GatesError, Problems)) as raised:
        parse_template(template(singlets, cd3))

    assert str(raised.value) == sentence


def test_a_quadrant_cannot_be_estimated() -> None:
    text = template() + (
        '[[population]]\nparent = "CD3+"\nestimate = { method = "valley" }\n'
        'quadrant = { x = "CD3", y = "CD4", x_divider = 1, y_divider = 1, '
        'names = { "++" = "a", "+-" = "b", "-+" = "c", "--" = "d" } }\n'
    )

    with pytest.raises(GatesError) as raised:
        parse_template(text)

    assert str(raised.value) == (
        "population 3: estimate: a quadrant cannot be estimated (use an interval for each marker)"
    )


def test_estimates_do_not_change_what_the_drawn_gates_are() -> None:
    plain = parse_template(template())
    asking = parse_template(template(cd3='estimate = { method = "valley" }'))

    assert asking.populations == plain.populations
    assert asking.sha256 == plain.sha256
