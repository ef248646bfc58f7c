r"""The folder of a study: which of its files are FCS, and where a name in the sheet points.

Decisions
---------
*Back-slashes separate folders.* A sheet written on Windows says ``day07\tube1.fcs`` and must
read the same on every system; a file whose name holds a back-slash cannot be named in a sheet.

*A missing file is not refused here.* It is one tube's failure, found when the tube is read, and
never costs the batch. A name that leads out of the folder is refused: a sheet may come from
someone else, and must not make carflow read what it likes.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path, PurePosixPath

from carflow.errors import SheetError
from carflow.study.cells import quoted

_MAGIC = (b"FCS2.", b"FCS3.")
_DRIVE = re.compile(r"[A-Za-z]:")
# Windows opens these as devices, with any ending and in any folder.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE | re.DOTALL)
_INSIDE = "name a file inside the folder of the sheet"


def is_fcs(path: Path) -> bool:
    """Return whether a file starts like FCS 2 or 3; its ending tells only if it cannot be opened.

    The shadow files macOS leaves on foreign disks (``._day07.fcs``) are not FCS.
    """
    if path.name.startswith("._"):
        return False
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(_MAGIC[0])) in _MAGIC
    except OSError:
        return path.suffix.casefold() == ".fcs"


def list_folder(folder: Path) -> list[Path]:
    """Return what lies in a folder; nothing if there is none or it may not be listed."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def locate(text: str, root: Path) -> Path:
    r"""Return the path a sheet names, below the resolved folder `root`.

    Raises
    ------
    SheetError
        If the name is absolute, leads out of the folder, names the folder itself or a device.

    Examples
    --------
    >>> locate(r"day07\tube1.fcs", Path("study").resolve()).parts[-2:]
    ('day07', 'tube1.fcs')
    """
    _refuse_outside(text)
    parts = PurePosixPath(text.replace("\\", "/")).parts
    if not parts or any(_DEVICE.fullmatch(part) for part in parts):
        raise SheetError(f"{quoted(text)} cannot be the name of a file", hint=_INSIDE)
    path = root.joinpath(*parts)
    try:
        inside = path.resolve().is_relative_to(root)
        is_folder = _is_folder(path)
    except (OSError, RuntimeError):  # a name too long, links in a circle
        raise SheetError(f"{quoted(text)} cannot be followed to a file", hint=_INSIDE) from None
    if not inside:
        raise SheetError(f"{quoted(text)} is a link that leaves the folder", hint=_INSIDE)
    if is_folder:
        raise SheetError(f"{quoted(text)} is a folder", hint="name one file in each row")
    return path


def _is_folder(path: Path) -> bool:
    """Tell a folder from a file that may be missing; `Path.is_dir` hides links in a circle."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _refuse_outside(text: str) -> None:
    if text.startswith(("/", "\\")) or _DRIVE.match(text):
        raise SheetError(f"{quoted(text)} is an absolute path", hint=_INSIDE)
    if text.startswith("~"):
        raise SheetError(f"{quoted(text)} starts with ~", hint=_INSIDE)
    if ".." in re.split(r"[/\\]", text):
        raise SheetError(f'{quoted(text)} holds ".."', hint=_INSIDE)
