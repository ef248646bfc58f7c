"""The population model of the peak in numbers: its curve, its priors, and what it is fitted to.

The fitting stands in `population_fit`, which needs the extra ``bayes``; nothing here does.

The curve of one patient, in ln C (of a percentage: in log-odds)::

    u = day - peak day
    rapid = -1/k ln( d/(g+d) exp(-k g u) + g/(g+d) exp(k d u) )
    curve = height + ln( (1 - f) exp(rapid) + f exp(min(0, g u)) )

Exponential growth at rate g turns into exponential decline at rate d, with the highest value
exactly at the peak day. The turn is as sharp as k says (after Stein 2019 for a large k, rounded
for k near 1), one k for the cohort, learned from it. A fraction f persists: within four weeks its
own decline cannot be seen. Height, peak day, g, d and f are each patient's own, drawn from
log-normal distributions of the cohort (f: logistic), so that a patient with few samples borrows
what the others show of speed and turn.

A measured value lies around the curve normally, with the deviation that its 95 % interval says and
one more, common to all, for what the curve cannot follow. A value below its limit has the
probability of lying there.

Decisions
---------
- Samples after half a day and up to day 28, as for the observed peak. A sample that stands more
  than twofold above a later one before the highest is infused cells, not growth, and is left out.
- A patient needs two quantified values; a cohort six such patients.
- The priors are wide and stated below; that of the typical peak day spans day 5 to 20.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from carflow.kinetics.peak import SEARCH_WINDOW
from carflow.kinetics.peak_model import growth_scale
from carflow.kinetics.series import Sample, highest
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.series import Series

Numbers = NDArray[np.float64]

LEAST_PATIENTS, LEAST_QUANTIFIED = 6, 2
ABSENT, MEASURED, BELOW = 0, 1, 2
_FALL_OF_INFUSED_CELLS = 2.0


class Prior(NamedTuple):
    """A normal distribution, or with centre None a half-normal one of that scale."""

    centre: float | None
    scale: float


PRIORS: Mapping[str, Prior] = MappingProxyType(
    {
        "log_day": Prior(math.log(10.0), 0.35),
        "log_day_sd": Prior(None, 0.4),
        "log_growth": Prior(math.log(0.7), 0.5),
        "log_growth_sd": Prior(None, 0.5),
        "log_decline": Prior(math.log(0.2), 0.6),
        "log_decline_sd": Prior(None, 0.7),
        "height": Prior(0.0, 1.5),  # around the median of the highest values
        "height_sd": Prior(None, 1.5),
        "logit_persisting": Prior(math.log(0.01), 1.0),
        "log_sharpness": Prior(math.log(3.0), 1.3),
        "misfit": Prior(None, 0.3),
    }
)
"""What is assumed of the cohort before its data: natural logarithms, rates per day."""

PERSISTING_SD = 0.9
PERSONAL = ("log_day", "log_growth", "log_decline", "height", "logit_persisting")
"""The rows of the patients' own deviates, each standard normal before the data."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PopulationData:
    """What the model is fitted to, (patients, visits); visits that are absent have kind 0.

    Parameters
    ----------
    names : tuple of str
        The patients, in alphabetical order: the order of the input cannot matter.
    days, logs, deviations : arrays
        Days, values or limits on the scale of growth, standard deviations (0 where unknown).
    kinds : array
        `ABSENT`, `MEASURED` or `BELOW`.
    left_out : mapping of str to Reason
        Patients whose samples do not allow a place in the model.
    """

    names: tuple[str, ...]
    days: Numbers
    logs: Numbers
    deviations: Numbers
    kinds: NDArray[np.int64]
    left_out: Mapping[str, Reason]

    @property
    def typical_height(self) -> float:
        """The median of the patients' highest values, on the scale of growth."""
        tops = np.where(self.kinds == MEASURED, self.logs, -np.inf).max(axis=1)
        return float(np.median(tops))


