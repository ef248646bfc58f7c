"""A tube made of arrays, and templates short enough to read in a test."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import strategies as st

from carflow.fcs.block import Block, Scaled
from carflow.fcs.data_segment import DataSegment
from carflow.fcs.panel import Panel
from carflow.fcs.source import snapshot
from carflow.fcs.spillover import Spillover
from carflow.gating.matrices import Matrix
from carflow.gating.scales import (
    Asinh,
    Bounded,
    Hyperlog,
    Identity,
    Linear,
    Log,
    Logicle,
    Scale,
)
from carflow.gating.shapes import (
    Boolean,
    Ellipsoid,
    Interval,
    Operand,
    Polygon,
    Quadrant,
    Rectangle,
    Shape,
)
from carflow.gating.strategy import Dimension, Population, Ratio, Strategy


@dataclass(frozen=True, kw_only=True)
class ArrayTube:
    """Events in memory, (n, k); blocks come in one buffer that is used again."""

    events: np.ndarray
    panel: Panel
    spillover: Spillover | None = None
    time_channel: str | None = "Time"
    timestep_s: float | None = 0.01

    @property
    def n_events(self) -> int:
        return len(self.events)

    def blocks(self, names: Sequence[str], *, events: int) -> Iterator[Block]:
        columns = [self.panel.index(name) for name in names]
        places = {name: place for place, name in enumerate(names)}
        for start in range(0, self.n_events, events):
            piece = np.ascontiguousarray(self.events[start : start + events, columns].T)
            kept = piece.copy()
            yield Block(piece, places)
            assert np.array_equal(piece, kept, equal_nan=True), "a block was written to"
            piece.fill(-7.0)


@dataclass(frozen=True, kw_only=True)
class RecordTube:
    """Records of 32-bit floats as a file holds them, (n, k), with Time in ticks and a gain.

    `others` are columns between the panel's own that no gate asks for.
    """

    records: np.ndarray
    panel: Panel
    others: int
    gain: float
    spillover: Spillover
    time_channel: str | None = "Time"
    timestep_s: float | None = 0.01

    @property
    def n_events(self) -> int:
        return len(self.records)

    @property
    def events(self) -> np.ndarray:
        """The scale values of the panel's channels, (n, 6) of float64."""
        block = next(self.blocks(self.panel.channels, events=max(self.n_events, 1)))
        return np.array([block.column(name) for name in self.panel.channels]).T

    def blocks(self, names: Sequence[str], *, events: int) -> Iterator[Block]:
        places = {
            name: self.panel.index(name) * (1 + self.others) for name in names if name != "Time"
        }
        scaled = {
            "Time": Scaled(
                place=self.panel.index("Time") * (1 + self.others),
                factor=0.01,
                made=lambda stored: stored.astype(np.float64) * 0.01,
            ),
            "V1": Scaled(
                place=places.pop("V1", 3 * (1 + self.others)),
                factor=1.0 / self.gain,
                made=lambda stored: stored.astype(np.float64) / self.gain,
            ),
        }
        buffer = np.empty((min(events, self.n_events), self.records.shape[1]), dtype=np.float32)
        for start in range(0, self.n_events, events):
            part = buffer[: self.n_events - start]
            part[:] = self.records[start : start + events]
            yield Block(part.T, places, {name: scaled[name] for name in scaled if name in names})
            assert np.array_equal(part, self.records[start : start + events], equal_nan=True)
            part.fill(-7.0)


@dataclass(frozen=True, kw_only=True)
class FiledTube(RecordTube):
    """The same records in a file, behind some bytes that are none, perhaps turned."""

    path: Path
    is_turned: bool

    def data_segment(self, names: Sequence[str]) -> DataSegment:
        records = np.empty((0, self.records.shape[1]), dtype=np.float32)
        with self.path.open("rb", buffering=0) as stream:
            opened = snapshot(stream, self.path, ())
        return DataSegment(
            snapshot=opened,
            begin=len(BEFORE_EVENTS),
            n_events=self.n_events,
            is_turned=self.is_turned,
            block=next(self.blocks(names, events=1)).of_records(records),
        )


