"""What is said about files that are no FCS, and the hashes."""

import hashlib
import os
from collections.abc import Sequence
from io import FileIO
from pathlib import Path

import numpy as np
import pytest

from carflow.errors import FcsError
from carflow.fcs.reader import read_fcs
from carflow.fcs.source import hash_file, opened, read_at
from carflow.fcs.writer import write_fcs


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x1f\x8b\x08\0rest", "a gzip archive"),
        (b"PK\x03\x04rest", "a zip archive or an Excel workbook"),
        (b"\n<!DOCTYPE html><html>", "a web page (HTML)"),
        (b"<HTML><body>", "a web page (HTML)"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "an XML document"),
        (b"FSC-A,CD3\n1,2\n", "a text file, perhaps a table (CSV)"),
        (b"hello\n", "a text file"),
        (b"\0" * 900, "a file of zeros, perhaps a transfer that failed"),
        (b"\x01\x02\x03", "something else (it does not begin with FCS)"),
    ],
)
def test_other_files_are_named(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "tube.fcs"
    path.write_bytes(content)

    with pytest.raises(FcsError) as caught:
        read_fcs(path)

    assert caught.value.code == "FCS-NOT-FCS"
    assert str(caught.value) == (
        f"tube.fcs: this is no FCS file but {kind} (unpack it or export the tube as FCS)"
    )


def test_a_missing_file_a_folder_and_an_empty_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty.fcs").touch()
    (tmp_path / "folder.fcs").mkdir()
    said = []
    for name in ("none.fcs", "folder.fcs", "empty.fcs", "nul\0.fcs"):
        with pytest.raises(FcsError) as caught:
            read_fcs(tmp_path / name)
        said.append((caught.value.code, str(caught.value)))

    assert said == [
        ("FCS-NOT-FOUND", "none.fcs: there is no such file (check the path)"),
        ("FCS-NOT-FOUND", "folder.fcs: this is a folder (name the FCS file inside it)"),
        ("FCS-EMPTY-FILE", "empty.fcs: the file is empty (copy it again from the cytometer)"),
        ("FCS-NOT-FOUND", "nul\0.fcs: there is no such file (check the path)"),
    ]


def test_whole_and_parts_are_hashed_in_one_pass(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000  # more than two buffers
    path = tmp_path / "large"
    path.write_bytes(content)
    spans = [(0, 10), (1_000_000, 1_100_000), (2_559_990, 2_560_000), (5, 5)]

    with opened(path) as (stream, size):
        whole, parts = hash_file(stream, spans)

    assert size == len(content)
    assert whole == hashlib.sha256(content).hexdigest()
    assert list(parts) == [hashlib.sha256(content[a:b]).hexdigest() for a, b in spans]


def _tube(path: Path) -> Path:
    events = np.zeros((5, 1), dtype=np.float32)
    write_fcs(path, events, channels=("FL1-A",), markers=("",), keywords={})
    return path


def test_a_file_is_hashed_when_asked_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def counted(stream: FileIO, spans: Sequence[tuple[int, int]]) -> tuple[str, tuple[str, ...]]:
        asked.append(1)
        return hash_file(stream, spans)

    monkeypatch.setattr("carflow.fcs.source.hash_file", counted)
    path = _tube(tmp_path / "tube.fcs")
    tube = read_fcs(path)

    assert not asked
    assert tube.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert tube.data_sha256 == hashlib.sha256(bytes(20)).hexdigest()
    assert len(asked) == 1


def test_a_file_written_to_since_is_neither_read_nor_hashed(tmp_path: Path) -> None:
    path = _tube(tmp_path / "tube.fcs")
    tube = read_fcs(path)
    content = path.read_bytes()
    path.write_bytes(content[:-10] + b"x" + content[-9:])  # as long as before
    os.utime(path, ns=(0, 1))

    for ask in (lambda: tube.sha256, lambda: tube.data_sha256, lambda: tube.column("FL1-A")):
        with pytest.raises(FcsError) as caught:
            ask()
        assert str(caught.value) == (
            "tube.fcs: the file was written to after it was opened "
            "(wait until it is written completely and run again)"
        )


def test_nothing_is_read_behind_the_end_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "ten"
    path.write_bytes(b"0123456789")

    with path.open("rb", buffering=0) as stream:
        assert read_at(stream, 8, 10**18) == b"89"
        assert read_at(stream, 10**18, 10**18) == b""
