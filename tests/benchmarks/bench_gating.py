"""A CAR T tree on 500,000 × 16 floats: carflow, FlowKit, a bare read, a read and a product.

    python -m pytest tests/benchmarks/bench_gating.py -m benchmark -s

All contenders run in turn, round after round in one process on one file in the page cache;
the ratios are medians over the rounds of ratios within a round. Tree A has one-dimensional
gates on logicle scales and polygons on scatter, tree B polygons on logicle scales as well.
What carflow and FlowKit find is compared first. The bars of the issue are printed, not asserted.
"""

import gc
import io
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs
from carflow.gating.engine import gate
from carflow.gating.scales import Identity, Logicle
from carflow.gating.shapes import Interval, Polygon, Quadrant, Rectangle, Shape
from carflow.gating.strategy import ALL_EVENTS, Dimension, Plot, Population, Strategy

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.filterwarnings("ignore"),  # those of FlowKit
]

ROUNDS = 7
DYES = tuple(f"FL{number}-A" for number in range(1, 11))
SCATTER = ("FSC-A", "FSC-H", "FSC-W", "SSC-A", "SSC-H")
CHANNELS = ("Time", *SCATTER, *DYES)
LIVE, CD45, CD3, CAR, CD4, CD8, PD1 = DYES[:7]
LOGICLE = Logicle(t=262144.0, w=0.5, m=4.5, a=0.0)
STRAIGHT = Identity()
MATRIX = np.array(
    [[1.0 if i == j else 0.25 / (1 + abs(i - j)) ** 2 for j in range(10)] for i in range(10)]
)


def logicle(value: float) -> float:
    return float(LOGICLE.forward(np.array([value]))[0])


def events(n: int, seed: int = 1) -> np.ndarray:
    """Return (n, 16) values: debris, doublets, lymphocytes, T cells, CAR T cells."""
    rng = np.random.default_rng(seed)
    kind = rng.random(n)
    cells, t_cells = kind > 0.25, kind > 0.5
    area = np.where(cells, rng.normal(90e3, 14e3, n), rng.lognormal(9.5, 0.7, n))
    height = area * rng.normal(0.8, 0.02, n) * np.where(rng.random(n) < 0.06, 0.6, 1.0)
    side = np.where(cells, rng.lognormal(10.4, 0.35, n), rng.lognormal(9.0, 0.8, n))
    shapes = (area, height, rng.normal(70e3, 6e3, n), side, side * 0.8)
    positive = {
        LIVE: rng.random(n) < 0.15,
        CD45: cells & (rng.random(n) < 0.95),
        CD3: t_cells & (rng.random(n) < 0.9),
        CAR: t_cells & (rng.random(n) < 0.3),
        CD4: t_cells & (rng.random(n) < 0.6),
        CD8: t_cells & (rng.random(n) < 0.35),
        PD1: rng.random(n) < 0.2,
    }
    dyes = np.column_stack(
        [
            np.where(
                positive.get(dye, rng.random(n) < 0.3),
                rng.lognormal(9.2, 0.5, n),
                rng.normal(0.0, 150.0, n),
            )
            for dye in DYES
        ]
    )
    ticks = np.sort(rng.uniform(0.0, 30_000.0, n)).round()
    return np.column_stack((ticks, *shapes, dyes @ MATRIX)).astype(np.float32)


def write(path: Path, n: int, seed: int = 1) -> Path:
    spill = ",".join(["10", *DYES, *(repr(float(number)) for number in MATRIX.ravel())])
    write_fcs(
        path,
        events(n, seed),
        channels=CHANNELS,
        markers=("",) * len(CHANNELS),
        keywords={"$SPILLOVER": spill, "$TIMESTEP": "0.01"},
    )
    return path


def axis(name: str) -> Dimension:
    dye = name in DYES
    return Dimension(name=name, scale=LOGICLE if dye else STRAIGHT, compensated=dye)


PLOTS = (  # beside them counts alone; what a report shows of a tube
    Plot(population=ALL_EVENTS, gate="", x=axis("FSC-A"), y=axis("SSC-A")),
    Plot(population="live", gate="", x=axis(CD3), y=axis("SSC-A")),
    Plot(population="CD3+", gate="", x=axis(CD3), y=axis(CAR)),
)


