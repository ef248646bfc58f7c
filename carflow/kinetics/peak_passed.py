"""Has the peak passed? For a patient still followed, with every assumption named.

The probability is that of a Bayesian model of one patient. Its curve is the one of `bent_cable`
(growth, a bend, decline) with a slow second decline after it; its assumptions are `ASSUMPTIONS`
and the search window, and they are part of the answer. Growth and decline are given the spread
that Stein 2019 found among 90 patients. What is assumed of the *day* decides much of the answer
while the values still rise, so the question is answered twice: with the spread of the days in
Stein 2019, and with no preference for any day of the search window. Where the two answers differ,
the data do not tell, and the verdict is OPEN. (The median of others is no evidence about this
patient; here it is an assumption, said to be one, beside the answer without it.)

A value below the limit counts as "somewhere below its upper limit". Where a value has no interval
of its own, the residual error of the published model stands in (0.56 on the log scale).

The posterior is drawn by tempered sequential Monte Carlo (Del Moral, Doucet and Jasra, J R Stat
Soc B 2006;68:411-436): draws of the prior are re-weighted, resampled and moved until the whole
likelihood is in. The curves may have two explanations (passed, or still to come), which a search
for one best fit would not show. A fixed seed: the same numbers give the same answer.

`next_days` asks which later day would narrow the bracket most: every draw predicts the value of
that day, the bracket with it is found, and the widths are averaged. An open bracket counts as
reaching to the end of the window, and one that would miss the peak as no gain: otherwise the
best day were always tomorrow, when measurement error alone closes half of the brackets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from carflow.kinetics.bent_cable import fall_from_peak
from carflow.kinetics.peak import SEARCH_WINDOW
from carflow.kinetics.peak_model import growth_scale
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.peak import Peak
    from carflow.kinetics.series import Sample, Series

Numbers = NDArray[np.float64]

# Stein 2019, table 1: typical values, and variances between patients on the log scale. The rate
# of growth is ln(fold) / Tmax = 8.27 / 9.3 per day; its variance is that of Tmax and of ln(fold).
TMAX, TMAX_LOG_SD = 9.3, math.sqrt(0.38)
LOG_FOLD, LOG_FOLD_SD = math.log(3900), math.sqrt(2.4)
GROWTH, GROWTH_LOG_SD = LOG_FOLD / TMAX, math.sqrt(0.38 + 2.4 / LOG_FOLD**2)
DECLINE, DECLINE_LOG_SD = 0.16, math.sqrt(0.91)
LATE_SHARE, LATE_DECLINE = 0.0079, 0.0032
UNKNOWN_ERROR = 0.56
CURVE_ERROR = 0.2  # by how much real curves leave the assumed one, on the log scale
LONGEST_HALF_BEND = 4.0

ASSUMPTIONS = (
    "one peak, exponential growth before it and exponential decline after it",
    "the switch between them is sharp, or a bend of up to 8 days (each half of the cases)",
    "rates of growth and decline vary between patients as Stein 2019 found for tisagenlecleucel",
    "values scatter about the curve by their own intervals and by 20 %",
)

PARTICLES, MOVES, SEED = 2000, 5, 20_240_608
NEEDED = 3
DAYS_AHEAD = 14


class Prior(StrEnum):
    """What is assumed of the day of the peak before the data."""

    PUBLISHED = "published"  # days and expansion vary between patients as in Stein 2019
    FLAT = "flat"  # every day of the window is equally likely


class Verdict(StrEnum):
    """What both answers say together."""

    PASSED = "passed"  # at least 95 % under both assumptions
    NOT_PASSED = "not passed"  # at most 5 % under both
    OPEN = "open"  # the data do not tell
    NONE = ""  # no answer


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakPassed:
    """Whether the peak has passed, as far as the assumed curves go.

    Parameters
    ----------
    published, flat : Measure
        The probability (0 to 1) that the true peak lies before `today`, under each assumption
        about its day, or why there is none. No interval: it is a probability already.
    today : float
        The day the question is asked for [d]: the last sample, if not told otherwise.
    width_now : float or None
        The width of the bracket [d], an open one cut at the end of the window.
    next_days : mapping of float to float
        For each later day the expected width of the bracket after a sample on it [d], under the
        published assumption. Empty where no later sample can narrow the bracket.
    assumptions : tuple of str
        What the probabilities rest on; to be shown with them.
    """

    published: Measure
    flat: Measure
    today: float
    width_now: float | None = None
    next_days: Mapping[float, float] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ASSUMPTIONS

    @property
    def verdict(self) -> Verdict:
        """What both answers say together."""
        if self.published.value is None or self.flat.value is None:
            return Verdict.NONE
        low, high = sorted((self.published.value, self.flat.value))
        if low >= 0.95:
            return Verdict.PASSED
        return Verdict.NOT_PASSED if high <= 0.05 else Verdict.OPEN

    @property
    def best_next_day(self) -> float | None:
        """The later day whose sample would narrow the bracket most, if one would."""
        if not self.next_days:
            return None
        return min(self.next_days, key=lambda day: (self.next_days[day], day))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The samples on the scale of growth; `limits` holds upper limits where `is_below`."""

    days: Numbers
    logs: Numbers
    errors: Numbers
    is_below: NDArray[np.bool_]


