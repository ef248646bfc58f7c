"""Where the linear values of a dimension come from in one tube: channels, weights, ratios."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carflow.gating.matrices import Weights
from carflow.gating.strategy import Ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from carflow.gating.compensation import Compensation
    from carflow.gating.matrices import Matrix
    from carflow.gating.strategy import Dimension, Strategy


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Source:
    """How a column of linear values is made; compared by identity, for it is looked up often.

    Parameters
    ----------
    channel : str
        The channel, or for a dye of a matrix the detector that sees most of it.
    weights : tuple of (detector, weight)
        Empty for values as acquired.
    ratio, over : Ratio and Source, optional
        The ratio of this source and another.
    """

    channel: str
    weights: Weights = ()
    ratio: Ratio | None = None
    over: Source | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The channels to read."""
        own = tuple(detector for detector, _ in self.weights) or (self.channel,)
        return own if self.over is None else (*own, *self.over.columns)


def dye_of(axis: Dimension, name: str, matrices: Mapping[str, Matrix]) -> str | None:
    """Return the dye of a named matrix that a name of a dimension means, None if it means none."""
    return matrices[axis.matrix].dye(name) if axis.compensated and axis.matrix else None


class Sources:
    """The sources of a tube: one for each way of making a column.

    Parameters
    ----------
    channels : mapping of str to str
        The channel of each name that is a marker or channel of the tube.
    """

    def __init__(
        self, strategy: Strategy, channels: Mapping[str, str], compensation: Compensation
    ) -> None:
        self._matrices = strategy.matrices
        self._channels = channels
        self._compensation = compensation
        self._known: dict[object, Source] = {}

    def of(self, axis: Dimension) -> Source:
        """Return the source of a dimension."""
        if axis.ratio is None:
            return self._single(axis, axis.name)
        parts = [self._single(axis, name) for name in axis.names]
        key = (axis.ratio, *map(id, parts))
        return self._once(
            key,
            lambda: Source(
                channel=parts[0].channel,
                weights=parts[0].weights,
                ratio=axis.ratio,
                over=parts[1],
            ),
        )

    def _single(self, axis: Dimension, name: str) -> Source:
        dye = dye_of(axis, name, self._matrices)
        if dye is not None:
            return self._once((axis.matrix, dye), lambda: self._of_dye(axis.matrix, dye))
        channel = self._channels[name]
        weights: Weights = ()
        if axis.compensated and not axis.matrix:
            weights = self._compensation.weights.get(channel, ())
        return self._once((channel, weights), lambda: Source(channel=channel, weights=weights))

    def _of_dye(self, name: str, dye: str) -> Source:
        matrix = self._matrices[name]
        return Source(
            channel=self._channels[matrix.detector(dye)],
            weights=tuple(
                (self._channels[detector], weight) for detector, weight in matrix.weights(dye)
            ),
        )

    def _once(self, key: object, make: Callable[[], Source]) -> Source:
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]
