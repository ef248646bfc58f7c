"""Settings of channels that do not go together: the odd one out in gain, scale or range.

A gain, a scale or a range that is wrong gives plausible values and a wrong percentage. The file
itself shows it only where like channels are set alike, as cytometers do; the rest is seen when
the tubes of a batch are compared (`carflow.qc`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.fcs.channel_names import is_scatter, kind_of_pulse
from carflow.fcs.codes import FcsCode, noticed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carflow.fcs.parameters import Parameter
    from carflow.findings import Finding


def odd_settings(parameters: Sequence[Parameter]) -> list[Finding]:
    """Return a finding for each kind of setting in which fluorescence channels differ oddly.

    Examples
    --------
    >>> from carflow.fcs.parameters import Parameter
    >>> channels = [
    ...     Parameter(number=1, name="FL1-H", marker="", bits=16, range_max=1024, decades=4,
    ...               datatype="I"),
    ...     Parameter(number=2, name="FL2-H", marker="", bits=16, range_max=1024, decades=3,
    ...               datatype="I"),
    ... ]
    >>> [finding.message for finding in odd_settings(channels)]
    ['logarithmic scales ($PnE) of like channels differ: FL1-H, FL2-H']
    """
    fluorescence = [one for one in parameters if not one.is_time and not is_scatter(one.name)]
    integers = [one for one in fluorescence if one.datatype == "I"]
    logarithmic = [one for one in integers if one.decades]
    found = [
        _differing(integers, "logarithmic scales ($PnE)", lambda p: (p.decades, p.log_zero)),
        _differing(logarithmic, "ranges ($PnR)", lambda p: p.range_max),
        _lone_gain(fluorescence),
    ]
    return [finding for finding in found if finding is not None]


def _differing(
    parameters: list[Parameter], what: str, setting: Callable[[Parameter], object]
) -> Finding | None:
    """Compare channels that measure the same of a pulse with the same number of bits."""
    groups: dict[tuple[str, int], list[Parameter]] = {}
    for one in parameters:
        groups.setdefault((kind_of_pulse(one.name), one.bits), []).append(one)
    names = [
        one.name
        for group in groups.values()
        if len({setting(one) for one in group}) > 1
        for one in group
    ]
    if not names:
        return None
    return noticed(FcsCode.SCALE_ODD, f"{what} of like channels differ: {', '.join(names)}")


def _lone_gain(fluorescence: list[Parameter]) -> Finding | None:
    """Notice the one gain that differs from that of at least half of the fluorescence channels.

    Where several differ, each channel has a gain of its own (as on Guava) and none is odd.
    """
    gains = [one.gain for one in fluorescence]
    if not gains:
        return None
    usual = max(sorted(set(gains)), key=gains.count)
    odd = [f"{one.name} {one.gain:g}" for one in fluorescence if one.gain != usual]
    if len(set(gains)) != 2 or gains.count(usual) < len(gains) / 2:
        return None
    message = f"most fluorescence channels have a gain of {usual:g}, but not {', '.join(odd)}"
    return noticed(FcsCode.GAIN_ODD, message)
