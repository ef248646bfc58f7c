"""Time the kinetics of many patients: 12 visits and 3 quantities each, in one call.

Processor time of one thread. Run as a program: ``python tests/benchmarks/bench_kinetics.py``. What
should be seen: the time per patient stays the same from 10 patients to 10,000.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from carflow.kinetics.batch import nca_by_curve

DAYS = (1, 3, 5, 7, 9, 11, 14, 17, 21, 28, 42, 60)
QUANTITIES = 3
SIZES = (10, 100, 1_000, 10_000)


def columns(patients: int) -> tuple[list[int], np.ndarray, np.ndarray]:
    """Return curve, day and value of every sample; one in nine lies below the limit of 1."""
    random = np.random.default_rng(5)
    curves = patients * QUANTITIES
    days = np.tile(np.array(DAYS, dtype=float), curves)
    peak = np.repeat(random.uniform(6, 16, curves), len(DAYS))
    slope = np.where(days < peak, 0.89, -0.16)
    values = 100 * np.exp(slope * (days - peak) + 0.2 * random.standard_normal(len(days)))
    return np.repeat(np.arange(curves), len(DAYS)).tolist(), days, values


def seconds(patients: int) -> float:
    """Return the processor time of the best of a few runs."""
    table = columns(patients)
    best = float("inf")
    for _ in range(3 if patients < 5_000 else 1):
        start = time.process_time()
        nca_by_curve(*table, lloq=1.0)
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    """Print the table."""
    sys.stdout.write(f"{len(DAYS)} visits, {QUANTITIES} quantities\npatients  s  µs per patient\n")
    for patients in SIZES:
        taken = seconds(patients)
        sys.stdout.write(f"{patients:8,d}  {taken:6.2f}  {1e6 * taken / patients:6.0f}\n")


if __name__ == "__main__":
    main()
