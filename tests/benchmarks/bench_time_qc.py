"""What the time QC costs beside reading the same tube: ratios of one run, never asserted.

Run it as ``python tests/benchmarks/bench_time_qc.py [EVENTS [CHANNELS]]``.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np

from carflow.cleaning.rank_moments import judged_channels
from carflow.cleaning.time_record import TimeRecord
from carflow.cleaning.watch import assess_stability
from carflow.fcs.acquisition import Acquisition
from carflow.fcs.reader import read_fcs
from carflow.fcs.writer import write_fcs

ROUNDS = 5


def write_tube(path: Path, n_events: int, n_channels: int) -> None:
    """Write lognormal light with a fault in it, and Time; no event is like another."""
    rng = np.random.default_rng(1)
    columns = np.empty((n_events, n_channels + 1), dtype=np.float32)
    for channel in range(n_channels):
        columns[:, channel] = rng.lognormal(6.0 + channel % 3, 0.8, n_events)
    columns[n_events // 2 : n_events // 2 + n_events // 20, :5] *= 0.6
    columns[:, -1] = np.floor(np.cumsum(rng.exponential(0.05, n_events)))
    write_fcs(
        path,
        columns,
        channels=[*(f"FL{number}-A" for number in range(1, n_channels + 1)), "Time"],
        markers=[""] * (n_channels + 1),
        keywords={"$TIMESTEP": "0.01"},
        ranges=[262_144.0] * (n_channels + 1),
    )


def read_all(tube: Acquisition) -> float:
    """Read every value once, as the gates would."""
    return float(sum(chunk[0, 0] for chunk in tube.chunks(tube.channels)))


def recorded(tube: Acquisition) -> TimeRecord:
    """Return what the time QC keeps of a tube."""
    channels = judged_channels(tube.channels, time_channel=tube.time_channel)
    record = TimeRecord(tube.n_events, channels, has_time=True, in_seconds=True)
    for chunk in tube.chunks([*channels, "Time"]):
        record.add(chunk[:-1], chunk[-1])
    return record


def seconds(task: Callable[[], object]) -> float:
    """Return the least processor time of a few rounds: other work on the machine does not count."""
    best = np.inf
    for _ in range(ROUNDS):
        begin = process_time()
        task()
        best = min(best, process_time() - begin)
    return float(best)


def main() -> None:
    """Measure and tell."""
    n_events, n_channels = (*map(int, sys.argv[1:]), *(1_000_000, 15)[len(sys.argv) - 1 :])
    with TemporaryDirectory() as folder:
        path = Path(folder, "tube.fcs")
        write_tube(path, n_events, n_channels)
        tube = read_fcs(path)
        record = recorded(tube)
        reading = seconds(lambda: read_all(tube))
        both = seconds(lambda: assess_stability(tube))
        judging = seconds(record.stability)
    sys.stdout.write(
        f"{n_events:,} events x {n_channels} channels and Time, processor time, best of {ROUNDS}\n"
        f"reading all columns             {reading:8.3f} s   1.00\n"
        f"reading and time QC             {both:8.3f} s   {both / reading:4.2f}\n"
        f"judging what was read           {judging:8.3f} s   {judging / reading:4.2f}\n"
    )


if __name__ == "__main__":
    main()
