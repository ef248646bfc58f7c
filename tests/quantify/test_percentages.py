from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carflow.gating.strategy import AssayLimits, Role
from carflow.measure import IntervalKind, State
from carflow.quantify.counts import TubeCounts
from carflow.quantify.percentages import car_intensity, percentages, subset_ratios
from carflow.reasons import Reason

if TYPE_CHECKING:
    from carflow.quantify.quantity import Quantity


def share(counts: TubeCounts, name: str, limits: AssayLimits | None = None) -> Quantity:
    found = percentages(counts, limits or AssayLimits())
    return next(quantity for quantity in found if quantity.name == name)


def test_a_percentage_carries_its_counts_and_its_limits() -> None:
    quantity = share(TubeCounts(counts={Role.CAR: 426, Role.CD3: 10_000}), "car_pct_cd3")

    assert quantity.measure.value == pytest.approx(4.26)
    assert quantity.measure.low == pytest.approx(3.8814288129)
    assert quantity.measure.high == pytest.approx(4.67369935805)
    assert quantity.measure.ci_kind is IntervalKind.COUNTING
    assert quantity.measure.state is State.QUANT
    assert (quantity.n_numerator, quantity.n_denominator) == (426, 10_000)
    assert (quantity.lod, quantity.lloq) == (0.2, 0.5)


def test_none_of_some_is_zero_with_an_upper_limit() -> None:
    quantity = share(TubeCounts(counts={Role.CAR: 0, Role.CD3: 500}), "car_pct_cd3")

    assert quantity.measure.value == 0.0
    assert quantity.measure.high == pytest.approx(0.735, abs=5e-4)
    assert quantity.measure.state is State.ND
    assert quantity.measure.reason is Reason.NOT_DETECTED


def test_none_of_none_is_missing_and_not_zero() -> None:
    quantity = share(TubeCounts(counts={Role.CAR: 0, Role.CD3: 0}), "car_pct_cd3")

    assert quantity.measure.value is None
    assert quantity.measure.state is State.NE
    assert quantity.measure.reason is Reason.ZERO_PARENT
    assert quantity.lod is None


def test_an_empty_file_says_so() -> None:
    counts = TubeCounts(counts={Role.CAR: 0, Role.CD3: 0}, n_events=0)

    assert share(counts, "car_pct_cd3").measure.reason is Reason.ZERO_EVENTS


def test_a_population_the_gates_do_not_name_is_missing() -> None:
    quantity = share(TubeCounts(counts={Role.CAR: 5}), "car_pct_lymph")

    assert quantity.measure.reason is Reason.NO_POPULATION
    assert (quantity.n_numerator, quantity.n_denominator) == (5, None)


def test_a_part_larger_than_its_whole_is_not_evaluable() -> None:
    quantity = share(TubeCounts(counts={Role.CAR: 30, Role.LYMPHOCYTES: 20}), "car_pct_lymph")

    assert quantity.measure.reason is Reason.NOT_NESTED


def test_nothing_found_in_too_small_a_tube_is_not_evaluable_but_has_an_upper_limit() -> None:
    limits = AssayLimits(required_sensitivity_pct=0.1)
    quantity = share(TubeCounts(counts={Role.CAR: 0, Role.CD3: 500}), "car_pct_cd3", limits)

    assert quantity.measure.value is None
    assert quantity.measure.reason is Reason.LOW_PARENT
    assert quantity.measure.high == pytest.approx(0.735, abs=5e-4)


def test_what_is_seen_in_a_small_tube_is_reported_all_the_same() -> None:
    limits = AssayLimits(required_sensitivity_pct=0.1)
    quantity = share(TubeCounts(counts={Role.CAR: 300, Role.CD3: 500}), "car_pct_cd3", limits)

    assert quantity.measure.state is State.QUANT


def test_the_required_sensitivity_is_a_matter_of_car_shares() -> None:
    limits = AssayLimits(required_sensitivity_pct=0.1)
    quantity = share(TubeCounts(counts={Role.CD3: 0, Role.CD45: 500}), "cd3_pct_cd45", limits)

    assert quantity.measure.state is State.ND


