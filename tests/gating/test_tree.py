from carflow.gating.template import parse_template
from carflow.gating.tree import tree_text

EXPECTED = """\
T cells, panel small, with the matrix of each file
└── time                  Time ≥ 1  [time]
    ├── beads             CD3 ≥ 20000, CD4 ≥ 20000  [beads]
    └── cells             polygon of FSC-A and SSC-A, 4 corners  [cells]
        └── CD3+          CD3 ≥ 1000  [cd3]
            ├── CAR+CD4+  CAR ≥ 1000, CD4 ≥ 900
            ├── CAR+CD4-  CAR ≥ 1000, CD4 < 900
            ├── CAR-CD4+  CAR < 1000, CD4 ≥ 900
            ├── CAR-CD4-  CAR < 1000, CD4 < 900
            ├── CAR+      polygon of CD3 and CAR, 4 corners  [car]
            │   └── CD4+  CD4 ≥ 900  [car_cd4]
            └── CD4+      CD4 ≥ 900"""


def test_the_tree_shows_gates_in_linear_coordinates_and_roles(template: str) -> None:
    assert tree_text(parse_template(template)) == EXPECTED


def test_counts_stand_behind_the_gates(template: str) -> None:
    strategy = parse_template(template)
    counts = {name: 1000 + i for i, name in enumerate(strategy.short_names())}
    lines = tree_text(strategy, counts).splitlines()
    assert lines[1] == "└── time                  Time ≥ 1  1,000  [time]"
    assert lines[-1] == "            └── CD4+      CD4 ≥ 900  1,010"


def test_bounds_on_both_sides_or_none_are_said(template: str) -> None:
    text = template.replace(
        "CD3 = [20000, inf], CD4 = [20000, inf]", "CD3 = [50, 9e3], CD4 = [-inf, inf]"
    )
    assert "CD3 50 to 9000, CD4 any" in tree_text(parse_template(text))
