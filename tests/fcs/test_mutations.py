"""Whatever the bytes are: a tube whose events can be read, or one error with a sentence."""

import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from carflow.errors import FcsError
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.codes import FcsCode
from carflow.fcs.reader import read_fcs_all
from carflow.fcs.volume import acquired_volume

BuildFcs = Callable[..., bytes]

_VALUES = ("", "0", "-1", "1", "7", "99999999999", "4_0", "nan", "x,y", "A", "4,1", "3,4,1,2", "٣")
_NAMES = (
    "$TOT", "$PAR", "$MODE", "$DATATYPE", "$BYTEORD", "$P1B", "$P2R", "$P3E", "$P1N", "$P2G",
    "$TIMESTEP", "$SPILLOVER", "$NEXTDATA", "$BEGINDATA", "$ENDDATA", "$BEGINSTEXT", "$ENDSTEXT",
    "$VOL", "$BTIM", "$ETIM", "$DATE", "$P9N", "$P1DATATYPE",
)  # fmt: skip


def _bases(build_fcs: BuildFcs) -> list[tuple[bytes, int]]:
    used = {
        "$TIMESTEP": "0.01", "$VOL": "33008", "$BTIM": "10:00:00", "$ETIM": "10:02:30",
        "$DATE": "05-MAR-2001", "$P2G": "2", "$SPILLOVER": "2,FSC-A,FL1-A,1,0.1,0,1",
    }  # fmt: skip
    floats = build_fcs(keywords=used)
    integers = build_fcs(
        [(1, 2, 3)] * 5,
        datatype="I",
        byteord="4,3,2,1",
        bits=(8, 16, 24),
        keywords=used | {"$P1R": "256", "$P2E": "4,1"},
        gap=b" " * 20,
    )
    return [(content, int(content[26:34])) for content in (floats, integers)]


def _mutant(content: bytes, data_begin: int, chance: random.Random) -> bytes:
    """Spoil one thing in HEADER or TEXT."""
    at = chance.randrange(data_begin)
    kind = chance.randrange(5)
    if kind == 0:
        return content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
    if kind == 1:
        return content[: chance.randrange(len(content))]
    if kind == 2:
        return content[:at] + chance.randbytes(chance.randint(1, 6)) + content[at:]
    if kind == 3:
        return content[:at] + content[at + chance.randint(1, 6) :]
    return b""


def _read_or_error(path: Path) -> tuple[tuple[Acquisition, ...], FcsError | None]:
    try:
        return read_fcs_all(path), None
    except FcsError as error:
        return (), error


def _check(path: Path) -> str:
    """Read a file whole; return the code of its refusal, or ""."""
    tubes, error = _read_or_error(path)
    if error is not None:
        assert error.code in set(FcsCode)
        assert error.places[0] == path.name
        return error.code
    for tube in tubes:
        stored = tube.n_events * tube.layout.record_bytes
        assert tube.data_begin + stored <= path.stat().st_size
        assert int(tube.keywords.get("$TOT", tube.n_events)) == tube.n_events
        for name in tube.channels:
            if tube.channels.count(name) == 1:
                assert tube.column(name).shape == (tube.n_events,)
        assert not any(math.isnan(top) for top in tube.ranges)
        assert tube.acquired_at is None or tube.acquired_at.year > 1
        volume = acquired_volume(tube.keywords)
        assert (volume.ul is None) == bool(volume.reason)
    return ""


def test_no_mutant_gets_through_as_a_raw_error(build_fcs: BuildFcs, tmp_path: Path) -> None:
    chance = random.Random(20240601)  # noqa: S311  # seeded on purpose
    path = tmp_path / "mutant.fcs"
    outcomes = []
    for content, data_begin in _bases(build_fcs):
        path.write_bytes(content)
        assert _check(path) == ""
        for _ in range(400):
            path.write_bytes(_mutant(content, data_begin, chance))
            outcomes.append(_check(path))

    assert 300 < sum(map(bool, outcomes)) < 800  # both kinds of answers occur


@pytest.mark.parametrize("name", _NAMES)
def test_no_keyword_value_gets_through_as_a_raw_error(
    build_fcs: BuildFcs, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "mutant.fcs"
    for datatype in "FI":
        for value in (*_VALUES, None):
            keywords = {"$BEGINDATA": "0", name: value}
            path.write_bytes(build_fcs([(1, 2, 3)] * 4, datatype=datatype, keywords=keywords))
            _check(path)