BEFORE_EVENTS = b"what stands before the events"
MakeTube = Callable[..., ArrayTube]
MakeRecords = Callable[..., RecordTube]
PutInFile = Callable[..., FiledTube]


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
def make_records() -> MakeRecords:
    """Build a tube of records with the channels of `make_tube`."""

    def make(
        events: np.ndarray, *, matrix: np.ndarray, others: int = 0, gain: float = 4.0
    ) -> RecordTube:
        stored = np.array(events, dtype=np.float32)
        stored[:, 3] *= gain
        stored[:, 5] = np.round(stored[:, 5] / 0.01)
        records = np.full((len(stored), stored.shape[1] * (1 + others)), np.nan, dtype=np.float32)
        records[:, :: 1 + others] = stored
        return RecordTube(
            records=records,
            panel=Panel(
                channels=("FSC-A", "SSC-A", "B1", "V1", "R1", "Time"),
                markers=("", "", "CD3", "CD4", "CAR", ""),
            ),
            others=others,
            gain=gain,
            spillover=Spillover(channels=("B1", "V1", "R1"), matrix=matrix, keyword="$SPILLOVER"),
        )

    return make


@pytest.fixture
def put_in_file(tmp_path: Path) -> PutInFile:
    """Write the records of a tube to a file, and return the tube as one in a file."""

    def put(tube: RecordTube, *, turned: bool = False) -> FiledTube:
        path = tmp_path / "records"
        stored = tube.records.byteswap() if turned else tube.records
        path.write_bytes(BEFORE_EVENTS + stored.tobytes())
        own = {one.name: getattr(tube, one.name) for one in fields(tube)}
        return FiledTube(path=path, is_turned=turned, **own)

    return put


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


# --- random trees with every kind of gate, and a slow twin in fractions and `math` -----------

OWN_MATRIX = ((1.0, 0.12, 0.0), (0.03, 1.0, 0.2), (0.0, 0.05, 1.0))
DETECTORS = ("B1", "V1", "R1")
CHANNEL_OF = {"CD3": "B1", "CD4": "V1", "CAR": "R1"}
COLUMNS = ("FSC-A", "SSC-A", *DETECTORS, "Time")
LOGICLE = Logicle(t=262144.0, w=0.5, m=4.5, a=0.0)
HYPERLOG = Hyperlog(t=262144.0, w=0.5, m=4.5, a=0.0)
MATRICES = {
    "lab": Matrix(
        dyes=("FITC", "PE", "APC"),
        detectors=DETECTORS,
        rows=((1.0, 0.1, 0.02), (0.05, 1.0, 0.1), (0.0, 0.2, 1.0)),
    ),
    "wide": Matrix(
        dyes=("Dim", "Bright"), detectors=DETECTORS, rows=((1.0, 0.3, 0.1), (0.2, 1.0, 0.4))
    ),
}
# FlowKit follows the specification on these; see test_flowkit.py for the others
COMMON_AXES = (
    Dimension(name="FSC-A", scale=Identity(), compensated=False),
    Dimension(name="SSC-A", scale=Linear(t=262144.0, a=1000.0), compensated=False),
    Dimension(name="CD3", scale=LOGICLE, compensated=True),
    Dimension(name="CD4", scale=Asinh(t=262144.0, m=4.5, a=0.5), compensated=True),
    Dimension(name="CAR", scale=HYPERLOG, compensated=True),
)
MORE_AXES = (
    Dimension(name="CD4", scale=Logicle(t=262144.0, w=1.0, m=4.0, a=0.5), compensated=True),
    Dimension(
        name="ratio",
        scale=Identity(),
        compensated=False,
        ratio=Ratio(numerator="B1", denominator="SSC-A", a=2.0, b=-100.0, c=-300.0),
    ),
    Dimension(name="CAR", scale=Logicle(t=262144.0, w=1.0, m=4.0, a=0.5), compensated=False),
    Dimension(name="PE", scale=HYPERLOG, compensated=True, matrix="lab"),
    Dimension(name="CAR", scale=Log(t=262144.0, m=5.0), compensated=False),
    Dimension(name="CD3", scale=Bounded(scale=LOGICLE, low=0.3, high=0.7), compensated=True),
    Dimension(
        name="CD4",
        scale=Bounded(scale=Asinh(t=262144.0, m=4.5, a=0.5), high=0.8),
        compensated=False,
    ),
    Dimension(name="Bright", scale=HYPERLOG, compensated=True, matrix="wide"),
    Dimension(
        name="compensated ratio",
        scale=Bounded(scale=Log(t=100.0, m=4.0), low=0.1),
        compensated=True,
        ratio=Ratio(numerator="CD3", denominator="CD4", a=3.0, c=-900.0, low=0.01, high=50.0),
    ),
)