def test_the_ratio_of_subsets_has_a_lognormal_interval() -> None:
    counts = TubeCounts(counts={Role.CAR_CD4: 100, Role.CAR_CD8: 50})
    measure = next(subset_ratios(counts, AssayLimits())).measure

    # exp(ln 2 ± 1.959964 * sqrt(1/100 + 1/50))
    assert (measure.value, measure.low, measure.high) == pytest.approx((2.0, 1.424288, 2.808421))


@pytest.mark.parametrize(("cd4", "cd8"), [(49, 500), (500, 49), (0, 0)])
def test_a_ratio_needs_both_subsets_quantified(cd4: int, cd8: int) -> None:
    counts = TubeCounts(counts={Role.CAR_CD4: cd4, Role.CAR_CD8: cd8})
    measure = next(subset_ratios(counts, AssayLimits())).measure

    assert (measure.state, measure.reason) == (State.NE, Reason.BELOW_LLOQ)


def test_a_ratio_by_zero_is_refused_even_without_limits() -> None:
    counts = TubeCounts(counts={Role.CAR_CD4: 3, Role.CAR_CD8: 0})
    limits = AssayLimits(lod_events=0, lloq_events=0)

    assert next(subset_ratios(counts, limits)).measure.reason is Reason.BELOW_LLOQ


def test_ratios_without_their_gates_are_missing() -> None:
    reasons = {q.measure.reason for q in subset_ratios(TubeCounts(counts={}), AssayLimits())}

    assert reasons == {Reason.NO_POPULATION}


@pytest.mark.parametrize(
    ("events", "median", "state", "reason"),
    [
        (None, None, State.NE, Reason.NO_POPULATION),
        (0, None, State.NE, Reason.NOT_DETECTED),
        (19, 900.0, State.NE, Reason.BELOW_LOD),
        (30, 900.0, State.DET_BLQ, Reason.BELOW_LLOQ),
        (50, None, State.NE, Reason.NO_INTENSITY),
        (50, 900.0, State.QUANT, Reason.NONE),
    ],
)
def test_the_intensity_needs_a_detected_population(
    events: int | None, median: float | None, state: State, reason: Reason
) -> None:
    counts = TubeCounts(counts={} if events is None else {Role.CAR: events}, car_mfi=median)

    measure = car_intensity(counts, AssayLimits()).measure

    assert (measure.state, measure.reason) == (state, reason)


@given(st.data())
def test_car_of_cd45_is_car_of_cd3_times_cd3_of_cd45_exactly(data: st.DataObject) -> None:
    cd45 = data.draw(st.integers(min_value=1, max_value=10_000_000))
    cd3 = data.draw(st.integers(min_value=1, max_value=cd45))
    car = data.draw(st.integers(min_value=0, max_value=cd3))
    counts = TubeCounts(counts={Role.CAR: car, Role.CD3: cd3, Role.CD45: cd45})

    direct, inner, outer = (
        share(counts, name) for name in ("car_pct_cd45", "car_pct_cd3", "cd3_pct_cd45")
    )

    fractions = [Fraction(q.n_numerator or 0, q.n_denominator or 1) for q in (direct, inner, outer)]
    assert fractions[0] == fractions[1] * fractions[2]
    assert direct.measure.value is not None
    assert inner.measure.value is not None
    assert outer.measure.value is not None
    product = inner.measure.value * outer.measure.value / 100.0
    assert direct.measure.value == pytest.approx(product, rel=1e-14)


@given(
    counts=st.dictionaries(st.sampled_from(Role), st.integers(min_value=0, max_value=10**7)),
    lod=st.integers(min_value=0, max_value=50),
    more=st.integers(min_value=0, max_value=50),
)
def test_percentages_lie_between_0_and_100_inside_their_interval(
    counts: dict[Role, int], lod: int, more: int
) -> None:
    limits = AssayLimits(lod_events=lod, lloq_events=lod + more)
    for quantity in percentages(TubeCounts(counts=counts), limits):
        measure = quantity.measure
        if measure.value is None:
            assert measure.reason
        else:
            assert measure.low is not None
            assert measure.high is not None
            assert 0.0 <= measure.low <= measure.value <= measure.high <= 100.0
