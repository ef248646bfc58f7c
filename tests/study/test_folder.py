from collections.abc import Callable
from pathlib import Path

import pytest

from carflow.errors import SheetError
from carflow.study.folder import is_fcs, list_folder, locate

WriteFcs = Callable[[str], Path]


def test_fcs_is_known_by_its_first_bytes(tmp_path: Path, write_fcs_like: WriteFcs) -> None:
    (tmp_path / "renamed.fcs").write_bytes(b"<html>")
    (tmp_path / "folder.fcs").mkdir()

    assert is_fcs(write_fcs_like("tube.001"))
    assert not is_fcs(write_fcs_like("._tube.fcs"))
    assert not is_fcs(tmp_path / "renamed.fcs")
    assert not is_fcs(tmp_path / "folder.fcs")
    assert not is_fcs(tmp_path / "none.fcs")


@pytest.mark.parametrize("text", ["a.fcs", "./a.fcs", "day 7/a.fcs", "day 7\\a.fcs", "..a/b..fcs"])
def test_a_name_inside_the_folder_is_found_there(tmp_path: Path, text: str) -> None:
    expected = tmp_path.resolve().joinpath(*text.replace("\\", "/").split("/"))

    assert locate(text, tmp_path.resolve()) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("/etc/hosts", '"/etc/hosts" is an absolute path'),
        ("\\\\server\\share\\a.fcs", '"\\\\server\\share\\a.fcs" is an absolute path'),
        ("C:\\a.fcs", '"C:\\a.fcs" is an absolute path'),
        ("c:a.fcs", '"c:a.fcs" is an absolute path'),
        ("~/a.fcs", '"~/a.fcs" starts with ~'),
        ("../a.fcs", '"../a.fcs" holds ".."'),
        ("day7\\..\\..\\a.fcs", '"day7\\..\\..\\a.fcs" holds ".."'),
        (".", '"." cannot be the name of a file'),
        ("NUL", '"NUL" cannot be the name of a file'),
        ("day7/com1.fcs", '"day7/com1.fcs" cannot be the name of a file'),
        ("x" * 300, f'"{"x" * 39}…" cannot be followed to a file'),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(SheetError) as caught:
        locate(text, tmp_path.resolve())

    assert str(caught.value) == f"{problem} (name a file inside the folder of the sheet)"


def test_a_folder_is_no_tube(tmp_path: Path) -> None:
    (tmp_path / "day7").mkdir()

    with pytest.raises(SheetError) as caught:
        locate("day7", tmp_path.resolve())

    assert str(caught.value) == '"day7" is a folder (name one file in each row)'


def test_a_link_may_not_leave_the_folder(tmp_path: Path) -> None:
    study = tmp_path / "study"
    study.mkdir()
    (tmp_path / "outside.fcs").write_bytes(b"FCS3.1")
    try:
        (study / "away.fcs").symlink_to(tmp_path / "outside.fcs")
        (study / "up").symlink_to(tmp_path)
        (study / "here.fcs").symlink_to(study / "real.fcs")
    except OSError:
        pytest.skip("this system does not let us make links")

    for text in ("away.fcs", "up/outside.fcs"):
        with pytest.raises(SheetError) as caught:
            locate(text, study.resolve())
        assert str(caught.value) == (
            f'"{text}" is a link that leaves the folder'
            " (name a file inside the folder of the sheet)"
        )
    assert locate("here.fcs", study.resolve()) == study.resolve() / "here.fcs"


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    try:
        (tmp_path / "a.fcs").symlink_to(tmp_path / "b.fcs")
        (tmp_path / "b.fcs").symlink_to(tmp_path / "a.fcs")
    except OSError:
        pytest.skip("this system does not let us make links")

    with pytest.raises(SheetError) as caught:
        locate("a.fcs", tmp_path.resolve())

    assert str(caught.value) == (
        '"a.fcs" cannot be followed to a file (name a file inside the folder of the sheet)'
    )


def test_a_file_that_cannot_be_opened_counts_by_its_ending(
    write_fcs_like: WriteFcs, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, other = write_fcs_like("closed.FCS"), write_fcs_like("closed.txt")

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)

    assert is_fcs(closed)
    assert not is_fcs(other)


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert list_folder(tmp_path / "none") == []
