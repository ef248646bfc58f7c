"""A tube made of arrays, and templates short enough to read in a test."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from carflow.fcs.panel import Panel
from carflow.fcs.spillover import Spillover


@dataclass(frozen=True, kw_only=True)
class ArrayTube:
    """Events in memory, (n, k); chunks come in one buffer that is used again."""

    events: np.ndarray
    panel: Panel
    spillover: Spillover | None = None
    time_channel: str | None = "Time"
    timestep_s: float | None = 0.01

    @property
    def n_events(self) -> int:
        return len(self.events)

    def chunks(self, names: Sequence[str], *, events: int) -> Iterator[np.ndarray]:
        columns = [self.panel.index(name) for name in names]
        for start in range(0, self.n_events, events):
            piece = np.ascontiguousarray(self.events[start : start + events, columns].T)
            kept = piece.copy()
            yield piece
            assert np.array_equal(piece, kept, equal_nan=True), "a chunk was written to"
            piece.fill(-7.0)


MakeTube = Callable[..., ArrayTube]


@pytest.fixture(scope="session")
def make_tube() -> MakeTube:
    """Build a tube of the channels FSC-A, SSC-A, B1 (CD3), V1 (CD4), R1 (CAR) and Time."""

    def make(
        events: np.ndarray,
        *,
        matrix: np.ndarray | None = None,
        time_channel: str | None = "Time",
        timestep_s: float | None = 0.01,
        markers: tuple[str, ...] = ("", "", "CD3", "CD4", "CAR", ""),
    ) -> ArrayTube:
        spill = None
        if matrix is not None:
            spill = Spillover(channels=("B1", "V1", "R1"), matrix=matrix, keyword="$SPILLOVER")
        return ArrayTube(
            events=np.asarray(events, dtype=np.float64),
            panel=Panel(
                channels=("FSC-A", "SSC-A", "B1", "V1", "R1", "Time"),
                markers=markers,
            ),
            spillover=spill,
            time_channel=time_channel,
            timestep_s=timestep_s,
        )

    return make


@pytest.fixture(scope="session")
def random_events() -> Callable[[int], np.ndarray]:
    """Make n events: scatter, three dyes partly negative, time in seconds."""

    def make(n: int, seed: int = 11) -> np.ndarray:
        rng = np.random.default_rng(seed)
        scatter = rng.uniform(0.0, 262144.0, (n, 2))
        dyes = np.where(
            rng.random((n, 3)) < 0.5, rng.normal(0, 300, (n, 3)), rng.lognormal(9, 1, (n, 3))
        )
        return np.column_stack((scatter, dyes, np.sort(rng.uniform(0.0, 60.0, n))))

    return make


TEMPLATE = """
format = 1
name = "T cells"
panel = "small"
compensation = "file"

[scales]
fluorescence = { type = "logicle", t = 262144, w = 0.5, m = 4.5, a = 0 }
scatter = { type = "linear" }

[markers]
CD3 = "fluorescence"
CD4 = "fluorescence"
CAR = "fluorescence"
"FSC-A" = "scatter"
"SSC-A" = "scatter"

[[population]]
name = "time"
interval = { of = "Time", low = 1.0 }

[[population]]
name = "beads"
parent = "time"
rectangle = { CD3 = [20000, inf], CD4 = [20000, inf] }

[[population]]
name = "cells"
parent = "time"
polygon.x = "FSC-A"
polygon.y = "SSC-A"
polygon.vertices = [[2e4, 1e3], [25e4, 1e3], [25e4, 2e5], [5e4, 2e5]]

[[population]]
name = "CD3+"
parent = "cells"
interval = { of = "CD3", low = 1000 }

[[population]]
parent = "CD3+"
[population.quadrant]
x = "CAR"
y = "CD4"
x_divider = 1000
y_divider = 900
names = { "++" = "CAR+CD4+", "+-" = "CAR+CD4-", "-+" = "CAR-CD4+", "--" = "CAR-CD4-" }

[[population]]
name = "CAR+"
parent = "CD3+"
polygon.x = "CD3"
polygon.y = "CAR"
polygon.vertices = [[1e3, 1e3], [262144, 1e3], [262144, 262144], [1e3, 262144]]

[[population]]
name = "CD4+"
parent = "CAR+"
interval = { of = "CD4", low = 900 }

[[population]]
name = "CD4+"
parent = "CD3+"
interval = { of = "CD4", low = 900 }

[roles]
time = "time"
cells = "cells"
cd3 = "CD3+"
car = "CAR+"
car_cd4 = "CAR+/CD4+"
beads = "beads"

[[plot]]
x = "CD3"
y = "CAR"
gate = "CAR+"
"""


@pytest.fixture(scope="session")
def template() -> str:
    """A template with every kind of gate, a sibling, and a name that is used twice."""
    return TEMPLATE
