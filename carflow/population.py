"""The population model applied to a result: which curves it is fitted to, and nothing else.

It is asked for and never a part of an ordinary run: a first fit takes ten seconds and more, and
needs the extra ``bayes``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carflow.kinetics.population_fit import population_of
from carflow.kinetics.series import series_of
from carflow.quantify.declarations import CURVE_QUANTITIES, DECLARATIONS

if TYPE_CHECKING:
    from carflow.kinetics.population_fit import PopulationPeaks
    from carflow.result.run import Result

_PERCENTAGE, _COPIES = "car_pct_cd3", "copies_per_ug"


def with_population(result: Result) -> Result:
    """Return a result with the posterior of every subject's peak day.

    Fitted are the percentage of CD3+, the absolute count that most subjects have, and the gene
    copies, each if two or more subjects have such a curve.

    Parameters
    ----------
    result : Result
        What a run found.

    Raises
    ------
    AnalysisError
        If the extra ``bayes`` is not installed.
    """
    counts = [name for name in CURVE_QUANTITIES if "_per_ul_" in name]
    most = max(counts, key=lambda name: _n_subjects(result, name))
    chosen = [name for name in (_PERCENTAGE, most, _COPIES) if _n_subjects(result, name) > 1]
    return replace(result, population_peaks=tuple(_fitted(result, name) for name in chosen))


def _n_subjects(result: Result, quantity: str) -> int:
    return sum(one.curve_of(quantity) is not None for one in result.subject_results)


def _fitted(result: Result, quantity: str) -> PopulationPeaks:
    patients = {
        one.subject_id: series_of(curve)
        for one in result.subject_results
        if (curve := one.curve_of(quantity)) is not None
    }
    return population_of(patients, quantity=quantity, unit=DECLARATIONS[quantity].unit)
