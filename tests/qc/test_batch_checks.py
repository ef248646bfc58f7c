from collections.abc import Callable
from dataclasses import replace

import pytest

from carflow.findings import Finding, Severity
from carflow.gating.strategy import Role
from carflow.qc import batch_checks
from carflow.qc.summary import TubeSummary
from carflow.study.model import SampleType
from carflow.thresholds import QcLimits

MakeTube = Callable[..., TubeSummary]
LIMITS = QcLimits()


@pytest.fixture
def group(make_tube: MakeTube) -> list[TubeSummary]:
    return [make_tube("S1", row=2), make_tube("S2", row=3), make_tube("S3", row=4)]


def _panel(group: list[TubeSummary], sample_id: str) -> Finding:
    found = {one.sample_id: one for one in batch_checks.check_panel(group, LIMITS)}
    assert len(found) == len(group)
    others = {one.severity for name, one in found.items() if name != sample_id}
    assert others == {Severity.PASS}, "only the odd tube is to be named"
    return found[sample_id]


def test_one_tube_alone_cannot_be_compared(make_tube: MakeTube) -> None:
    alone = [make_tube("S1")]

    (found,) = batch_checks.check_group_size(alone, LIMITS)

    assert (found.severity, found.sample_id) == (Severity.INFO, "S1")
    assert found.message == (
        "The only tube of its panel: names, voltages, ranges, format and matrix could not be "
        "compared."
    )
    assert batch_checks.check_panel(alone, LIMITS) == ()
    assert batch_checks.check_format(alone, LIMITS) == ()


def test_several_tubes_are_compared(group: list[TubeSummary]) -> None:
    (found,) = batch_checks.check_group_size(group, LIMITS)

    assert found.severity is Severity.PASS
    assert found.message == "S1 and 2 more tubes of its panel are compared with each other."


def test_a_car_gate_without_any_control_warns(group: list[TubeSummary]) -> None:
    (found,) = batch_checks.check_control(group, LIMITS)

    assert found == Finding(
        code="QC-CONTROL-MISSING",
        severity=Severity.WARN,
        message="No FMO, untransduced or pre-infusion tube among S1 and 2 more tubes of its "
        "panel: where CAR begins cannot be checked.",
        value=0.0,
        limit="warn < 1",
    )


@pytest.mark.parametrize("kind", [SampleType.FMO, SampleType.UNTRANSDUCED, SampleType.PRE_INFUSION])
def test_any_control_will_do(group: list[TubeSummary], kind: SampleType) -> None:
    group[1] = replace(group[1], sample_type=kind)

    (found,) = batch_checks.check_control(group, LIMITS)

    assert (found.severity, found.message) == (Severity.PASS, "Controls for the CAR gate: S2.")


def test_a_healthy_donor_is_no_control_of_the_car_gate(group: list[TubeSummary]) -> None:
    group[1] = replace(group[1], sample_type=SampleType.HEALTHY)

    (found,) = batch_checks.check_control(group, LIMITS)

    assert found.severity is Severity.WARN


def test_a_panel_without_car_needs_no_control(group: list[TubeSummary]) -> None:
    group = [replace(tube, counts={Role.CD3: 9_000}) for tube in group]

    assert batch_checks.check_control(group, LIMITS) == ()


def test_equal_panels_pass(group: list[TubeSummary]) -> None:
    found = batch_checks.check_panel(group, LIMITS)

    assert [one.message for one in found] == ["Channels and markers are those of the panel."] * 3
    assert {one.severity for one in found} == {Severity.PASS}


def test_the_order_of_channels_does_not_matter(group: list[TubeSummary]) -> None:
    group[2] = replace(
        group[2],
        channels=tuple(reversed(group[2].channels)),
        markers=tuple(reversed(group[2].markers)),
    )

    assert _panel(group, "S3").severity is Severity.PASS


def test_a_marker_read_from_another_channel_fails(group: list[TubeSummary]) -> None:
    group[1] = replace(
        group[1],
        markers=("", "CD8", "CAR", "CD3", ""),
        gate_channels={"FSC-A": "FSC-A", "CD3": "PE-A", "CAR": "APC-A"},
    )

    found = _panel(group, "S2")

    assert found.severity is Severity.FAIL
    assert found.message.startswith(
        "CD3 is read from PE-A instead of FITC-A (as in 2 of 3 tubes, first in S1); "
    )


def test_another_marker_on_a_channel_the_gates_use_fails(group: list[TubeSummary]) -> None:
    group[2] = replace(group[2], markers=("", "CD3", "CD45", "CD8", ""))

    found = _panel(group, "S3")

    assert found.severity is Severity.FAIL
    assert found.message == (
        "APC-A is labelled CD45 instead of CAR (as in 2 of 3 tubes, first in S1)."
    )


