"""Compiles the C part of carflow while it is installed; without a compiler, goes on without it.

Nothing else is built here, and no result depends on what is: see `carflow.compiled.loading`.
"""

from __future__ import annotations

import os
import runpy
import shlex
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("carflow", "compiled")


class CompiledPart(BuildHookInterface):
    """Put the compiled part into a wheel, or beside its source where that is installed itself."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and tell the wheel what machine it is for."""
        folder = Path(self.root, FOLDER)
        loading = runpy.run_path(str(folder / "loading.py"))  # what whoever loads it will ask for
        if os.environ.get(loading["SWITCH"]) == "0":
            return
        if version == "editable":
            made = folder / loading["LIBRARY"]
        else:
            self._folder = tempfile.TemporaryDirectory()
            made = Path(self._folder.name, loading["LIBRARY"])
        try:
            compile_library(folder, made, mark=loading["mark_of"](folder))
        except (OSError, subprocess.CalledProcessError) as error:
            told = getattr(error, "stderr", "") or error
            self.app.display_warning(f"carflow goes without its compiled part: {told}")
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        if version != "editable":
            build_data["force_include"][str(made)] = str(FOLDER / made.name)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002  # as hatchling calls it
        """Delete what went into the wheel."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def compile_library(folder: Path, made: Path, *, mark: str) -> None:
    """Compile the sources of a folder, so that `made` is whole or as it was.

    Parameters
    ----------
    mark : str
        What tells these sources from others; the library carries it.

    Raises
    ------
    OSError
        If there is no compiler.
    subprocess.CalledProcessError
        If it refuses.
    """
    sources = [str(path) for path in sorted(folder.glob("*.c"))]
    compiler = shlex.split(os.environ.get("CC") or "cc")
    options = ["-std=gnu99", "-O3", "-shared", "-fPIC", f'-DCARFLOW_SOURCE="{mark}"']
    unfinished = made.with_suffix(f".{os.getpid()}")
    command = [*compiler, *options, *sources, "-o", str(unfinished), "-lm"]
    try:
        subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # the compiler of whoever installs
        unfinished.replace(made)
    finally:
        unfinished.unlink(missing_ok=True)
