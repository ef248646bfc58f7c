from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from carflow.qc.summary import TubeSummary
from carflow.qc.usual import panel_groups, some_of, tubes_of, usual, usual_by_name
from carflow.study.model import SampleType

MakeTube = Callable[..., TubeSummary]


def test_of_two_equally_common_values_the_first_tube_decides() -> None:
    value, holders = usual({"A": 2, "B": 1, "C": 1, "D": 2})

    assert value == 2
    assert str(holders) == "as in 2 of 4 tubes, first in A"


@given(st.dictionaries(st.text(min_size=1), st.integers(0, 3), min_size=1))
def test_no_value_is_more_common_than_the_usual_one(values: dict[str, int]) -> None:
    value, holders = usual(values)

    counted = list(values.values())
    assert counted.count(value) == max(counted.count(other) for other in counted)
    assert holders.sample_ids == tuple(name for name in values if values[name] == value)
    assert holders.total == len(values)


def test_a_channel_is_usual_among_the_tubes_that_have_it(make_tube: MakeTube) -> None:
    tubes = [make_tube("A"), make_tube("B", gate_channels={"CD3": "PE-A"})]

    places = usual_by_name(tubes, lambda tube: tube.gate_channels)

    assert places["CD3"][0] == "FITC-A"
    assert str(places["CAR"][1]) == "as in 1 of 1 tubes, first in A"


def test_tubes_are_grouped_by_panel_and_gates_and_beads_stand_apart(make_tube: MakeTube) -> None:
    tubes = [
        make_tube("A"),
        make_tube("B", panel_id="other"),
        make_tube("C"),
        make_tube("D", gates_name="other gates"),
        make_tube("E", sample_type=SampleType.BEAD_QC),
    ]

    names = [[tube.sample_id for tube in group] for group in panel_groups(tubes)]

    assert names == [["A", "C"], ["B"], ["D"]]


def test_a_group_is_told_by_its_first_tube_and_its_size(make_tube: MakeTube) -> None:
    tubes = [make_tube("A"), make_tube("B"), make_tube("C")]

    assert tubes_of(tubes) == "A and 2 more tubes of its panel"
    assert tubes_of(tubes[:2]) == "A and 1 more tube of its panel"
    assert tubes_of(tubes[:1]) == "A"


def test_five_parts_are_listed_whole() -> None:
    assert some_of(["a", "b", "c", "d", "e"], ", ") == "a, b, c, d, e"
    assert some_of([], ", ") == ""
