"""Time the population model on 20 and on 100 patients beside the import of NumPyro alone.

Wall time, each in a process of its own, since a fit compiles its model once per process. Run as a
program: ``python tests/benchmarks/bench_population.py``. Needs the extra ``bayes``.
"""

from __future__ import annotations

import subprocess
import sys
import time

FIT = """
import numpy as np
from carflow.kinetics.population_fit import population_peak
random = np.random.default_rng(1)
days = np.array([1, 4, 7, 12, 14, 21, 28.0])
names, when, values = [], [], []
for patient in range({patients}):
    since = days - 9.3 * np.exp(0.3 * random.standard_normal())
    curve = 10 + np.where(since < 0, 0.9 * since, -0.2 * since) + 0.2 * random.standard_normal(7)
    names += [f"P{{patient}}"] * 7
    when += days.tolist()
    values += np.exp(curve).tolist()
found = population_peak(names, when, values, lloq=24.0, cv=0.2)
print(found.reason or f"R-hat {{found.r_hat:.3f}}, {{found.least_draws:.0f}} effective draws")
"""


def seconds(program: str) -> tuple[float, str]:
    """Return the wall time of a program in a process of its own, and what it printed."""
    start = time.perf_counter()
    ran = subprocess.run(  # noqa: S603  # our own program, in our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return time.perf_counter() - start, ran.stdout.strip()


def main() -> None:
    """Print the table."""
    imported, _ = seconds("import numpyro")
    sys.stdout.write(f"import numpyro {imported:6.1f} s\n")
    for patients in (20, 100):
        took, said = seconds(FIT.format(patients=patients))
        sys.stdout.write(
            f"{patients:4d} patients  {took:6.1f} s ({took / imported:.0f} imports): {said}\n"
        )


if __name__ == "__main__":
    main()
