from pathlib import Path

import pytest

from carflow.errors import GatesError
from carflow.gating.reading import read_gates, shipped_templates


def test_a_toml_file_is_read_by_its_path(tmp_path: Path, template: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(template, encoding="utf-8")
    assert read_gates(path) == read_gates(str(path))


def test_a_shipped_template_is_read_by_its_name() -> None:
    for name, path in shipped_templates().items():
        assert read_gates(name) == read_gates(path)


@pytest.mark.parametrize("name", ["absent.toml", "absent.xml", "absent.WSP"])
def test_an_absent_file_is_said_to_be_absent(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(GatesError) as caught:
        read_gates(path)
    assert str(caught.value) == f"{path}: there is no such file"


def test_an_unknown_name_lists_the_shipped_templates() -> None:
    with pytest.raises(GatesError) as caught:
        read_gates("car_t_bloood")
    shipped = ", ".join(shipped_templates()) or "none"
    assert str(caught.value) == (
        "car_t_bloood: is neither a file ending in .toml, .json, .xml or .wsp nor a shipped "
        f"template (shipped: {shipped})"
    )
