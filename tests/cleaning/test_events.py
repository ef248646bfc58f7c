import numpy as np

from carflow.cleaning.events import finite_events, saturated_count


def test_an_event_is_finite_only_if_every_value_is() -> None:
    columns = np.array([[1.0, np.nan, 3.0, 4.0], [1.0, 2.0, -np.inf, 4.0]])
    assert finite_events(list(columns)).tolist() == [True, False, False, True]


def test_no_events_are_no_problem() -> None:
    assert finite_events([np.empty(0), np.empty(0)]).shape == (0,)
    assert saturated_count(np.empty(0), 1024.0) == 0


def test_the_upper_margin_begins_one_below_the_range() -> None:
    below = np.nextafter(1023.0, 0.0)
    assert saturated_count(np.array([below, 1023.0, 2000.0]), 1024.0) == 2
    assert saturated_count(np.array([below, 1023.0, 2000.0], dtype=np.float32), 1024.0) == 3


def test_infinities_are_not_saturation() -> None:
    assert saturated_count(np.array([1023.0, np.inf, np.nan]), 1024.0) == 1


def test_a_channel_without_a_range_has_no_margin() -> None:
    assert saturated_count(np.array([1e9]), 0.0) == 0
    assert saturated_count(np.array([1e9]), np.inf) == 0
