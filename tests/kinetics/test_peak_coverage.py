"""How often what is printed about the day of the peak holds, in patients whose peak is known.

The patients are drawn after Stein 2019 (table 1, nlmixr2lib; half of the published variance of
Tmax and alpha), with two kinds of peak. Neither the rounded one (growth and decline that overlap,
logistic) nor the slow second decline is a curve that carflow fits. What lies below 1/1000 of the
typical peak is not quantified.

What was seen: the day set holds in at least 98.8 %, either model in at least 95.8 %, the cohort
bounds with sampling error in all; the sharp model alone in 17 to 73 % where peaks are rounded, the
rounded one alone in 53 to 96 % where they are sharp; the order-statistic interval of observed days
holds the true median in as few as 16 % (cohorts of 30). `peak_wording` and `cohort_wording` quote
these shares.

The small version runs always. The table of 2,000 patients in each of 18 cells::

    python -m pytest -m slow -s tests/kinetics/test_peak_coverage.py
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

from carflow.kinetics.cohort import Cohort, cohort_of
from carflow.kinetics.peak import Peak, peak_of
from carflow.kinetics.peak_draws import Numbers, span_of_days
from carflow.kinetics.peak_model import ModelledPeaks, model_peak
from carflow.kinetics.peak_passed import Verdict, peak_passed
from carflow.kinetics.series import Series, read_series
from carflow.measure import Measure

GRIDS = {
    "case": (1, 4, 7, 12, 14, 21, 28),
    "weekly": (7, 14, 21, 28),
    "dense": (1, 3, 5, 7, 9, 11, 14, 17, 21, 28),
}
CELLS = list(product(("sharp", "rounded"), GRIDS, (0.1, 0.2, 0.4)))
LLOQ, Z95 = 24.0, 1.959963984540054


@dataclass(frozen=True)
class Courses:
    """Measured courses, (patients, visits), with the true days of their peaks."""

    days: Numbers
    values: Numbers
    deviation: float
    true_days: Numbers

    def series(self, patient: int, until: float = np.inf) -> Series:
        kept = self.days <= until
        values = self.values[patient][kept]
        is_quantified = values >= LLOQ
        reach = np.exp(Z95 * self.deviation)
        return read_series(
            list(self.days[kept]),
            list(np.where(is_quantified, values, 0.0)),
            states=["QUANT" if one else "ND" for one in is_quantified],
            lows=list(np.where(is_quantified, values / reach, 0.0)),
            highs=list(np.where(is_quantified, values * reach, LLOQ)),
        )


def simulate(patients: int, *, shape: str, grid: str, cv: float, seed: int = 20190) -> Courses:
    random = np.random.default_rng(seed)

    def between(typical: float, log_sd: float) -> Numbers:
        return typical * np.exp(log_sd * random.standard_normal((patients, 1)))

    tmax, fold = between(9.3, 0.31), np.maximum(between(3900, 1.55), 50.0)
    cmax, decline = between(24_000, 0.81), np.maximum(between(0.16, 0.67), 0.02)
    late, late_decline = np.minimum(between(0.0079, 0.89), 0.5), between(0.0032, 0.93)
    growth = np.log(fold) / tmax
    days = np.array(GRIDS[grid], dtype=float)
    since = days - tmax
    rapid = np.where(since < 0, growth * since, -decline * since)
    if shape == "rounded":
        whole = growth + decline
        rapid = -np.logaddexp(
            np.log(decline / whole) - growth * since, np.log(growth / whole) + decline * since
        )
    slow = np.logaddexp(np.log1p(-late) + rapid, np.log(late) - late_decline * since)
    curve = np.log(cmax) + np.where(since > 0, slow, rapid)
    deviation = float(np.sqrt(np.log1p(cv**2)))
    values = np.exp(curve + deviation * random.standard_normal(curve.shape))
    return Courses(days=days, values=values, deviation=deviation, true_days=tmax[:, 0])


@dataclass(frozen=True)
class Answered:
    """What was said of the patients with a peak, and where it truly was."""

    courses: Courses
    patients: list[int]
    peaks: list[Peak]
    spans: list[tuple[float, float]]
    models: list[ModelledPeaks]

    @property
    def true_days(self) -> Numbers:
        return self.courses.true_days[self.patients]

    def held(self, spans: list[tuple[float, float]]) -> float:
        pairs = zip(spans, self.true_days, strict=True)
        return float(np.mean([low <= day <= high for (low, high), day in pairs]))

    def model(self, name: str) -> tuple[int, float, float, float, float]:
        """Return n, coverage, median error, mean absolute error, median width of one model."""
        rows = []
        for found, day in zip(self.models, self.true_days, strict=True):
            measure = found.either if name == "either" else getattr(found, name).day
            if isinstance(measure, Measure) and measure.value is not None:
                assert measure.low is not None
                assert measure.high is not None
                is_held = measure.low <= day <= measure.high
                rows.append((is_held, measure.value - day, measure.high - measure.low))
        if not rows:
            return 0, np.nan, np.nan, np.nan, np.nan
        held, errors, widths = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
        return (
            len(rows), float(held.mean()), float(np.median(errors)),
            float(np.abs(errors).mean()), float(np.median(widths)),
        )  # fmt: skip


def answer(courses: Courses) -> Answered:
    found = Answered(courses=courses, patients=[], peaks=[], spans=[], models=[])
    for patient in range(len(courses.values)):
        series = courses.series(patient)
        peak = peak_of(series)
        if peak.day.value is not None:
            found.patients.append(patient)
            found.peaks.append(peak)
            found.spans.append(span_of_days(series, peak.days95))
            found.models.append(model_peak(series, peak))
    return found


def cohort_coverage(found: Answered, size: int, cohorts: int) -> dict[str, float]:
    """Return how often a span of a cohort of that size holds the median of the true days."""
    random = np.random.default_rng(size)
    truth = float(np.median(found.true_days))
    held: dict[str, list[bool]] = {"order": [], "bounds": [], "bounds95": [], "turnbull": []}
    for _ in range(cohorts):
        chosen = random.integers(0, len(found.peaks), size)
        one: Cohort = cohort_of([found.peaks[place] for place in chosen])
        turnbull = None if one.turnbull is None else one.turnbull.median
        spans = (one.order_span, one.bounds, one.bounds95, turnbull)
        for name, span in zip(held, spans, strict=True):
            assert span is not None
            held[name].append(span[0] <= truth <= span[1])
    return {name: float(np.mean(column)) for name, column in held.items()}


@pytest.mark.parametrize(
    ("shape", "grid"), [("sharp", "case"), ("rounded", "dense"), ("rounded", "weekly")]
)
def test_what_is_printed_as_95_percent_holds_in_a_small_simulation(shape: str, grid: str) -> None:
    found = answer(simulate(40, shape=shape, grid=grid, cv=0.2))
    n, either = found.model("either")[:2]

    assert len(found.peaks) >= 38
    assert found.held(found.spans) >= 0.95
    assert cohort_coverage(found, 10, 60)["bounds95"] >= 0.93
    if grid == "weekly":
        assert n == 0
    else:
        assert n >= 28
        assert either >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "grid", "cv"), CELLS)
def test_what_is_printed_as_95_percent_holds_in_93_of_100(shape: str, grid: str, cv: float) -> None:
    found = answer(simulate(2000, shape=shape, grid=grid, cv=cv))
    observed = [one.day.value or 0.0 for one in found.peaks] - found.true_days
    cohorts = {size: cohort_coverage(found, size, 1000) for size in (6, 10, 30)}
    bracket = found.held([peak.bracket for peak in found.peaks])
    line = (
        f"{shape:8}{grid:7}{cv:.0%} n {len(found.peaks)} obs bias {np.median(observed):+.2f}"
        f" mae {np.abs(observed).mean():.2f} | bracket {bracket:.3f}"
        f" day set {found.held(found.spans):.3f}"
    )
    for name in ("sharp", "rounded", "either"):
        n, held, bias, error, width = found.model(name)
        line += f" | {name} n {n} {held:.3f} bias {bias:+.2f} mae {error:.2f} width {width:.1f}"
    for size, shares in cohorts.items():
        line += f" | N={size} " + " ".join(f"{name} {one:.2f}" for name, one in shares.items())
    sys.stdout.write("\n" + line + "\n")

    assert found.held(found.spans) >= 0.93
    assert min(shares["bounds95"] for shares in cohorts.values()) >= 0.93
    if found.model("either")[0]:
        assert found.model("either")[1] >= 0.93


def verdicts(
    patients: int, *, shape: str, grid: str, cv: float
) -> list[tuple[Verdict, float, bool]]:
    """Return verdict, probability and truth for patients followed to day 9, 12 and 14."""
    courses = simulate(patients, shape=shape, grid=grid, cv=cv)
    told = []
    for patient, until in product(range(patients), (9, 12, 14)):
        series = courses.series(patient, until)
        if not series.samples:
            continue
        found = peak_passed(series, peak_of(series))
        if found.published.value is not None:
            truth = bool(courses.true_days[patient] < found.today)
            told.append((found.verdict, found.published.value, truth))
    return told


def test_a_verdict_on_a_peak_that_has_passed_is_kept_in_a_small_simulation() -> None:
    told = verdicts(5, shape="sharp", grid="case", cv=0.2)

    assert all(truth for verdict, _, truth in told if verdict is Verdict.PASSED)
    assert not any(truth for verdict, _, truth in told if verdict is Verdict.NOT_PASSED)
    assert {verdict for verdict, _, _ in told} >= {Verdict.PASSED, Verdict.OPEN}


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["sharp", "rounded"])
@pytest.mark.parametrize("cv", [0.1, 0.4])
def test_verdicts_on_a_peak_that_has_passed_hold_in_93_of_100(shape: str, cv: float) -> None:
    told = [
        one for grid in ("case", "dense") for one in verdicts(60, shape=shape, grid=grid, cv=cv)
    ]
    line = f"{shape:8}{cv:.0%}"
    for verdict in (Verdict.PASSED, Verdict.OPEN, Verdict.NOT_PASSED):
        truths = [truth for one, _, truth in told if one is verdict]
        line += f" | {verdict}: {len(truths)}, true {np.mean(truths):.3f}"
    for low, high in ((0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        truths = [truth for _, share, truth in told if low <= share < high]
        line += f" | {low}-{min(high, 1)}: {len(truths)}, {np.mean(truths):.2f}"
    sys.stdout.write("\n" + line + "\n")

    passed = [truth for one, _, truth in told if one is Verdict.PASSED]
    still_to_come = [not truth for one, _, truth in told if one is Verdict.NOT_PASSED]
    assert np.mean(passed) >= 0.93
    assert np.mean(still_to_come) >= 0.93