KINDS = ("interval", "rectangle", "quadrant", "polygon", "ellipsoid")


@st.composite
def _shapes(
    draw: st.DrawFn, axes: tuple[Dimension, ...], kinds: tuple[str, ...]
) -> tuple[Shape, tuple[Dimension, ...]]:
    x, y = draw(st.lists(st.sampled_from(axes), min_size=2, max_size=2, unique=True))
    places = st.floats(5.0, 20_000.0)

    def place(axis: Dimension) -> float:
        at = draw(places)
        if axis.ratio is not None:
            at = at / 2e4 * (2.0 if axis.scale.kind == "identity" else 60.0)
        elif axis.name in {"FSC-A", "SSC-A"}:
            at *= 13.0
        return float(axis.scale.forward(np.array([at]))[0])

    return _drawn(draw, draw(st.sampled_from(kinds)), (x, y), place)


def _drawn(
    draw: st.DrawFn,
    kind: str,
    axes: tuple[Dimension, Dimension],
    place: Callable[[Dimension], float],
) -> tuple[Shape, tuple[Dimension, ...]]:
    x, y = axes

    def span(axis: Dimension) -> tuple[float, float]:
        low, high = sorted((place(axis), place(axis)))
        return low, high + 1e-3

    if kind == "polygon":
        corners = draw(st.integers(3, 6))
        return Polygon(vertices=tuple((place(x), place(y)) for _ in range(corners))), (x, y)
    if kind == "quadrant":
        return Quadrant(lows=(place(x), -math.inf), highs=(math.inf, place(y))), (x, y)
    across, up = span(x), span(y)
    if kind == "ellipsoid":
        return _ellipse(across, up, draw(st.floats(-0.9, 0.9))), (x, y)
    if kind == "interval":
        return Interval(low=across[0], high=draw(st.sampled_from([across[1], math.inf]))), (x,)
    return Rectangle(lows=(across[0], up[0]), highs=(across[1], up[1])), (x, y)


def _ellipse(across: tuple[float, float], up: tuple[float, float], tilt: float) -> Ellipsoid:
    wide, high = (across[1] - across[0]) / 2, (up[1] - up[0]) / 2
    return Ellipsoid(
        mean=(sum(across) / 2, sum(up) / 2),
        covariance=((wide**2, tilt * wide * high), (tilt * wide * high, high**2)),
        distance_square=1.0 if tilt < 0.5 else 2.5,
    )


@st.composite
def _booleans(draw: st.DrawFn, paths: list[tuple[str, ...]]) -> Boolean:
    operation: Literal["and", "or", "not"] = draw(st.sampled_from(["and", "or", "not"]))
    size = 1 if operation == "not" else draw(st.integers(1, 3))
    operands = tuple(
        Operand(population="/".join(draw(st.sampled_from(paths))), outside=draw(st.booleans()))
        for _ in range(size)
    )
    return Boolean(operation=operation, operands=operands)


@st.composite
def _strategies(
    draw: st.DrawFn,
    axes: tuple[Dimension, ...],
    *,
    kin: bool = True,
    kinds: tuple[str, ...] = KINDS,
) -> Strategy:
    populations: list[Population] = []
    paths: list[tuple[str, ...]] = [()]
    for number in range(draw(st.integers(1, 7))):
        path = (*draw(st.sampled_from(paths)), f"p{number}")
        others = [one.path for one in populations]
        known = [other for other in others if kin or path[: len(other)] != other]
        if known and draw(st.integers(0, 3)) == 0:
            shape: Shape = draw(_booleans(known))
            drawn_on: tuple[Dimension, ...] = ()
        else:
            shape, drawn_on = draw(_shapes(axes, kinds))
        paths.append(path)
        populations.append(
            Population(
                name=path[-1],
                path=path,
                shape=shape,
                dimensions=drawn_on,
                outside=draw(st.integers(0, 4)) == 0,
            )
        )
    used = {axis.matrix for one in populations for axis in one.dimensions}
    return Strategy(
        name="random",
        populations=tuple(populations),
        matrices={name: matrix for name, matrix in MATRICES.items() if name in used},
        time="stored",
    )