def peak_passed(
    series: Series,
    peak: Peak,
    *,
    today: float | None = None,
    unit: Unit = Unit.NONE,
    window: tuple[float, float] = SEARCH_WINDOW,
) -> PeakPassed:
    """Return the probability that the true peak lies before today, and the day to sample next.

    Parameters
    ----------
    series : Series
        The samples so far.
    peak : Peak
        Their observed peak.
    today : float, optional
        The day the question is asked for; the last sample by default.
    unit : Unit
        PERCENT is modelled in log-odds, everything else in logarithms.
    window : tuple of float
        Where the peak may lie.

    Returns
    -------
    PeakPassed
        Without a value where there are fewer than three quantified samples, or where no assumed
        curve passes near them (`MODEL_MISFIT`).

    Examples
    --------
    >>> from carflow.kinetics.peak import peak_of
    >>> from carflow.kinetics.series import read_series
    >>> days, values = [1, 4, 7, 9, 12], [0.1, 1.4, 20.0, 90.0, 60.0]
    >>> series = read_series(days, values, lows=[0.8 * one for one in values],
    ...     highs=[1.25 * one for one in values])
    >>> falling = peak_passed(series, peak_of(series))
    >>> print(falling.verdict, falling.best_next_day)
    passed None
    """
    inside = series.within(window)
    last = series.samples[-1].day if series.samples else 0.0
    now = last if today is None else today
    if now < last:
        raise ValueError(f"today (day {now:g}) lies before the last sample (day {last:g})")
    if peak.day.value is None:
        return _unknown(now, peak.reason)
    if sum(one.quantified for one in inside) < NEEDED:
        return _unknown(now, Reason.TOO_FEW_VALUES)
    seen = _seen(inside, unit)
    if not np.isfinite(seen.logs).all():
        return _unknown(now, Reason.NO_LOGARITHM)
    draws = {prior: _posterior(seen, window, prior) for prior in Prior}
    if all(_misses(one, seen) for one in draws.values()):
        return _unknown(now, Reason.MODEL_MISFIT)
    published, flat = (
        Measure(unit=Unit.NONE, value=float((draws[prior][:, 0] < now).mean())) for prior in Prior
    )
    return PeakPassed(
        published=published,
        flat=flat,
        today=now,
        width_now=min(peak.bracket[1], window[1]) - peak.bracket[0],
        next_days=_next_days(draws[Prior.PUBLISHED], seen, peak, (now, window[1])),
        assumptions=(
            *ASSUMPTIONS,
            f"the peak lies between day {window[0]:g} and day {window[1]:g}",
        ),
    )


def _unknown(today: float, reason: Reason) -> PeakPassed:
    return PeakPassed(
        published=Measure.missing(Unit.NONE, reason),
        flat=Measure.missing(Unit.NONE, reason),
        today=today,
    )


