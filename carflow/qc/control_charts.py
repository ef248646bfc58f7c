"""Control charts of process controls: a frozen baseline, z scores, and the Westgard rules.

For process controls only: brightness of beads or control cells, % CD3+ of a control blood, the
ratio of two counting beads. Never for patients' values, which are meant to change. Nothing is
drawn and nothing stored here; which tubes are runs of which chart is told in
`carflow.qc.baselines`.

Decisions
---------
* The baseline is made once, from at least 20 runs of one cytometer and one lot, and kept. A
  baseline that follows the runs follows the drift that it should show.
* A new cytometer or lot is a new chart: a run of another has no baseline, and is no outlier.
* The rules work on z scores: one tuple for each run, with one score for each control material
  in it, always in the same order. Rules over several runs look at each material by itself;
  R-4s looks across the materials of one run.
* 1-2s warns and the others fail: one in twenty good runs breaks 1-2s.

References
----------
Westgard JO et al., A multi-rule Shewhart chart for quality control in clinical chemistry,
Clin Chem 27:493, 1981.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from carflow.errors import CarflowError

Scores = Sequence[Sequence[float]]

LEAST_RUNS = 20
_SD_OF_MAD = 1.4826


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Where a control material lies on one cytometer with one lot, frozen.

    `instrument` is a hash of the cytometer's name, as in `TubeSummary`. `centre` and `spread` are
    mean and standard deviation, or median and robust standard deviation (1.4826 MAD) where
    `robust`; in the unit of the control.
    """

    material: str
    instrument: str
    lot: str
    centre: float
    spread: float
    n_runs: int
    robust: bool = False

    def z(self, value: float) -> float:
        """Return how far a value lies from the centre, in spreads."""
        return (value - self.centre) / self.spread


class Rule(StrEnum):
    """The Westgard rules, in their usual names."""

    ONE_2S = "1-2s"
    ONE_3S = "1-3s"
    TWO_2S = "2-2s"
    R_4S = "R-4s"
    FOUR_1S = "4-1s"
    TEN_X = "10x"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A rule that the run at an index (from 0) completes the breach of."""

    rule: Rule
    run: int


def freeze_baseline(
    values: Sequence[float], *, material: str, instrument: str, lot: str, robust: bool = False
) -> Baseline:
    """Return the baseline of one control material from the runs that define it.

    Parameters
    ----------
    values : sequence of float
        One value for each run, at least 20.
    material, instrument, lot : str
        What was measured, where, and of which lot.
    robust : bool
        Median and robust SD instead of mean and SD; an odd run among the 20 then hardly counts.

    Raises
    ------
    CarflowError
        If there are fewer than 20 runs, a value is not finite, or all are the same; the code
        is CHART-BASELINE.

    Examples
    --------
    >>> made = freeze_baseline(
    ...     [98.0, 100.0, 102.0, 100.0] * 5, material="beads", instrument="A", lot="7"
    ... )
    >>> made.centre, round(made.spread, 3), made.n_runs
    (100.0, 1.451, 20)
    """
    if len(values) < LEAST_RUNS:
        problem = f"a baseline needs at least {LEAST_RUNS} runs, found {len(values)}"
        raise CarflowError(problem, hint="collect more before judging", code="CHART-BASELINE")
    if not all(math.isfinite(value) for value in values):
        raise CarflowError("a value of the baseline is not a number", code="CHART-BASELINE")
    if robust:
        centre = statistics.median(values)
        spread = _SD_OF_MAD * statistics.median(abs(value - centre) for value in values)
    else:
        centre, spread = statistics.fmean(values), statistics.stdev(values)
    if spread <= 0.0:
        problem = "the values of the baseline do not vary"
        raise CarflowError(problem, hint="give them unrounded", code="CHART-BASELINE")
    return Baseline(
        material=material,
        instrument=instrument,
        lot=lot,
        centre=centre,
        spread=spread,
        n_runs=len(values),
        robust=robust,
    )


def one_2s(z: Scores) -> tuple[int, ...]:
    """Return the runs with a control beyond 2 SD.

    Examples
    --------
    >>> one_2s([(0.5,), (2.1,), (-2.0,)])
    (1,)
    """
    return tuple(run for run, scores in enumerate(z) if any(abs(one) > 2.0 for one in scores))


def one_3s(z: Scores) -> tuple[int, ...]:
    """Return the runs with a control beyond 3 SD."""
    return tuple(run for run, scores in enumerate(z) if any(abs(one) > 3.0 for one in scores))


def two_2s(z: Scores) -> tuple[int, ...]:
    """Return the runs that are the second in a row beyond 2 SD on one side.

    Two materials of one run beyond 2 SD on one side count as two in a row.

    Examples
    --------
    >>> two_2s([(2.1,), (2.3,), (-2.2,)]), two_2s([(2.1, 2.2)]), two_2s([(2.1, -2.2)])
    ((1,), (0,), ())
    """
    within = {
        run
        for run, scores in enumerate(z)
        if sum(one > 2.0 for one in scores) > 1 or sum(one < -2.0 for one in scores) > 1
    }
    return tuple(sorted(within | set(_in_a_row(z, 2, 2.0))))


def r_4s(z: Scores) -> tuple[int, ...]:
    """Return the runs whose materials differ by more than 4 SD; with one material, none.

    Examples
    --------
    >>> r_4s([(2.2, -2.1), (4.5, 2.0)])
    (0,)
    """
    return tuple(run for run, scores in enumerate(z) if scores and max(scores) - min(scores) > 4.0)


def four_1s(z: Scores) -> tuple[int, ...]:
    """Return the runs that are at least the fourth in a row beyond 1 SD on one side."""
    return _in_a_row(z, 4, 1.0)


def ten_x(z: Scores) -> tuple[int, ...]:
    """Return the runs that are at least the tenth in a row on one side of the centre."""
    return _in_a_row(z, 10, 0.0)


RULES: dict[Rule, Callable[[Scores], tuple[int, ...]]] = {
    Rule.ONE_2S: one_2s,
    Rule.ONE_3S: one_3s,
    Rule.TWO_2S: two_2s,
    Rule.R_4S: r_4s,
    Rule.FOUR_1S: four_1s,
    Rule.TEN_X: ten_x,
}


def violations(z: Scores) -> tuple[Violation, ...]:
    """Return every rule that every run breaks, run by run.

    Examples
    --------
    >>> [(str(found.rule), found.run) for found in violations([(0.1,), (2.4,), (3.2,)])]
    [('1-2s', 1), ('1-2s', 2), ('1-3s', 2), ('2-2s', 2)]
    """
    found = [(run, rule) for rule, broken_by in RULES.items() for run in broken_by(z)]
    order = list(Rule)
    found.sort(key=lambda pair: (pair[0], order.index(pair[1])))
    return tuple(Violation(rule=rule, run=run) for run, rule in found)


def _in_a_row(z: Scores, length: int, beyond: float) -> tuple[int, ...]:
    """Return the runs that end `length` runs of one material beyond a number on one side."""
    found = set()
    for material in zip(*z, strict=True):
        for sign in (1.0, -1.0):
            row = 0
            for run, score in enumerate(material):
                row = row + 1 if sign * score > beyond else 0
                if row >= length:
                    found.add(run)
    return tuple(sorted(found))
