"""Names find exactly one channel, or none."""

import pytest

from carflow.errors import AnalysisError
from carflow.fcs.panel import Panel

PANEL = Panel(
    channels=("FSC-A", "FL1-A", "FL2-A", "CD8", "Time"),
    markers=("", "CD3", "CD8", "CD-4 ", ""),
)


@pytest.mark.parametrize(
    ("name", "index"),
    [("FSC-A", 0), ("CD3", 1), ("cd3", 1), ("CD8", 3), ("cd_4", 3), ("fl2 a", 2), ("TIME", 4)],
)
def test_channel_before_marker_before_loose_spelling(name: str, index: int) -> None:
    assert PANEL.index(name) == index


def test_an_ambiguous_name_is_an_error() -> None:
    with pytest.raises(AnalysisError) as caught:
        PANEL.index("cd 8")

    assert caught.value.code == "MARKER-AMBIGUOUS"
    assert str(caught.value) == (
        '"cd 8" means several channels of the tube: channel 3 FL2-A (CD8), '
        "channel 4 CD8 (CD-4 ) "
        "(use the exact channel name, or export the tube with distinct names)"
    )


def test_a_channel_name_that_stands_twice_is_ambiguous() -> None:
    with pytest.raises(AnalysisError, match=r'^"A" means several channels'):
        Panel(channels=("A", "A"), markers=("", "")).index("A")


@pytest.mark.parametrize("name", ["CAR", "", "-"])
def test_a_missing_name_lists_what_is_there(name: str) -> None:
    with pytest.raises(AnalysisError) as caught:
        PANEL.index(name)

    assert caught.value.code == "MARKER-MISSING"
    assert caught.value.problem == (
        f'there is no channel or marker "{name}"; the tube has '
        "FSC-A, FL1-A (CD3), FL2-A (CD8), CD8 (CD-4 ), Time"
    )


def test_channels_and_markers_go_together() -> None:
    with pytest.raises(ValueError, match=r"^2 channels but 1 markers$"):
        Panel(channels=("A", "B"), markers=("",))