def test_another_marker_on_a_channel_nobody_uses_warns(group: list[TubeSummary]) -> None:
    group[2] = replace(group[2], markers=("", "CD3", "CAR", "", ""))

    found = _panel(group, "S3")

    assert found.severity is Severity.WARN
    assert found.message == (
        "PE-A is labelled (nothing) instead of CD8 (as in 2 of 3 tubes, first in S1)."
    )


def test_another_spelling_of_a_marker_warns(group: list[TubeSummary]) -> None:
    group[0] = replace(group[0], markers=("", "cd-3", "CAR", "CD8", ""))

    found = _panel(group, "S1")

    assert found.severity is Severity.WARN
    assert found.message == (
        "FITC-A is labelled cd-3 instead of CD3 (as in 2 of 3 tubes, first in S2)."
    )


def test_the_labels_of_an_fmo_are_not_compared(group: list[TubeSummary]) -> None:
    group[2] = replace(
        group[2], sample_type=SampleType.FMO, markers=("", "CD3", "CAR FMO", "CD8", "")
    )

    assert _panel(group, "S3").severity is Severity.PASS


def test_missing_extra_and_respelled_channels_are_told_apart(group: list[TubeSummary]) -> None:
    group[2] = replace(
        group[2],
        channels=("fsc-a", "FITC-A", "APC-A", "BV421-A", "Time"),
        gate_channels={"FSC-A": "FSC-A", "CD3": "FITC-A", "CAR": "APC-A"},
    )
    group[2] = replace(group[2], markers=("", "CD3", "CAR", "CD4", ""))

    found = _panel(group, "S3")

    assert found.severity is Severity.WARN
    assert found.message == (
        "channel FSC-A is written fsc-a; channel PE-A is missing; "
        "channel BV421-A is not in the other tubes of the panel."
    )
    assert found.value == 3.0


def test_without_gates_a_missing_channel_fails(group: list[TubeSummary]) -> None:
    bare = [replace(tube, gates_name="", gate_channels={}) for tube in group]
    bare[2] = replace(
        bare[2], channels=("FSC-A", "FITC-A", "APC-A", "Time"), markers=("", "CD3", "CAR", "")
    )

    assert _panel(bare, "S3").severity is Severity.FAIL


def test_another_storage_of_numbers_warns(group: list[TubeSummary]) -> None:
    group[1] = replace(group[1], datatype="I", byteorder="")

    found = {one.sample_id: one for one in batch_checks.check_format(group, LIMITS)}

    assert found["S1"].severity is found["S3"].severity is Severity.PASS
    assert found["S2"].severity is Severity.WARN
    assert found["S2"].message == (
        "Numbers are stored as type I with byte order ? instead of type F with byte order "
        "1,2,3,4 (as in 2 of 3 tubes, first in S1): another instrument or another export."
    )


def test_of_many_differences_the_first_five_are_told(make_tube: MakeTube) -> None:
    names = tuple(f"FL{number}-A" for number in range(1, 10))
    odd = {"channels": names, "markers": ("",) * 9, "ranges": (1.0,) * 9}
    group = [make_tube("S1", row=2), make_tube("S2", row=3), make_tube("S3", row=4, **odd)]

    found = _panel(group, "S3")

    assert found.message == (
        "channel APC-A is missing; channel FITC-A is missing; channel FSC-A is missing; "
        "channel PE-A is missing; channel Time is missing; and 9 more."
    )
    assert found.value == 14.0


def test_another_cytometer_warns_and_its_name_is_not_told(group: list[TubeSummary]) -> None:
    group[2] = replace(group[2], instrument_sha256="another cytometer")

    found = batch_checks.check_instrument(group, LIMITS)

    assert [one.severity for one in found] == [Severity.PASS, Severity.PASS, Severity.WARN]
    assert found[2] == Finding(
        code="QC-INSTRUMENT",
        severity=Severity.WARN,
        message="The file names another cytometer than usual (as in 2 of 3 tubes, first in S1): "
        "gates and brightness do not carry over.",
        sample_id="S3",
        limit="same cytometer",
    )
    assert not any("another cytometer" in one.message for one in found[:2])


def test_a_file_that_does_not_name_its_cytometer_is_told_apart(group: list[TubeSummary]) -> None:
    group[0] = replace(group[0], instrument_sha256="")

    first, second, _ = batch_checks.check_instrument(group, LIMITS)

    assert (first.severity, first.message) == (
        Severity.INFO,
        "The file does not name its cytometer.",
    )
    assert second.severity is Severity.PASS


def test_where_no_file_names_a_cytometer_it_is_said_once(group: list[TubeSummary]) -> None:
    nameless = [replace(tube, instrument_sha256="") for tube in group]

    (found,) = batch_checks.check_instrument(nameless, LIMITS)

    assert (found.severity, found.message) == (
        Severity.INFO,
        "None of S1 and 2 more tubes of its panel names its cytometer: they could not be compared.",
    )
    assert batch_checks.check_instrument(group[:1], LIMITS) == ()