def population_data(
    patients: Mapping[str, Series], *, unit: Unit = Unit.NONE
) -> PopulationData | Reason:
    """Return what the model is fitted to, or FEW_FOR_POPULATION.

    Parameters
    ----------
    patients : mapping of str to Series
        The samples of each patient.
    unit : Unit
        PERCENT is fitted in log-odds, everything else in logarithms.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> course = read_series([1, 7, 12, 21], [0.0, 45.0, 70.0, 9.0], lloq=1.0)
    >>> found = population_data({f"P{n}": course for n in range(6)})
    >>> found.kinds[0].tolist(), found.logs[0].round(2).tolist()
    ([2, 1, 1, 1], [0.0, 3.81, 4.25, 2.2])
    """
    rows: dict[str, list[tuple[float, float, float, int]]] = {}
    left_out: dict[str, Reason] = {}
    for name in sorted(patients):
        found = _rows(patients[name], unit)
        if isinstance(found, Reason):
            left_out[name] = found
        else:
            rows[name] = found
    if len(rows) < LEAST_PATIENTS:
        return Reason.FEW_FOR_POPULATION
    width = max(map(len, rows.values()))
    table = np.zeros((len(rows), width, 4))
    for place, row in enumerate(rows.values()):
        table[place, : len(row)] = row
    days, logs, deviations, kinds = np.moveaxis(table, 2, 0)
    return PopulationData(
        names=tuple(rows),
        days=days,
        logs=logs,
        deviations=deviations,
        kinds=kinds.astype(np.int64),
        left_out=left_out,
    )


def _rows(series: Series, unit: Unit) -> list[tuple[float, float, float, int]] | Reason:
    """Return (day, value or limit, deviation, kind) of each sample of a patient."""
    samples = without_infused_cells(series.within(SEARCH_WINDOW))
    quantified = [one for one in samples if one.quantified]
    if not quantified:
        return Reason.ALL_BLQ if samples else Reason.NO_VALUES
    if len(quantified) < LEAST_QUANTIFIED:
        return Reason.TOO_FEW_VALUES
    days, logs, deviations = growth_scale(quantified, unit)
    if not np.isfinite(logs).all():
        return Reason.NO_LOGARITHM
    known = np.nan_to_num(deviations, nan=0.0)
    measured = zip(days, logs, known, strict=True)
    rows = [(float(day), float(log), float(sd), MEASURED) for day, log, sd in measured]
    # a value near its limit is no better known than the others
    near_limit = float(known.max())
    for one in samples:
        limit = one.limit or one.high
        if not one.quantified and limit:
            rows.append((one.day, _on_scale(limit, unit), near_limit, BELOW))
    return sorted(rows)


def _on_scale(limit: float, unit: Unit) -> float:
    if unit is not Unit.PERCENT:
        return math.log(limit)
    share = min(limit, 99.9) / 100.0
    return math.log(share / (1.0 - share))


def without_infused_cells(samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples without those from which the values fall before they rise to the top.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> course = read_series([1, 4, 7, 12, 21], [9.0, 1.0, 45.0, 70.0, 9.0])
    >>> [one.day for one in without_infused_cells(course.samples)]
    [4.0, 7.0, 12.0, 21.0]
    """
    top = highest(samples)
    if top is None:
        return list(samples)
    kept: list[Sample] = []
    for place, one in enumerate(samples):
        until_top = [later for later in samples[place + 1 :] if later.day < top.day]
        least = min((_at_least(later) for later in until_top), default=math.inf)
        if one.day < top.day and one.quantified and one.value > _FALL_OF_INFUSED_CELLS * least:
            continue
        kept.append(one)
    return kept


def _at_least(sample: Sample) -> float:
    return sample.value if sample.quantified else 0.0


def expected(
    days: Numbers,
    own: Mapping[str, Any],
    log_sharpness: Any,
    *,
    arrays: Any = np,
) -> Any:
    """Return the curve of the model on the scale of growth.

    Parameters
    ----------
    days : array
        Times since the infusion [d].
    own : mapping of str to array
        `PERSONAL` values, of a shape that goes with `days`.
    log_sharpness : float
        ln k.
    arrays : module
        Whose functions compute: numpy, or that of a sampler that must see every step.

    Examples
    --------
    >>> own = {"log_day": np.log([10.0]), "log_growth": np.log([0.8]),
    ...     "log_decline": np.log([0.2]), "height": np.array([5.0]),
    ...     "logit_persisting": np.array([-30.0])}
    >>> expected(np.array([5.0, 10.0, 15.0]), own, 4.0).round(2)
    array([1.03, 5.  , 4.  ])
    """
    sharpness = arrays.exp(log_sharpness)
    growth, decline = arrays.exp(own["log_growth"]), arrays.exp(own["log_decline"])
    log_persisting = -arrays.logaddexp(0.0, -own["logit_persisting"])
    log_rest = -arrays.logaddexp(0.0, own["logit_persisting"])
    since = days - arrays.exp(own["log_day"])
    whole = growth + decline
    rapid = -arrays.logaddexp(
        arrays.log(decline / whole) - sharpness * growth * since,
        arrays.log(growth / whole) + sharpness * decline * since,
    )
    slow = arrays.minimum(0.0, growth * since)
    return own["height"] + arrays.logaddexp(log_rest + rapid / sharpness, log_persisting + slow)
