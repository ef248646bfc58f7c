from carflow.kinetics.population_fit import PatientPeak, PopulationPeaks
from carflow.kinetics.population_wording import CAUTION, patient_sentences, population_sentences
from carflow.measure import Measure
from carflow.reasons import Reason
from carflow.units import Unit


def day(value: float) -> Measure:
    return Measure(unit=Unit.DAY, value=value, low=value - 1, high=value + 2)


def test_a_fit_says_from_whom_it_learned_and_whether_its_chains_agree() -> None:
    patients = (
        PatientPeak(subject_id="A", day=day(9)),
        PatientPeak(subject_id="B", day=Measure.missing(Unit.DAY, Reason.ALL_BLQ)),
    )
    found = PopulationPeaks(
        patients=patients, typical_day=day(9.5), r_hat=1.0123, least_draws=240.4, divergences=1,
        sharpness=Measure(unit=Unit.NONE, value=8.0, low=3.0, high=20.0),
    )  # fmt: skip

    assert population_sentences(found) == (
        (
            "Population model of growth, turn and decline, learned from 1 patients; 1 left out for"
            " want of values: the typical peak is on day 9.5 (posterior interval 8.5 to 11.5, not"
            " to be read as 95 %), the turn has the sharpness 8.0 (3.0 to 20.0; 1 is rounded, above"
            " 5 sharp). R-hat 1.012, at least 240 effective draws, 1 divergences."
        ),
    )


def test_a_refused_fit_says_so_with_its_r_hat() -> None:
    found = PopulationPeaks(
        patients=(),
        typical_day=Measure.missing(Unit.DAY, Reason.NOT_CONVERGED),
        sharpness=Measure.missing(Unit.NONE, Reason.NOT_CONVERGED),
        r_hat=1.31,
        reason=Reason.NOT_CONVERGED,
    )

    assert population_sentences(found) == (
        (
            "No population model is shown: the fit did not settle, so its answer is not shown"
            " (R-hat 1.31)."
        ),
    )


def test_an_interval_of_a_patient_carries_its_warning_in_the_same_sentence() -> None:
    (said,) = patient_sentences(
        PatientPeak(subject_id="A", day=day(9), probabilities={9.0: 0.7, 10.0: 0.3})
    )

    assert said == (
        "Under the population model the peak was on day 9.0 (posterior interval 8.0 to 11.0,"
        f" {CAUTION}); most likely day 9 (70 %)."
    )


def test_a_patient_left_out_has_no_day() -> None:
    left_out = PatientPeak(subject_id="A", day=Measure.missing(Unit.DAY, Reason.TOO_FEW_VALUES))

    assert patient_sentences(left_out) == (
        "The population model names no day: too few measured values.",
    )
