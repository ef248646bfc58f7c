"""Time the bootstrap of the peak day: 2,000 draws of each patient with 12 visits.

Processor time of one thread. Run as a program: ``python tests/benchmarks/bench_peak.py``. What
should be seen: the time per 100 patients stays the same from 10 patients to 10,000.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from carflow.kinetics.peak_draws import Numbers, day_probabilities

VISITS, DRAWS, CV = 12, 2000, 0.2
SIZES = (10, 100, 1_000, 10_000)
Z95 = 1.959963984540054


def courses(patients: int) -> tuple[Numbers, Numbers, Numbers]:
    """Return values and their 95 % intervals, (patients, 12), of one-peaked curves."""
    random = np.random.default_rng(6)
    days = np.array([1, 3, 5, 7, 9, 11, 14, 17, 21, 28, 42, 60], dtype=float)
    peak = random.uniform(6, 16, (patients, 1))
    log_value = np.where(days < peak, 0.89 * (days - peak), -0.16 * (days - peak))
    values = np.exp(log_value + CV * random.standard_normal(log_value.shape))
    return values, values * np.exp(-Z95 * CV), values * np.exp(Z95 * CV)


def seconds_per_100(patients: int) -> float:
    """Return the processor time of the best of three runs, per 100 patients."""
    values, lows, highs = courses(patients)
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        day_probabilities(values, lows, highs, draws=DRAWS)
        best = min(best, time.process_time() - start)
    return 100 * best / patients


def main() -> None:
    """Print the table."""
    sys.stdout.write(f"{DRAWS} draws, {VISITS} visits\npatients  ms per 100 patients\n")
    for patients in SIZES:
        sys.stdout.write(f"{patients:8,d}  {1000 * seconds_per_100(patients):8.1f}\n")


if __name__ == "__main__":
    main()
