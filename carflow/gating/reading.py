"""Gates by path or by the name of a shipped template: which reader takes what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from carflow.errors import GatesError
from carflow.gating.template import read_template

if TYPE_CHECKING:
    from carflow.gating.strategy import Strategy

_LATER = {".xml": "Gating-ML documents", ".wsp": "FlowJo workspaces"}


def read_gates(source: str | Path) -> Strategy:
    """Return the strategy of a gate file, or of a shipped template.

    Parameters
    ----------
    source : str or Path
        A file ending in ``.toml``, or the bare name of a shipped template, as `car_t_blood`.

    Raises
    ------
    GatesError, Problems
        If there is no such file or template, or it cannot be used.
    """
    path = Path(source)
    ending = path.suffix.casefold()
    if ending == ".toml":
        return read_template(path)
    if ending in _LATER:
        raise GatesError(
            f'{_LATER[ending]} (ending "{path.suffix}") cannot be read by this version of carflow',
            hint="use a gate template ending in .toml",
        ).at(str(source))
    shipped = shipped_templates()
    if str(source) in shipped:
        return read_template(shipped[str(source)])
    known = ", ".join(shipped) or "none"
    raise GatesError(
        "is neither a file ending in .toml nor a shipped template", hint=f"shipped: {known}"
    ).at(str(source))


def shipped_templates() -> dict[str, Path]:
    """Return the templates that come with carflow, by name.

    They lie inside the installed package, or beside it in a checkout.
    """
    package = Path(__file__).parents[1]
    folders = [package / "gates", package.parent / "gates"]
    folder = next((one for one in folders if one.is_dir()), folders[0])
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}
