"""What a cohort says about its time to peak, in sentences that keep the grid in view.

An interval of the observed median is called that and no more, the bounds are told with their
condition, and Turnbull's estimate never stands without its caveat. The shares quoted are those of
`tests/kinetics/test_peak_coverage.py`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from carflow.units import significant

if TYPE_CHECKING:
    from carflow.kinetics.cohort import Cohort, GeometricMean, Span
    from carflow.kinetics.turnbull import Turnbull

TURNBULL_CAVEAT = (
    "The brackets are drawn around the highest sample and not independently of the peak, so this"
    " estimate tends to be late: by 0.3 to 2.1 d in simulated cohorts of 30 sampled on days 1, 4,"
    " 7, 12, 14, 21 and 28"
)


def cohort_sentences(cohort: Cohort) -> tuple[str, ...]:
    """Return the time to peak of a cohort in sentences.

    Examples
    --------
    >>> from carflow.kinetics.cohort import cohort
    >>> found = cohort([7, 12, None], [(4, 12), (7, 14), (0, 28)])
    >>> print(cohort_sentences(found)[0])
    2 of 3 patients have an observed peak; 1 has none and is in no median.
    """
    if cohort.median_span is None or cohort.bounds is None:
        return (f"None of {_patients(cohort.n_patients)} has an observed peak.",)
    return (
        _who(cohort),
        *_not_reached(cohort),
        _observed(cohort),
        _bounds(cohort.bounds, cohort.bounds95),
        *([] if cohort.turnbull is None else [_turnbull(cohort.turnbull)]),
    )


def _who(cohort: Cohort) -> str:
    count = f"{cohort.n_peaks} of {_patients(cohort.n_patients)}"
    have = "has" if cohort.n_peaks == 1 else "have"
    if not cohort.n_without:
        return f"{count} {have} an observed peak."
    none = "has none and is" if cohort.n_without == 1 else "have none and are"
    return f"{count} {have} an observed peak; {cohort.n_without} {none} in no median."


def _not_reached(cohort: Cohort) -> tuple[str, ...]:
    count = cohort.n_not_reached
    if not count:
        return ()
    who = "1 patient's peak was" if count == 1 else f"The peaks of {count} patients were"
    return (f"{who} not reached by the last sample and counted as later.",)


def _observed(cohort: Cohort) -> str:
    """Return the observed median with its interval, its resolution and what it is not."""
    span = cohort.median_span or (math.inf, math.inf)
    said = f"The median of the observed days is {_number(span)}"
    if cohort.observed_range is not None:
        first, last = cohort.observed_range
        said += f" (range {first:g} to {last:g})"
    if cohort.resolution is not None:
        low, high = cohort.resolution
        gaps = f"{low:g} d" if low == high else f"{low:g} to {high:g} d"
        said += f", with samples {gaps} apart around it"
    if cohort.order_span is None:
        return f"{said}; there is no 95 % interval, which needs six patients."
    return (
        f"{said}; 95 % interval {_stretch(cohort.order_span)}, for observed days under the same"
        " sampling and not for the true peaks, whose median it missed in up to 84 of 100 simulated"
        " cohorts of 30."
    )


def _bounds(bounds: Span, bounds95: Span | None) -> str:
    where = f"the median of the true peaks lies {_within(bounds)}"
    if bounds95 is None:
        error = "sampling error is not included, which needs six patients"
    else:
        error = f"with sampling error (95 %) {_within(bounds95)}"
    return f"If every bracket holds its peak, {where}; {error}."


def _turnbull(fitted: Turnbull) -> str:
    return f"Turnbull's estimate of the median is {_number(fitted.median)}. {TURNBULL_CAVEAT}."


def geometric_sentence(found: GeometricMean, name: str) -> str:
    """Return a geometric mean with its CV in a sentence.

    Parameters
    ----------
    found : GeometricMean
        Of one parameter.
    name : str
        What it is called, at the beginning of a sentence.

    Examples
    --------
    >>> from carflow.kinetics.cohort import geometric_mean
    >>> from carflow.measure import Measure
    >>> from carflow.units import Unit
    >>> heights = [Measure(unit=Unit.CELLS_PER_UL, value=value) for value in (20.0, 40.0, 80.0)]
    >>> geometric_sentence(geometric_mean(heights, unit=Unit.CELLS_PER_UL), "Cmax")
    'Cmax: geometric mean 40 cells/µL (95 % interval 7.15 to 224), geometric CV 79 %, 3 patients.'
    """
    mean = found.mean
    if mean.value is None:
        return f"{name}: {mean.reason.meaning}."
    unit = f" {mean.unit}" if mean.unit else ""
    said = f"{name}: geometric mean {significant(mean.value)}{unit}"
    if mean.low is not None and mean.high is not None:
        said += f" (95 % interval {significant(mean.low)} to {significant(mean.high)})"
    if found.cv_pct is not None:
        said += f", geometric CV {found.cv_pct:.0f} %"
    without = f"; {found.n_without} without a value" if found.n_without else ""
    return f"{said}, {_patients(found.n)}{without}."


def _patients(count: int) -> str:
    return f"{count} patient" if count == 1 else f"{count} patients"


def _number(span: Span) -> str:
    """Return a day that is known, or the stretch in which it lies."""
    if span[0] == span[1]:
        return f"day {span[0]:g}" if math.isfinite(span[0]) else "after every last sample"
    return f"not one day: it lies {_within(span)}"


def _within(span: Span) -> str:
    if math.isinf(span[1]):
        return f"after day {span[0]:g}"
    return f"between day {span[0]:g} and day {span[1]:g}"


def _stretch(span: Span) -> str:
    return f"day {span[0]:g} or later" if math.isinf(span[1]) else f"day {span[0]:g} to {span[1]:g}"
