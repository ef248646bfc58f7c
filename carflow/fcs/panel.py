"""Channels and markers of a tube, and how a name finds its channel; no event is read here.

Decision: an ambiguous name is an error. Taking the first match is how a percentage comes to
rest on the wrong detector.
"""

from __future__ import annotations

from dataclasses import dataclass

from carflow.errors import AnalysisError

_IGNORED = str.maketrans("", "", " -_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The channels ($PnN) and markers ($PnS, "" where absent) of a tube, in file order.

    Examples
    --------
    >>> panel = Panel(channels=("FSC-A", "FL1-A", "Time"), markers=("", "CD3", ""))
    >>> panel.index("CD3"), panel.index("fl1a"), panel.label(1)
    (1, 1, 'FL1-A (CD3)')
    """

    channels: tuple[str, ...]
    markers: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.channels) != len(self.markers):
            raise ValueError(f"{len(self.channels)} channels but {len(self.markers)} markers")

    def index(self, name: str) -> int:
        """Return the position of the channel that `name` means.

        The exact channel name counts first, then the exact marker, then both compared without
        regard to case, blanks, hyphens and underscores.

        Raises
        ------
        AnalysisError
            MARKER-MISSING or MARKER-AMBIGUOUS, with a list of what is there.
        """
        found = (
            _places(self.channels, name)
            or _places(self.markers, name)
            or _alike(self.channels, name) | _alike(self.markers, name)
        )
        if len(found) == 1:
            return found.pop()
        if found:
            raise self._ambiguous(name, sorted(found))
        raise AnalysisError(
            f'there is no channel or marker "{name}"; the tube has {self._listed()}',
            hint="check the spelling in the gate file, or give the marker's name in the panel",
            code="MARKER-MISSING",
        )

    def label(self, index: int) -> str:
        """Return the channel with its marker in brackets."""
        marker = self.markers[index]
        return f"{self.channels[index]} ({marker})" if marker else self.channels[index]

    def _ambiguous(self, name: str, found: list[int]) -> AnalysisError:
        meant = ", ".join(f"channel {place + 1} {self.label(place)}" for place in found)
        return AnalysisError(
            f'"{name}" means several channels of the tube: {meant}',
            hint="use the exact channel name, or export the tube with distinct names",
            code="MARKER-AMBIGUOUS",
        )

    def _listed(self) -> str:
        return ", ".join(self.label(place) for place in range(len(self.channels)))


def _places(names: tuple[str, ...], name: str) -> set[int]:
    return {place for place, other in enumerate(names) if other and other == name}


def _alike(names: tuple[str, ...], name: str) -> set[int]:
    folded = _folded(name)
    return {place for place, other in enumerate(names) if folded and _folded(other) == folded}


def _folded(name: str) -> str:
    return name.casefold().translate(_IGNORED)
