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


@pytest.mark.parametrize(
    ("name", "kind", "ending"),
    [
        ("g.xml", "Gating-ML documents", ".xml"),
        ("a/G.WSP", "FlowJo workspaces", ".WSP"),
    ],
)
def test_later_kinds_are_named(name: str, kind: str, ending: str) -> None:
    with pytest.raises(GatesError) as caught:
        read_gates(name)
    assert str(caught.value) == (
        f'{name}: {kind} (ending "{ending}") cannot be read by this version of carflow '
        "(use a gate template ending in .toml)"
    )


def test_an_unknown_name_lists_the_shipped_templates() -> None:
    with pytest.raises(GatesError) as caught:
        read_gates("car_t_bloood")
    shipped = ", ".join(shipped_templates()) or "none"
    assert str(caught.value) == (
        "car_t_bloood: is neither a file ending in .toml nor a shipped template "
        f"(shipped: {shipped})"
    )
