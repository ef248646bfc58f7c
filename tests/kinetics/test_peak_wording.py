from __future__ import annotations

from carflow.kinetics.peak import estimate_peak, peak_of
from carflow.kinetics.peak_model import ModelledPeak, ModelledPeaks, ModelName
from carflow.kinetics.peak_passed import PeakPassed
from carflow.kinetics.peak_shape import PeakShape, SecondPeak
from carflow.kinetics.peak_wording import (
    model_sentences,
    passed_sentences,
    shape_sentences,
    span_sentences,
)
from carflow.kinetics.series import read_series
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit


def day(value: float, low: float | None = None, high: float | None = None) -> Measure:
    return Measure(unit=Unit.DAY, value=value, low=low, high=high)


def modelled(model: ModelName, when: Measure, aic: float | None) -> ModelledPeak:
    rate = Measure(unit=Unit.PER_DAY, value=0.5)
    return ModelledPeak(model=model, day=when, growth=rate, decline=rate, aic=aic)


def test_the_span_of_one_day_and_of_an_open_end() -> None:
    peak = estimate_peak([7, 12], [9.0, 70.0], lows=[8.0, 60.0], highs=[10.0, 80.0])

    assert span_sentences(peak, (7.0, float("inf"))) == (
        (
            "Measurement error alone leaves day 12 (above 99 %) as the day of the highest value; if"
            " the curve has one peak, the true peak then lies after day 7 (95 %, from the errors"
            " stated with the values)."
        ),
    )
    assert span_sentences(estimate_peak([7, 12], [9.0, 70.0]), (7.0, 28.0)) == ()


def test_every_shape_has_its_sentence() -> None:
    shape = PeakShape(
        ties=(9.0, 12.0),
        plateau=(9.0, 12.0),
        second_peaks=(
            SecondPeak(day=40, value=30, trough_day=20, trough_value=4, is_last=True),
            SecondPeak(day=5, value=30, trough_day=7, trough_value=4, is_last=False),
        ),
        early_value=(0.0111, 140.0),
        early_fall=(1.0, 4.0),
    )

    assert shape_sentences(shape) == (
        (
            "A value as high as the peak was measured on day 0.0111, before the search window; so"
            " early it shows infused cells more likely than expansion."
        ),
        (
            "The fall from day 1 to day 4, before a later rise, shows infused cells more likely"
            " than a first peak."
        ),
        "The highest value was measured on day 9 and day 12; the first is taken.",
        "The values of day 9 to day 12 cannot be told from the highest one: a plateau.",
        (
            "A second peak was measured on day 40, parted from the highest value by a trough on day"
            " 20 (each a change of at least twofold), and no sample after it is clearly lower; the"
            " bracket speaks of the highest one alone."
        ),
        (
            "A second peak was measured on day 5, parted from the highest value by a trough on day"
            " 7 (each a change of at least twofold); the bracket speaks of the highest one alone."
        ),
    )
    assert shape_sentences(PeakShape()) == ()


def test_a_modelled_day_stands_beside_its_model_and_its_caution() -> None:
    found = ModelledPeaks(
        sharp=modelled(ModelName.SHARP, day(9.3, 8.9, 9.8), 12.0),
        rounded=modelled(ModelName.ROUNDED, day(10.1, 9.4, 11.3), 14.5),
        either=day(9.7, 8.9, 11.3),
        disagree=True,
    )
    sharp, rounded, either, disagree = model_sentences(found)

    assert sharp.startswith(
        "Under the model “sharp switch from growth to decline, after Stein 2019” the peak was on"
        " day 9.3 (profile interval 8.9 to 9.8, not to be read as 95 %: where peaks were rounded,"
    )
    assert rounded.startswith(
        "Under the model “rounded switch from growth to decline, over 1 to 8 days” the peak was"
        " on day 10.1 (profile interval 9.4 to 11.3, not to be read as 95 %: where switches were"
    )
    assert either == (
        "Under either model the peak lies between day 8.9 and day 11.3 (95 %: at least 93 % in"
        " every kind of simulated patient, sharp or rounded, in which the models were not refused)."
    )
    assert disagree == (
        "The two models disagree about the day, and these data do not choose between them beyond"
        " their fit (AIC 12.0 sharp, 14.5 rounded; lower is better)."
    )


def test_a_modelled_day_without_interval_says_why() -> None:
    found = ModelledPeaks(
        sharp=modelled(ModelName.SHARP, day(9.3), None),
        rounded=modelled(ModelName.ROUNDED, day(10.1), None),
        either=day(9.7),
    )

    assert model_sentences(found)[0] == (
        "Under the model “sharp switch from growth to decline, after Stein 2019” the peak was on"
        " day 9.3, without an interval, because the values have none."
    )
    assert len(model_sentences(found)) == 2


def answered(published: float, flat: float, **more: object) -> PeakPassed:
    return PeakPassed(
        published=Measure(unit=Unit.NONE, value=published),
        flat=Measure(unit=Unit.NONE, value=flat),
        today=12.0,
        **more,  # type: ignore[arg-type]  # the fields under test
    )


def test_the_verdict_is_said_with_both_assumptions() -> None:
    stem = (
        "the probability is {} if peaks fall on the days they fell on in Stein 2019 and {} if no"
        " day is preferred."
    )
    open_case = "These data do not tell whether the peak has passed by day 12"
    said = [passed_sentences(answered(*both))[0] for both in ((0.999, 0.97), (0.6, 0.2), (0.04, 0))]

    assert said == [
        f"The peak has passed by day 12: {stem.format('above 99 %', '97 %')}",
        f"{open_case}: {stem.format('60 %', '20 %')}",
        f"The peak is still to come on day 12: {stem.format('4 %', 'below 1 %')}",
    ]


def test_the_assumptions_follow_and_the_next_day_only_if_it_helps() -> None:
    helps = passed_sentences(answered(0.6, 0.2, width_now=21.0, next_days={14.0: 12.3, 15.0: 13.0}))
    idle = passed_sentences(answered(0.6, 0.2, width_now=21.0, next_days={14.0: 20.5}))

    assert helps[1].startswith("Assumed: one peak, exponential growth before it")
    assert helps[2] == (
        "Of the next days a sample on day 14 would narrow the bracket most: from 21 to 12 d as"
        " the average of the assumed curves, an open bracket counted to the end of the search"
        " window."
    )
    assert len(idle) == 2


def test_no_answer_says_why() -> None:
    missing = Measure.missing(Unit.NONE, Reason.MODEL_MISFIT)

    assert passed_sentences(PeakPassed(published=missing, flat=missing, today=9.0)) == (
        (
            "Whether the peak has passed is not answered: no curve of the assumed kind passes near"
            " these values."
        ),
    )


def test_the_model_case_models_no_day() -> None:
    from carflow.kinetics.peak_model import model_peak

    series = read_series([1, 4, 7, 12, 14], [4.26, 12.33, 45.31, 69.94, 24.33])

    assert model_sentences(model_peak(series, peak_of(series), unit=Unit.PERCENT)) == (
        "No day of the peak is modelled: fewer than two values before or after the highest one.",
    )
