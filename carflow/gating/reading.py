"""Gates by path or by the name of a shipped template: which reader takes what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from carflow.errors import CarflowError, GatesError, Problems
from carflow.gating.freezing import frozen_for, strategy_of_lock
from carflow.gating.lock import Override, parse_locks
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
        A template (``.toml``), a lock file (``.json``), a Gating-ML 2.0 document (``.xml``), a
        FlowJo 10 workspace (``.wsp``), or the bare name of a shipped template, as
        `car_t_blood`.
    sample : str, optional
        Which sample of a workspace, needed where it has gates for several; or of a lock file,
        whose gates otherwise are those of a tube it does not know. `carflow.run` takes the
        gates of a lock for each of its tubes by itself.

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
    if ending == ".json":
        return _of_lock(read_lock(path), sample, str(source))
    if ending == ".wsp":
        return _of_sample(read_workspace(path), sample, str(source))
    shipped = shipped_templates()
    if str(source) in shipped:
        return read_template(shipped[str(source)])
    known = ", ".join(shipped) or "none"
    raise GatesError(
        "is neither a file ending in .toml, .json, .xml or .wsp nor a shipped template",
        hint=f"shipped: {known}",
    ).at(str(source))


def read_lock(path: str | Path) -> tuple[Strategy, ...]:
    """Return the strategies of a lock file, one for each of its templates, each with its lock.

    Raises
    ------
    GatesError, Problems
        If it cannot be used.
    """

    def parse(content: bytes) -> tuple[Strategy, ...]:
        try:
            return tuple(map(strategy_of_lock, parse_locks(content.decode("utf-8-sig"))))
        except UnicodeDecodeError:
            raise GatesError("is not UTF-8 text", hint="save it as UTF-8") from None

    return _parsed(Path(path), parse)


def read_overrides(path: str | Path) -> tuple[Override, ...]:
    """Return the gates set by hand in a TOML file: ``[[override]]`` tables, each with a reason.

    Raises
    ------
    GatesError, Problems
        If it cannot be used.
    """
    from carflow.gating.overrides import parse_overrides

    return _parsed(Path(path), lambda content: parse_overrides(content.decode("utf-8-sig")))


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
    """Return the templates that come with carflow, by name."""
    return {path.stem: path for path in sorted(shipped_folder("gates").glob("*.toml"))}


def shipped_folder(name: str) -> Path:
    """Return a folder that comes with carflow: in the installed package, or beside a checkout's.

    Examples
    --------
    >>> shipped_folder("gates").joinpath("car_t_blood.toml").is_file()
    True
    """
    package = Path(__file__).parents[1]
    folders = [package / name, package.parent / name]
    return next((one for one in folders if one.is_dir()), folders[0])


def _of_lock(strategies: tuple[Strategy, ...], sample: str | None, place: str) -> Strategy:
    if len(strategies) != 1:
        raise GatesError(
            f"the lock file holds the gates of {len(strategies)} templates, not of one",
            hint="`carflow run --gates` takes it whole; the gates of a run lie in gates/*.xml",
        ).at(place)
    [strategy] = strategies
    if sample is None or strategy.lock is None:
        return strategy
    tube = strategy.lock.tube(sample)
    if tube is None:
        known = ", ".join(one.sample_id for one in strategy.lock.tubes)
        raise GatesError(f'no sample "{sample}" in the lock', hint=f"there are: {known}").at(place)
    return frozen_for(strategy, sample_id=sample, subject_id=tube.subject_id, batch=tube.batch)


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
