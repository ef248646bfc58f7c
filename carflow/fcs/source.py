"""The file itself: opened, measured, hashed, and named where it is something else than FCS.

Decision: hashes are computed when they are first asked for. SHA-256 of a file takes many times
as long as reading it, and a script that looks at one column needs no hash; a run that records
what it read asks for both and pays one pass. A `Snapshot` remembers size and time of change of
the file as it was opened, so that neither hashes nor events can come from another content.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from carflow.errors import FcsError
from carflow.fcs.codes import FcsCode, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from io import FileIO

_HASH_BYTES = 1 << 20
_OTHER_KINDS = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89HDF", "an HDF5 file"),
    (b"<!doctype html", "a web page (HTML)"),
    (b"<html", "a web page (HTML)"),
    (b"<?xml", "an XML document"),
)


@contextmanager
def opened(path: Path) -> Iterator[tuple[FileIO, int]]:
    """Open a file unbuffered and give it with its size; the file's name is the errors' place.

    Raises
    ------
    FcsError
        FCS-NOT-FOUND, FCS-UNREADABLE or FCS-EMPTY-FILE.
    """
    try:
        with _stream(path) as stream:
            size = stream.seek(0, 2)
            if size == 0:
                raise refusal(
                    FcsCode.EMPTY_FILE, "the file is empty", "copy it again from the cytometer"
                )
            yield stream, size
    except FcsError as error:
        raise error.at(path.name) from None
    except OSError as error:
        raise _unreadable().at(path.name) from error


def _stream(path: Path) -> FileIO:
    try:
        return path.open("rb", buffering=0)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL character
        _refuse_no_file(path)
        raise _unreadable() from error


def _unreadable() -> FcsError:
    return refusal(
        FcsCode.UNREADABLE,
        "the operating system does not let the file be read",
        "check the permissions and the drive",
    )


def _refuse_no_file(path: Path) -> None:
    if path.is_dir():
        raise refusal(FcsCode.NOT_FOUND, "this is a folder", "name the FCS file inside it")
    if not path.exists():
        raise refusal(FcsCode.NOT_FOUND, "there is no such file", "check the path")


def read_at(stream: FileIO, offset: int, size: int) -> bytes:
    """Return `size` bytes from `offset`, fewer where the file ends.

    Never more is asked for than the file holds: Python would make room for it beforehand.
    """
    size = min(size, stream.seek(0, 2) - offset)
    if size <= 0:
        return b""
    stream.seek(offset)
    pieces = []
    while size > 0 and (piece := stream.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)  # seldom more: no copy


def fill(stream: FileIO, view: memoryview) -> None:
    """Read exactly as many bytes as `view` holds.

    Raises
    ------
    FcsError
        FCS-CHANGED if the stream ends before.
    """
    filled = 0
    while filled < len(view):
        count = stream.readinto(view[filled:])
        if not count:
            raise refusal(
                FcsCode.CHANGED,
                "the file became shorter while it was read: "
                f"{len(view) - filled} bytes are missing",
                "wait until it is written completely and run again",
            )
        filled += count


def not_fcs(beginning: bytes) -> FcsError:
    """Return the error for a file that does not begin as FCS does, saying what it may be.

    Examples
    --------
    >>> print(not_fcs(b"PK..".replace(b"..", bytes([3, 4]))))
    this is no FCS file but a zip archive or an Excel workbook (unpack it or export the tube as FCS)
    """
    return refusal(
        FcsCode.NOT_FCS,
        f"this is no FCS file but {_kind(beginning)}",
        "unpack it or export the tube as FCS",
    )


def _kind(beginning: bytes) -> str:
    lowered = beginning.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for signature, kind in _OTHER_KINDS:
        if beginning.startswith(signature) or lowered.startswith(signature):
            return kind
    if not beginning.strip(b"\0"):
        return "a file of zeros, perhaps a transfer that failed"
    if all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in beginning):
        if any(mark in beginning for mark in b",;\t"):
            return "a text file, perhaps a table (CSV)"
        return "a text file"
    return "something else (it does not begin with FCS)"


@dataclass(slots=True, eq=False)
class Snapshot:
    """A file as it was when it was opened: its size, its time of change, later its hashes.

    Parameters
    ----------
    path : Path
        The file.
    size, changed_ns : int
        Size [bytes] and time of the last change [ns], of the open file.
    spans : tuple of (begin, end)
        The bytes of the events of its data sets.
    """

    path: Path
    size: int
    changed_ns: int
    spans: tuple[tuple[int, int], ...]
    _hashes: tuple[str, tuple[str, ...]] | None = field(default=None, repr=False)

    @contextmanager
    def opened(self) -> Iterator[FileIO]:
        """Open the file again.

        Raises
        ------
        FcsError
            FCS-CHANGED if it is gone, or has another size or time of change.
        """
        try:
            with self.path.open("rb", buffering=0) as stream:
                now = os.fstat(stream.fileno())
                if (now.st_size, now.st_mtime_ns) != (self.size, self.changed_ns):
                    raise refusal(
                        FcsCode.CHANGED,
                        "the file was written to after it was opened",
                        "wait until it is written completely and run again",
                    )
                yield stream
        except FcsError as error:
            raise error.at(self.path.name) from None
        except OSError as error:
            raise refusal(
                FcsCode.CHANGED,
                "the file can no longer be read",
                "check that the drive or network share is still there",
            ).at(self.path.name) from error

    def hashes(self) -> tuple[str, tuple[str, ...]]:
        """Return the SHA-256 of the whole file and of each span, computed once."""
        if self._hashes is None:
            with self.opened() as stream:
                self._hashes = hash_file(stream, self.spans)
        return self._hashes


def snapshot(stream: FileIO, path: Path, spans: tuple[tuple[int, int], ...]) -> Snapshot:
    """Return the state of an open file."""
    now = os.fstat(stream.fileno())
    return Snapshot(path, now.st_size, now.st_mtime_ns, spans)


def hash_file(stream: FileIO, spans: Sequence[tuple[int, int]]) -> tuple[str, tuple[str, ...]]:
    """Return the SHA-256 of the whole file and of some spans of it, in one pass.

    Parameters
    ----------
    stream : FileIO
        The open file.
    spans : sequence of (begin, end)
        Byte offsets, end excluded.
    """
    whole = hashlib.sha256()
    parts = [hashlib.sha256() for _ in spans]
    buffer = memoryview(bytearray(_HASH_BYTES))
    stream.seek(0)
    at = 0
    while count := stream.readinto(buffer):
        whole.update(buffer[:count])
        for (begin, end), part in zip(spans, parts, strict=True):
            part.update(buffer[min(max(begin - at, 0), count) : min(max(end - at, 0), count)])
        at += count
    return whole.hexdigest(), tuple(part.hexdigest() for part in parts)
