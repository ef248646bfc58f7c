import json

import pytest

from carflow.errors import GatesError
from carflow.gating.lock import (
    Coordinates,
    FrozenGate,
    Lock,
    LockedTube,
    Override,
    batch_id,
    lock_text,
    parse_locks,
)

TUBES = tuple(
    LockedTube(sample_id=name, subject_id="P1", batch=batch, sha256="0" * 64)
    for name, batch in (("S1", "b1"), ("S2", "b1"), ("S3", "b2"))
)


def gate(low: float, *, batch: str = "b1", sample_id: str = "", subject_id: str = "") -> FrozenGate:
    return FrozenGate(
        population="CD3+", batch=batch, sample_id=sample_id, subject_id=subject_id,
        coordinates=Coordinates(low=low), method="valley", scope="sample",
    )  # fmt: skip


LOCK = Lock(
    name="t", panel_id="p", template="", template_sha256="", versions={}, sheet_sha256="",
    tubes=TUBES,
    gates=(gate(1.0), gate(2.0, sample_id="S1"), gate(3.0, subject_id="P1"),
           gate(4.0, batch="b2")),
    overrides=(
        Override(population="CD3+", coordinates=Coordinates(low=8.0), reason="all"),
        Override(population="CD3+", coordinates=Coordinates(low=9.0), reason="one", sample_id="S1"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("sample_id", "subject_id", "batch", "low"),
    [
        ("S1", "P1", "b1", 2.0),
        ("S2", "P1", "b1", 3.0),
        ("late", "P2", "b1", 1.0),
        ("late", "P2", "b2", 4.0),
        ("late", "P2", "unknown", 1.0),
    ],
    ids=["its own", "its subject's", "its batch's", "another batch's", "the largest batch's"],
)
def test_a_tube_has_the_nearest_gate(
    sample_id: str, subject_id: str, batch: str, low: float
) -> None:
    found = LOCK.gates_of(sample_id=sample_id, subject_id=subject_id, batch=batch)

    assert found["CD3+"].coordinates.low == low


def test_an_override_for_one_sample_comes_after_that_for_all() -> None:
    assert [one.reason for one in LOCK.overrides_of("S1")] == ["all", "one"]
    assert [one.reason for one in LOCK.overrides_of("S2")] == ["all"]


def test_a_lock_is_the_same_when_written_and_read() -> None:
    text = lock_text((LOCK,), gates=["passed over"])

    assert parse_locks(text) == (LOCK,)
    assert lock_text(parse_locks(text), gates=["passed over"]) == text


def test_every_setting_that_matters_makes_another_batch() -> None:
    ids = {
        batch_id(panel_id="p", instrument="i", voltages=("450", "300"), lot="l"),
        batch_id(panel_id="q", instrument="i", voltages=("450", "300"), lot="l"),
        batch_id(panel_id="p", instrument="j", voltages=("450", "300"), lot="l"),
        batch_id(panel_id="p", instrument="i", voltages=("450", "301"), lot="l"),
        batch_id(panel_id="p", instrument="i", voltages=("450", "300"), lot="m"),
    }

    assert len(ids) == 5


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not valid JSON (line 1)"),
        ("[]", 'is no lock file of this version (its "format" would be "carflow-gates-lock-1")'),
        ('{"format": "carflow-gates-lock-1"}', "is damaged: input should be a valid tuple"),
    ],
)
def test_what_is_no_lock_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(GatesError) as raised:
        parse_locks(text)

    assert str(raised.value) == sentence


def test_an_override_written_into_the_lock_needs_its_reason() -> None:
    document = json.loads(lock_text((LOCK,)))
    document["locks"][0]["overrides"][0]["reason"] = " "

    with pytest.raises(GatesError) as raised:
        parse_locks(json.dumps(document))

    assert str(raised.value) == 'override of "CD3+": needs a reason (reason = "…")'
