"""A small FCS file made byte by byte, so that each test can spoil exactly one thing."""

import importlib.util
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from carflow.fcs.acquisition import Acquisition
from carflow.fcs.reader import read_fcs

BuildFcs = Callable[..., bytes]
ROWS = ((1.0, 10.0, 0.0), (2.0, 20.0, 5.0), (3.5, -30.0, 9.0))


def _pack(value: float, bits: int, datatype: str, *, little: bool) -> bytes:
    if datatype in "FD":
        return struct.pack(("<" if little else ">") + {"F": "f", "D": "d"}[datatype], value)
    return int(value).to_bytes(bits // 8, "little" if little else "big")


def build(
    rows: Sequence[Sequence[float]] = ROWS,
    *,
    datatype: str = "F",
    byteord: str = "1,2,3,4",
    bits: Sequence[int] = (),
    names: Sequence[str] = ("FSC-A", "FL1-A", "Time"),
    keywords: Mapping[str, str | None] | None = None,
    extra_text: str = "",
    version: str = "3.1",
    delimiter: str = "/",
    final_delimiter: bool = True,
    gap: bytes = b"",
    tail: bytes = b"00000000",
    header_data: tuple[int, int] | None = None,
    end_shift: int = 0,
    encoding: str = "utf-8",
) -> bytes:
    """Return a whole data set; `keywords` replaces values, None removes a keyword."""
    width = {"F": 32, "D": 64}.get(datatype, 16)
    bits = bits or [width] * len(names)
    little = byteord.startswith("1")
    events = b"".join(
        _pack(value, width, datatype, little=little)
        for row in rows
        for value, width in zip(row, bits, strict=True)
    )
    values: dict[str, str | None] = {
        "$BEGINDATA": "0",
        "$ENDDATA": "0",
        "$BYTEORD": byteord,
        "$DATATYPE": datatype,
        "$MODE": "L",
        "$NEXTDATA": "0",
        "$PAR": str(len(names)),
        "$TOT": str(len(rows)),
        "$TIMESTEP": "1",
    }
    for number, (name, width) in enumerate(zip(names, bits, strict=True), start=1):
        values |= {
            f"$P{number}N": name,
            f"$P{number}B": str(width),
            f"$P{number}E": "0,0",
            f"$P{number}R": "1024",
        }
    values |= keywords or {}

    def text(begin: int, last: int) -> bytes:
        offsets = {"$BEGINDATA": f"{begin:08d}", "$ENDDATA": f"{last:08d}"}
        merged = {
            name: offsets[name] if value == "0" and name in offsets else value
            for name, value in values.items()
        }
        parts = [
            part for name, value in merged.items() if value is not None for part in (name, value)
        ]
        string = delimiter + delimiter.join(parts) + delimiter + extra_text
        return (string if final_delimiter else string[:-1]).encode(encoding)

    begin = 58 + len(text(0, 0)) + len(gap)
    last = begin + len(events) - 1 + end_shift
    content = text(begin, last)
    first_two = (58, 58 + len(content) - 1)
    offsets = (*first_two, *(header_data if header_data is not None else (begin, last)), 0, 0)
    header = f"FCS{version}    " + "".join(f"{offset:8d}" for offset in offsets)
    return header.encode() + content + gap + events + tail


@pytest.fixture(scope="session")
def build_fcs() -> BuildFcs:
    """The recipe of a small FCS file: 3 events of FSC-A, FL1-A and Time, float32."""
    return build


ReadBytes = Callable[[bytes], Acquisition]


@pytest.fixture
def read_bytes(tmp_path: Path) -> ReadBytes:
    """Read the first data set of a file with this content."""

    def read(content: bytes) -> Acquisition:
        path = tmp_path / "tube.fcs"
        path.write_bytes(content)
        return read_fcs(path)

    return read


@pytest.fixture(scope="session")
def mutants() -> ModuleType:
    """The module beside this one that makes spoilt files."""
    name = "fcs_mutants"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("mutants.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module
