import pytest

from carflow.errors import GatesError, Problems
from carflow.gating.lock import Coordinates, Override
from carflow.gating.overrides import parse_overrides


def test_bounds_and_corners_can_be_set() -> None:
    text = """
    [[override]]
    population = "CD3+"
    low = 900.5
    reason = "down-regulated"
    [[override]]
    population = "singlets"
    sample_id = "S1"
    vertices = [[0, 0], [9, 0], [9, 9]]
    reason = "wide pulses"
    """

    assert parse_overrides(text) == (
        Override(population="CD3+", coordinates=Coordinates(low=900.5), reason="down-regulated"),
        Override(
            population="singlets",
            sample_id="S1",
            coordinates=Coordinates(vertices=((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))),
            reason="wide pulses",
        ),
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a =", "is not valid TOML: invalid value (at end of document)"),
        ("low = 3", "holds no list of overrides (write [[override]] above each)"),
        (
            '[[override]]\npopulation = "a"\nlow = 1.0',
            'override 1: override of "a": needs a reason (reason = "…")',
        ),
        (
            '[[override]]\npopulation = "a"\nreason = "r"',
            'override 1: override of "a": needs "low", "high" or "vertices"',
        ),
        (
            '[[override]]\npopulation = "a"\nreason = "r"\nlow = "1"',
            'override 1: "low": input should be a valid number',
        ),
    ],
)
def test_what_cannot_be_used_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(GatesError) as raised:
        parse_overrides(text)

    assert str(raised.value) == sentence


def test_several_faults_are_told_together() -> None:
    with pytest.raises(Problems) as raised:
        parse_overrides('[[override]]\nlow = 1.0\n[[override]]\npopulation = "a"\nlow = 1.0')

    assert str(raised.value) == (
        "overrides: 2 problems\n"
        '  override 1: "population": field required\n'
        '  override 2: override of "a": needs a reason (reason = "…")'
    )