def _seen(samples: Sequence[Sample], unit: Unit) -> _Seen:
    """Return the samples on the scale of growth; one without value and limit tells nothing."""
    stated = [one for one in samples if one.quantified or one.high]
    at_limit = [
        one if one.quantified else replace(one, value=one.high or 0.0, low=None, high=None)
        for one in stated
    ]
    days, logs, errors = growth_scale(at_limit, unit)
    own = np.where(np.isnan(errors), UNKNOWN_ERROR, errors)
    is_below = np.array([not one.quantified for one in stated])
    errors = np.where(is_below, CURVE_ERROR, np.hypot(own, CURVE_ERROR))
    return _Seen(days=days, logs=logs, errors=errors, is_below=is_below)


def _curve(draws: Numbers, days: Numbers) -> Numbers:
    """Return the assumed curves on the scale of growth, (draws, days)."""
    peak, growth, decline, half_bend, height = (column[:, None] for column in draws.T)
    growth, decline = np.exp(growth), np.exp(decline)
    since = days - peak
    fall = fall_from_peak(since, growth / (growth + decline), np.maximum(half_bend, 0.0))
    rapid = (growth + decline) * fall
    with np.errstate(under="ignore"):
        slow = np.logaddexp(
            rapid + math.log(1.0 - LATE_SHARE), math.log(LATE_SHARE) - LATE_DECLINE * since
        )
    curve: Numbers = height + np.where(since > 0, slow, rapid)
    return curve


def _log_likelihood(draws: Numbers, seen: _Seen) -> Numbers:
    """Return the log-likelihood of each draw: normal scatter, and what is below its limit."""
    from scipy.special import log_ndtr

    distance = (seen.logs - _curve(draws, seen.days)) / seen.errors
    below = log_ndtr(distance[:, seen.is_below])
    total: Numbers = below.sum(axis=1) - 0.5 * (distance[:, ~seen.is_below] ** 2).sum(axis=1)
    return total


def _log_prior(draws: Numbers, bounds: Numbers, prior: Prior) -> Numbers:
    """Return the log-density of the assumptions; minus infinity outside their bounds."""
    day, growth, decline = draws[:, 0], draws[:, 1], draws[:, 2]
    allowed = ((draws >= bounds[0]) & (draws <= bounds[1])).all(axis=1)
    log_day = np.log(np.where(allowed, day, 1.0))
    density = -0.5 * ((decline - math.log(DECLINE)) / DECLINE_LOG_SD) ** 2
    if prior is Prior.FLAT:
        density -= 0.5 * ((growth - math.log(GROWTH)) / GROWTH_LOG_SD) ** 2
    else:
        doublings = np.exp(np.minimum(growth + log_day, 50.0))
        density -= 0.5 * ((doublings - LOG_FOLD) / LOG_FOLD_SD) ** 2
        density += growth - 0.5 * ((log_day - math.log(TMAX)) / TMAX_LOG_SD) ** 2
    return np.where(allowed, density, -np.inf)


def _posterior(seen: _Seen, window: tuple[float, float], prior: Prior) -> Numbers:
    """Return draws of (day, ln growth, ln decline, half bend, height), (PARTICLES, 5).

    A half bend below 0 is a sharp switch: half of the assumed curves have one.
    """
    random = np.random.default_rng(SEED)
    top = float(seen.logs[~seen.is_below].max())
    bounds = np.array(
        [
            (window[0], -np.inf, -np.inf, -LONGEST_HALF_BEND, top - 2.0),
            (window[1], np.inf, np.inf, LONGEST_HALF_BEND, top + 15.0),
        ]
    )
    draws = _first_draws(bounds, prior, random)
    fits = _log_likelihood(draws, seen)
    power = 0.0
    while power < 1.0:
        step = _next_step(fits, 1.0 - power)
        power += step
        weights = np.exp(step * (fits - fits.max()))
        kept = random.choice(PARTICLES, PARTICLES, p=weights / weights.sum())
        draws, fits = draws[kept], fits[kept]
        for _ in range(MOVES):
            draws, fits = _moved(draws, fits, (seen, bounds, power, prior), random)
    return draws


