"""Gates by path or by the name of a shipped template: which reader takes what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from carflow.errors import CarflowError, GatesError, Problems
from carflow.gating.template import read_template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carflow.gating.strategy import Strategy

_Result = TypeVar("_Result")


def read_gates(source: str | Path, *, sample: str | None = None) -> Strategy:
    """Return the strategy of a gate file, or of a shipped template.

    Parameters
    ----------
    source : str or Path
        A template (``.toml``), a Gating-ML 2.0 document (``.xml``), a FlowJo 10 workspace
        (``.wsp``), or the bare name of a shipped template, as `car_t_blood`.
    sample : str, optional
        Which sample of a workspace; needed where it has gates for several.

    Raises
    ------
    GatesError, Problems
        If there is no such file or template, or it cannot be used.
    """
    path = Path(source)
    ending = path.suffix.casefold()
    if ending == ".toml":
        return read_template(path)
    if ending == ".xml":
        from carflow.gating.gatingml_reader import parse_gatingml

        return _parsed(path, parse_gatingml)
    if ending == ".wsp":
        return _of_sample(read_workspace(path), sample, str(source))
    shipped = shipped_templates()
    if str(source) in shipped:
        return read_template(shipped[str(source)])
    known = ", ".join(shipped) or "none"
    raise GatesError(
        "is neither a file ending in .toml, .xml or .wsp nor a shipped template",
        hint=f"shipped: {known}",
    ).at(str(source))


def read_workspace(path: str | Path) -> Mapping[str, Strategy]:
    """Return the strategies of a FlowJo 10 workspace, by the name of their sample.

    Raises
    ------
    GatesError, Problems
        If it cannot be used.
    """
    from carflow.gating.flowjo import parse_workspace

    return _parsed(Path(path), parse_workspace)


def shipped_templates() -> dict[str, Path]:
    """Return the templates that come with carflow, by name.

    They lie inside the installed package, or beside it in a checkout.
    """
    package = Path(__file__).parents[1]
    folders = [package / "gates", package.parent / "gates"]
    folder = next((one for one in folders if one.is_dir()), folders[0])
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def _of_sample(strategies: Mapping[str, Strategy], sample: str | None, place: str) -> Strategy:
    if sample is None and len(strategies) == 1:
        return next(iter(strategies.values()))
    if sample is not None and sample in strategies:
        return strategies[sample]
    found = f"the workspace has gates for {len(strategies)} samples"
    if sample is None:
        raise GatesError(found, hint="say for which: read_gates(path, sample=...)").at(place)
    raise GatesError(
        f"{found}, but not for the one asked for",
        hint="read_workspace(path) lists them",
    ).at(place)


def _parsed(path: Path, parse: Callable[[bytes], _Result]) -> _Result:
    """Return what a parser makes of a file; the path is the place of its errors."""
    place = str(path)
    try:
        return parse(path.read_bytes())
    except FileNotFoundError:
        raise GatesError("there is no such file").at(place) from None
    except OSError as error:
        raise GatesError(f"cannot be read: {error.strerror}").at(place) from error
    except GatesError as error:
        raise error.at(place) from None
    except Problems as problems:
        members = [one for one in problems.exceptions if isinstance(one, CarflowError)]
        raise Problems(place, members) from None
