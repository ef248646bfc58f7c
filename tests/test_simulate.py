import numpy as np
import pytest

from carflow import simulate
from carflow.simulate import CHANNELS, LABELS, SPILLOVER, Lognormal, Recipe, simulate_tube

COUNTS = {"CD4 CAR T": 300, "CD8 T": 500, "granulocyte": 400, "debris": 200, "bead": 250}


def recipe(**changes: object) -> Recipe:
    parts: dict[str, object] = {
        "identity": "a tube",
        "counts": COUNTS,
        "doublets": 40,
        "duration_s": 20.0,
    }
    return Recipe(**{**parts, **changes})  # type: ignore[arg-type]  # the parts are named above


def compensated(events: np.ndarray) -> dict[str, np.ndarray]:
    light = events[:, 3:10].astype(np.float64) @ np.linalg.inv(SPILLOVER)
    return dict(zip(LABELS, light.T, strict=True))


def test_a_tube_holds_exactly_the_events_asked_for() -> None:
    events = simulate_tube(recipe())

    assert events.shape == (sum(COUNTS.values()) + 40, len(CHANNELS))
    assert events.dtype == np.float32


def test_the_same_identity_gives_the_same_events_and_another_does_not() -> None:
    first, again = simulate_tube(recipe()), simulate_tube(recipe())
    other = simulate_tube(recipe(identity="another tube"))

    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_car_cells_are_assigned_by_exact_count() -> None:
    events = simulate_tube(recipe(counts={"CD4 CAR T": 123, "CD4 T": 877}, doublets=0))

    assert np.count_nonzero(compensated(events)["CAR"] > 1000.0) == 123


def test_a_tube_without_car_reagent_has_no_car_signal() -> None:
    events = simulate_tube(recipe(counts={"CD4 CAR T": 500}, doublets=0, car_stained=False))

    assert compensated(events)["CAR"].max() < 1000.0


def test_time_never_runs_backwards_and_ends_with_the_acquisition() -> None:
    time = simulate_tube(recipe())[:, -1]

    assert np.all(np.diff(time) >= 0)
    assert time[-1] == pytest.approx(20.0 / simulate.TIMESTEP_S, abs=1.0)


def test_doublets_have_less_height_for_their_area_than_single_cells() -> None:
    single = simulate_tube(recipe(counts={"CD8 T": 1000}, doublets=0))
    both = simulate_tube(recipe(counts={"CD8 T": 1000}, doublets=200))
    ratio = both[:, 1] / both[:, 0]

    assert (single[:, 1] / single[:, 0]).min() > 0.72
    assert np.count_nonzero(ratio < 0.72) == pytest.approx(200, abs=4)


def test_spillover_is_added_before_photon_noise_so_compensation_centres_the_negatives() -> None:
    bright = {"CD8 T": 3000}
    events = simulate_tube(recipe(counts=bright, doublets=0))
    raw_car = float(np.median(events[:, CHANNELS.index("R660-A")]))
    car = compensated(events)["CAR"]

    assert raw_car > 600.0
    assert float(np.median(car)) == pytest.approx(120.0, abs=40.0)
    # photon noise of the spilled light, 4 units for each electron, widens the negatives
    assert float(np.std(car)) > np.sqrt(simulate._UNITS_PER_PHOTOELECTRON * 600.0)


def test_values_stay_on_the_scale_of_the_cytometer() -> None:
    events = simulate_tube(recipe(counts={"bead": 500}, doublets=0))[:, :-1]

    assert events.min() >= -111.0
    assert events.max() <= simulate.RANGE - 1


def test_a_dim_reagent_is_dimmer() -> None:
    cells = {"CD4 CAR T": 800}
    bright = compensated(simulate_tube(recipe(counts=cells, doublets=0)))["CAR"]
    dim = compensated(simulate_tube(recipe(counts=cells, doublets=0, car=Lognormal(1200.0, 0.9))))[
        "CAR"
    ]

    assert np.median(dim) < np.median(bright) / 4


def test_the_spillover_keyword_reads_back_as_the_matrix() -> None:
    fields = simulate.spillover_keyword().split(",")
    size = int(fields[0])

    assert tuple(fields[1 : 1 + size]) == simulate.DETECTORS
    assert np.array_equal(np.array(fields[1 + size :], dtype=float).reshape(size, size), SPILLOVER)