def _first_draws(bounds: Numbers, prior: Prior, random: np.random.Generator) -> Numbers:
    """Return draws of the assumptions."""
    if prior is Prior.FLAT:
        day = _even(random, bounds[:, 0])
        growth = random.normal(math.log(GROWTH), GROWTH_LOG_SD, PARTICLES)
    else:
        day = np.clip(TMAX * np.exp(random.normal(0, TMAX_LOG_SD, PARTICLES)), *bounds[:, 0])
        fold = np.maximum(random.normal(LOG_FOLD, LOG_FOLD_SD, PARTICLES), 1.0)
        growth = np.log(fold / day)
    return np.column_stack(
        [
            day,
            growth,
            random.normal(math.log(DECLINE), DECLINE_LOG_SD, PARTICLES),
            _even(random, bounds[:, 3]),
            _even(random, bounds[:, 4]),
        ]
    )


def _even(random: np.random.Generator, bounds: Numbers) -> Numbers:
    return random.uniform(float(bounds[0]), float(bounds[1]), PARTICLES)


def _next_step(fits: Numbers, left: float) -> float:
    """Return how much more of the likelihood may enter before half the draws are worthless."""
    low, high = 0.0, left
    if _effective(fits, left) >= PARTICLES / 2:
        return left
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _effective(fits, middle) >= PARTICLES / 2 else (low, middle)
    return max(low, 1e-6)


def _effective(fits: Numbers, step: float) -> float:
    weights = np.exp(step * (fits - fits.max()))
    return float(weights.sum() ** 2 / (weights**2).sum())


def _moved(
    draws: Numbers,
    fits: Numbers,
    target: tuple[_Seen, Numbers, float, Prior],
    random: np.random.Generator,
) -> tuple[Numbers, Numbers]:
    """Return the draws after one Metropolis step in a random share of their own spread."""
    seen, bounds, power, assumed = target
    spread = np.linalg.cholesky(np.cov(draws.T) + 1e-9 * np.eye(draws.shape[1]))
    size = np.exp(random.uniform(math.log(0.1), math.log(1.5), (len(draws), 1)))
    tried = draws + size * (random.standard_normal(draws.shape) @ spread.T)
    prior = _log_prior(tried, bounds, assumed)
    inside = np.isfinite(prior)
    tried_fits = np.full(len(draws), -np.inf)
    tried_fits[inside] = _log_likelihood(tried[inside], seen)
    gain = power * (tried_fits - fits) + prior - _log_prior(draws, bounds, assumed)
    taken = np.log(random.uniform(size=len(draws))) < gain
    return np.where(taken[:, None], tried, draws), np.where(taken, tried_fits, fits)


def _misses(draws: Numbers, seen: _Seen) -> bool:
    """Return whether even the best curve leaves the values by more than chance would (0.1 %)."""
    from scipy.special import chdtri

    best = -2.0 * float(_log_likelihood(draws, seen).max())
    return best > float(chdtri(len(seen.days), 0.001))


def _next_days(
    draws: Numbers, seen: _Seen, peak: Peak, span: tuple[float, float]
) -> dict[float, float]:
    """Return the expected width of the bracket after a sample on each later day."""
    now, end = span
    if math.isfinite(peak.bracket[1]):
        return {}
    ahead = now + np.arange(1.0, DAYS_AHEAD + 1)
    ahead = ahead[ahead <= end]
    random = np.random.default_rng(SEED + 1)
    error = float(np.median(seen.errors))
    predicted = _curve(draws, ahead) + error * random.standard_normal((len(draws), len(ahead)))
    is_higher = predicted > float(seen.logs[~seen.is_below].max())
    begin = np.where(is_higher, seen.days[-1], peak.bracket[0])
    finish = np.where(is_higher, end, ahead)
    peak_day = draws[:, :1]
    holds = (begin <= peak_day) & (peak_day <= finish)
    widths = np.where(holds, finish - begin, end - peak.bracket[0]).mean(axis=0)
    return {float(day): float(width) for day, width in zip(ahead, widths, strict=True)}
