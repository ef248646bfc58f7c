"""Keywords nearly spelt right and markers at an unlikely place are named."""

import pytest

from carflow.fcs.keywords import Keywords
from carflow.fcs.labels import odd_labels
from carflow.fcs.panel import Panel

PANEL = Panel(channels=("FSC-A", "FL1-A", "Time"), markers=("", "CD3", ""))
WHOLE = {f"$P{number}{kind}": "x" for number in (1, 2, 3) for kind in "NBRESG"}
WHOLE |= dict.fromkeys(("$TOT", "$TIMESTEP", "$SPILLOVER", "$VOL", "$BEGINDATA", "$ENDDATA"), "1")
WHOLE |= {"$NEXTDATA": "0", "CREATOR": "x", "P1DISPLAY": "LOG", "SPILL": "x"}


def _said(keywords: dict[str, str], panel: Panel = PANEL) -> list[str]:
    return [str(finding) for finding in odd_labels(Keywords(keywords), panel)]


def _renamed(old: str, new: str) -> list[str]:
    return _said({new if name == old else name: value for name, value in WHOLE.items()})


def test_names_of_the_standard_are_not_mentioned() -> None:
    assert _said(WHOLE | {"$P1V": "400", "$P2DATATYPE": "F", "$LAST_MODIFIED": "x"}) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("$P2S", "$P2Q"), ("$P2S", "P2S"), ("$P2S", "$$P2S"), ("$P2G", "$P2 G"),
        ("$TIMESTEP", "$TIMSTEP"), ("$TIMESTEP", "$TIMETSEP"), ("$SPILLOVER", "#SPILLOVER"),
    ],
)  # fmt: skip
def test_a_keyword_one_character_off_is_named(old: str, new: str) -> None:
    shown = new.replace("#", "?").replace(" ", "?")
    assert f"warn FCS-KEYWORD-NEAR-MISS: {shown} is nearly the missing keyword {old}" in _renamed(
        old, new
    )


def test_a_keyword_is_no_near_miss_of_one_that_is_there() -> None:
    assert _said(WHOLE | {"P2S": "twin", "TOT": "7"}) == []


def test_a_keyword_of_no_standard_is_named_without_its_value() -> None:
    assert _said(WHOLE | {"$OPERATOR": "somebody"}) == [
        "info FCS-KEYWORD-UNKNOWN: $OPERATOR is no keyword of the standard"
    ]


@pytest.mark.parametrize(
    ("markers", "said"),
    [
        (("", "CD3", "CD4"), ["warn FCS-MARKER-PLACE: the marker CD4 stands on the channel Time"]),
        (("CD4", "", ""), ["warn FCS-MARKER-PLACE: the marker CD4 stands on the channel FSC-A"]),
        (
            ("", "FSC-A", ""),
            ["warn FCS-MARKER-PLACE: the marker FSC-A stands on the channel FL1-A"],
        ),
        (("FSC-Height", "CD3", "Time (51.20 sec.)"), []),
    ],
)
def test_a_marker_stands_where_it_can(markers: tuple[str, ...], said: list[str]) -> None:
    assert _said(WHOLE, Panel(channels=PANEL.channels, markers=markers)) == said


def test_a_marker_that_stands_twice_is_named() -> None:
    panel = Panel(channels=("FL1-A", "FL2-A"), markers=("CD3", "CD3"))

    assert _said(WHOLE, panel) == [
        "info FCS-DUPLICATE-MARKER: several channels share one marker: CD3"
    ]


def test_compensated_channels_are_counted() -> None:
    panel = Panel(channels=("FSC-A", "Comp-FL1-A"), markers=("", "CD3"))

    assert _said(WHOLE, panel) == [
        "info FCS-ALREADY-COMPENSATED: 1 of 2 channels hold compensated values by their name"
    ]


def test_a_keyword_inside_a_name_is_seen() -> None:
    panel = Panel(channels=("FL1-A", "Time$DATE"), markers=("", ""))

    assert _said(WHOLE, panel) == [
        "warn FCS-KEYWORD-IN-VALUE: a name of channel 2 holds a keyword: a delimiter was lost"
    ]
