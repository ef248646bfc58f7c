import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.errors import ExitCode, OutputError
from carflow.report.files import check_writable, make_folder, safe_stem, write_bytes, write_text


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_text_is_written_as_it_is_and_no_draft_stays(tmp_path: Path) -> None:
    path = write_text(tmp_path / "a.csv", "µL,x\n")

    assert path.read_bytes() == b"\xc2\xb5L,x\n"
    assert names_in(tmp_path) == ["a.csv"]


def test_a_file_is_replaced(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "old and longer")
    write_text(tmp_path / "a", "new")

    assert (tmp_path / "a").read_text() == "new"


def test_a_file_keeps_the_usual_rights(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.write_text("")

    assert write_text(tmp_path / "a", "x").stat().st_mode == usual.stat().st_mode


def test_a_full_disk_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_text(tmp_path / "a", "old")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError) as caught:
        write_text(path, "new")

    assert str(caught.value) == (
        f"{path}: the disk is full (free some space or choose another output folder)"
    )
    assert caught.value.exit_code is ExitCode.OUTPUT
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["a"]


def test_an_interrupt_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "a", b"x")

    assert names_in(tmp_path) == []


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    for path in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(OutputError) as caught:
            make_folder(path)

        assert str(caught.value) == (
            f"{path}: its place is taken by a file (choose another output folder)"
        )


def test_a_trial_leaves_nothing_behind(tmp_path: Path) -> None:
    check_writable(tmp_path / "out")

    assert names_in(tmp_path / "out") == []


def test_a_folder_that_may_not_be_written_to_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _body: bytes) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(OutputError) as caught:
        check_writable(tmp_path)

    assert str(caught.value) == (
        f"{tmp_path}: writing here is not allowed (choose an output folder you may write to)"
    )


def test_a_file_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    path = tmp_path / "taken" / "a.csv"
    with pytest.raises(OutputError) as caught:
        write_text(path, "x")

    assert str(caught.value) == (
        f"{path}: its place is taken by a file (choose another output folder)"
    )


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OutputError) as caught:
        write_text(tmp_path / "a", "x")

    assert str(caught.value) == (
        f"{tmp_path / 'a'}: its place is taken by a folder (choose another name)"
    )
    assert names_in(tmp_path) == ["a"]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EPERM])
def test_a_folder_without_rights_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError) as caught:
        make_folder(tmp_path / "out")

    assert str(caught.value) == (
        f"{tmp_path / 'out'}: writing here is not allowed "
        "(choose an output folder you may write to)"
    )


@pytest.mark.skipif(os.name != "posix", reason="rights of this kind exist on POSIX only")
def test_a_private_folder_is_open_to_its_owner_only(tmp_path: Path) -> None:
    make_folder(tmp_path / "private")
    make_folder(tmp_path / "private", private=True)

    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o700


@given(st.text(), st.text())
def test_different_names_never_share_a_stem(first: str, second: str) -> None:
    stems = {safe_stem(first), safe_stem(second)}

    assert len(stems) == len({first, second})
    for stem in stems:
        assert stem.isascii()
        assert stem == stem.lower()
        assert not set(stem) & set('/\\:*?"<>|. ')
        assert len(stem) <= 49