def population(path: str, shape: Shape, *names: str) -> Population:
    steps = tuple(path.split("/"))
    return Population(name=steps[-1], path=steps, shape=shape, dimensions=tuple(map(axis, names)))


def tree(kind: str) -> Strategy:
    """Return tree A or B: 12 gates, 15 populations."""
    top = "time/singlets/lymphocytes"
    t_cells = f"{top}/live/CD45+/CD3+"
    low, high, negative = logicle(1200.0), logicle(260e3), logicle(-400.0)
    singlets = ((1e3, 700.0), (26e4, 19.5e4), (26e4, 24e4), (2e5, 18.5e4), (1e3, 1.2e3))
    lymphocytes = (
        (5e4, 1e4), (8e4, 6e3), (13e4, 8e3), (15e4, 3e4), (15e4, 8e4), (12e4, 12e4), (7e4, 11e4),
        (5e4, 6e4),
    )  # fmt: skip
    curved = tuple((logicle(x), y) for x, y in ((900, 2e3), (2e5, 2e3), (2e5, 2e5), (2e3, 1.5e5)))
    slanted = (
        (low, low), (low, high), (high, high), (high, low + 0.05), (low + 0.2, low - 0.02),
    )  # fmt: skip
    cd3: tuple[Shape, tuple[str, ...]] = (Interval(low=low), (CD3,))
    car: tuple[Shape, tuple[str, ...]] = (Interval(low=low), (CAR,))
    if kind == "B":
        cd3 = Polygon(vertices=curved), (CD3, "SSC-A")
        car = Polygon(vertices=slanted), (CD3, CAR)
    inf = float("inf")
    cells = [
        population(
            f"{t_cells}/CAR{'+' if up else '-'}PD1{'+' if right else '-'}",
            Quadrant(
                lows=(low if up else -inf, low if right else -inf),
                highs=(inf if up else low, inf if right else low),
            ),
            CAR,
            PD1,
        )
        for up in (True, False)
        for right in (True, False)
    ]
    return Strategy(
        name=f"tree {kind}",
        populations=(
            population("time", Interval(low=5.0, high=290.0), "Time"),
            population("time/singlets", Polygon(vertices=singlets), "FSC-A", "FSC-H"),
            population(top, Polygon(vertices=lymphocytes), "FSC-A", "SSC-A"),
            population(f"{top}/live", Interval(high=low), LIVE),
            population(f"{top}/live/CD45+", Interval(low=low), CD45),
            population(t_cells, cd3[0], *cd3[1]),
            population(f"{t_cells}/CAR+", car[0], *car[1]),
            population(
                f"{t_cells}/CD4+", Rectangle(lows=(low, negative), highs=(high, low)), CD4, CD8
            ),
            population(
                f"{t_cells}/CD8+", Rectangle(lows=(low, negative), highs=(high, low)), CD8, CD4
            ),
            *cells,
            population(f"{t_cells}/CD4+/CAR+", Interval(low=low), CAR),
            population(f"{t_cells}/CD8+/CAR+", Interval(low=low), CAR),
        ),
    )


def flowkit_tree(strategy: Strategy) -> Any:  # FlowKit has no types
    """Return the same gates as FlowKit's own objects, quadrants as one gate."""
    import flowkit as fk

    gates = fk.GatingStrategy()
    gates.add_comp_matrix("matrix", fk.Matrix(MATRIX, list(DYES)))
    gates.add_transform("logicle", fk.transforms.LogicleTransform(262144.0, 0.5, 4.5, 0.0))

    def dimension(one: Dimension, low: float, high: float) -> Any:
        return fk.Dimension(
            one.name,
            "matrix" if one.compensated else "uncompensated",
            "logicle" if one.compensated else None,
            range_min=low if np.isfinite(low) else None,
            range_max=high if np.isfinite(high) else None,
        )

    corners: list[tuple[Population, Quadrant]] = []
    for one in strategy.populations:
        parent = ("root", *one.parent)
        if isinstance(one.shape, Quadrant):
            corners.append((one, one.shape))
        elif isinstance(one.shape, Polygon):
            axes = [dimension(axis, -np.inf, np.inf) for axis in one.dimensions]
            gates.add_gate(fk.gates.PolygonGate(one.name, axes, one.shape.vertices), parent)
        elif isinstance(one.shape, (Interval, Rectangle)):
            sides = zip(one.dimensions, one.shape.bounds, strict=True)
            axes = [dimension(axis, *bounds) for axis, bounds in sides]
            gates.add_gate(fk.gates.RectangleGate(one.name, axes), parent)
    at = logicle(1200.0)
    dividers = [
        fk.QuadrantDivider(f"{dye} divider", dye, "matrix", [at], "logicle") for dye in (CAR, PD1)
    ]
    quadrants = [
        fk.gates.Quadrant(
            one.name,
            [f"{dye} divider" for dye in (CAR, PD1)],
            [tuple(v if np.isfinite(v) else None for v in side) for side in shape.bounds],
        )
        for one, shape in corners
    ]
    gates.add_gate(
        fk.gates.QuadrantGate("CAR × PD1", dividers, quadrants), ("root", *corners[0][0].parent)
    )
    return gates


