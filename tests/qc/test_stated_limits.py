from collections.abc import Callable
from dataclasses import replace

import pytest

import carflow as cf
from carflow.errors import GatesError
from carflow.gating.strategy import Strategy
from carflow.qc.stated_limits import stated_limits
from carflow.thresholds import QcLimits

Named = Callable[..., Strategy]


@pytest.fixture(scope="module")
def named() -> Named:
    """Return gates of a name that state some limits."""
    gates = cf.read_gates("car_t_blood")

    def strategy(name: str, **limits: float) -> Strategy:
        return replace(gates, name=name, qc=limits)

    return strategy


def test_without_gates_and_without_a_table_the_defaults_hold(named: Named) -> None:
    assert stated_limits([]) == stated_limits([named("a")]) == QcLimits()


def test_what_gate_files_state_is_put_together(named: Named) -> None:
    found = stated_limits([named("a", events_fail=1), named("b", events_fail=1, events_warn=2)])

    assert found == QcLimits(events_fail=1, events_warn=2)


def test_gate_files_that_contradict_each_other_are_refused(named: Named) -> None:
    with pytest.raises(GatesError) as caught:
        stated_limits([named("a", viability_warn_pct=70.0), named("b", viability_warn_pct=75.5)])

    assert str(caught.value) == (
        'the gates "a" and "b" state different limits: viability_warn_pct is 70 and 75.5 (give '
        "both gate files the same table [qc], or leave it to one of them)"
    )


def test_limits_that_are_sound_alone_may_contradict_each_other_together(named: Named) -> None:
    gates = [named("a", events_warn=4_000, events_fail=10), named("b", events_warn=4_000)]
    clash = [named("a", voltage_warn_v=8.0), named("b", voltage_fail_v=5.0)]

    assert stated_limits(gates).events_warn == 4_000
    with pytest.raises(GatesError) as caught:
        stated_limits(clash)
    assert str(caught.value) == (
        "the limits of the gate files contradict each other: voltage_warn_v 8.0 and "
        "voltage_fail_v 5.0: a check has to warn before it fails"
    )
