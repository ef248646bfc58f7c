"""How often the population model's intervals hold, also in patients it was not built for.

Two kinds of patients are those of `test_peak_coverage` (sharp and rounded turns, with a slow second
decline). Two are foreign to the model: growth that slows all the way to the peak (gamma-shaped
curves), and a rise that is steepest at its start (biexponential, after a lag). Each cell is one
cohort; a cell of a refused fit says why.

What was seen at CV 20 and 40 %, in one cohort of 40 or 60 for each cell: the intervals held 82 to
98 % of patients with sharp or rounded turns, and the error was 0.18 to 0.45 of that of the observed
day. Foreign cohorts were mostly refused; one of biexponential courses on a weekly grid was not (an
early version, without the limit on misfit), and its intervals held 40 %. Run it again::

    python -m pytest -m slow -s tests/kinetics/test_population_coverage.py
"""

from __future__ import annotations

import importlib.util
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

SIZE = 60
BUILT_FOR, FOREIGN = ("sharp", "rounded"), ("gamma", "biexponential")
REFUSALS = {Reason.NONE, Reason.NOT_CONVERGED, Reason.MODEL_MISFIT}
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


@needs_bayes
@pytest.mark.slow
@pytest.mark.parametrize("cv", [0.1, 0.2, 0.4])
@pytest.mark.parametrize("grid", ["case", "weekly", "dense"])
@pytest.mark.parametrize("shape", [*BUILT_FOR, *FOREIGN])
def test_intervals_hold_as_often_as_is_said_or_the_fit_is_refused(
    shape: str, grid: str, cv: float
) -> None:
    found, (true_days, observed) = fitted(shape, grid, cv, seed=404)
    start = f"{shape:14}{grid:7}{cv:.0%}"
    assert found.reason in REFUSALS
    if found.reason:
        sys.stdout.write(f"\n{start} refused: {found.reason}\n")
        return
    rows = np.array([[one.day.low, one.day.value, one.day.high] for one in found.patients], float)
    low, day, high = rows.T
    held = float(((low <= true_days) & (true_days <= high))[~np.isnan(day)].mean())
    error = float(np.nanmean(np.abs(day - true_days)))
    by_sample = float(np.nanmean(np.abs(observed - true_days)))
    sys.stdout.write(
        f"\n{start} held {held:.3f} error {error:.2f} d, of the observed day {by_sample:.2f} d,"
        f" width {np.nanmedian(high - low):.1f} d\n"
    )
    if shape in BUILT_FOR:
        assert held >= 0.75  # 0.82 was the least of cohorts of 60, give or take 0.05
        assert error < by_sample
