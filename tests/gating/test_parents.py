from carflow.gating.parents import Draft, arrange
from carflow.gating.shapes import Interval


def draft(name: str, parent: str = "", place: str = "") -> Draft:
    return Draft(
        name=name,
        parent=parent,
        shape=Interval(low=0.0),
        dimensions=(),
        place=place or f'population "{name}"',
    )


def paths(*drafts: Draft) -> list[str]:
    populations, problems = arrange(drafts)
    assert problems == []
    return ["/".join(one.path) for one in populations]


def sentences(*drafts: Draft) -> list[str]:
    return [str(problem) for problem in arrange(drafts)[1]]


def test_the_order_of_the_file_is_kept() -> None:
    assert paths(draft("b"), draft("a"), draft("c", "b")) == ["b", "a", "b/c"]


def test_a_parent_may_stand_after_its_child() -> None:
    assert paths(draft("c", "b"), draft("b", "a"), draft("a")) == ["a", "a/b", "a/b/c"]


def test_a_parent_is_told_apart_by_its_own_parent() -> None:
    tree = [draft("T"), draft("CAR+", "T"), draft("CD4+", "T"), draft("CD4+", "CAR+")]
    assert paths(*tree, draft("PD1+", "CAR+/CD4+"))[-1] == "T/CAR+/CD4+/PD1+"
    assert paths(*tree, draft("PD1+", "T/CD4+"))[-1] == "T/CD4+/PD1+"


def test_an_ambiguous_parent_lists_the_choices() -> None:
    tree = [draft("T"), draft("CAR+", "T"), draft("CD4+", "T"), draft("CD4+", "CAR+")]
    assert sentences(*tree, draft("PD1+", "CD4+")) == [
        'population "PD1+": parent "CD4+" is ambiguous (say which: T/CD4+, CAR+/CD4+)'
    ]


def test_a_missing_parent_is_reported_once_and_not_for_its_grandchildren() -> None:
    assert sentences(draft("live"), draft("CAR+", "CD3"), draft("CD4+", "CAR+")) == [
        'population "CAR+": parent "CD3" is not defined (defined: live, CD4+)'
    ]


def test_a_circle_is_drawn() -> None:
    assert sentences(draft("a", "c"), draft("b", "a"), draft("c", "b"), draft("d", "c")) == [
        'population "a": its parents form a circle: a → c → b → a'
    ]


def test_a_population_is_not_its_own_parent() -> None:
    assert sentences(draft("a", "a")) == [
        'population "a": parent "a" is not defined (defined: none)'
    ]


def test_the_four_cells_of_a_quadrant_complain_once() -> None:
    cells = [draft(name, "T", place='quadrant "CD4 × CD8"') for name in ("p", "q", "r", "s")]
    assert sentences(*cells) == [
        'quadrant "CD4 × CD8": parent "T" is not defined (defined: none)',
    ]
