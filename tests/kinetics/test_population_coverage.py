"""How often the population model's intervals hold, also in patients it was not built for.

Two kinds of patients are those of `test_peak_coverage` (sharp and rounded turns, with a slow second
decline). Two are foreign to the model: growth that slows all the way to the peak (gamma-shaped
curves), and a lag of each patient's own with a rise that is steepest at its start (biexponential).
Each cell is a number of cohorts of 50, fitted one by one; what a fit refuses is counted and not
held against it.

What was seen in 40 cohorts of 50 of each cell that the model was built for, none of them looked at
before (seed 71000; shares of the 2,000 patients less those not shown; error as a share of the
observed day's; cohorts refused; each for CV 10, 20 and 40 %)::

    turn           days    held              error            refused   bias, d
    sharp          case    .990 .988 .986    .12 .19 .28       1 0 1    +.09 +.14 +.21
    sharp          weekly  .982 .980 .978    .27 .31 .35       2 0 0    +.37 +.44 +.53
    sharp          dense   .978 .981 .981    .16 .22 .28       1 2 2    +.09 +.12 +.17
    rounded        case    .987 .984 .981    .15 .25 .36       0 0 0    -.04 -.06 -.15
    rounded        weekly  .987 .986 .984    .35 .43 .47       1 1 1    -.07 -.16 -.20
    rounded        dense   .988 .988 .985    .19 .27 .36       0 0 2    -.03 -.04 -.04

Three of these cells (rounded: case 40 %, weekly 10 and 20 %) are as fits with four attempts left
them; with three, 4, 8 and 5 of their cohorts had been refused. The others had three attempts, and
the fourth changes no fit that was shown.

Of foreign kinds two cohorts of each cell (seed 72000)::

    turn           days    held              error            refused
    gamma          case     -   1.00 1.00     -  .16 .27       2 1 0
    gamma          weekly  .990 .980 .980    .20 .32 .46       0 0 0
    gamma          dense   .968 1.00 .980    .13 .14 .20       0 1 0
    biexponential  weekly  1.00 1.00 1.00    .56 .64 .48       1 0 0
    biexponential  case                                        all, for misfit
    biexponential  dense                                       all, for misfit

Run it again, or longer, with other patients::

    CARFLOW_COHORTS=40 CARFLOW_SEED=7 \\
        python -m pytest -m slow -s tests/kinetics/test_population_coverage.py
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from carflow.kinetics.peak import peak_of
from carflow.kinetics.population_fit import PopulationPeaks, population_of
from carflow.reasons import Reason

if TYPE_CHECKING:
    from types import ModuleType

    from carflow.kinetics.peak_draws import Numbers

SIZE = 50
COHORTS = int(os.environ.get("CARFLOW_COHORTS", "8"))
SEED = int(os.environ.get("CARFLOW_SEED", "5200"))
BUILT_FOR, FOREIGN = ("sharp", "rounded"), ("gamma", "biexponential")
needs_bayes = pytest.mark.skipif(
    importlib.util.find_spec("numpyro") is None,
    reason="the extra bayes (NumPyro) is not installed",
)


def stein() -> ModuleType:
    """Return the simulation of `test_peak_coverage`; the tests' folders are no packages."""
    path = Path(__file__).with_name("test_peak_coverage.py")
    spec = importlib.util.spec_from_file_location("stein_patients", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def foreign_curve(
    shape: str, days: Numbers, random: np.random.Generator
) -> tuple[Numbers, Numbers]:
    """Return ln C below its peak, (patients, visits), and the true days, (patients, 1)."""

    def between(typical: float, log_sd: float) -> Numbers:
        found: Numbers = typical * np.exp(log_sd * random.standard_normal((SIZE, 1)))
        return found

    if shape == "gamma":
        top, steepness = between(10.0, 0.3), between(5.0, 0.4)
        curve = steepness * (np.log(days / top) + 1 - days / top)
        return curve, top
    slow = between(0.12, 0.4)
    fast, lag = slow + between(0.35, 0.4), between(3.0, 0.4)
    to_top = np.log(fast / slow) / (fast - slow)

    def log_curve(since: Numbers) -> Numbers:
        found: Numbers = np.log(np.exp(-slow * since) - np.exp(-fast * since))
        return found

    return log_curve(np.maximum(days - lag, 1e-3)) - log_curve(to_top), lag + to_top


def fitted(shape: str, grid: str, cv: float, seed: int) -> tuple[PopulationPeaks, Numbers]:
    """Return the fit of one cohort, and (true, observed) days of its patients."""
    module = stein()
    if shape in BUILT_FOR:
        courses = module.simulate(SIZE, shape=shape, grid=grid, cv=cv, seed=seed)
    else:
        random = np.random.default_rng(seed)
        days = np.array(module.GRIDS[grid], dtype=float)
        height = np.log(24_000) + 0.81 * random.standard_normal((SIZE, 1))
        curve, top = foreign_curve(shape, days, random)
        deviation = float(np.sqrt(np.log1p(cv**2)))
        noise = deviation * random.standard_normal(curve.shape)
        courses = module.Courses(
            days=days, values=np.exp(height + curve + noise), deviation=deviation,
            true_days=top[:, 0],
        )  # fmt: skip
    series = {f"P{number:03d}": courses.series(number) for number in range(SIZE)}
    observed = [peak_of(one).day.value or np.nan for one in series.values()]
    return population_of(series), np.array([courses.true_days, observed])


def cell(shape: str, grid: str, cv: float) -> tuple[Numbers, list[str]]:
    """Return (low, day, high, true, observed) of every patient shown, and why others were not."""
    rows, refused = [], []
    for number in range(COHORTS):
        found, (true_days, observed) = fitted(shape, grid, cv, seed=SEED + number)
        refused += [found.reason.value] if found.reason else []
        for one, true_day, by_sample in zip(found.patients, true_days, observed, strict=True):
            day = one.day
            if day.value is not None:
                rows.append([day.low, day.value, day.high, true_day, by_sample])
    return np.array(rows, dtype=float).reshape(-1, 5).T, refused


@needs_bayes
@pytest.mark.slow
@pytest.mark.parametrize("cv", [0.1, 0.2, 0.4])
@pytest.mark.parametrize("shape", [*BUILT_FOR, *FOREIGN])
@pytest.mark.parametrize("grid", ["case", "weekly", "dense"])
def test_intervals_hold_as_often_as_is_said_or_the_fit_is_refused(
    grid: str, shape: str, cv: float
) -> None:
    (low, day, high, true_day, by_sample), refused = cell(shape, grid, cv)
    line = f"\n{shape:14}{grid:7}{cv:4.0%}  refused {len(refused)} of {COHORTS} fits"
    line += f" {sorted(set(refused)) or ''}"
    if not len(day):
        sys.stdout.write(line + "\n")
        assert shape in FOREIGN
        return
    held = float(((low <= true_day) & (true_day <= high)).mean())
    error, observed = np.abs(day - true_day).mean(), np.nanmean(np.abs(by_sample - true_day))
    sys.stdout.write(
        f"{line} | patients {len(day)} of {COHORTS * SIZE} | held {held:.3f}"
        f" (early {(true_day > high).mean():.3f}, late {(true_day < low).mean():.3f})"
        f" | width {np.median(high - low):.1f} d | bias {np.mean(day - true_day):+.2f} d"
        f" | error {error:.2f} d, observed day {observed:.2f} d, ratio {error / observed:.2f}\n"
    )
    sys.stdout.flush()
    assert set(refused) <= {Reason.NOT_CONVERGED.value, Reason.MODEL_MISFIT.value}
    assert shape in FOREIGN or len(refused) <= max(1, COHORTS // 10)
    assert held >= 0.93 - 2.6 * np.sqrt(0.93 * 0.07 / len(day))
    assert error < 0.75 * observed