def bare_read(path: Path, begin: int, size: int) -> None:
    buffer = memoryview(bytearray(1 << 20))
    with path.open("rb", buffering=0) as stream:
        stream.seek(begin)
        left = size
        while left > 0:
            left -= stream.readinto(buffer[: min(left, len(buffer))])


def read_and_product(path: Path, begin: int, n: int) -> None:
    buffer = bytearray(4096 * 64)
    inverse = np.linalg.inv(MATRIX).astype(np.float32)
    with path.open("rb", buffering=0) as stream:
        stream.seek(begin)
        while n > 0:
            count = min(n, 4096)
            stream.readinto(memoryview(buffer)[: count * 64])
            values = np.frombuffer(buffer, dtype="<f4", count=count * 16).reshape(count, 16)
            values[:, 6:] @ inverse
            n -= count


def compared(path: Path, strategy: Strategy) -> None:
    """Assert that carflow and FlowKit find the same events."""
    import flowkit as fk

    ours = gate(read_fcs(path), strategy)
    found = flowkit_tree(strategy).gate_sample(fk.Sample(str(path), filename_as_id=True))
    for one in strategy.populations:
        where = ("root", *one.parent)
        if isinstance(one.shape, Quadrant):
            where = (*where, "CAR × PD1")
        theirs = found.get_gate_membership(one.name, gate_path=where)
        name = "/".join(one.path)
        assert ours.counts[name] > 0, name
        assert np.array_equal(ours.mask(name), theirs), name


def contenders(path: Path, strategy: Strategy) -> dict[str, Callable[[], object]]:
    import flowkit as fk

    tube = read_fcs(path)
    size = tube.n_events * 64
    theirs = flowkit_tree(strategy)

    def flowkit(*, cached: bool) -> None:
        sample = fk.Sample(str(path), filename_as_id=True)
        theirs.gate_sample(sample, cache_events=cached)
        theirs.clear_cache()

    return {
        "carflow, counts": lambda: gate(read_fcs(path), strategy, masks=False),
        "carflow, masks": lambda: gate(read_fcs(path), strategy),
        "carflow, plots": lambda: gate(read_fcs(path), strategy, masks=False, densities=PLOTS),
        "FlowKit": lambda: flowkit(cached=False),
        "FlowKit, cached": lambda: flowkit(cached=True),
        "bare read": lambda: bare_read(path, tube.data_begin, size),
        "read and product": lambda: read_and_product(path, tube.data_begin, tube.n_events),
    }


def measure(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            gc.collect()
            start = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - start)
    return taken