RandomTrees = st.SearchStrategy[Strategy]


@pytest.fixture(scope="session")
def any_tree() -> RandomTrees:
    """Random trees with every kind of gate and axis."""
    return _strategies((*COMMON_AXES, *MORE_AXES))


@pytest.fixture(scope="session")
def compiled_tree() -> RandomTrees:
    """Random trees of everything that the compiled part knows."""
    axes = tuple(axis for axis in (*COMMON_AXES, *MORE_AXES) if axis.ratio is None)
    more = (Dimension(name=one, scale=Identity(), compensated=False) for one in ("SSC-A", "Time"))
    kinds = tuple(kind for kind in KINDS if kind != "ellipsoid")
    return _strategies((*axes, *more), kinds=kinds)


@pytest.fixture(scope="session")
def common_tree() -> RandomTrees:
    """Random trees of what FlowKit supports as the specification says."""
    return _strategies(COMMON_AXES, kin=False)


def _fractions(rows: Sequence[Sequence[float]]) -> list[list[Fraction]]:
    return [[Fraction(number) for number in row] for row in rows]


def _exact_inverse(matrix: list[list[Fraction]]) -> list[list[Fraction]]:
    size = len(matrix)
    rows = [[*row, *(Fraction(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for step in range(size):
        pivot = next(i for i in range(step, size) if rows[i][step])
        rows[step], rows[pivot] = rows[pivot], rows[step]
        rows[step] = [number / rows[step][step] for number in rows[step]]
        for i in range(size):
            if i != step:
                factor = rows[i][step]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[step], strict=True)]
    return [row[size:] for row in rows]


@lru_cache(maxsize=8)
def _exact_weights(rows: tuple[tuple[float, ...], ...]) -> list[list[Fraction]]:
    """Return S' (S S')^-1: the inverse of a square matrix, the least squares of a wide one."""
    s = _fractions(rows)
    gram = [[sum((a * b for a, b in zip(r, q, strict=True)), Fraction()) for q in s] for r in s]
    inverse = _exact_inverse(gram)
    return [
        [sum((s[k][d] * inverse[k][f] for k in range(len(s))), Fraction()) for f in range(len(s))]
        for d in range(len(s[0]))
    ]


def _slow_linear(event: Mapping[str, float], axis: Dimension, name: str) -> float:
    matrix = MATRICES.get(axis.matrix)
    if matrix is not None:
        column, rows = matrix.dyes.index(name), matrix.rows
    elif axis.compensated:
        column, rows = DETECTORS.index(CHANNEL_OF.get(name, name)), OWN_MATRIX
    else:
        return event[CHANNEL_OF.get(name, name)]
    weights = _exact_weights(rows)
    return float(
        sum(
            (
                Fraction(event[one]) * row[column]
                for one, row in zip(DETECTORS, weights, strict=True)
            ),
            Fraction(),
        )
    )


@lru_cache(maxsize=100_000)
def _slow_scaled(value: float, scale: Scale) -> float:
    if isinstance(scale, Bounded):
        return min(max(_slow_scaled(value, scale.scale), scale.low), scale.high)
    if isinstance(scale, Linear):
        return (value + scale.a) / (scale.t + scale.a)
    if isinstance(scale, Log):
        return math.log10(value / scale.t) / scale.m + 1.0 if value > 0.0 else -math.inf
    if isinstance(scale, Asinh):
        ln10 = math.log(10.0)
        stretched = math.asinh(value * math.sinh(scale.m * ln10) / scale.t)
        return (stretched + scale.a * ln10) / ((scale.m + scale.a) * ln10)
    if isinstance(scale, (Logicle, Hyperlog)):
        return _bisected(value, scale)
    return value


def _bisected(value: float, scale: Logicle | Hyperlog) -> float:
    """Return the place y at which the curve of the specification reaches a value."""
    curve, middle = _curve(scale)
    low, high = middle, 10.0
    for _ in range(70):
        centre = (low + high) / 2.0
        low, high = (centre, high) if curve(centre) < abs(value) else (low, centre)
    return low if value >= 0.0 else 2.0 * middle - low


def _curve(scale: Logicle | Hyperlog) -> tuple[Callable[[float], float], float]:
    """Return the curve above its middle, and the middle (of a symmetric curve)."""
    whole = scale.m + scale.a
    w, x2, b = scale.w / whole, scale.a / whole, whole * math.log(10.0)
    x1, x0 = x2 + w, x2 + 2.0 * w
    if isinstance(scale, Hyperlog):
        c = math.exp(b * x0) / w
        f = math.exp(b * x1) + c * x1
        a = scale.t / (math.exp(b) + c - f)
        return lambda y: a * (math.exp(b * y) + c * y - f), x1
    low, high, d = 0.0, b, b
    for _ in range(200):
        d = (low + high) / 2.0
        below = d == 0.0 or 2.0 * (math.log(d) - math.log(b)) + w * (d + b) < 0.0
        low, high = (d, high) if below else (low, d)
    c = math.exp(x0 * (b + d))
    f = math.exp(b * x1) - c * math.exp(-d * x1)
    a = scale.t / (math.exp(b) - f - c * math.exp(-d))
    return lambda y: a * (math.exp(b * y) - c * math.exp(-d * y) - f), x1


def _slow_coordinate(event: Mapping[str, float], axis: Dimension) -> float:
    if axis.ratio is None:
        return _slow_scaled(_slow_linear(event, axis, axis.name), axis.scale)
    above, below = (_slow_linear(event, axis, name) for name in axis.names)
    ratio = axis.ratio
    value = ratio.a * (above - ratio.b) / (below - ratio.c)
    return _slow_scaled(min(max(value, ratio.low), ratio.high), axis.scale)


def _slow_polygon(vertices: Sequence[tuple[float, float]], x: float, y: float) -> bool:
    at_x, at_y, odd = Fraction(x), Fraction(y), False
    for start, end in zip(vertices, (*vertices[1:], vertices[0]), strict=True):
        x0, y0, x1, y1 = map(Fraction, (*start, *end))
        turn = (x1 - x0) * (at_y - y0) - (at_x - x0) * (y1 - y0)
        if turn == 0 and min(x0, x1) <= at_x <= max(x0, x1) and min(y0, y1) <= at_y <= max(y0, y1):
            return True
        if (y0 <= at_y) != (y1 <= at_y):
            odd ^= at_x < x0 + (at_y - y0) * (x1 - x0) / (y1 - y0)
    return odd


def _slow_inside(shape: Shape, point: Sequence[float]) -> bool:
    if isinstance(shape, Ellipsoid):
        if not all(map(math.isfinite, point)):
            return False
        inverse = _exact_inverse(_fractions(shape.covariance))
        away = [Fraction(at) - Fraction(mean) for at, mean in zip(point, shape.mean, strict=True)]
        distance = sum(
            (away[i] * away[j] * inverse[i][j] for i in range(2) for j in range(2)), Fraction()
        )
        return distance <= Fraction(shape.distance_square)
    if isinstance(shape, Polygon):
        return all(map(math.isfinite, point)) and _slow_polygon(shape.vertices, *point)
    return all(low <= v < high for v, (low, high) in zip(point, shape.bounds, strict=True))


def _slow_boolean(shape: Boolean, members: Mapping[str, list[bool]], event: int) -> bool:
    values = [members[one.population][event] != one.outside for one in shape.operands]
    if shape.operation == "not":
        return not values[0]
    return all(values) if shape.operation == "and" else any(values)


SlowMembers = Callable[[np.ndarray, Strategy], dict[str, list[bool]]]


@pytest.fixture(scope="session")
def slow_members() -> SlowMembers:
    """Gate one event after the other, gate after gate, with `math` and fractions."""

    def members(events: np.ndarray, strategy: Strategy) -> dict[str, list[bool]]:
        rows = [dict(zip(COLUMNS, map(float, event), strict=True)) for event in events]
        found: dict[str, list[bool]] = {"": [True] * len(rows)}
        for one in strategy.populations:
            above = found["/".join(one.parent)]
            here = []
            for number, event in enumerate(rows):
                if isinstance(one.shape, Boolean):
                    inside = _slow_boolean(one.shape, found, number)
                else:
                    point = [_slow_coordinate(event, axis) for axis in one.dimensions]
                    inside = _slow_inside(one.shape, point)
                here.append(above[number] and inside != one.outside)
            found["/".join(one.path)] = here
        return found

    return members
