"""The odd one out in gain, scale or range is named; settings that belong together are not."""

from dataclasses import replace

import pytest

from carflow.fcs.parameters import Parameter
from carflow.fcs.settings import odd_settings

LIKE = tuple(
    Parameter(
        number=number, name=name, marker="", bits=16, range_max=1024.0, datatype="I", decades=4.0
    )
    for number, name in enumerate(("FSC-H", "FL1-H", "FL2-H", "FL3-H"), start=1)
)


def _said(*parameters: Parameter) -> list[str]:
    return [str(finding) for finding in odd_settings(parameters)]


def _changed(place: int, **changes: float | str) -> list[str]:
    changed = replace(LIKE[place], **changes)  # type: ignore[arg-type]  # one table of changes
    return _said(*LIKE[:place], changed, *LIKE[place + 1 :])


def test_channels_set_alike_are_not_mentioned() -> None:
    assert _said(*LIKE) == []


def test_scatter_may_be_set_differently() -> None:
    assert _changed(0, decades=0.0, gain=5.0, range_max=4096.0) == []


@pytest.mark.parametrize("changes", [{"decades": 3.0}, {"decades": 0.0}, {"log_zero": 0.1}])
def test_another_logarithmic_scale_is_named(changes: dict[str, float]) -> None:
    assert _changed(2, **changes) == [
        "warn FCS-SCALE-ODD: logarithmic scales ($PnE) of like channels differ: FL1-H, FL2-H, FL3-H"
    ]


def test_another_range_is_named() -> None:
    assert _changed(2, range_max=2048.0) == [
        "warn FCS-SCALE-ODD: ranges ($PnR) of like channels differ: FL1-H, FL2-H, FL3-H"
    ]


def test_area_and_height_are_not_compared() -> None:
    assert _changed(2, name="FL2-A", decades=0.0, range_max=4096.0) == []


def test_one_gain_of_its_own_is_named() -> None:
    assert _changed(2, gain=2.0) == [
        "warn FCS-GAIN-ODD: most fluorescence channels have a gain of 1, but not FL2-H 2"
    ]


def test_a_gain_for_each_channel_is_the_custom_of_some_instruments() -> None:
    gained = [replace(one, gain=float(one.number)) for one in LIKE]

    assert _said(*gained) == []