def ratio(above: list[float], below: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def report(heading: str, taken: dict[str, list[float]]) -> None:
    print(f"\n{heading}: medians of {len(taken['bare read'])} rounds")  # noqa: T201
    for name, times in taken.items():
        print(f"  {name:20} {statistics.median(times) * 1e3:9.1f} ms")  # noqa: T201
    for own in ("carflow, counts", "carflow, masks"):
        print(  # noqa: T201
            f"  {own}: {ratio(taken['FlowKit'], taken[own]):.0f} × FlowKit (bar 40), "
            f"{ratio(taken['FlowKit, cached'], taken[own]):.0f} × cached (bar 30); "
            f"{ratio(taken[own], taken['bare read']):.1f} × the bare read (bar 10), "
            f"{ratio(taken[own], taken['read and product']):.1f} × read and product; "
            f"fastest rounds: {min(taken['FlowKit']) / min(taken[own]):.0f} × FlowKit, "
            f"{min(taken['FlowKit, cached']) / min(taken[own]):.0f} × cached, "
            f"{min(taken[own]) / min(taken['bare read']):.1f} × the bare read"
        )


@pytest.mark.parametrize("kind", ["A", "B"])
def test_one_file(tmp_path: Path, kind: str) -> None:
    path, strategy = write(tmp_path / "tube.fcs", 500_000), tree(kind)
    compared(path, strategy)
    report(f"500,000 × 16 floats, tree {kind}", measure(contenders(path, strategy), ROUNDS))


def test_a_batch_of_twenty_files(tmp_path: Path) -> None:
    import flowkit as fk

    strategy = tree("A")
    paths = [write(tmp_path / f"{seed:02}.fcs", 200_000, seed) for seed in range(20)]

    def session() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fk.Session(flowkit_tree(strategy), [str(path) for path in paths]).analyze_samples(
                use_mp=False
            )

    runs: dict[str, Callable[[], object]] = {
        "carflow": lambda: [gate(read_fcs(path), strategy, masks=False) for path in paths],
        "Session": session,
    }
    taken = measure(runs, 3)
    for name, times in taken.items():
        print(f"  {name:20} {statistics.median(times):9.2f} s")  # noqa: T201
    print(  # noqa: T201
        f"  twenty files of 200,000 events: {ratio(taken['Session'], taken['carflow']):.0f} × "
        "Session.analyze_samples (bar 35)"
    )
    print(  # noqa: T201
        f"  peak memory above import: {peak_mib(tmp_path):.0f} MiB, "
        f"with masks {peak_mib(tmp_path, masks=True):.0f} MiB (bar 64)"
    )


def peak_mib(folder: Path, *, masks: bool = False) -> float:
    """Return the peak memory of a process of its own that gates the files, above its imports.

    Masks are one bit for each event and population, and grow with the file. Linux only.
    """
    program = f"""
import pathlib, re, runpy
module = runpy.run_path({str(Path(__file__))!r})
strategy = module["tree"]("A")
module["gate"]  # everything is imported
pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
def peak():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) / 1024
before = peak()
for path in sorted(pathlib.Path({str(folder)!r}).glob("*.fcs")):
    module["gate"](module["read_fcs"](path), strategy, masks={masks})
print(peak() - before)
"""
    ran = subprocess.run(  # noqa: S603  # our own program, in our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return float(io.StringIO(ran.stdout).readlines()[-1])


def test_cost_is_linear_and_memory_constant(tmp_path: Path) -> None:
    strategy = tree("A")
    for n in (100_000, 500_000, 2_000_000, 10_000_000):
        folder = tmp_path / str(n)
        folder.mkdir()
        path = write(folder / "tube.fcs", min(n, 2_000_000))
        if n > 2_000_000:  # the same events again and again
            path = repeated(path, n)
        taken = measure({"gate": partial(read_and_gate, path, strategy)}, 3)["gate"]
        best = min(taken)
        print(  # noqa: T201
            f"  {n:>10,} events: {best * 1e3:8.1f} ms, {best / n * 1e9:5.0f} ns an event, "
            f"{peak_mib(folder):4.0f} MiB above import, "
            f"with masks {peak_mib(folder, masks=True):.0f}"
        )
        path.unlink()


def read_and_gate(path: Path, strategy: Strategy) -> None:
    gate(read_fcs(path), strategy, masks=False)


def repeated(path: Path, n: int) -> Path:
    """Write a file of n events, as a whole number of copies of those of another."""
    tube = read_fcs(path)
    values = np.vstack([tube.column(name) for name in CHANNELS]).T.astype(np.float32)
    values[:, 0] *= 100.0
    times = n // tube.n_events
    spill = tube.keywords["$SPILLOVER"]
    write_fcs(
        path,
        np.tile(values, (times, 1)),
        channels=CHANNELS,
        markers=("",) * len(CHANNELS),
        keywords={"$SPILLOVER": spill, "$TIMESTEP": "0.01"},
    )
    return path
