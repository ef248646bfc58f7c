"""What gating a tube leaves behind: counts, masks on request, medians, small density grids.

Events are gone by now. Everything here is small and frozen; masks are one bit an event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from carflow.errors import GatesError
from carflow.gating.compensation import CompensationState
from carflow.gating.scales import Scale
from carflow.gating.strategy import Role, Strategy


class Counts(Mapping[str, int]):
    """Events of each population, by short name; any unambiguous path ending finds it, too.

    It is a `Mapping`, not a plain dict, so that ``counts["CD3+/CAR+"]`` answers where the
    short name is ``CAR+``.
    """

    __slots__ = ("_by_short_name", "_strategy")

    def __init__(self, strategy: Strategy, by_short_name: Mapping[str, int]) -> None:
        self._strategy = strategy
        self._by_short_name = dict(by_short_name)

    def __getitem__(self, name: str) -> int:
        """Return the events of a population; KeyError with the sentence if there is none."""
        if name in self._by_short_name:
            return self._by_short_name[name]
        try:
            population = self._strategy.find(name)
        except GatesError as error:
            raise KeyError(str(error)) from error
        return self._by_short_name[self._strategy.short_name(population)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_short_name)

    def __len__(self) -> int:
        return len(self._by_short_name)

    def __repr__(self) -> str:
        return f"Counts({self._by_short_name})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Density:
    """A histogram of one population on two axes, in scale space.

    `counts` are ``bins * bins`` events, row by row from the lowest y. Events beyond an axis
    pile up in its last bin, as on a cytometer's screen, so the sum is the population's count.
    `x_edges` and `y_edges` are the (low, high) ends of the axes.
    """

    population: str
    gate: str
    x_name: str
    y_name: str
    x_scale: Scale
    y_scale: Scale
    x_edges: tuple[float, float]
    y_edges: tuple[float, float]
    bins: int
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """The populations of one tube.

    Parameters
    ----------
    n_events : int
        All events of the file.
    n_nonfinite : int
        Events with a value that is no number in a column the gates use. They are in no
        population and in no denominator.
    medians : mapping
        Population -> marker -> median of the linear compensated values; a population
        without events has no median.
    robust_sds : mapping
        1.4826 times the median absolute deviation of the same values.
    time_span_s, time_gate_span_s : tuple of float, optional
        Times of the first and the last event, of all and of those in the time gate [s].
    compensation : CompensationState
        What became of compensation.
    uncovered : tuple of str
        Channels that were to be compensated, but are not in the matrix.
    channels : mapping of str to str
        Where each marker the gates name is found in this tube: name to channel.
    skipped : tuple of str
        Time gates that let every event in, because the tube's time cannot be used.
    """

    strategy: Strategy
    n_events: int
    n_nonfinite: int
    counts: Counts
    medians: Mapping[str, Mapping[str, float]]
    densities: tuple[Density, ...]
    time_span_s: tuple[float, float] | None
    time_gate_span_s: tuple[float, float] | None
    compensation: CompensationState
    uncovered: tuple[str, ...] = ()
    robust_sds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    packed_masks: Mapping[str, NDArray[np.uint8]] | None = field(
        default=None, repr=False, compare=False
    )

    @property
    def compensated(self) -> bool:
        """Whether the gates saw compensated values."""
        return self.compensation not in {
            CompensationState.NO_MATRIX,
            CompensationState.NOT_ASKED,
        }

    @property
    def retained_time_fraction(self) -> float:
        """The share of the acquisition that the time gate keeps; 1 without a time gate.

        Volumetric counting scales the acquired volume by it.
        """
        if self.time_span_s is None or self.time_gate_span_s is None:
            return 1.0
        whole = self.time_span_s[1] - self.time_span_s[0]
        kept = self.time_gate_span_s[1] - self.time_gate_span_s[0]
        return kept / whole if whole > 0.0 else 1.0

    def count(self, role: Role) -> int | None:
        """Return the events of the population that plays a role; None where none does."""
        population = self.strategy.role(role)
        return None if population is None else self.counts[self.strategy.short_name(population)]

    def mask(self, name: str) -> NDArray[np.bool_]:
        """Return for each event of the file whether it is in a population, (n_events,).

        Raises
        ------
        GatesError
            If there is no such population, or masks were not kept.
        """
        population = self.strategy.find(name)
        if self.packed_masks is None:
            raise GatesError("the masks of this tube were not kept", hint="gate it with masks=True")
        packed = self.packed_masks[self.strategy.short_name(population)]
        return np.unpackbits(packed, count=self.n_events).view(np.bool_)
