"""The $Pn keywords: complete, typed, and what they do to a value."""

import math
from typing import TYPE_CHECKING

import pytest

from carflow.errors import FcsError
from carflow.fcs.keywords import Keywords
from carflow.fcs.parameters import Parameter, read_parameters

if TYPE_CHECKING:
    from carflow.findings import Finding


def _read(datatype: str = "I", /, **changes: str | None) -> tuple[Parameter, list[str]]:
    values: dict[str, str | None] = {
        "PAR": "1",
        "P1N": "A",
        "P1B": "16",
        "P1R": "1024",
        "P1E": "0,0",
    }
    values |= changes
    findings: list[Finding] = []
    keywords = {f"${name}": value for name, value in values.items() if value is not None}
    parameters = read_parameters(Keywords(keywords), datatype, findings)
    return parameters[0], [str(finding) for finding in findings]


def _refusal(**changes: str | None) -> tuple[str, str]:
    with pytest.raises(FcsError) as caught:
        _read(**changes)
    return caught.value.code, caught.value.problem


@pytest.mark.parametrize("name", ["P1N", "P1B", "P1R", "P1E"])
def test_every_channel_needs_its_keywords(name: str) -> None:
    assert _refusal(**{name: None}) == (
        "FCS-KEYWORD-MISSING",
        f"the required keyword ${name} is missing or empty",
    )


@pytest.mark.parametrize("name", ["P2N", "P0B", "P01R", "P7E"])
def test_keywords_beyond_par_are_refused(name: str) -> None:
    assert _refusal(**{name: "8"}) == (
        "FCS-PARAMETER-COUNT",
        f"$PAR says 1 channels, but there is a keyword ${name}",
    )


def test_no_channel_is_refused() -> None:
    assert _refusal(PAR="0", P1N=None, P1B=None, P1R=None, P1E=None) == (
        "FCS-PARAMETER-COUNT",
        "$PAR says that the file has no channel",
    )


def test_a_logarithmic_scale_counts_for_integers_only() -> None:
    on_integers, _ = _read(P1E="4,1")
    on_floats, noticed = _read("F", P1E="4,1")

    assert (on_integers.decades, on_integers.log_zero) == (4.0, 1.0)
    assert on_floats.decades == 0.0
    assert noticed == [
        (
            "warn FCS-LOG-ON-FLOAT: $PnE asks for a logarithmic scale on floating-point values; "
            "read as linear: A"
        )
    ]


def test_the_old_spelling_4_0_means_4_1() -> None:
    assert _read(P1E="4,0")[0].log_zero == 1.0


@pytest.mark.parametrize("text", ["4", "4,1,1", "x,1", "1,x", ""])
def test_a_scale_that_is_not_two_numbers_is_refused(text: str) -> None:
    assert _refusal(P1E=text)[0] in {"FCS-KEYWORD", "FCS-KEYWORD-MISSING"}


@pytest.mark.parametrize("text", ["1000,1", "-1,1", "4,-1"])
def test_an_absurd_scale_is_refused(text: str) -> None:
    assert _refusal(P1E=text) == (
        "FCS-KEYWORD",
        "the keyword $P1E asks for a logarithmic scale outside 0 to 10 decades",
    )


def test_a_logarithmic_scale_needs_a_range() -> None:
    assert _refusal(P1E="4,1", P1R="0") == (
        "FCS-KEYWORD",
        "the keyword $P1R gives no range for a logarithmic scale",
    )


@pytest.mark.parametrize("text", ["nan", "-1", "x", "1,5"])
def test_an_impossible_gain_is_refused(text: str) -> None:
    assert _refusal(P1G=text) == ("FCS-KEYWORD", "the keyword $P1G is not a gain of 0 or more")


@pytest.mark.parametrize("text", ["1", "0", "", " 1.0 "])
def test_gains_of_0_and_1_change_nothing(text: str) -> None:
    assert _read(P1G=text) == (_read()[0], [])


def test_a_gain_is_reported() -> None:
    parameter, noticed = _read(P1G="2.5")

    assert parameter.scale_range == 1024 / 2.5
    assert noticed == ["info FCS-GAIN: values were divided by the gain $PnG: A by 2.5"]


def test_a_gain_beside_a_logarithmic_scale_is_reported() -> None:
    parameter, noticed = _read(P1E="4,1", P1G="2")

    assert parameter.scale_range == 10_000.0
    assert noticed == ["warn FCS-GAIN-ON-LOG: a gain beside a logarithmic scale was not applied: A"]


@pytest.mark.parametrize("name", ["Time", "TIME", "HDR-T"])
def test_time_is_known_by_its_name_and_counts_in_timesteps(name: str) -> None:
    parameter, noticed = _read(P1N=name, TIMESTEP="0.01", P1G="8")

    assert parameter.is_time
    assert parameter.scale_range == pytest.approx(10.24)
    assert noticed == []


@pytest.mark.parametrize("text", ["0", "-1", "xxxx", "0,01", "nan"])
def test_a_timestep_that_is_no_duration_leaves_time_without_unit(text: str) -> None:
    parameter, noticed = _read(P1N="Time", TIMESTEP=text)

    assert parameter.timestep_s is None
    assert noticed == [
        "info FCS-TIMESTEP: $TIMESTEP is no usable number of seconds; Time is left without unit"
    ]


def test_a_range_that_is_no_number_is_open_for_floats_and_refused_for_integers() -> None:
    parameter, noticed = _read("F", P1R="NA")

    assert math.isinf(parameter.scale_range)
    assert noticed == ["warn FCS-NO-RANGE: $PnR gives no range: A"]
    assert _refusal(P1R="NA") == ("FCS-KEYWORD", "the keyword $P1R is not a number of 0 or more")


def test_a_name_that_stands_twice_is_reported() -> None:
    _, noticed = _read(PAR="2", P2N="A", P2B="16", P2R="1024", P2E="0,0")

    assert noticed == ["warn FCS-DUPLICATE-CHANNEL: several channels share one name: A"]
