"""What the shape, the models and the question "has it passed?" say of a peak, in sentences.

The manner is that of `wording`: a modelled day never stands without its model's name, an interval
that fails in some simulated patients says so in the same sentence, and a probability comes with
both of its assumptions. The shares quoted are those of `tests/kinetics/test_peak_coverage.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carflow.kinetics.peak_model import ModelName
from carflow.kinetics.peak_passed import Verdict
from carflow.kinetics.treatments import signed
from carflow.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carflow.kinetics.peak import Peak
    from carflow.kinetics.peak_model import ModelledPeak, ModelledPeaks
    from carflow.kinetics.peak_passed import PeakPassed
    from carflow.kinetics.peak_shape import PeakShape, SecondPeak

_CAUTION = {
    ModelName.SHARP: (
        "not to be read as 95 %: where peaks were rounded, such intervals held the true day of"
        " only 17 to 73 % of simulated patients"
    ),
    ModelName.ROUNDED: (
        "not to be read as 95 %: where switches were sharp, such intervals held the true day of"
        " only 53 to 96 % of simulated patients"
    ),
}


def span_sentences(peak: Peak, span: tuple[float, float]) -> tuple[str, ...]:
    """Return which sampling days may hold the highest value, and the span they leave open.

    Parameters
    ----------
    peak : Peak
        With probabilities; without them nothing is said.
    span : (float, float)
        The union of the brackets of `peak.days95` (`peak_draws.span_of_days`).

    Examples
    --------
    >>> from carflow.kinetics.peak import estimate_peak
    >>> values = [4.26, 12.33, 45.31, 69.94, 24.33]
    >>> peak = estimate_peak([1, 4, 7, 12, 14], values, lows=[one / 1.5 for one in values],
    ...     highs=[one * 1.5 for one in values])
    >>> print(*span_sentences(peak, (4.0, 14.0)))  # doctest: +NORMALIZE_WHITESPACE
    Measurement error alone leaves day 7 (6 %) and day 12 (94 %) as days of the highest value; if
    the curve has one peak, the true peak then lies between day 4 and day 14 (95 %, from the errors
    stated with the values).
    """
    shares = peak.days95
    if not shares:
        return ()
    days = _listed([f"day {signed(day)} ({_percent(share)})" for day, share in shares.items()])
    noun = "days" if len(shares) > 1 else "the day"
    where = _between(span)
    sentence = (
        f"Measurement error alone leaves {days} as {noun} of the highest value; if the curve has"
        f" one peak, the true peak then lies {where} (95 %, from the errors stated with the"
        " values)."
    )
    return (sentence,)


def _between(span: tuple[float, float]) -> str:
    first = "the infusion (day 0)" if span[0] == 0 else f"day {signed(span[0])}"
    return f"after {first}" if span[1] == float("inf") else f"between {first} and day {span[1]:g}"


def shape_sentences(shape: PeakShape) -> tuple[str, ...]:
    """Return ties, plateau, second peaks and early values in sentences.

    Examples
    --------
    >>> from carflow.kinetics.peak_shape import PeakShape
    >>> print(*shape_sentences(PeakShape(plateau=(9.0, 12.0))))
    The values of day 9 to day 12 cannot be told from the highest one: a plateau.
    """
    said: list[str] = []
    if shape.early_value is not None:
        said.append(
            f"A value as high as the peak was measured on day {shape.early_value[0]:g}, before the"
            " search window; so early it shows infused cells more likely than expansion."
        )
    if shape.early_fall is not None:
        said.append(
            f"The fall from day {shape.early_fall[0]:g} to day {shape.early_fall[1]:g}, before a"
            " later rise, shows infused cells more likely than a first peak."
        )
    if shape.ties:
        days = _listed([f"day {signed(day)}" for day in shape.ties])
        said.append(f"The highest value was measured on {days}; the first is taken.")
    if shape.plateau is not None:
        first, last = shape.plateau
        said.append(
            f"The values of day {first:g} to day {last:g} cannot be told from the highest one: a"
            " plateau."
        )
    return (*said, *(_second_peak(one) for one in shape.second_peaks))


def _second_peak(second: SecondPeak) -> str:
    ending = ", and no sample after it is clearly lower" if second.is_last else ""
    return (
        f"A second peak was measured on day {second.day:g}, parted from the highest value by a"
        f" trough on day {second.trough_day:g} (each a change of at least twofold){ending}; the"
        " bracket speaks of the highest one alone."
    )


def model_sentences(found: ModelledPeaks) -> tuple[str, ...]:
    """Return the modelled days, each with the name of its model and its caution.

    Examples
    --------
    >>> from carflow.kinetics.peak import estimate_peak, peak_of
    >>> from carflow.kinetics.peak_model import model_peak
    >>> from carflow.kinetics.series import read_series
    >>> series = read_series([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33])
    >>> print(*model_sentences(model_peak(series, peak_of(series))))
    No day of the peak is modelled: fewer than two values before or after the highest one.
    """
    if found.reason:
        refused = f"No day of the peak is modelled: {found.reason.meaning}."
        return (refused,) if found.reason is not Reason.ALL_BLQ else ()
    said = [_modelled(found.sharp), _modelled(found.rounded)]
    if found.either.has_interval:
        said.append(
            f"Under either model the peak lies between day {found.either.low:.1f} and day"
            f" {found.either.high:.1f} (95 %: at least 93 % in every kind of simulated patient,"
            " sharp or rounded, in which the models were not refused)."
        )
    if found.disagree:
        said.append(
            "The two models disagree about the day, and these data do not choose between them"
            " beyond their fit (AIC"
            f" {found.sharp.aic:.1f} sharp, {found.rounded.aic:.1f} rounded; lower is better)."
        )
    return tuple(said)


def _modelled(found: ModelledPeak) -> str:
    day = f"Under the model “{found.model.words}” the peak was on day {found.day.value:.1f}"
    if not found.day.has_interval:
        return f"{day}, without an interval, because the values have none."
    interval = f"{found.day.low:.1f} to {found.day.high:.1f}"
    return f"{day} (profile interval {interval}, {_CAUTION[found.model]})."


def passed_sentences(found: PeakPassed) -> tuple[str, ...]:
    """Return whether the peak has passed, on which assumptions, and which day to sample next.

    Examples
    --------
    >>> from carflow.kinetics.peak import peak_of
    >>> from carflow.kinetics.peak_passed import peak_passed
    >>> from carflow.kinetics.series import read_series
    >>> series = read_series([7, 12], [45.31, 69.94])
    >>> print(*passed_sentences(peak_passed(series, peak_of(series))))
    Whether the peak has passed is not answered: too few measured values.
    """
    if found.published.value is None or found.flat.value is None:
        reason = found.published.reason.meaning
        return (f"Whether the peak has passed is not answered: {reason}.",)
    today = f"day {signed(found.today)}"
    verdict = {
        Verdict.PASSED: f"The peak has passed by {today}",
        Verdict.NOT_PASSED: f"The peak is still to come on {today}",
    }.get(found.verdict, f"These data do not tell whether the peak has passed by {today}")
    answer = (
        f"{verdict}: the probability is {_percent(found.published.value)} if peaks fall on the"
        f" days they fell on in Stein 2019 and {_percent(found.flat.value)} if no day is"
        " preferred."
    )
    assumed = f"Assumed: {'; '.join(found.assumptions)}."
    return (answer, assumed, *_next_day(found))


def _next_day(found: PeakPassed) -> tuple[str, ...]:
    day = found.best_next_day
    if day is None or found.width_now is None or found.next_days[day] > 0.95 * found.width_now:
        return ()
    sentence = (
        f"Of the next days a sample on day {day:g} would narrow the bracket most: from"
        f" {found.width_now:.0f} to {found.next_days[day]:.0f} d as the average of the assumed"
        " curves, an open bracket counted to the end of the search window."
    )
    return (sentence,)


def _percent(share: float) -> str:
    if share < 0.01:
        return "below 1 %"
    return "above 99 %" if share > 0.99 else f"{100 * share:.0f} %"


def _listed(words: Sequence[str]) -> str:
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} and {words[-1]}"
