"""Putting a file on the disk whole or not at all, and naming it safely.

Everything a run writes goes through `write_bytes`: a temporary name in the same folder, flushed
to the disk, then renamed over the old file. A reader sees the old file or the new one, never
half of one. File names are made of slugs; text of the sheet never becomes a path.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from carflow.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NOT_A_FOLDER = ("its place is taken by a file", "choose another output folder")
_NOT_ALLOWED = ("writing here is not allowed", "choose an output folder you may write to")
_NO_SPACE = ("the disk is full", "free some space or choose another output folder")
_SENTENCES = {
    errno.EEXIST: _NOT_A_FOLDER,
    errno.ENOTDIR: _NOT_A_FOLDER,
    errno.EISDIR: ("its place is taken by a folder", "choose another name"),
    errno.EACCES: _NOT_ALLOWED,
    errno.EPERM: _NOT_ALLOWED,
    errno.EROFS: _NOT_ALLOWED,
    errno.ENOSPC: _NO_SPACE,
    errno.EDQUOT: _NO_SPACE,
    errno.ENAMETOOLONG: ("the path is too long for this disk", "choose a shorter output folder"),
    errno.ENOENT: ("there is no folder to write it in", "make the folder, or name another"),
}
_OTHER = ("the operating system refused to write it", "choose another output folder")


def safe_stem(name: str) -> str:
    """Return a file name for any text: a readable slug and eight hex digits of its hash.

    Two different texts never share a stem, also where the disk ignores upper and lower case.

    Examples
    --------
    >>> safe_stem("P01"), safe_stem("<b>$P1&</b>")
    ('p01-2758a1c3', 'b-p1-b-c690c649')
    """
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].rstrip("-") or "x"
    return f"{slug}-{hashlib.sha256(name.encode('utf-8')).hexdigest()[:8]}"


def make_folder(path: Path, *, private: bool = False) -> None:
    """Make a folder and its parents; a private one is open to its owner only (mode 0700).

    Raises
    ------
    OutputError
        If a file is in the way or the folder may not be made.
    """
    with _as_output_error(path):
        path.mkdir(parents=True, exist_ok=True)
        if private:
            path.chmod(0o700)


def check_writable(out: Path) -> None:
    """Make the output folder and write and remove one small file in it.

    Raises
    ------
    OutputError
        If the folder cannot be made or written to: better known before the work than after it.
    """
    make_folder(out)
    _try_writing(out, place=out)


def check_place(path: Path) -> None:
    """Write and remove one small file beside where a file is to be written.

    Raises
    ------
    OutputError
        If there is no folder, or writing is not allowed: better known before the work.
    """
    _try_writing(path.parent, place=path)


def _try_writing(folder: Path, *, place: Path) -> None:
    trial = folder / f".carflow.{secrets.token_hex(4)}.part"
    with _as_output_error(place):
        trial.write_bytes(b"")
        trial.unlink()


def write_text(path: Path, text: str) -> Path:
    """Write text as UTF-8 with its line ends as they are, whole or not at all.

    Raises
    ------
    OutputError
        If the file cannot be written; no part of it is left, an older one stays as it was.
    """
    return write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, body: bytes) -> Path:
    """Write bytes under `path`, whole or not at all.

    Raises
    ------
    OutputError
        If the file cannot be written; no part of it is left, an older one stays as it was.
    """
    draft = path.with_name(f".{path.name[:80]}.{secrets.token_hex(4)}.part")
    with _as_output_error(path):
        try:
            with draft.open("xb") as stream:
                stream.write(body)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        _settle(path.parent)
    return path


def _settle(folder: Path) -> None:
    """Make a rename last: Windows has no way to flush a folder, and needs none."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _as_output_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem, hint = _SENTENCES.get(error.errno or 0, _OTHER)
        raise OutputError(problem, hint=hint).at(str(path)) from error
