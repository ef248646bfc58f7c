"""The population model of the peak in numbers: its curve, its priors, and what it is fitted to.

The fitting stands in `population_fit`, which needs the extra ``bayes``; nothing here does.

The curve of one patient, in ln C (of a percentage: in log-odds)::

    u = day - peak day,  v = peak day / p ((day / peak day)^p - 1)
    rapid = -1/k ln( d/(g+d) exp(-k g v) + g/(g+d) exp(k d u) )
    curve = height + ln( (1 - f) exp(rapid) + f exp(min(0, g v)) )

Growth at rate g turns into decline at rate d, with the highest value exactly at the peak day. The
turn is as sharp as k says (after Stein 2019 for a large k, rounded for k near 1, over weeks for a
small one), and growth is steady (p = 1: exponential, as in Stein 2019) or slows all the way to the
peak (p = 0: a power of time); one k and one p for the cohort, learned from it. A fraction f
persists: within four weeks its own decline cannot be seen. Height, peak day, g, d and f are each
patient's own, drawn from log-normal distributions of the cohort (f: logistic; g may go with the
peak day), so that a patient with few samples borrows what the others show of speed and turn.

A measured value lies around the curve normally, with the deviation that its 95 % interval says and
two more, common to all, for what the curve cannot follow: one everywhere, and one that is a share
of the distance below the peak, so that orders of magnitude before the peak do not decide its day.
A value below its limit has the probability of lying there.

Decisions
---------
- Samples after half a day and up to day 28, as for the observed peak. A sample that stands more
  than twofold above a later one before the highest is infused cells, not growth, and is left out.
- A patient needs two quantified values; a cohort six such patients.
- k stands between 0.03 (a turn over all of the four weeks) and 150 (within an hour): what is beyond
  cannot be seen.
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
    """A normal distribution."""

    centre: float
    scale: float


PRIORS: Mapping[str, Prior] = MappingProxyType(
    {
        "log_day": Prior(math.log(10.0), 0.35),
        "log_growth": Prior(math.log(0.7), 0.6),
        "log_decline": Prior(math.log(0.2), 0.6),
        "height": Prior(0.0, 1.5),  # around the median of the highest values
        "logit_persisting": Prior(math.log(0.01), 1.0),
        "log_day_spread": Prior(math.log(0.25), 0.6),
        "log_growth_spread": Prior(math.log(0.3), 0.6),
        "log_decline_spread": Prior(math.log(0.4), 0.6),
        "log_height_spread": Prior(math.log(1.0), 0.6),
        "growth_with_day": Prior(-0.5, 0.5),  # how ln g goes with ln of the peak day
        "log_sharpness": Prior(math.log(5.0), 2.5),  # of `sharpness_of`
        "log_slowing": Prior(math.log(0.6), 1.0),
        "log_misfit": Prior(math.log(0.06), 1.0),
        "log_misfit_below": Prior(math.log(0.03), 1.0),
    }
)
"""What is assumed of the cohort before its data: natural logarithms, rates per day."""

COHORT = tuple(PRIORS)
PERSONAL = COHORT[:5]
"""The rows of the patients' own values, and the first of the cohort's: their typical values."""
PERSISTING_SPREAD = 0.9
_BLUNTEST, _SHARPEST = 0.03, 150.0
_STEADIEST, _LEAST_POWER = 1.1, 1e-3


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
    table[:, :, 0] = 1.0  # any day at which a curve can be computed
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
    samples = samples_of(series)
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


def samples_of(series: Series) -> list[Sample]:
    """Return the samples of a patient that the model looks at.

    Examples
    --------
    >>> from carflow.kinetics.series import read_series
    >>> course = read_series([0.1, 1, 7, 12, 90], [80.0, 1.0, 45.0, 70.0, 9.0])
    >>> [one.day for one in samples_of(course)]
    [1.0, 7.0, 12.0]
    """
    return without_infused_cells(series.within(SEARCH_WINDOW))


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


def power_of(log_slowing: Any, *, arrays: Any = np) -> Any:
    """Return p of the curve: near 1 for steady growth, lower the more it slows.

    Examples
    --------
    >>> float(power_of(np.log(0.1)).round(2))
    1.0
    """
    return _STEADIEST - arrays.exp(log_slowing)


def slowing_of(power: float) -> float:
    """Return the logarithm of the slowing that gives a power: the inverse of `power_of`.

    Examples
    --------
    >>> round(float(power_of(slowing_of(-1.0))), 6)
    -1.0
    """
    return math.log(_STEADIEST - power)


def sharpness_of(log_freely: Any, *, arrays: Any = np) -> Any:
    """Return ln k within its limits, from a number without any.

    Examples
    --------
    >>> np.exp(sharpness_of(np.log([1e-9, 1.0, 1e9]))).round(2).tolist()
    [0.03, 1.02, 150.03]
    """
    freely = arrays.exp(-log_freely)
    return arrays.log(_BLUNTEST + 1.0 / (freely + 1.0 / _SHARPEST))


def expected(
    days: Numbers, own: Any, log_sharpness: Any, power: Any = 1.0, *, arrays: Any = np
) -> Any:
    """Return the curve of the model on the scale of growth.

    Parameters
    ----------
    days : array, (patients, visits)
        Times since the infusion [d], above 0.
    own : array, (5, patients)
        The `PERSONAL` values.
    log_sharpness, power : float
        ln k and p.
    arrays : module
        Whose functions compute: numpy, or that of a sampler that must see every step.

    Examples
    --------
    >>> own = np.array([np.log([10.0]), np.log([0.8]), np.log([0.2]), [5.0], [-30.0]])
    >>> expected(np.array([[5.0, 10.0, 15.0]]), own, 4.0).round(2).tolist()
    [[1.03, 5.0, 4.0]]
    """
    log_day, log_growth, log_decline, height, logit_persisting = (row[:, None] for row in own)
    power = arrays.where(arrays.abs(power) < _LEAST_POWER, _LEAST_POWER, power)
    sharpness, top = arrays.exp(log_sharpness), arrays.exp(log_day)
    growth, decline = arrays.exp(log_growth), arrays.exp(log_decline)
    grown = growth * top * arrays.expm1(power * (arrays.log(days) - log_day)) / power
    before, after = -sharpness * grown, sharpness * decline * (days - top)
    # the larger is taken out of each sum of exponentials, so that none overflows
    larger = arrays.maximum(before, after)
    turn = decline * arrays.exp(before - larger) + growth * arrays.exp(after - larger)
    rapid = -(larger + arrays.log(turn / (growth + decline))) / sharpness
    slow = arrays.minimum(0.0, grown)
    upper = arrays.maximum(rapid, slow)
    share = 1.0 / (1.0 + arrays.exp(-logit_persisting))
    rest = (1.0 - share) * arrays.exp(rapid - upper) + share * arrays.exp(slow - upper)
    return height + upper + arrays.log(rest)


def variance(deviations: Numbers, below_peak: Any, misfit: Any, misfit_below: Any) -> Any:
    """Return the variance of values around the curve, of numpy or of a sampler.

    Parameters
    ----------
    deviations : array
        The standard deviation of each value itself.
    below_peak : array
        How far the curve lies below its peak there.
    misfit, misfit_below : float
        What the curve cannot follow: everywhere, and as a share of that distance.

    Examples
    --------
    >>> float(variance(np.array(0.3), np.array(2.0), 0.4, 0.0).round(2))
    0.25
    """
    return deviations**2 + misfit**2 + (misfit_below * below_peak) ** 2
