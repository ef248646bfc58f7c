import numpy as np
import pytest

from carflow.faults import Fault, FaultyTube, agreement, blood_recipe, spoil
from carflow.simulate import CHANNELS, RANGE, simulate_tube

TIME = CHANNELS.index("Time")


@pytest.fixture(scope="module")
def tube() -> np.ndarray:
    return simulate_tube(blood_recipe("faults", 20_000))


def changed_channels(tube: np.ndarray, spoilt: FaultyTube) -> set[str]:
    differs = (tube != spoilt.events).any(axis=0)
    return {name for name, is_other in zip(CHANNELS, differs, strict=True) if is_other}


def test_a_clean_tube_stays_as_it_is(tube: np.ndarray) -> None:
    clean = spoil(tube, Fault.CLEAN, seed=1)

    assert np.array_equal(clean.events, tube)
    assert not clean.is_bad.any()
    assert clean.channels == ()


@pytest.mark.parametrize("fault", list(Fault))
def test_a_seed_draws_the_same_fault_and_another_seed_another(
    tube: np.ndarray, fault: Fault
) -> None:
    first, again, other = (spoil(tube, fault, seed=seed) for seed in (1, 1, 2))

    assert np.array_equal(first.events, again.events)
    assert np.array_equal(first.is_bad, again.is_bad)
    assert np.array_equal(first.events, other.events) == (fault is Fault.CLEAN)


@pytest.mark.parametrize("fault", list(Fault))
def test_every_tube_stays_one_a_cytometer_could_write(tube: np.ndarray, fault: Fault) -> None:
    spoilt = spoil(tube, fault, seed=3)

    assert spoilt.events.dtype == np.float32
    assert spoilt.events.shape == tube.shape
    assert (np.diff(spoilt.events[:, TIME]) >= 0).all()
    assert spoilt.events[:, :TIME].max() <= RANGE - 1
    assert len(spoilt.is_bad) == len(tube)


@pytest.mark.parametrize(
    ("fault", "least_pct", "most_pct"),
    [
        (Fault.CLOG, 3, 15),
        (Fault.STEP, 8, 20),
        (Fault.FAINT_STEP, 8, 20),
        (Fault.TAIL_STEP, 25, 45),
        (Fault.SPIKES, 3 * 0.4, 8 * 1.2),
        (Fault.START_UP, 4, 8),
        (Fault.SURGE, 4, 12),
        (Fault.DRIFT, 0, 0),
    ],
)
def test_the_truth_has_the_size_that_is_told(
    tube: np.ndarray, fault: Fault, least_pct: float, most_pct: float
) -> None:
    for seed in range(5):
        bad_pct = 100.0 * spoil(tube, fault, seed=seed).is_bad.mean()
        assert least_pct - 0.01 <= bad_pct <= most_pct + 0.01


@pytest.mark.parametrize("fault", [f for f in Fault if f is not Fault.DRIFT])
def test_light_changes_only_in_events_that_are_called_bad(tube: np.ndarray, fault: Fault) -> None:
    spoilt = spoil(tube, fault, seed=4)
    good = ~spoilt.is_bad

    assert np.array_equal(spoilt.events[good, :TIME], tube[good, :TIME])


@pytest.mark.parametrize("fault", [Fault.STEP, Fault.TAIL_STEP, Fault.SPIKES, Fault.DRIFT])
def test_only_the_named_channels_change(tube: np.ndarray, fault: Fault) -> None:
    spoilt = spoil(tube, fault, seed=5)
    height = {"FSC-H"} if "FSC-A" in spoilt.channels else set()

    assert changed_channels(tube, spoilt) == {*spoilt.channels, *height}


def test_a_tail_lasts_to_the_end_and_a_start_up_from_the_beginning(tube: np.ndarray) -> None:
    assert spoil(tube, Fault.TAIL_STEP, seed=1).is_bad[-1]
    assert spoil(tube, Fault.START_UP, seed=1).is_bad[0]


def test_a_clog_slows_the_tube_to_a_fifth_and_a_surge_quickens_it_fourfold(
    tube: np.ndarray,
) -> None:
    for fault, factor in ((Fault.CLOG, 5.0), (Fault.SURGE, 0.25)):
        spoilt = spoil(tube, fault, seed=1)
        where = np.flatnonzero(spoilt.is_bad)
        before, after = (np.ptp(events[where, TIME]) for events in (tube, spoilt.events))
        assert after / before == pytest.approx(factor, rel=0.02)


def test_a_drift_spoils_no_event_but_dims_the_end(tube: np.ndarray) -> None:
    spoilt = spoil(tube, Fault.DRIFT, seed=1)
    column = CHANNELS.index(spoilt.channels[0])
    kept = spoilt.events[-500:, column] / tube[-500:, column]

    assert not spoilt.is_bad.any()
    assert 0.40 <= float(np.median(kept)) <= 0.81


def test_a_surge_adds_pairs_that_are_brighter_everywhere(tube: np.ndarray) -> None:
    spoilt = spoil(tube, Fault.SURGE, seed=1)
    brighter = (spoilt.events[:, 0] > tube[:, 0]) & spoilt.is_bad
    share = brighter.sum() / spoilt.is_bad.sum()

    assert 0.2 < share < 0.55


def test_agreement_is_perfect_for_the_truth_itself_and_nothing_for_an_empty_mask() -> None:
    truth = np.array([True] * 3 + [False] * 7)

    perfect, nothing = agreement(truth, truth), agreement(truth, np.zeros(10, dtype=bool))

    assert (perfect.f1, perfect.balanced_accuracy, perfect.false_removal_pct) == (1.0, 1.0, 0.0)
    assert (nothing.f1, nothing.balanced_accuracy, nothing.false_removal_pct) == (0.0, 0.5, 0.0)
    assert np.isnan(agreement(np.zeros(3, dtype=bool), np.zeros(3, dtype=bool)).f1)


@pytest.mark.parametrize("shape", [(500, 11), (2_000, 5)])
def test_what_is_no_tube_of_the_simulator_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"a fault needs \(n, 11\) events, n ≥ 1000"):
        spoil(np.zeros(shape, dtype=np.float32), Fault.STEP, seed=1)
