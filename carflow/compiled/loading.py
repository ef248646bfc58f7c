"""The compiled part of carflow, where it was built: loading it, and what it is called with.

No result depends on it: what it does, `carflow.fcs.records` and `carflow.gating.rows` do alike,
and slower. An installation without a C compiler has none of it, ``CARFLOW_COMPILED=0`` leaves it
unused.

Decision: plain C through ctypes. It needs no headers of Python and no second build system, one
file serves every version of Python, and other threads run meanwhile. It is used only if it was
made of the very sources that lie beside it, so that an old one is never called in a new way.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(__file__).parent
LIBRARY = "libcarflow.so"
SWITCH = "CARFLOW_COMPILED"


def library() -> ctypes.CDLL | None:
    """Return the compiled part, None where there is none or it is switched off."""
    return None if os.environ.get(SWITCH) == "0" else loaded(FOLDER)


def address(array: NDArray[Any]) -> ctypes.c_void_p:
    """Return where an array begins; whoever passes it on keeps the array until the call is over."""
    return ctypes.c_void_p(array.ctypes.data)


@lru_cache(maxsize=1)
def loaded(folder: Path) -> ctypes.CDLL | None:
    """Return the compiled part of a folder, None where it is none of its sources'."""
    try:
        found = ctypes.CDLL(str(folder / LIBRARY))
        made_of = ctypes.c_char_p.in_dll(found, "carflow_source").value
        if made_of != mark_of(folder).encode():
            return None
        found.surely_bytes.restype = ctypes.c_int64
        found.surely_read.restype = found.pick_read.restype = ctypes.c_int64
        found.surely.restype = found.pick.restype = None
    except (AttributeError, OSError, ValueError):
        return None
    return found


def mark_of(folder: Path) -> str:
    """Return the SHA-256 of the C files of a folder, one after the other by name."""
    mark = hashlib.sha256()
    for path in sorted(folder.glob("*.[ch]")):
        mark.update(path.read_bytes())
    return mark.hexdigest()
