"""The compiled part is used where it is what its sources say, and nowhere else."""

import shutil
from pathlib import Path

import pytest

from carflow.compiled.loading import FOLDER, LIBRARY, SWITCH, library, loaded, mark_of

built = pytest.mark.skipif(library() is None, reason="carflow was installed without it")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sources, and of the library if there is one."""
    for path in FOLDER.iterdir():
        if path.suffix in {".c", ".h", ".so"}:
            shutil.copy(path, tmp_path)
    return tmp_path


@built
def test_a_library_made_of_the_sources_beside_it_is_used(folder: Path) -> None:
    assert loaded.__wrapped__(folder) is not None
    assert mark_of(folder) == mark_of(FOLDER)


@built
@pytest.mark.parametrize("name", ["surely.c", "program.h"])
def test_one_made_of_other_sources_is_not(folder: Path, name: str) -> None:
    source = folder / name
    source.write_bytes(source.read_bytes() + b"/* newer */")

    assert loaded.__wrapped__(folder) is None


@pytest.mark.parametrize("content", [b"", b"no library", None])
def test_what_is_no_library_is_not(folder: Path, content: bytes | None) -> None:
    (folder / LIBRARY).unlink(missing_ok=True)
    if content is not None:
        (folder / LIBRARY).write_bytes(content)

    assert loaded.__wrapped__(folder) is None


def test_a_library_that_is_switched_off_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "0")

    assert library() is None
