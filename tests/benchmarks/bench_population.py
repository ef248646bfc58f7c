"""Time the population model on 20 and on 100 patients beside the import of NumPyro alone.

Wall time, each in a process of its own, since a fit compiles its model once per process. The second
fit is of another cohort of the same size in the same process, as for the second quantity of a run:
nothing is compiled again. Run as a program: ``python tests/benchmarks/bench_population.py``. Needs
the extra ``bayes``.
"""

from __future__ import annotations

import subprocess
import sys
import time

FIT = """
import time
import numpy as np
from carflow.kinetics.population_fit import population_peak
days = np.array([1, 4, 7, 12, 14, 21, 28.0])
for seed in (1, 2):
    random = np.random.default_rng(seed)
    names, when, values = [], [], []
    for patient in range({patients}):
        since = days - 9.3 * np.exp(0.3 * random.standard_normal())
        curve = np.where(since < 0, 0.9 * since, -0.2 * since)
        names += [f"P{{patient}}"] * 7
        when += days.tolist()
        values += np.exp(10 + curve + 0.2 * random.standard_normal(7)).tolist()
    start = time.perf_counter()
    found = population_peak(names, when, values, lloq=24.0, cv=0.2)
    took = time.perf_counter() - start
    said = found.reason or f"R-hat {{found.r_hat:.3f}}, {{found.least_draws:.0f}} effective draws"
    print(f"{{took:5.1f}} s, {{said}}", end="; " if seed == 1 else "")
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
        imports = f"{took / imported:.0f} imports"
        sys.stdout.write(f"{patients:4d} patients {took:6.1f} s in all ({imports}): {said}\n")


if __name__ == "__main__":
    main()
