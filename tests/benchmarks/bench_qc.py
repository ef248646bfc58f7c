"""What judging a tube costs beside reading and gating it: 1,000,000 × 15 events and Time.

    python -m pytest tests/benchmarks/bench_qc.py -m benchmark -s

All contenders run in turn, round after round in one process on one file in the page cache;
the ratios are medians over the rounds of ratios within a round. The full QC of a tube is what
a run does besides gating: the watch over the passing chunks, its course through time, what
compensation left, the summary, and every check. The bar: it costs no more than gating.
"""

import gc
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import carflow as cf
from carflow import simulate
from carflow.cleaning.watch import WatchedTube, assess_stability
from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs
from carflow.gating.engine import gate
from carflow.gating.strategy import Strategy
from carflow.measured import attempt
from carflow.qc.checks import check_batch
from carflow.quantify.gated import car_medians
from carflow.study.model import SampleType, Tube

pytestmark = pytest.mark.benchmark

ROUNDS = 7
MORE = ("FL11-A", "FL12-A", "FL13-A", "FL14-A", "FL15-A")


def write(path: Path, n: int) -> Path:
    """Write simulated blood of n events with five more channels: 15 and Time."""
    shares = {"CD4 CAR T": 8, "CD8 CAR T": 8, "CD4 T": 14, "CD8 T": 10, "NK": 6, "B": 4,
              "monocyte": 8, "granulocyte": 20, "dead": 6, "debris": 14, "bead": 2}  # fmt: skip
    counts = {name: share * n // 100 for name, share in shares.items()}
    recipe = simulate.Recipe(identity="bench", counts=counts, doublets=0, duration_s=n / 2_000)
    events = simulate.simulate_tube(recipe)
    rng = np.random.default_rng(1)
    more = rng.lognormal(6.0, 0.8, (len(events), len(MORE))).astype(np.float32)
    write_fcs(
        path,
        np.hstack([events[:, :-1], more, events[:, -1:]]),
        channels=(*simulate.CHANNELS[:-1], *MORE, "Time"),
        markers=(*simulate.MARKERS[:-1], *[""] * len(MORE), ""),
        keywords={"$TIMESTEP": "0.01", "$SPILLOVER": simulate.spillover_keyword()},
        ranges=[simulate.RANGE] * (len(simulate.CHANNELS) + len(MORE)),
    )
    return path


def contenders(path: Path, gates: Strategy) -> dict[str, Callable[[], object]]:
    row = Tube(
        sample_id="A", subject_id="P", day=1.0, sample_type=SampleType.PATIENT, path=path, row=2
    )
    medians, plots = car_medians(gates), gates.plots
    tube = read_fcs(path)

    def read() -> None:
        for _ in read_fcs(path).chunks(tube.channels, events=16_384):
            pass

    def gated(*, watched: bool = False) -> None:
        own = read_fcs(path)
        gate(
            WatchedTube(own) if watched else own,
            gates,
            masks=False,
            medians=medians,
            densities=plots,
        )

    def whole() -> None:
        summary = attempt(row, gates).summary
        assert summary is not None
        assert summary.residuals
        check_batch([summary])

    def hashed() -> None:
        assert read_fcs(path).data_sha256

    return {
        "reading every column": read,
        "gating": gated,
        "gating, watched": lambda: gated(watched=True),
        "time QC alone": lambda: assess_stability(read_fcs(path)),
        "hashing the file": hashed,
        "gating and full QC": whole,
    }


def measure(runs: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(ROUNDS):
        for name, run in runs.items():
            gc.collect()
            start = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - start)
    return taken


def test_full_qc_costs_no_more_than_gating(tmp_path: Path) -> None:
    n = int(os.environ.get("CARFLOW_BENCH_EVENTS", "1000000"))
    taken = measure(contenders(write(tmp_path / "tube.fcs", n), cf.read_gates("car_t_blood")))
    gating = taken["gating"]
    print(f"\n{n:,} × 15 events and Time: medians of {ROUNDS} rounds")  # noqa: T201
    for name, times in taken.items():
        ratio = statistics.median(a / b for a, b in zip(times, gating, strict=True))
        print(  # noqa: T201
            f"  {name:22} {statistics.median(times) * 1e3:8.1f} ms  {ratio:5.2f} × gating"
        )
    rounds = zip(taken["gating and full QC"], taken["hashing the file"], gating, strict=True)
    share = statistics.median((whole - hashed - g) / g for whole, hashed, g in rounds)
    print(f"  full QC without gating and hashing: {share:.2f} × gating (bar 1)")  # noqa: T201
