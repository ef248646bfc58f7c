from dataclasses import replace

import numpy as np
import pytest

from carflow.kinetics.population_fit import PatientPeak, PopulationPeaks
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.report.beside import pictures_of_all
from carflow.report.page import report_html
from carflow.report.posterior import plot_posterior
from carflow.result.archive import result_from_json, result_to_json
from carflow.result.run import Result
from carflow.units import Unit


def patient(name: str, day: float) -> PatientPeak:
    return PatientPeak(
        subject_id=name,
        day=Measure(unit=Unit.DAY, value=day, low=day - 1, high=day + 1),
        probabilities={
            float(round(day)): 0.75,
            float(round(day)) + 1: 0.245,
            float(round(day)) + 9: 0.005,
        },
        n_quantified=5,
    )


@pytest.fixture
def fitted_result(model_result: Result) -> Result:
    (model,) = model_result.subject_results
    subjects = tuple(replace(model, subject_id=name) for name in ("P0", "P1", "P2"))
    left_out = PatientPeak(subject_id="P2", day=Measure.missing(Unit.DAY, Reason.TOO_FEW_VALUES))
    peaks = PopulationPeaks(
        quantity="car_pct_cd3",
        patients=(patient("P0", 11.0), patient("P1", 8.0), left_out),
        typical_day=Measure(unit=Unit.DAY, value=9.0, low=8.0, high=10.0),
        sharpness=Measure(unit=Unit.NONE, value=3.0, low=1.0, high=9.0),
        r_hat=1.01,
        least_draws=300.0,
    )
    return replace(model_result, subject_results=subjects, population_peaks=(peaks,))


def test_patients_stand_in_the_order_of_their_days_and_those_left_out_are_not_drawn(
    fitted_result: Result,
) -> None:
    ax = plot_posterior(fitted_result)

    assert [label.get_text() for label in ax.get_yticklabels()] == ["P1", "P0"]
    assert plot_posterior(fitted_result, ax) is ax


def test_a_day_below_one_per_cent_is_left_white(fitted_result: Result) -> None:
    bars = plot_posterior(fitted_result).patches
    days = [bar.get_x() + 0.5 for bar in bars]  # type: ignore[attr-defined]  # rectangles

    assert sorted(days) == [8.0, 9.0, 11.0, 12.0]


def test_the_day_of_the_highest_sample_stands_beside_the_model(fitted_result: Result) -> None:
    ax = plot_posterior(fitted_result)
    observed = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"]  # type: ignore[index]  # an array

    assert observed == [12.0, 12.0]


def test_every_observed_day_and_bracket_lies_inside_the_picture(fitted_result: Result) -> None:
    ax = plot_posterior(fitted_result)
    drawn = np.concatenate([np.asarray(line.get_xdata(), dtype=float) for line in ax.lines])

    assert ax.get_xlim()[0] <= drawn.min() <= drawn.max() < ax.get_xlim()[1]


def test_without_the_model_there_is_nothing_to_draw(model_result: Result) -> None:
    with pytest.raises(ValueError, match="the result has no population model of car_pct_cd3"):
        plot_posterior(model_result)


def test_the_posterior_is_on_the_page_in_the_table_and_in_the_json(fitted_result: Result) -> None:
    page = report_html(fitted_result, {}, {"": pictures_of_all(fitted_result)})
    back = result_from_json(result_to_json(fitted_result))

    assert "Under the population model the peak was on day 11.0" in page
    assert [one.kind for one in pictures_of_all(fitted_result)] == ["posterior-car_pct_cd3"]
    assert back.population_peaks == fitted_result.population_peaks
